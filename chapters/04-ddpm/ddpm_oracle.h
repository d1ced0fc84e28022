/* The exact denoiser of a mixture of Gaussians: what a perfect network would say. Run through a
 * sampler, the bound or the ODE it shows what the method itself gets wrong; the rest of a trained
 * model's error is the network's.
 *
 *     q(x at a level) = sum_k w_k N(alpha m_k, alpha^2 s_k^2 + sigma^2), dimension by dimension
 */
#ifndef DDPM_ORACLE_H
#define DDPM_ORACLE_H

#include "04-ddpm/predictor.h"
#include "support/rng.h"
#include "tensor/tape.h"

enum { ORACLE_MOST = 32, ORACLE_DIMS = 8 };

typedef struct Oracle {
    Predictor predictor;
    int components;
    double weight[ORACLE_MOST]; /* sum 1 */
    double mean[ORACLE_MOST][ORACLE_DIMS];
    double sd[ORACLE_MOST][ORACLE_DIMS]; /* above 0; both in network units */
} Oracle;

/* Components of equal weight; mean and sd are 0 and 1 until they are filled. Levels as in
 * Predictor. */
Oracle oracle_create(int components, int dims, double least, double most);

/* The mixture that 8gaussians is drawn from (lib/data/toys.c) in network units, (x - center) /
 * scale. */
Oracle oracle_eight_gaussians(const double center[2], const double scale[2], double least,
                              double most);

/* log q(x) at a level, nats; minus infinity is the data's own density. And its gradient [dims]. */
double oracle_log_density(const Oracle *oracle, double level, const double *x);
void oracle_score(const Oracle *oracle, double level, const double *x, double *score);

/* A draw of x0 [dims]; returns its component. */
int oracle_sample(const Oracle *oracle, Rng *rng, double *x0);

#endif
