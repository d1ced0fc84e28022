/* Data for which the optimal denoiser is known: the bound is its closed recursion, samplers draw
 * the data's distribution, and the ODE's density is the data's. */
#include "04-ddpm/ddpm_bound.h"
#include "04-ddpm/ddpm_ode.h"
#include "04-ddpm/ddpm_sample.h"
#include "harness/suite.h"
#include "support/memory.h"

#include <gsl/gsl_math.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double normal_density(double x, double mean, double variance)
{
    return exp(-gsl_pow_2(x - mean) / (2 * variance)) / sqrt(2 * M_PI * variance);
}

/* ---------------------------------------------------------------- Gaussian data, known denoiser */

/* E[x0 | x] = m + alpha s^2 (x - alpha m) / (alpha^2 s^2 + sigma^2) for x0 ~ N(m, s^2). */
typedef struct Known {
    Predictor predictor;
    double mean, sd;
} Known;

static Guess known_guess(const Predictor *predictor, Tensor *x, const double *level,
                         const int *label)
{
    const Known *own = (const Known *)predictor;
    int n = tensor_rows(x);
    Tensor *slope = tensor_new_matrix(x->tape, n, 1), *offset = tensor_new_matrix(x->tape, n, 1);
    Tensor *from_x = tensor_new_matrix(x->tape, n, 1), *from_x0 = tensor_new_matrix(x->tape, n, 1);
    (void)label;
    for (int i = 0; i < n; i++) {
        double alpha = level_alpha(level[i]), sigma = level_sigma(level[i]);
        double gain =
            alpha * own->sd * own->sd / (alpha * alpha * own->sd * own->sd + sigma * sigma);
        slope->value[i] = (real)gain;
        offset->value[i] = (real)(own->mean * (1 - gain * alpha));
        from_x->value[i] = (real)(1 / sigma);
        from_x0->value[i] = (real)(-alpha / sigma);
    }
    Tensor *x0 = tensor_add(tensor_mul(x, slope), offset);
    return (Guess){rows_mixed(from_x, x, from_x0, x0), x0};
}

static Known known_create(const NoiseSchedule *s, int dims, double mean, double sd)
{
    Known known = {{dims, noise_level(s, 1), noise_level(s, s->steps), known_guess}, mean, sd};
    return known;
}

/* The bound in expectation over data and noise, by the moments: the gap between the posterior's
 * mean and the model's has the variance of E[x0|x_t]'s error. */
static double bound_by_hand(const NoiseSchedule *s, FixedVariance variance, double sd)
{
    double total = 0.5 * (s->alpha_bar[s->steps] * sd * sd - s->alpha_bar[s->steps] -
                          log(1 - s->alpha_bar[s->steps]));
    for (int t = 1; t <= s->steps; t++) {
        Posterior q = diffusion_posterior(s, t);
        double ab = s->alpha_bar[t], error = sd * sd * (1 - ab) / (ab * sd * sd + 1 - ab);
        double square = gsl_pow_2(q.from_x0) * error;
        double v = diffusion_variance(s, t, variance);
        if (t > 1)
            total += 0.5 * (log(v / q.variance) + (q.variance + square) / v - 1);
        else
            total += 0.5 * (log(2 * M_PI * v) + square / v);
    }
    return total;
}

/* The measured bound is the closed recursion; with a perfect denoiser the large variance loses next
 * to nothing at T = 1000, the small one about half a nat a dimension. The mean of 4,000 examples
 * may miss by 4.5 standard errors: false alarms 7e-6 each. */
static void test_bound(void)
{
    enum { N = 4000, T = 1000 };
    const double sd = 0.5, entropy = 0.5 * (1 + log(2 * M_PI * sd * sd));
    NoiseSchedule *s = noise_schedule_create(NOISE_LINEAR, T);
    Known known = known_create(s, 1, 0, sd);
    real *x0 = memory_new(N, sizeof *x0);
    Rng rng = rng_stream(4, "gaussian data");
    rng_normal(&rng, x0, N);
    for (int i = 0; i < N; i++)
        x0[i] *= (real)sd;
    double lost[2];
    for (int v = 0; v < 2; v++) {
        FixedVariance variance = v == 0 ? VARIANCE_SMALL : VARIANCE_LARGE;
        BoundRule rule = {
            .predictor = &known.predictor, .schedule = s, .variance = variance, .strata = 50};
        Tape *tape = tape_create(kernels_best());
        tape_record(tape, false);
        Bound b = bound_measure(&rule, tape, rng_stream(4, "bound"), x0, NULL, N);
        double sum = 0, square = 0;
        for (int i = 0; i < N; i++) {
            double total = bound_total(&b, i);
            sum += total / N;
            square += total * total / N;
        }
        double se = sqrt((square - sum * sum) / N), exact = bound_by_hand(s, variance, sd);
        CU_ASSERT(fabs(sum - exact) < 4.5 * se);
        CU_ASSERT(se < 0.1);
        lost[v] = exact - entropy;
        bound_free(&b);
        tape_free(tape);
    }
    CU_ASSERT(lost[0] > 0.3 && lost[0] < 0.6);
    CU_ASSERT(lost[1] > 0 && lost[1] < 0.01);
    free(x0);
    noise_schedule_free(s);
}

/* All samplers draw N(m, sd^2) from the known denoiser: mean and variance of 4,000 draws within 4.5
 * standard errors and what few steps cost. */
static void test_samplers(void)
{
    enum { N = 4000 };
    static const SamplerKind kind[] = {SAMPLER_DDPM, SAMPLER_DDIM, SAMPLER_HEUN, SAMPLER_FLOW_HEUN};
    static const int steps[] = {200, 200, 40, 60};
    NoiseSchedule *s = noise_schedule_create(NOISE_LINEAR, 1000);
    Known known = known_create(s, 1, 0.4, 0.5);
    real *x = memory_new(N, sizeof *x);
    for (int k = 0; k < 4; k++) {
        Tape *tape = tape_create(kernels_best());
        Rng noise = rng_stream(6, sampler_name(kind[k]));
        Sampler sampler = {.kind = kind[k],
                           .predictor = &known.predictor,
                           .schedule = s,
                           .steps = steps[k],
                           .variance = VARIANCE_SMALL};
        sampler_run(&sampler, tape, &noise, N, NULL, x);
        double mean = 0, variance = 0;
        for (int i = 0; i < N; i++)
            mean += (double)x[i] / N;
        for (int i = 0; i < N; i++)
            variance += gsl_pow_2((double)x[i] - mean) / N;
        CU_ASSERT(fabs(mean - 0.4) < 4.5 * 0.5 / sqrt(N) + 0.005);
        CU_ASSERT(fabs(variance / 0.25 - 1) < 4.5 * sqrt(2.0 / N) + 0.03);
        tape_free(tape);
    }
    free(x);
    noise_schedule_free(s);
}

/* log p by the ODE of the known denoiser is the log density of the data, blurred as the header
 * says. */
static void test_ode(void)
{
    enum { N = 25 };
    const double mean = 0.4, sd = 0.5;
    NoiseSchedule *s = noise_schedule_create(NOISE_LINEAR, 1000);
    Known known = known_create(s, 1, mean, sd);
    double found[N], blur = exp(2 * noise_level(s, 1)), worst = 0, mass = 0;
    real x[N];
    for (int i = 0; i < N; i++)
        x[i] = (real)(-2.6 + 6.0 * i / (N - 1));
    OdeRule rule = {.predictor = &known.predictor, .tolerance = 1e-8, .exact = true};
    Tape *tape = tape_create(kernels_best());
    ode_log_prob(&rule, tape, rng_stream(1, "no probe"), x, NULL, N, found, NULL);
    for (int i = 0; i < N; i++) {
        double density = normal_density((double)x[i], mean, sd * sd + blur);
        if (fabs((double)x[i] - mean) < 3 * sd)
            worst = fmax(worst, fabs(exp(found[i]) - density) / density);
        mass += exp(found[i]) * 6.0 / (N - 1);
    }
    /* N(0, 1) for q(x_T), whose mean is alpha_T m = 0.0025: three deviations out 0.8 % */
    CU_ASSERT(worst < 1e-2);
    CU_ASSERT(fabs(mass - 1) < 1e-3);
    tape_free(tape);
    noise_schedule_free(s);
}

const Suite suite = {"chapters/ddpm with a known denoiser",
                     {{"the bound", test_bound},
                      {"samplers", test_samplers},
                      {"the ODE's density", test_ode},
                      {NULL, NULL}}};
