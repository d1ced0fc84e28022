#include "metric/cells.h"

#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

Cells cells_around(const real *x, int n, int dims, int across)
{
    Cells cells = {.across = across};
    if (dims < 2 || n < 1 || across < 1)
        fail("cells: %d points of %d numbers, %d cells a side", n, dims, across);
    for (int d = 0; d < 2; d++) {
        double low = INFINITY, high = -INFINITY;
        for (int i = 0; i < n; i++) {
            double value = (double)x[(size_t)i * (size_t)dims + (size_t)d];
            low = fmin(low, value);
            high = fmax(high, value);
        }
        double margin = high > low ? 0.1 * (high - low) : 1;
        cells.low[d] = low - margin;
        cells.high[d] = high + margin;
    }
    return cells;
}

void cells_centre(const Cells *cells, int cell, double x[2])
{
    const int place[2] = {cell % cells->across, cell / cells->across};
    for (int d = 0; d < 2; d++)
        x[d] = cells->low[d] + (cells->high[d] - cells->low[d]) * (place[d] + 0.5) / cells->across;
}

void cells_count(const Cells *cells, const real *x, int n, int dims, double prior, double *share)
{
    int across = cells->across, outside = across * across;
    double whole = n + prior * (outside + 1);
    for (int c = 0; c <= outside; c++)
        share[c] = prior / whole;
    for (int i = 0; i < n; i++) {
        int at[2];
        bool inside = true;
        for (int d = 0; d < 2; d++) {
            double value = (double)x[(size_t)i * (size_t)dims + (size_t)d];
            inside = inside && value >= cells->low[d] && value < cells->high[d];
            at[d] = inside
                        ? (int)((value - cells->low[d]) / (cells->high[d] - cells->low[d]) * across)
                        : 0;
        }
        share[inside ? at[1] * across + at[0] : outside] += 1 / whole;
    }
}

double cells_kl(const Cells *cells, const real *a, int n_a, const real *b, int n_b, int dims)
{
    size_t count = (size_t)cells->across * (size_t)cells->across + 1;
    double *p = memory_new(2 * count, sizeof *p), *q = p + count, sum = 0;
    cells_count(cells, a, n_a, dims, 0.5, p);
    cells_count(cells, b, n_b, dims, 0.5, q);
    for (size_t c = 0; c < count; c++)
        sum += p[c] * log(p[c] / q[c]);
    free(p);
    return sum;
}
