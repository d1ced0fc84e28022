/* The vector functions against libm in double: the largest error in ulp over millions of arguments,
 * the special values, and that a value does not depend on its lane. */
#include "harness/suite.h"
#include "support/rng.h"
#include "support/vecmath.h"

#include <math.h>
#include <stdio.h>

static double ulp_error(float got, double want)
{
    if (isnan(want))
        return isnan(got) ? 0 : INFINITY;
    float nearest = (float)want;
    if (isinf(nearest))
        return got == nearest ? 0 : INFINITY;
    float magnitude = fabsf(nearest);
    double unit = magnitude < FLT_MIN ? 0x1p-149 : nextafterf(magnitude, INFINITY) - magnitude;
    return fabs((double)got - want) / unit;
}

static double worst(float (*ours)(float), double (*theirs)(double), double low, double high,
                    int steps)
{
    double largest = 0;
    for (int i = 0; i <= steps; i++) {
        float x = (float)(low + (high - low) * i / steps);
        largest = fmax(largest, ulp_error(ours(x), theirs((double)x)));
    }
    return largest;
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double softplus(double x)
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

static void test_errors(void)
{
    enum { STEPS = 1000000 };
    CU_ASSERT(worst(vec_exp, exp, -87, 88.5, STEPS) <= 2);
    CU_ASSERT(worst(vec_exp_falling, exp, -60, 0, STEPS) <= 2);
    CU_ASSERT(worst(vec_log, log, 1e-3, 4, STEPS) <= 3);
    CU_ASSERT(worst(vec_log, log, 1, 1e6, STEPS) <= 3);
    CU_ASSERT(worst(vec_log1p_unit, log1p, 0, 1, STEPS) <= 3);
    CU_ASSERT(worst(vec_tanh, tanh, -10, 10, STEPS) <= 4);
    CU_ASSERT(worst(vec_tanh, tanh, -0.3, 0.3, STEPS) <= 4);
    CU_ASSERT(worst(vec_sigmoid, sigmoid, -80, 80, STEPS) <= 4);
    CU_ASSERT(worst(vec_softplus, softplus, -80, 80, STEPS) <= 4);
    for (float x = 1e-44f; x < 1e38f; x *= 1.37f)
        if (!(ulp_error(vec_log(x), log((double)x)) <= 3))
            CU_FAIL("log of a small or large number");
}

/* The one function whose error is bounded as it is, not in ulp. */
static void test_normal_cdf(void)
{
    double largest = 0;
    for (int i = -1000000; i <= 1000000; i++) {
        float x = (float)i * 1e-5f;
        largest = fmax(largest, fabs((double)vec_normal_cdf(x) - erfc(-(double)x * sqrt(0.5)) / 2));
    }
    CU_ASSERT(largest <= 9e-8);
    CU_ASSERT(vec_normal_cdf(INFINITY) == 1 && vec_normal_cdf(9) == 1 &&
              isnan(vec_normal_cdf(NAN)));
    CU_ASSERT(vec_normal_cdf(-INFINITY) < 1e-15f && vec_normal_cdf(-INFINITY) >= 0);
}

static void test_gelu(void)
{
    double largest = 0;
    int differ = 0;
    for (int i = -1000000; i <= 1000000; i++) {
        float x = (float)i * 1e-5f, slope, value = vec_gelu(x, &slope);
        double at = (double)x, density = exp(-at * at / 2) / sqrt(2 * acos(-1));
        differ += value != x * vec_normal_cdf(x);
        largest = fmax(largest, fabs((double)slope - erfc(-at * sqrt(0.5)) / 2 - at * density));
    }
    CU_ASSERT(differ == 0 && largest <= 2e-7);
    float slope[3], value = vec_gelu(NAN, &slope[0]);
    CU_ASSERT(isnan(value) && isnan(slope[0]));
    CU_ASSERT(vec_gelu(100, &slope[1]) == 100 && slope[1] == 1);
    CU_ASSERT(fabsf(vec_gelu(-100, &slope[2])) < 1e-14f && fabsf(slope[2]) < 1e-14f);
}

static void test_special_values(void)
{
    CU_ASSERT(vec_exp_falling(0) == 1 && isnan(vec_exp_falling(NAN)));
    CU_ASSERT(vec_exp_falling(-INFINITY) == vec_exp_falling(-60) && vec_exp_falling(-60) < 1e-26f);
    CU_ASSERT(vec_exp(-INFINITY) == 0 && isinf(vec_exp(INFINITY)) && isnan(vec_exp(NAN)));
    CU_ASSERT(vec_exp(-87.3f) > 0 && vec_exp(-87.4f) == 0 && vec_exp(-104) == 0);
    CU_ASSERT(vec_exp(0) == 1 && isinf(vec_exp(89)));
    CU_ASSERT(vec_log(0) == -INFINITY && isnan(vec_log(-1)) && isinf(vec_log(INFINITY)));
    CU_ASSERT(isnan(vec_log(NAN)) && vec_log(1) == 0);
    CU_ASSERT(vec_tanh(INFINITY) == 1 && vec_tanh(-INFINITY) == -1 && isnan(vec_tanh(NAN)));
    CU_ASSERT(vec_tanh(0) == 0 && isnan(vec_sigmoid(NAN)) && isnan(vec_softplus(NAN)));
    CU_ASSERT(vec_sigmoid(-INFINITY) == 0 && vec_sigmoid(INFINITY) == 1);
    CU_ASSERT(vec_softplus(-INFINITY) == 0 && isinf(vec_softplus(INFINITY)));
}

/* No result is subnormal, over arguments that would make some. */
static void test_no_subnormals(void)
{
    int subnormal = 0;
    for (float x = -120; x < 120; x += 0.01f) {
        subnormal += fpclassify(vec_exp(x)) == FP_SUBNORMAL;
        subnormal += fpclassify(vec_normal_cdf(x)) == FP_SUBNORMAL;
        subnormal += fpclassify(vec_sigmoid(x)) == FP_SUBNORMAL;
        subnormal += fpclassify(vec_softplus(x)) == FP_SUBNORMAL;
    }
    CU_ASSERT_EQUAL(subnormal, 0);
    CU_ASSERT(vec_log1p_unit(1e-20f) == 1e-20f && vec_tanh(1e-20f) == 1e-20f);
}

/* A loop that the compiler vectorises, and the same arguments one by one through a volatile. */
static void test_lanes(void)
{
    enum { N = 1003 };
    float x[N], in_loop[N];
    Rng rng = rng_stream(1, "lanes");
    rng_normal(&rng, x, N);
    int differ = 0;
    for (int i = 0; i < N; i++)
        in_loop[i] = vec_tanh(3 * x[i]) + vec_exp(x[i]) * vec_softplus(x[i]) + vec_normal_cdf(x[i]);
    for (int i = 0; i < N; i++) {
        volatile float alone = x[i];
        float a =
            vec_tanh(3 * alone) + vec_exp(alone) * vec_softplus(alone) + vec_normal_cdf(alone);
        differ += a != in_loop[i];
    }
    CU_ASSERT_EQUAL(differ, 0);
}

const Suite suite = {"support/vecmath",
                     {{"errors in ulp", test_errors},
                      {"errors of the normal distribution", test_normal_cdf},
                      {"gelu and its slope", test_gelu},
                      {"special values", test_special_values},
                      {"no subnormal results", test_no_subnormals},
                      {"values do not depend on the lane", test_lanes},
                      {NULL, NULL}}};
