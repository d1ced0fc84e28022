/* Counting in cells: shares that sum to 1, a divergence by hand, and its exact value for many
 * points. */
#include "harness/suite.h"
#include "metric/cells.h"
#include "support/rng.h"

#include <math.h>

static void test_shares(void)
{
    real x[] = {0,    0, 0.9f, 0.9f, 0.1f,
                0.8f, 5, 5,    1,    1}; /* the last two are outside: high edges */
    Cells cells = {2, {0, 0}, {1, 1}};
    double share[5], sum = 0;
    cells_count(&cells, x, 5, 2, 0, share);
    CU_ASSERT(fabs(share[0] - 0.2) < 1e-12 && share[1] == 0 && fabs(share[2] - 0.2) < 1e-12);
    CU_ASSERT(fabs(share[3] - 0.2) < 1e-12 && fabs(share[4] - 0.4) < 1e-12);
    cells_count(&cells, x, 5, 2, 0.5, share);
    for (int c = 0; c < 5; c++)
        sum += share[c];
    CU_ASSERT(fabs(sum - 1) < 1e-12);
    CU_ASSERT(fabs(share[1] - 0.5 / 7.5) < 1e-12);
}

/* Two sets of two points in four cells and the outside, half a point more everywhere. */
static void test_by_hand(void)
{
    real a[] = {0.1f, 0.1f, 0.1f, 0.2f}, b[] = {0.1f, 0.1f, 0.9f, 0.1f};
    Cells cells = {2, {0, 0}, {1, 1}};
    double p = 2.5 / 4.5, q = 1.5 / 4.5, rest = 0.5 / 4.5;
    double wanted = p * log(p / q) + rest * log(rest / q);
    CU_ASSERT(fabs(cells_kl(&cells, a, 2, b, 2, 2) - wanted) < 1e-12);
    CU_ASSERT(cells_kl(&cells, a, 2, a, 2, 2) == 0);
}

/* Uniform points against points of which the left half has three quarters. */
static void test_many(void)
{
    enum { N = 40000 };
    static real a[2 * N], b[2 * N];
    Rng rng = rng_stream(1, "cells");
    rng_uniform(&rng, a, 2 * N);
    rng_uniform(&rng, b, 2 * N);
    for (int i = 0; i < N; i++)
        b[2 * i] = (b[2 * i] + (rng_uniform_one(&rng) < 0.75 ? 0 : 1)) / 2;
    Cells cells = {4, {0, 0}, {1, 1}};
    double wanted = 0.5 * log(0.5 / 0.75) + 0.5 * log(0.5 / 0.25);
    CU_ASSERT(fabs(cells_kl(&cells, a, N, b, N, 2) - wanted) < 0.01);
}

/* The middle of each cell counts in that cell. */
static void test_centres(void)
{
    Cells cells = {3, {-1, 2}, {2, 8}};
    for (int c = 0; c < 9; c++) {
        double at[2], share[10];
        cells_centre(&cells, c, at);
        const real x[] = {(real)at[0], (real)at[1]};
        cells_count(&cells, x, 1, 2, 0, share);
        CU_ASSERT(share[c] == 1);
        CU_ASSERT(fabs(at[0] - (-0.5 + c % 3)) < 1e-12 && fabs(at[1] - (3 + 2 * (c / 3))) < 1e-12);
    }
}

static void test_around(void)
{
    real x[] = {-1, 2, 7, 3, 0, 4, 1, 9}; /* [4, 2] */
    Cells cells = cells_around(x, 4, 2, 10);
    CU_ASSERT(fabs(cells.low[0] + 1.8) < 1e-9 && fabs(cells.high[0] - 7.8) < 1e-9);
    CU_ASSERT(fabs(cells.low[1] - 1.3) < 1e-9 && fabs(cells.high[1] - 9.7) < 1e-9);
    double share[101];
    cells_count(&cells, x, 4, 2, 0, share);
    CU_ASSERT(share[100] == 0);
}

const Suite suite = {"metric/cells",
                     {{"shares", test_shares},
                      {"by hand", test_by_hand},
                      {"many points", test_many},
                      {"middles of cells", test_centres},
                      {"the box around points", test_around},
                      {NULL, NULL}}};
