#include "metric/nearest.h"

#include "metric/rows.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>

typedef struct Neighbour {
    double squared;
    int row;
} Neighbour;

static Neighbour nearest(const double *from, const double *rows, int n, int dim)
{
    Neighbour found = {INFINITY, 0};
    for (int i = 0; i < n; i++) {
        double squared = rows_squared_distance(from, rows + (size_t)i * (size_t)dim, dim);
        if (squared < found.squared)
            found = (Neighbour){squared, i};
    }
    return found;
}

/* sum_j c_j^2, c_j how often example j of n is the neighbour. */
static double sum_of_squares(const int *row, int samples, int n)
{
    int *count = memory_new((size_t)n, sizeof *count);
    double sum = 0;
    for (int i = 0; i < samples; i++)
        count[row[i]]++;
    for (int j = 0; j < n; j++)
        sum += (double)count[j] * count[j];
    free(count);
    return sum;
}

Memorised nearest_memorised(const real *train, int n, const real *test, int m, const real *sample,
                            int samples, int dim)
{
    double *a = rows_copy(train, n, dim), *b = rows_copy(test, m, dim);
    double *s = rows_copy(sample, samples, dim);
    double *side = memory_new((size_t)samples, sizeof *side);
    int *row = memory_new((size_t)samples, sizeof *row);
    Memorised found = {.expected = n / ((double)n + m)};
#pragma omp parallel for schedule(static)
    for (int i = 0; i < samples; i++) {
        const double *from = s + (size_t)i * (size_t)dim;
        Neighbour in_train = nearest(from, a, n, dim), in_test = nearest(from, b, m, dim);
        side[i] = in_train.squared < in_test.squared   ? 1
                  : in_train.squared > in_test.squared ? 0
                                                       : 0.5;
        row[i] = side[i] > 0 ? in_train.row : n + in_test.row;
    }
    for (int i = 0; i < samples; i++) {
        found.share += side[i];
        found.ties += side[i] == 0.5;
    }
    found.share /= samples;
    found.ties /= samples;
    double chance = found.expected;
    found.excess = (found.share - chance) / (1 - chance);
    found.se = sqrt(chance * sum_of_squares(row, samples, n + m) / (1 - chance)) / samples;
    free(row);
    free(side);
    free(s);
    free(b);
    free(a);
    return found;
}
