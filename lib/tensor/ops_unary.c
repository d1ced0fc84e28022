/* Elementwise operations on one operand. Each: formula, backward, tangent, forward. */
#include "support/vecmath.h"
#include "tensor/op.h"

/* neg   Y = -A    A' -= Y' */
static void neg_backward(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    if (a.data == NULL)
        return;
#pragma omp parallel for simd schedule(static) if (y->size >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < y->size; i++)
        a.data[i] = grad_kept(a, i) - y->grad[i];
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
#pragma omp parallel for simd schedule(static) if (y->size >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < y->size; i++)
        a.data[i] = grad_kept(a, i) + c * y->grad[i];
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
#pragma omp parallel for simd schedule(static) if (y->size >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < y->size; i++)
        y->value[i] = factor * a->value[i];
    return y;
}

/* shift   Y = A + c    A' += Y' */
static void shift_backward(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    if (a.data == NULL)
        return;
#pragma omp parallel for simd schedule(static) if (y->size >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < y->size; i++)
        a.data[i] = grad_kept(a, i) + y->grad[i];
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
#pragma omp parallel for simd schedule(static) if (y->size >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < y->size; i++)
        y->value[i] = a->value[i] + term;
    return y;
}

/* exp   Y = e^A    A' += Y' Y */
static void exp_backward(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    if (a.data == NULL)
        return;
#pragma omp parallel for simd schedule(static) if (y->size >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < y->size; i++)
        a.data[i] = grad_kept(a, i) + y->grad[i] * y->value[i];
}

static Tensor *exp_tangent(Tensor *y, Tensor *const *da)
{
    return tensor_mul(y, da[0]);
}

static const Op exp_op = {"exp", exp_backward, exp_tangent};

Tensor *tensor_exp(Tensor *a)
{
    Tensor *y = op_unary_result(&exp_op, a);
#pragma omp parallel for simd schedule(static) if (y->size >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < y->size; i++)
        y->value[i] = vec_exp(a->value[i]);
    return y;
}

/* log   Y = log A    A' += Y' / A */
static void log_backward(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    const real *x = y->parent[0]->value;
    if (a.data == NULL)
        return;
#pragma omp parallel for simd schedule(static) if (y->size >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < y->size; i++)
        a.data[i] = grad_kept(a, i) + y->grad[i] / x[i];
}

static Tensor *log_tangent(Tensor *y, Tensor *const *da)
{
    return tensor_div(da[0], y->parent[0]);
}

static const Op log_op = {"log", log_backward, log_tangent};

Tensor *tensor_log(Tensor *a)
{
    Tensor *y = op_unary_result(&log_op, a);
#pragma omp parallel for simd schedule(static) if (y->size >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < y->size; i++)
        y->value[i] = vec_log(a->value[i]);
    return y;
}

/* sqrt   Y = sqrt A    A' += Y' / (2 Y) */
static void sqrt_backward(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    if (a.data == NULL)
        return;
#pragma omp parallel for simd schedule(static) if (y->size >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < y->size; i++)
        a.data[i] = grad_kept(a, i) + y->grad[i] / (2 * y->value[i]);
}

static Tensor *sqrt_tangent(Tensor *y, Tensor *const *da)
{
    return tensor_scale(tensor_div(da[0], y), (real)0.5);
}

static const Op sqrt_op = {"sqrt", sqrt_backward, sqrt_tangent};

Tensor *tensor_sqrt(Tensor *a)
{
    Tensor *y = op_unary_result(&sqrt_op, a);
#pragma omp parallel for simd schedule(static) if (y->size >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < y->size; i++)
        y->value[i] = (real)sqrt(a->value[i]);
    return y;
}

/* square   Y = A^2    A' += 2 A Y' */
static void square_backward(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    const real *x = y->parent[0]->value;
    if (a.data == NULL)
        return;
#pragma omp parallel for simd schedule(static) if (y->size >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < y->size; i++)
        a.data[i] = grad_kept(a, i) + 2 * x[i] * y->grad[i];
}

static Tensor *square_tangent(Tensor *y, Tensor *const *da)
{
    return tensor_scale(tensor_mul(y->parent[0], da[0]), 2);
}

static const Op square_op = {"square", square_backward, square_tangent};

Tensor *tensor_square(Tensor *a)
{
    Tensor *y = op_unary_result(&square_op, a);
#pragma omp parallel for simd schedule(static) if (y->size >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < y->size; i++)
        y->value[i] = a->value[i] * a->value[i];
    return y;
}

/* Operations whose derivative is constant on pieces: the derivative as a tensor without history,
 * which makes the tangent exact, and its own derivative zero almost everywhere. */
static Tensor *piecewise_slope(Tensor *y, real (*slope)(real x, const Tensor *y))
{
    Tensor *s = tensor_like(y);
    for (size_t i = 0; i < y->size; i++)
        s->value[i] = slope(y->parent[0]->value[i], y);
    return s;
}

/* abs   Y = |A|    A' += sign(A) Y' */
static inline real abs_slope(real x, const Tensor *y)
{
    (void)y;
    return x > 0 ? 1 : x < 0 ? -1 : 0;
}

static void abs_backward(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    const real *x = y->parent[0]->value;
    if (a.data == NULL)
        return;
#pragma omp parallel for simd schedule(static) if (y->size >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < y->size; i++)
        a.data[i] = grad_kept(a, i) + abs_slope(x[i], y) * y->grad[i];
}

static Tensor *abs_tangent(Tensor *y, Tensor *const *da)
{
    return tensor_mul(piecewise_slope(y, abs_slope), da[0]);
}

static const Op abs_op = {"abs", abs_backward, abs_tangent};

Tensor *tensor_abs(Tensor *a)
{
    Tensor *y = op_unary_result(&abs_op, a);
#pragma omp parallel for simd schedule(static) if (y->size >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < y->size; i++)
        y->value[i] = (real)fabs(a->value[i]);
    return y;
}

/* clamp   Y = min(max(A, low), high)    A' += Y' where low <= A <= high */
static inline real clamp_slope(real x, const Tensor *y)
{
    return x >= y->attr.range.low && x <= y->attr.range.high ? 1 : 0;
}

static void clamp_backward(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    const real *x = y->parent[0]->value;
    if (a.data == NULL)
        return;
#pragma omp parallel for simd schedule(static) if (y->size >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < y->size; i++)
        a.data[i] = grad_kept(a, i) + clamp_slope(x[i], y) * y->grad[i];
}

static Tensor *clamp_tangent(Tensor *y, Tensor *const *da)
{
    return tensor_mul(piecewise_slope(y, clamp_slope), da[0]);
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
