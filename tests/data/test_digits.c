#include "data/dataset.h"
#include "data/digits.h"
#include "harness/suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

enum { SIDE = DIGITS_SIDE, PIXELS = SIDE * SIDE, TOTAL = 30000, FACTORS = 5 };

/* A stroke straight down, 2 pixels thick, centred on a column: full ink there, half beside it. */
static void test_ink_of_a_line(void)
{
    DigitPath path = {.strokes = 1, .start = {0, 2}, .point = {{10, 5}, {10, 20}}};
    uint8_t level[PIXELS];
    digits_ink(&path, 2, level);
    CU_ASSERT_EQUAL(level[12 * SIDE + 10], 255);
    CU_ASSERT_EQUAL(level[12 * SIDE + 9], 128);
    CU_ASSERT_EQUAL(level[12 * SIDE + 11], 128);
    CU_ASSERT_EQUAL(level[12 * SIDE + 12], 0);
    CU_ASSERT_EQUAL(level[4 * SIDE + 10], 128);
    CU_ASSERT_EQUAL(level[3 * SIDE + 10], 0);
    long sum = 0;
    for (int i = 0; i < PIXELS; i++)
        sum += level[i];
    CU_ASSERT(labs(sum - 255 * 2 * 16 - 255) < 3 * 255);
}

/* Paths outside the image are cut off, not written elsewhere (the sanitizers look on). */
static void test_ink_beyond_the_edge(void)
{
    DigitPath path = {.strokes = 1, .start = {0, 3}, .point = {{-50, -9}, {60, 40}, {60, -200}}};
    uint8_t level[PIXELS];
    digits_ink(&path, 3, level);
    int inked = 0;
    for (int i = 0; i < PIXELS; i++)
        inked += level[i] > 0;
    CU_ASSERT(inked > 0 && inked < PIXELS / 2);
}

/* Each factor moves the path as its definition says. */
static void test_style(void)
{
    float jitter[DIGITS_JITTERS] = {0};
    DigitStyle style = {.slant = 0, .thickness = 2, .size = 16, .shift_x = 0, .shift_y = 0};
    DigitPath plain, other;
    digits_path(1, style, jitter, &plain);
    float middle = (SIDE - 1) / 2.0f;
    int last = plain.start[1] - 1;
    CU_ASSERT_DOUBLE_EQUAL(plain.point[last].y - plain.point[1].y, 16, 1e-4);
    CU_ASSERT_DOUBLE_EQUAL(plain.point[last].y, middle + 8, 1e-4);
    style.slant = 0.25f;
    style.shift_x = 1.5f;
    style.shift_y = -1;
    digits_path(1, style, jitter, &other);
    CU_ASSERT_DOUBLE_EQUAL(other.point[last].y, plain.point[last].y - 1, 1e-4);
    CU_ASSERT_DOUBLE_EQUAL(other.point[1].x, plain.point[1].x + 1.5 + 0.25 * 8, 1e-4);
    CU_ASSERT_DOUBLE_EQUAL(other.point[last].x, plain.point[last].x + 1.5 - 0.25 * 8, 1e-4);
}

static void test_shapes_factors_labels(void)
{
    Dataset *dataset = dataset_load("digits");
    const char *names[FACTORS] = {"slant", "thickness", "size", "shift_x", "shift_y"};
    const double least[FACTORS] = {-0.35, 1.4, 14, -2, -2};
    const double most[FACTORS] = {0.35, 3.4, 19, 2, 2};
    CU_ASSERT_EQUAL(dataset->kind, DATA_GREY);
    CU_ASSERT_EQUAL(dataset->levels, 256);
    CU_ASSERT_EQUAL(dataset->factors, FACTORS);
    size_t seen[10] = {0};
    double mean[FACTORS] = {0};
    bool inside = true;
    for (size_t i = 0; i < TOTAL; i++) {
        CU_ASSERT_FATAL(dataset->label[i] < 10);
        seen[dataset->label[i]]++;
        for (int f = 0; f < FACTORS; f++) {
            double value = dataset->factor[i * FACTORS + (size_t)f];
            inside = inside && value >= least[f] - 1e-6 && value <= most[f] + 1e-6;
            mean[f] += value / TOTAL;
        }
    }
    CU_ASSERT(inside);
    for (int c = 0; c < 10; c++) /* 3000 +- 52 each */
        CU_ASSERT(seen[c] > 3000 - 260 && seen[c] < 3000 + 260);
    for (int f = 0; f < FACTORS; f++) {
        double se = (most[f] - least[f]) / sqrt(12.0 * TOTAL);
        CU_ASSERT_STRING_EQUAL(dataset->factor_name[f], names[f]);
        CU_ASSERT(fabs(mean[f] - (least[f] + most[f]) / 2) < 5 * se);
    }
    dataset_free(dataset);
}

/* Centre and height of the ink follow the shifts and the size of each image; the edge stays empty
 * but for rare ends. */
static void test_images_follow_their_factors(void)
{
    Dataset *dataset = dataset_load("digits");
    int edges = 0;
    int n = 3000;
    for (int i = 0; i < n; i++) {
        const uint8_t *level = dataset->level + (size_t)i * PIXELS;
        const float *factor = dataset->factor + (size_t)i * FACTORS;
        int top = SIDE, bottom = -1;
        for (int p = 0; p < PIXELS; p++) {
            if (level[p] < 100)
                continue;
            top = p / SIDE < top ? p / SIDE : top;
            bottom = p / SIDE;
        }
        CU_ASSERT_FATAL(bottom >= 0);
        double middle = (top + bottom) / 2.0;
        CU_ASSERT(fabs(middle - 13.5 - factor[4]) < 3);
        CU_ASSERT(fabs(bottom - top + 1 - factor[2] - factor[1]) < 5);
        edges += top == 0 || bottom == SIDE - 1;
    }
    CU_ASSERT(edges < n / 50);
    dataset_free(dataset);
}

/* They can be told apart: the nearest of ten mean images names most test digits (chance: 1 in 10).
 */
static void test_classes_differ(void)
{
    Dataset *dataset = dataset_load("digits");
    static double mean[10][PIXELS];
    double count[10] = {0};
    for (size_t i = 0; i < 5000; i++)
        count[dataset->label[i]]++;
    for (size_t i = 0; i < 5000; i++)
        for (int p = 0; p < PIXELS; p++)
            mean[dataset->label[i]][p] +=
                dataset->level[i * PIXELS + (size_t)p] / count[dataset->label[i]];
    int right = 0;
    for (size_t i = 25000; i < 26000; i++) {
        int best = 0;
        double least = INFINITY;
        for (int c = 0; c < 10; c++) {
            double distance = 0;
            for (int p = 0; p < PIXELS; p++) {
                double gap = mean[c][p] - dataset->level[i * PIXELS + (size_t)p];
                distance += gap * gap;
            }
            if (distance < least) {
                least = distance;
                best = c;
            }
        }
        right += best == dataset->label[i];
    }
    CU_ASSERT(right > 600);
    dataset_free(dataset);
}

static void test_threads_do_not_matter(void)
{
    Dataset *many = dataset_load("digits-binary");
#ifdef _OPENMP
    int threads = omp_get_max_threads();
    omp_set_num_threads(threads == 1 ? 3 : 1);
#endif
    Dataset *one = dataset_load("digits-binary");
#ifdef _OPENMP
    omp_set_num_threads(threads);
#endif
    CU_ASSERT(memcmp(many->level, one->level, (size_t)TOTAL * PIXELS) == 0);
    CU_ASSERT(memcmp(many->factor, one->factor, (size_t)TOTAL * FACTORS * sizeof(float)) == 0);
    CU_ASSERT(memcmp(many->fixed, one->fixed, (size_t)10000 * PIXELS) == 0);
    dataset_free(many);
    dataset_free(one);
}

/* Binary draws have the grey levels as their chances: both the fixed one and the fresh ones. */
static void test_binary_draws(void)
{
    Dataset *dataset = dataset_load("digits-binary");
    CU_ASSERT_EQUAL(dataset->kind, DATA_BINARY);
    CU_ASSERT_EQUAL(dataset->levels, 2);
    double wanted = 0, got = 0, variance = 0;
    bool sure = true; /* bits only, black and white kept */
    for (size_t i = 0; i < (size_t)10000 * PIXELS; i++) {
        double p = dataset->level[(size_t)20000 * PIXELS + i] / 255.0;
        uint8_t bit = dataset->fixed[i];
        wanted += p;
        variance += p * (1 - p);
        got += bit;
        sure = sure && bit <= 1 && (p > 0 || bit == 0) && (p < 1 || bit == 1);
    }
    CU_ASSERT(sure);
    CU_ASSERT(fabs(got - wanted) < 5 * sqrt(variance));
    Rng rng = rng_stream(1, "test");
    const uint32_t index[1] = {7};
    static real x[PIXELS];
    enum { DRAWS = 2000 };
    static int ones[PIXELS];
    for (int d = 0; d < DRAWS; d++) {
        dataset_fetch(dataset, SPLIT_TRAIN, index, 1, &rng, x, NULL, NULL);
        for (int p = 0; p < PIXELS; p++)
            ones[p] += x[p] == 1;
    }
    for (int p = 0; p < PIXELS; p++) { /* 784 checks at 6 standard errors */
        double chance = dataset->level[7 * PIXELS + p] / 255.0;
        CU_ASSERT(fabs((double)ones[p] / DRAWS - chance) <=
                  6 * sqrt(chance * (1 - chance) / DRAWS));
    }
    dataset_free(dataset);
}

const Suite suite = {"data/digits",
                     {{"ink of a line", test_ink_of_a_line},
                      {"ink beyond the edge", test_ink_beyond_the_edge},
                      {"style", test_style},
                      {"shapes, factors, labels", test_shapes_factors_labels},
                      {"images follow their factors", test_images_follow_their_factors},
                      {"classes differ", test_classes_differ},
                      {"threads do not matter", test_threads_do_not_matter},
                      {"binary draws", test_binary_draws},
                      {NULL, NULL}}};
