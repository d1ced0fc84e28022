/* The area under the curve: by counting pairs, at ties, and of the curve itself. */
#include "metric/roc.h"

#include "harness/suite.h"
#include "support/rng.h"

#include <math.h>

static void test_area(void)
{
    const double usual[] = {1, 2, 3, 4}, above[] = {5, 6}, below[] = {0, -1}, tied[] = {2, 2};
    CU_ASSERT_EQUAL(roc_area(usual, 4, above, 2), 1);
    CU_ASSERT_EQUAL(roc_area(usual, 4, below, 2), 0);
    CU_ASSERT(fabs(roc_area(usual, 4, tied, 2) - 1.5 / 4) < 1e-15);
    CU_ASSERT(fabs(roc_area(usual, 4, usual, 4) - 0.5) < 1e-15);
}

/* All pairs, one by one. */
static void test_pairs(void)
{
    enum { N = 40, M = 31 };
    double usual[N], strange[M], count = 0;
    Rng rng = rng_stream(1, "roc");
    for (int i = 0; i < N; i++)
        usual[i] = floor(6 * rng_uniform_one(&rng));
    for (int i = 0; i < M; i++)
        strange[i] = floor(7 * rng_uniform_one(&rng));
    for (int i = 0; i < N; i++)
        for (int j = 0; j < M; j++)
            count += strange[j] > usual[i] ? 1 : strange[j] == usual[i] ? 0.5 : 0;
    CU_ASSERT(fabs(roc_area(usual, N, strange, M) - count / (N * M)) < 1e-12);
}

/* From (0, 0 or more) to (1, 1), never falling, with the same area. */
static void test_curve(void)
{
    enum { N = 400, M = 300, POINTS = 401 };
    double usual[N], strange[M], found[POINTS], area = 0;
    Rng rng = rng_stream(2, "roc");
    for (int i = 0; i < N; i++)
        usual[i] = rng_normal_one(&rng);
    for (int i = 0; i < M; i++)
        strange[i] = 1 + rng_normal_one(&rng);
    roc_curve(usual, N, strange, M, POINTS, found);
    CU_ASSERT(found[POINTS - 1] == 1 && found[0] < 0.3);
    for (int p = 1; p < POINTS; p++) {
        CU_ASSERT(found[p] >= found[p - 1]);
        area += 0.5 * (found[p] + found[p - 1]) / (POINTS - 1);
    }
    CU_ASSERT(fabs(area - roc_area(usual, N, strange, M)) < 5e-3);
}

const Suite suite = {
    "metric/roc",
    {{"area", test_area}, {"area by pairs", test_pairs}, {"curve", test_curve}, {NULL, NULL}}};
