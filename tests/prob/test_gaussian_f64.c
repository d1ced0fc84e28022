/* Diagonal Gaussians in double: densities against GSL's, divergence and entropy against numeric
 * integrals of their definitions, samples by Kolmogorov and Smirnov (false-alarm rate 1e-4 a test,
 * fixed by the seed), derivatives against finite differences. */
#include "prob/gaussian.h"
#include "prob/goodness.h"
#include "tensor/gradient_check.h"

#include <gsl/gsl_integration.h>
#include <gsl/gsl_randist.h>

/* A Gaussian of one number, or of more with uneven means and variances. */
static Gaussian one(Tape *tape, double mean, double logvar)
{
    return (Gaussian){tensor_fill(tape, 2, (int[]){1, 1}, mean),
                      tensor_fill(tape, 2, (int[]){1, 1}, logvar)};
}

static Gaussian uneven(Tape *tape, int rows, int dim, const char *stream)
{
    Rng rng = rng_stream(21, stream);
    Gaussian g = {tensor_new_matrix(tape, rows, dim), tensor_new_matrix(tape, rows, dim)};
    rng_normal(&rng, g.mean->value, g.mean->size);
    rng_normal(&rng, g.logvar->value, g.logvar->size);
    return g;
}

static void test_density(void)
{
    enum { ROWS = 5, DIM = 3 };
    Tape *tape = tape_create(kernels_best());
    Gaussian p = uneven(tape, ROWS, DIM, "density");
    Tensor *x = uneven(tape, ROWS, DIM, "points").mean;
    const Tensor *log_p = gaussian_log_prob(p, x), *standard = gaussian_log_prob_standard(x);
    CU_ASSERT(log_p->rank == 2 && log_p->shape[0] == ROWS && log_p->shape[1] == 1);
    for (int r = 0; r < ROWS; r++) {
        double want = 0, want_standard = 0;
        for (int j = r * DIM; j < (r + 1) * DIM; j++) {
            double sigma = exp(p.logvar->value[j] / 2);
            want += log(gsl_ran_gaussian_pdf(x->value[j] - p.mean->value[j], sigma));
            want_standard += log(gsl_ran_ugaussian_pdf(x->value[j]));
        }
        CU_ASSERT(fabs(log_p->value[r] - want) < 1e-12 * fmax(1, fabs(want)));
        CU_ASSERT(fabs(standard->value[r] - want_standard) < 1e-12);
    }
    tape_free(tape);
}

/* ---------------------------------------------------------------- integrals */

typedef struct Pair {
    double q_mean, q_logvar, p_mean, p_logvar;
} Pair;

static double log_normal(double z, double mean, double logvar)
{
    return -0.5 * ((z - mean) * (z - mean) * exp(-logvar) + logvar + log(2 * M_PI));
}

/* In units of q's standard deviation, so that the integrand is of order 1 about 0. */
static double kl_integrand(double e, void *context)
{
    const Pair *pair = context;
    double z = pair->q_mean + exp(pair->q_logvar / 2) * e;
    double log_q = log_normal(z, pair->q_mean, pair->q_logvar);
    return gsl_ran_ugaussian_pdf(e) * (log_q - log_normal(z, pair->p_mean, pair->p_logvar));
}

static double entropy_integrand(double e, void *context)
{
    const Pair *pair = context;
    double z = pair->q_mean + exp(pair->q_logvar / 2) * e;
    return -gsl_ran_ugaussian_pdf(e) * log_normal(z, pair->q_mean, pair->q_logvar);
}

static double integral(double (*integrand)(double, void *), Pair *pair)
{
    gsl_integration_workspace *space = gsl_integration_workspace_alloc(1000);
    gsl_function f = {integrand, pair};
    double value = NAN, error;
    gsl_integration_qagi(&f, 1e-11, 1e-11, 1000, space, &value, &error);
    gsl_integration_workspace_free(space);
    return value;
}

static const Pair pairs[] = {{0, 0, 0, 0},     {1.5, 0, 0, 0},       {0, 1.2, 0, 0},
                             {-0.7, -2, 0, 0}, {2, -4, 0, 0},        {0.3, 0.5, -1, -0.5},
                             {-1, -1, 2, 1.5}, {0.2, 2, 0.1, -1},    {5, -3, 4, -2},
                             {0, -6, 0.1, 1},  {1, 0.7, 1.01, 0.71}, {-2, 1, 3, 1}};
enum { PAIRS = sizeof pairs / sizeof *pairs };

static void test_kl_is_its_integral(void)
{
    Tape *tape = tape_create(kernels_best());
    for (int i = 0; i < PAIRS; i++) {
        Pair pair = pairs[i];
        Gaussian q = one(tape, pair.q_mean, pair.q_logvar);
        Gaussian p = one(tape, pair.p_mean, pair.p_logvar);
        double want = integral(kl_integrand, &pair), kl = tensor_item(gaussian_kl(q, p));
        CU_ASSERT(fabs(kl - want) < 1e-8 * fmax(1, want));
        pair.p_mean = pair.p_logvar = 0;
        want = integral(kl_integrand, &pair);
        CU_ASSERT(fabs(tensor_item(gaussian_kl_to_standard(q)) - want) < 1e-8 * fmax(1, want));
    }
    tape_free(tape);
}

static void test_entropy_is_its_integral(void)
{
    Tape *tape = tape_create(kernels_best());
    for (int i = 0; i < PAIRS; i++) {
        Pair pair = pairs[i];
        double entropy = tensor_item(gaussian_entropy(one(tape, pair.q_mean, pair.q_logvar)));
        CU_ASSERT(fabs(entropy - integral(entropy_integrand, &pair)) < 1e-8);
    }
    tape_free(tape);
}

/* ---------------------------------------------------------------- identities */

static void test_kl_sign_and_zero(void)
{
    enum { ROWS = 200, DIM = 3 };
    Tape *tape = tape_create(kernels_best());
    Gaussian q = uneven(tape, ROWS, DIM, "q"), p = uneven(tape, ROWS, DIM, "p");
    const Tensor *kl = gaussian_kl(q, p), *back = gaussian_kl(p, q), *same = gaussian_kl(q, q);
    const Tensor *standard = gaussian_kl_to_standard(q);
    int differ = 0;
    for (int r = 0; r < ROWS; r++) {
        CU_ASSERT(kl->value[r] > 0);
        CU_ASSERT(standard->value[r] > 0);
        CU_ASSERT(fabs(same->value[r]) < 1e-13);
        differ += fabs(kl->value[r] - back->value[r]) > 0.01;
    }
    CU_ASSERT(differ > ROWS / 2); /* the direction matters */
    tape_free(tape);
}

/* A row's KL, entropy and log density are sums over its columns; the standard Gaussian is a case.
 */
static void test_sums_over_columns(void)
{
    enum { ROWS = 4, DIM = 5 };
    Tape *tape = tape_create(kernels_best());
    Gaussian q = uneven(tape, ROWS, DIM, "q"), p = uneven(tape, ROWS, DIM, "p");
    Gaussian flat_q = {tensor_reshape(q.mean, 2, (int[]){-1, 1}),
                       tensor_reshape(q.logvar, 2, (int[]){-1, 1})};
    Gaussian flat_p = {tensor_reshape(p.mean, 2, (int[]){-1, 1}),
                       tensor_reshape(p.logvar, 2, (int[]){-1, 1})};
    Tensor *zeros = tensor_fill(tape, 2, (int[]){ROWS, DIM}, 0);
    const Tensor *kl = gaussian_kl(q, p), *each = gaussian_kl(flat_q, flat_p);
    const Tensor *entropy = gaussian_entropy(q), *each_entropy = gaussian_entropy(flat_q);
    const Tensor *standard = gaussian_kl_to_standard(q);
    const Tensor *general = gaussian_kl(q, (Gaussian){zeros, zeros});
    for (int r = 0; r < ROWS; r++) {
        double sum = 0, sum_entropy = 0;
        for (int j = r * DIM; j < (r + 1) * DIM; j++) {
            sum += each->value[j];
            sum_entropy += each_entropy->value[j];
        }
        CU_ASSERT(fabs(kl->value[r] - sum) < 1e-12 * fmax(1, sum));
        CU_ASSERT(fabs(entropy->value[r] - sum_entropy) < 1e-12);
        CU_ASSERT(fabs(standard->value[r] - general->value[r]) < 1e-12);
    }
    tape_free(tape);
}

/* ---------------------------------------------------------------- samples */

static void test_samples(void)
{
    enum { N = 50000 };
    const double mean[3] = {0, -2, 5}, logvar[3] = {0, 1.4, -3};
    Tape *tape = tape_create(kernels_best());
    Rng rng = rng_stream(22, "samples");
    for (int i = 0; i < 3; i++) {
        int shape[2] = {N, 1};
        Gaussian q = {tensor_fill(tape, 2, shape, mean[i]), tensor_fill(tape, 2, shape, logvar[i])};
        Tensor *z = gaussian_sample(q, &rng);
        double sigma = exp(logvar[i] / 2);
        CU_ASSERT(kolmogorov_normal(z->value, N, mean[i], sigma) < KOLMOGOROV_LIMIT);
        /* it can fail: 5% more spread */
        CU_ASSERT(kolmogorov_normal(z->value, N, mean[i], 1.05 * sigma) > KOLMOGOROV_LIMIT);
    }
    tape_free(tape);
}

/* Rows in a row after repeating: row i of q becomes rows 3 i .. 3 i + 2. */
static void test_repeat(void)
{
    Tape *tape = tape_create(kernels_best());
    Gaussian q = uneven(tape, 4, 2, "q"), repeated = gaussian_repeat(q, 3);
    CU_ASSERT_EQUAL(repeated.mean->shape[0], 12);
    for (int r = 0; r < 12; r++)
        for (int j = 0; j < 2; j++) {
            CU_ASSERT_EQUAL(repeated.mean->value[2 * r + j], q.mean->value[2 * (r / 3) + j]);
            CU_ASSERT_EQUAL(repeated.logvar->value[2 * r + j], q.logvar->value[2 * (r / 3) + j]);
        }
    tape_free(tape);
}

/* ---------------------------------------------------------------- derivatives */

static Tensor *build_log_prob(Tensor *const *in, int arg)
{
    (void)arg;
    return gaussian_log_prob((Gaussian){in[0], in[1]}, in[2]);
}

static Tensor *build_standard(Tensor *const *in, int arg)
{
    (void)arg;
    return gaussian_log_prob_standard(in[0]);
}

static Tensor *build_kl_to_standard(Tensor *const *in, int arg)
{
    (void)arg;
    return gaussian_kl_to_standard((Gaussian){in[0], in[1]});
}

/* in[0] and in[1] hold mean and log variance of q in their first arg rows, of p in the others. */
static Tensor *build_kl(Tensor *const *in, int arg)
{
    int rows = tensor_rows(in[0]);
    Gaussian q = {tensor_slice(in[0], 0, 0, arg), tensor_slice(in[1], 0, 0, arg)};
    Gaussian p = {tensor_slice(in[0], 0, arg, rows), tensor_slice(in[1], 0, arg, rows)};
    return gaussian_kl(q, p);
}

static Tensor *build_entropy(Tensor *const *in, int arg)
{
    (void)arg;
    return tensor_add(gaussian_entropy((Gaussian){in[0], in[1]}), tensor_sum_axis(in[0], 1));
}

static Tensor *build_sample(Tensor *const *in, int arg)
{
    (void)arg;
    return gaussian_sample_with((Gaussian){in[0], in[1]}, in[2]);
}

static const CheckRow rows[] = {
    {"gaussian_log_prob", "", build_log_prob, 0, -2, 2, 3, {{2, {3, 4}}, {2, {3, 4}}, {2, {3, 4}}}},
    {"gaussian_log_prob_standard", "", build_standard, 0, -2, 2, 1, {{2, {3, 4}}}},
    {"gaussian_kl_to_standard", "", build_kl_to_standard, 0, -2, 2, 2, {{2, {3, 4}}, {2, {3, 4}}}},
    {"gaussian_kl", "", build_kl, 3, -2, 2, 2, {{2, {6, 2}}, {2, {6, 2}}}},
    {"gaussian_entropy", "", build_entropy, 0, -2, 2, 2, {{2, {3, 4}}, {2, {3, 4}}}},
    {"gaussian_sample_with",
     "",
     build_sample,
     0,
     -2,
     2,
     3,
     {{2, {3, 4}}, {2, {3, 4}}, {2, {3, 4}}}},
};

static void test_reverse(void)
{
    check_table(CHECK_ROWS(rows), check_reverse);
    check_table(CHECK_ROWS(rows), check_shared);
}

static void test_forward(void)
{
    check_table(CHECK_ROWS(rows), check_forward);
}

const Suite suite = {"prob/gaussian",
                     {{"log density is GSL's", test_density},
                      {"KL is its integral", test_kl_is_its_integral},
                      {"entropy is its integral", test_entropy_is_its_integral},
                      {"KL: sign, zero, direction", test_kl_sign_and_zero},
                      {"sums over columns", test_sums_over_columns},
                      {"Kolmogorov-Smirnov", test_samples},
                      {"repeated rows", test_repeat},
                      {"reverse mode", test_reverse},
                      {"forward mode", test_forward},
                      {NULL, NULL}}};
