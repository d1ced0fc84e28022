/* The mathematics without networks: each formula against what it abbreviates. */
#include "04-ddpm/diffusion.h"
#include "harness/suite.h"

#include <math.h>
#include <stdio.h>

static const NoiseKind KINDS[] = {NOISE_LINEAR, NOISE_COSINE};

static bool near(double a, double b, double tolerance)
{
    if (fabs(a - b) <= tolerance)
        return true;
    printf("%.12g is not %.12g\n", a, b);
    return false;
}

static double normal(double x, double mean, double variance)
{
    return exp(-0.5 * (x - mean) * (x - mean) / variance) / sqrt(2 * M_PI * variance);
}

/* ---------------------------------------------------------------- schedules */

/* x_t = sqrt(1 - beta_t) x_{t-1} + sqrt(beta_t) z, iterated: what happens to mean and variance. */
static void test_closed_form(void)
{
    static const int STEPS[] = {2, 7, 1000};
    for (int k = 0; k < 2; k++)
        for (int s = 0; s < 3; s++) {
            NoiseSchedule *schedule = noise_schedule_create(KINDS[k], STEPS[s]);
            double factor = 1, variance = 0;
            for (int t = 1; t <= STEPS[s]; t++) {
                double beta = schedule->beta[t];
                CU_ASSERT(beta > 0 && beta <= 0.999);
                factor *= sqrt(1 - beta);
                variance = (1 - beta) * variance + beta;
                CU_ASSERT(near(noise_alpha(schedule, t), factor, 1e-12));
                CU_ASSERT(near(noise_sigma(schedule, t), sqrt(variance), 1e-12));
            }
            noise_schedule_free(schedule);
        }
}

/* Ho et al. (2020): 1e-4 to 0.02, alpha_bar_1000 = 4.0358e-5. Nichol & Dhariwal (2021): half way
 * cos^2(0.508 / 1.008 pi / 2) over cos^2(0.008 / 1.008 pi / 2). */
static void test_published(void)
{
    NoiseSchedule *linear = noise_schedule_create(NOISE_LINEAR, 1000);
    NoiseSchedule *cosine = noise_schedule_create(NOISE_COSINE, 1000);
    CU_ASSERT(near(linear->beta[1], 1e-4, 1e-15));
    CU_ASSERT(near(linear->beta[1000], 0.02, 1e-15));
    CU_ASSERT(near(linear->alpha_bar[1000], 4.0358e-5, 1e-9));
    CU_ASSERT(near(cosine->alpha_bar[500], 0.4937, 5e-4));
    CU_ASSERT_EQUAL(cosine->beta[1000], 0.999);
    CU_ASSERT(cosine->beta[999] < 0.999);
    noise_schedule_free(linear);
    noise_schedule_free(cosine);
}

static void test_respaced(void)
{
    NoiseSchedule *full = noise_schedule_create(NOISE_COSINE, 100);
    for (int steps = 1; steps <= 100; steps++) {
        NoiseSchedule *thin = noise_schedule_respaced(full, steps);
        double product = 1;
        CU_ASSERT_EQUAL(thin->time[steps], 100);
        CU_ASSERT(steps == 1 || thin->time[1] == 1);
        for (int t = 1; t <= steps; t++) {
            product *= 1 - thin->beta[t];
            CU_ASSERT(thin->time[t] > thin->time[t - 1]);
            CU_ASSERT_EQUAL(thin->alpha_bar[t], full->alpha_bar[thin->time[t]]);
            CU_ASSERT(near(product / thin->alpha_bar[t], 1, 1e-9));
            CU_ASSERT(steps < 100 || thin->beta[t] == full->beta[t]);
        }
        noise_schedule_free(thin);
    }
    noise_schedule_free(full);
}

static void test_levels(void)
{
    for (int k = 0; k < 2; k++) {
        NoiseSchedule *schedule = noise_schedule_create(KINDS[k], 1000);
        double before = 0;
        for (int t = 1; t <= 1000; t++) {
            double level = noise_level(schedule, t);
            CU_ASSERT(near(level_alpha(level), noise_alpha(schedule, t), 1e-12));
            CU_ASSERT(near(level_sigma(level), noise_sigma(schedule, t), 1e-12));
            CU_ASSERT(near(noise_time(schedule, level), t, 1e-7));
            double next = t < 1000 ? noise_level(schedule, t + 1) : level + 1;
            double between = noise_time(schedule, 0.5 * (level + next));
            CU_ASSERT(between > before && between >= t && (t == 1000 || between < t + 1));
            before = between;
        }
        CU_ASSERT_EQUAL(noise_time(schedule, -100), 1);
        CU_ASSERT_EQUAL(noise_time(schedule, 100), 1000);
        noise_schedule_free(schedule);
    }
    CU_ASSERT_EQUAL(level_alpha(-INFINITY), 1);
    CU_ASSERT_EQUAL(level_sigma(-INFINITY), 0);
}

/* ---------------------------------------------------------------- one step back */

/* q(x_{t-1}|x_t,x0) is q(x_t|x_{t-1}) q(x_{t-1}|x0) over its integral. */
static void check_posterior(const NoiseSchedule *schedule, int t)
{
    enum { CELLS = 40000 };
    const double x0 = 0.7, xt = -1.1, reach = 12;
    double beta = schedule->beta[t], ab = schedule->alpha_bar[t - 1];
    double mass = 0, first = 0, second = 0;
    for (int i = 0; i < CELLS; i++) {
        double x = reach * ((2 * i + 1.0) / CELLS - 1);
        double p = normal(xt, sqrt(1 - beta) * x, beta) * normal(x, sqrt(ab) * x0, 1 - ab);
        mass += p;
        first += p * x;
        second += p * x * x;
    }
    Posterior q = diffusion_posterior(schedule, t);
    double mean = first / mass;
    CU_ASSERT(near(q.from_x0 * x0 + q.from_x * xt, mean, 1e-8));
    CU_ASSERT(near(q.variance, second / mass - mean * mean, 1e-8));
}

static void test_posterior(void)
{
    for (int k = 0; k < 2; k++) {
        NoiseSchedule *full = noise_schedule_create(KINDS[k], 50);
        NoiseSchedule *thin = noise_schedule_respaced(full, 6);
        for (int t = 2; t <= 50; t += 7)
            check_posterior(full, t);
        for (int t = 2; t <= 6; t++)
            check_posterior(thin, t);
        CU_ASSERT_EQUAL(diffusion_posterior(full, 1).variance, 0);
        CU_ASSERT(near(diffusion_posterior(full, 1).from_x0, 1, 1e-12));
        CU_ASSERT_EQUAL(diffusion_variance(full, 1, VARIANCE_SMALL),
                        diffusion_posterior(full, 2).variance);
        CU_ASSERT_EQUAL(diffusion_variance(full, 1, VARIANCE_LARGE), full->beta[1]);
        noise_schedule_free(thin);
        noise_schedule_free(full);
    }
}

/* int q log(q / p) on a grid. */
static double kl_by_sum(double mean_q, double variance_q, double mean_p, double variance_p)
{
    enum { CELLS = 20000 };
    double sum = 0, reach = 12 * sqrt(variance_q);
    for (int i = 0; i < CELLS; i++) {
        double x = mean_q + reach * ((2 * i + 1.0) / CELLS - 1);
        double log_q = -0.5 * (x - mean_q) * (x - mean_q) / variance_q - 0.5 * log(variance_q);
        double log_p = -0.5 * (x - mean_p) * (x - mean_p) / variance_p - 0.5 * log(variance_p);
        sum += normal(x, mean_q, variance_q) * (log_q - log_p) * 2 * reach / CELLS;
    }
    return sum;
}

static void test_kl(void)
{
    NoiseSchedule *schedule = noise_schedule_create(NOISE_COSINE, 20);
    for (int t = 2; t <= 20; t += 3)
        for (int which = 0; which < 2; which++) {
            double q = diffusion_posterior(schedule, t).variance;
            double p = diffusion_variance(schedule, t, (FixedVariance)which);
            CU_ASSERT(near(diffusion_step_kl(schedule, t, (FixedVariance)which, 0.2),
                           kl_by_sum(0.3, q, 0.5, p), 1e-8));
        }
    double ab = schedule->alpha_bar[20];
    CU_ASSERT(
        near(diffusion_prior_kl(schedule, 0.8), kl_by_sum(sqrt(ab) * 0.8, 1 - ab, 0, 1), 1e-8));
    noise_schedule_free(schedule);
}

/* ---------------------------------------------------------------- bins */

static void test_bins(void)
{
    static const int LEVELS[] = {2, 3, 16, 256};
    static const double MEAN[] = {-1.7, -0.3, 0.02, 1}, SD[] = {0.01, 0.2, 3};
    for (int l = 0; l < 4; l++)
        for (int m = 0; m < 4; m++)
            for (int s = 0; s < 3; s++) {
                double sum = 0;
                for (int i = 0; i < LEVELS[l]; i++)
                    sum += exp(diffusion_bin_log_prob(2.0 * i / (LEVELS[l] - 1) - 1, MEAN[m], SD[s],
                                                      LEVELS[l]));
                CU_ASSERT(near(sum, 1, 1e-12));
            }
    /* the same from above as from below; far out still finite and ever less */
    double below = diffusion_bin_log_prob(-0.2, 0.4, 0.1, 11);
    CU_ASSERT(near(below, diffusion_bin_log_prob(0.2, -0.4, 0.1, 11), 1e-10));
    double far = diffusion_bin_log_prob(-0.2, 5, 0.01, 11);
    CU_ASSERT(isfinite(far) && far < -1e5);
    /* Phi(1) - Phi(-1) */
    CU_ASSERT(near(exp(diffusion_bin_log_prob(0, 0, 0.5, 3)), 0.682689492137086, 1e-12));
}

/* ---------------------------------------------------------------- predictions */

/* Whatever the network predicts, noise and x0 come back, and so one posterior mean. */
static void test_conversions(void)
{
    static const double ALPHA[] = {0.999, 0.6, 0.01}, FLOW[] = {0.05, 0.5, 0.99};
    const double x0 = -0.8, noise = 1.3;
    for (int kind = 0; kind < 4; kind++)
        for (int i = 0; i < 6; i++) {
            double alpha = i < 3 ? ALPHA[i] : 1 - FLOW[i - 3];
            double sigma = i < 3 ? sqrt(1 - alpha * alpha) : FLOW[i - 3];
            double x = alpha * x0 + sigma * noise;
            Target target = prediction_target((PredictionKind)kind, alpha, sigma);
            double f = target.x0 * x0 + target.noise * noise;
            Conversion to = prediction_conversion((PredictionKind)kind, alpha, sigma);
            CU_ASSERT(near(to.noise_x * x + to.noise_f * f, noise, 1e-10));
            CU_ASSERT(near(to.x0_x * x + to.x0_f * f, x0, 1e-10));
        }
}

/* Ho et al. (2020), eq. 11: (x_t - beta_t / sqrt(1 - alpha_bar_t) eps) / sqrt(alpha_t). */
static void test_posterior_mean(void)
{
    NoiseSchedule *schedule = noise_schedule_create(NOISE_LINEAR, 1000);
    const double x = 0.4, noise = -0.9;
    for (int t = 1; t <= 1000; t += 111) {
        double alpha = noise_alpha(schedule, t), sigma = noise_sigma(schedule, t);
        double beta = schedule->beta[t], x0 = (x - sigma * noise) / alpha;
        Posterior q = diffusion_posterior(schedule, t);
        double mean = (x - beta / sigma * noise) / sqrt(1 - beta);
        CU_ASSERT(near(q.from_x0 * x0 + q.from_x * x, mean, 1e-10));
    }
    noise_schedule_free(schedule);
}

const Suite suite = {"chapters/ddpm diffusion",
                     {{"closed form is the steps iterated", test_closed_form},
                      {"published schedules", test_published},
                      {"respaced schedules keep alpha_bar", test_respaced},
                      {"levels and back", test_levels},
                      {"posterior is Bayes's", test_posterior},
                      {"divergences by quadrature", test_kl},
                      {"bins share out the mass", test_bins},
                      {"predictions convert to one guess", test_conversions},
                      {"posterior mean of the noise form", test_posterior_mean},
                      {NULL, NULL}}};
