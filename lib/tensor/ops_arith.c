/* add, sub, mul, div with broadcasting where one side has size 1.
 *
 * A pair of shapes becomes at most five nested loops; neighbouring dimensions that are walked alike
 * are merged, so equal shapes are one loop, a row [1, d] against [n, d] two. The innermost loop is
 * the one that is vectorised. */
#include "tensor/op.h"

#include <string.h>

typedef struct Walk {
    int dims;
    size_t count[TENSOR_MOST_DIMS];    /* outermost first                         */
    size_t stride_a[TENSOR_MOST_DIMS]; /* 0 where that side is repeated            */
    size_t stride_b[TENSOR_MOST_DIMS];
    size_t inner; /* = count[dims - 1] */
    size_t outer; /* product of the others */
} Walk;

/* One row of the innermost loop: where it starts in a, b and y, and its length. A single long row
 * is cut into pieces, so that threads can share it. */
typedef struct Row {
    size_t a, b, y, length;
} Row;

enum { PIECE = 4096 };

static void result_shape(const char *op, const Tensor *a, const Tensor *b,
                         int shape[TENSOR_MOST_DIMS])
{
    bool fits = a->rank == b->rank;
    for (int i = 0; fits && i < a->rank; i++) {
        fits = a->shape[i] == b->shape[i] || a->shape[i] == 1 || b->shape[i] == 1;
        shape[i] = a->shape[i] > b->shape[i] ? a->shape[i] : b->shape[i];
    }
    if (!fits)
        op_fail2(op, a, b,
                 "both need the same number of dimensions, each equal or 1 on one side "
                 "(tensor_reshape)");
}

static Walk walk_of(const Tensor *y, const Tensor *a, const Tensor *b)
{
    Walk w = {0};
    size_t step_a = a->size, step_b = b->size;
    for (int i = 0; i < y->rank; i++) {
        step_a /= (size_t)a->shape[i];
        step_b /= (size_t)b->shape[i];
        if (y->shape[i] == 1 && !(i == y->rank - 1 && w.dims == 0))
            continue;
        size_t stride_a = a->shape[i] == 1 && y->shape[i] > 1 ? 0 : step_a;
        size_t stride_b = b->shape[i] == 1 && y->shape[i] > 1 ? 0 : step_b;
        size_t count = (size_t)y->shape[i];
        int last = w.dims - 1;
        if (last >= 0 && w.stride_a[last] == stride_a * count &&
            w.stride_b[last] == stride_b * count) {
            w.count[last] *= count; /* walked as one with the dimension before */
            w.stride_a[last] = stride_a;
            w.stride_b[last] = stride_b;
            continue;
        }
        w.count[w.dims] = count;
        w.stride_a[w.dims] = stride_a;
        w.stride_b[w.dims] = stride_b;
        w.dims++;
    }
    w.inner = w.count[w.dims - 1];
    w.outer = y->size / w.inner;
    return w;
}

static size_t pieces_of(const Walk *w)
{
    return w->dims == 1 ? (w->inner + PIECE - 1) / PIECE : 1;
}

static Row piece_at(const Walk *w, size_t piece)
{
    const size_t at = piece * PIECE, left = w->inner - at;
    return (Row){at * w->stride_a[0], at * w->stride_b[0], at, left < PIECE ? left : PIECE};
}

static Row row_at(const Walk *w, size_t outer)
{
    Row row = {0, 0, outer * w->inner, w->inner};
    for (int i = w->dims - 2; i >= 0; i--) {
        size_t at = outer % w->count[i];
        outer /= w->count[i];
        row.a += at * w->stride_a[i];
        row.b += at * w->stride_b[i];
    }
    return row;
}

typedef enum Kind { ADD, SUB, MUL, DIV } Kind;

static inline real combine(Kind kind, real a, real b)
{
    switch (kind) {
    case ADD:
        return a + b;
    case SUB:
        return a - b;
    case MUL:
        return a * b;
    default:
        return a / b;
    }
}

/* The loop for one kind and one pair of strides; kind and strides are constants where it is called,
 * so the compiler makes a plain vector loop of each. */
static inline __attribute__((always_inline)) void
row_loop(Kind kind, size_t n, const real *a, size_t sa, const real *b, size_t sb, real *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = combine(kind, a[i * sa], b[i * sb]);
}

static inline __attribute__((always_inline)) void row_any(Kind kind, const Walk *w, size_t n,
                                                          const real *a, const real *b, real *y)
{
    size_t sa = w->stride_a[w->dims - 1], sb = w->stride_b[w->dims - 1];
    if (sa == 1 && sb == 1)
        row_loop(kind, n, a, 1, b, 1, y);
    else if (sa == 1)
        row_loop(kind, n, a, 1, b, 0, y);
    else
        row_loop(kind, n, a, 0, b, sb, y);
}

static void row_forward(Kind kind, const Walk *w, Row row, const real *a_value, const real *b_value,
                        real *y_value)
{
    const real *a = a_value + row.a, *b = b_value + row.b;
    real *y = y_value + row.y;
    switch (kind) {
    case ADD:
        row_any(ADD, w, row.length, a, b, y);
        break;
    case SUB:
        row_any(SUB, w, row.length, a, b, y);
        break;
    case MUL:
        row_any(MUL, w, row.length, a, b, y);
        break;
    case DIV:
        row_any(DIV, w, row.length, a, b, y);
        break;
    }
}

static Tensor *forward(const Op *op, Kind kind, Tensor *a, Tensor *b)
{
    int shape[TENSOR_MOST_DIMS];
    result_shape(op->name, a, b, shape);
    Tensor *y = op_result(op, a->rank, shape, 2, (Tensor *[]){a, b});
    Walk w = walk_of(y, a, b);
    const size_t pieces = pieces_of(&w);
#pragma omp parallel for schedule(static) if (y->size >= OP_PARALLEL_FROM)
    for (size_t o = 0; o < w.outer * pieces; o++)
        row_forward(kind, &w, pieces > 1 ? piece_at(&w, o) : row_at(&w, o), a->value, b->value,
                    y->value);
    return y;
}

/* The share of one side: slope(a, b) Y', summed over where that side was repeated. */
typedef enum Slope { ONE, MINUS_ONE, OTHER, RECIPROCAL, QUOTIENT } Slope;

static inline real share(Slope slope, real dy, real a, real b)
{
    switch (slope) {
    case ONE:
        return dy;
    case MINUS_ONE:
        return -dy;
    case OTHER: /* of mul: the other operand, passed as b */
        return dy * b;
    case RECIPROCAL: /* of div by its first operand */
        return dy / b;
    default: /* of div by its second: -a / b^2 */
        return -dy * a / (b * b);
    }
}

static inline __attribute__((always_inline)) void share_row(Slope slope, size_t n, const real *dy,
                                                            const real *a, size_t sa, const real *b,
                                                            size_t sb, real *out, size_t so,
                                                            bool add)
{
    if (so == 0) {
        real sum = add ? out[0] : 0;
#pragma omp simd reduction(+ : sum)
        for (size_t i = 0; i < n; i++)
            sum += share(slope, dy[i], a[i * sa], b[i * sb]);
        out[0] = sum;
    } else if (add) {
        for (size_t i = 0; i < n; i++)
            out[i] += share(slope, dy[i], a[i * sa], b[i * sb]);
    } else {
        for (size_t i = 0; i < n; i++)
            out[i] = share(slope, dy[i], a[i * sa], b[i * sb]);
    }
}

static void share_any(Slope slope, size_t n, const real *dy, const real *a, size_t sa,
                      const real *b, size_t sb, real *out, size_t so, bool add)
{
    switch (slope) {
    case ONE:
        share_row(ONE, n, dy, dy, 0, dy, 0, out, so, add);
        break;
    case MINUS_ONE:
        share_row(MINUS_ONE, n, dy, dy, 0, dy, 0, out, so, add);
        break;
    case OTHER:
        if (sb == 1)
            share_row(OTHER, n, dy, dy, 0, b, 1, out, so, add);
        else
            share_row(OTHER, n, dy, dy, 0, b, 0, out, so, add);
        break;
    case RECIPROCAL:
        share_row(RECIPROCAL, n, dy, dy, 0, b, sb, out, so, add);
        break;
    case QUOTIENT:
        share_row(QUOTIENT, n, dy, a, sa, b, sb, out, so, add);
        break;
    }
}

/* side: 0 for the first operand's share, 1 for the second's. Rows that write to the same place
 * follow each other in order, so the sum does not depend on threads. */
static void side_backward(Tensor *y, int side, Slope slope)
{
    Tensor *a = y->parent[0], *b = y->parent[1];
    Grad g = grad_open(y->parent[side]);
    if (g.data == NULL)
        return;
    Walk w = walk_of(y, a, b);
    size_t sa = w.stride_a[w.dims - 1], sb = w.stride_b[w.dims - 1];
    size_t so = side == 0 ? sa : sb;
    bool repeated = y->parent[side]->size < y->size;
    if (repeated && !g.add)
        memset(g.data, 0, y->parent[side]->size * sizeof *g.data);
    if (slope == OTHER && side == 1) { /* what multiplies is then the first operand: pass it as b */
        Tensor *swap = a;
        a = b;
        b = swap;
    }
    bool crossed = slope == OTHER && side == 1;
    const size_t pieces = repeated ? 1 : pieces_of(&w);
#pragma omp parallel for schedule(static) if (!repeated && y->size >= OP_PARALLEL_FROM)
    for (size_t o = 0; o < w.outer * pieces; o++) {
        const Row row = pieces > 1 ? piece_at(&w, o) : row_at(&w, o);
        size_t out = side == 0 ? row.a : row.b;
        share_any(slope, row.length, y->grad + row.y, a->value + (crossed ? row.b : row.a),
                  crossed ? sb : sa, b->value + (crossed ? row.a : row.b), crossed ? sa : sb,
                  g.data + out, so, repeated || g.add);
    }
}

/* add   Y = A + B    A' += Y'    B' += Y' */
static void add_backward(Tensor *y)
{
    side_backward(y, 0, ONE);
    if (!grad_take_over(y->parent[1], y))
        side_backward(y, 1, ONE);
}

/* The tangent of a side that was repeated is repeated too. */
static Tensor *spread(Tensor *da, const Tensor *y)
{
    return da == NULL ? NULL : tensor_broadcast(da, y->rank, y->shape);
}

static Tensor *add_tangent(Tensor *y, Tensor *const *dx)
{
    return op_sum_of(spread(dx[0], y), spread(dx[1], y));
}

static const Op add_op = {"add", add_backward, add_tangent};

Tensor *tensor_add(Tensor *a, Tensor *b)
{
    return forward(&add_op, ADD, a, b);
}

/* sub   Y = A - B    A' += Y'    B' -= Y' */
static void sub_backward(Tensor *y)
{
    side_backward(y, 0, ONE);
    side_backward(y, 1, MINUS_ONE);
}

static Tensor *sub_tangent(Tensor *y, Tensor *const *dx)
{
    Tensor *minus = dx[1] == NULL ? NULL : tensor_neg(dx[1]);
    return op_sum_of(spread(dx[0], y), spread(minus, y));
}

static const Op sub_op = {"sub", sub_backward, sub_tangent};

Tensor *tensor_sub(Tensor *a, Tensor *b)
{
    return forward(&sub_op, SUB, a, b);
}

/* mul   Y = A B    A' += B Y'    B' += A Y' */
static void mul_backward(Tensor *y)
{
    side_backward(y, 0, OTHER);
    side_backward(y, 1, OTHER);
}

static Tensor *mul_tangent(Tensor *y, Tensor *const *dx)
{
    Tensor *first = dx[0] == NULL ? NULL : tensor_mul(dx[0], y->parent[1]);
    Tensor *second = dx[1] == NULL ? NULL : tensor_mul(y->parent[0], dx[1]);
    return op_sum_of(first, second);
}

static const Op mul_op = {"mul", mul_backward, mul_tangent};

Tensor *tensor_mul(Tensor *a, Tensor *b)
{
    return forward(&mul_op, MUL, a, b);
}

/* div   Y = A / B    A' += Y' / B    B' -= A Y' / B^2 */
static void div_backward(Tensor *y)
{
    side_backward(y, 0, RECIPROCAL);
    side_backward(y, 1, QUOTIENT);
}

static Tensor *div_tangent(Tensor *y, Tensor *const *dx)
{
    Tensor *first = dx[0] == NULL ? NULL : tensor_div(dx[0], y->parent[1]);
    Tensor *second = NULL;
    if (dx[1] != NULL)
        second = tensor_neg(tensor_mul(y, tensor_div(dx[1], y->parent[1])));
    return op_sum_of(first, second);
}

static const Op div_op = {"div", div_backward, div_tangent};

Tensor *tensor_div(Tensor *a, Tensor *b)
{
    return forward(&div_op, DIV, a, b);
}
