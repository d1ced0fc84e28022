/* Counts of modes against what they must be. */
#include "harness/suite.h"
#include "metric/modes.h"
#include "support/memory.h"
#include "support/rng.h"

#include <math.h>
#include <stdlib.h>

enum { MODES = 8, N = 20000 };

static void ring(double centre[2 * MODES])
{
    for (int k = 0; k < MODES; k++) {
        centre[2 * k] = cos(k * M_PI / 4);
        centre[2 * k + 1] = sin(k * M_PI / 4);
    }
}

/* n points of the mixture's first `used` modes, sd times its own. */
static real *draw(const double *centre, int used, double sd, int n)
{
    real *x = memory_new(2 * (size_t)n, sizeof *x);
    Rng rng = rng_stream(3, "modes");
    for (int i = 0; i < n; i++) {
        int k = (int)rng_below(&rng, (uint64_t)used);
        for (int d = 0; d < 2; d++)
            x[2 * i + d] = (real)(centre[2 * k + d] + sd * rng_normal_one(&rng));
    }
    return x;
}

/* A perfect sampler: all modes, 1 - e^-4.5 within 3 sd (Rayleigh), 2 n KL distributed as chi-square
 * with MODES - 1 degrees of freedom: below 27 but once in 4000 seeds. */
static void test_perfect(void)
{
    double centre[2 * MODES];
    ring(centre);
    real *x = draw(centre, MODES, 0.01, N);
    ModeCount found = modes_of_mixture(centre, MODES, 2, 0.01, x, N);
    CU_ASSERT(found.modes == MODES && found.covered == MODES);
    CU_ASSERT(fabs(found.high_quality - (1 - exp(-4.5))) < 4 * sqrt(0.0111 * 0.9889 / N));
    CU_ASSERT(found.reverse_kl >= 0 && 2 * N * found.reverse_kl < 27);
    free(x);
}

/* Lost modes: the KL of equal shares of half the modes is log 2. */
static void test_lost(void)
{
    double centre[2 * MODES];
    ring(centre);
    real *x = draw(centre, MODES / 2, 0.01, N);
    ModeCount found = modes_of_mixture(centre, MODES, 2, 0.01, x, N);
    CU_ASSERT(found.covered == MODES / 2);
    CU_ASSERT(fabs(found.reverse_kl - log(2)) < 1e-3);
    free(x);
    x = draw(centre, 1, 0.01, N);
    CU_ASSERT(fabs(modes_of_mixture(centre, MODES, 2, 0.01, x, N).reverse_kl - log(MODES)) < 1e-12);
    free(x);
}

/* Samples far from every centre belong to the nearest, but cover nothing. */
static void test_poor(void)
{
    double centre[2 * MODES];
    ring(centre);
    real *x = draw(centre, MODES, 0.2, N);
    ModeCount wide = modes_of_mixture(centre, MODES, 2, 0.01, x, N);
    CU_ASSERT(wide.high_quality < 0.02 && wide.reverse_kl < 0.01);
    for (int i = 0; i < 2 * N; i++)
        x[i] *= 3;
    ModeCount far = modes_of_mixture(centre, MODES, 2, 0.01, x, N);
    CU_ASSERT(far.covered == 0 && far.high_quality == 0);
    free(x);
}

static void test_counts(void)
{
    const int count[4] = {1, 0, 3, 0};
    ModeCount found = modes_of_counts(count, 4);
    CU_ASSERT(found.covered == 2 && isnan(found.high_quality));
    CU_ASSERT(fabs(found.reverse_kl - (0.25 * log(1.0) + 0.75 * log(3.0))) < 1e-12);
    CU_ASSERT(isnan(modes_of_counts((const int[2]){0, 0}, 2).reverse_kl));
}

/* Two of three patterns, unevenly, and one sample that is none. */
static void test_patterns(void)
{
    const real pattern[] = {0, 0, 0, 1, 1, 1}; /* [3, 2] */
    const real sample[] = {0, 1, 1, 1, 0, 1, 1, 0, 0, 1};
    ModeCount found = modes_of_patterns(pattern, 3, 2, sample, 5);
    CU_ASSERT(found.modes == 3 && found.covered == 2);
    CU_ASSERT(fabs(found.high_quality - 0.8) < 1e-12);
    CU_ASSERT(fabs(found.reverse_kl - (0.75 * log(2.25) + 0.25 * log(0.75))) < 1e-12);
}

const Suite suite = {"metric/modes",
                     {{"a perfect sampler", test_perfect},
                      {"lost modes", test_lost},
                      {"poor samples", test_poor},
                      {"counts", test_counts},
                      {"patterns", test_patterns},
                      {NULL, NULL}}};
