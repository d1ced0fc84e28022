/* Features drawn for the tests of the sample metrics, and a rotation that they must not notice. */
#ifndef TESTS_METRIC_FEATURES_H
#define TESTS_METRIC_FEATURES_H

#include "support/memory.h"
#include "support/rng.h"

#include <math.h>
#include <stdlib.h>

/* n draws from N(0, sd^2 I) in dim dimensions: the stream's draw number `draw`. Free it. */
static inline real *features_normal(const char *stream, int draw, int n, int dim, double sd)
{
    Rng rng = rng_at(rng_stream(20, stream), (uint64_t)draw);
    size_t size = (size_t)n * (size_t)dim;
    real *x = memory_new(size, sizeof *x);
    rng_normal(&rng, x, size);
    for (size_t i = 0; i < size; i++)
        x[i] *= (real)sd;
    return x;
}

static inline void features_shift(real *x, int n, int dim, const double *by)
{
    for (int i = 0; i < n * dim; i++)
        x[i] = (real)(x[i] + by[i % dim]);
}

/* x -> Q x for every row, Q a product of three random reflections. */
static inline void features_rotate(real *x, int n, int dim)
{
    double *u = memory_new((size_t)dim, sizeof *u);
    Rng rng = rng_stream(3, "rotation");
    for (int reflection = 0; reflection < 3; reflection++) {
        double length = 0;
        for (int c = 0; c < dim; c++) {
            u[c] = rng_normal_one(&rng);
            length += u[c] * u[c];
        }
        for (int i = 0; i < n; i++) {
            double dot = 0;
            for (int c = 0; c < dim; c++)
                dot += u[c] * x[i * dim + c];
            for (int c = 0; c < dim; c++)
                x[i * dim + c] = (real)(x[i * dim + c] - 2 * dot / length * u[c]);
        }
    }
    free(u);
}

/* Mean and standard error of values. */
typedef struct FeaturesMean {
    double mean, se, sd;
} FeaturesMean;

static inline FeaturesMean features_mean(const double *value, int n)
{
    double sum = 0, squares = 0;
    for (int i = 0; i < n; i++)
        sum += value[i];
    for (int i = 0; i < n; i++)
        squares += (value[i] - sum / n) * (value[i] - sum / n);
    double sd = sqrt(squares / (n - 1));
    return (FeaturesMean){sum / n, sd / sqrt(n), sd};
}

#endif
