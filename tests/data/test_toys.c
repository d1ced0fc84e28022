/* Each toy's density against itself (mass 1), its stated entropy and its own examples. Statistical
 * checks allow 5 standard errors, a false alarm in 1.7 million; the examples never change. */
#include "data/dataset.h"
#include "harness/suite.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { GRID = 180 };

/* reach: the grid covers [-reach, reach]^2, all but 1e-7 of the mass. */
typedef struct Row {
    const char *name;
    double reach;
    int classes;
} Row;

static const Row SPREAD[] = {
    {"8gaussians", 5, 8}, {"moons", 5, 2},   {"pinwheel", 6, 5}, {"checkerboard", 4, 0},
    {"2spirals", 4.5, 2}, {"circles", 5, 2}, {"rings", 4, 4},    {"swissroll", 5, 0},
};

static const Row NARROW[] = {{"ring8", 0.08, 8}, {"grid25", 0.4, 25}};

/* Sums over a grid around a centre. */
typedef struct Sums {
    double mass, entropy, corner;
} Sums;

/* A corner without symmetry to any of the sets: telling a mirrored or turned sampler from its
 * density. */
static bool in_corner(const double *x)
{
    return x[0] > 0.3 && x[1] > 0.1;
}

static Sums grid_sums(const Dataset *dataset, double cx, double cy, double reach)
{
    double mass = 0, entropy = 0, corner = 0;
    double step = 2 * reach / GRID;
#pragma omp parallel for reduction(+ : mass, entropy, corner)
    for (int i = 0; i < GRID; i++) {
        for (int j = 0; j < GRID; j++) {
            double x[2] = {cx - reach + (i + 0.5) * step, cy - reach + (j + 0.5) * step};
            double log_p = dataset->log_density(dataset, x);
            double p = exp(log_p) * step * step;
            mass += p;
            entropy -= p > 0 ? p * log_p : 0;
            corner += in_corner(x) ? p : 0;
        }
    }
    return (Sums){mass, entropy, corner};
}

/* Example i of the test split, in double. */
static void test_point(const Dataset *dataset, size_t i, double x[2])
{
    size_t at = dataset->count[SPLIT_TRAIN] + dataset->count[SPLIT_VALIDATION] + i;
    x[0] = dataset->point[2 * at];
    x[1] = dataset->point[2 * at + 1];
}

static bool near(const char *name, const char *what, double got, double wanted, double allowed)
{
    if (fabs(got - wanted) <= allowed)
        return true;
    printf("\n    %s: %s %.8f, wanted %.8f +- %.2g\n", name, what, got, wanted, allowed);
    return false;
}

static void check_examples(const Dataset *dataset)
{
    size_t n = dataset->count[SPLIT_TEST];
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        double x[2];
        test_point(dataset, i, x);
        double log_p = dataset->log_density(dataset, x);
        sum -= log_p;
        squares += log_p * log_p;
    }
    double mean = sum / (double)n;
    double se = sqrt((squares / (double)n - mean * mean) / (double)n);
    if (se < 1e-9) /* the same density everywhere */
        se = 1e-9;
    CU_ASSERT(near(dataset->name, "entropy of examples", mean, dataset->entropy, 5 * se + 1e-7));
}

static void test_mass_entropy_corner(void)
{
    for (size_t r = 0; r < sizeof SPREAD / sizeof *SPREAD; r++) {
        Dataset *dataset = dataset_load(SPREAD[r].name);
        Sums sums = grid_sums(dataset, 0, 0, SPREAD[r].reach);
        CU_ASSERT(near(dataset->name, "mass", sums.mass, 1, 1e-6));
        CU_ASSERT(near(dataset->name, "entropy", sums.entropy, dataset->entropy, 2e-5));
        check_examples(dataset);
        size_t n = dataset->count[SPLIT_TEST];
        size_t inside = 0;
        for (size_t i = 0; i < n; i++) {
            double x[2];
            test_point(dataset, i, x);
            inside += in_corner(x);
        }
        /* The grid's corner is off by up to half a cell along its edges. */
        double edge = 0.01;
        double se = sqrt(sums.corner * (1 - sums.corner) / (double)n);
        CU_ASSERT(
            near(dataset->name, "corner", (double)inside / (double)n, sums.corner, 5 * se + edge));
        dataset_free(dataset);
    }
}

/* Around every component of the narrow mixtures lies its share of the mass, and the entropies add
 * up. */
static void test_narrow_mixtures(void)
{
    for (size_t r = 0; r < sizeof NARROW / sizeof *NARROW; r++) {
        Dataset *dataset = dataset_load(NARROW[r].name);
        int k = NARROW[r].classes;
        double entropy = 0;
        for (int c = 0; c < k; c++) {
            bool ring = k == 8;
            double cx = ring ? cos(M_PI * c / 4) : 2.0 * (c % 5) - 4;
            double cy = ring ? sin(M_PI * c / 4) : 2.0 * (c / 5) - 4;
            Sums sums = grid_sums(dataset, cx, cy, NARROW[r].reach);
            CU_ASSERT(near(dataset->name, "share", sums.mass, 1.0 / k, 1e-8));
            entropy += sums.entropy;
        }
        CU_ASSERT(near(dataset->name, "entropy", entropy, dataset->entropy, 1e-6));
        check_examples(dataset);
        dataset_free(dataset);
    }
}

static void check_classes(const Row *row)
{
    Dataset *dataset = dataset_load(row->name);
    CU_ASSERT_EQUAL(dataset->classes, row->classes);
    CU_ASSERT_EQUAL(dataset->kind, DATA_POINTS);
    CU_ASSERT_EQUAL(dataset->dims, 2);
    CU_ASSERT_EQUAL(dataset->count[SPLIT_TRAIN], 100000);
    CU_ASSERT_EQUAL(dataset->count[SPLIT_VALIDATION], 5000);
    CU_ASSERT_EQUAL(dataset->count[SPLIT_TEST], 10000);
    size_t n = dataset->count[SPLIT_TRAIN];
    size_t seen[32] = {0};
    for (size_t i = 0; i < n; i++)
        seen[dataset->label[i] & 31]++;
    for (int k = 0; k < row->classes; k++) {
        double p = 1.0 / row->classes;
        double se = sqrt(p * (1 - p) / (double)n);
        CU_ASSERT(near(row->name, "share of a class", (double)seen[k] / (double)n, p, 5 * se));
    }
    dataset_free(dataset);
}

static void test_shapes_and_classes(void)
{
    for (size_t r = 0; r < sizeof SPREAD / sizeof *SPREAD; r++)
        check_classes(&SPREAD[r]);
    for (size_t r = 0; r < sizeof NARROW / sizeof *NARROW; r++)
        check_classes(&NARROW[r]);
}

/* The label is the component that the point came from: 8gaussians' overlap by a point in 30. */
static void test_labels_name_components(void)
{
    Dataset *dataset = dataset_load("8gaussians");
    size_t agree = 0;
    size_t n = 10000;
    for (size_t i = 0; i < n; i++) {
        double angle = atan2(dataset->point[2 * i + 1], dataset->point[2 * i]);
        agree += (int)(lround(angle / (M_PI / 4)) + 8) % 8 == dataset->label[i];
    }
    CU_ASSERT(agree > 0.98 * (double)n);
    dataset_free(dataset);
    dataset = dataset_load("rings");
    const double radius[4] = {3, 2.25, 1.5, 0.75};
    for (size_t i = 0; i < n; i++) {
        double r = hypot(dataset->point[2 * i], dataset->point[2 * i + 1]);
        CU_ASSERT(fabs(r - radius[dataset->label[i]]) < 6 * 0.08);
    }
    dataset_free(dataset);
}

/* The published definitions in numbers that are easy to check by hand. */
static void test_known_values(void)
{
    Dataset *dataset = dataset_load("checkerboard");
    const double dark[2] = {-3, -3}, light[2] = {-3, -1}, out[2] = {4.5, 4.5};
    CU_ASSERT_DOUBLE_EQUAL(dataset->log_density(dataset, dark), -log(32), 1e-15);
    CU_ASSERT(dataset->log_density(dataset, light) == -INFINITY);
    CU_ASSERT(dataset->log_density(dataset, out) == -INFINITY);
    dataset_free(dataset);
    dataset = dataset_load("rings");
    const double centre[2] = {0, 0};
    double inner = log(0.25 / (2 * M_PI * 0.08 * 0.08)) - 0.75 * 0.75 / (2 * 0.08 * 0.08);
    CU_ASSERT_DOUBLE_EQUAL(dataset->log_density(dataset, centre), inner, 1e-9);
    dataset_free(dataset);
    dataset = dataset_load("grid25");
    const double corner[2] = {4, -4};
    CU_ASSERT_DOUBLE_EQUAL(dataset->log_density(dataset, corner), -log(25 * 2 * M_PI * 0.05 * 0.05),
                           1e-12);
    dataset_free(dataset);
}

/* Far out the densities are tiny, never NaN and never above the peak. */
static void test_far_away(void)
{
    for (size_t r = 0; r < sizeof SPREAD / sizeof *SPREAD; r++) {
        Dataset *dataset = dataset_load(SPREAD[r].name);
        const double far[4][2] = {{8, 8}, {-8, 7}, {100, 0}, {0, -1e4}};
        for (int i = 0; i < 4; i++)
            CU_ASSERT(dataset->log_density(dataset, far[i]) < -15);
        bool infinite = strcmp(dataset->name, "checkerboard") == 0;
        if (!infinite)
            CU_ASSERT(isfinite(dataset->log_density(dataset, far[0])));
        dataset_free(dataset);
    }
}

static void test_same_every_time(void)
{
    Dataset *one = dataset_load("moons");
    Dataset *two = dataset_load("moons");
    CU_ASSERT(memcmp(one->point, two->point, 2 * 115000 * sizeof(float)) == 0);
    CU_ASSERT(memcmp(one->label, two->label, 115000) == 0);
    Dataset *other = dataset_load("circles");
    CU_ASSERT(memcmp(one->label, other->label, 115000) != 0);
    dataset_free(one);
    dataset_free(two);
    dataset_free(other);
}

/* Of a mixture an example lies around the mode of its label: the mean square of its distance is 2
 * sd^2, with a relative standard error of 1 / sqrt(n). */
static void test_modes(void)
{
    static const char *const name[3] = {"8gaussians", "ring8", "grid25"};
    for (int k = 0; k < 3; k++) {
        Dataset *dataset = dataset_load(name[k]);
        size_t n = dataset->count[SPLIT_TEST];
        double square = 0, x[2];
        CU_ASSERT(dataset->modes == dataset->classes);
        for (size_t i = 0; i < n; i++) {
            size_t at = dataset->count[SPLIT_TRAIN] + dataset->count[SPLIT_VALIDATION] + i;
            const double *centre = dataset->mode + 2 * dataset->label[at];
            test_point(dataset, i, x);
            square += (pow(x[0] - centre[0], 2) + pow(x[1] - centre[1], 2)) / (double)n;
        }
        double ratio = square / (2 * dataset->mode_sd * dataset->mode_sd);
        CU_ASSERT(fabs(ratio - 1) < 5 / sqrt((double)n));
        dataset_free(dataset);
    }
    Dataset *moons = dataset_load("moons");
    CU_ASSERT(moons->modes == 0 && moons->mode == NULL);
    dataset_free(moons);
}

const Suite suite = {"data/toys",
                     {{"mass, entropy and a corner", test_mass_entropy_corner},
                      {"narrow mixtures", test_narrow_mixtures},
                      {"shapes and classes", test_shapes_and_classes},
                      {"labels name components", test_labels_name_components},
                      {"known values", test_known_values},
                      {"far away", test_far_away},
                      {"same every time", test_same_every_time},
                      {"modes of the mixtures", test_modes},
                      {NULL, NULL}}};
