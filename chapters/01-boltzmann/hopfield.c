#include "01-boltzmann/hopfield.h"

#include "support/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

Hopfield hopfield_create(int units)
{
    size_t n = (size_t)units;
    return (Hopfield){units, memory_new(n * n, sizeof(double))};
}

void hopfield_free(Hopfield *net)
{
    free(net->weight);
    net->weight = NULL;
}

/* ---------------------------------------------------------------- storing */

void hopfield_store(Hopfield *net, const int8_t *pattern)
{
    const int n = net->units;
    for (int i = 0; i < n; i++) {
        double *row = net->weight + (size_t)i * (size_t)n;
        const double share = (double)pattern[i] / n;
        for (int j = 0; j < n; j++)
            row[j] += share * pattern[j];
        row[i] = 0;
    }
}

/* Makes direction [units] orthogonal to the rows of basis [count, units] and of length 1; returns
 * its length before, as a share of the original. */
static double orthonormal(double *direction, const double *basis, int count, int units)
{
    double whole = 0, left = 0;
    for (int i = 0; i < units; i++)
        whole += direction[i] * direction[i];
    for (int pass = 0; pass < 2; pass++) /* twice, against rounding */
        for (int b = 0; b < count; b++) {
            const double *row = basis + (size_t)b * (size_t)units;
            double along = 0;
            for (int i = 0; i < units; i++)
                along += direction[i] * row[i];
            for (int i = 0; i < units; i++)
                direction[i] -= along * row[i];
        }
    for (int i = 0; i < units; i++)
        left += direction[i] * direction[i];
    for (int i = 0; i < units && left > 0; i++)
        direction[i] /= sqrt(left);
    return sqrt(left / whole);
}

void hopfield_project(Hopfield *net, const int8_t *pattern, int n)
{
    const size_t units = (size_t)net->units;
    double *basis = memory_new((size_t)n * units, sizeof *basis);
    memset(net->weight, 0, units * units * sizeof *net->weight);
    for (int p = 0; p < n; p++) {
        double *row = basis + (size_t)p * units;
        for (size_t i = 0; i < units; i++)
            row[i] = pattern[(size_t)p * units + i];
        if (!(orthonormal(row, basis, p, net->units) > 1e-6)) {
            memset(row, 0, units * sizeof *row); /* it lies in the span already */
            continue;
        }
        for (size_t i = 0; i < units; i++)
            for (size_t j = 0; j < units; j++)
                net->weight[i * units + j] += row[i] * row[j];
    }
    for (size_t i = 0; i < units; i++)
        net->weight[i * units + i] = 0;
    free(basis);
}

/* ---------------------------------------------------------------- dynamics */

/* h = W s */
static void fields(const Hopfield *net, const int8_t *s, double *field)
{
    const int n = net->units;
    for (int i = 0; i < n; i++) {
        const double *row = net->weight + (size_t)i * (size_t)n;
        double sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int j = 0; j < n; j++)
            sum += row[j] * s[j];
        field[i] = sum;
    }
}

double hopfield_energy(const Hopfield *net, const int8_t *s)
{
    double energy = 0, *field = memory_new((size_t)net->units, sizeof *field);
    fields(net, s, field);
    for (int i = 0; i < net->units; i++)
        energy -= 0.5 * s[i] * field[i];
    free(field);
    return energy;
}

/* What unit i becomes in this field. A field that is rounding's alone counts as 0. */
static int8_t updated(double field, int8_t now, double temperature, Rng *rng)
{
    if (temperature > 0)
        return rng_uniform_one(rng) < 1 / (1 + exp(-2 * field / temperature)) ? 1 : -1;
    if (fabs(field) < 1e-12)
        return now;
    return field > 0 ? 1 : -1;
}

int hopfield_sweep(const Hopfield *net, int8_t *s, double temperature, Rng *rng, double *energy)
{
    const int n = net->units;
    int changed = 0;
    double *field = memory_new((size_t)n, sizeof *field);
    uint32_t *order = memory_new((size_t)n, sizeof *order);
    double now = energy != NULL ? hopfield_energy(net, s) : 0;
    fields(net, s, field);
    rng_permutation(rng, order, (size_t)n);
    for (int u = 0; u < n; u++) {
        uint32_t i = order[u];
        int8_t next = updated(field[i], s[i], temperature, rng);
        if (next != s[i]) {
            const double *row = net->weight + (size_t)i * (size_t)n; /* symmetric: also column i */
            now += 2 * s[i] * field[i];
            s[i] = next;
            for (int j = 0; j < n; j++)
                field[j] += 2 * next * row[j];
            changed++;
        }
        if (energy != NULL)
            energy[u] = now;
    }
    free(order);
    free(field);
    return changed;
}

int hopfield_recall(const Hopfield *net, int8_t *s, int most, Rng *rng)
{
    int sweeps = 0;
    while (sweeps < most && hopfield_sweep(net, s, 0, rng, NULL) > 0)
        sweeps++;
    return sweeps;
}

double hopfield_overlap(const int8_t *a, const int8_t *b, int units)
{
    long sum = 0;
    for (int i = 0; i < units; i++)
        sum += a[i] * b[i];
    return (double)sum / units;
}

void hopfield_random(int8_t *s, size_t n, Rng *rng)
{
    for (size_t i = 0; i < n; i++)
        s[i] = (rng_word(rng) & 1) != 0 ? 1 : -1;
}

void hopfield_damage(int8_t *s, int units, double share, Rng *rng)
{
    uint32_t *order = memory_new((size_t)units, sizeof *order);
    rng_permutation(rng, order, (size_t)units);
    for (int u = 0; u < (int)lround(share * units); u++)
        s[order[u]] = (int8_t)-s[order[u]];
    free(order);
}
