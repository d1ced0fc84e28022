/* Pairs of rows in double, for the metrics that compare every feature with every other. The
 * difference is squared and added up directly, not through |x|^2 + |y|^2 - 2 x.y: a distance is
 * then exactly 0 between equal rows and the same from either side, and nothing cancels. */
#ifndef METRIC_ROWS_H
#define METRIC_ROWS_H

#include "support/real.h"

#include <stddef.h>

/* A copy of features [n, dim] in double; the caller frees it. Stops on n or dim below 1. */
double *rows_copy(const real *features, int n, int dim);

/* |x - y|^2 */
static inline double rows_squared_distance(const double *x, const double *y, int dim)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int c = 0; c < dim; c++)
        sum += (x[c] - y[c]) * (x[c] - y[c]);
    return sum;
}

/* x . y */
static inline double rows_dot(const double *x, const double *y, int dim)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int c = 0; c < dim; c++)
        sum += x[c] * y[c];
    return sum;
}

#endif
