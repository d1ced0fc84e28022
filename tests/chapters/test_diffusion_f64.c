/* The mathematics of diffusion against its definitions: iterated steps, Bayes by quadrature, and
 * data for which everything is known. */
#include "04-ddpm/ddpm_bound.h"
#include "04-ddpm/ddpm_ode.h"
#include "04-ddpm/ddpm_sample.h"
#include "harness/suite.h"
#include "support/memory.h"

#include <gsl/gsl_math.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const NoiseKind KINDS[2] = {NOISE_LINEAR, NOISE_COSINE};

/* Mean and variance of x_t carried step by step through x_t = sqrt(1 - beta) x + sqrt(beta) z. */
static void test_closed_form(void)
{
    for (int k = 0; k < 2; k++) {
        NoiseSchedule *s = noise_schedule_create(KINDS[k], 500);
        double mean = 1, variance = 0, worst = 0;
        for (int t = 1; t <= s->steps; t++) {
            mean *= sqrt(1 - s->beta[t]);
            variance = (1 - s->beta[t]) * variance + s->beta[t];
            worst = fmax(worst, fabs(noise_alpha(s, t) - mean));
            worst = fmax(worst, fabs(gsl_pow_2(noise_sigma(s, t)) - variance));
            worst = fmax(worst, fabs(level_alpha(noise_level(s, t)) - noise_alpha(s, t)));
            worst = fmax(worst, fabs(noise_time(s, noise_level(s, t)) - t) / 500);
        }
        CU_ASSERT(worst < 1e-9);
        CU_ASSERT(mean < 0.03);
        noise_schedule_free(s);
    }
}

/* Thinned schedules keep alpha_bar at the steps that stay, first and last among them. */
static void test_respaced(void)
{
    NoiseSchedule *full = noise_schedule_create(NOISE_LINEAR, 1000);
    static const int steps[] = {1, 2, 7, 50, 1000};
    for (int i = 0; i < 5; i++) {
        NoiseSchedule *s = noise_schedule_respaced(full, steps[i]);
        double product = 1, worst = 0;
        for (int t = 1; t <= s->steps; t++) {
            product *= 1 - s->beta[t];
            worst = fmax(worst, fabs(s->alpha_bar[t] - full->alpha_bar[s->time[t]]));
            worst = fmax(worst, fabs(s->alpha_bar[t] - product));
            CU_ASSERT(s->time[t] > s->time[t - 1]);
        }
        CU_ASSERT(worst < 1e-12);
        CU_ASSERT_EQUAL(s->time[s->steps], 1000);
        noise_schedule_free(s);
    }
    noise_schedule_free(full);
}

static double normal_density(double x, double mean, double variance)
{
    return exp(-gsl_pow_2(x - mean) / (2 * variance)) / sqrt(2 * M_PI * variance);
}

/* q(x_{t-1} | x_t, x0) is proportional to q(x_t | x_{t-1}) q(x_{t-1} | x0): its mean and variance
 * by the trapezoidal rule, which is exact to rounding on a Gaussian that it covers. */
static void test_posterior(void)
{
    NoiseSchedule *s = noise_schedule_create(NOISE_LINEAR, 100);
    static const int time[] = {2, 3, 10, 50, 100};
    const double x0 = 0.7, x = -0.4;
    for (int i = 0; i < 5; i++) {
        int t = time[i];
        double mass = 0, mean = 0, square = 0, beta = s->beta[t];
        double before = noise_alpha(s, t - 1), spread = gsl_pow_2(noise_sigma(s, t - 1));
        for (int j = 0; j <= 40000; j++) {
            double y = -8 + 16.0 * j / 40000;
            double w = normal_density(x, sqrt(1 - beta) * y, beta) *
                       normal_density(y, before * x0, spread);
            mass += w;
            mean += w * y;
            square += w * y * y;
        }
        Posterior q = diffusion_posterior(s, t);
        mean /= mass;
        CU_ASSERT(fabs(q.from_x0 * x0 + q.from_x * x - mean) < 1e-8);
        CU_ASSERT(fabs(q.variance - (square / mass - mean * mean)) < 1e-8);
    }
    CU_ASSERT_EQUAL(diffusion_posterior(s, 1).variance, 0);
    CU_ASSERT_EQUAL(diffusion_variance(s, 1, VARIANCE_SMALL),
                    diffusion_variance(s, 2, VARIANCE_SMALL));
    noise_schedule_free(s);
}

/* A perfect prediction of any kind gives back the same noise and the same x0, so the same mean. */
static void test_conversions(void)
{
    const double x0 = 0.3, eps = -1.1;
    for (int kind = PREDICT_NOISE; kind <= PREDICT_V; kind++)
        for (double level = -3; level <= 3; level += 0.5) {
            double alpha = level_alpha(level), sigma = level_sigma(level);
            Target target = prediction_target((PredictionKind)kind, alpha, sigma);
            Conversion to = prediction_conversion((PredictionKind)kind, alpha, sigma);
            double x = alpha * x0 + sigma * eps, f = target.x0 * x0 + target.noise * eps;
            CU_ASSERT(fabs(alpha * alpha + sigma * sigma - 1) < 1e-14);
            CU_ASSERT(fabs(to.noise_x * x + to.noise_f * f - eps) < 1e-12);
            CU_ASSERT(fabs(to.x0_x * x + to.x0_f * f - x0) < 1e-12);
        }
    for (double t = 0.1; t < 1; t += 0.2) {
        Target target = prediction_target(PREDICT_FLOW, 1 - t, t);
        Conversion to = prediction_conversion(PREDICT_FLOW, 1 - t, t);
        double x = (1 - t) * x0 + t * eps, f = target.x0 * x0 + target.noise * eps;
        CU_ASSERT(fabs(f - (eps - x0)) < 1e-14);
        CU_ASSERT(fabs(to.noise_x * x + to.noise_f * f - eps) < 1e-12);
        CU_ASSERT(fabs(to.x0_x * x + to.x0_f * f - x0) < 1e-12);
    }
}

/* The masses of all levels' bins add up to one. */
static void test_bins(void)
{
    for (double mean = -1.5; mean <= 1.5; mean += 0.5)
        for (double sd = 1e-3; sd < 1; sd *= 10) {
            double sum = 0;
            for (int level = 0; level < 256; level++)
                sum += exp(diffusion_bin_log_prob(-1 + 2.0 * level / 255, mean, sd, 256));
            CU_ASSERT(fabs(sum - 1) < 1e-9);
        }
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

/* The small variance's ancestral step and DDIM's with eta = 1 are one (Song et al. 2021, sec. 4.1):
 * the same noise gives the same samples. The step to the data is the guess of x0 in both. */
static void test_eta_one(void)
{
    enum { N = 50, T = 60 };
    NoiseSchedule *s = noise_schedule_create(NOISE_COSINE, T);
    Known known = known_create(s, 2, 0.4, 0.5);
    real a[2 * N], b[2 * N];
    for (int which = 0; which < 2; which++) {
        Tape *tape = tape_create(kernels_best());
        Rng noise = rng_stream(8, "the same noise");
        Sampler sampler = {.kind = which == 0 ? SAMPLER_DDPM : SAMPLER_DDIM,
                           .predictor = &known.predictor,
                           .schedule = s,
                           .steps = T,
                           .eta = 1,
                           .variance = VARIANCE_SMALL};
        sampler_run(&sampler, tape, &noise, N, NULL, which == 0 ? a : b);
        tape_free(tape);
    }
    double gap = 0;
    for (int i = 0; i < 2 * N; i++)
        gap = fmax(gap, fabs((double)a[i] - (double)b[i]));
    CU_ASSERT(gap < 1e-10);
    noise_schedule_free(s);
}

/* Data to latents and back by DDIM: the error halves when the steps double. */
static void test_inversion(void)
{
    enum { N = 20 };
    NoiseSchedule *s = noise_schedule_create(NOISE_LINEAR, 1000);
    Known known = known_create(s, 1, 0.4, 0.5);
    double error[2] = {0, 0};
    for (int which = 0; which < 2; which++) {
        real x[N];
        Tape *tape = tape_create(kernels_best());
        Rng noise = rng_stream(8, "unused: eta is 0");
        Sampler sampler = {.kind = SAMPLER_DDIM,
                           .predictor = &known.predictor,
                           .schedule = s,
                           .steps = which == 0 ? 50 : 100};
        sampler.from = sampler.steps;
        for (int i = 0; i < N; i++)
            x[i] = (real)(-1 + 2.0 * i / (N - 1));
        tape_record(tape, false);
        sampler_invert(&sampler, tape, N, NULL, x);
        sampler_run(&sampler, tape, &noise, N, NULL, x);
        for (int i = 0; i < N; i++)
            error[which] = fmax(error[which], fabs((double)x[i] - (-1 + 2.0 * i / (N - 1))));
        tape_free(tape);
    }
    CU_ASSERT(error[0] > 1e-4);
    CU_ASSERT(error[1] < 0.65 * error[0]);
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

const Suite suite = {"chapters/diffusion",
                     {{"q(x_t|x_0) is the steps iterated", test_closed_form},
                      {"thinned schedules", test_respaced},
                      {"q(x_{t-1}|x_t,x_0) is Bayes'", test_posterior},
                      {"predictions convert to one guess", test_conversions},
                      {"the decoder's bins", test_bins},
                      {"the bound of a known denoiser", test_bound},
                      {"samplers of a known denoiser", test_samplers},
                      {"ddim with eta 1 is ddpm", test_eta_one},
                      {"ddim's inversion", test_inversion},
                      {"the ODE's density", test_ode},
                      {NULL, NULL}}};
