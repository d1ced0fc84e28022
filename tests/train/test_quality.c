/* Sample quality: the ruler's weights are those that were published, and the metrics tell real
 * images from noise, from one image many times over, and from the wrong class. On the digits that
 * the program draws, which the ruler was not trained on. */
#include "harness/suite.h"
#include "support/file.h"
#include "support/memory.h"
#include "train/quality.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 600 };

/* n training examples from the k-th on, with labels. */
static real *examples(const Dataset *data, int n, int k, int *label)
{
    uint32_t index[N];
    real *x = memory_new((size_t)n * (size_t)data->dims, sizeof *x);
    Rng rng = rng_stream(3, "quality");
    for (int i = 0; i < n; i++)
        index[i] = (uint32_t)(k + i);
    dataset_fetch(data, SPLIT_TRAIN, index, (size_t)n, &rng, x, label, NULL);
    return x;
}

static void check_set(const char *name)
{
    const char *reason = "";
    int label[N];
    Dataset *data = dataset_load(name);
    CU_ASSERT_FATAL(quality_possible(data, &reason));
    real *real_images = examples(data, N, 0, label), *other = memory_new(1, sizeof *other);
    Quality same = quality_measure(data, real_images, N, label);
    CU_ASSERT_EQUAL(same.n, N);
    CU_ASSERT(same.frechet.samples < 2 * same.frechet.real);
    CU_ASSERT(fabs(same.kernel.samples) < 5 * fabs(same.kernel_se) + fabs(same.kernel.real));
    CU_ASSERT(same.coverage.samples > 0.85 && same.coverage.real > 0.85);
    CU_ASSERT(same.labelled && same.agreement > 0.8);
    CU_ASSERT(same.class_mean > 0.7 && same.class_lowest > 0.5);

    int wrong[N];
    for (int i = 0; i < N; i++)
        wrong[i] = (label[i] + 1) % 10;
    CU_ASSERT(quality_measure(data, real_images, N, wrong).agreement < 0.1);

    free(other);
    other = memory_new((size_t)N * (size_t)data->dims, sizeof *other);
    for (int i = 0; i < N; i++) /* the first image of each class again and again */
        for (int j = 0; j < N; j++)
            if (label[j] == i % 10) {
                memcpy(other + i * data->dims, real_images + j * data->dims,
                       (size_t)data->dims * sizeof *other);
                break;
            }
    Quality memorised = quality_measure(data, other, N, NULL);
    CU_ASSERT(memorised.coverage.samples < 0.3);
    CU_ASSERT(!memorised.labelled);

    Rng rng = rng_stream(3, "noise");
    rng_uniform(&rng, other, (size_t)N * (size_t)data->dims);
    for (size_t i = 0; i < (size_t)N * (size_t)data->dims; i++)
        other[i] = (real)floor((double)other[i] * data->levels);
    Quality noise = quality_measure(data, other, N, NULL);
    CU_ASSERT(noise.frechet.samples > 20 * same.frechet.samples);
    CU_ASSERT(noise.coverage.samples < 0.05);
    free(other);
    free(real_images);
    dataset_free(data);
}

static void test_grey(void)
{
    check_set("digits");
}

static void test_binary(void)
{
    check_set("digits-binary");
}

/* On points there is the sliced Wasserstein distance alone. */
static void test_points(void)
{
    int none[N];
    Dataset *data = dataset_load("moons");
    real *x = examples(data, N, 0, none);
    Quality q = quality_measure(data, x, N, NULL);
    CU_ASSERT(!q.images && q.sliced_wasserstein.samples < 3 * q.sliced_wasserstein.real);
    for (int i = 0; i < 2 * N; i++)
        x[i] += 1;
    Quality moved = quality_measure(data, x, N, NULL);
    CU_ASSERT(fabs(moved.sliced_wasserstein.samples - 1) < 0.15); /* |(1, 1)| / sqrt 2 */
    free(x);
    dataset_free(data);
}

/* chapters/00-classifier/weights/README.md lists the files' sums. */
/* The count that is asked for, on data with 3 and with 5,000 examples to compare with. */
typedef struct Asked {
    const char *words[2];
    size_t real;
    int status;
    const char *says;
} Asked;

static const Asked ASKED[] = {
    {{NULL}, 5000, 0, "2000 samples"},
    {{NULL}, 300, 0, "300 samples"},
    {{"--samples", "400"}, 300, 2, "--samples 400: drawn has 300 real examples"},
    {{"--samples", "5"}, 300, 2, "--samples 5: at least 6 are needed"},
    {{"--samples", "6"}, 300, 0, "6 samples"},
    {{"--samples", "0"}, 300, 0, "0 samples"}};

static void ask(void *context)
{
    const Asked *asked = context;
    static const OptionSpec table[] = {
        {"samples", OPTION_INT, "2000", "N", "how many", 0, 1e6, NULL}, {0}};
    const OptionSpec *tables[] = {table, NULL};
    char *line[] = {(char *)"eval", (char *)asked->words[0], (char *)asked->words[1], NULL};
    Options *options = options_parse("eval", "", tables, asked->words[0] != NULL ? 3 : 1, line);
    Dataset data = {.name = "drawn", .kind = DATA_GREY, .height = 28, .width = 28, .channels = 1};
    data.count[SPLIT_TEST] = data.count[SPLIT_VALIDATION] = asked->real;
    printf("%d samples\n", quality_samples(&data, options));
    fflush(stdout);
    options_free(options);
}

static void test_counts(void)
{
    const char *reason = "";
    for (size_t i = 0; i < sizeof ASKED / sizeof *ASKED; i++) {
        Asked asked = ASKED[i];
        ChildResult result = child_run(ask, &asked);
        CU_ASSERT(child_said(&result, asked.status, asked.says));
    }
    Dataset few = {.name = "few", .kind = DATA_GREY, .height = 28, .width = 28, .channels = 1};
    few.count[SPLIT_TEST] = few.count[SPLIT_VALIDATION] = 5;
    CU_ASSERT_FALSE(quality_possible(&few, &reason));
    CU_ASSERT(strstr(reason, "fewer than 6") != NULL);
}

static void test_sums(void)
{
    static const char *const name[2] = {"mnist.safetensors", "mnist-binary.safetensors"};
    enum { MOST = 8192 };
    char text[MOST] = "";
    FILE *file = fopen("chapters/00-classifier/weights/README.md", "r");
    CU_ASSERT_FATAL(file != NULL);
    text[fread(text, 1, MOST - 1, file)] = '\0';
    fclose(file);
    for (int i = 0; i < 2; i++) {
        char sum[65] = "", *path = memory_format("chapters/00-classifier/weights/%s", name[i]);
        CU_ASSERT(file_sha256(path, sum));
        CU_ASSERT(strstr(text, sum) != NULL && strstr(text, name[i]) != NULL);
        free(path);
    }
}

const Suite suite = {"train/quality",
                     {{"grey images", test_grey},
                      {"binary images", test_binary},
                      {"points", test_points},
                      {"counts", test_counts},
                      {"the ruler's sums", test_sums},
                      {NULL, NULL}}};
