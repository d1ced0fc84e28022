/* The sliced 2-Wasserstein distance: on a random line both sets are sorted, which solves optimal
 * transport in one dimension exactly; the squared distances of many lines are averaged.
 *
 *     SW_2^2 = E_u integral_0^1 (F_a,u^-1(t) - F_b,u^-1(t))^2 dt,   u uniform on the unit sphere
 *
 * For two Gaussians that differ only in their means it is |m_a - m_b| / sqrt(dim).
 * Sources: Rabin et al. (2011), "Wasserstein barycenter and its application to texture mixing";
 * Bonneel et al. (2015), "Sliced and Radon Wasserstein barycenters of measures".
 *
 * Trap: like every distance between samples it is above 0 for two sets from one distribution; put
 * the value of two real sets of the same sizes beside it. */
#ifndef METRIC_SLICED_WASSERSTEIN_H
#define METRIC_SLICED_WASSERSTEIN_H

#include "support/real.h"
#include "support/rng.h"

/* SW_2 (the root, in units of the features) between a [n_a, dim] and b [n_b, dim] over that many
 * random lines. The counts may differ. */
double sliced_wasserstein(const real *a, int n_a, const real *b, int n_b, int dim, int lines,
                          Rng *rng);

/* The squared W_2 between numbers on a line, each array sorted upward; the counts may differ. */
double wasserstein_line_squared(const double *a, int n_a, const double *b, int n_b);

#endif
