/* Categorical distributions: temperature as in physics, what a cut leaves, draws. */
#include "harness/suite.h"
#include "prob/categorical.h"

#include <math.h>

enum { N = 6 };

static const real score[N] = {0.3, 2.1, -1.0, 2.1, 0.9, -3.0};
static const CategoricalCut whole = {1, 0, 1};

static double sum_of(const double *p)
{
    double sum = 0;
    for (int i = 0; i < N; i++)
        sum += p[i];
    return sum;
}

static void test_softmax(void)
{
    double p[N], z = 0;
    categorical_cut(score, N, whole, p);
    for (int i = 0; i < N; i++)
        z += exp((double)score[i]);
    for (int i = 0; i < N; i++)
        CU_ASSERT(fabs(p[i] - exp((double)score[i]) / z) < 1e-15);
}

/* dH/dT = Var(E) / T^3, by a central difference. */
static void test_heat(void)
{
    const double step = 1e-5, temperature[] = {0.3, 1, 2.5};
    double p[N];
    for (int k = 0; k < 3; k++) {
        double t = temperature[k], side[2];
        for (int s = 0; s < 2; s++) {
            categorical_cut(score, N, (CategoricalCut){t + (s == 0 ? step : -step), 0, 1}, p);
            side[s] = categorical_entropy(p, N);
        }
        categorical_cut(score, N, (CategoricalCut){t, 0, 1}, p);
        double slope = categorical_energy_variance(score, p, N) / (t * t * t);
        CU_ASSERT(fabs((side[0] - side[1]) / (2 * step) - slope) < 1e-8);
        CU_ASSERT(slope > 0.01);
    }
}

static void test_limits(void)
{
    double p[N];
    categorical_cut(score, N, (CategoricalCut){1e9, 0, 1}, p);
    CU_ASSERT(fabs(categorical_entropy(p, N) - log(N)) < 1e-8);
    categorical_cut(score, N, (CategoricalCut){1e-3, 0, 1}, p); /* two are equally good */
    CU_ASSERT(fabs(categorical_entropy(p, N) - log(2)) < 1e-12);
    categorical_cut(score, N, (CategoricalCut){0, 0, 1}, p); /* greedy: the first of them */
    CU_ASSERT(p[1] == 1 && sum_of(p) == 1);
}

static void test_top_k(void)
{
    double p[N], all[N];
    categorical_cut(score, N, whole, all);
    for (int k = 1; k <= N + 1; k++) {
        int left = 0;
        categorical_cut(score, N, (CategoricalCut){1, k, 1}, p);
        for (int i = 0; i < N; i++)
            left += p[i] > 0;
        CU_ASSERT_EQUAL(left, k < N ? k : N);
        CU_ASSERT(fabs(sum_of(p) - 1) < 1e-15);
        CU_ASSERT(fabs(p[1] / p[4] - all[1] / all[4]) < 1e-12 || k < 3); /* ratios stay */
    }
    categorical_cut(score, N, (CategoricalCut){1, 1, 1}, p);
    CU_ASSERT(p[1] == 1 && p[3] == 0); /* of equals the first */
}

/* The fewest that hold at least top_p of the sum: one fewer would hold less. */
static void test_top_p(void)
{
    double all[N], p[N];
    categorical_cut(score, N, whole, all);
    for (double share = 0.05; share <= 1; share += 0.05) {
        double held = 0, least = 1;
        categorical_cut(score, N, (CategoricalCut){1, 0, share}, p);
        for (int i = 0; i < N; i++) {
            held += p[i] > 0 ? all[i] : 0;
            least = p[i] > 0 ? fmin(least, all[i]) : least;
        }
        CU_ASSERT(held >= share - 1e-12 && held - least < share);
        CU_ASSERT(fabs(sum_of(p) - 1) < 1e-15);
        for (int i = 0; i < N; i++)
            CU_ASSERT(p[i] == 0 || fabs(p[i] - all[i] / held) < 1e-12);
    }
    /* behind top_k: shares of what that leaves */
    categorical_cut(score, N, (CategoricalCut){1, 3, 0.5}, p);
    CU_ASSERT(p[1] > 0 && p[3] > 0 && p[4] == 0);
    categorical_cut(score, N, (CategoricalCut){1, 3, 0.4}, p);
    CU_ASSERT(p[1] == 1);
}

static void test_pick(void)
{
    const double p[4] = {0.25, 0, 0.5, 0.25};
    CU_ASSERT_EQUAL(categorical_pick(p, 4, 0.1), 0);
    CU_ASSERT_EQUAL(categorical_pick(p, 4, 0.3), 2);
    CU_ASSERT_EQUAL(categorical_pick(p, 4, 0.74), 2);
    CU_ASSERT_EQUAL(categorical_pick(p, 4, 0.76), 3);
    const double nearly[2] = {0.5, 0.5 - 1e-12}; /* rounding: the last that is possible */
    CU_ASSERT_EQUAL(categorical_pick(nearly, 2, 1 - 1e-15), 1);
}

static void bad_share(void *context)
{
    double p[N];
    categorical_cut(score, N, *(const CategoricalCut *)context, p);
}

static void test_refused(void)
{
    CategoricalCut bad[] = {{-1, 0, 1}, {1, -1, 1}, {1, 0, 0}, {1, 0, 1.5}, {1, 0, NAN}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ChildResult result = child_run(bad_share, &bad[i]);
        CU_ASSERT(child_said(&result, 128 + 6, "categorical_cut"));
    }
}

const Suite suite = {"prob/categorical",
                     {{"softmax", test_softmax},
                      {"dH/dT = Var(E) / T^3", test_heat},
                      {"cold and hot", test_limits},
                      {"the K likeliest", test_top_k},
                      {"the fewest that hold a share", test_top_p},
                      {"draws", test_pick},
                      {"bad cuts", test_refused},
                      {NULL, NULL}}};
