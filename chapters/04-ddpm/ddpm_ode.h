/* log p(x0) by the probability-flow ODE (Song et al. 2021, arXiv:2011.13456, eq. 13 and 39). With
 * the level u as time, alpha and sigma as functions of it,
 *
 *     dx/du = sigma (eps(x, u) - sigma x),        log p(x(a)) = log p(x(b)) + int_a^b div(dx/du)
 * du,
 *
 * from the least level a, where x = alpha(a) x0, to the most, b, where p is N(0, I). The same for
 * every predictor, flow matching's too: on its scale the curves are these.
 *
 * Truncation: the model whose density this is walks down to level a and divides by alpha(a). It is
 * an exact density (it integrates to 1), but of data blurred by sigma(a) / alpha(a): 0.01 for a
 * network of T = 1000 linear steps, in units of the data's standard deviation. */
#ifndef DDPM_ODE_H
#define DDPM_ODE_H

#include "04-ddpm/predictor.h"
#include "support/rng.h"
#include "tensor/tape.h"

#include <stdbool.h>

typedef struct OdeRule {
    const Predictor *predictor;
    double tolerance; /* of the solver, absolute and relative, in x and in log p; above 0 */
    bool exact;       /* divergence exactly, dims sweeps a step; else one Rademacher probe a
                         trajectory, fixed (Hutchinson; Grathwohl et al. 2019, arXiv:1810.01367)    */
    int batch; /* trajectories that share their steps; 500 where 0                          */
} OdeRule;

typedef struct OdeCost {
    double evaluations; /* of the network, a trajectory, mean over batches */
} OdeCost;

/* log p of x0 [n, dims] (network units), nats, into log_prob[n]; latent [n, dims] takes x at the
 * noisy end, NULL: not wanted. Row i's probe is drawn at noise's step + i. Stops with one line when
 * the solver cannot go on. */
OdeCost ode_log_prob(const OdeRule *rule, Tape *tape, Rng noise, const real *x0, const int *label,
                     int n, double *log_prob, real *latent);

#endif
