#include "04-ddpm/diffusion.h"

#include "support/fail.h"
#include "support/memory.h"

#include <gsl/gsl_sf_erf.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static const double MOST_BETA = 0.999;

/* ---------------------------------------------------------------- schedules */

static NoiseSchedule *schedule_new(int steps)
{
    NoiseSchedule *schedule = memory_new(1, sizeof *schedule);
    size_t n = (size_t)steps + 1;
    schedule->steps = steps;
    schedule->time = memory_new(n, sizeof *schedule->time);
    schedule->alpha_bar = memory_new(n, sizeof *schedule->alpha_bar);
    schedule->beta = memory_new(n, sizeof *schedule->beta);
    schedule->alpha_bar[0] = 1;
    return schedule;
}

/* Nichol & Dhariwal (2021), eq. 17, before the division by f(0). */
static double cosine(double share)
{
    double c = cos((share + 0.008) / 1.008 * M_PI / 2);
    return c * c;
}

static double beta_of(NoiseKind kind, int t, int steps)
{
    if (kind == NOISE_COSINE)
        return fmin(1 - cosine((double)t / steps) / cosine((double)(t - 1) / steps), MOST_BETA);
    double first = 1e-4 * 1000 / steps, last = 0.02 * 1000 / steps;
    return fmin(first + (last - first) * (t - 1) / (steps - 1), MOST_BETA);
}

/* The steps as a function of the level, through every step: monotone, so that it can be inverted by
 * exchanging the axes (Steffen 1990). */
static gsl_spline *spline_of_time(const NoiseSchedule *schedule)
{
    size_t n = (size_t)schedule->steps;
    double *level = memory_new(n, sizeof *level), *time = memory_new(n, sizeof *time);
    for (size_t i = 0; i < n; i++) {
        time[i] = (double)i + 1;
        level[i] = noise_level(schedule, (int)i + 1);
    }
    gsl_spline *spline = gsl_spline_alloc(n > 2 ? gsl_interp_steffen : gsl_interp_linear, n);
    gsl_spline_init(spline, level, time, n);
    free(level);
    free(time);
    return spline;
}

NoiseSchedule *noise_schedule_create(NoiseKind kind, int steps)
{
    if (steps < 2)
        fail("noise schedule: %d steps; at least 2", steps);
    NoiseSchedule *schedule = schedule_new(steps);
    for (int t = 1; t <= steps; t++) {
        schedule->time[t] = t;
        schedule->beta[t] = beta_of(kind, t, steps);
        schedule->alpha_bar[t] = schedule->alpha_bar[t - 1] * (1 - schedule->beta[t]);
    }
    schedule->time_of_level = spline_of_time(schedule);
    return schedule;
}

NoiseSchedule *noise_schedule_respaced(const NoiseSchedule *full, int steps)
{
    if (steps < 1 || steps > full->steps)
        fail("noise schedule: %d steps out of %d", steps, full->steps);
    NoiseSchedule *schedule = schedule_new(steps);
    for (int k = 1; k <= steps; k++) {
        double share = steps > 1 ? (double)(k - 1) / (steps - 1) : 1;
        int t = 1 + (int)lround(share * (full->steps - 1));
        schedule->time[k] = t;
        schedule->alpha_bar[k] = full->alpha_bar[t];
        /* where no step is left out the full schedule's own beta, to the last bit */
        schedule->beta[k] = t == schedule->time[k - 1] + 1
                                ? full->beta[t]
                                : 1 - full->alpha_bar[t] / schedule->alpha_bar[k - 1];
    }
    return schedule;
}

void noise_schedule_free(NoiseSchedule *schedule)
{
    if (schedule == NULL)
        return;
    gsl_spline_free(schedule->time_of_level);
    free(schedule->time);
    free(schedule->alpha_bar);
    free(schedule->beta);
    free(schedule);
}

double noise_alpha(const NoiseSchedule *schedule, int t)
{
    return sqrt(schedule->alpha_bar[t]);
}

double noise_sigma(const NoiseSchedule *schedule, int t)
{
    return sqrt(1 - schedule->alpha_bar[t]);
}

double noise_level(const NoiseSchedule *schedule, int t)
{
    double alpha_bar = schedule->alpha_bar[t];
    return t == 0 ? -INFINITY : 0.5 * log((1 - alpha_bar) / alpha_bar);
}

double noise_time(const NoiseSchedule *full, double level)
{
    const gsl_spline *spline = full->time_of_level;
    if (spline == NULL)
        fail("noise_time: a schedule of %d steps that was thinned", full->steps);
    if (level <= spline->interp->xmin)
        return 1;
    if (level >= spline->interp->xmax)
        return full->steps;
    return gsl_spline_eval(spline, level, NULL);
}

double level_alpha(double level)
{
    return 1 / sqrt(1 + exp(2 * level));
}

double level_sigma(double level)
{
    return 1 / sqrt(1 + exp(-2 * level));
}

/* ---------------------------------------------------------------- one step back */

/* Ho et al. (2020), eq. 7:  mean = sqrt(ab_{t-1}) beta_t / (1 - ab_t) x0
 *                                + sqrt(alpha_t) (1 - ab_{t-1}) / (1 - ab_t) x_t
 *                           beta~ = (1 - ab_{t-1}) / (1 - ab_t) beta_t */
Posterior diffusion_posterior(const NoiseSchedule *schedule, int t)
{
    double before = schedule->alpha_bar[t - 1], now = schedule->alpha_bar[t];
    double beta = schedule->beta[t];
    Posterior q;
    q.from_x0 = sqrt(before) * beta / (1 - now);
    q.from_x = sqrt(1 - beta) * (1 - before) / (1 - now);
    q.variance = (1 - before) / (1 - now) * beta;
    return q;
}

double diffusion_variance(const NoiseSchedule *schedule, int t, FixedVariance which)
{
    if (which == VARIANCE_LARGE || schedule->steps == 1)
        return schedule->beta[t];
    return diffusion_posterior(schedule, t == 1 ? 2 : t).variance;
}

double diffusion_step_kl(const NoiseSchedule *schedule, int t, FixedVariance which, double gap)
{
    double of_q = diffusion_posterior(schedule, t).variance;
    double of_p = diffusion_variance(schedule, t, which);
    return 0.5 * (log(of_p / of_q) + (of_q + gap * gap) / of_p - 1);
}

double diffusion_prior_kl(const NoiseSchedule *schedule, double x0)
{
    double alpha_bar = schedule->alpha_bar[schedule->steps];
    return 0.5 * (alpha_bar * (x0 * x0 - 1) - log1p(-alpha_bar));
}

/* log of the N(0, 1) mass above z. */
static double log_above(double z)
{
    return gsl_sf_log_erfc(z / sqrt(2)) - log(2);
}

double diffusion_bin_log_prob(double x, double mean, double sd, int levels)
{
    double half = 1.0 / (levels - 1);
    double low = (x - half - mean) / sd, high = (x + half - mean) / sd;
    bool first = x <= -1 + half, last = x >= 1 - half;
    if (first)
        return log_above(-high);
    if (last)
        return log_above(low);
    if (low + high < 0) { /* the bin lies below the mean: its mirror image, for the smaller tail */
        double swap = low;
        low = -high;
        high = -swap;
    }
    double below = log_above(low), above = log_above(high);
    return below + log1p(-exp(above - below));
}

/* ---------------------------------------------------------------- what a network may predict */

Conversion prediction_conversion(PredictionKind kind, double alpha, double sigma)
{
    double square = alpha * alpha + sigma * sigma;
    switch (kind) {
    case PREDICT_NOISE:
        return (Conversion){0, 1, 1 / alpha, -sigma / alpha};
    case PREDICT_X0:
        return (Conversion){1 / sigma, -alpha / sigma, 0, 1};
    case PREDICT_V:
        return (Conversion){sigma / square, alpha / square, alpha / square, -sigma / square};
    case PREDICT_FLOW:
        return (Conversion){1 / (alpha + sigma), alpha / (alpha + sigma), 1 / (alpha + sigma),
                            -sigma / (alpha + sigma)};
    }
    fail("prediction: kind %d is none of PredictionKind", (int)kind);
}

Target prediction_target(PredictionKind kind, double alpha, double sigma)
{
    switch (kind) {
    case PREDICT_NOISE:
        return (Target){0, 1};
    case PREDICT_X0:
        return (Target){1, 0};
    case PREDICT_V:
        return (Target){-sigma, alpha};
    case PREDICT_FLOW:
        return (Target){-1, 1};
    }
    fail("prediction: kind %d is none of PredictionKind", (int)kind);
}
