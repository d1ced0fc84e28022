/* Philox against the vectors that its authors publish; bulk and block layout; uniformity and
 * normality by Kolmogorov and Smirnov with fixed seeds (false-alarm rate 1e-4 a test, fixed by the
 * seed). */
#include "harness/suite.h"
#include "support/memory.h"
#include "support/rng.h"
#include "support/vecmath.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Random123's kat_vectors, rows "philox4x32 10". */
static void test_known_answers(void)
{
    const uint32_t zeros[4] = {0}, ones[4] = {~0u, ~0u, ~0u, ~0u};
    const uint32_t pi[4] = {0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u};
    const uint32_t pi_key[2] = {0xa4093822u, 0x299f31d0u};
    const uint32_t want_zeros[4] = {0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u};
    const uint32_t want_ones[4] = {0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu};
    const uint32_t want_pi[4] = {0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u};
    uint32_t out[4];
    rng_philox(zeros, zeros, out);
    CU_ASSERT(memcmp(out, want_zeros, sizeof out) == 0);
    rng_philox(ones, ones, out);
    CU_ASSERT(memcmp(out, want_ones, sizeof out) == 0);
    rng_philox(pi, pi_key, out);
    CU_ASSERT(memcmp(out, want_pi, sizeof out) == 0);
}

/* A bulk fill of n is the beginning of a fill of more, at whatever thread count; chunks follow each
 * other. */
static void test_layout(void)
{
    enum { MANY = 100000, FEW = 130 };
    real *many = memory_new(MANY, sizeof *many), few[FEW];
    Rng rng = rng_stream(7, "noise");
    rng_normal(&rng, many, MANY);
    rng = rng_stream(7, "noise");
    rng_normal(&rng, few, FEW);
    CU_ASSERT(memcmp(many, few, sizeof few) == 0);
    CU_ASSERT_EQUAL(rng.next, 48); /* three chunks of 16 blocks */
    rng = rng_stream(7, "noise");
    rng.next = 16;
    rng_normal(&rng, few, 64);
    CU_ASSERT(memcmp(many + 64, few, 64 * sizeof *few) == 0);
    free(many);
}

static void test_streams_differ(void)
{
    Rng a = rng_stream(1, "data"), b = rng_stream(1, "noise"), c = rng_stream(2, "data");
    Rng d = rng_at(a, 1);
    uint32_t first = rng_word(&a);
    CU_ASSERT_NOT_EQUAL(first, rng_word(&b));
    CU_ASSERT_NOT_EQUAL(first, rng_word(&c));
    CU_ASSERT_NOT_EQUAL(first, rng_word(&d));
    Rng again = rng_stream(1, "data");
    CU_ASSERT_EQUAL(first, rng_word(&again));
}

static int ascending(const void *a, const void *b)
{
    real x = *(const real *)a, y = *(const real *)b;
    return (x > y) - (x < y);
}

/* sqrt(n) times the largest distance between the empirical and the true distribution function. */
static double kolmogorov(real *draw, size_t n, double (*cdf)(double))
{
    qsort(draw, n, sizeof *draw, ascending);
    double largest = 0;
    for (size_t i = 0; i < n; i++) {
        double p = cdf((double)draw[i]);
        largest = fmax(largest, fmax(p - (double)i / (double)n, (double)(i + 1) / (double)n - p));
    }
    return largest * sqrt((double)n);
}

static double uniform_cdf(double x)
{
    return x;
}

static double normal_cdf(double x)
{
    return gsl_cdf_ugaussian_P(x);
}

static double exponential_cdf(double x)
{
    return gsl_cdf_exponential_P(x, 1);
}

/* P(K > 2.2254) = 1e-4 for the Kolmogorov distribution. */
static const double KOLMOGOROV_LIMIT = 2.2254;

static void test_distributions(void)
{
    enum { N = 200000 };
    real *draw = memory_new(N, sizeof *draw);
    Rng rng = rng_stream(11, "uniform");
    rng_uniform(&rng, draw, N);
    for (int i = 0; i < N; i++)
        if (!(draw[i] > 0 && draw[i] < 1))
            CU_FAIL("a uniform draw lies outside (0, 1)");
    CU_ASSERT(kolmogorov(draw, N, uniform_cdf) < KOLMOGOROV_LIMIT);
    rng = rng_stream(11, "normal");
    rng_normal(&rng, draw, N);
    CU_ASSERT(kolmogorov(draw, N, normal_cdf) < KOLMOGOROV_LIMIT);
    CU_ASSERT(kolmogorov(draw, N, uniform_cdf) > KOLMOGOROV_LIMIT); /* it can fail */
    rng = rng_stream(11, "one");
    for (int i = 0; i < N; i++)
        draw[i] = (real)rng_normal_one(&rng);
    CU_ASSERT(kolmogorov(draw, N, normal_cdf) < KOLMOGOROV_LIMIT);
    rng = rng_stream(11, "gsl");
    gsl_rng *view = rng_gsl(&rng);
    for (int i = 0; i < N; i++)
        draw[i] = (real)gsl_ran_exponential(view, 1);
    gsl_rng_free(view);
    CU_ASSERT(kolmogorov(draw, N, exponential_cdf) < KOLMOGOROV_LIMIT);
    free(draw);
}

/* Neighbouring normals of one pair of uniforms must be uncorrelated, in value and in square. */
static void test_pairs_independent(void)
{
    enum { N = 64 * 4000 };
    real *draw = memory_new(N, sizeof *draw);
    Rng rng = rng_stream(3, "pairs");
    rng_normal(&rng, draw, N);
    double product = 0, squares = 0;
    int pairs = 0;
    for (int i = 0; i < N; i++)
        if (i % 64 < 16) {
            double a = (double)draw[i], b = (double)draw[i + 16];
            product += a * b;
            squares += (a * a - 1) * (b * b - 1);
            pairs++;
        }
    CU_ASSERT(fabs(product) < 4 * sqrt(pairs)); /* 4 standard errors: false alarm 6e-5 */
    CU_ASSERT(fabs(squares) < 4 * 2 * sqrt(pairs));
    free(draw);
}

static void test_below_and_permutation(void)
{
    enum { N = 1000, DRAWS = 60000 };
    Rng rng = rng_stream(5, "below");
    int count[6] = {0};
    for (int i = 0; i < DRAWS; i++)
        count[rng_below(&rng, 6)]++;
    double chi2 = 0;
    for (int i = 0; i < 6; i++)
        chi2 += pow(count[i] - DRAWS / 6.0, 2) / (DRAWS / 6.0);
    CU_ASSERT(gsl_cdf_chisq_Q(chi2, 5) > 1e-4);
    uint32_t order[N];
    int seen[N] = {0}, fixed = 0;
    rng_permutation(&rng, order, N);
    for (int i = 0; i < N; i++) {
        seen[order[i]]++;
        fixed += order[i] == (uint32_t)i;
    }
    for (int i = 0; i < N; i++)
        if (seen[i] != 1)
            CU_FAIL("not a permutation");
    CU_ASSERT(fixed < 10); /* about Poisson(1): P(>= 10) = 1e-7 */
}

const Suite suite = {"support/rng",
                     {{"Philox known answers", test_known_answers},
                      {"bulk layout", test_layout},
                      {"streams differ", test_streams_differ},
                      {"Kolmogorov-Smirnov", test_distributions},
                      {"Box-Muller pairs independent", test_pairs_independent},
                      {"below and permutation", test_below_and_permutation},
                      {NULL, NULL}}};
