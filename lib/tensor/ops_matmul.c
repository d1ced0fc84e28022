/* Matrix products, alone, batched, and fused with bias and activation. Arithmetic is behind
 * kernels.h. */
#include "support/fail.h"
#include "support/vecmath.h"
#include "tensor/op.h"

#include <string.h>

/* matmul              C = A B      A' += C' B^T    B' += A^T C'
 * matmul_transposed   C = A B^T    A' += C' B      B' += C'^T A
 * batched: for each matrix of the batch.
 * Source: Giles (2008), "Collected matrix derivative results for forward and reverse mode
 * algorithmic differentiation", sec. 2.2.1. */
static void matmul_backward(Tensor *c)
{
    Tensor *a = c->parent[0], *b = c->parent[1];
    bool transposed = c->attr.matmul.transpose_b;
    int m = c->shape[c->rank - 2], n = c->shape[c->rank - 1], k = a->shape[a->rank - 1];
    int batch = c->rank == 3 ? c->shape[0] : 1;
    size_t step_a = (size_t)m * (size_t)k, step_b = (size_t)k * (size_t)n;
    size_t step_c = (size_t)m * (size_t)n;
    Grad ga = grad_open(a);
    for (int i = 0; ga.data != NULL && i < batch; i++)
        op_gemm(c->tape,
                (Gemm){m, k, n, c->grad + (size_t)i * step_c, b->value + (size_t)i * step_b,
                       ga.data + (size_t)i * step_a, false, !transposed, ga.add});
    Grad gb = grad_open(b);
    for (int i = 0; gb.data != NULL && i < batch; i++) {
        const real *ai = a->value + (size_t)i * step_a, *dc = c->grad + (size_t)i * step_c;
        real *out = gb.data + (size_t)i * step_b;
        if (transposed)
            op_gemm(c->tape, (Gemm){n, k, m, dc, ai, out, true, false, gb.add});
        else
            op_gemm(c->tape, (Gemm){k, n, m, ai, dc, out, true, false, gb.add});
    }
}

static Tensor *product(Tensor *a, Tensor *b, bool transposed)
{
    return transposed ? tensor_matmul_transposed(a, b) : tensor_matmul(a, b);
}

static Tensor *matmul_tangent(Tensor *c, Tensor *const *dx)
{
    bool transposed = c->attr.matmul.transpose_b;
    Tensor *first = dx[0] == NULL ? NULL : product(dx[0], c->parent[1], transposed);
    Tensor *second = dx[1] == NULL ? NULL : product(c->parent[0], dx[1], transposed);
    return op_sum_of(first, second);
}

static const Op matmul_op = {"matmul", matmul_backward, matmul_tangent};

static Tensor *matmul(Tensor *a, Tensor *b, bool transposed)
{
    if (a->rank != b->rank || (a->rank != 2 && a->rank != 3))
        op_fail2("matmul", a, b, "both must be matrices, or both batches of matrices");
    if (a->rank == 3 && a->shape[0] != b->shape[0])
        op_fail2("matmul", a, b, "the batches (first dimension) must be equal");
    int r = a->rank, m = a->shape[r - 2], k = a->shape[r - 1];
    int n = b->shape[transposed ? r - 2 : r - 1];
    if (b->shape[transposed ? r - 1 : r - 2] != k)
        op_fail2("matmul", a, b,
                 transposed ? "columns of the first must equal columns of the second (A B^T)"
                            : "columns of the first must equal rows of the second");
    int shape[3] = {a->shape[0], m, n};
    Tensor *c = op_result(&matmul_op, r, r == 3 ? shape : shape + 1, 2, (Tensor *[]){a, b});
    c->attr.matmul.transpose_b = transposed;
    int batch = r == 3 ? a->shape[0] : 1;
    for (int i = 0; i < batch; i++)
        op_gemm(c->tape,
                (Gemm){m, n, k, a->value + (size_t)i * (size_t)m * (size_t)k,
                       b->value + (size_t)i * (size_t)k * (size_t)n,
                       c->value + (size_t)i * (size_t)m * (size_t)n, false, transposed, false});
    return c;
}

Tensor *tensor_matmul(Tensor *a, Tensor *b)
{
    return matmul(a, b, false);
}

Tensor *tensor_matmul_transposed(Tensor *a, Tensor *b)
{
    return matmul(a, b, true);
}

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

static void strip_any(const Tensor *y, real *dz, Grad bias, int begin, int end)
{
    switch (y->attr.activation) {
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

/* linear   Z = X W + 1 b^T, Y = act(Z)    Z' = act'(Y) Y'    X' += Z' W^T    W' += X^T Z'    b' +=
 * Z'^T 1 */
static void linear_backward(Tensor *y)
{
    Tensor *x = y->parent[0], *w = y->parent[1];
    int rows = tensor_rows(y), out = tensor_columns(y), in = tensor_columns(x);
    real *dz = y->grad;
    if (y->attr.activation != ACTIVATION_NONE)
        dz = op_memory(y, y->size, sizeof *dz);
    Grad gb = {NULL, false};
    if (y->parents == 3)
        gb = grad_open(y->parent[2]);
#pragma omp parallel for schedule(static) if (y->size >= OP_PARALLEL_FROM)
    for (int begin = 0; begin < out; begin += STRIP)
        strip_any(y, dz, gb, begin, begin + STRIP < out ? begin + STRIP : out);
    Grad gw = grad_open(w);
    if (gw.data != NULL)
        op_gemm(y->tape, (Gemm){in, out, rows, x->value, dz, gw.data, true, false, gw.add});
    Grad gx = grad_open(x);
    if (gx.data != NULL)
        op_gemm(y->tape, (Gemm){rows, in, out, dz, w->value, gx.data, false, true, gx.add});
}

/* dZ = dX W + X dW + db; dY = act'(Y) dZ, the slope made of tensor operations where it is not
 * constant. */
static Tensor *linear_tangent(Tensor *y, Tensor *const *dx)
{
    Tensor *dz = NULL;
    if (dx[0] != NULL)
        dz = tensor_linear(dx[0], y->parent[1], NULL, ACTIVATION_NONE);
    if (dx[1] != NULL)
        dz = op_sum_of(dz, tensor_linear(y->parent[0], dx[1], NULL, ACTIVATION_NONE));
    if (y->parents == 3 && dx[2] != NULL) {
        int ones[TENSOR_MOST_DIMS] = {1, 1, 1, 1, 1};
        ones[y->rank - 1] = tensor_columns(y);
        Tensor *db = tensor_broadcast(tensor_reshape(dx[2], y->rank, ones), y->rank, y->shape);
        dz = op_sum_of(dz, db);
    }
    if (y->attr.activation == ACTIVATION_NONE)
        return dz;
    if (y->attr.activation == ACTIVATION_TANH)
        return tensor_sub(dz, tensor_mul(tensor_square(y), dz));
    if (y->attr.activation == ACTIVATION_SIGMOID)
        return tensor_mul(tensor_sub(y, tensor_square(y)), dz);
    Tensor *slope = tensor_like(y); /* constant on pieces */
    for (size_t i = 0; i < y->size; i++)
        slope->value[i] = slope_from_result(y->attr.activation, y->value[i]);
    return tensor_mul(slope, dz);
}

static const Op linear_op = {"linear", linear_backward, linear_tangent};

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

Tensor *tensor_linear(Tensor *x, Tensor *weight, Tensor *bias, Activation activation)
{
    if (weight->rank != 2 || tensor_columns(x) != weight->shape[0])
        op_fail2("linear", x, weight,
                 "columns of the first must equal rows of the weight [in, out]");
    int rows = tensor_rows(x), in = weight->shape[0], out = weight->shape[1];
    if (bias != NULL && (bias->rank != 1 || bias->shape[0] != out))
        op_fail2("linear", weight, bias,
                 "the bias must have one number for each column of the weight");
    int shape[TENSOR_MOST_DIMS];
    memcpy(shape, x->shape, sizeof shape);
    shape[x->rank - 1] = out;
    Tensor *y =
        op_result(&linear_op, x->rank, shape, bias == NULL ? 2 : 3, (Tensor *[]){x, weight, bias});
    y->attr.activation = activation;
    op_gemm(y->tape, (Gemm){rows, out, in, x->value, weight->value, y->value, false, false, false});
    if (bias == NULL && activation == ACTIVATION_NONE)
        return y;
    const real *b = bias != NULL ? bias->value : tensor_fill(y->tape, 1, &out, 0)->value;
#pragma omp parallel for schedule(static) if (y->size >= OP_PARALLEL_FROM)
    for (int r = 0; r < rows; r++)
        finish_any(activation, y->value + (size_t)r * (size_t)out, b, out);
    return y;
}
