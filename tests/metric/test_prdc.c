/* Precision, recall, density and coverage: a case by hand, sets against themselves, expectations
 * for two sets of one distribution, what each of the four must notice, and what none may. */
#include "harness/suite.h"
#include "metric/features.h"
#include "metric/prdc.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* k = 1. Balls of the real rows reach 1, 1, 2, 7, 20; of the samples 2, 2, 15.5. Sample 18 is in no
 * real ball; 2.5 is in that of 3 alone and 0.5 in those of 0 and 1, which makes three pairs. Real
 * -20 is in no sample's ball; 10 is in that of 18, but its own ball is empty. */
static void test_by_hand(void)
{
    real real_rows[] = {0, 1, 3, 10, -20}, samples[] = {0.5, 2.5, 18};
    Prdc found = prdc(real_rows, 5, samples, 3, 1, 1);
    CU_ASSERT(fabs(found.precision - 2.0 / 3) < 1e-14);
    CU_ASSERT(fabs(found.recall - 4.0 / 5) < 1e-14);
    CU_ASSERT(fabs(found.density - 3.0 / 3) < 1e-14);
    CU_ASSERT(fabs(found.coverage - 3.0 / 5) < 1e-14);
}

/* k = 2 on the same rows: real balls 3, 2, 3, 9, 21; sample balls 17.5, 15.5, 17.5. */
static void test_second_neighbour(void)
{
    real real_rows[] = {0, 1, 3, 10, -20}, samples[] = {0.5, 2.5, 18};
    Prdc found = prdc(real_rows, 5, samples, 3, 1, 2);
    CU_ASSERT(fabs(found.precision - 1) < 1e-14);
    CU_ASSERT(fabs(found.recall - 4.0 / 5) < 1e-14);
    CU_ASSERT(fabs(found.density - 9.0 / 6) < 1e-14);
    CU_ASSERT(fabs(found.coverage - 5.0 / 5) < 1e-14);
}

/* A set against itself: every row is in its own ball and in k others on average. Far apart:
 * nothing. Rows that are all equal have balls of radius 0, edge included. */
static void test_extremes(void)
{
    enum { N = 60, DIM = 5 };
    double far[DIM] = {100};
    real *a = features_normal("extremes", 0, N, DIM, 1),
         *b = features_normal("extremes", 1, N, DIM, 1);
    real equal[12] = {0};
    Prdc same = prdc(a, N, a, N, DIM, 3), zero = prdc(equal, 6, equal, 6, 2, 3);
    CU_ASSERT_EQUAL(same.precision, 1);
    CU_ASSERT_EQUAL(same.recall, 1);
    CU_ASSERT(fabs(same.density - 4.0 / 3) < 1e-14);
    CU_ASSERT_EQUAL(same.coverage, 1);
    CU_ASSERT_EQUAL(zero.precision, 1);
    CU_ASSERT_EQUAL(zero.coverage, 1);
    features_shift(b, N, DIM, far);
    Prdc apart = prdc(a, N, b, N, DIM, 3);
    CU_ASSERT_EQUAL(apart.precision, 0);
    CU_ASSERT_EQUAL(apart.recall, 0);
    CU_ASSERT_EQUAL(apart.density, 0);
    CU_ASSERT_EQUAL(apart.coverage, 0);
    free(b);
    free(a);
}

/* Turning, moving and scaling both sets changes nothing; exchanging them exchanges precision and
 * recall. */
static void test_invariance(void)
{
    enum { N = 250, M = 200, DIM = 8 };
    double by[DIM] = {1, -2, 0, 0.5, 0, 0, 2, 0};
    real *a = features_normal("still", 0, N, DIM, 1), *b = features_normal("still", 1, M, DIM, 1.2);
    Prdc before = prdc(a, N, b, M, DIM, 3), swapped = prdc(b, M, a, N, DIM, 3);
    CU_ASSERT(before.precision > 0.2 && before.precision < 0.98);
    CU_ASSERT_EQUAL(swapped.precision, before.recall);
    CU_ASSERT_EQUAL(swapped.recall, before.precision);
    features_rotate(a, N, DIM);
    features_rotate(b, M, DIM);
    features_shift(a, N, DIM, by);
    features_shift(b, M, DIM, by);
    for (int i = 0; i < N * DIM; i++)
        a[i] *= 4;
    for (int i = 0; i < M * DIM; i++)
        b[i] *= 4;
    Prdc after = prdc(a, N, b, M, DIM, 3);
    CU_ASSERT(fabs(after.precision - before.precision) < 1e-12);
    CU_ASSERT(fabs(after.recall - before.recall) < 1e-12);
    CU_ASSERT(fabs(after.density - before.density) < 1e-12);
    CU_ASSERT(fabs(after.coverage - before.coverage) < 1e-12);
    free(b);
    free(a);
}

static void test_expected_coverage(void)
{
    CU_ASSERT(fabs(prdc_expected_coverage(1000, 1000, 3) - 0.87538) < 5e-6);
    CU_ASSERT(fabs(prdc_expected_coverage(1000, 1000, 5) - 0.96898) < 5e-6);
    CU_ASSERT(fabs(prdc_expected_coverage(1000000, 1000000, 5) - (1 - 1.0 / 32)) < 1e-6);
    /* Two real rows, one sample: the ball of a real row is empty when the other real row is nearer
     * than the sample. */
    CU_ASSERT(fabs(prdc_expected_coverage(2, 1, 1) - 0.5) < 1e-14);
}

/* Two sets of 1,000 from N(0, I): density 1 and the coverage of the formula are exact; precision
 * and recall are means of 30 to 60 draws measured elsewhere, with three digits. Each mean may miss
 * by 4.5 standard errors of its own, and precision and recall by .004 more for the reference's
 * error: false alarms below 7e-6 each. */
static void near(const double *value, int draws, double expected, double slack)
{
    FeaturesMean mean = features_mean(value, draws);
    CU_ASSERT(fabs(mean.mean - expected) < 4.5 * mean.se + slack);
    CU_ASSERT(mean.se < 0.025); /* density in 64 dimensions varies most */
}

static void gaussian_case(int dim, int k, double precision, double recall)
{
    enum { N = 1000, DRAWS = 12 };
    double value[4][DRAWS];
    for (int draw = 0; draw < DRAWS; draw++) {
        real *a = features_normal("prdc a", draw, N, dim, 1);
        real *b = features_normal("prdc b", draw, N, dim, 1);
        Prdc found = prdc(a, N, b, N, dim, k);
        value[0][draw] = found.precision;
        value[1][draw] = found.recall;
        value[2][draw] = found.density;
        value[3][draw] = found.coverage;
        free(b);
        free(a);
    }
    near(value[0], DRAWS, precision, 0.004);
    near(value[1], DRAWS, recall, 0.004);
    near(value[2], DRAWS, 1, 0);
    near(value[3], DRAWS, prdc_expected_coverage(N, N, k), 0);
}

static void test_gaussians(void)
{
    gaussian_case(2, 3, 0.9795, 0.9794);
    gaussian_case(2, 5, 0.996, 0.997);
    gaussian_case(64, 3, 0.615, 0.623);
    gaussian_case(64, 5, 0.726, 0.735);
}

/* The share of N(0, 100^2 I) in 4 dimensions within 1000 of (1000, 0, 0, 0): 20 z > z^2 + c, z the
 * first coordinate in deviations and c the chi^2 of the other three. By the trapezoidal rule. */
static double share_in_outlier_ball(void)
{
    double sum = 0;
    for (int i = 0; i <= 8000; i++) {
        double z = 8.0 * i / 8000;
        sum += gsl_ran_ugaussian_pdf(z) * gsl_cdf_chisq_P(20 * z - z * z, 3) * 8.0 / 8000;
    }
    return sum;
}

/* Samples from the middle of the distribution look real but don't show all of it; samples too wide
 * the other way round. A missing half costs coverage and recall, hardly precision. One real outlier
 * makes noise around it precise, not dense; the false alarm of that share is 7e-6. */
static void test_what_each_notices(void)
{
    enum { N = 600, DIM = 4 };
    double by[DIM] = {40};
    real *a = features_normal("notice", 0, N, DIM, 1),
         *b = features_normal("notice", 1, N, DIM, 0.5);
    Prdc narrow = prdc(a, N, b, N, DIM, 5), wide = prdc(b, N, a, N, DIM, 5);
    CU_ASSERT(narrow.precision > 0.99 && narrow.recall < 0.7 && narrow.density > 1.2);
    CU_ASSERT(wide.precision < 0.7 && wide.recall > 0.99 && wide.density < 0.7);
    free(b);
    b = features_normal("notice", 1, N, DIM, 1);
    features_shift(a, N / 2, DIM, by);
    Prdc half = prdc(a, N, b, N, DIM, 5);
    CU_ASSERT(half.precision > 0.9);
    CU_ASSERT(half.coverage > 0.4 && half.coverage < 0.52);
    CU_ASSERT(half.recall > 0.4 && half.recall < 0.52);
    memset(a, 0, N * DIM * sizeof *a);
    a[0] = 1000;
    real *noise = features_normal("notice", 2, N, DIM, 100);
    Prdc outlier = prdc(a, N, noise, N, DIM, 5);
    double inside = share_in_outlier_ball();
    CU_ASSERT(inside > 0.3);
    CU_ASSERT(fabs(outlier.precision - inside) < 4.5 * sqrt(inside * (1 - inside) / N));
    CU_ASSERT(outlier.density < 0.25);
    free(noise);
    free(b);
    free(a);
}

static void too_few(void *context)
{
    (void)context;
    real a[] = {1, 2, 3};
    prdc(a, 3, a, 3, 1, 3);
}

static void test_refusal(void)
{
    ChildResult result = child_run(too_few, NULL);
    CU_ASSERT(child_said(&result, 134, "below both counts"));
}

const Suite suite = {"metric/prdc",
                     {{"by hand", test_by_hand},
                      {"second neighbour by hand", test_second_neighbour},
                      {"equal and far apart", test_extremes},
                      {"what must not change them", test_invariance},
                      {"expected coverage", test_expected_coverage},
                      {"two sets of one Gaussian", test_gaussians},
                      {"what each notices", test_what_each_notices},
                      {"too few rows", test_refusal},
                      {NULL, NULL}}};
