/* The Gaussian-kernel discrepancy: by hand, its exact mean between Gaussians, its bandwidth. */
#include "harness/suite.h"
#include "metric/features.h"
#include "metric/mmd.h"

#include <math.h>
#include <stdlib.h>

/* On {0, 1} and {0, 2} with h = 1: k(0,1) within a, k(0,2) within b, and four across. */
static void test_by_hand(void)
{
    real a[] = {0, 1}, b[] = {0, 2};
    double k1 = exp(-0.5), k2 = exp(-2);
    CU_ASSERT(fabs(mmd_squared(a, 2, b, 2, 1, 1) - (k1 + k2 - (1 + k2 + k1 + k1) / 2)) < 1e-12);
    CU_ASSERT(fabs(mmd_squared(b, 2, a, 2, 1, 1) - mmd_squared(a, 2, b, 2, 1, 1)) < 1e-15);
}

/* E k(x, y) of x - y ~ N(m, 2 s^2 I) is prod (h^2 / (h^2 + 2 s^2))^(1/2) exp(-m^2 / 2 (h^2 + 2
 * s^2)). */
static double expected(double shift, double sd_a, double sd_b, double h)
{
    double v = h * h + sd_a * sd_a + sd_b * sd_b;
    return h * h / v * exp(-shift * shift / (2 * v));
}

static void test_between_gaussians(void)
{
    enum { N = 300, DRAWS = 30 };
    double value[DRAWS], by[2] = {1, 0}, h = 1.5;
    for (int draw = 0; draw < DRAWS; draw++) {
        real *a = features_normal("mmd a", draw, N, 2, 1);
        real *b = features_normal("mmd b", draw, N, 2, 1);
        features_shift(b, N, 2, by);
        value[draw] = mmd_squared(a, N, b, N, 2, h);
        free(a);
        free(b);
    }
    FeaturesMean mean = features_mean(value, DRAWS);
    double exact = 2 * expected(0, 1, 1, h) - 2 * expected(1, 1, 1, h);
    CU_ASSERT(fabs(mean.mean - exact) < 4 * mean.sd / sqrt(DRAWS));
    CU_ASSERT(mean.sd / sqrt(DRAWS) < 0.1 * exact);
}

/* Unbiased: about as often below 0 as above it between sets of one distribution. */
static void test_same(void)
{
    enum { N = 100, DRAWS = 60 };
    double value[DRAWS];
    int below = 0;
    for (int draw = 0; draw < DRAWS; draw++) {
        real *a = features_normal("mmd c", draw, N, 2, 1),
             *b = features_normal("mmd d", draw, N, 2, 1);
        value[draw] = mmd_squared(a, N, b, N, 2, 1);
        below += value[draw] < 0;
        free(a);
        free(b);
    }
    FeaturesMean mean = features_mean(value, DRAWS);
    CU_ASSERT(fabs(mean.mean) < 4 * mean.sd / sqrt(DRAWS));
    CU_ASSERT(below > DRAWS / 4 && below < DRAWS);
}

static void test_bandwidth(void)
{
    real x[] = {0, 1, 3, 7}; /* distances 1, 2, 3, 4, 6, 7 */
    CU_ASSERT(fabs(mmd_bandwidth(x, 4, 1) - 3.5) < 1e-12);
}

const Suite suite = {"metric/mmd",
                     {{"by hand", test_by_hand},
                      {"the exact mean between Gaussians", test_between_gaussians},
                      {"no bias between equals", test_same},
                      {"the bandwidth is the median distance", test_bandwidth},
                      {NULL, NULL}}};
