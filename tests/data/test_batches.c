#include "data/batches.h"
#include "harness/suite.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 23, BATCH = 5, PER_EPOCH = COUNT / BATCH };

/* A set whose examples are their own numbers: point i is (i, -i), label i, factor i / 2. */
static Dataset *numbers(void)
{
    Dataset *dataset = memory_new(1, sizeof *dataset);
    dataset->name = memory_text("numbers");
    dataset->kind = DATA_POINTS;
    dataset->height = dataset->width = 1;
    dataset->channels = dataset->dims = 2;
    dataset->count[SPLIT_TRAIN] = COUNT;
    dataset->classes = COUNT;
    dataset->factors = 1;
    dataset->point = memory_new(2 * COUNT, sizeof(float));
    dataset->label = memory_new(COUNT, sizeof *dataset->label);
    dataset->factor = memory_new(COUNT, sizeof(float));
    for (int i = 0; i < COUNT; i++) {
        dataset->point[2 * i] = (float)i;
        dataset->point[2 * i + 1] = (float)-i;
        dataset->label[i] = (uint16_t)i;
        dataset->factor[i] = (float)i / 2;
    }
    return dataset;
}

/* An epoch holds no example twice, and what belongs together stays together. */
static void test_epoch_is_a_permutation(void)
{
    Dataset *dataset = numbers();
    Batches *batches = batches_create(dataset, SPLIT_TRAIN, BATCH, 3);
    CU_ASSERT_EQUAL(batches_per_epoch(batches), PER_EPOCH);
    for (uint64_t epoch = 0; epoch < 20; epoch++) {
        int seen[COUNT] = {0};
        for (uint64_t s = 0; s < PER_EPOCH; s++) {
            real x[2 * BATCH], factor[BATCH];
            int label[BATCH];
            batches_get(batches, epoch * PER_EPOCH + s, x, label, factor);
            for (int i = 0; i < BATCH; i++) {
                CU_ASSERT_FATAL(label[i] >= 0 && label[i] < COUNT);
                seen[label[i]]++;
                CU_ASSERT(x[2 * i] == (real)label[i] && x[2 * i + 1] == (real)-label[i]);
                CU_ASSERT(factor[i] == (real)label[i] / 2);
            }
        }
        for (int i = 0; i < COUNT; i++)
            CU_ASSERT(seen[i] <= 1);
    }
    batches_free(batches);
    dataset_free(dataset);
}

static void labels_at(Batches *batches, uint64_t step, int *label)
{
    real x[2 * BATCH];
    batches_get(batches, step, x, label, NULL);
}

/* Batch s is the same whatever was asked before: forwards, backwards, from the middle. */
static void test_pure_function_of_step(void)
{
    enum { STEPS = 3 * PER_EPOCH };
    Dataset *dataset = numbers();
    Batches *forward = batches_create(dataset, SPLIT_TRAIN, BATCH, 3);
    int label[STEPS][BATCH];
    for (int s = 0; s < STEPS; s++)
        labels_at(forward, (uint64_t)s, label[s]);
    Batches *backward = batches_create(dataset, SPLIT_TRAIN, BATCH, 3);
    for (int s = STEPS - 1; s >= 0; s--) {
        int again[BATCH];
        labels_at(backward, (uint64_t)s, again);
        CU_ASSERT(memcmp(again, label[s], sizeof again) == 0);
    }
    Batches *other = batches_create(dataset, SPLIT_TRAIN, BATCH, 4);
    int differ = memcmp(label[0], label[PER_EPOCH], sizeof label[0]) != 0;
    CU_ASSERT(differ);
    int first[BATCH];
    labels_at(other, 0, first);
    CU_ASSERT(memcmp(first, label[0], sizeof first) != 0);
    batches_free(forward);
    batches_free(backward);
    batches_free(other);
    dataset_free(dataset);
}

/* Every example comes first equally often: 23 cells, 2300 epochs, 100 +- 9.8 each, within 5 sd. */
static void test_orders_are_uniform(void)
{
    enum { EPOCHS = 2300 };
    Dataset *dataset = numbers();
    Batches *batches = batches_create(dataset, SPLIT_TRAIN, BATCH, 8);
    int first[COUNT] = {0};
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
        int label[BATCH];
        labels_at(batches, epoch * PER_EPOCH, label);
        first[label[0]]++;
    }
    for (int i = 0; i < COUNT; i++)
        CU_ASSERT(abs(first[i] - 100) < 49);
    batches_free(batches);
    dataset_free(dataset);
}

static void test_epoch_numbers(void)
{
    Dataset *dataset = numbers();
    Batches *batches = batches_create(dataset, SPLIT_TRAIN, BATCH, 3);
    CU_ASSERT_DOUBLE_EQUAL(batches_epoch(batches, 0), 0, 0);
    CU_ASSERT_DOUBLE_EQUAL(batches_epoch(batches, 6), 1.5, 1e-15);
    batches_free(batches);
    Batches *whole = batches_create(dataset, SPLIT_TRAIN, COUNT, 3);
    CU_ASSERT_EQUAL(batches_per_epoch(whole), 1);
    batches_free(whole);
    dataset_free(dataset);
}

/* Binary draws belong to the step: the same again, others at the next. With every image alike, all
 * grey, the examples that a step chooses make no difference. */
static void test_binary_draws_by_step(void)
{
    Dataset *dataset = dataset_load("digits-binary");
    memset(dataset->level, 128, dataset->count[SPLIT_TRAIN] * (size_t)dataset->dims);
    int batch = (int)dataset->count[SPLIT_TRAIN] / 100;
    size_t numbers_each = (size_t)batch * (size_t)dataset->dims;
    real *one = memory_new(numbers_each, sizeof *one);
    real *two = memory_new(numbers_each, sizeof *two);
    Batches *batches = batches_create(dataset, SPLIT_TRAIN, batch, 5);
    batches_get(batches, 17, one, NULL, NULL);
    batches_get(batches, 18, two, NULL, NULL);
    CU_ASSERT(memcmp(one, two, numbers_each * sizeof *one) != 0);
    batches_get(batches, 17, two, NULL, NULL);
    CU_ASSERT(memcmp(one, two, numbers_each * sizeof *one) == 0);
    int bits = 1;
    for (size_t i = 0; i < numbers_each; i++)
        bits = bits && (one[i] == 0 || one[i] == 1);
    CU_ASSERT(bits);
    batches_free(batches);
    free(one);
    free(two);
    dataset_free(dataset);
}

static void create_too_large(void *context)
{
    batches_create(context, SPLIT_TRAIN, COUNT + 1, 1);
}

static void create_empty(void *context)
{
    batches_create(context, SPLIT_TRAIN, 0, 1);
}

static void test_refused_batches(void)
{
    Dataset *dataset = numbers();
    ChildResult result = child_run(create_too_large, dataset);
    CU_ASSERT(child_said(&result, 1,
                         "data set 'numbers': a batch of 24 is more than the 23 examples of the "
                         "split; choose --batch 23 or less"));
    result = child_run(create_empty, dataset);
    CU_ASSERT(child_said(&result, 128 + 6, "it must be at least 1"));
    dataset_free(dataset);
}

const Suite suite = {"data/batches",
                     {{"an epoch is a permutation", test_epoch_is_a_permutation},
                      {"a pure function of the step", test_pure_function_of_step},
                      {"orders are uniform", test_orders_are_uniform},
                      {"epoch numbers", test_epoch_numbers},
                      {"binary draws by step", test_binary_draws_by_step},
                      {"refused batches", test_refused_batches},
                      {NULL, NULL}}};
