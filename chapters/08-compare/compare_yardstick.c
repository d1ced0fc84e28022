#include "08-compare/compare_yardstick.h"

#include "metric/frechet.h"
#include "metric/kid.h"
#include "metric/mmd.h"
#include "metric/modes.h"
#include "metric/prdc.h"
#include "metric/ruler.h"
#include "metric/sliced_wasserstein.h"
#include "support/fail.h"
#include "support/memory.h"
#include "train/quality.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LINES = 200, CELLS_ACROSS = 24, LEAST = 20, MOST_TRAIN = 200000 };

static const Metric plane_metrics[] = {{"sliced Wasserstein", "sliced_wasserstein", false},
                                       {"MMD\u00b2 x 1000", "mmd_squared_x1000", false},
                                       {"KL in cells", "cells_kl", false}};
static const Metric pattern_metrics[] = {{"valid", "valid", true},
                                         {"patterns seen", "patterns_seen", true},
                                         {"KL from evenness", "kl_from_evenness", false}};
static const Metric image_metrics[] = {
    {"FD-lab", "fd_lab", false}, {"KID-lab", "kid_lab", false}, {"precision", "precision", true},
    {"recall", "recall", true},  {"density", "density", true},  {"coverage", "coverage", true}};

/* ---------------------------------------------------------------- the space */

/* Examples in the space of the yardstick: points and patterns as they are, images as features.
 * Takes x over. */
static real *in_space(const Yardstick *y, real *x, int n)
{
    if (y->kind != YARDSTICK_IMAGES)
        return x;
    real *feature = quality_features(y->data, x, n);
    free(x);
    return feature;
}

/* The first n examples of a split, a few thousand at a time: images in full would take gigabytes.
 * Training images of a binary set are one fresh draw. */
static real *examples(const Yardstick *y, Split split, int n)
{
    enum { AT_ONCE = 5000 };
    real *all = memory_new((size_t)n * (size_t)y->dim, sizeof *all);
    for (int first = 0; first < n; first += AT_ONCE) {
        int count = n - first < AT_ONCE ? n - first : AT_ONCE;
        real *x = memory_new((size_t)count * (size_t)y->data->dims, sizeof *x);
        Rng rng = rng_at(rng_stream(1, "yardstick"), (uint64_t)first);
        dataset_fetch_range(y->data, split, (size_t)first, (size_t)count, &rng, x, NULL, NULL);
        x = in_space(y, x, count);
        memcpy(all + (size_t)first * (size_t)y->dim, x,
               (size_t)count * (size_t)y->dim * sizeof *all);
        free(x);
    }
    return all;
}

static void copy_row(real *to, const real *from, size_t row, int dim)
{
    memcpy(to, from + row * (size_t)dim, (size_t)dim * sizeof *to);
}

/* ---------------------------------------------------------------- the metrics */

static void measure_plane(const Yardstick *y, const real *s, double *value)
{
    Rng lines = rng_stream(1, "sliced Wasserstein");
    value[0] = sliced_wasserstein(y->test, y->n, s, y->n, y->dim, LINES, &lines);
    value[1] = 1000 * mmd_squared(y->test, y->n, s, y->n, y->dim, y->bandwidth);
    value[2] = cells_kl(&y->cells, y->test, y->n, s, y->n, y->dim);
}

/* The patterns are what the test split lists, each once. */
static void measure_patterns(const Yardstick *y, const real *s, double *value)
{
    ModeCount found = modes_of_patterns(y->all_test, y->all_tests, y->dim, s, y->n);
    value[0] = found.high_quality;
    value[1] = (double)found.covered / found.modes;
    value[2] = found.reverse_kl;
}

static void measure_images(const Yardstick *y, const real *s, double *value)
{
    Prdc manifold = prdc(y->test, y->n, s, y->n, y->dim, PRDC_MANIFOLD_K);
    Prdc density = prdc(y->test, y->n, s, y->n, y->dim, PRDC_DENSITY_K);
    value[0] = frechet_distance(y->test, y->n, s, y->n, y->dim);
    value[1] = kid(y->test, y->n, s, y->n, y->dim).value;
    value[2] = manifold.precision;
    value[3] = manifold.recall;
    value[4] = density.density;
    value[5] = density.coverage;
}

static void measure_in_space(const Yardstick *y, const real *s, double *value)
{
    switch (y->kind) {
    case YARDSTICK_PLANE:
        measure_plane(y, s, value);
        break;
    case YARDSTICK_PATTERNS:
        measure_patterns(y, s, value);
        break;
    case YARDSTICK_IMAGES:
        measure_images(y, s, value);
        break;
    }
}

Measurement yardstick_measure(const Yardstick *y, const real *sample)
{
    Measurement found = {.can_memorise = y->kind != YARDSTICK_PATTERNS};
    size_t numbers = (size_t)y->n * (size_t)y->data->dims;
    real *s = memory_new(numbers, sizeof *s);
    memcpy(s, sample, numbers * sizeof *s);
    s = in_space(y, s, y->n);
    measure_in_space(y, s, found.value);
    if (found.can_memorise)
        found.memorised =
            nearest_memorised(y->train, y->trains, y->all_test, y->all_tests, s, y->n, y->dim);
    free(s);
    return found;
}

/* ---------------------------------------------------------------- the floor */

/* Sets of n out of the validation and training examples, each without replacement; different sets
 * share no example where there are enough. Of patterns, whose splits list each once, n draws. */
static void measure_floor(Yardstick *y)
{
    int held = (int)y->data->count[SPLIT_VALIDATION], sets = YARDSTICK_SETS;
    size_t pool = (size_t)held + (size_t)y->trains;
    real *validation = examples(y, SPLIT_VALIDATION, held);
    real *set = memory_new((size_t)y->n * (size_t)y->dim, sizeof *set);
    uint32_t *order = memory_new(pool, sizeof *order);
    double value[YARDSTICK_SETS][YARDSTICK_MOST] = {{0}};
    Rng rng = rng_stream(1, "floor");
    rng_permutation(&rng, order, pool);
    for (int k = 0; k < sets; k++) {
        for (int i = 0; i < y->n; i++) {
            size_t at = ((size_t)k * (size_t)y->n + (size_t)i) % pool;
            size_t row = y->kind == YARDSTICK_PATTERNS ? rng_below(&rng, pool) : order[at];
            bool is_held = row < (size_t)held;
            copy_row(set + (size_t)i * (size_t)y->dim, is_held ? validation : y->train,
                     is_held ? row : row - (size_t)held, y->dim);
        }
        measure_in_space(y, set, value[k]);
    }
    for (int m = 0; m < y->metrics; m++) {
        double sum = 0, square = 0;
        for (int k = 0; k < sets; k++)
            sum += value[k][m];
        for (int k = 0; k < sets; k++)
            square += (value[k][m] - sum / sets) * (value[k][m] - sum / sets);
        y->floor[m] = sum / sets;
        y->floor_sd[m] = sqrt(square / (sets - 1));
    }
    free(order);
    free(set);
    free(validation);
}

int yardstick_most(YardstickKind kind, const Dataset *data, int wanted)
{
    if (kind == YARDSTICK_PATTERNS)
        return wanted;
    size_t most = data->count[SPLIT_TEST];
    most = most < data->count[SPLIT_VALIDATION] ? most : data->count[SPLIT_VALIDATION];
    return (size_t)wanted < most ? wanted : (int)most;
}

/* n rows of the test split; of patterns as many draws of it. */
static real *test_rows(const Yardstick *y)
{
    real *x = memory_new((size_t)y->n * (size_t)y->dim, sizeof *x);
    for (int i = 0; i < y->n; i++) {
        size_t row = y->kind == YARDSTICK_PATTERNS ? (size_t)(i % y->all_tests)
                                                   : (size_t)((double)i * y->all_tests / y->n);
        copy_row(x + (size_t)i * (size_t)y->dim, y->all_test, row, y->dim);
    }
    return x;
}

void yardstick_check(YardstickKind kind, const Dataset *data, int n)
{
    const char *reason = "";
    int most = yardstick_most(kind, data, 1000000000);
    if (most < LEAST)
        refuse("%s has %d examples to test and %d to validate; a comparison of samples needs %d of "
               "each",
               data->name, (int)data->count[SPLIT_TEST], (int)data->count[SPLIT_VALIDATION], LEAST);
    if (n < LEAST || n > most)
        refuse_usage("--samples %d: of %s from %d to %d can be compared", n, data->name, LEAST,
                     most);
    if (kind == YARDSTICK_IMAGES && !quality_possible(data, &reason))
        refuse("the samples of %s can't be measured: %s", data->name, reason);
}

Yardstick *yardstick_create(YardstickKind kind, const Dataset *data, int n)
{
    yardstick_check(kind, data, n);
    Yardstick *y = memory_new(1, sizeof *y);
    y->kind = kind;
    y->data = data;
    y->n = n;
    y->dim = kind == YARDSTICK_IMAGES ? RULER_FEATURES : data->dims;
    y->metric = kind == YARDSTICK_PLANE      ? plane_metrics
                : kind == YARDSTICK_PATTERNS ? pattern_metrics
                                             : image_metrics;
    y->metrics = kind == YARDSTICK_IMAGES ? 6 : 3;
    y->all_tests = (int)data->count[SPLIT_TEST];
    y->trains =
        (int)(data->count[SPLIT_TRAIN] < MOST_TRAIN ? data->count[SPLIT_TRAIN] : MOST_TRAIN);
    y->all_test = examples(y, SPLIT_TEST, y->all_tests);
    y->train = examples(y, SPLIT_TRAIN, y->trains);
    y->test = test_rows(y);
    if (kind == YARDSTICK_PLANE) {
        /* the median distance sees outlines only; what toys are made of is about a fifth as wide */
        y->bandwidth = mmd_bandwidth(y->test, n, y->dim) / 5;
        y->cells = cells_around(y->test, n, y->dim, CELLS_ACROSS);
    }
    measure_floor(y);
    return y;
}

void yardstick_free(Yardstick *y)
{
    free(y->test);
    free(y->all_test);
    free(y->train);
    free(y);
}

double yardstick_goodness(const Yardstick *y, int m, double value, double worst)
{
    double best = y->floor[m], share;
    if (y->metric[m].up) {
        share = (value - worst) / (best - worst);
    } else {
        /* an unbiased distance may be 0 or below: nothing under its own noise is told apart */
        double least = fmax(best, y->floor_sd[m]);
        share = log(worst / fmax(value, least)) / log(worst / least);
    }
    return isfinite(share) ? fmin(fmax(share, 0), 1.1) : share;
}

bool yardstick_like_real(const Yardstick *y, int m, double value)
{
    return fabs(value - y->floor[m]) <= 3 * y->floor_sd[m];
}
