#include "04-ddpm/ddpm_sample.h"

#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double MOST_HEUN = 80, MOST_LANGEVIN = 20; /* sigma / alpha at the start */
static const double PACE = 1;
enum { INNER = 10 };

const char *sampler_name(SamplerKind kind)
{
    static const char *const name[] = {"ddpm",     "ddim",       "heun",
                                       "langevin", "flow-euler", "flow-heun"};
    return name[kind];
}

/* A run of a sampler. */
typedef struct Walk {
    const Sampler *sampler;
    Tape *tape;
    Rng *noise;
    int n, dims, step, steps;
    size_t numbers;
    const int *label;
    real *x, *x0, *z; /* [n, dims]: where it is; the last guess; fresh noise    */
    double *level;    /* [n]: one value for all                                 */
} Walk;

static Walk walk_start(const Sampler *sampler, Tape *tape, Rng *noise, int n, const int *label,
                       real *x)
{
    Walk walk = {.sampler = sampler, .tape = tape, .noise = noise, .n = n, .label = label, .x = x};
    walk.dims = sampler->predictor->dims;
    walk.numbers = (size_t)n * (size_t)walk.dims;
    walk.x0 = memory_new(walk.numbers, sizeof *walk.x0);
    walk.z = memory_new(walk.numbers, sizeof *walk.z);
    walk.level = memory_new((size_t)n, sizeof *walk.level);
    return walk;
}

static void walk_end(Walk *walk)
{
    free(walk->x0);
    free(walk->z);
    free(walk->level);
}

/* Asks about x at a level; the answer lives until the tape is released. */
static Guess ask(Walk *walk, double level, const real *x)
{
    for (int i = 0; i < walk->n; i++)
        walk->level[i] = level;
    Tensor *at = tensor_from(walk->tape, 2, (int[]){walk->n, walk->dims}, x);
    Guess guess = predictor_guess(walk->sampler->predictor, at, walk->level, walk->label,
                                  walk->sampler->clip);
    memcpy(walk->x0, guess.x0->value, walk->numbers * sizeof *walk->x0);
    return guess;
}

static void show(const Walk *walk, double level)
{
    SamplerObserver *observer = walk->sampler->observer;
    if (observer == NULL)
        return;
    SamplerView view = {.step = walk->step,
                        .steps = walk->steps,
                        .level = level,
                        .x = walk->x,
                        .x0 = walk->step > 0 ? walk->x0 : NULL,
                        .n = walk->n,
                        .dims = walk->dims};
    observer->see(observer, &view);
}

/* A step is done: x must be finite. */
static void arrive(Walk *walk, double level)
{
    walk->step++;
    for (size_t i = 0; i < walk->numbers; i++)
        if (!isfinite(walk->x[i]))
            refuse("sampling (%s): x is not finite after step %d of %d: the network's output is no "
                   "number; its weights are damaged, or --guidance is too large",
                   sampler_name(walk->sampler->kind), walk->step, walk->steps);
    show(walk, level);
}

/* x = alpha x0 + sigma z in place, with fresh z. */
static void add_noise(Walk *walk, double alpha, double sigma, real *x)
{
    rng_normal(walk->noise, walk->z, walk->numbers);
    for (size_t i = 0; i < walk->numbers; i++)
        x[i] = (real)(alpha * (double)x[i] + sigma * (double)walk->z[i]);
}

/* ---------------------------------------------------------------- ddpm and ddim */

/* x' = from_x x + from_x0 x0 + from_noise eps + sd z. */
typedef struct Stride {
    double from_x, from_x0, from_noise, sd;
} Stride;

/* Ho et al. (2020), algorithm 2; no noise in the last step. */
static Stride ddpm_stride(const Sampler *sampler, const NoiseSchedule *schedule, int t)
{
    Posterior q = diffusion_posterior(schedule, t);
    double sd = t > 1 ? sqrt(diffusion_variance(schedule, t, sampler->variance)) : 0;
    return (Stride){q.from_x, q.from_x0, 0, sd};
}

/* Song et al. (2021), eq. 12, sigma by eq. 16. */
static Stride ddim_stride(const Sampler *sampler, const NoiseSchedule *schedule, int t)
{
    double before = schedule->alpha_bar[t - 1];
    double sd = sampler->eta * sqrt(diffusion_posterior(schedule, t).variance);
    return (Stride){0, sqrt(before), sqrt(fmax(1 - before - sd * sd, 0)), sd};
}

static void take(Walk *walk, const NoiseSchedule *schedule, int t)
{
    const Sampler *sampler = walk->sampler;
    Stride stride = sampler->kind == SAMPLER_DDPM ? ddpm_stride(sampler, schedule, t)
                                                  : ddim_stride(sampler, schedule, t);
    TapeMark mark = tape_mark(walk->tape);
    Guess guess = ask(walk, noise_level(schedule, t), walk->x);
    if (stride.sd > 0)
        rng_normal(walk->noise, walk->z, walk->numbers);
    for (size_t i = 0; i < walk->numbers; i++)
        walk->x[i] = (real)(stride.from_x * (double)walk->x[i] +
                            stride.from_x0 * (double)guess.x0->value[i] +
                            stride.from_noise * (double)guess.noise->value[i] +
                            (stride.sd > 0 ? stride.sd * (double)walk->z[i] : 0));
    tape_release(walk->tape, mark);
}

/* q(x_t | known) where the mask says so. */
static void put_known(Walk *walk, const NoiseSchedule *schedule, int t)
{
    const Sampler *sampler = walk->sampler;
    double alpha = noise_alpha(schedule, t), sigma = t > 0 ? noise_sigma(schedule, t) : 0;
    rng_normal(walk->noise, walk->z, walk->numbers);
    for (size_t i = 0; i < walk->numbers; i++) {
        double there = alpha * (double)sampler->known[i] + sigma * (double)walk->z[i];
        double share = (double)sampler->mask[i];
        walk->x[i] = (real)(share * there + (1 - share) * (double)walk->x[i]);
    }
}

static void walk_steps(Walk *walk)
{
    const Sampler *sampler = walk->sampler;
    NoiseSchedule *schedule = noise_schedule_respaced(sampler->schedule, sampler->steps);
    int first = sampler->from > 0 ? sampler->from : sampler->steps;
    int repeats = sampler->known != NULL && sampler->repeats > 1 ? sampler->repeats : 1;
    walk->steps = first;
    if (sampler->from == 0)
        rng_normal(walk->noise, walk->x, walk->numbers);
    show(walk, noise_level(schedule, first));
    for (int t = first; t >= 1; t--) {
        for (int repeat = 1; repeat <= repeats; repeat++) {
            take(walk, schedule, t);
            if (sampler->known != NULL)
                put_known(walk, schedule, t - 1);
            if (repeat < repeats)
                add_noise(walk, sqrt(1 - schedule->beta[t]), sqrt(schedule->beta[t]), walk->x);
        }
        arrive(walk, noise_level(schedule, t - 1));
    }
    noise_schedule_free(schedule);
}

/* ---------------------------------------------------------------- heun, flow-euler, flow-heun */

/* Coordinates in which the probability-flow ODE is simple: s = x * factor moves by ds/dclock =
 * slope.
 *
 *     heun   factor 1 / alpha, clock sigma / alpha, slope eps
 *     flow   factor 1 / (alpha + sigma), clock sigma / (alpha + sigma), slope eps - x0
 */
typedef struct Clock {
    double factor, time;
} Clock;

static Clock clock_at(const Sampler *sampler, double level)
{
    double alpha = level_alpha(level), sigma = level_sigma(level);
    double sum = sampler->kind == SAMPLER_HEUN ? alpha : alpha + sigma;
    return (Clock){1 / sum, sigma / sum};
}

/* The slope at x into slope [n, dims]. */
static void slope_at(Walk *walk, double level, const real *x, double *slope)
{
    TapeMark mark = tape_mark(walk->tape);
    Guess guess = ask(walk, level, x);
    bool flow = walk->sampler->kind != SAMPLER_HEUN;
    for (size_t i = 0; i < walk->numbers; i++)
        slope[i] = (double)guess.noise->value[i] - (flow ? (double)guess.x0->value[i] : 0);
    tape_release(walk->tape, mark);
}

/* One step from a level to the next; the last one, to the data, is Euler's, which is the guess of
 * x0 itself. slope [2, n, dims] is scratch. */
static void ode_step(Walk *walk, double level, double next, double *slope)
{
    const Sampler *sampler = walk->sampler;
    Clock now = clock_at(sampler, level), then = clock_at(sampler, next);
    double length = then.time - now.time, *second = slope + walk->numbers;
    slope_at(walk, level, walk->x, slope);
    if (isinf(next)) {
        memcpy(walk->x, walk->x0, walk->numbers * sizeof *walk->x);
        return;
    }
    for (size_t i = 0; i < walk->numbers; i++)
        walk->z[i] = (real)((now.factor * (double)walk->x[i] + length * slope[i]) / then.factor);
    if (sampler->kind != SAMPLER_FLOW_EULER) {
        slope_at(walk, next, walk->z, second);
        for (size_t i = 0; i < walk->numbers; i++) {
            double mean = 0.5 * (slope[i] + second[i]);
            double end = now.factor * (double)walk->x[i] + length * mean;
            walk->z[i] = (real)(end / then.factor);
        }
    }
    memcpy(walk->x, walk->z, walk->numbers * sizeof *walk->x);
}

void sampler_heun_levels(const Predictor *predictor, int steps, double *level)
{
    double most = pow(fmin(exp(predictor->most), MOST_HEUN), 1.0 / 7);
    double least = pow(exp(predictor->least), 1.0 / 7);
    for (int i = 0; i < steps; i++)
        level[i] = 7 * log(most + (steps > 1 ? (double)i / (steps - 1) : 0) * (least - most));
}

/* t = 1, 1 - 1/steps ... 1/steps of the straight path, kept to what the predictor knows. */
static void flow_levels(const Predictor *predictor, int steps, double *level)
{
    for (int i = 0; i < steps; i++) {
        double t = 1 - (double)i / steps;
        double exact = i == 0 ? INFINITY : log(t / (1 - t));
        level[i] = fmin(fmax(exact, predictor->least), predictor->most);
    }
}

static void walk_ode(Walk *walk)
{
    const Sampler *sampler = walk->sampler;
    int steps = walk->steps = sampler->steps;
    double *level = memory_new((size_t)steps + 1, sizeof *level);
    double *slope = memory_new(2 * walk->numbers, sizeof *slope);
    if (sampler->kind == SAMPLER_HEUN)
        sampler_heun_levels(sampler->predictor, steps, level);
    else
        flow_levels(sampler->predictor, steps, level);
    level[steps] = -INFINITY;
    rng_normal(walk->noise, walk->x, walk->numbers);
    show(walk, level[0]);
    for (int i = 0; i < steps; i++) {
        ode_step(walk, level[i], level[i + 1], slope);
        arrive(walk, level[i + 1]);
    }
    free(level);
    free(slope);
}

/* ---------------------------------------------------------------- langevin */

/* In s = x / alpha, whose noise is s = sigma / alpha and whose score is -eps / s:
 *     s += pace / 2 s^2 score + sqrt(pace) s z                  Song & Ermon (2019), algorithm 1 */
static void langevin_step(Walk *walk, double level, double pace)
{
    TapeMark mark = tape_mark(walk->tape);
    Guess guess = ask(walk, level, walk->x);
    double sigma = level_sigma(level); /* times alpha: back to the scale of x */
    rng_normal(walk->noise, walk->z, walk->numbers);
    for (size_t i = 0; i < walk->numbers; i++)
        walk->x[i] += (real)(sigma * (sqrt(pace) * (double)walk->z[i] -
                                      0.5 * pace * (double)guess.noise->value[i]));
    tape_release(walk->tape, mark);
}

/* Levels fall geometrically in sigma / alpha; at the end the guess of x0 takes the last noise off.
 */
static void walk_langevin(Walk *walk)
{
    const Sampler *sampler = walk->sampler;
    int inner = sampler->inner > 0 ? sampler->inner : INNER;
    int levels = sampler->steps > inner ? sampler->steps / inner : 1;
    double pace = sampler->pace > 0 ? sampler->pace : PACE;
    double most = fmin(sampler->predictor->most, log(MOST_LANGEVIN));
    double least = sampler->predictor->least, level = most;
    walk->steps = levels * inner + 1;
    rng_normal(walk->noise, walk->x, walk->numbers);
    show(walk, most);
    for (int l = 0; l < levels; l++) {
        double next = levels > 1 ? most + (least - most) * l / (levels - 1) : least;
        double rescale = level_alpha(next) / level_alpha(level); /* s stays where it is */
        level = next;
        for (size_t i = 0; i < walk->numbers; i++)
            walk->x[i] = (real)(rescale * (double)walk->x[i]);
        for (int i = 0; i < inner; i++) {
            langevin_step(walk, level, pace);
            arrive(walk, level);
        }
    }
    TapeMark mark = tape_mark(walk->tape);
    ask(walk, level, walk->x);
    tape_release(walk->tape, mark);
    memcpy(walk->x, walk->x0, walk->numbers * sizeof *walk->x);
    arrive(walk, -INFINITY);
}

/* ---------------------------------------------------------------- the doors */

static bool in_steps(const Sampler *sampler)
{
    return sampler->kind == SAMPLER_DDPM || sampler->kind == SAMPLER_DDIM;
}

static void check(const Sampler *sampler)
{
    const char *name = sampler_name(sampler->kind);
    if (sampler->steps < 1 || (in_steps(sampler) && sampler->steps > sampler->schedule->steps))
        fail("sampler %s: %d steps; the schedule has %d", name, sampler->steps,
             sampler->schedule->steps);
    if (sampler->from < 0 || sampler->from > sampler->steps)
        fail("sampler %s: from step %d of %d", name, sampler->from, sampler->steps);
    if ((sampler->from > 0 || sampler->known != NULL) && !in_steps(sampler))
        fail("sampler %s: a start and a mask are for ddpm and ddim", name);
}

void sampler_run(const Sampler *sampler, Tape *tape, Rng *noise, int n, const int *label, real *x)
{
    check(sampler);
    bool recording = tape_record(tape, false);
    Walk walk = walk_start(sampler, tape, noise, n, label, x);
    if (in_steps(sampler))
        walk_steps(&walk);
    else if (sampler->kind == SAMPLER_LANGEVIN)
        walk_langevin(&walk);
    else
        walk_ode(&walk);
    walk_end(&walk);
    tape_record(tape, recording);
}

void sampler_noise(const Sampler *sampler, int k, Rng *noise, int n, real *x)
{
    check(sampler);
    NoiseSchedule *schedule = noise_schedule_respaced(sampler->schedule, sampler->steps);
    Walk walk = walk_start(sampler, NULL, noise, n, NULL, x);
    add_noise(&walk, noise_alpha(schedule, k), noise_sigma(schedule, k), x);
    walk_end(&walk);
    noise_schedule_free(schedule);
}

/* x_t = sqrt(ab_t) x0 + sqrt(1 - ab_t) eps, both guessed at x_{t-1} but for level t: what the step
 * down from t will guess at x_t, were the two equal. */
void sampler_invert(const Sampler *sampler, Tape *tape, int n, const int *label, real *x)
{
    check(sampler);
    NoiseSchedule *schedule = noise_schedule_respaced(sampler->schedule, sampler->steps);
    bool recording = tape_record(tape, false);
    Walk walk = walk_start(sampler, tape, NULL, n, label, x);
    walk.steps = sampler->steps;
    for (int t = 1; t <= sampler->steps; t++) {
        double before = t > 1 ? exp(noise_level(schedule, t - 1)) : 0;
        double now = exp(noise_level(schedule, t)), alpha = noise_alpha(schedule, t);
        double alpha_before = noise_alpha(schedule, t - 1);
        TapeMark mark = tape_mark(tape);
        Guess guess = ask(&walk, noise_level(schedule, t), x);
        for (size_t i = 0; i < walk.numbers; i++)
            x[i] = (real)(alpha * ((double)x[i] / alpha_before +
                                   (now - before) * (double)guess.noise->value[i]));
        tape_release(tape, mark);
        arrive(&walk, noise_level(schedule, t));
    }
    walk_end(&walk);
    tape_record(tape, recording);
    noise_schedule_free(schedule);
}

void sampler_between(const real *a, const real *b, int dims, double share, real *out)
{
    double aa = 0, bb = 0, ab = 0;
    for (int d = 0; d < dims; d++) {
        aa += (double)a[d] * (double)a[d];
        bb += (double)b[d] * (double)b[d];
        ab += (double)a[d] * (double)b[d];
    }
    double cosine = aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 1;
    double angle = acos(fmin(fmax(cosine, -1), 1)), sine = sin(angle);
    bool straight = sine < 1e-6; /* on one line no circle is the one */
    double of_a = straight ? 1 - share : sin((1 - share) * angle) / sine;
    double of_b = straight ? share : sin(share * angle) / sine;
    for (int d = 0; d < dims; d++)
        out[d] = (real)(of_a * (double)a[d] + of_b * (double)b[d]);
}
