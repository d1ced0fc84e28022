/* Layers whose map is the same for every row: actnorm and the invertible linear layer. */
#include "nn/flow_internal.h"
#include "support/fail.h"
#include "support/memory.h"

#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdlib.h>

typedef struct Channels {
    FlowLayer layer;
    int channels;
    Tensor *shift, *log_scale;        /* actnorm [1, channels]                    */
    Tensor *lower, *upper, *log_size; /* linear [c, c], [c, c], [1, c]: log |s|   */
    Tensor *sign, *order;             /* [1, c], [c, c]: buffers, s's signs and P */
} Channels;

static void channels_destroy(FlowLayer *layer)
{
    free(layer);
}

/* Rows of all positions' channels. */
static Tensor *by_position(const Channels *c, Tensor *x)
{
    return tensor_reshape(x, 2, (int[]){-1, c->channels});
}

static Tensor *by_row(const Channels *c, Tensor *x)
{
    return tensor_reshape(x, 2, (int[]){-1, c->layer.dims});
}

/* factor times the sum of log_scale [1, channels] over the whole row, for each of n rows. */
static Tensor *constant_log_det(const Channels *c, Tensor *log_scale, int n, real factor)
{
    real positions = (real)(c->layer.dims / c->channels);
    Tensor *sum = tensor_scale(tensor_sum_axis(log_scale, 1), factor * positions);
    return tensor_broadcast(sum, 2, (int[]){n, 1});
}

/* ---------------------------------------------------------------- actnorm */

static FlowResult actnorm_forward(const FlowLayer *layer, Tensor *x)
{
    const Channels *c = (const Channels *)layer;
    Tensor *moved = tensor_add(by_position(c, x), c->shift);
    return (FlowResult){by_row(c, tensor_mul(moved, tensor_exp(c->log_scale))),
                        constant_log_det(c, c->log_scale, x->shape[0], 1)};
}

static FlowResult actnorm_inverse(const FlowLayer *layer, Tensor *y)
{
    const Channels *c = (const Channels *)layer;
    Tensor *x = tensor_mul(by_position(c, y), tensor_exp(tensor_neg(c->log_scale)));
    return (FlowResult){by_row(c, tensor_sub(x, c->shift)),
                        constant_log_det(c, c->log_scale, y->shape[0], -1)};
}

/* Mean 0 and variance 1 of every channel. A channel that does not vary keeps its scale. */
static void actnorm_start(FlowLayer *layer, const Tensor *x)
{
    const Channels *c = (const Channels *)layer;
    size_t channels = (size_t)c->channels, n = x->size / channels;
    for (size_t j = 0; j < channels; j++) {
        double sum = 0, square = 0;
        for (size_t i = 0; i < n; i++)
            sum += (double)x->value[i * channels + j];
        for (size_t i = 0; i < n; i++) {
            double from_mean = (double)x->value[i * channels + j] - sum / (double)n;
            square += from_mean * from_mean;
        }
        double sd = sqrt(square / (double)n);
        c->shift->value[j] = (real)(-sum / (double)n);
        c->log_scale->value[j] = sd > 1e-6 ? (real)-log(sd) : 0;
    }
}

static const FlowLayerKind actnorm_kind = {.name = "actnorm",
                                           .forward = actnorm_forward,
                                           .inverse = actnorm_inverse,
                                           .start = actnorm_start,
                                           .destroy = channels_destroy};

static Channels *channels_new(const FlowLayerKind *kind, const char *name, int dims, int channels)
{
    if (channels < 1 || dims % channels != 0)
        fail("%s: '%s' has %d channels in rows of %d numbers; they must divide them", kind->name,
             name, channels, dims);
    Channels *c = memory_new(1, sizeof *c);
    c->layer = (FlowLayer){kind, dims};
    c->channels = channels;
    return c;
}

FlowLayer *flow_actnorm(Params *params, const char *name, int dims, int channels)
{
    Channels *c = channels_new(&actnorm_kind, name, dims, channels);
    c->shift = params_weight_of(params, name, "shift", 2, (int[]){1, channels});
    c->log_scale = params_weight_of(params, name, "log_scale", 2, (int[]){1, channels});
    return &c->layer;
}

/* ---------------------------------------------------------------- invertible linear layer */

/* 1 where keep(row, column) says so: the triangles and the diagonal. */
static Tensor *pattern(Tape *tape, int c, int below, int diagonal, int above)
{
    Tensor *mask = tensor_new_matrix(tape, c, c);
    for (int i = 0; i < c; i++)
        for (int j = 0; j < c; j++)
            mask->value[i * c + j] = (real)(i > j ? below : i == j ? diagonal : above);
    return mask;
}

/* M = P (L + I) (U + diag(s)) [c, c] */
static Tensor *matrix_of(const Channels *c, Tape *tape)
{
    int n = c->channels;
    Tensor *identity = pattern(tape, n, 0, 1, 0);
    Tensor *lower = tensor_add(tensor_mul(c->lower, pattern(tape, n, 1, 0, 0)), identity);
    Tensor *s = tensor_mul(c->sign, tensor_exp(c->log_size));
    Tensor *upper =
        tensor_add(tensor_mul(c->upper, pattern(tape, n, 0, 0, 1)), tensor_mul(identity, s));
    return tensor_matmul(c->order, tensor_matmul(lower, upper));
}

static FlowResult linear_flow_forward(const FlowLayer *layer, Tensor *x)
{
    const Channels *c = (const Channels *)layer;
    Tensor *y = tensor_linear(by_position(c, x), matrix_of(c, x->tape), NULL, ACTIVATION_NONE);
    return (FlowResult){by_row(c, y), constant_log_det(c, c->log_size, x->shape[0], 1)};
}

/* By GSL's LU factors, in double. */
static FlowResult linear_flow_inverse(const FlowLayer *layer, Tensor *y)
{
    const Channels *c = (const Channels *)layer;
    size_t n = (size_t)c->channels;
    int sign;
    const Tensor *forward = matrix_of(c, y->tape);
    gsl_matrix *m = gsl_matrix_alloc(n, n), *inverse = gsl_matrix_alloc(n, n);
    gsl_permutation *order = gsl_permutation_alloc(n);
    Tensor *back = tensor_new_matrix(y->tape, c->channels, c->channels);
    for (size_t i = 0; i < n * n; i++)
        gsl_matrix_set(m, i / n, i % n, (double)forward->value[i]);
    gsl_linalg_LU_decomp(m, order, &sign);
    double log_det = gsl_linalg_LU_lndet(m);
    if (!isfinite(log_det))
        refuse("flow: the linear layer of %d channels is singular (a weight on its diagonal is 0 "
               "or not a number), so it has no inverse; train again, or take an earlier "
               "checkpoint",
               c->channels);
    gsl_linalg_LU_invert(m, order, inverse);
    for (size_t i = 0; i < n * n; i++)
        back->value[i] = (real)gsl_matrix_get(inverse, i / n, i % n);
    gsl_matrix_free(m);
    gsl_matrix_free(inverse);
    gsl_permutation_free(order);
    Tensor *x = tensor_linear(by_position(c, y), back, NULL, ACTIVATION_NONE);
    real each = (real)(-log_det * (c->layer.dims / c->channels));
    return (FlowResult){by_row(c, x), tensor_fill(y->tape, 2, (int[]){y->shape[0], 1}, each)};
}

static const FlowLayerKind linear_kind = {.name = "invertible linear",
                                          .forward = linear_flow_forward,
                                          .inverse = linear_flow_inverse,
                                          .destroy = channels_destroy};

/* A random rotation: the Q of a Gaussian matrix. */
static gsl_matrix *rotation(size_t n, Rng *rng)
{
    gsl_matrix *gaussian = gsl_matrix_alloc(n, n), *q = gsl_matrix_alloc(n, n);
    gsl_matrix *r = gsl_matrix_alloc(n, n);
    gsl_vector *tau = gsl_vector_alloc(n);
    for (size_t i = 0; i < n * n; i++)
        gsl_matrix_set(gaussian, i / n, i % n, rng_normal_one(rng));
    gsl_linalg_QR_decomp(gaussian, tau);
    gsl_linalg_QR_unpack(gaussian, tau, q, r);
    gsl_matrix_free(gaussian);
    gsl_matrix_free(r);
    gsl_vector_free(tau);
    return q;
}

FlowLayer *flow_linear(Params *params, const char *name, int dims, int channels, Rng *rng)
{
    Channels *c = channels_new(&linear_kind, name, dims, channels);
    size_t n = (size_t)channels;
    int sign;
    c->lower = params_weight_of(params, name, "lower", 2, (int[]){channels, channels});
    c->upper = params_weight_of(params, name, "upper", 2, (int[]){channels, channels});
    c->log_size = params_weight_of(params, name, "log_size", 2, (int[]){1, channels});
    c->sign = params_buffer_of(params, name, "sign", 2, (int[]){1, channels});
    c->order = params_buffer_of(params, name, "order", 2, (int[]){channels, channels});
    gsl_matrix *q = rotation(n, rng);
    gsl_permutation *order = gsl_permutation_alloc(n);
    gsl_linalg_LU_decomp(q, order, &sign);
    for (size_t i = 0; i < n; i++) {
        double s = gsl_matrix_get(q, i, i);
        c->sign->value[i] = s < 0 ? -1 : 1;
        c->log_size->value[i] = (real)log(fabs(s));
        /* GSL's P A = L U: row i of P A is row order[i] of A, so A = P^T L U. */
        c->order->value[gsl_permutation_get(order, i) * n + i] = 1;
        for (size_t j = 0; j < n; j++) {
            Tensor *triangle = i > j ? c->lower : c->upper;
            if (i != j)
                triangle->value[i * n + j] = (real)gsl_matrix_get(q, i, j);
        }
    }
    gsl_matrix_free(q);
    gsl_permutation_free(order);
    return &c->layer;
}
