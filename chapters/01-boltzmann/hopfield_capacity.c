/* What a network of random patterns can hold, and how much warmth it bears. */
#include "01-boltzmann/hopfield.h"

#include "support/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SWEEPS = 100 };

/* Mean overlap after recall from the stored patterns themselves, of so many of them. */
static double recalled(const Hopfield *net, const int8_t *pattern, int probes, Rng *rng)
{
    size_t units = (size_t)net->units;
    int8_t *s = memory_new(units, 1);
    double sum = 0;
    for (int p = 0; p < probes; p++) {
        memcpy(s, pattern + (size_t)p * units, units);
        hopfield_recall(net, s, MOST_SWEEPS, rng);
        sum += hopfield_overlap(s, pattern + (size_t)p * units, net->units);
    }
    free(s);
    return sum / probes;
}

void hopfield_capacity(int units, const double *load, int loads, int networks, int probes, Rng *rng,
                       double *out)
{
    int most = (int)lround(load[loads - 1] * units);
    size_t row = (size_t)units;
    int8_t *pattern = memory_new((size_t)(most > 1 ? most : 1) * row, 1);
    memset(out, 0, (size_t)loads * sizeof *out);
    for (int n = 0; n < networks; n++) {
        Hopfield net = hopfield_create(units);
        int stored = 0;
        hopfield_random(pattern, (size_t)(most > 1 ? most : 1) * row, rng);
        for (int l = 0; l < loads; l++) {
            int wanted = (int)fmax(1, (double)lround(load[l] * units));
            for (; stored < wanted; stored++)
                hopfield_store(&net, pattern + (size_t)stored * row);
            out[l] += recalled(&net, pattern, stored < probes ? stored : probes, rng) / networks;
        }
        hopfield_free(&net);
    }
    free(pattern);
}

double hopfield_fall(const double *load, const double *overlap, int loads, double through)
{
    for (int l = 1; l < loads; l++)
        if (overlap[l - 1] >= through && overlap[l] < through)
            return load[l - 1] + (load[l] - load[l - 1]) * (overlap[l - 1] - through) /
                                     (overlap[l - 1] - overlap[l]);
    return NAN;
}

double hopfield_warm_overlap(int units, int patterns, double temperature, int sweeps, Rng *rng)
{
    size_t row = (size_t)units;
    int8_t *pattern = memory_new((size_t)patterns * row, 1), *s = memory_new(row, 1);
    Hopfield net = hopfield_create(units);
    double sum = 0;
    hopfield_random(pattern, (size_t)patterns * row, rng);
    for (int p = 0; p < patterns; p++)
        hopfield_store(&net, pattern + (size_t)p * row);
    memcpy(s, pattern, row);
    for (int t = 0; t < 2 * sweeps; t++) {
        hopfield_sweep(&net, s, temperature, rng, NULL);
        sum += t >= sweeps ? hopfield_overlap(s, pattern, units) / sweeps : 0;
    }
    hopfield_free(&net);
    free(pattern);
    free(s);
    return sum;
}

double hopfield_mean_field(double temperature)
{
    double m = 1;
    if (temperature >= 1)
        return 0;
    for (int i = 0; i < 10000 && temperature > 0; i++)
        m = tanh(m / temperature);
    return m;
}
