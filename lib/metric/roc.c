#include "metric/roc.h"

#include "support/memory.h"

#include <gsl/gsl_sort.h>
#include <stdlib.h>
#include <string.h>

static double *sorted(const double *value, int n)
{
    double *copy = memory_new((size_t)n, sizeof *copy);
    memcpy(copy, value, (size_t)n * sizeof *copy);
    gsl_sort(copy, 1, (size_t)n);
    return copy;
}

double roc_area(const double *usual, int n, const double *strange, int m)
{
    double *low = sorted(usual, n), *high = sorted(strange, m), area = 0;
    int below = 0, up_to = 0; /* usual ones smaller than the strange one; and not larger */
    for (int i = 0; i < m; i++) {
        while (below < n && low[below] < high[i])
            below++;
        while (up_to < n && low[up_to] <= high[i])
            up_to++;
        area += 0.5 * (below + up_to);
    }
    free(low);
    free(high);
    return area / n / m;
}

void roc_curve(const double *usual, int n, const double *strange, int m, int points, double *found)
{
    double *low = sorted(usual, n), *high = sorted(strange, m);
    for (int p = 0; p < points; p++) {
        double share = points > 1 ? (double)p / (points - 1) : 1;
        int above = (int)(share * n + 0.5), hits = 0;
        while (hits < m && (above == n || high[m - 1 - hits] > low[n - 1 - above]))
            hits++;
        found[p] = (double)hits / m;
    }
    free(low);
    free(high);
}
