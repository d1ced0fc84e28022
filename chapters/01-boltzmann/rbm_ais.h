/* The partition function by annealed importance sampling, from below and from above.
 *
 * Between independent units with the training data's means (beta = 0, Z known) and the machine
 * (beta = 1) lie the machines with weights beta W:
 *
 *     p*_beta(v) = exp(((1 - beta) b_A + beta b)'v) prod_j (1 + exp(beta (c_j + (W'v)_j)))
 *
 * Sources: Neal (2001), arXiv:physics/9803008; Salakhutdinov & Murray (2008), "On the quantitative
 * analysis of deep belief networks" (this path, the spacing of beta); Grosse, Ghahramani &
 * Adams (2015), arXiv:1511.02543 (both directions); Burda, Grosse & Salakhutdinov (2015),
 * arXiv:1412.8566 (why the forward direction alone flatters a model). */
#ifndef BOLTZMANN_RBM_AIS_H
#define BOLTZMANN_RBM_AIS_H

#include "01-boltzmann/rbm.h"

typedef struct AisResult {
    double log_z;     /* nats                                                                  */
    double se;        /* of log_z, by the delta method: se(Z) / Z, over the distinct chains      */
    double low, high; /* log(Z -+ 3 se(Z)); -inf where that is below 0                         */
    double effective; /* (sum w)^2 / sum w^2 of the distinct chains: as many of equal weight   */
} AisResult;

/* What a call takes; quiet: no progress is shown. */
typedef struct AisPlan {
    int chains, temperatures; /* temperatures: steps of beta from 0 to 1 */
    int distinct; /* chain r starts as a copy of chain r mod distinct; 0: all are independent */
    bool quiet;
} AisPlan;

/* beta of step 0 .. steps: 0 to 1, most of them near 1. */
double ais_beta(int step, int steps);

/* log Z_0 of the independent units. */
double ais_log_z_start(const Rbm *rbm);

/* Whether ais_start's samples are exact. */
bool ais_start_exact(const Rbm *rbm);

/* Forward: chains start at beta = 0 and are warmed to the machine. E[log Z estimate] <= log Z, so
 * that log p errs upward. The tape is reset. */
AisResult ais_forward(const Rbm *rbm, Tape *tape, AisPlan plan, Rng *rng);

/* Reverse: chains start at samples of the machine, start [chains, visible], which is not changed,
 * and go to beta = 0. With exact samples E[log Z estimate] >= log Z; with approximate ones as far
 * as they are like exact ones. The tape is reset. */
AisResult ais_reverse(const Rbm *rbm, Tape *tape, AisPlan plan, const real *start, Rng *rng);

/* Samples [chains, visible] for ais_reverse: exact where the hidden units are few (returns chains),
 * else Gibbs sampling from the training's chains for burn_in steps, copies of them where more are
 * wanted than were kept. Returns how many are distinct. */
int ais_start(const Rbm *rbm, Tape *tape, int chains, int burn_in, Rng *rng, real *start);

#endif
