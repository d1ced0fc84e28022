/* The Frechet distance between two sets of features, each taken for a Gaussian:
 *
 *     |m1 - m2|^2 + Tr(S1 + S2 - 2 (S1 S2)^(1/2))
 *
 * with means m and unbiased covariances S (division by n - 1). On features of the Inception network
 * it is called FID; on features of the laboratory's own classifier outputs name it FD-lab, because
 * the numbers can't be compared.
 * Sources: Dowson & Landau (1982), "The Frechet distance between multivariate normal
 * distributions"; Heusel et al. (2017), arXiv:1706.08500, section 3.
 *
 * Trap: it is biased upward, and the bias depends on the number of samples. Two sets of n from one
 * distribution are about [5/2 Tr S + sum_ij l_i l_j / (l_i + l_j)] / n apart, l the eigenvalues of
 * S: 2.2 for n = 1000 and S = I in 64 dimensions. So a distance means something beside that of two
 * real sets of the same size. */
#ifndef METRIC_FRECHET_H
#define METRIC_FRECHET_H

#include "support/real.h"

/* Between a [n_a, dim] and b [n_b, dim]; at least two rows each. Squared units of the features. n
 * may be below dim: directions without variance count as such. */
double frechet_distance(const real *a, int n_a, const real *b, int n_b, int dim);

/* The same between two Gaussians: means [dim], covariances [dim, dim], symmetric. Eigenvalues that
 * rounding made negative count as 0. */
double frechet_gaussians(const double *mean_a, const double *covariance_a, const double *mean_b,
                         const double *covariance_b, int dim);

/* Mean [dim] and unbiased covariance [dim, dim] of features [n, dim], n >= 2. */
void frechet_moments(const real *features, int n, int dim, double *mean, double *covariance);

#endif
