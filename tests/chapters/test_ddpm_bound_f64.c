/* The variational bound: the terms add up to what they split, and for Gaussian data to a closed
 * sum. */
#include "04-ddpm/ddpm_bound.h"
#include "04-ddpm/ddpm_oracle.h"
#include "harness/suite.h"
#include "metric/likelihood.h"
#include "support/memory.h"

#include <gsl/gsl_integration.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Mean and standard error of the bound over n examples x0 [n, dims]. */
typedef struct Mean {
    double mean, se;
} Mean;

static Mean measured(const BoundRule *rule, const real *x0, int n, uint64_t seed)
{
    Tape *tape = tape_create(kernels_best());
    Bound bound = bound_measure(rule, tape, rng_stream(seed, "bound"), x0, NULL, n);
    double *total = memory_new((size_t)n, sizeof *total);
    for (int i = 0; i < n; i++)
        total[i] = bound_total(&bound, i);
    Mean mean = {likelihood_mean(total, (size_t)n), likelihood_se(total, (size_t)n)};
    free(total);
    bound_free(&bound);
    tape_free(tape);
    return mean;
}

/* ---------------------------------------------------------------- what the terms split */

/* A mixture on the line and three steps: small enough for quadrature over x_1, x_2, x_3. */
enum { NODES = 24, STEPS = 3 };

typedef struct Small {
    NoiseSchedule *schedule;
    Oracle oracle;
    Tape *tape;
    FixedVariance variance;
    int levels;
    double x0;
} Small;

static double log_normal(double x, double mean, double variance)
{
    return -0.5 * ((x - mean) * (x - mean) / variance + log(2 * M_PI * variance));
}

/* log p(x_{t-1} | x_t) with the model's mean. */
static double log_reverse(const Small *s, int t, double before, double now)
{
    double level = noise_level(s->schedule, t);
    Posterior q = diffusion_posterior(s->schedule, t);
    double variance = diffusion_variance(s->schedule, t, s->variance);
    tape_reset(s->tape);
    Tensor *x = tensor_fill(s->tape, 2, (int[]){1, 1}, (real)now);
    Guess guess = s->oracle.predictor.guess(&s->oracle.predictor, x, &level, NULL);
    double mean = q.from_x0 * (double)tensor_item(guess.x0) + q.from_x * now;
    if (t == 1 && s->levels > 0)
        return diffusion_bin_log_prob(before, mean, sqrt(variance), s->levels);
    return log_normal(before, mean, variance);
}

/* E[f(x)] over N(mean, variance) by Gauss and Hermite: nodes and weights for exp(-x^2/2). */
typedef struct Rule {
    double node[NODES], weight[NODES];
} Rule;

static Rule hermite(void)
{
    Rule rule;
    gsl_integration_fixed_workspace *w =
        gsl_integration_fixed_alloc(gsl_integration_fixed_hermite, NODES, 0, 0.5, 0, 0);
    for (int i = 0; i < NODES; i++) {
        rule.node[i] = gsl_integration_fixed_nodes(w)[i];
        rule.weight[i] = gsl_integration_fixed_weights(w)[i] / sqrt(2 * M_PI);
    }
    gsl_integration_fixed_free(w);
    return rule;
}

/* E_q[log q(x_1:3 | x0) - log p(x_0:3)], along the chain forwards. */
static double split_sum(const Small *s)
{
    const double *beta = s->schedule->beta;
    Rule rule = hermite();
    double sum = 0;
    for (int a = 0; a < NODES; a++) {
        double x1 = sqrt(1 - beta[1]) * s->x0 + sqrt(beta[1]) * rule.node[a];
        double one = log_normal(x1, sqrt(1 - beta[1]) * s->x0, beta[1]);
        one -= log_reverse(s, 1, s->x0, x1);
        for (int b = 0; b < NODES; b++) {
            double x2 = sqrt(1 - beta[2]) * x1 + sqrt(beta[2]) * rule.node[b];
            double two = log_normal(x2, sqrt(1 - beta[2]) * x1, beta[2]);
            two -= log_reverse(s, 2, x1, x2);
            for (int c = 0; c < NODES; c++) {
                double x3 = sqrt(1 - beta[3]) * x2 + sqrt(beta[3]) * rule.node[c];
                double three = log_normal(x3, sqrt(1 - beta[3]) * x2, beta[3]);
                three -= log_reverse(s, 3, x2, x3) + log_normal(x3, 0, 1);
                sum += rule.weight[a] * rule.weight[b] * rule.weight[c] * (one + two + three);
            }
        }
    }
    return sum;
}

/* Five standard errors: false alarm 6e-7 for each of the four. */
static void test_split(void)
{
    enum { N = 20000 };
    Small s = {.x0 = 0.5};
    real *x0 = memory_new(N, sizeof *x0);
    s.schedule = noise_schedule_create(NOISE_COSINE, STEPS);
    s.tape = tape_create(kernels_best());
    tape_record(s.tape, false);
    s.oracle = oracle_create(2, 1, -10, 10);
    s.oracle.mean[0][0] = -0.8;
    s.oracle.mean[1][0] = 1;
    s.oracle.sd[0][0] = 0.7;
    s.oracle.sd[1][0] = 0.5;
    for (int i = 0; i < N; i++)
        x0[i] = (real)s.x0;
    for (int c = 0; c < 4; c++) {
        s.variance = (FixedVariance)(c / 2);
        s.levels = c % 2 == 0 ? 0 : 5;
        BoundRule rule = {.predictor = &s.oracle.predictor,
                          .schedule = s.schedule,
                          .variance = s.variance,
                          .levels = s.levels};
        Mean mean = measured(&rule, x0, N, 7);
        double exact = split_sum(&s);
        CU_ASSERT(mean.se < 0.01);
        CU_ASSERT(fabs(mean.mean - exact) < 5 * mean.se);
        if (!(fabs(mean.mean - exact) < 5 * mean.se))
            printf("case %d: %g +- %g, by quadrature %g\n", c, mean.mean, mean.se, exact);
    }
    tape_free(s.tape);
    noise_schedule_free(s.schedule);
    free(x0);
}

/* ---------------------------------------------------------------- Gaussian data */

/* The bound of N(m, s^2) data under the perfect denoiser, one dimension: x_t says x0 up to the
 * variance v_t = s^2 sigma^2 / (alpha^2 s^2 + sigma^2), so the mean square of (x0 - guess) is v_t.
 */
static double closed_bound(const NoiseSchedule *schedule, FixedVariance which, double m, double s)
{
    double ab = schedule->alpha_bar[schedule->steps];
    double sum = 0.5 * (ab * (m * m + s * s - 1) - log1p(-ab));
    for (int t = 1; t <= schedule->steps; t++) {
        double alpha = noise_alpha(schedule, t), sigma = noise_sigma(schedule, t);
        double v = s * s * sigma * sigma / (alpha * alpha * s * s + sigma * sigma);
        double p = diffusion_variance(schedule, t, which);
        Posterior q = diffusion_posterior(schedule, t);
        double square = q.from_x0 * q.from_x0 * v;
        sum += t == 1 ? 0.5 * (square / p + log(2 * M_PI * p))
                      : 0.5 * (log(p / q.variance) + (q.variance + square) / p - 1);
    }
    return sum;
}

/* Five standard errors: false alarm 6e-7 for each of the eight. */
static void test_gaussian(void)
{
    enum { N = 400, DIMS = 2 };
    const double m[DIMS] = {0.4, 0}, sd[DIMS] = {0.5, 1};
    Oracle oracle = oracle_create(1, DIMS, -10, 12);
    real x0[N * DIMS];
    Rng rng = rng_stream(2, "data");
    for (int d = 0; d < DIMS; d++) {
        oracle.mean[0][d] = m[d];
        oracle.sd[0][d] = sd[d];
    }
    for (int i = 0; i < N * DIMS; i++)
        x0[i] = (real)(m[i % DIMS] + sd[i % DIMS] * rng_normal_one(&rng));
    for (int c = 0; c < 8; c++) {
        NoiseSchedule *schedule = noise_schedule_create((NoiseKind)(c & 1), (c & 2) ? 300 : 40);
        FixedVariance which = (FixedVariance)(c >> 2);
        BoundRule rule = {.predictor = &oracle.predictor, .schedule = schedule, .variance = which};
        Mean mean = measured(&rule, x0, N, 3);
        double closed = 0;
        for (int d = 0; d < DIMS; d++)
            closed += closed_bound(schedule, which, m[d], sd[d]);
        CU_ASSERT(mean.se < 0.5);
        CU_ASSERT(fabs(mean.mean - closed) < 5 * mean.se);
        if (!(fabs(mean.mean - closed) < 5 * mean.se))
            printf("case %d: %g +- %g, closed %g\n", c, mean.mean, mean.se, closed);
        noise_schedule_free(schedule);
    }
}

/* What fixed variances cost a dimension of N(0, 1) beyond the entropy, T = 1000: nothing when
 * large; when small about 0.45 nats in the KL of the steps, and 0.11 in the decoder, whose variance
 * is that of t = 2, about half of what t = 1 would need. */
static void test_what_variances_cost(void)
{
    const double entropy = 0.5 * log(2 * M_PI * M_E);
    for (int k = 0; k < 2; k++) {
        NoiseSchedule *schedule = noise_schedule_create((NoiseKind)k, 1000);
        double small = closed_bound(schedule, VARIANCE_SMALL, 0, 1) - entropy;
        double large = closed_bound(schedule, VARIANCE_LARGE, 0, 1) - entropy;
        CU_ASSERT(large > -1e-9 && large < 0.01);
        double p = diffusion_variance(schedule, 1, VARIANCE_SMALL), beta = schedule->beta[1];
        double decoder = 0.5 * (beta / p - 1 - log(beta / p));
        CU_ASSERT(small - decoder > 0.4 && small - decoder < 0.5);
        CU_ASSERT(decoder > 0.08 && decoder < 0.14);
        noise_schedule_free(schedule);
    }
}

/* ---------------------------------------------------------------- a part of the steps */

/* A few steps an example estimate the sum over all: five standard errors, false alarm 6e-7 each;
 * and each step is asked as often as its part says, within six deviations: of four parts of steps 2
 * .. 40 part s begins at 40^(s/4) + 1, rounded. */
static void test_strata(void)
{
    enum { N = 4000, T = 40 };
    static const int begin[] = {2, 4, 7, 17, 41};
    Oracle oracle = oracle_create(1, 1, -10, 12);
    NoiseSchedule *schedule = noise_schedule_create(NOISE_COSINE, T);
    real *x0 = memory_new(N, sizeof *x0);
    BoundRule rule = {.predictor = &oracle.predictor, .schedule = schedule};
    Rng rng = rng_stream(4, "data");
    oracle.sd[0][0] = 0.6;
    for (int i = 0; i < N; i++)
        x0[i] = (real)(0.6 * rng_normal_one(&rng));
    Mean all = measured(&rule, x0, N, 1);
    for (int strata = 1; strata <= 16; strata *= 4) {
        rule.strata = strata;
        Mean some = measured(&rule, x0, N, 2);
        CU_ASSERT(fabs(some.mean - all.mean) < 5 * hypot(some.se, all.se));
        CU_ASSERT(some.se < 0.4);
    }
    rule.strata = 4;
    Tape *tape = tape_create(kernels_best());
    Bound bound = bound_measure(&rule, tape, rng_stream(2, "bound"), x0, NULL, N);
    CU_ASSERT_EQUAL(bound.step_count[1], N);
    for (int part = 0; part < 4; part++) {
        double share = 1.0 / (begin[part + 1] - begin[part]), count = 0;
        for (int t = begin[part]; t < begin[part + 1]; t++) {
            count += (double)bound.step_count[t];
            CU_ASSERT(fabs((double)bound.step_count[t] - N * share) <
                      6 * sqrt(N * share * (1 - share)));
        }
        CU_ASSERT_EQUAL(count, N);
    }
    bound_free(&bound);
    tape_free(tape);
    noise_schedule_free(schedule);
    free(x0);
}

/* ---------------------------------------------------------------- discrete data */

/* Uniform on {-1, 1} in two dimensions: four points, each of probability 1/4. The bound of all of
 * them together stays below 1, and a perfect denoiser comes near. */
static void test_discrete(void)
{
    enum { N = 500 };
    Oracle oracle = oracle_create(4, 2, -10, 12);
    NoiseSchedule *schedule = noise_schedule_create(NOISE_COSINE, 200);
    real *x0 = memory_new(2 * N, sizeof *x0);
    double sum[2] = {0, 0};
    for (int k = 0; k < 4; k++) {
        oracle.mean[k][0] = k % 2 == 0 ? -1 : 1;
        oracle.mean[k][1] = k / 2 == 0 ? -1 : 1;
        oracle.sd[k][0] = oracle.sd[k][1] = 1e-6;
    }
    for (int which = 0; which < 2; which++) {
        BoundRule rule = {.predictor = &oracle.predictor,
                          .schedule = schedule,
                          .variance = (FixedVariance)which,
                          .clip = 1,
                          .levels = 2};
        for (int k = 0; k < 4; k++) {
            for (int i = 0; i < 2 * N; i++)
                x0[i] = (real)oracle.mean[k][i % 2];
            Mean mean = measured(&rule, x0, N, (uint64_t)k);
            CU_ASSERT(mean.se < 0.1);
            sum[which] += exp(-mean.mean);
        }
        CU_ASSERT(sum[which] < 1.02);
    }
    CU_ASSERT(sum[0] > 0.9);
    free(x0);
    noise_schedule_free(schedule);
}

const Suite suite = {"chapters/ddpm bound",
                     {{"terms add up to what they split", test_split},
                      {"Gaussian data, in closed form", test_gaussian},
                      {"what fixed variances cost", test_what_variances_cost},
                      {"a part of the steps", test_strata},
                      {"discrete data", test_discrete},
                      {NULL, NULL}}};
