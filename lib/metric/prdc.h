/* Four shares that tell apart what a single distance mixes: whether samples look real (precision,
 * density) and whether they show all that is real (recall, coverage). The ball of a row reaches to
 * its k-th nearest neighbour among the other rows of its own set, edge included.
 *
 *     precision   share of the samples inside the ball of at least one real row
 *     recall      share of the real rows inside the ball of at least one sample
 *     density     number of real balls a sample is in, mean over samples, divided by k
 *     coverage    share of the real rows whose own ball holds at least one sample
 *
 * Precision, recall: Kynkaanniemi et al. (2019), arXiv:1904.06991, section 2 (k = 3 there).
 * Density, coverage: Naeem et al. (2020), arXiv:2002.09797, section 3 (k = 5 there).
 *
 * Traps: all four depend on the counts and on dim, so compare at equal counts. One real outlier has
 * a large ball that makes precision too good; density and coverage mend that. For two sets from one
 * continuous distribution E[density] = 1 and E[coverage] = prdc_expected_coverage, in any
 * dimension; precision and recall stay below 1 and fall with dim. Density may exceed 1: samples
 * that crowd where real rows are dense. */
#ifndef METRIC_PRDC_H
#define METRIC_PRDC_H

#include "support/real.h"

enum { PRDC_MANIFOLD_K = 3, PRDC_DENSITY_K = 5 };

typedef struct Prdc {
    double precision, recall, density, coverage;
} Prdc;

/* real_rows [n, dim], samples [m, dim], n > k and m > k. Exact neighbours, in double, at a cost of
 * about (2n + m)^2 dim. */
Prdc prdc(const real *real_rows, int n, const real *samples, int m, int dim, int k);

/* 1 - prod_{i=1..k} (n - i) / (n + m - i), the expected coverage when both sets come from one
 * continuous distribution: a ball is empty when the k nearest of the n - 1 + m other rows are all
 * real. Tends to 1 - 2^-k for large n = m. */
double prdc_expected_coverage(int n, int m, int k);

#endif
