/* The kernel distance between two sets of features: the squared maximum mean discrepancy under
 * k(x, y) = (x.y / dim + 1)^3,
 *
 *     mean over i != j of k(x_i, x_j)  +  mean over i != j of k(y_i, y_j)  -  2 mean over i, j of
 * k(x_i, y_j)
 *
 * Unbiased at every number of samples (unlike the Frechet distance), so that it is negative half of
 * the time when both sets come from one distribution. All pairs are used, which no average over
 * random subsets betters. On Inception features it is called KID.
 * Sources: Binkowski et al. (2018), arXiv:1801.01401, section 4; the estimator is Gretton et al.
 * (2012), "A kernel two-sample test", lemma 6. */
#ifndef METRIC_KID_H
#define METRIC_KID_H

#include "support/real.h"

typedef struct Kid {
    double value;
    double se; /* by the jackknife over the rows of both sets; an upper estimate when the
                  distributions are equal, where the spread's leading term vanishes */
} Kid;

/* Between a [n_a, dim] and b [n_b, dim], at least 3 rows each. */
Kid kid(const real *a, int n_a, const real *b, int n_b, int dim);

#endif
