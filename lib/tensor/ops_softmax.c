/* Softmax and its kin, over the last dimension. The largest entry is taken out first, so that
 * nothing overflows. */
#include "support/fail.h"
#include "support/vecmath.h"
#include "tensor/op.h"

#include <string.h>

static real row_max(const real *a, int n)
{
    real largest = a[0];
#pragma omp simd reduction(max : largest)
    for (int i = 1; i < n; i++)
        largest = a[i] > largest ? a[i] : largest;
    return largest;
}

/* log sum_i e^a_i. A row of -inf gives -inf. */
static real row_log_sum_exp(const real *a, int n)
{
    real largest = row_max(a, n), sum = 0;
    if (isinf(largest))
        return largest;
#pragma omp simd reduction(+ : sum)
    for (int i = 0; i < n; i++)
        sum += vec_exp(a[i] - largest);
    return largest + vec_log(sum);
}

/* out_i += e^(a_i - z) dy. add is a constant where add_exp is called, so both loops are vectorised.
 */
static inline __attribute__((always_inline)) void add_exp(const real *restrict a, int n, real z,
                                                          real dy, real *restrict out, bool add)
{
    for (int i = 0; i < n; i++)
        out[i] = (add ? out[i] : 0) + vec_exp(a[i] - z) * dy;
}

static void add_exp_row(const real *a, int n, real z, real dy, real *out, bool add)
{
    if (add)
        add_exp(a, n, z, dy, out, true);
    else
        add_exp(a, n, z, dy, out, false);
}

/* log_sum_exp   Y = log sum_i e^A_i    A' += e^(A - Y) Y' */
static void log_sum_exp_backward(Tensor *y)
{
    Tensor *parent = y->parent[0];
    int n = tensor_columns(parent), rows = tensor_rows(parent);
    Grad a = grad_open(parent);
    if (a.data == NULL)
        return;
#pragma omp parallel for schedule(static) if (parent->size >= OP_PARALLEL_FROM)
    for (int r = 0; r < rows; r++) {
        size_t at = (size_t)r * (size_t)n;
        add_exp_row(parent->value + at, n, y->value[r], y->grad[r], a.data + at, a.add);
    }
}

static Tensor *log_sum_exp_tangent(Tensor *y, Tensor *const *da)
{
    Tensor *weighted = tensor_mul(tensor_softmax(y->parent[0]), da[0]);
    return tensor_sum_axis(weighted, y->rank - 1);
}

static const Op log_sum_exp_op = {"log_sum_exp", log_sum_exp_backward, log_sum_exp_tangent};

Tensor *tensor_log_sum_exp(Tensor *a)
{
    int shape[TENSOR_MOST_DIMS], n = tensor_columns(a), rows = tensor_rows(a);
    memcpy(shape, a->shape, sizeof shape);
    shape[a->rank - 1] = 1;
    Tensor *y = op_result(&log_sum_exp_op, a->rank, shape, 1, &a);
#pragma omp parallel for schedule(static) if (a->size >= OP_PARALLEL_FROM)
    for (int r = 0; r < rows; r++)
        y->value[r] = row_log_sum_exp(a->value + (size_t)r * (size_t)n, n);
    return y;
}

/* softmax   Y_i = e^A_i / sum_j e^A_j    A'_i += Y_i (Y'_i - sum_j Y'_j Y_j) */
static void softmax_backward(Tensor *y)
{
    int n = tensor_columns(y), rows = tensor_rows(y);
    Grad a = grad_open(y->parent[0]);
    if (a.data == NULL)
        return;
#pragma omp parallel for schedule(static) if (y->size >= OP_PARALLEL_FROM)
    for (int r = 0; r < rows; r++) {
        size_t at = (size_t)r * (size_t)n;
        const real *dy = y->grad + at, *p = y->value + at;
        real dot = 0;
#pragma omp simd reduction(+ : dot)
        for (int i = 0; i < n; i++)
            dot += dy[i] * p[i];
        for (int i = 0; i < n; i++)
            a.data[at + (size_t)i] =
                grad_kept(a.data, a.add, at + (size_t)i) + p[i] * (dy[i] - dot);
    }
}

static Tensor *softmax_tangent(Tensor *y, Tensor *const *da)
{
    Tensor *weighted = tensor_mul(y, da[0]);
    return tensor_sub(weighted, tensor_mul(y, tensor_sum_axis(weighted, y->rank - 1)));
}

static const Op softmax_op = {"softmax", softmax_backward, softmax_tangent};

Tensor *tensor_softmax(Tensor *a)
{
    Tensor *y = op_unary_result(&softmax_op, a);
    int n = tensor_columns(a), rows = tensor_rows(a);
#pragma omp parallel for schedule(static) if (a->size >= OP_PARALLEL_FROM)
    for (int r = 0; r < rows; r++) {
        size_t at = (size_t)r * (size_t)n;
        real largest = row_max(a->value + at, n), sum = 0;
#pragma omp simd reduction(+ : sum)
        for (size_t i = at; i < at + (size_t)n; i++) {
            y->value[i] = vec_exp(a->value[i] - largest);
            sum += y->value[i];
        }
        for (size_t i = at; i < at + (size_t)n; i++)
            y->value[i] /= sum;
    }
    return y;
}

/* log_softmax   Y = A - log sum e^A    A'_i += Y'_i - e^Y_i sum_j Y'_j */
static void log_softmax_backward(Tensor *y)
{
    int n = tensor_columns(y), rows = tensor_rows(y);
    Grad a = grad_open(y->parent[0]);
    if (a.data == NULL)
        return;
#pragma omp parallel for schedule(static) if (y->size >= OP_PARALLEL_FROM)
    for (int r = 0; r < rows; r++) {
        size_t at = (size_t)r * (size_t)n;
        const real *dy = y->grad + at;
        real sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int i = 0; i < n; i++)
            sum += dy[i];
        for (size_t i = at; i < at + (size_t)n; i++)
            a.data[i] = grad_kept(a.data, a.add, i) + y->grad[i] - vec_exp(y->value[i]) * sum;
    }
}

static Tensor *log_softmax_tangent(Tensor *y, Tensor *const *da)
{
    Tensor *mean = tensor_sum_axis(tensor_mul(tensor_exp(y), da[0]), y->rank - 1);
    return tensor_sub(da[0], mean);
}

static const Op log_softmax_op = {"log_softmax", log_softmax_backward, log_softmax_tangent};

Tensor *tensor_log_softmax(Tensor *a)
{
    Tensor *y = op_unary_result(&log_softmax_op, a);
    int n = tensor_columns(a), rows = tensor_rows(a);
#pragma omp parallel for schedule(static) if (a->size >= OP_PARALLEL_FROM)
    for (int r = 0; r < rows; r++) {
        size_t at = (size_t)r * (size_t)n;
        real z = row_log_sum_exp(a->value + at, n);
        for (size_t i = at; i < at + (size_t)n; i++)
            y->value[i] = a->value[i] - z;
    }
    return y;
}

/* cross_entropy   y_r = log sum_i e^A_ri - A_r,label(r)    A'_ri += (softmax(A)_ri - [i =
 * label(r)]) y'_r */
static void cross_entropy_backward(Tensor *y)
{
    Tensor *parent = y->parent[0];
    int n = tensor_columns(parent), rows = tensor_rows(parent);
    Grad a = grad_open(parent);
    if (a.data == NULL)
        return;
#pragma omp parallel for schedule(static) if (parent->size >= OP_PARALLEL_FROM)
    for (int r = 0; r < rows; r++) {
        size_t at = (size_t)r * (size_t)n;
        size_t right = at + (size_t)y->attr.index[r];
        real dy = y->grad[r];
        real z = y->value[r] + parent->value[right];
        add_exp_row(parent->value + at, n, z, dy, a.data + at, a.add);
        a.data[right] -= dy;
    }
}

static Tensor *cross_entropy_tangent(Tensor *y, Tensor *const *da)
{
    Tensor *logits = y->parent[0];
    int n = tensor_columns(logits), rows = tensor_rows(logits);
    Tensor *right = tensor_fill(y->tape, logits->rank, logits->shape, 0);
    for (int r = 0; r < rows; r++)
        right->value[(size_t)r * (size_t)n + (size_t)y->attr.index[r]] = 1;
    Tensor *slope = tensor_sub(tensor_softmax(logits), right);
    Tensor *rowwise = tensor_sum_axis(tensor_mul(slope, da[0]), logits->rank - 1);
    return tensor_reshape(rowwise, 2, (int[]){rows, 1});
}

static const Op cross_entropy_op = {"cross_entropy", cross_entropy_backward, cross_entropy_tangent};

Tensor *tensor_cross_entropy(Tensor *logits, const int *label)
{
    int n = tensor_columns(logits), rows = tensor_rows(logits);
    Tensor *y = op_result(&cross_entropy_op, 2, (int[]){rows, 1}, 1, &logits);
    y->attr.index = op_memory(y, (size_t)rows, sizeof *label);
    memcpy(y->attr.index, label, (size_t)rows * sizeof *label);
    for (int r = 0; r < rows; r++)
        if (label[r] < 0 || label[r] >= n)
            fail("cross_entropy: label %d of row %d; '%s' has classes 0 .. %d", label[r], r,
                 logits->name, n - 1);
#pragma omp parallel for schedule(static) if (logits->size >= OP_PARALLEL_FROM)
    for (int r = 0; r < rows; r++) {
        const real *row = logits->value + (size_t)r * (size_t)n;
        y->value[r] = row_log_sum_exp(row, n) - row[label[r]];
    }
    return y;
}
