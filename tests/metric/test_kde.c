#include "metric/kde.h"

#include "harness/suite.h"
#include "support/memory.h"
#include "support/rng.h"

#include <math.h>
#include <stdlib.h>

/* Two points on the line, by hand. */
static void test_by_hand(void)
{
    const real point[] = {-1, 2}, x[] = {(real)0.5};
    Kde kde = {point, 2, 1, 0.8};
    double z = 1.5 / 0.8, one = exp(-0.5 * z * z) / (0.8 * sqrt(2 * M_PI)); /* both are 1.5 away */
    CU_ASSERT(fabs(kde_log_density(&kde, x) - log(one)) < 1e-12);
    const real far[] = {200};
    CU_ASSERT(isfinite(kde_log_density(&kde, far)));
}

static void test_integrates(void)
{
    enum { N = 30, CELLS = 200 };
    real point[2 * N];
    Rng rng = rng_stream(1, "points");
    double sum = 0;
    rng_normal(&rng, point, 2 * N);
    Kde kde = {point, N, 2, 0.3};
    for (int i = 0; i < CELLS * CELLS; i++) {
        real x[] = {(real)(6 * ((2 * (i % CELLS) + 1.0) / CELLS - 1)),
                    (real)(6 * ((2 * (i / CELLS) + 1.0) / CELLS - 1))};
        sum += exp(kde_log_density(&kde, x)) * 144 / (CELLS * CELLS);
    }
    CU_ASSERT(fabs(sum - 1) < 1e-5);
}

/* The bandwidth is the best of its neighbours, of the size that theory gives for a Gaussian
 * (Silverman 1986, sec. 4.3.2: (4 / (dims + 2))^(1/(dims+4)) n^(-1/(dims+4)), 1 here), and the log
 * density near the entropy. */
static void test_bandwidth(void)
{
    enum { N = 2000, HELD = 500 };
    real *point = memory_new(2 * N, sizeof *point), *held = memory_new(2 * HELD, sizeof *held);
    double scratch[HELD];
    Rng rng = rng_stream(2, "points");
    rng_normal(&rng, point, 2 * N);
    rng_normal(&rng, held, 2 * HELD);
    Kde kde = kde_fit(point, N, 2, held, HELD, scratch);
    double best = kde_mean_log_density(&kde, held, HELD, scratch), usual = pow(N, -1.0 / 6);
    CU_ASSERT(kde.bandwidth > 0.5 * usual && kde.bandwidth < 2 * usual);
    CU_ASSERT(fabs(best + log(2 * M_PI * M_E)) < 0.15);
    for (int side = -1; side <= 1; side += 2) {
        Kde other = kde;
        other.bandwidth *= pow(1.15, side);
        CU_ASSERT(kde_mean_log_density(&other, held, HELD, scratch) <= best);
    }
    free(point);
    free(held);
}

const Suite suite = {"metric/kde",
                     {{"two points by hand", test_by_hand},
                      {"integrates to 1", test_integrates},
                      {"bandwidth", test_bandwidth},
                      {NULL, NULL}}};
