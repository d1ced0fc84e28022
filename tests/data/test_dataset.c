/* What all data sets share: names, fetching, the line that describes them, and what is refused. */
#include "data/dataset.h"
#include "data/text.h"
#include "harness/suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool fetched(const char *name)
{
    return strstr(name, "mnist") != NULL || strstr(name, "names") != NULL ||
           strcmp(name, "shakespeare") == 0 || strcmp(name, "bible") == 0;
}

/* A text has no examples until it is cut into tokens; then it has lines or windows in each split,
 * and of a line drawn by code the probability. */
static void check_text(Dataset *dataset)
{
    const Text *text = dataset->text;
    CU_ASSERT_FATAL(text != NULL);
    CU_ASSERT(dataset->point == NULL && dataset->level == NULL && dataset->log_density == NULL);
    CU_ASSERT(dataset_first(dataset, SPLITS) == 0);
    Tokens *tokens =
        tokens_create(text->suits, 0, text->byte, text->bytes, text->first[1], dataset->name);
    text_cut(dataset, tokens, text->lines ? 0 : 16);
    CU_ASSERT(text->log_prob != NULL && dataset->entropy > 0);
    for (int s = 0; s < SPLITS; s++)
        CU_ASSERT(dataset->count[s] > 0);
}

static void check_numbers(const Dataset *dataset)
{
    CU_ASSERT_EQUAL(dataset->dims, dataset->height * dataset->width * dataset->channels);
    CU_ASSERT_EQUAL(dataset->point != NULL, dataset->kind == DATA_POINTS);
    CU_ASSERT_EQUAL(dataset->level == NULL, dataset->kind == DATA_POINTS || dataset->world != NULL);
    CU_ASSERT_EQUAL(dataset->levels == 2, dataset->kind == DATA_BINARY);
    CU_ASSERT_PTR_NULL(dataset->text);
    for (int s = 0; s < SPLITS; s++)
        CU_ASSERT(dataset->count[s] > 0);
}

static void test_every_name_loads(void)
{
    int names = 0;
    for (const char *const *name = dataset_names(); *name != NULL; name++) {
        if (fetched(*name))
            continue;
        names++;
        Dataset *dataset = dataset_load(*name);
        CU_ASSERT_STRING_EQUAL(dataset->name, *name);
        if (dataset->kind == DATA_TOKENS)
            check_text(dataset);
        else
            check_numbers(dataset);
        dataset_free(dataset);
    }
    CU_ASSERT_EQUAL(names, 25);
}

/* Fetching by index: each split begins where the one before ends. */
static void test_fetch_finds_the_split(void)
{
    Dataset *dataset = dataset_load("digits-binary");
    size_t dims = (size_t)dataset->dims;
    const uint32_t index[2] = {4999, 0};
    static real x[2 * 784], factor[2 * 5];
    int label[2];
    dataset_fetch(dataset, SPLIT_TEST, index, 2, NULL, x, label, factor);
    CU_ASSERT_EQUAL(label[0], dataset->label[29999]);
    CU_ASSERT_EQUAL(label[1], dataset->label[25000]);
    CU_ASSERT(factor[5] == (real)dataset->factor[(size_t)25000 * 5]);
    bool same = true;
    for (size_t d = 0; d < dims; d++)
        same = same && x[d] == (real)dataset->fixed[9999 * dims + d] &&
               x[dims + d] == (real)dataset->fixed[5000 * dims + d];
    CU_ASSERT(same);
    dataset_free(dataset);
    dataset = dataset_load("digits");
    dataset_fetch(dataset, SPLIT_VALIDATION, index, 2, NULL, x, label, NULL);
    for (size_t d = 0; d < dims; d++)
        same = same && x[dims + d] == (real)dataset->level[20000 * dims + d];
    CU_ASSERT(same);
    dataset_free(dataset);
}

/* The generator moves on by what was drawn, so two fetches differ and the same position repeats. */
static void test_fresh_draws_follow_the_generator(void)
{
    Dataset *dataset = dataset_load("digits-binary");
    const uint32_t index[2] = {3, 3};
    static real one[2 * 784], two[2 * 784];
    Rng rng = rng_stream(9, "draws");
    Rng start = rng;
    dataset_fetch(dataset, SPLIT_TRAIN, index, 2, &rng, one, NULL, NULL);
    CU_ASSERT(memcmp(one, one + 784, sizeof one / 2) != 0);
    dataset_fetch(dataset, SPLIT_TRAIN, index, 2, &rng, two, NULL, NULL);
    CU_ASSERT(memcmp(one, two, sizeof one) != 0);
    dataset_fetch(dataset, SPLIT_TRAIN, index, 1, &start, two, NULL, NULL);
    dataset_fetch(dataset, SPLIT_TRAIN, index, 1, &start, two + 784, NULL, NULL);
    CU_ASSERT(memcmp(one, two, sizeof one) == 0);
    CU_ASSERT(start.next != 0);
    dataset_free(dataset);
}

/* A range is a fetch of its numbers; the mean is that of the examples, or of the first ones. */
static void test_range_and_mean(void)
{
    enum { N = 5, DIMS = 16 };
    Dataset *dataset = dataset_load("bars");
    const uint32_t index[N] = {3, 4, 5, 6, 7};
    real one[N * DIMS], two[N * DIMS];
    double mean[DIMS], sum[DIMS] = {0};
    Rng rng = rng_stream(1, "range"), again = rng;
    dataset_fetch(dataset, SPLIT_TEST, index, N, &rng, one, NULL, NULL);
    dataset_fetch_range(dataset, SPLIT_TEST, 3, N, &again, two, NULL, NULL);
    CU_ASSERT_EQUAL(memcmp(one, two, sizeof one), 0);
    dataset_fetch_range(dataset, SPLIT_TRAIN, 0, N, &again, two, NULL, NULL);
    for (int i = 0; i < N * DIMS; i++)
        sum[i % DIMS] += (double)two[i] / N;
    dataset_mean(dataset, N, rng, mean);
    for (int d = 0; d < DIMS; d++)
        CU_ASSERT_DOUBLE_EQUAL(mean[d], sum[d], 1e-12);
    dataset_mean(dataset, SIZE_MAX, rng, mean); /* every pattern as often: half are on */
    for (int d = 0; d < DIMS; d++)
        CU_ASSERT_DOUBLE_EQUAL(mean[d], 0.5, 1e-12);
    dataset_free(dataset);
}

static void test_describe(void)
{
    Dataset *dataset = dataset_load("moons");
    char *line = dataset_describe(dataset);
    CU_ASSERT_STRING_EQUAL(line, "moons: points of 2 numbers; 100000 to train, 5000 to validate, "
                                 "10000 to test; 2 classes; true entropy 2.3939 nats");
    free(line);
    dataset_free(dataset);
    dataset = dataset_load("digits");
    line = dataset_describe(dataset);
    CU_ASSERT_STRING_EQUAL(line, "digits: grey images 28 x 28, 256 levels; 20000 to train, 5000 to "
                                 "validate, 5000 to test; 10 classes");
    free(line);
    dataset_free(dataset);
}

static void load(void *name)
{
    dataset_load(name);
}

typedef struct Mistake {
    char name[32];
    const char *says;
} Mistake;

static void test_unknown_names(void)
{
    Mistake mistakes[] = {
        {"moon", "error: data set 'moon': there is none of that name; did you mean 'moons'?"},
        {"digit-binary", "did you mean 'digits-binary'?"},
        {"xyzzyxyzzy", "Choose from: 8gaussians moons"},
        {"nowhere/else", "nowhere/else: not found. Give the path of a .csv"},
        {"nothing.csv", "nothing.csv: not found"},
        {"nothing.txt", "nothing.txt: not found"},
        {"shakespear", "did you mean 'shakespeare'?"},
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        ChildResult result = child_run(load, mistakes[i].name);
        CU_ASSERT(child_said(&result, 1, mistakes[i].says));
    }
}

static void fetch_beyond(void *dataset)
{
    const uint32_t index[1] = {10000};
    real x[2];
    dataset_fetch(dataset, SPLIT_TEST, index, 1, NULL, x, NULL, NULL);
}

static void fetch_labels(void *dataset)
{
    const uint32_t index[1] = {0};
    real x[2];
    int label[1];
    dataset_fetch(dataset, SPLIT_TEST, index, 1, NULL, x, label, NULL);
}

/* Evenly spread: in order, from the first on, all of them where as many are asked for; and the true
 * density of what is fetched so is that of each example. */
static void test_spread(void)
{
    enum { N = 4 };
    Dataset *dataset = dataset_load("bars-3"); /* 14 to test */
    uint32_t index[N], all[14];
    real x[N * 9], one[9];
    double density[N];
    dataset_spread(dataset, SPLIT_TEST, N, index);
    const uint32_t wanted[N] = {0, 3, 7, 10};
    dataset_fetch_spread(dataset, SPLIT_TEST, N, NULL, x, NULL, NULL);
    for (int i = 0; i < N; i++) {
        CU_ASSERT_EQUAL(index[i], wanted[i]);
        dataset_fetch(dataset, SPLIT_TEST, index + i, 1, NULL, one, NULL, NULL);
        CU_ASSERT(memcmp(one, x + 9 * i, sizeof one) == 0);
    }
    dataset_spread(dataset, SPLIT_TEST, 14, all);
    for (uint32_t i = 0; i < 14; i++)
        CU_ASSERT_EQUAL(all[i], i);
    x[0] = 1 - x[0]; /* the first pattern is blank: now it has a dot */
    dataset_log_densities(dataset, x, N, density);
    CU_ASSERT(isinf(density[0]) && density[0] < 0);
    for (int i = 1; i < N; i++)
        CU_ASSERT(fabs(density[i] + log(14)) < 1e-12);
    dataset_free(dataset);
}

static void fetch_factors(void *dataset)
{
    const uint32_t index[1] = {0};
    real x[2], factor[1];
    dataset_fetch(dataset, SPLIT_TEST, index, 1, NULL, x, NULL, factor);
}

static void test_programmers_mistakes(void)
{
    Dataset *dataset = dataset_load("swissroll");
    ChildResult result = child_run(fetch_beyond, dataset);
    CU_ASSERT(child_said(&result, 128 + 6, "example 10000 asked of 'swissroll'"));
    result = child_run(fetch_labels, dataset);
    CU_ASSERT(child_said(&result, 128 + 6, "labels asked of 'swissroll', which has none"));
    result = child_run(fetch_factors, dataset);
    CU_ASSERT(child_said(&result, 128 + 6, "factors asked of 'swissroll', which has none"));
    dataset_free(dataset);
}

const Suite suite = {"data/dataset",
                     {{"every name loads", test_every_name_loads},
                      {"fetch finds the split", test_fetch_finds_the_split},
                      {"fresh draws follow the generator", test_fresh_draws_follow_the_generator},
                      {"range and mean", test_range_and_mean},
                      {"evenly spread examples", test_spread},
                      {"describe", test_describe},
                      {"unknown names", test_unknown_names},
                      {"programmer's mistakes", test_programmers_mistakes},
                      {NULL, NULL}}};
