/* The variational bound of log p(x0), split by step (Ho et al. 2020, arXiv:2006.11239, eq. 5):
 *
 *     -log p(x0) <= KL(q(x_T|x0) || p(x_T)) + sum_{t=2}^T E KL(q(x_{t-1}|x_t,x0) || p(x_{t-1}|x_t))
 *                   - E log p(x0|x_1)
 *
 * in nats an example, of x0 in network units. The decoder p(x0|x_1) is N(mean, sigma^2) over the
 * bins of the grid for discrete data (eq. 13), the density itself for points. */
#ifndef DDPM_BOUND_H
#define DDPM_BOUND_H

#include "04-ddpm/diffusion.h"
#include "04-ddpm/predictor.h"
#include "support/rng.h"
#include "tensor/tape.h"

typedef struct BoundRule {
    const Predictor *predictor;
    const NoiseSchedule *schedule; /* all of it, or thinned: then the bound is that model's */
    FixedVariance variance;
    double clip; /* x0 guesses are kept in [-clip, clip]; 0: not                              */
    int levels;  /* of grid values on [-1, 1]; 0: points                                      */
    int strata;  /* steps measured an example, one at random in each of so many parts, which grow
                    geometrically; 0: every step                                              */
} BoundRule;

/* What was found; all in nats. Free with bound_free. */
typedef struct Bound {
    int n, steps;
    double *prior, *middle, *decoder; /* [n]: the three terms of each example (decoder is -log p) */
    double *step_sum; /* [steps + 1]: sums over examples of term t; t = 1 decoder  */
    long *step_count; /* [steps + 1]: examples that measured it                    */
} Bound;

/* x0 [n, dims] in network units; label[n] or NULL. Row i's draws are at noise's step + i: one step
 * and one x_t for each part. The tape's memory is released on the way. */
Bound bound_measure(const BoundRule *rule, Tape *tape, Rng noise, const real *x0, const int *label,
                    int n);

void bound_free(Bound *bound);

/* prior + middle + decoder of example i: a bound of -log p(x0). */
double bound_total(const Bound *bound, int i);

#endif
