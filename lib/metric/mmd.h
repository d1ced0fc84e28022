/* The squared maximum mean discrepancy under a Gaussian kernel, for points of few dimensions:
 *
 *     mean over i != j of k(x_i, x_j)  +  mean over i != j of k(y_i, y_j)  -  2 mean over i, j of
 * k(x_i, y_j),   k(x, y) = exp(-|x - y|^2 / 2 h^2)
 *
 * Unbiased, so that it is negative half of the time when both sets come from one distribution.
 * Source: Gretton et al. (2012), "A kernel two-sample test", lemma 6, and section 8 for the
 * bandwidth. */
#ifndef METRIC_MMD_H
#define METRIC_MMD_H

#include "support/real.h"

/* Between a [n_a, dim] and b [n_b, dim], at least 2 rows each; bandwidth h in the data's units. */
double mmd_squared(const real *a, int n_a, const real *b, int n_b, int dim, double bandwidth);

/* The median distance between different rows of x [n, dim], of the first 1,000 of them: the usual
 * bandwidth. At least 2 rows. */
double mmd_bandwidth(const real *x, int n, int dim);

#endif
