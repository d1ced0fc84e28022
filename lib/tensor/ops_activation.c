/* The activations, each as an operation of its own; tensor_linear fuses some of them. The
 * derivative is written in the result where that is possible: what the forward pass read need not
 * be kept. Where the slope is long, writing and adding are two loops: gcc splits a short loop by
 * itself, and does not vectorise a long one. */
#include "support/vecmath.h"
#include "tensor/op.h"

/* tanh   Y = tanh A    A' += (1 - Y^2) Y' */
static void tanh_backward(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    if (a.data == NULL)
        return;
    const size_t n = y->size;
    real *da = a.data;
    const bool add = a.add;
    const real *dy = y->grad, *v = y->value;
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < n; i++)
        da[i] = grad_kept(da, add, i) + (1 - v[i] * v[i]) * dy[i];
}

static Tensor *tanh_tangent(Tensor *y, Tensor *const *da)
{
    return tensor_sub(da[0], tensor_mul(tensor_square(y), da[0]));
}

static const Op tanh_op = {"tanh", tanh_backward, tanh_tangent};

Tensor *tensor_tanh(Tensor *a)
{
    Tensor *y = op_unary_result(&tanh_op, a);
    const size_t n = y->size;
    const real *x = a->value;
    real *v = y->value;
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < n; i++)
        v[i] = vec_tanh(x[i]);
    return y;
}

/* sigmoid   Y = 1 / (1 + e^-A)    A' += Y (1 - Y) Y' */
static void sigmoid_backward(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    if (a.data == NULL)
        return;
    const size_t n = y->size;
    real *da = a.data;
    const bool add = a.add;
    const real *dy = y->grad, *v = y->value;
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < n; i++)
        da[i] = grad_kept(da, add, i) + v[i] * (1 - v[i]) * dy[i];
}

static Tensor *sigmoid_tangent(Tensor *y, Tensor *const *da)
{
    return tensor_mul(tensor_sub(y, tensor_square(y)), da[0]);
}

static const Op sigmoid_op = {"sigmoid", sigmoid_backward, sigmoid_tangent};

Tensor *tensor_sigmoid(Tensor *a)
{
    Tensor *y = op_unary_result(&sigmoid_op, a);
    const size_t n = y->size;
    const real *x = a->value;
    real *v = y->value;
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < n; i++)
        v[i] = vec_sigmoid(x[i]);
    return y;
}

/* softplus   Y = log(1 + e^A)    A' += sigmoid(A) Y' */
static void softplus_backward(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    const real *x = y->parent[0]->value;
    if (a.data == NULL)
        return;
    const size_t n = y->size;
    real *da = a.data;
    const real *dy = y->grad;
    if (a.add)
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
        for (size_t i = 0; i < n; i++)
            da[i] += vec_sigmoid(x[i]) * dy[i];
    else
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
        for (size_t i = 0; i < n; i++)
            da[i] = vec_sigmoid(x[i]) * dy[i];
}

static Tensor *softplus_tangent(Tensor *y, Tensor *const *da)
{
    return tensor_mul(tensor_sigmoid(y->parent[0]), da[0]);
}

static const Op softplus_op = {"softplus", softplus_backward, softplus_tangent};

Tensor *tensor_softplus(Tensor *a)
{
    Tensor *y = op_unary_result(&softplus_op, a);
    const size_t n = y->size;
    const real *x = a->value;
    real *v = y->value;
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < n; i++)
        v[i] = vec_softplus(x[i]);
    return y;
}

/* leaky relu   Y = A where A > 0, leak A elsewhere    A' += Y' or leak Y'; relu is leak = 0 */
static void leaky_backward(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    const real *x = y->parent[0]->value;
    real leak = y->attr.scalar;
    if (a.data == NULL)
        return;
    const size_t n = y->size;
    real *da = a.data;
    const bool add = a.add;
    const real *dy = y->grad;
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < n; i++)
        da[i] = grad_kept(da, add, i) + (x[i] > 0 ? 1 : leak) * dy[i];
}

static Tensor *leaky_tangent(Tensor *y, Tensor *const *da)
{
    Tensor *slope = tensor_like(y); /* without history: its derivative is zero almost everywhere */
    for (size_t i = 0; i < y->size; i++)
        slope->value[i] = y->parent[0]->value[i] > 0 ? 1 : y->attr.scalar;
    return tensor_mul(slope, da[0]);
}

static const Op relu_op = {"relu", leaky_backward, leaky_tangent};
static const Op leaky_relu_op = {"leaky_relu", leaky_backward, leaky_tangent};

static Tensor *leaky(const Op *op, Tensor *a, real leak)
{
    Tensor *y = op_unary_result(op, a);
    y->attr.scalar = leak;
    const size_t n = y->size;
    const real *x = a->value;
    real *v = y->value;
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < n; i++)
        v[i] = (x[i] > 0 ? 1 : leak) * x[i];
    return y;
}

Tensor *tensor_relu(Tensor *a)
{
    return leaky(&relu_op, a, 0);
}

Tensor *tensor_leaky_relu(Tensor *a)
{
    return leaky(&leaky_relu_op, a, TENSOR_LEAK);
}

/* silu   Y = A sigmoid(A)    A' += s (1 + A (1 - s)) Y', s = sigmoid(A).
 * Source: Elfwing, Uchibe & Doya (2018), "Sigmoid-weighted linear units". */
static inline __attribute__((always_inline)) real silu_slope(real x)
{
    real s = vec_sigmoid(x);
    return s * (1 + x * (1 - s));
}

static void silu_backward(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    const real *x = y->parent[0]->value;
    if (a.data == NULL)
        return;
    const size_t n = y->size;
    real *da = a.data;
    const real *dy = y->grad;
    if (a.add)
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
        for (size_t i = 0; i < n; i++)
            da[i] += silu_slope(x[i]) * dy[i];
    else
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
        for (size_t i = 0; i < n; i++)
            da[i] = silu_slope(x[i]) * dy[i];
}

static Tensor *silu_tangent(Tensor *y, Tensor *const *da)
{
    Tensor *s = tensor_sigmoid(y->parent[0]);
    Tensor *slope = tensor_add(s, tensor_mul(y, tensor_shift(tensor_neg(s), 1)));
    return tensor_mul(slope, da[0]);
}

static const Op silu_op = {"silu", silu_backward, silu_tangent};

Tensor *tensor_silu(Tensor *a)
{
    Tensor *y = op_unary_result(&silu_op, a);
    const size_t n = y->size;
    const real *x = a->value;
    real *v = y->value;
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < n; i++)
        v[i] = x[i] * vec_sigmoid(x[i]);
    return y;
}

#define ONE_OVER_ROOT_TAU ((real)0.39894228040143267794) /* 1 / sqrt(2 pi) */

static inline __attribute__((always_inline)) real density(real x)
{
    return ONE_OVER_ROOT_TAU * vec_exp((real)-0.5 * x * x);
}

/* normal_cdf   Y = Phi(A) = (1 + erf(A / sqrt 2)) / 2    A' += phi(A) Y', phi the density of N(0,
 * 1). For the tangent of gelu alone. */
static void normal_cdf_backward(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    const real *x = y->parent[0]->value;
    for (size_t i = 0; a.data != NULL && i < y->size; i++)
        a.data[i] = grad_kept(a.data, a.add, i) + density(x[i]) * y->grad[i];
}

static Tensor *normal_density(Tensor *a)
{
    return tensor_scale(tensor_exp(tensor_scale(tensor_square(a), (real)-0.5)), ONE_OVER_ROOT_TAU);
}

static Tensor *normal_cdf_tangent(Tensor *y, Tensor *const *da)
{
    return tensor_mul(normal_density(y->parent[0]), da[0]);
}

static const Op normal_cdf_op = {"normal_cdf", normal_cdf_backward, normal_cdf_tangent};

static Tensor *normal_cdf(Tensor *a)
{
    Tensor *y = op_unary_result(&normal_cdf_op, a);
    for (size_t i = 0; i < y->size; i++)
        y->value[i] = vec_normal_cdf(a->value[i]);
    return y;
}

/* gelu   Y = A Phi(A)    A' += (Phi(A) + A phi(A)) Y'; the slope is kept, since it is dear and half
 * of it is at hand in the forward pass.
 * Source: Hendrycks & Gimpel (2016), "Gaussian error linear units", sec. 2. */
static void gelu_backward(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    if (a.data == NULL)
        return;
    const size_t n = y->size;
    real *da = a.data;
    const bool add = a.add;
    const real *dy = y->grad, *slope = y->attr.slope;
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < n; i++)
        da[i] = grad_kept(da, add, i) + slope[i] * dy[i];
}

static Tensor *gelu_tangent(Tensor *y, Tensor *const *da)
{
    Tensor *a = y->parent[0];
    Tensor *slope = tensor_add(normal_cdf(a), tensor_mul(a, normal_density(a)));
    return tensor_mul(slope, da[0]);
}

static const Op gelu_op = {"gelu", gelu_backward, gelu_tangent};

Tensor *tensor_gelu(Tensor *a)
{
    Tensor *y = op_unary_result(&gelu_op, a);
    const size_t n = y->size;
    const real *x = a->value;
    real *v = y->value;
    if (!y->needs_grad) {
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
        for (size_t i = 0; i < n; i++)
            v[i] = x[i] * vec_normal_cdf(x[i]);
        return y;
    }
    real *slope = op_memory(y, n, sizeof *slope);
    y->attr.slope = slope;
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < n; i++)
        v[i] = vec_gelu(x[i], &slope[i]);
    return y;
}
