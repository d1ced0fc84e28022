/* Operations that move numbers and compute none. */
#include "support/fail.h"
#include "tensor/op.h"

#include <string.h>

static void add_copy(Grad g, const real *dy, size_t n)
{
    if (g.add)
        for (size_t i = 0; i < n; i++)
            g.data[i] += dy[i];
    else
        memcpy(g.data, dy, n * sizeof *dy);
}

/* reshape   Y = A under another shape, the same memory    A' += Y' */
static void reshape_backward(Tensor *y)
{
    if (grad_take_over(y->parent[0], y))
        return;
    Grad a = grad_open(y->parent[0]);
    if (a.data != NULL)
        add_copy(a, y->grad, y->size);
}

static Tensor *reshape_tangent(Tensor *y, Tensor *const *da)
{
    return tensor_reshape(da[0], y->rank, y->shape);
}

static const Op reshape_op = {"reshape", reshape_backward, reshape_tangent};

Tensor *tensor_reshape(Tensor *a, int rank, const int *shape)
{
    int full[TENSOR_MOST_DIMS], open = -1;
    size_t known = 1;
    if (rank < 1 || rank > TENSOR_MOST_DIMS)
        op_fail("reshape", a, "a shape has 1 to 5 dimensions");
    for (int i = 0; i < rank; i++) {
        full[i] = shape[i];
        if (shape[i] == -1 && open < 0)
            open = i;
        else if (shape[i] < 1)
            op_fail("reshape", a, "the new dimensions are at least 1, one of them may be -1");
        else
            known *= (size_t)shape[i];
    }
    if (open >= 0)
        full[open] = (int)(a->size / known);
    if (open >= 0 ? a->size % known != 0 : a->size != known)
        op_fail("reshape", a, "the new shape must hold as many numbers");
    return op_view_result(&reshape_op, rank, full, a);
}

/* permute   Y's dimension i = A's dimension order[i]    A' += Y' with the inverse order */

/* out gets a with its dimensions in that order; the last dimension of out is the inner loop. */
static void permute_copy(const Tensor *from_shape, const int *order, const real *from, real *to,
                         Grad *add)
{
    int rank = from_shape->rank, count[TENSOR_MOST_DIMS] = {0}, at[TENSOR_MOST_DIMS] = {0};
    size_t stride[TENSOR_MOST_DIMS] = {0}, step[TENSOR_MOST_DIMS] = {0}, rows = 1;
    size_t s = 1;
    for (int i = rank - 1; i >= 0; i--) {
        step[i] = s;
        s *= (size_t)from_shape->shape[i];
    }
    for (int i = 0; i < rank; i++) {
        count[i] = from_shape->shape[order[i]];
        stride[i] = step[order[i]];
        if (i < rank - 1)
            rows *= (size_t)count[i];
    }
    int inner = count[rank - 1];
    size_t inner_stride = stride[rank - 1], out = 0;
    for (size_t r = 0; r < rows; r++) {
        size_t in = 0;
        for (int i = 0; i < rank - 1; i++)
            in += (size_t)at[i] * stride[i];
        for (int j = 0; j < inner; j++, out++) {
            real moved = from[in + (size_t)j * inner_stride];
            to[out] = add != NULL ? grad_kept(add->data, add->add, out) + moved : moved;
        }
        for (int i = rank - 2; i >= 0 && ++at[i] == count[i]; i--)
            at[i] = 0;
    }
}

static void permute_backward(Tensor *y)
{
    int inverse[TENSOR_MOST_DIMS];
    Grad a = grad_open(y->parent[0]);
    for (int i = 0; i < y->rank; i++)
        inverse[y->attr.permute.order[i]] = i;
    if (a.data != NULL)
        permute_copy(y, inverse, y->grad, a.data, &a);
}

static Tensor *permute_tangent(Tensor *y, Tensor *const *da)
{
    return tensor_permute(da[0], y->attr.permute.order);
}

static const Op permute_op = {"permute", permute_backward, permute_tangent};

Tensor *tensor_permute(Tensor *a, const int *order)
{
    int shape[TENSOR_MOST_DIMS], seen[TENSOR_MOST_DIMS] = {0};
    for (int i = 0; i < a->rank; i++) {
        if (order[i] < 0 || order[i] >= a->rank || seen[order[i]]++)
            op_fail("permute", a, "the order must name each of its dimensions once");
        shape[i] = a->shape[order[i]];
    }
    Tensor *y = op_result(&permute_op, a->rank, shape, 1, &a);
    memcpy(y->attr.permute.order, order, (size_t)a->rank * sizeof *order);
    permute_copy(a, order, a->value, y->value, NULL);
    return y;
}

/* Sizes before and from an axis on: a tensor is outer blocks of inner numbers. */
static size_t outer_of(const Tensor *a, int axis)
{
    size_t outer = 1;
    for (int i = 0; i < axis; i++)
        outer *= (size_t)a->shape[i];
    return outer;
}

/* concat   Y = [A_1 ... A_n] along an axis    A_i' += its part of Y' */
static void concat_backward(Tensor *y)
{
    size_t outer = outer_of(y, y->attr.axis), whole = y->size / outer, offset = 0;
    for (int p = 0; p < y->parents; p++) {
        size_t width = y->parent[p]->size / outer;
        Grad a = grad_open(y->parent[p]);
        for (size_t o = 0; a.data != NULL && o < outer; o++) {
            Grad part = {a.data + o * width, a.add};
            add_copy(part, y->grad + o * whole + offset, width);
        }
        offset += width;
    }
}

static Tensor *concat_tangent(Tensor *y, Tensor *const *da)
{
    Tensor **part = op_memory(y, (size_t)y->parents, sizeof *part);
    for (int p = 0; p < y->parents; p++) {
        const Tensor *parent = y->parent[p];
        part[p] = da[p] != NULL ? da[p] : tensor_fill(y->tape, parent->rank, parent->shape, 0);
    }
    return tensor_concat(part, y->parents, y->attr.axis);
}

static const Op concat_op = {"concat", concat_backward, concat_tangent};

Tensor *tensor_concat(Tensor *const *part, int n, int axis)
{
    if (n < 1)
        fail("concat: %d tensors to join; at least 1", n);
    int shape[TENSOR_MOST_DIMS], rank = part[0]->rank, length = 0;
    if (axis < 0 || axis >= rank)
        op_fail("concat", part[0], "the axis lies outside its dimensions (the first is 0)");
    for (int p = 0; p < n; p++) {
        for (int i = 0; i < rank; i++)
            if (part[p]->rank != rank || (i != axis && part[p]->shape[i] != part[0]->shape[i]))
                op_fail2("concat", part[0], part[p],
                         "all dimensions but the joined one must be equal");
        length += part[p]->shape[axis];
    }
    memcpy(shape, part[0]->shape, sizeof shape);
    shape[axis] = length;
    Tensor *y = op_result(&concat_op, rank, shape, n, part);
    y->attr.axis = axis;
    size_t outer = outer_of(y, axis), whole = y->size / outer, offset = 0;
    for (int p = 0; p < n; p++) {
        size_t width = part[p]->size / outer;
        for (size_t o = 0; o < outer; o++)
            memcpy(y->value + o * whole + offset, part[p]->value + o * width, width * sizeof(real));
        offset += width;
    }
    return y;
}

/* slice   Y = A[begin .. end-1] along an axis    A' += Y' there, 0 elsewhere */
static void slice_backward(Tensor *y)
{
    Tensor *parent = y->parent[0];
    int axis = y->attr.slice.axis;
    size_t outer = outer_of(y, axis), width = y->size / outer, whole = parent->size / outer;
    size_t offset = (size_t)y->attr.slice.begin * (width / (size_t)y->shape[axis]);
    Grad a = grad_open(parent);
    if (a.data == NULL)
        return;
    if (!a.add)
        memset(a.data, 0, parent->size * sizeof *a.data);
    for (size_t o = 0; o < outer; o++)
        for (size_t i = 0; i < width; i++)
            a.data[o * whole + offset + i] += y->grad[o * width + i];
}

static Tensor *slice_tangent(Tensor *y, Tensor *const *da)
{
    int axis = y->attr.slice.axis, begin = y->attr.slice.begin;
    return tensor_slice(da[0], axis, begin, begin + y->shape[axis]);
}

static const Op slice_op = {"slice", slice_backward, slice_tangent};

Tensor *tensor_slice(Tensor *a, int axis, int begin, int end)
{
    if (axis < 0 || axis >= a->rank || begin < 0 || begin >= end || end > a->shape[axis])
        op_fail("slice", a, "0 <= begin < end <= that dimension, of an axis it has");
    int shape[TENSOR_MOST_DIMS];
    memcpy(shape, a->shape, sizeof shape);
    shape[axis] = end - begin;
    Tensor *y = op_result(&slice_op, a->rank, shape, 1, &a);
    y->attr.slice.axis = axis;
    y->attr.slice.begin = begin;
    size_t outer = outer_of(y, axis), width = y->size / outer, whole = a->size / outer;
    size_t offset = (size_t)begin * (width / (size_t)(end - begin));
    for (size_t o = 0; o < outer; o++)
        memcpy(y->value + o * width, a->value + o * whole + offset, width * sizeof(real));
    return y;
}

/* gather   Y_i = T_index(i), rows    T'_index(i) += Y'_i, in the order of i; threads share the
 * columns */
static void gather_backward(Tensor *y)
{
    enum { STRIP = 32 };
    Tensor *table = y->parent[0];
    size_t d = (size_t)tensor_columns(table);
    Grad t = grad_open(table);
    if (t.data == NULL)
        return;
    if (!t.add)
        memset(t.data, 0, table->size * sizeof *t.data);
#pragma omp parallel for schedule(static) if (y->size >= OP_PARALLEL_FROM)
    for (size_t begin = 0; begin < d; begin += STRIP) {
        const size_t end = begin + STRIP < d ? begin + STRIP : d;
        for (int i = 0; i < y->shape[0]; i++)
            for (size_t j = begin; j < end; j++)
                t.data[(size_t)y->attr.index[i] * d + j] += y->grad[(size_t)i * d + j];
    }
}

static Tensor *gather_tangent(Tensor *y, Tensor *const *dt)
{
    return tensor_gather(dt[0], y->attr.index, y->shape[0]);
}

static const Op gather_op = {"gather", gather_backward, gather_tangent};

Tensor *tensor_gather(Tensor *table, const int *index, int count)
{
    if (table->rank != 2)
        op_fail("gather", table, "the table must be a matrix [n, d]");
    int d = table->shape[1];
    Tensor *y = op_result(&gather_op, 2, (int[]){count, d}, 1, &table);
    y->attr.index = op_memory(y, (size_t)count, sizeof *index);
    memcpy(y->attr.index, index, (size_t)count * sizeof *index);
    for (int i = 0; i < count; i++) {
        if (index[i] < 0 || index[i] >= table->shape[0])
            fail("gather: index %d at position %d; '%s' has rows 0 .. %d", index[i], i, table->name,
                 table->shape[0] - 1);
        memcpy(y->value + (size_t)i * (size_t)d, table->value + (size_t)index[i] * (size_t)d,
               (size_t)d * sizeof(real));
    }
    return y;
}

/* repeat_rows   Y_(i k + j) = A_i, j < k    A'_i += sum_j Y'_(i k + j) */
static void repeat_rows_backward(Tensor *y)
{
    Tensor *parent = y->parent[0];
    size_t d = (size_t)tensor_columns(parent), k = (size_t)y->attr.times;
    size_t rows = parent->size / d;
    Grad a = grad_open(parent);
    if (a.data == NULL)
        return;
    if (!a.add)
        memset(a.data, 0, parent->size * sizeof *a.data);
#pragma omp parallel for schedule(static) if (y->size >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < k; j++)
            for (size_t c = 0; c < d; c++)
                a.data[i * d + c] += y->grad[(i * k + j) * d + c];
}

static Tensor *repeat_rows_tangent(Tensor *y, Tensor *const *da)
{
    return tensor_repeat_rows(da[0], y->attr.times);
}

static const Op repeat_rows_op = {"repeat_rows", repeat_rows_backward, repeat_rows_tangent};

Tensor *tensor_repeat_rows(Tensor *a, int times)
{
    if (a->rank != 2 || times < 1)
        op_fail("repeat_rows", a, "it must be a matrix, repeated at least once");
    size_t d = (size_t)a->shape[1];
    Tensor *y = op_result(&repeat_rows_op, 2, (int[]){a->shape[0] * times, a->shape[1]}, 1, &a);
    y->attr.times = times;
    for (int i = 0; i < y->shape[0]; i++)
        memcpy(y->value + (size_t)i * d, a->value + (size_t)(i / times) * d, d * sizeof(real));
    return y;
}

Tensor *tensor_broadcast(Tensor *a, int rank, const int *shape)
{
    bool same = a->rank == rank;
    for (int i = 0; i < rank; i++) {
        if (a->rank != rank || (a->shape[i] != shape[i] && a->shape[i] != 1))
            op_fail("broadcast", a,
                    "the new shape has as many dimensions, and differs only where "
                    "a dimension is 1");
        same = same && a->shape[i] == shape[i];
    }
    return same ? a : tensor_add(a, tensor_fill(a->tape, rank, shape, 0));
}

/* detach   Y = A, the same memory; no rule: nothing flows back */
static const Op detach_op = {"detach", NULL, NULL};

Tensor *tensor_detach(Tensor *a)
{
    bool recording = tape_record(a->tape, false); /* so it has no history */
    Tensor *y = op_view_result(&detach_op, a->rank, a->shape, a);
    tape_record(a->tape, recording);
    return y;
}
