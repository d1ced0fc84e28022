#include "metric/sliced_wasserstein.h"

#include "metric/rows.h"
#include "support/fail.h"
#include "support/memory.h"

#include <gsl/gsl_sort_double.h>
#include <math.h>
#include <stdlib.h>

/* Both quantile functions are steps, at i / n_a and j / n_b. In units of 1 / (n_a n_b) all edges
 * are whole numbers, so that no step is lost to rounding. */
double wasserstein_line_squared(const double *a, int n_a, const double *b, int n_b)
{
    double sum = 0;
    long long at = 0, end = (long long)n_a * n_b;
    int i = 0, j = 0;
    while (at < end) {
        long long edge_a = (long long)(i + 1) * n_b, edge_b = (long long)(j + 1) * n_a;
        long long next = edge_a < edge_b ? edge_a : edge_b;
        sum += (double)(next - at) * (a[i] - b[j]) * (a[i] - b[j]);
        i += next == edge_a;
        j += next == edge_b;
        at = next;
    }
    return sum / (double)end;
}

static void project(const double *rows, int n, int dim, const double *direction, double *out)
{
    for (int i = 0; i < n; i++)
        out[i] = rows_dot(rows + (size_t)i * (size_t)dim, direction, dim);
    gsl_sort(out, 1, (size_t)n);
}

double sliced_wasserstein(const real *a, int n_a, const real *b, int n_b, int dim, int lines,
                          Rng *rng)
{
    if (lines < 1)
        fail("sliced_wasserstein: %d lines; at least 1", lines);
    double *x = rows_copy(a, n_a, dim), *y = rows_copy(b, n_b, dim);
    double *on_line = memory_new((size_t)n_a + (size_t)n_b, sizeof *on_line);
    double *direction = memory_new((size_t)dim, sizeof *direction);
    double sum = 0;
    for (int line = 0; line < lines; line++) {
        for (int c = 0; c < dim; c++)
            direction[c] = rng_normal_one(rng);
        double length = sqrt(rows_dot(direction, direction, dim));
        for (int c = 0; c < dim; c++)
            direction[c] /= length;
        project(x, n_a, dim, direction, on_line);
        project(y, n_b, dim, direction, on_line + n_a);
        sum += wasserstein_line_squared(on_line, n_a, on_line + n_a, n_b);
    }
    free(direction);
    free(on_line);
    free(y);
    free(x);
    return sqrt(sum / lines);
}
