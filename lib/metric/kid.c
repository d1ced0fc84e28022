#include "metric/kid.h"

#include "metric/rows.h"
#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>

static double kernel(const double *x, const double *y, int dim)
{
    double s = rows_dot(x, y, dim) / dim + 1;
    return s * s * s;
}

/* within[i] = sum over j != i of k(x_i, x_j);  across[i] = sum over j of k(x_i, y_j). */
static void kernel_sums(const double *x, int n, const double *y, int m, int dim, double *within,
                        double *across)
{
#pragma omp parallel for schedule(static)
    for (int i = 0; i < n; i++) {
        const double *row = x + (size_t)i * (size_t)dim;
        for (int j = 0; j < n; j++)
            if (j != i)
                within[i] += kernel(row, x + (size_t)j * (size_t)dim, dim);
        for (int j = 0; j < m; j++)
            across[i] += kernel(row, y + (size_t)j * (size_t)dim, dim);
    }
}

static double total(const double *value, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += value[i];
    return sum;
}

static double estimate(double within_a, double n, double within_b, double m, double across)
{
    return within_a / (n * (n - 1)) + within_b / (m * (m - 1)) - 2 * across / (n * m);
}

/* (n-1)/n sum_i (v_i - mean)^2 over the estimates without row i of the first set. */
static double jackknife(const double *within, const double *across, int n, double within_sum,
                        double within_other, int m, double across_sum)
{
    double sum = 0, squares = 0;
    double *without = memory_new((size_t)n, sizeof *without);
    for (int i = 0; i < n; i++) {
        without[i] =
            estimate(within_sum - 2 * within[i], n - 1, within_other, m, across_sum - across[i]);
        sum += without[i];
    }
    for (int i = 0; i < n; i++)
        squares += (without[i] - sum / n) * (without[i] - sum / n);
    free(without);
    return squares * (n - 1) / n;
}

Kid kid(const real *a, int n_a, const real *b, int n_b, int dim)
{
    if (n_a < 3 || n_b < 3)
        fail("kid: %d and %d rows; at least 3 are needed of each", n_a, n_b);
    double *x = rows_copy(a, n_a, dim), *y = rows_copy(b, n_b, dim);
    double *sums = memory_new(2 * ((size_t)n_a + (size_t)n_b), sizeof *sums);
    double *within_a = sums, *across_a = sums + n_a;
    double *within_b = across_a + n_a, *across_b = within_b + n_b;
    kernel_sums(x, n_a, y, n_b, dim, within_a, across_a);
    kernel_sums(y, n_b, x, n_a, dim, within_b, across_b);
    double sum_a = total(within_a, n_a), sum_b = total(within_b, n_b);
    double across = total(across_a, n_a);
    double variance = jackknife(within_a, across_a, n_a, sum_a, sum_b, n_b, across) +
                      jackknife(within_b, across_b, n_b, sum_b, sum_a, n_a, across);
    Kid result = {estimate(sum_a, n_a, sum_b, n_b, across), sqrt(variance)};
    free(sums);
    free(y);
    free(x);
    return result;
}
