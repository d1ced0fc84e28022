/* Elementwise operations on one operand. Each: formula, backward, tangent, forward. */
#include "support/vecmath.h"
#include "tensor/op.h"

/* neg   Y = -A    A' -= Y' */
static void neg_backward(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    if (a.data == NULL)
        return;
    const size_t n = y->size;
    real *da = a.data;
    const bool add = a.add;
    const real *dy = y->grad;
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < n; i++)
        da[i] = grad_kept(da, add, i) - dy[i];
}

static Tensor *neg_tangent(Tensor *y, Tensor *const *da)
{
    (void)y;
    return tensor_neg(da[0]);
}

static const Op neg_op = {"neg", neg_backward, neg_tangent};

Tensor *tensor_neg(Tensor *a)
{
    Tensor *y = op_unary_result(&neg_op, a);
    for (size_t i = 0; i < y->size; i++)
        y->value[i] = -a->value[i];
    return y;
}

/* scale   Y = c A    A' += c Y' */
static void scale_backward(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    real c = y->attr.scalar;
    if (a.data == NULL)
        return;
    const size_t n = y->size;
    real *da = a.data;
    const bool add = a.add;
    const real *dy = y->grad;
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < n; i++)
        da[i] = grad_kept(da, add, i) + c * dy[i];
}

static Tensor *scale_tangent(Tensor *y, Tensor *const *da)
{
    return tensor_scale(da[0], y->attr.scalar);
}

static const Op scale_op = {"scale", scale_backward, scale_tangent};

Tensor *tensor_scale(Tensor *a, real factor)
{
    Tensor *y = op_unary_result(&scale_op, a);
    y->attr.scalar = factor;
    const size_t n = y->size;
    const real *x = a->value;
    real *v = y->value;
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < n; i++)
        v[i] = factor * x[i];
    return y;
}

/* shift   Y = A + c    A' += Y' */
static void shift_backward(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    if (a.data == NULL)
        return;
    const size_t n = y->size;
    real *da = a.data;
    const bool add = a.add;
    const real *dy = y->grad;
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < n; i++)
        da[i] = grad_kept(da, add, i) + dy[i];
}

static Tensor *shift_tangent(Tensor *y, Tensor *const *da)
{
    (void)y;
    return da[0];
}

static const Op shift_op = {"shift", shift_backward, shift_tangent};

Tensor *tensor_shift(Tensor *a, real term)
{
    Tensor *y = op_unary_result(&shift_op, a);
    const size_t n = y->size;
    const real *x = a->value;
    real *v = y->value;
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < n; i++)
        v[i] = x[i] + term;
    return y;
}

/* exp   Y = e^A    A' += Y' Y */
static void exp_backward(Tensor *y)
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
        da[i] = grad_kept(da, add, i) + dy[i] * v[i];
}

static Tensor *exp_tangent(Tensor *y, Tensor *const *da)
{
    return tensor_mul(y, da[0]);
}

static const Op exp_op = {"exp", exp_backward, exp_tangent};

Tensor *tensor_exp(Tensor *a)
{
    Tensor *y = op_unary_result(&exp_op, a);
    const size_t n = y->size;
    const real *x = a->value;
    real *v = y->value;
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < n; i++)
        v[i] = vec_exp(x[i]);
    return y;
}

/* log   Y = log A    A' += Y' / A */
static void log_backward(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    const real *x = y->parent[0]->value;
    if (a.data == NULL)
        return;
    const size_t n = y->size;
    real *da = a.data;
    const bool add = a.add;
    const real *dy = y->grad;
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < n; i++)
        da[i] = grad_kept(da, add, i) + dy[i] / x[i];
}

static Tensor *log_tangent(Tensor *y, Tensor *const *da)
{
    return tensor_div(da[0], y->parent[0]);
}

static const Op log_op = {"log", log_backward, log_tangent};

Tensor *tensor_log(Tensor *a)
{
    Tensor *y = op_unary_result(&log_op, a);
    const size_t n = y->size;
    const real *x = a->value;
    real *v = y->value;
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < n; i++)
        v[i] = vec_log(x[i]);
    return y;
}

/* sqrt   Y = sqrt A    A' += Y' / (2 Y) */
static void sqrt_backward(Tensor *y)
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
        da[i] = grad_kept(da, add, i) + dy[i] / (2 * v[i]);
}

static Tensor *sqrt_tangent(Tensor *y, Tensor *const *da)
{
    return tensor_scale(tensor_div(da[0], y), (real)0.5);
}

static const Op sqrt_op = {"sqrt", sqrt_backward, sqrt_tangent};

Tensor *tensor_sqrt(Tensor *a)
{
    Tensor *y = op_unary_result(&sqrt_op, a);
    const size_t n = y->size;
    const real *x = a->value;
    real *v = y->value;
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < n; i++)
        v[i] = (real)sqrt(x[i]);
    return y;
}

/* square   Y = A^2    A' += 2 A Y' */
static void square_backward(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    const real *x = y->parent[0]->value;
    if (a.data == NULL)
        return;
    const size_t n = y->size;
    real *da = a.data;
    const bool add = a.add;
    const real *dy = y->grad;
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < n; i++)
        da[i] = grad_kept(da, add, i) + 2 * x[i] * dy[i];
}

static Tensor *square_tangent(Tensor *y, Tensor *const *da)
{
    return tensor_scale(tensor_mul(y->parent[0], da[0]), 2);
}

static const Op square_op = {"square", square_backward, square_tangent};

Tensor *tensor_square(Tensor *a)
{
    Tensor *y = op_unary_result(&square_op, a);
    const size_t n = y->size;
    const real *x = a->value;
    real *v = y->value;
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < n; i++)
        v[i] = x[i] * x[i];
    return y;
}

/* abs   Y = |A|    A' += sign(A) Y' */
static inline real sign_of(real x)
{
    return (real)((x > 0) - (x < 0));
}

static void abs_backward(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    const real *x = y->parent[0]->value;
    if (a.data == NULL)
        return;
    const size_t n = y->size;
    real *da = a.data;
    const bool add = a.add;
    const real *dy = y->grad;
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < n; i++)
        da[i] = grad_kept(da, add, i) + sign_of(x[i]) * dy[i];
}

/* The slope has no history: its own derivative is zero almost everywhere. */
static Tensor *abs_tangent(Tensor *y, Tensor *const *da)
{
    Tensor *slope = tensor_like(y);
    for (size_t i = 0; i < y->size; i++)
        slope->value[i] = sign_of(y->parent[0]->value[i]);
    return tensor_mul(slope, da[0]);
}

static const Op abs_op = {"abs", abs_backward, abs_tangent};

Tensor *tensor_abs(Tensor *a)
{
    Tensor *y = op_unary_result(&abs_op, a);
    const size_t n = y->size;
    const real *x = a->value;
    real *v = y->value;
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < n; i++)
        v[i] = (real)fabs(x[i]);
    return y;
}

/* clamp   Y = min(max(A, low), high)    A' += Y' where low <= A <= high */
static inline real inside(real x, real low, real high)
{
    return x >= low && x <= high ? 1 : 0;
}

static void clamp_backward(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    const real *x = y->parent[0]->value;
    if (a.data == NULL)
        return;
    const size_t n = y->size;
    const real low = y->attr.range.low, high = y->attr.range.high;
    real *da = a.data;
    const bool add = a.add;
    const real *dy = y->grad;
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < n; i++)
        da[i] = grad_kept(da, add, i) + inside(x[i], low, high) * dy[i];
}

static Tensor *clamp_tangent(Tensor *y, Tensor *const *da)
{
    Tensor *slope = tensor_like(y);
    for (size_t i = 0; i < y->size; i++)
        slope->value[i] = inside(y->parent[0]->value[i], y->attr.range.low, y->attr.range.high);
    return tensor_mul(slope, da[0]);
}

static const Op clamp_op = {"clamp", clamp_backward, clamp_tangent};

Tensor *tensor_clamp(Tensor *a, real low, real high)
{
    if (!(low <= high))
        op_fail("clamp", a, "the lower bound lies above the upper one");
    Tensor *y = op_unary_result(&clamp_op, a);
    y->attr.range.low = low;
    y->attr.range.high = high;
    for (size_t i = 0; i < y->size; i++) {
        real x = a->value[i];
        x = x < low ? low : x; /* a NaN passes */
        y->value[i] = x > high ? high : x;
    }
    return y;
}
