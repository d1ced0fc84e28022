/* Whether samples are copies of training data: whose is the real example that is nearest to each
 * sample?
 *
 * Training and test examples are draws of one distribution. Of a sampler that learned no more than
 * that distribution, the nearest one among n of the one and m of the other is a training example
 * with probability n / (n + m), because all n + m are alike to it. A sampler that repeats training
 * examples finds its own: the share rises to 1. The excess over n / (n + m), on a scale where a
 * perfect copyist has 1, is the memorised share. No threshold on distances is needed, and noise or
 * blur that moves all distances alike changes nothing.
 *
 * Its standard error is that of dealing the labels "training" and "test" to the real examples anew:
 * an example that is the nearest to c_j of the s samples counts c_j times, so the share's variance
 * is e (1 - e) sum_j c_j^2 / s^2 with e = n / (n + m). Samples far from all data share a few
 * neighbours, and the error says so.
 *
 * It is the nearest-neighbour two-sample test (Schilling 1986, "Multivariate two-sample tests based
 * on nearest neighbors") turned around: the question of Meehan, Chaudhuri & Dasgupta (2020),
 * arXiv:2004.05675, with both sets in one search. Ties count one half: where every example is in
 * both sets the test says nothing. */
#ifndef METRIC_NEAREST_H
#define METRIC_NEAREST_H

#include "support/real.h"

typedef struct Memorised {
    double share;    /* of the samples whose nearest real example is a training example       */
    double expected; /* n / (n + m)                                                           */
    double excess;   /* (share - expected) / (1 - expected): 0 if nothing is memorised, 1 if all */
    double se;       /* of the excess when nothing is memorised                               */
    double ties;     /* share of samples with a nearest training and test example equally far */
} Memorised;

/* Samples [samples, dim] against train [n, dim] and test [m, dim], at least 1 row each. Costs
 * samples (n + m) dim. */
Memorised nearest_memorised(const real *train, int n, const real *test, int m, const real *sample,
                            int samples, int dim);

#endif
