#include "data/dataset.h"
#include "harness/suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 6 };

static Dataset *bars(int n)
{
    char name[16];
    snprintf(name, sizeof name, "bars-%d", n);
    return dataset_load(name);
}

/* Over all images of n x n bits, the probabilities sum to 1, and as many are possible as there are
 * patterns. 2^16 images for the largest. */
static void test_sums_to_one(void)
{
    for (int n = 2; n <= 4; n++) {
        Dataset *dataset = bars(n);
        double sum = 0;
        int possible = 0;
        for (long code = 0; code < 1L << (n * n); code++) {
            double x[16];
            for (int d = 0; d < n * n; d++)
                x[d] = (double)(code >> d & 1);
            double p = exp(dataset->log_density(dataset, x));
            sum += p;
            possible += p > 0;
        }
        CU_ASSERT_DOUBLE_EQUAL(sum, 1, 1e-12);
        CU_ASSERT_EQUAL(possible, (2 << n) - 2);
        CU_ASSERT_DOUBLE_EQUAL(dataset->entropy, log((2 << n) - 2), 1e-15);
        dataset_free(dataset);
    }
}

/* Every stored image is possible, the patterns of the test split differ, and training holds each of
 * them equally often. */
static void test_splits(void)
{
    for (int n = 2; n <= MOST; n++) {
        Dataset *dataset = bars(n);
        size_t dims = (size_t)(n * n);
        size_t patterns = ((size_t)2 << n) - 2;
        size_t train = dataset->count[SPLIT_TRAIN];
        CU_ASSERT_EQUAL(dataset->count[SPLIT_VALIDATION], patterns);
        CU_ASSERT_EQUAL(dataset->count[SPLIT_TEST], patterns);
        CU_ASSERT(train >= 10000 && train < 10000 + patterns && train % patterns == 0);
        const uint8_t *test = dataset->level + (train + patterns) * dims;
        CU_ASSERT(memcmp(test, dataset->level + train * dims, patterns * dims) == 0);
        for (size_t i = 0; i < patterns; i++) {
            double x[MOST * MOST];
            for (size_t d = 0; d < dims; d++)
                x[d] = test[i * dims + d];
            CU_ASSERT_EQUAL(dataset->log_density(dataset, x), -dataset->entropy);
            for (size_t j = 0; j < i; j++)
                CU_ASSERT(memcmp(test + i * dims, test + j * dims, dims) != 0);
            size_t seen = 0;
            for (size_t j = 0; j < train; j++)
                seen += memcmp(test + i * dims, dataset->level + j * dims, dims) == 0;
            CU_ASSERT_EQUAL(seen, train / patterns);
        }
        dataset_free(dataset);
    }
}

static void test_impossible_images(void)
{
    Dataset *dataset = dataset_load("bars");
    CU_ASSERT_EQUAL(dataset->height, 4);
    CU_ASSERT_EQUAL(dataset->kind, DATA_BINARY);
    CU_ASSERT_EQUAL(dataset->levels, 2);
    double cross[16] = {0, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0, 0, 0, 1, 0, 0};
    double grey[16];
    for (int d = 0; d < 16; d++)
        grey[d] = 0.5;
    CU_ASSERT(dataset->log_density(dataset, cross) == -INFINITY);
    CU_ASSERT(dataset->log_density(dataset, grey) == -INFINITY);
    dataset_free(dataset);
}

/* Nothing is drawn: the stored bits come out, without a generator. */
static void test_fetch_gives_the_bits(void)
{
    Dataset *dataset = bars(3);
    const uint32_t index[3] = {0, 5, 13};
    real x[27];
    dataset_fetch(dataset, SPLIT_TRAIN, index, 3, NULL, x, NULL, NULL);
    for (int i = 0; i < 27; i++)
        CU_ASSERT(x[i] == (real)dataset->level[index[i / 9] * 9 + (uint32_t)i % 9]);
    dataset_free(dataset);
}

static void load(void *name)
{
    dataset_load(name);
}

static void test_refused_sizes(void)
{
    char names[4][16] = {"bars-7", "bars-1", "bars-", "bars-44"};
    for (int i = 0; i < 4; i++) {
        ChildResult result = child_run(load, names[i]);
        CU_ASSERT(child_said(&result, 1, "N of bars-N must be from 2 to 6"));
    }
}

const Suite suite = {"data/bars",
                     {{"probabilities sum to one", test_sums_to_one},
                      {"splits", test_splits},
                      {"impossible images", test_impossible_images},
                      {"fetch gives the bits", test_fetch_gives_the_bits},
                      {"refused sizes", test_refused_sizes},
                      {NULL, NULL}}};
