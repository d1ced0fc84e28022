/* The yardstick of the comparison: training data drawn again pass for real and are caught copying;
 * three spoiled samplers move the metrics where theory says; points and patterns likewise. On the
 * digits that the program draws. */
#include "08-compare/compare_baselines.h"
#include "08-compare/compare_yardstick.h"
#include "harness/suite.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 1000, FD = 0, KID, PRECISION, RECALL, DENSITY, COVERAGE };

/* n examples that are as good as any: of the validation split, every other one of a class left out
 * where dropped is a class. */
static real *honest(const Dataset *data, int n, int dropped)
{
    real *x = memory_new((size_t)n * (size_t)data->dims, sizeof *x);
    uint32_t at = 0;
    for (int i = 0; i < n; at++) {
        int label = -1;
        dataset_fetch(data, SPLIT_VALIDATION, &at, 1, NULL, x + (size_t)i * (size_t)data->dims,
                      data->classes > 0 ? &label : NULL, NULL);
        i += label != dropped || dropped < 0;
    }
    return x;
}

static bool within(const Yardstick *y, int m, double value, double sds)
{
    return fabs(value - y->floor[m]) <= sds * y->floor_sd[m];
}

static void check_resampled(const Dataset *data, const Yardstick *y)
{
    Baseline copies = baseline_resampled(data, N);
    Measurement found = yardstick_measure(y, copies.sample);
    for (int m = 0; m < y->metrics; m++) {
        CU_ASSERT(within(y, m, found.value[m], 4));
        CU_ASSERT(y->floor_sd[m] > 0);
        for (int side = -1; side <= 1; side += 2) { /* far better than real is not like it either */
            CU_ASSERT(yardstick_like_real(y, m, y->floor[m] + 2 * side * y->floor_sd[m]));
            CU_ASSERT(!yardstick_like_real(y, m, y->floor[m] + 4 * side * y->floor_sd[m]));
        }
    }
    CU_ASSERT(found.can_memorise && found.memorised.excess > 0.3);
    CU_ASSERT(found.memorised.excess > 5 * found.memorised.se);
    real *other = honest(data, N, -1);
    found = yardstick_measure(y, other);
    for (int m = 0; m < y->metrics; m++)
        CU_ASSERT(within(y, m, found.value[m], 4));
    CU_ASSERT(fabs(found.memorised.excess) < 4 * found.memorised.se);
    free(other);
    baseline_free(&copies);
}

/* Pixels are turned over, in most samples next to none and in some up to three in ten. A noisy
 * sample lies far from all others, so the ball in which recall looks for real images is large, and
 * recall rises while everything else says that the samples became worse. */
static void check_noise(const Dataset *data, const Yardstick *y)
{
    real *x = honest(data, N, -1);
    Measurement before = yardstick_measure(y, x);
    Rng rng = rng_stream(1, "noise");
    for (int i = 0; i < N; i++) {
        double share = 0.3 * pow(rng_uniform_one(&rng), 6);
        for (int d = 0; d < data->dims; d++)
            if (rng_uniform_one(&rng) < share)
                x[i * data->dims + d] = 1 - x[i * data->dims + d];
    }
    Measurement after = yardstick_measure(y, x);
    CU_ASSERT(after.value[FD] > before.value[FD] + 10 * y->floor_sd[FD]);
    CU_ASSERT(after.value[KID] > before.value[KID] + 10 * y->floor_sd[KID]);
    CU_ASSERT(after.value[PRECISION] < before.value[PRECISION] - 5 * y->floor_sd[PRECISION]);
    CU_ASSERT(after.value[COVERAGE] < before.value[COVERAGE] - 5 * y->floor_sd[COVERAGE]);
    CU_ASSERT(after.value[RECALL] > before.value[RECALL]);
    CU_ASSERT(!yardstick_like_real(y, FD, after.value[FD]));
    CU_ASSERT(!yardstick_like_real(y, COVERAGE, after.value[COVERAGE]));
    free(x);
}

/* No threes: what is there is right, and part of the data is not there. */
static void check_dropped_class(const Dataset *data, const Yardstick *y)
{
    real *all = honest(data, N, -1), *some = honest(data, N, 3);
    Measurement before = yardstick_measure(y, all), after = yardstick_measure(y, some);
    CU_ASSERT(after.value[RECALL] < before.value[RECALL] - 3 * y->floor_sd[RECALL]);
    CU_ASSERT(after.value[COVERAGE] < before.value[COVERAGE] - 3 * y->floor_sd[COVERAGE]);
    CU_ASSERT(after.value[FD] > before.value[FD] + 3 * y->floor_sd[FD]);
    CU_ASSERT(within(y, PRECISION, after.value[PRECISION], 5));
    CU_ASSERT(fabs(after.memorised.excess) < 4 * after.memorised.se);
    free(all);
    free(some);
}

/* One yardstick for the three: its features take most of the time. */
static void test_images(void)
{
    Dataset *data = dataset_load("digits-binary");
    Yardstick *y = yardstick_create(YARDSTICK_IMAGES, data, N);
    check_resampled(data, y);
    check_noise(data, y);
    check_dropped_class(data, y);
    yardstick_free(y);
    dataset_free(data);
}

static void test_plane(void)
{
    Dataset *data = dataset_load("moons");
    Yardstick *y = yardstick_create(YARDSTICK_PLANE, data, N);
    Baseline copies = baseline_resampled(data, N);
    Baseline gaussian = baseline_gaussian(data, N, N, NULL);
    Measurement same = yardstick_measure(y, copies.sample);
    Measurement round = yardstick_measure(y, gaussian.sample);
    for (int m = 0; m < y->metrics; m++) {
        CU_ASSERT(within(y, m, same.value[m], 4));
        CU_ASSERT(yardstick_like_real(y, m, same.value[m]));
        CU_ASSERT(round.value[m] > y->floor[m] + 3 * y->floor_sd[m]);
        CU_ASSERT(fabs(yardstick_goodness(y, m, round.value[m], round.value[m])) < 1e-12);
        CU_ASSERT(yardstick_goodness(y, m, same.value[m], round.value[m]) > 0.5);
    }
    CU_ASSERT(same.memorised.share == 1);
    CU_ASSERT(fabs(round.memorised.excess) < 4 * round.memorised.se);
    baseline_free(&copies);
    baseline_free(&gaussian);
    yardstick_free(y);
    dataset_free(data);
}

/* Of 14 patterns one is never drawn, and a tenth of the draws are none at all. */
static void test_patterns(void)
{
    Dataset *data = dataset_load("bars-3");
    Yardstick *y = yardstick_create(YARDSTICK_PATTERNS, data, N);
    real *x = memory_new(N * 9, sizeof *x);
    for (int i = 0; i < N; i++) {
        uint32_t pattern = (uint32_t)(i % 13);
        dataset_fetch(data, SPLIT_TEST, &pattern, 1, NULL, x + 9 * i, NULL, NULL);
        if (i % 10 == 9) /* one dot: neither bars nor stripes */
            for (int d = 0; d < 9; d++)
                x[9 * i + d] = d == 4;
    }
    Measurement found = yardstick_measure(y, x);
    CU_ASSERT(fabs(found.value[0] - 0.9) < 1e-12);
    CU_ASSERT(fabs(found.value[1] - 13.0 / 14) < 1e-12);
    CU_ASSERT(fabs(found.value[2] - log(14.0 / 13)) < 1e-3);
    CU_ASSERT(!found.can_memorise);
    CU_ASSERT(y->floor[0] == 1 && y->floor[1] == 1 && y->floor[2] < 0.02);
    free(x);
    yardstick_free(y);
    dataset_free(data);
}

const Suite suite = {"chapters/compare yardstick",
                     {{"images: drawn again, noise, a class left out", test_images},
                      {"points", test_plane},
                      {"patterns", test_patterns},
                      {NULL, NULL}}};
