/* Sums and means: all of a tensor (added up in double: these are reported), or along one axis. */
#include "support/vecmath.h"
#include "tensor/op.h"

#include <string.h>

/* sum   y = sum_i A_i    A' += y'   (everywhere the same number) */
static void sum_backward(Tensor *y)
{
    Tensor *parent = y->parent[0];
    Grad a = grad_open(parent);
    real dy = y->grad[0];
    if (a.data == NULL)
        return;
    const size_t n = parent->size;
    real *da = a.data;
    const bool add = a.add;
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < n; i++)
        da[i] = grad_kept(da, add, i) + dy;
}

static Tensor *sum_tangent(Tensor *y, Tensor *const *da)
{
    (void)y;
    return tensor_sum(da[0]);
}

static const Op sum_op = {"sum", sum_backward, sum_tangent};

Tensor *tensor_sum(Tensor *a)
{
    Tensor *y = op_result(&sum_op, 1, (int[]){1}, 1, &a);
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < a->size; i++)
        sum += (double)a->value[i];
    y->value[0] = (real)sum;
    return y;
}

Tensor *tensor_mean(Tensor *a)
{
    return tensor_scale(tensor_sum(a), 1 / (real)a->size);
}

/* A tensor seen from one axis: [outer, count, inner]. */
typedef struct AxisView {
    size_t outer, count, inner;
} AxisView;

static AxisView view_of(const char *op, const Tensor *a, int axis)
{
    if (axis < 0 || axis >= a->rank)
        op_fail(op, a, "the axis lies outside its dimensions (the first is 0)");
    AxisView view = {1, (size_t)a->shape[axis], 1};
    for (int i = 0; i < axis; i++)
        view.outer *= (size_t)a->shape[i];
    for (int i = axis + 1; i < a->rank; i++)
        view.inner *= (size_t)a->shape[i];
    return view;
}

/* sum_axis   Y = sum over one dimension, which becomes 1    A' += Y' repeated along it */
static void sum_axis_backward(Tensor *y)
{
    AxisView v = view_of("sum_axis", y->parent[0], y->attr.axis);
    Grad a = grad_open(y->parent[0]);
    if (a.data == NULL)
        return;
#pragma omp parallel for schedule(static) if (y->parent[0]->size >= OP_PARALLEL_FROM)
    for (size_t o = 0; o < v.outer; o++)
        for (size_t c = 0; c < v.count; c++) {
            size_t at = (o * v.count + c) * v.inner;
            for (size_t i = 0; i < v.inner; i++)
                a.data[at + i] = grad_kept(a.data, a.add, at + i) + y->grad[o * v.inner + i];
        }
}

static Tensor *sum_axis_tangent(Tensor *y, Tensor *const *da)
{
    return tensor_sum_axis(da[0], y->attr.axis);
}

static const Op sum_axis_op = {"sum_axis", sum_axis_backward, sum_axis_tangent};

Tensor *tensor_sum_axis(Tensor *a, int axis)
{
    AxisView v = view_of("sum_axis", a, axis);
    int shape[TENSOR_MOST_DIMS];
    memcpy(shape, a->shape, sizeof shape);
    shape[axis] = 1;
    Tensor *y = op_result(&sum_axis_op, a->rank, shape, 1, &a);
    y->attr.axis = axis;
#pragma omp parallel for schedule(static) if (a->size >= OP_PARALLEL_FROM)
    for (size_t o = 0; o < v.outer; o++) {
        const real *from = a->value + o * v.count * v.inner;
        real *to = y->value + o * v.inner;
        if (v.inner == 1) {
            real sum = 0;
#pragma omp simd reduction(+ : sum)
            for (size_t c = 0; c < v.count; c++)
                sum += from[c];
            to[0] = sum;
            continue;
        }
        memcpy(to, from, v.inner * sizeof *to);
        for (size_t c = 1; c < v.count; c++)
            for (size_t i = 0; i < v.inner; i++)
                to[i] += from[c * v.inner + i];
    }
    return y;
}

Tensor *tensor_mean_axis(Tensor *a, int axis)
{
    Tensor *sum = tensor_sum_axis(a, axis);
    return tensor_scale(sum, 1 / (real)a->shape[axis]);
}
