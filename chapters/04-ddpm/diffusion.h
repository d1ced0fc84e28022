/* The mathematics of diffusion without any network, in double: noise schedules, the forward process
 * and its reversal when x0 is known, and how three names for one guess are turned into one another.
 *
 * Forward, in closed form:  x_t = alpha x0 + sigma eps,  alpha^2 = alpha_bar_t,  sigma^2 = 1 -
 * alpha_bar_t, with eps ~ N(0, I). So a place in the process is given by one number, its level
 *
 *     u = log(sigma / alpha),     alpha^2 = 1 / (1 + e^2u),     sigma^2 = 1 / (1 + e^-2u),
 *
 * which is minus half the log signal-to-noise ratio (Kingma et al. 2021, arXiv:2107.00630,
 * sec. 3.1). It goes from very negative (data) to positive (noise), and knows nothing of the number
 * of steps.
 *
 * Sources: Ho, Jain & Abbeel (2020), arXiv:2006.11239; Nichol & Dhariwal (2021), arXiv:2102.09672;
 * Salimans & Ho (2022), arXiv:2202.00512. */
#ifndef DDPM_DIFFUSION_H
#define DDPM_DIFFUSION_H

#include <gsl/gsl_spline.h>

/* ---------------------------------------------------------------- schedules */

typedef enum NoiseKind { NOISE_LINEAR, NOISE_COSINE } NoiseKind;

/* T steps, or some of them. Index t is 1 .. steps; alpha_bar[0] = 1 is the data. */
typedef struct NoiseSchedule {
    int steps;
    int *time; /* [steps + 1]: the step of the full schedule that t stands for; time[0] = 0 */
    double *alpha_bar; /* [steps + 1]                                                             */
    double *beta;      /* [steps + 1]: 1 - alpha_bar[t] / alpha_bar[t-1]; beta[0] = 0             */
    gsl_spline *time_of_level; /* of the full schedule; NULL in one that was thinned              */
} NoiseSchedule;

/* linear: beta from 1e-4 to 0.02 at T = 1000 (Ho et al. 2020, sec. 4), times 1000 / T at others so
 *         that the whole adds the same noise.
 * cosine: alpha_bar_t = f(t) / f(0), f(t) = cos^2((t / T + 0.008) / 1.008 pi / 2)
 *         (Nichol & Dhariwal 2021, eq. 17).
 * No beta above 0.999 in either. steps at least 2. Free with noise_schedule_free. */
NoiseSchedule *noise_schedule_create(NoiseKind kind, int steps);

/* So many steps out of a full schedule, evenly spaced from its first to its last (a single one is
 * the last), with the betas that keep alpha_bar (Nichol & Dhariwal 2021, eq. 19). Errors: steps
 * below 1 or more than the schedule has. */
NoiseSchedule *noise_schedule_respaced(const NoiseSchedule *full, int steps);

void noise_schedule_free(NoiseSchedule *schedule);

/* alpha, sigma and level of step t, 1 .. steps; of t = 0 they are 1, 0 and minus infinity. */
double noise_alpha(const NoiseSchedule *schedule, int t);
double noise_sigma(const NoiseSchedule *schedule, int t);
double noise_level(const NoiseSchedule *schedule, int t);

/* The step of a full schedule at a level, between the steps too (a monotone spline through them, so
 * that noise_time(noise_level(t)) = t); levels outside 1 .. T give the nearer end. */
double noise_time(const NoiseSchedule *full, double level);

/* alpha and sigma at a level. */
double level_alpha(double level);
double level_sigma(double level);

/* ---------------------------------------------------------------- one step back */

/* Which fixed variance the model's p(x_{t-1}|x_t) has: the small one, beta~_t, is right for data in
 * a single point, the large one, beta_t, for data that are N(0, I) (Ho et al. 2020, sec. 3.2). */
typedef enum FixedVariance { VARIANCE_SMALL, VARIANCE_LARGE } FixedVariance;

/* mean = from_x0 x0 + from_x x_t, and the variance about it. */
typedef struct Posterior {
    double from_x0, from_x, variance;
} Posterior;

/* q(x_{t-1} | x_t, x0), t = 1 .. steps (Ho et al. 2020, eq. 6-7); at t = 1 its variance is 0. */
Posterior diffusion_posterior(const NoiseSchedule *schedule, int t);

/* The variance of p(x_{t-1} | x_t). The small one is 0 at t = 1, so there it is that of t = 2 (as
 * in Ho's code), or beta_1 in a schedule of one step; the large one is beta_t everywhere. */
double diffusion_variance(const NoiseSchedule *schedule, int t, FixedVariance which);

/* KL(q(x_{t-1}|x_t,x0) || p(x_{t-1}|x_t)) of one dimension whose means differ by that, nats; t
 * >= 2. */
double diffusion_step_kl(const NoiseSchedule *schedule, int t, FixedVariance which, double gap);

/* KL(q(x_T|x0) || N(0, 1)) of one dimension, nats. */
double diffusion_prior_kl(const NoiseSchedule *schedule, double x0);

/* log of the N(mean, sd^2) mass of the bin around x: x is one of `levels` grid values on [-1, 1],
 * the bins are 2 / (levels - 1) wide, the outer two reach to infinity (Ho et al. 2020, eq. 13). */
double diffusion_bin_log_prob(double x, double mean, double sd, int levels);

/* ---------------------------------------------------------------- what a network may predict */

/* PREDICT_NOISE eps; PREDICT_X0 x0; PREDICT_V alpha eps - sigma x0 (Salimans & Ho 2022, sec. 4);
 * PREDICT_FLOW eps - x0, the velocity of the straight path x_t = (1-t) x0 + t eps (Lipman et al.
 * 2023, arXiv:2210.02747; Liu et al. 2023, arXiv:2209.03003). */
typedef enum PredictionKind { PREDICT_NOISE, PREDICT_X0, PREDICT_V, PREDICT_FLOW } PredictionKind;

/* eps = noise_x x + noise_f f and x0 = x0_x x + x0_f f, from x = alpha x0 + sigma eps and f, the
 * prediction. Any alpha, sigma >= 0: (1-t, t) of the straight path as well. Where alpha or sigma is
 * 0 the part that x does not determine is infinite. */
typedef struct Conversion {
    double noise_x, noise_f, x0_x, x0_f;
} Conversion;
Conversion prediction_conversion(PredictionKind kind, double alpha, double sigma);

/* What the network should have said: f = target_x0 x0 + target_noise eps. */
typedef struct Target {
    double x0, noise;
} Target;
Target prediction_target(PredictionKind kind, double alpha, double sigma);

#endif
