/* Two sets of points compared by counting in equal cells of the plane:
 *
 *     KL(p || q) = sum over cells of p log(p / q)
 *
 * p and q the shares of the two sets with half a point added to every cell (Jeffreys' prior), so
 * that an empty cell costs much and not everything. What lies outside the box counts in one cell of
 * its own. Trap: with n points and c occupied cells two sets of one distribution are about c / n
 * apart; put two real sets of the same sizes beside it. */
#ifndef METRIC_CELLS_H
#define METRIC_CELLS_H

#include "support/real.h"

typedef struct Cells {
    int across;             /* cells on a side                                */
    double low[2], high[2]; /* the box                                        */
} Cells;

/* The smallest box around the first two coordinates of x [n, dims], dims >= 2, with a margin of a
 * tenth. */
Cells cells_around(const real *x, int n, int dims, int across);

/* The middle of a cell, in the order of the shares. */
void cells_centre(const Cells *cells, int cell, double x[2]);

/* The share of x [n, dims] in each cell of [across, across], row 0 lowest, and behind them of what
 * is outside: share [across^2 + 1]. prior: points added to every cell. */
void cells_count(const Cells *cells, const real *x, int n, int dims, double prior, double *share);

/* KL of a [n_a, dims] from b [n_b, dims], nats. */
double cells_kl(const Cells *cells, const real *a, int n_a, const real *b, int n_b, int dims);

#endif
