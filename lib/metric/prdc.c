#include "metric/prdc.h"

#include "metric/rows.h"
#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* The largest k that a thread keeps on its stack. */
enum { MOST_NEIGHBOURS = 64 };

/* Squared distance from row i of x [n, dim] to its k-th nearest among the others. */
static double ball(const double *x, int n, int dim, int k, int i)
{
    double nearest[MOST_NEIGHBOURS];
    const double *row = x + (size_t)i * (size_t)dim;
    for (int c = 0; c < k; c++)
        nearest[c] = INFINITY;
    for (int j = 0; j < n; j++) {
        if (j == i)
            continue;
        double distance = rows_squared_distance(row, x + (size_t)j * (size_t)dim, dim);
        int place = k - 1;
        if (distance >= nearest[place])
            continue;
        for (; place > 0 && nearest[place - 1] > distance; place--)
            nearest[place] = nearest[place - 1];
        nearest[place] = distance;
    }
    return nearest[k - 1];
}

static double *balls(const double *x, int n, int dim, int k)
{
    double *squared = memory_new((size_t)n, sizeof *squared);
#pragma omp parallel for schedule(static)
    for (int i = 0; i < n; i++)
        squared[i] = ball(x, n, dim, k, i);
    return squared;
}

/* In how many balls of y [m, dim] each row of x [n, dim] lies; or, when the balls are those of x,
 * how many rows of y each holds. */
static int *inside(const double *x, int n, const double *y, int m, int dim, const double *squared,
                   bool balls_of_x)
{
    int *count = memory_new((size_t)n, sizeof *count);
#pragma omp parallel for schedule(static)
    for (int i = 0; i < n; i++) {
        const double *row = x + (size_t)i * (size_t)dim;
        for (int j = 0; j < m; j++)
            count[i] += rows_squared_distance(row, y + (size_t)j * (size_t)dim, dim) <=
                        squared[balls_of_x ? i : j];
    }
    return count;
}

static double share(const int *count, int n)
{
    int positive = 0;
    for (int i = 0; i < n; i++)
        positive += count[i] > 0;
    return (double)positive / n;
}

Prdc prdc(const real *real_rows, int n, const real *samples, int m, int dim, int k)
{
    if (k < 1 || k > MOST_NEIGHBOURS || n <= k || m <= k)
        fail("prdc: %d neighbours among %d real rows and %d samples; k must be from 1 to %d and "
             "below both counts",
             k, n, m, MOST_NEIGHBOURS);
    double *x = rows_copy(real_rows, n, dim), *y = rows_copy(samples, m, dim);
    double *real_ball = balls(x, n, dim, k), *sample_ball = balls(y, m, dim, k);
    int *in_real = inside(y, m, x, n, dim, real_ball, false);
    int *in_samples = inside(x, n, y, m, dim, sample_ball, false);
    int *held = inside(x, n, y, m, dim, real_ball, true);
    double pairs = 0;
    for (int j = 0; j < m; j++)
        pairs += in_real[j];
    Prdc result = {share(in_real, m), share(in_samples, n), pairs / ((double)k * m),
                   share(held, n)};
    free(held);
    free(in_samples);
    free(in_real);
    free(sample_ball);
    free(real_ball);
    free(y);
    free(x);
    return result;
}

double prdc_expected_coverage(int n, int m, int k)
{
    double empty = 1;
    for (int i = 1; i <= k; i++)
        empty *= (double)(n - i) / (n + m - i);
    return 1 - empty;
}
