#include "metric/mmd.h"

#include "metric/rows.h"
#include "support/fail.h"
#include "support/memory.h"

#include <gsl/gsl_sort_double.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

enum { BANDWIDTH_ROWS = 1000 };

/* Sum over all i and j of k(x_i, y_j). Row sums are added in the order of the rows, so that the
 * number of threads does not matter. */
static double kernel_sum(const double *x, int n, const double *y, int m, int dim, double bandwidth)
{
    double factor = -0.5 / (bandwidth * bandwidth), sum = 0;
    double *row = memory_new((size_t)n, sizeof *row);
#pragma omp parallel for schedule(static)
    for (int i = 0; i < n; i++)
        for (int j = 0; j < m; j++)
            row[i] += exp(factor * rows_squared_distance(x + (size_t)i * (size_t)dim,
                                                         y + (size_t)j * (size_t)dim, dim));
    for (int i = 0; i < n; i++)
        sum += row[i];
    free(row);
    return sum;
}

double mmd_squared(const real *a, int n_a, const real *b, int n_b, int dim, double bandwidth)
{
    if (n_a < 2 || n_b < 2 || !(bandwidth > 0))
        fail("mmd: %d and %d rows, bandwidth %g; at least 2 rows each and a bandwidth above 0", n_a,
             n_b, bandwidth);
    double *x = rows_copy(a, n_a, dim), *y = rows_copy(b, n_b, dim), n = n_a, m = n_b;
    /* k(x, x) = 1: the pairs of a row with itself are n and m */
    double within = (kernel_sum(x, n_a, x, n_a, dim, bandwidth) - n) / (n * (n - 1)) +
                    (kernel_sum(y, n_b, y, n_b, dim, bandwidth) - m) / (m * (m - 1));
    double across = kernel_sum(x, n_a, y, n_b, dim, bandwidth) / (n * m);
    free(x);
    free(y);
    return within - 2 * across;
}

double mmd_bandwidth(const real *x, int n, int dim)
{
    int rows = n < BANDWIDTH_ROWS ? n : BANDWIDTH_ROWS;
    size_t pairs = (size_t)rows * (size_t)(rows - 1) / 2, at = 0;
    if (rows < 2)
        fail("mmd: a bandwidth of %d rows; at least 2", n);
    double *copy = rows_copy(x, rows, dim), *distance = memory_new(pairs, sizeof *distance);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < i; j++)
            distance[at++] = sqrt(rows_squared_distance(copy + (size_t)i * (size_t)dim,
                                                        copy + (size_t)j * (size_t)dim, dim));
    gsl_sort(distance, 1, pairs);
    double median = gsl_stats_median_from_sorted_data(distance, 1, pairs);
    free(distance);
    free(copy);
    return median;
}
