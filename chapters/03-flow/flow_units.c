#include "03-flow/flow_units.h"

#include "support/fail.h"
#include "support/memory.h"
#include "tensor/op.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>

static const double LOGIT_MARGIN = 1e-6, LOG_ROOT_TWO_PI = 0.91893853320467274178;

/* ---------------------------------------------------------------- making */

enum { MOST_EXAMPLES = 55000 };

/* How often each pixel has each level [dims, levels]. */
static double *count_levels(const Dataset *data, size_t n)
{
    size_t dims = (size_t)data->dims, levels = (size_t)data->levels;
    double *count = memory_new(dims * levels, sizeof *count);
    real *x = memory_new(dims, sizeof *x);
    Rng rng = rng_stream(1, "count levels");
    for (size_t i = 0; i < n; i++) {
        dataset_fetch_range(data, SPLIT_TRAIN, i, 1, &rng, x, NULL, NULL);
        for (size_t j = 0; j < dims; j++)
            count[j * levels + (size_t)x[j]]++;
    }
    free(x);
    return count;
}

/* The pixel's own frequencies, with a hundred images more (of binary ones, two) of what all pixels
 * have together and of every level alike: a level that this pixel never had is possible. */
static void fill_below(Tensor *below, const Dataset *data, size_t n)
{
    const double prior = data->kind == DATA_BINARY ? 2 : 100;
    size_t dims = (size_t)data->dims, levels = (size_t)data->levels;
    double *count = count_levels(data, n), *pooled = memory_new(levels, sizeof *pooled);
    for (size_t i = 0; i < dims * levels; i++)
        pooled[i % levels] += count[i] / (double)(n * dims);
    for (size_t j = 0; j < dims; j++) {
        double sum = 0;
        for (size_t l = 0; l <= levels; l++) {
            below->value[j * (levels + 1) + l] = (real)fmin(sum, 1);
            if (l < levels)
                sum += (count[j * levels + l] + prior * (0.5 * pooled[l] + 0.5 / (double)levels)) /
                       ((double)n + prior);
        }
        below->value[j * (levels + 1) + levels] = 1;
    }
    free(count);
    free(pooled);
}

FlowUnits flow_units_create(FlowUnitsKind kind, Params *params, const Dataset *data)
{
    FlowUnits units = {.kind = kind, .dims = data->dims, .levels = data->levels};
    size_t all = data->count[SPLIT_TRAIN], n = all < MOST_EXAMPLES ? all : MOST_EXAMPLES;
    if (kind == UNITS_SCALED) {
        units.center = params_buffer(params, "center", 2, (int[]){1, data->dims});
        units.scale = params_buffer(params, "scale", 2, (int[]){1, data->dims});
        double *mean = memory_new(2 * (size_t)data->dims, sizeof *mean), *sd = mean + data->dims;
        dataset_moments(data, n, rng_stream(1, "moments"), mean, sd);
        for (int d = 0; d < data->dims; d++) {
            units.center->value[d] = (real)mean[d];
            units.scale->value[d] = (real)sd[d];
            if (sd[d] == 0)
                refuse("flow: number %d of every point of %s is %g: there is no density along it; "
                       "leave that column out",
                       d + 1, data->name, mean[d]);
        }
        free(mean);
    }
    if (kind == UNITS_EQUALISED) {
        units.below = params_buffer(params, "below", 2, (int[]){data->dims, data->levels + 1});
        fill_below(units.below, data, n);
    }
    return units;
}

/* ---------------------------------------------------------------- equalised */

/* The level whose cell holds y, and its lower end and share of probability. */
typedef struct Cell {
    int level;
    double below, share;
} Cell;

static Cell cell_of_level(const FlowUnits *units, int j, int level)
{
    const real *below = units->below->value + (size_t)j * (size_t)(units->levels + 1);
    return (Cell){level, (double)below[level], (double)below[level + 1] - (double)below[level]};
}

/* Phi^-1(p) for p above 0 and below 1, as far out as single precision can tell p from them. */
static double normal_score(double p)
{
    const double least = 1e-9;
    return gsl_cdf_ugaussian_Pinv(fmin(fmax(p, least), 1 - least));
}

/* equalise   z_j = Phi^-1(F_j(y_j)),   L = sum_j log F'_j(y_j) + z_j^2 / 2 + log(2 pi) / 2
 *            y'_j += (z'_j + L' z_j) dz_j/dy_j; F' is constant within a level */
static void equalise_backward(Tensor *out)
{
    Tensor *y = out->parent[0];
    int n = y->shape[0], d = y->shape[1];
    const real *slope = out->attr.slope;
    Grad g = grad_open(y);
    for (int r = 0; r < n && g.data != NULL; r++)
        for (int j = 0; j < d; j++) {
            size_t at = (size_t)r * (size_t)d + (size_t)j, to = at + (size_t)r;
            real through =
                out->grad[to] + out->grad[(size_t)r * (size_t)(d + 1) + (size_t)d] * out->value[to];
            g.data[at] = grad_kept(g.data, g.add, at) + through * slope[at];
        }
}

static const Op equalise_op = {"equalise", equalise_backward, NULL};

static Tensor *equalise(const FlowUnits *units, Tensor *y)
{
    int n = y->shape[0], d = units->dims;
    Tensor *out = op_result(&equalise_op, 2, (int[]){n, d + 1}, 1, &y);
    real *slope = op_memory(out, y->size, sizeof *slope);
    out->attr.slope = slope;
#pragma omp parallel for schedule(static) if (y->size >= OP_PARALLEL_FROM)
    for (int r = 0; r < n; r++) {
        double log_det = 0;
        for (int j = 0; j < d; j++) {
            size_t at = (size_t)r * (size_t)d + (size_t)j;
            double v = (double)y->value[at], last = units->levels - 1;
            Cell cell = cell_of_level(units, j, (int)fmin(fmax(floor(v), 0), last));
            double z = normal_score(cell.below + (v - cell.level) * cell.share);
            double log_slope = log(cell.share) + z * z / 2 + LOG_ROOT_TWO_PI;
            out->value[at + (size_t)r] = (real)z;
            slope[at] = (real)exp(log_slope);
            log_det += log_slope;
        }
        out->value[(size_t)r * (size_t)(d + 1) + (size_t)d] = (real)log_det;
    }
    return out;
}

static double level_of_score(const FlowUnits *units, int j, double z)
{
    double p = gsl_cdf_ugaussian_P(z);
    const real *below = units->below->value + (size_t)j * (size_t)(units->levels + 1);
    int low = 0, high = units->levels - 1;
    while (low < high) { /* the last level whose lower end is at most p */
        int middle = (low + high + 1) / 2;
        if ((double)below[middle] <= p)
            low = middle;
        else
            high = middle - 1;
    }
    Cell cell = cell_of_level(units, j, low);
    return low + (cell.share > 0 ? fmin((p - cell.below) / cell.share, 1) : 0.5);
}

/* ---------------------------------------------------------------- both ways */

static void check_levels(const FlowUnits *units, const Tensor *y)
{
    for (size_t i = 0; i < y->size; i++)
        if (!(y->value[i] >= 0 && y->value[i] <= (real)units->levels))
            refuse("flow: a pixel is %g; dequantised levels lie between 0 and %d. Was the model "
                   "trained on other data?",
                   (double)y->value[i], units->levels);
}

static void check_sphere(const Tensor *x)
{
    for (size_t i = 0; i < x->size; i += 3) {
        double length =
            hypot(hypot((double)x->value[i], (double)x->value[i + 1]), (double)x->value[i + 2]);
        if (!(fabs(length - 1) < 1e-3))
            refuse("flow: point %zu has length %g, and the points of a flow on the sphere have 1; "
                   "divide each by its length, or use --network coupling",
                   i / 3, length);
    }
}

static FlowResult logit_forward(const FlowUnits *units, Tensor *y)
{
    real inside = (real)((1 - 2 * LOGIT_MARGIN) / units->levels);
    Tensor *s = tensor_shift(tensor_scale(y, inside), (real)LOGIT_MARGIN);
    Tensor *log_s = tensor_log(s), *log_rest = tensor_log(tensor_shift(tensor_neg(s), 1));
    Tensor *each = tensor_shift(tensor_neg(tensor_add(log_s, log_rest)),
                                (real)log((1 - 2 * LOGIT_MARGIN) / units->levels));
    return (FlowResult){tensor_sub(log_s, log_rest), tensor_sum_axis(each, 1)};
}

FlowResult flow_units_forward(const FlowUnits *units, Tensor *x)
{
    Tensor *nothing = tensor_fill(x->tape, 2, (int[]){x->shape[0], 1}, 0);
    if (units->kind == UNITS_NONE) {
        check_sphere(x);
        return (FlowResult){x, nothing};
    }
    if (units->kind != UNITS_SCALED)
        check_levels(units, x);
    if (units->kind == UNITS_LOGIT)
        return logit_forward(units, x);
    if (units->kind == UNITS_EQUALISED) {
        Tensor *out = equalise(units, x);
        int d = units->dims;
        return (FlowResult){tensor_slice(out, 1, 0, d), tensor_slice(out, 1, d, d + 1)};
    }
    double log_det = 0;
    for (int d = 0; d < units->dims; d++)
        log_det -= log((double)units->scale->value[d]);
    return (FlowResult){tensor_div(tensor_sub(x, units->center), units->scale),
                        tensor_shift(nothing, (real)log_det)};
}

Tensor *flow_units_sides(const FlowUnits *units, Params *params)
{
    int dims = units->dims;
    Tensor *sides = params_buffer(params, "sides", 2, (int[]){3, dims});
    for (int j = 0; j < dims; j++) {
        double threshold = 0, mean[2] = {-2 * M_LN2, 2 * M_LN2}; /* of the logit: E log(s/(1-s)) */
        if (units->kind == UNITS_EQUALISED) { /* of a normal cut in two: E[z; z < a] = -phi(a) */
            double share = (double)units->below->value[3 * j + 1];
            threshold = normal_score(share);
            mean[0] = -gsl_ran_ugaussian_pdf(threshold) / share;
            mean[1] = gsl_ran_ugaussian_pdf(threshold) / (1 - share);
        }
        sides->value[j] = (real)threshold;
        sides->value[dims + j] = (real)mean[0];
        sides->value[2 * dims + j] = (real)mean[1];
    }
    return sides;
}

void flow_units_inverse(const FlowUnits *units, real *z, int n)
{
    size_t dims = (size_t)units->dims, size = (size_t)n * dims;
    for (size_t i = 0; i < size; i++) {
        size_t j = i % dims;
        if (units->kind == UNITS_NONE)
            continue;
        if (units->kind == UNITS_SCALED) {
            z[i] = z[i] * units->scale->value[j] + units->center->value[j];
        } else if (units->kind == UNITS_EQUALISED) {
            z[i] = (real)level_of_score(units, (int)j, (double)z[i]);
        } else {
            double s = 1 / (1 + exp(-(double)z[i]));
            double y = (s - LOGIT_MARGIN) / (1 - 2 * LOGIT_MARGIN) * units->levels;
            z[i] = (real)fmin(fmax(y, 0), units->levels);
        }
    }
}
