/* The sliced Wasserstein distance: transport on a line by hand, unequal counts, shifts, and the
 * closed form between Gaussians. */
#include "harness/suite.h"
#include "metric/features.h"
#include "metric/sliced_wasserstein.h"

#include <math.h>
#include <stdlib.h>

/* {0, 1} to {0, 1, 2}: in sixths, 2 stay, 1 moves from 0 to 1, 1 stays, 2 move from 1 to 2. */
static void test_line(void)
{
    double a[] = {0, 1}, b[] = {0, 1, 2}, c[] = {-1, 5};
    CU_ASSERT(fabs(wasserstein_line_squared(a, 2, b, 3) - 0.5) < 1e-14);
    CU_ASSERT(fabs(wasserstein_line_squared(b, 3, a, 2) - 0.5) < 1e-14);
    CU_ASSERT(fabs(wasserstein_line_squared(a, 2, c, 2) - (1 + 16) / 2.0) < 1e-14);
    CU_ASSERT_EQUAL(wasserstein_line_squared(b, 3, b, 3), 0);
}

/* In one dimension every line is the line itself, in either direction. */
static void test_one_dimension(void)
{
    real a[] = {1, 0}, b[] = {2, 0, 1};
    Rng rng = rng_stream(1, "lines");
    CU_ASSERT(fabs(sliced_wasserstein(a, 2, b, 3, 1, 7, &rng) - sqrt(0.5)) < 1e-12);
}

/* A set with every row twice is the same distribution. */
static void test_twice(void)
{
    enum { N = 30, M = 17, DIM = 3 };
    real *a = features_normal("twice", 0, N, DIM, 1), *b = features_normal("twice", 1, M, DIM, 2);
    real *aa = memory_new(2 * N * DIM, sizeof *aa);
    for (int i = 0; i < 2 * N * DIM; i++)
        aa[i] = a[i % (N * DIM)];
    Rng one = rng_stream(1, "lines"), two = one, three = one;
    CU_ASSERT(sliced_wasserstein(aa, 2 * N, a, N, DIM, 20, &one) < 1e-12);
    one = two;
    double once = sliced_wasserstein(a, N, b, M, DIM, 20, &one);
    CU_ASSERT(fabs(sliced_wasserstein(aa, 2 * N, b, M, DIM, 20, &two) - once) < 1e-12);
    CU_ASSERT(fabs(sliced_wasserstein(b, M, a, N, DIM, 20, &three) - once) < 1e-12);
    free(aa);
    free(b);
    free(a);
}

/* Moved by a vector, a set is (u.shift)^2 away on the line u: |shift|^2 / dim over all lines. With
 * dim = 8, (u.shift)^2 / |shift|^2 is Beta(1/2, 7/2) with sd .148; of 5,000 lines the mean misses
 * by 4.5 times .148 / sqrt(5000) at a rate of 7e-6. */
static void test_shift(void)
{
    enum { N = 50, DIM = 8, LINES = 5000 };
    double by[DIM] = {3, 0, -4};
    real *a = features_normal("shift", 0, N, DIM, 1), *b = features_normal("shift", 0, N, DIM, 1);
    Rng rng = rng_stream(2, "lines");
    features_shift(b, N, DIM, by);
    double square = pow(sliced_wasserstein(a, N, b, N, DIM, LINES, &rng), 2);
    CU_ASSERT(fabs(square / 25 - 1.0 / DIM) < 4.5 * 0.148 / sqrt(LINES));
    free(b);
    free(a);
}

/* N(0, I) against N(0, 4 I): 1 on every line. The sd of 4,000 projected rows errs by 1 in
 * sqrt(8000), twice that for the wider set; lines share rows in part, so four times it is allowed
 * for, and .01 for the tails. False alarms below 1e-4. */
static void test_gaussians(void)
{
    enum { N = 4000, DIM = 4 };
    real *a = features_normal("wide", 0, N, DIM, 1), *b = features_normal("wide", 1, N, DIM, 2);
    real *c = features_normal("wide", 2, N, DIM, 1);
    Rng rng = rng_stream(3, "lines");
    CU_ASSERT(fabs(sliced_wasserstein(a, N, b, N, DIM, 200, &rng) - 1) < 0.1);
    CU_ASSERT(sliced_wasserstein(a, N, c, N, DIM, 200, &rng) < 0.1);
    free(c);
    free(b);
    free(a);
}

static void no_lines(void *context)
{
    (void)context;
    real a[] = {1, 2, 3};
    Rng rng = rng_stream(1, "lines");
    sliced_wasserstein(a, 3, a, 3, 1, 0, &rng);
}

static void test_refusal(void)
{
    ChildResult result = child_run(no_lines, NULL);
    CU_ASSERT(child_said(&result, 134, "at least 1"));
}

const Suite suite = {"metric/sliced_wasserstein",
                     {{"on a line by hand", test_line},
                      {"one dimension", test_one_dimension},
                      {"every row twice, unequal counts", test_twice},
                      {"shift", test_shift},
                      {"Gaussians", test_gaussians},
                      {"no lines", test_refusal},
                      {NULL, NULL}}};
