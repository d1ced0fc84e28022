#include "metric/modes.h"

#include "support/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double reverse_kl(const int *count, int modes)
{
    double n = 0, kl = 0;
    for (int k = 0; k < modes; k++)
        n += count[k];
    for (int k = 0; k < modes; k++)
        if (count[k] > 0)
            kl += count[k] / n * log(count[k] / n * modes);
    return n > 0 ? kl : NAN;
}

ModeCount modes_of_counts(const int *count, int modes)
{
    ModeCount found = {.modes = modes, .high_quality = NAN, .reverse_kl = reverse_kl(count, modes)};
    for (int k = 0; k < modes; k++)
        found.covered += count[k] > 0;
    return found;
}

ModeCount modes_of_mixture(const double *centre, int modes, int dims, double sd, const real *sample,
                           int n)
{
    ModeCount found = {.modes = modes};
    int *count = memory_new(2 * (size_t)modes, sizeof *count), *good = count + modes;
    for (int i = 0; i < n; i++) {
        int nearest = 0;
        double least = INFINITY;
        for (int k = 0; k < modes; k++) {
            double square = 0;
            for (int d = 0; d < dims; d++) {
                double apart = (double)sample[i * dims + d] - centre[k * dims + d];
                square += apart * apart;
            }
            if (square < least) {
                least = square;
                nearest = k;
            }
        }
        count[nearest]++;
        good[nearest] += sqrt(least) <= 3 * sd;
    }
    for (int k = 0; k < modes; k++) {
        found.covered += good[k] > 0;
        found.high_quality += (double)good[k] / n;
    }
    found.reverse_kl = reverse_kl(count, modes);
    free(count);
    return found;
}

/* The number of the pattern that x [dims] is; -1: none. */
static int pattern_of(const real *pattern, int modes, size_t dims, const real *x)
{
    for (int k = 0; k < modes; k++)
        if (memcmp(pattern + (size_t)k * dims, x, dims * sizeof *x) == 0)
            return k;
    return -1;
}

ModeCount modes_of_patterns(const real *pattern, int modes, int dims, const real *sample, int n)
{
    int *count = memory_new((size_t)modes, sizeof *count), on = 0;
    for (int i = 0; i < n; i++) {
        int k = pattern_of(pattern, modes, (size_t)dims, sample + (size_t)i * (size_t)dims);
        on += k >= 0;
        if (k >= 0)
            count[k]++;
    }
    ModeCount found = modes_of_counts(count, modes);
    found.high_quality = (double)on / n;
    free(count);
    return found;
}
