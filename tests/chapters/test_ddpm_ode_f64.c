/* log p by the probability-flow ODE, on the exact denoiser and on networks with random weights. */
#include "04-ddpm/ddpm.h"
#include "04-ddpm/ddpm_ode.h"
#include "04-ddpm/ddpm_oracle.h"
#include "chapters/small_ddpm.h"
#include "harness/suite.h"
#include "metric/likelihood.h"
#include "support/memory.h"

#include <gsl/gsl_math.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Three components of uneven weight and width. */
static Oracle uneven(double least, double most)
{
    static const double MEAN[3][2] = {{-1, 0.3}, {0.8, 0.9}, {0.4, -1.1}};
    static const double SD[3][2] = {{0.2, 0.4}, {0.5, 0.15}, {0.3, 0.3}};
    static const double WEIGHT[3] = {0.5, 0.2, 0.3};
    Oracle oracle = oracle_create(3, 2, least, most);
    for (int k = 0; k < 3; k++) {
        oracle.weight[k] = WEIGHT[k];
        memcpy(oracle.mean[k], MEAN[k], sizeof MEAN[k]);
        memcpy(oracle.sd[k], SD[k], sizeof SD[k]);
    }
    return oracle;
}

/* The score that samplers use is the gradient of the noised data's density, by differences. */
static void test_score(void)
{
    static const double LEVEL[] = {-4, -1, 0, 2};
    const double step = 1e-5;
    Oracle oracle = uneven(-5, 9);
    Tape *tape = tape_create(kernels_best());
    Rng rng = rng_stream(1, "points");
    for (int i = 0; i < 40; i++) {
        double level = LEVEL[i % 4], x[2], score[2];
        Tensor *at = tensor_new_matrix(tape, 1, 2);
        oracle_sample(&oracle, &rng, x);
        for (int d = 0; d < 2; d++) {
            x[d] = level_alpha(level) * x[d] + level_sigma(level) * rng_normal_one(&rng);
            at->value[d] = (real)x[d];
        }
        oracle_score(&oracle, level, x, score);
        Tensor *guess = predictor_score(&oracle.predictor, at, &level, NULL);
        for (int d = 0; d < 2; d++) {
            double up[2] = {x[0], x[1]}, down[2] = {x[0], x[1]};
            up[d] += step;
            down[d] -= step;
            double slope = (oracle_log_density(&oracle, level, up) -
                            oracle_log_density(&oracle, level, down)) /
                           (2 * step);
            CU_ASSERT(fabs(score[d] - slope) < 1e-5 * (1 + fabs(slope)));
            CU_ASSERT(fabs((double)guess->value[d] - score[d]) < 1e-9 * (1 + fabs(slope)));
        }
        /* and the two forms of the guess are one */
        Guess both = oracle.predictor.guess(&oracle.predictor, at, &level, NULL);
        for (int d = 0; d < 2; d++)
            CU_ASSERT(fabs(level_alpha(level) * (double)both.x0->value[d] +
                           level_sigma(level) * (double)both.noise->value[d] - x[d]) < 1e-12);
    }
    tape_free(tape);
}

/* With the exact score the ODE's density is that of the data noised up to the least level. */
static void test_exact_score(void)
{
    enum { N = 60 };
    static const double LEAST[] = {-5, -1};
    real x[2 * N];
    double log_prob[N];
    Tape *tape = tape_create(kernels_best());
    for (int l = 0; l < 2; l++) {
        Oracle oracle = uneven(LEAST[l], 16);
        OdeRule rule = {
            .predictor = &oracle.predictor, .tolerance = 1e-8, .exact = true, .batch = 25};
        Rng rng = rng_stream(3, "points");
        double alpha = level_alpha(LEAST[l]);
        for (int i = 0; i < N; i++) {
            double x0[2];
            oracle_sample(&oracle, &rng, x0);
            x[2 * i] = (real)(x0[0] + 0.2 * rng_normal_one(&rng));
            x[2 * i + 1] = (real)x0[1];
        }
        OdeCost cost = ode_log_prob(&rule, tape, rng, x, NULL, N, log_prob, NULL);
        CU_ASSERT(cost.evaluations > 20);
        for (int i = 0; i < N; i++) {
            double at[2] = {alpha * (double)x[2 * i], alpha * (double)x[2 * i + 1]};
            double exact = oracle_log_density(&oracle, LEAST[l], at) + 2 * log(alpha);
            CU_ASSERT(fabs(log_prob[i] - exact) < 1e-5 * (1 + fabs(exact)));
            if (!(fabs(log_prob[i] - exact) < 1e-5 * (1 + fabs(exact))))
                printf("%.9g %.9g\n", log_prob[i], exact);
        }
    }
    tape_free(tape);
}

/* The latents of N(m, s^2) are (x - alpha m) / sqrt(alpha^2 s^2 + sigma^2), at both ends. */
static void test_latent(void)
{
    enum { N = 10 };
    Oracle oracle = oracle_create(1, 1, -5, 10);
    OdeRule rule = {.predictor = &oracle.predictor, .tolerance = 1e-9, .exact = true};
    real x[N], latent[N];
    double log_prob[N];
    Tape *tape = tape_create(kernels_best());
    oracle.mean[0][0] = 0.7;
    oracle.sd[0][0] = 0.4;
    for (int i = 0; i < N; i++)
        x[i] = (real)(0.3 * i - 1);
    ode_log_prob(&rule, tape, rng_stream(1, "probes"), x, NULL, N, log_prob, latent);
    for (int i = 0; i < N; i++) {
        double alpha = level_alpha(-5), sigma = level_sigma(-5);
        double z = alpha * ((double)x[i] - 0.7) / hypot(alpha * 0.4, sigma);
        CU_ASSERT(fabs((double)latent[i] - z) < 1e-4);
    }
    tape_free(tape);
}

/* ---------------------------------------------------------------- any network */

/* Whatever the weights say, the density integrates to 1: the sum over a grid. */
static double mass(Ddpm *ddpm)
{
    enum { CELLS = 48 };
    const double reach = 8;
    real *x = memory_new(2 * CELLS * CELLS, sizeof *x);
    double *log_prob = memory_new(CELLS * CELLS, sizeof *log_prob), sum = 0;
    DdpmPredictor own = ddpm_predictor(ddpm, 0);
    OdeRule rule = {.predictor = &own.predictor, .tolerance = 1e-5, .exact = true, .batch = 1024};
    Tape *tape = tape_create(kernels_best());
    model_bind(&ddpm->model, tape);
    for (int i = 0; i < CELLS * CELLS; i++) {
        x[2 * i] = (real)(reach * ((2 * (i % CELLS) + 1.0) / CELLS - 1));
        x[2 * i + 1] = (real)(reach * ((2 * (i / CELLS) + 1.0) / CELLS - 1));
    }
    ode_log_prob(&rule, tape, rng_stream(1, "probes"), x, NULL, CELLS * CELLS, log_prob, NULL);
    for (int i = 0; i < CELLS * CELLS; i++)
        sum += exp(log_prob[i]) * 4 * reach * reach / (CELLS * CELLS);
    tape_free(tape);
    free(log_prob);
    free(x);
    return sum;
}

/* v and flow: there a network near zero stands for data near N(0, I), which a grid can hold. */
static void test_integrates(void)
{
    for (int kind = PREDICT_V; kind <= PREDICT_FLOW; kind++) {
        Ddpm ddpm;
        small_ddpm(&ddpm, (SmallDdpm){.prediction = (PredictionKind)kind, .steps = 100}, 5);
        small_shake(&ddpm, 0.1, 6);
        small_calm(&ddpm);
        double sum = mass(&ddpm);
        CU_ASSERT(fabs(sum - 1) < 2e-3);
        if (!(fabs(sum - 1) < 2e-3))
            printf("prediction %d: %.6f\n", kind, sum);
        small_ddpm_free(&ddpm);
    }
}

/* One probe is right on average: five standard errors, false alarm 6e-7; and not exact. */
static void test_probes(void)
{
    enum { N = 2000 };
    Oracle oracle = uneven(-3, 7);
    OdeRule rule = {.predictor = &oracle.predictor, .tolerance = 1e-5, .exact = true};
    real *x = memory_new(2 * N, sizeof *x);
    double *log_prob = memory_new(N, sizeof *log_prob), exact;
    Tape *tape = tape_create(kernels_best());
    for (int i = 0; i < N; i++) {
        x[2 * i] = (real)-0.9;
        x[2 * i + 1] = (real)0.9;
    }
    ode_log_prob(&rule, tape, rng_stream(1, "probes"), x, NULL, 1, &exact, NULL);
    rule.exact = false;
    ode_log_prob(&rule, tape, rng_stream(1, "probes"), x, NULL, N, log_prob, NULL);
    double mean = likelihood_mean(log_prob, N), se = likelihood_se(log_prob, N);
    CU_ASSERT(se > 1e-4 && se < 0.05);
    CU_ASSERT(fabs(mean - exact) < 5 * se + 1e-4);
    tape_free(tape);
    free(log_prob);
    free(x);
}

/* ---------------------------------------------------------------- bad numbers */

static Guess broken_guess(const Predictor *predictor, Tensor *x, const double *level,
                          const int *label)
{
    (void)predictor;
    (void)label;
    Tensor *bad = tensor_scale(x, (real)(level[0] > 0 ? NAN : 0.5));
    return (Guess){bad, bad};
}

static void run_broken(void *context)
{
    OdeRule rule = {.predictor = context, .tolerance = 1e-5, .exact = true};
    Tape *tape = tape_create(kernels_best());
    real x[2] = {0, 0};
    double log_prob;
    ode_log_prob(&rule, tape, rng_stream(1, "probes"), x, NULL, 1, &log_prob, NULL);
    tape_free(tape);
}

static void test_not_finite(void)
{
    Predictor broken = {2, -5, 5, broken_guess};
    ChildResult result = child_run(run_broken, &broken);
    CU_ASSERT(child_said(&result, 1, "ode: the network's output is not a number"));
}

const Suite suite = {"chapters/ddpm ode",
                     {{"score is the density's gradient", test_score},
                      {"exact score gives the noised data's density", test_exact_score},
                      {"latents of a Gaussian", test_latent},
                      {"integrates to 1", test_integrates},
                      {"probes are right on average", test_probes},
                      {"a value that is not finite", test_not_finite},
                      {NULL, NULL}}};
