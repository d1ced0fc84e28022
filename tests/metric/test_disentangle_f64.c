/* MIG and DCI: cases by hand, codes that must score high, low and in between, what must not change
 * a score, and degenerate input. */
#include "harness/suite.h"
#include "metric/disentangle.h"
#include "metric/features.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 10000, FACTORS = 5 };

/* Independent factors, uniform on 0 .. 1; the last one only 0 or 1. */
static real *factors_new(void)
{
    real *factor = memory_new((size_t)N * FACTORS, sizeof *factor);
    Rng rng = rng_stream(30, "factors");
    rng_uniform(&rng, factor, (size_t)N * FACTORS);
    for (int i = 0; i < N; i++)
        factor[i * FACTORS + FACTORS - 1] = factor[i * FACTORS + FACTORS - 1] < 0.5;
    return factor;
}

/* code[i, place[f]] = scale factor + noise, other latents noise alone. */
static real *code_of(const real *factor, int latents, const int *place, double noise)
{
    real *code = features_normal("code", 0, N, latents, 1);
    for (int i = 0; i < N; i++)
        for (int f = 0; f < FACTORS; f++) {
            real *value = &code[i * latents + place[f]];
            *value = (real)((f % 2 == 0 ? 3 : -0.2) * (factor[i * FACTORS + f] + noise * *value));
        }
    return code;
}

static const int PLACE[FACTORS] = {3, 0, 6, 1, 4};

/* Two binary factors, two latents. Latent 0 is the first factor; latent 1 is it in half the rows
 * and else 0 (so three quarters 0): I = H(1/4) - 1/2 ln 2. The second factor is independent of both
 * in these eight rows. */
static void test_mig_by_hand(void)
{
    const real factor[] = {0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 1, 1, 1, 0, 1, 1};
    const real code[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 1, 0};
    double two = log(2), quarter = 0.25 * log(4) + 0.75 * log(4.0 / 3);
    double information[4], entropy[2];
    disentangle_information(code, 8, 2, factor, 2, information, entropy);
    CU_ASSERT(fabs(entropy[0] - two) < 1e-14 && fabs(entropy[1] - two) < 1e-14);
    CU_ASSERT(fabs(information[0] - two) < 1e-14);
    CU_ASSERT(fabs(information[2] - (quarter - two / 2)) < 1e-14);
    CU_ASSERT(fabs(information[1]) < 1e-14 && fabs(information[3]) < 1e-14);
    double first = (two - (quarter - two / 2)) / two;
    CU_ASSERT(fabs(disentangle_mig(code, 8, 2, factor, 2) - first / 2) < 1e-14);
}

/* A latent of its own for each factor, in another order, scaled, turned round, and three of noise.
 */
static void test_identity(void)
{
    real *factor = factors_new(), *code = code_of(factor, 8, PLACE, 0);
    double importance[8 * FACTORS], explained[FACTORS];
    double mig = disentangle_mig(code, N, 8, factor, FACTORS);
    Dci dci = disentangle_dci(code, N, 8, factor, FACTORS, importance, explained);
    CU_ASSERT(mig > 0.95 && mig <= 1);
    CU_ASSERT(dci.disentanglement > 0.99 && dci.disentanglement <= 1);
    CU_ASSERT(dci.completeness > 0.99 && dci.completeness <= 1);
    CU_ASSERT(dci.informativeness > 0.999 && dci.informativeness <= 1);
    for (int f = 0; f < FACTORS; f++) {
        CU_ASSERT(fabs(importance[PLACE[f] * FACTORS + f] - 1) < 1e-3);
        CU_ASSERT(explained[f] > 0.999);
    }
    free(code);
    free(factor);
}

/* Noise of a tenth beside a factor whose deviation is .289 (.5 of the last): 0.893 of the variance
 * is explained (0.962 of the last), 0.907 in the mean; chance adds little to the importances. */
static void test_noisy(void)
{
    real *factor = factors_new(), *code = code_of(factor, 8, PLACE, 0.1);
    double explained[FACTORS];
    double mig = disentangle_mig(code, N, 8, factor, FACTORS);
    Dci dci = disentangle_dci(code, N, 8, factor, FACTORS, NULL, explained);
    CU_ASSERT(mig > 0.2 && mig < 0.7);
    CU_ASSERT(dci.disentanglement > 0.9);
    CU_ASSERT(dci.completeness > 0.9);
    for (int f = 0; f < FACTORS; f++)
        CU_ASSERT(fabs(explained[f] - (f == FACTORS - 1 ? 0.962 : 0.893)) < 0.03);
    free(code);
    free(factor);
}

static void test_useless(void)
{
    real *factor = factors_new(), *code = features_normal("noise", 0, N, 8, 1);
    double mig = disentangle_mig(code, N, 8, factor, FACTORS);
    Dci dci = disentangle_dci(code, N, 8, factor, FACTORS, NULL, NULL);
    CU_ASSERT(mig >= 0 && mig < 0.01);
    CU_ASSERT(dci.informativeness >= 0 && dci.informativeness < 0.01);
    free(code);
    free(factor);
}

/* A code that is turned holds the same, and says so; but no latent stands for a factor. */
static void test_turned(void)
{
    static const int place[FACTORS] = {0, 1, 2, 3, 4};
    real *factor = factors_new(), *code = code_of(factor, FACTORS, place, 0);
    for (int i = 0; i < N; i++) /* equal scales, so that turning mixes all */
        for (int f = 0; f < FACTORS; f++)
            code[i * FACTORS + f] = factor[i * FACTORS + f];
    features_rotate(code, N, FACTORS);
    double mig = disentangle_mig(code, N, FACTORS, factor, FACTORS);
    Dci dci = disentangle_dci(code, N, FACTORS, factor, FACTORS, NULL, NULL);
    CU_ASSERT(mig >= 0 && mig < 0.4);
    CU_ASSERT(dci.disentanglement < 0.7);
    CU_ASSERT(dci.completeness < 0.7);
    CU_ASSERT(dci.informativeness > 0.99);
    free(code);
    free(factor);
}

/* One latent for two factors: it is complete, but not disentangled. Two latents for one factor: the
 * other way round. */
static void test_one_for_two(void)
{
    enum { ROWS = 4000 };
    real *shared = features_normal("shared", 0, ROWS, 2, 1);
    real *factor = memory_new(2 * ROWS, sizeof *factor);
    for (int i = 0; i < ROWS; i++) /* both factors are latent 0 */
        factor[2 * i] = factor[2 * i + 1] = shared[2 * i];
    Dci dci = disentangle_dci(shared, ROWS, 2, factor, 2, NULL, NULL);
    CU_ASSERT(dci.disentanglement < 0.01);
    CU_ASSERT(dci.completeness > 0.99);
    for (int i = 0; i < ROWS; i++) { /* latents 0 and 1 add up to the first factor */
        factor[2 * i] = shared[2 * i] + shared[2 * i + 1];
        factor[2 * i + 1] = 1;
    }
    double explained[2];
    dci = disentangle_dci(shared, ROWS, 2, factor, 2, NULL, explained);
    CU_ASSERT(dci.disentanglement > 0.99);
    CU_ASSERT(dci.completeness < 0.01);
    CU_ASSERT(explained[0] > 0.999 && isnan(explained[1]));
    free(factor);
    free(shared);
}

static double binary_entropy(double p)
{
    return -p * log2(p) - (1 - p) * log2(1 - p);
}

/* First factor the sum of both latents, second one the first latent: R = [s 1; s 0] with s = root
 * of one half. The first row has shares s / (s + 1), the first column a half each. */
static void test_dci_by_hand(void)
{
    enum { ROWS = 20000 };
    real *code = features_normal("by hand", 0, ROWS, 2, 1);
    real *factor = memory_new(2 * ROWS, sizeof *factor);
    for (int i = 0; i < ROWS; i++) {
        factor[2 * i] = code[2 * i] + code[2 * i + 1];
        factor[2 * i + 1] = code[2 * i];
    }
    double s = sqrt(0.5), row = 1 - binary_entropy(s / (s + 1)), importance[4];
    Dci dci = disentangle_dci(code, ROWS, 2, factor, 2, importance, NULL);
    CU_ASSERT(fabs(importance[0] - s) < 0.02 && fabs(importance[1] - 1) < 0.001);
    CU_ASSERT(fabs(importance[2] - s) < 0.02 && importance[3] < 0.001);
    CU_ASSERT(fabs(dci.disentanglement - ((s + 1) * row + s) / (2 * s + 1)) < 0.01);
    CU_ASSERT(fabs(dci.completeness - 0.5) < 0.01);
    free(factor);
    free(code);
}

/* Scale, sign and order of the latents change nothing but the order of the importances. */
static void test_invariance(void)
{
    static const int other[FACTORS] = {1, 2, 3, 4, 5};
    real *factor = factors_new(), *code = code_of(factor, 8, PLACE, 0.1);
    real *moved = memory_new((size_t)N * 8, sizeof *moved);
    for (int i = 0; i < N; i++)
        for (int l = 0; l < 8; l++)
            moved[i * 8 + (l + 3) % 8] =
                (l == 2 ? -4 : 0.25) * code[i * 8 + l] + other[l % FACTORS];
    CU_ASSERT(fabs(disentangle_mig(code, N, 8, factor, FACTORS) -
                   disentangle_mig(moved, N, 8, factor, FACTORS)) < 1e-3);
    Dci a = disentangle_dci(code, N, 8, factor, FACTORS, NULL, NULL);
    Dci b = disentangle_dci(moved, N, 8, factor, FACTORS, NULL, NULL);
    CU_ASSERT(fabs(a.disentanglement - b.disentanglement) < 1e-6);
    CU_ASSERT(fabs(a.completeness - b.completeness) < 1e-6);
    CU_ASSERT(fabs(a.informativeness - b.informativeness) < 1e-6);
    free(moved);
    free(code);
    free(factor);
}

/* A latent that never varies costs nothing; one latent alone has no second; a factor that never
 * varies is left out; without any, and with NaN, there is no score. */
static void test_degenerate(void)
{
    real *factor = factors_new(), *code = code_of(factor, 8, PLACE, 0);
    for (int i = 0; i < N; i++) {
        code[i * 8 + 2] = 7;
        factor[i * FACTORS + 1] = 0.1;
    }
    double explained[FACTORS];
    Dci dci = disentangle_dci(code, N, 8, factor, FACTORS, NULL, explained);
    CU_ASSERT(disentangle_mig(code, N, 8, factor, FACTORS) > 0.95);
    CU_ASSERT(dci.disentanglement > 0.99 && dci.completeness > 0.99);
    CU_ASSERT(isnan(explained[1]) && explained[0] > 0.999);
    CU_ASSERT(fabs(disentangle_mig(factor, N, 1, factor, 1) - 1) < 1e-12);
    dci = disentangle_dci(factor, N, 1, factor, 1, NULL, NULL);
    CU_ASSERT(dci.disentanglement == 1 && dci.completeness == 1 && dci.informativeness > 0.999);
    real same[20] = {0}, line[20];
    for (int i = 0; i < 20; i++)
        line[i] = i;
    CU_ASSERT(isnan(disentangle_mig(line, 20, 1, same, 1)));
    CU_ASSERT(isnan(disentangle_dci(line, 20, 1, same, 1, NULL, NULL).completeness));
    CU_ASSERT_EQUAL(disentangle_mig(same, 20, 1, line, 1), 0);
    CU_ASSERT_EQUAL(disentangle_dci(same, 20, 1, line, 1, NULL, NULL).disentanglement, 0);
    line[3] = NAN;
    CU_ASSERT(isnan(disentangle_mig(line, 20, 1, same, 1)));
    CU_ASSERT(isnan(disentangle_dci(line, 20, 1, same, 1, NULL, NULL).informativeness));
    free(code);
    free(factor);
}

static void too_few(void *context)
{
    (void)context;
    real x[5] = {1, 2, 3, 4, 5};
    disentangle_dci(x, 5, 1, x, 1, NULL, NULL);
}

static void test_refusal(void)
{
    ChildResult result = child_run(too_few, NULL);
    CU_ASSERT(child_said(&result, 134, "at least 10 rows"));
}

const Suite suite = {"metric/disentangle",
                     {{"MIG by hand", test_mig_by_hand},
                      {"a latent for each factor", test_identity},
                      {"with noise", test_noisy},
                      {"useless code", test_useless},
                      {"turned code", test_turned},
                      {"one for two, two for one", test_one_for_two},
                      {"DCI by hand", test_dci_by_hand},
                      {"what must not change them", test_invariance},
                      {"degenerate input", test_degenerate},
                      {"too few rows", test_refusal},
                      {NULL, NULL}}};
