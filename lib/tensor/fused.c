#include "tensor/fused.h"

#include "support/vecmath.h"

/* The slope of an activation, written in its result y. */
static inline real slope_from_result(Activation activation, real y)
{
    switch (activation) {
    case ACTIVATION_TANH:
        return 1 - y * y;
    case ACTIVATION_SIGMOID:
        return y * (1 - y);
    case ACTIVATION_RELU:
        return y > 0 ? 1 : 0;
    case ACTIVATION_LEAKY_RELU:
        return y > 0 ? 1 : TENSOR_LEAK;
    default:
        return 1;
    }
}

static inline real activate(Activation activation, real x)
{
    switch (activation) {
    case ACTIVATION_TANH:
        return vec_tanh(x);
    case ACTIVATION_SIGMOID:
        return vec_sigmoid(x);
    case ACTIVATION_RELU:
        return x > 0 ? x : 0;
    case ACTIVATION_LEAKY_RELU:
        return (x > 0 ? 1 : TENSOR_LEAK) * x;
    default:
        return x;
    }
}

/* Columns are dealt out in strips, so that a strip's bias gradient has one owner and one order of
 * adding. */
enum { STRIP = 64 };

/* dz = act'(y) dy and db += column sums of dz, over a strip of columns of all rows. activation is a
 * constant where this is called, so that the compiler vectorises each kind. */
static inline __attribute__((always_inline)) void
strip_backward(Activation activation, const Tensor *y, real *dz, Grad bias, int begin, int end)
{
    int rows = tensor_rows(y), columns = tensor_columns(y), width = end - begin;
    real sum[STRIP] = {0};
    for (int r = 0; r < rows; r++) {
        size_t at = (size_t)r * (size_t)columns + (size_t)begin;
        for (int j = 0; j < width; j++) {
            real share =
                y->grad[at + (size_t)j] * slope_from_result(activation, y->value[at + (size_t)j]);
            dz[at + (size_t)j] = share;
            sum[j] += share;
        }
    }
    for (int j = 0; bias.data != NULL && j < width; j++)
        bias.data[begin + j] = grad_kept(bias.data, bias.add, (size_t)(begin + j)) + sum[j];
}

static void strip_sums(const Tensor *y, Grad bias, int begin, int end)
{
    int rows = tensor_rows(y), columns = tensor_columns(y), width = end - begin;
    real sum[STRIP] = {0};
    for (int r = 0; r < rows; r++)
        for (int j = 0; j < width; j++)
            sum[j] += y->grad[(size_t)r * (size_t)columns + (size_t)(begin + j)];
    for (int j = 0; j < width; j++)
        bias.data[begin + j] = grad_kept(bias.data, bias.add, (size_t)(begin + j)) + sum[j];
}

static void strip_any(Activation activation, const Tensor *y, real *dz, Grad bias, int begin,
                      int end)
{
    switch (activation) {
    case ACTIVATION_TANH:
        strip_backward(ACTIVATION_TANH, y, dz, bias, begin, end);
        break;
    case ACTIVATION_SIGMOID:
        strip_backward(ACTIVATION_SIGMOID, y, dz, bias, begin, end);
        break;
    case ACTIVATION_RELU:
        strip_backward(ACTIVATION_RELU, y, dz, bias, begin, end);
        break;
    case ACTIVATION_LEAKY_RELU:
        strip_backward(ACTIVATION_LEAKY_RELU, y, dz, bias, begin, end);
        break;
    case ACTIVATION_NONE:
        if (bias.data != NULL)
            strip_sums(y, bias, begin, end);
        break;
    }
}

void fused_backward(const Tensor *y, Activation activation, real *dz, Grad bias)
{
    int out = tensor_columns(y);
#pragma omp parallel for schedule(static) if (y->size >= OP_PARALLEL_FROM)
    for (int begin = 0; begin < out; begin += STRIP)
        strip_any(activation, y, dz, bias, begin, begin + STRIP < out ? begin + STRIP : out);
}

static inline __attribute__((always_inline)) void
finish_row(Activation activation, real *restrict row, const real *restrict bias, int n)
{
    for (int j = 0; j < n; j++)
        row[j] = activate(activation, row[j] + bias[j]);
}

static void finish_any(Activation activation, real *row, const real *bias, int n)
{
    switch (activation) {
    case ACTIVATION_TANH:
        finish_row(ACTIVATION_TANH, row, bias, n);
        break;
    case ACTIVATION_SIGMOID:
        finish_row(ACTIVATION_SIGMOID, row, bias, n);
        break;
    case ACTIVATION_RELU:
        finish_row(ACTIVATION_RELU, row, bias, n);
        break;
    case ACTIVATION_LEAKY_RELU:
        finish_row(ACTIVATION_LEAKY_RELU, row, bias, n);
        break;
    case ACTIVATION_NONE:
        finish_row(ACTIVATION_NONE, row, bias, n);
        break;
    }
}

void fused_finish(Tensor *y, Activation activation, const real *bias)
{
    int out = tensor_columns(y), rows = tensor_rows(y);
    if (bias == NULL && activation == ACTIVATION_NONE)
        return;
    const real *b = bias != NULL ? bias : tensor_fill(y->tape, 1, &out, 0)->value;
#pragma omp parallel for schedule(static) if (y->size >= OP_PARALLEL_FROM)
    for (int r = 0; r < rows; r++)
        finish_any(activation, y->value + (size_t)r * (size_t)out, b, out);
}

/* The slope is made of tensor operations where it is not constant on pieces. */
Tensor *fused_tangent(Tensor *y, Activation activation, Tensor *dz)
{
    if (activation == ACTIVATION_NONE)
        return dz;
    if (activation == ACTIVATION_TANH)
        return tensor_sub(dz, tensor_mul(tensor_square(y), dz));
    if (activation == ACTIVATION_SIGMOID)
        return tensor_mul(tensor_sub(y, tensor_square(y)), dz);
    Tensor *slope = tensor_like(y);
    for (size_t i = 0; i < y->size; i++)
        slope->value[i] = slope_from_result(activation, y->value[i]);
    return tensor_mul(slope, dz);
}

Tensor *fused_bias_tangent(const Tensor *y, Tensor *db)
{
    int ones[TENSOR_MOST_DIMS] = {1, 1, 1, 1, 1};
    ones[y->rank - 1] = tensor_columns(y);
    return tensor_broadcast(tensor_reshape(db, y->rank, ones), y->rank, y->shape);
}
