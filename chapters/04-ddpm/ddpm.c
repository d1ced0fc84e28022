/* The model: units, the noised batch and its loss, the network as a predictor. */
#include "04-ddpm/ddpm.h"

#include "prob/gaussian.h"
#include "support/fail.h"

#include <math.h>

/* The network counts time from 0 to this over the whole process. */
static const double POSITIONS = 1000;

/* The ends of the straight path that a flow-matching run is asked about: t of (1-t) x0 + t eps. */
static const double FLOW_FIRST = 1e-3, FLOW_LAST = 1 - 1e-4;

/* ---------------------------------------------------------------- units */

Tensor *ddpm_to_network(const Ddpm *ddpm, Tensor *x, Rng *noise)
{
    if (ddpm->kind != DATA_POINTS && ddpm->input == INPUT_DEQUANTISED) {
        Tensor *uniform = tensor_like(x);
        rng_uniform(noise, uniform->value, uniform->size);
        x = tensor_add(x, uniform);
    }
    return tensor_div(tensor_sub(x, tensor_detach(ddpm->center)), tensor_detach(ddpm->scale));
}

void ddpm_to_data(const Ddpm *ddpm, real *x, int n, bool smooth)
{
    double most = ddpm->levels - 1;
    for (int i = 0; i < n; i++)
        for (int d = 0; d < ddpm->dims; d++) {
            real *value = &x[(size_t)i * (size_t)ddpm->dims + (size_t)d];
            double v = (double)*value * (double)ddpm->scale->value[d];
            v += (double)ddpm->center->value[d];
            if (ddpm->kind != DATA_POINTS) {
                v -= ddpm->input == INPUT_DEQUANTISED ? 0.5
                                                      : 0; /* the middle of level k is k + 1/2 */
                v = fmin(fmax(smooth ? v : round(v), 0), most);
            }
            *value = (real)v;
        }
}

double ddpm_log_volume(const Ddpm *ddpm)
{
    double sum = 0;
    for (int d = 0; d < ddpm->dims; d++)
        sum -= log((double)ddpm->scale->value[d]);
    return sum;
}

double ddpm_clip(const Ddpm *ddpm)
{
    return ddpm->kind == DATA_POINTS ? 0 : 1;
}

/* ---------------------------------------------------------------- training */

/* A place in the process: alpha and sigma there, and what the network is told. */
typedef struct Place {
    double alpha, sigma, position;
} Place;

/* share in (0, 1) of the whole process. */
static Place place_at(const NoiseSchedule *schedule, PredictionKind prediction, double share)
{
    if (prediction == PREDICT_FLOW)
        return (Place){1 - share, share, POSITIONS * share};
    int steps = schedule->steps, t = 1 + (int)(share * steps);
    t = t < steps ? t : steps;
    return (Place){noise_alpha(schedule, t), noise_sigma(schedule, t), POSITIONS * t / steps};
}

Noised ddpm_noised(const Ddpm *ddpm, Tensor *x0, Rng *noise)
{
    return noised_batch(ddpm->schedule, ddpm->prediction, x0, noise);
}

Noised noised_batch(const NoiseSchedule *schedule, PredictionKind prediction, Tensor *x0,
                    Rng *noise)
{
    Tape *tape = x0->tape;
    int n = tensor_rows(x0);
    Tensor *position = tensor_new_matrix(tape, n, 1);
    Tensor *alpha = tensor_new_matrix(tape, n, 1), *sigma = tensor_new_matrix(tape, n, 1);
    Tensor *of_x0 = tensor_new_matrix(tape, n, 1), *of_noise = tensor_new_matrix(tape, n, 1);
    for (int i = 0; i < n; i++) {
        Place place = place_at(schedule, prediction, (i + rng_uniform_one(noise)) / n);
        Target target = prediction_target(prediction, place.alpha, place.sigma);
        position->value[i] = (real)place.position;
        alpha->value[i] = (real)place.alpha;
        sigma->value[i] = (real)place.sigma;
        of_x0->value[i] = (real)target.x0;
        of_noise->value[i] = (real)target.noise;
    }
    Tensor *eps = gaussian_noise(tape, 2, x0->shape, noise);
    return (Noised){tensor_name(rows_mixed(alpha, x0, sigma, eps), "x_t"),
                    rows_mixed(of_x0, x0, of_noise, eps), position};
}

Tensor *ddpm_loss(const Ddpm *ddpm, const Noised *noised, Tensor *class)
{
    Tensor *f = denoiser_forward(&ddpm->net, noised->x, noised->position, class);
    return tensor_mean_axis(tensor_square(tensor_sub(noised->target, f)), 1);
}

Tensor *ddpm_classes(const Ddpm *ddpm, Tape *tape, const int *label, int n, Rng *noise)
{
    if (ddpm->classes == 0)
        return NULL;
    Tensor *class = class_rows(tape, label, n, ddpm->classes);
    for (int i = 0; i < n; i++) {
        real *row = class->value + (size_t)i * (size_t)(ddpm->classes + 1);
        if (rng_uniform_one(noise) >= ddpm->drop)
            continue;
        for (int c = 0; c < ddpm->classes; c++)
            row[c] = 0;
        row[ddpm->classes] = 1;
    }
    return class;
}

/* ---------------------------------------------------------------- guesses */

/* What the network is told and how its answer is read, a row each, or one row for all. */
typedef struct Reading {
    Tensor *position, *scale; /* x is multiplied by scale for the network                */
    Tensor *noise_x, *noise_f, *x0_x, *x0_f;
} Reading;

static Reading reading_new(Tape *tape, int n)
{
    return (Reading){tensor_new_matrix(tape, n, 1), tensor_new_matrix(tape, n, 1),
                     tensor_new_matrix(tape, n, 1), tensor_new_matrix(tape, n, 1),
                     tensor_new_matrix(tape, n, 1), tensor_new_matrix(tape, n, 1)};
}

/* Flow matching's network knows x / (alpha + sigma), at t = sigma / (alpha + sigma). */
static Reading reading_at(const Ddpm *ddpm, Tape *tape, const double *level, int n)
{
    Reading reading = reading_new(tape, n);
    bool flow = ddpm->prediction == PREDICT_FLOW;
    for (int i = 0; i < n; i++) {
        double alpha = level_alpha(level[i]), sigma = level_sigma(level[i]), sum = alpha + sigma;
        double share =
            flow ? sigma / sum : noise_time(ddpm->schedule, level[i]) / ddpm->schedule->steps;
        Conversion to = prediction_conversion(ddpm->prediction, alpha, sigma);
        reading.position->value[i] = (real)(POSITIONS * share);
        reading.scale->value[i] = (real)(flow ? 1 / sum : 1);
        reading.noise_x->value[i] = (real)to.noise_x;
        reading.noise_f->value[i] = (real)to.noise_f;
        reading.x0_x->value[i] = (real)to.x0_x;
        reading.x0_f->value[i] = (real)to.x0_f;
    }
    return reading;
}

/* The network's answer, guided: f is affine in the noise with the same x on both sides, so the
 * guidance of eps (Ho & Salimans 2022, eq. 6) is that of f. */
static Tensor *guided(const DdpmPredictor *own, Tensor *x, Tensor *position, const int *label)
{
    const Ddpm *ddpm = own->ddpm;
    double w = own->guidance;
    Tensor *class = ddpm->classes > 0 && label != NULL
                        ? class_rows(x->tape, label, tensor_rows(x), ddpm->classes)
                        : NULL;
    if (w != 0 && class == NULL)
        fail("ddpm: guidance without labels");
    Tensor *f = denoiser_forward(&ddpm->net, x, position, class);
    if (w == 0)
        return f;
    Tensor *unconditional = denoiser_forward(&ddpm->net, x, position, NULL);
    return tensor_sub(tensor_scale(f, (real)(1 + w)), tensor_scale(unconditional, (real)w));
}

static Guess ddpm_guess(const Predictor *predictor, Tensor *x, const double *level,
                        const int *label)
{
    const DdpmPredictor *own = (const DdpmPredictor *)predictor;
    const Ddpm *ddpm = own->ddpm;
    int n = tensor_rows(x);
    bool one = levels_equal(level, n);
    Reading reading = reading_at(ddpm, x->tape, level, one ? 1 : n);
    Tensor *in = ddpm->prediction == PREDICT_FLOW ? tensor_mul(x, reading.scale) : x;
    Tensor *f = guided(own, in, reading.position, label);
    Guess guess = {f, f};
    if (ddpm->prediction != PREDICT_NOISE)
        guess.noise = rows_mixed(reading.noise_x, x, reading.noise_f, f);
    if (ddpm->prediction != PREDICT_X0)
        guess.x0 = rows_mixed(reading.x0_x, x, reading.x0_f, f);
    return guess;
}

DdpmPredictor ddpm_predictor(const Ddpm *ddpm, double guidance)
{
    DdpmPredictor own = {.ddpm = ddpm, .guidance = guidance};
    bool flow = ddpm->prediction == PREDICT_FLOW;
    const NoiseSchedule *schedule = ddpm->schedule;
    own.predictor.dims = ddpm->dims;
    own.predictor.least = flow ? log(FLOW_FIRST / (1 - FLOW_FIRST)) : noise_level(schedule, 1);
    own.predictor.most =
        flow ? log(FLOW_LAST / (1 - FLOW_LAST)) : noise_level(schedule, schedule->steps);
    own.predictor.guess = ddpm_guess;
    return own;
}
