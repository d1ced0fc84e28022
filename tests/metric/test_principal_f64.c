/* Principal components on points whose axes are known, and what every fit must keep. */
#include "harness/suite.h"
#include "metric/principal.h"
#include "support/rng.h"

#include <math.h>

/* Four points on an ellipse turned by 30 degrees about (1, -2): half axes 3 and 1. */
static void test_ellipse(void)
{
    const double c = sqrt(3) / 2, s = 0.5;
    const real row[8] = {1 + 3 * c, -2 + 3 * s, 1 - 3 * c, -2 - 3 * s,
                         1 - s,     -2 + c,     1 + s,     -2 - c};
    Principal *p = principal_fit(row, 4, 2, 2);
    CU_ASSERT_DOUBLE_EQUAL(p->mean[0], 1, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(p->mean[1], -2, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(fabs(p->axis[0] * c + p->axis[1] * s), 1, 1e-12);
    real point[8];
    principal_project(p, row, 4, point);
    CU_ASSERT_DOUBLE_EQUAL(fabs(point[0]), 3, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(point[1], 0, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(fabs(point[5]), 1, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(point[0], -point[2], 1e-12);
    principal_free(p);
}

/* Variances of the components fall, the components are uncorrelated, and with all axes lengths
 * stay.
 */
static void test_invariants(void)
{
    enum { N = 200, DIM = 5 };
    real row[N * DIM], point[N * DIM];
    Rng rng = rng_stream(1, "test");
    rng_normal(&rng, row, N * DIM);
    for (int i = 0; i < N; i++) {
        row[i * DIM + 2] += 2 * row[i * DIM];
        row[i * DIM + 4] -= row[i * DIM + 1] + 3;
    }
    Principal *p = principal_fit(row, N, DIM, DIM);
    principal_project(p, row, N, point);
    double moment[DIM][DIM] = {{0}}, before = 0, after = 0;
    for (int i = 0; i < N; i++)
        for (int a = 0; a < DIM; a++) {
            before += pow(row[i * DIM + a] - p->mean[a], 2);
            after += pow(point[i * DIM + a], 2);
            for (int b = 0; b < DIM; b++)
                moment[a][b] += point[i * DIM + a] * point[i * DIM + b] / N;
        }
    CU_ASSERT_DOUBLE_EQUAL(before, after, 1e-9);
    for (int a = 0; a < DIM; a++)
        for (int b = 0; b < a; b++) {
            CU_ASSERT_DOUBLE_EQUAL(moment[a][b], 0, 1e-9);
            CU_ASSERT(moment[b][b] > moment[a][a]);
        }
    principal_free(p);
}

const Suite suite = {"metric/principal",
                     {{"an ellipse", test_ellipse},
                      {"uncorrelated, falling, lengths stay", test_invariants},
                      {NULL, NULL}}};
