/* Scaled dot-product attention as one operation: per example and head two small products and a
 * softmax, threaded over both. */
#include "support/fail.h"
#include "support/vecmath.h"
#include "tensor/op.h"
#include "tensor/small_product.h"

#include <math.h>
#include <string.h>

/* One operand as an operation reads it: row t of example b starts at value + (b rows + t) stride;
 * head h owns `depth` columns from h depth on. */
typedef struct Side {
    const real *value;
    Grad grad;
    size_t stride;
    int rows;
} Side;

typedef struct Attention {
    int batch, heads, depth, queries, keys;
    bool causal;
    const int *key_mask; /* [batch keys], NULL: all may be seen */
    real *weight;        /* [batch, heads, queries, keys] */
    Side q, k, v;
} Attention;

static const real *side_value(const Attention *a, const Side *s, int example, int head)
{
    return s->value + (size_t)example * (size_t)s->rows * s->stride + (size_t)(head * a->depth);
}

static real *side_grad(const Attention *a, const Side *s, int example, int head)
{
    return s->grad.data + (side_value(a, s, example, head) - s->value);
}

static real *weights_of(const Attention *a, int example, int head)
{
    size_t each = (size_t)a->queries * (size_t)a->keys;
    return a->weight + ((size_t)example * (size_t)a->heads + (size_t)head) * each;
}

/* to [depth, rows] = the head's columns of a side, transposed. */
static void transpose(const real *from, size_t stride, int rows, int depth, real *to)
{
    for (int t = 0; t < rows; t++)
        for (int d = 0; d < depth; d++)
            to[(size_t)d * (size_t)rows + (size_t)t] = from[(size_t)t * stride + (size_t)d];
}

/* One row of scores to weights, in place: e^(scale (s - largest)) over their sum. */
static void soft_row(real *restrict row, int n, real scale)
{
    real largest = row[0], sum = 0;
#pragma omp simd reduction(max : largest)
    for (int j = 1; j < n; j++)
        largest = row[j] > largest ? row[j] : largest;
#pragma omp simd reduction(+ : sum)
    for (int j = 0; j < n; j++) {
        row[j] = vec_exp((row[j] - largest) * scale);
        sum += row[j];
    }
    const real part = 1 / sum;
    for (int j = 0; j < n; j++)
        row[j] *= part;
}

/* Scores to weights, in place: what may not be seen gets 0. */
static void soft_rows(const Attention *a, int example, real *restrict row)
{
    const int *mask = a->key_mask != NULL ? a->key_mask + example * a->keys : NULL;
    const real scale = 1 / (real)sqrt((double)a->depth);
    for (int i = 0; i < a->queries; i++, row += a->keys) {
        int end = a->causal ? i + 1 : a->keys;
        for (int j = 0; mask != NULL && j < end; j++)
            row[j] = mask[j] == 0 ? -INFINITY : row[j];
        soft_row(row, end, scale);
        for (int j = end; j < a->keys; j++)
            row[j] = 0;
    }
}

/* to [rows, depth] = the head's columns of a side: what a product reads often lies together, since
 * rows a large power of 2 apart push each other out of the cache. */
static void gather_head(const real *from, size_t stride, int rows, int depth, real *to)
{
    for (int t = 0; t < rows; t++)
        memcpy(to + (size_t)t * (size_t)depth, from + (size_t)t * stride,
               (size_t)depth * sizeof *to);
}

/* scratch: [queries depth] for Q, then [depth keys] for K^T, whose place V takes. */
static void head_forward(const Attention *a, int example, int head, real *y, size_t y_stride,
                         real *scratch)
{
    real *w = weights_of(a, example, head),
         *other = scratch + (size_t)a->queries * (size_t)a->depth;
    size_t keys = (size_t)a->keys, depth = (size_t)a->depth;
    Triangle scores = a->causal ? TRIANGLE_LOWER_RESULT : TRIANGLE_NONE;
    Triangle sums = a->causal ? TRIANGLE_LOWER_A : TRIANGLE_NONE;
    gather_head(side_value(a, &a->q, example, head), a->q.stride, a->queries, a->depth, scratch);
    transpose(side_value(a, &a->k, example, head), a->k.stride, a->keys, a->depth, other);
    small_product(&(SmallProduct){a->queries, a->keys, a->depth, scratch, depth, 1, other, keys, w,
                                  keys, false, scores});
    soft_rows(a, example, w);
    gather_head(side_value(a, &a->v, example, head), a->v.stride, a->keys, a->depth, other);
    small_product(
        &(SmallProduct){a->queries, a->depth, a->keys, w, keys, 1, other, depth,
                        y + (size_t)example * (size_t)a->queries * y_stride + (size_t)head * depth,
                        y_stride, false, sums});
}

/* dS = W (dW - rowsum(W dW)) / sqrt(depth), in place of dW. */
static void soft_rows_backward(const Attention *a, const real *restrict w, real *restrict dw)
{
    const real scale = 1 / (real)sqrt((double)a->depth);
    for (int i = 0; i < a->queries; i++, w += a->keys, dw += a->keys) {
        int end = a->causal ? i + 1 : a->keys;
        real dot = 0;
#pragma omp simd reduction(+ : dot)
        for (int j = 0; j < end; j++)
            dot += w[j] * dw[j];
        for (int j = 0; j < end; j++)
            dw[j] = w[j] * (dw[j] - dot) * scale;
        for (int j = end; j < a->keys; j++)
            dw[j] = 0;
    }
}

/* Numbers of scratch that a head's backward pass needs: dY, V^T (whose place K and Q take), dS. */
static size_t backward_room(const Attention *a)
{
    size_t queries = (size_t)a->queries, keys = (size_t)a->keys, depth = (size_t)a->depth;
    return queries * depth + (keys > queries ? keys : queries) * depth + queries * keys;
}

static void head_backward(const Attention *a, int example, int head, const real *dy_all,
                          size_t y_stride, real *scratch)
{
    const real *w = weights_of(a, example, head);
    size_t keys = (size_t)a->keys, depth = (size_t)a->depth, queries = (size_t)a->queries;
    real *dy = scratch, *other = dy + queries * depth;
    real *ds = other + (keys > queries ? keys : queries) * depth;
    Triangle scores = a->causal ? TRIANGLE_LOWER_RESULT : TRIANGLE_NONE;
    Triangle sums = a->causal ? TRIANGLE_LOWER_A : TRIANGLE_NONE;
    Triangle turned = a->causal ? TRIANGLE_UPPER_A : TRIANGLE_NONE;
    gather_head(dy_all + (size_t)example * queries * y_stride + (size_t)head * depth, y_stride,
                a->queries, a->depth, dy);
    if (a->v.grad.data != NULL)
        small_product(&(SmallProduct){a->keys, a->depth, a->queries, w, 1, keys, dy, depth,
                                      side_grad(a, &a->v, example, head), a->v.stride,
                                      a->v.grad.add, turned});
    transpose(side_value(a, &a->v, example, head), a->v.stride, a->keys, a->depth, other);
    small_product(&(SmallProduct){a->queries, a->keys, a->depth, dy, depth, 1, other, keys, ds,
                                  keys, false, scores});
    soft_rows_backward(a, w, ds);
    if (a->q.grad.data != NULL) {
        gather_head(side_value(a, &a->k, example, head), a->k.stride, a->keys, a->depth, other);
        small_product(&(SmallProduct){a->queries, a->depth, a->keys, ds, keys, 1, other, depth,
                                      side_grad(a, &a->q, example, head), a->q.stride,
                                      a->q.grad.add, sums});
    }
    if (a->k.grad.data != NULL) {
        gather_head(side_value(a, &a->q, example, head), a->q.stride, a->queries, a->depth, other);
        small_product(&(SmallProduct){a->keys, a->depth, a->queries, ds, 1, keys, other, depth,
                                      side_grad(a, &a->k, example, head), a->k.stride,
                                      a->k.grad.add, turned});
    }
}

static Side side_of(const Tensor *x, int part, int width)
{
    Side s = {.value = x->value + (size_t)part * (size_t)width,
              .stride = (size_t)tensor_columns(x),
              .rows = x->shape[1]};
    return s;
}

static Attention attention_of(const Tensor *y)
{
    bool packed = y->attr.attention.operands == 1;
    int width = tensor_columns(y);
    Attention a = {.batch = y->shape[0],
                   .heads = y->attr.attention.heads,
                   .depth = width / y->attr.attention.heads,
                   .queries = y->shape[1],
                   .causal = y->attr.attention.causal,
                   .key_mask = y->attr.attention.key_mask,
                   .weight = y->attr.attention.weight};
    Tensor *const *operand = y->attr.attention.operand;
    a.q = side_of(operand[0], 0, width);
    a.k = side_of(operand[packed ? 0 : 1], packed ? 1 : 0, width);
    a.v = side_of(operand[packed ? 0 : 2], packed ? 2 : 0, width);
    a.keys = a.k.rows;
    return a;
}

static void open_grads(Attention *a, Tensor *y)
{
    int width = tensor_columns(y);
    if (y->parents == 1) {
        Grad g = grad_open(y->parent[0]);
        Side *side[3] = {&a->q, &a->k, &a->v};
        for (int i = 0; g.data != NULL && i < 3; i++)
            side[i]->grad = (Grad){g.data + (size_t)i * (size_t)width, g.add};
        return;
    }
    /* in the order in which head_backward writes: one tensor may be all three */
    a->v.grad = grad_open(y->parent[2]);
    a->q.grad = grad_open(y->parent[0]);
    a->k.grad = grad_open(y->parent[1]);
}

/* attention   S = Q K^T / sqrt(depth), W = softmax(S) over the keys that may be seen, Y = W V
 *             V' += W^T Y'    W' = Y' V^T    S' = W (W' - rowsum(W W'))
 *             Q' += S' K / sqrt(depth)    K' += S'^T Q / sqrt(depth)
 * Source: Vaswani et al. (2017), arXiv:1706.03762, eq. 1. */
static void attention_backward(Tensor *y)
{
    Attention a = attention_of(y);
    size_t each = backward_room(&a), stride = (size_t)tensor_columns(y);
    int units = a.batch * a.heads, threads = kernels_threads();
    real *scratch = op_memory(y, (size_t)threads * each, sizeof *scratch);
    open_grads(&a, y);
#pragma omp parallel for schedule(static) num_threads(threads) if (y->size >= OP_PARALLEL_FROM)
    for (int u = 0; u < units; u++)
        head_backward(&a, u / a.heads, u % a.heads, y->grad, stride,
                      scratch + (size_t)op_thread() * each);
}

static const Op attention_op = {"attention", attention_backward, NULL};

/* Every query must see a key. */
static void check_mask(const Attention *a)
{
    for (int b = 0; a->key_mask != NULL && b < a->batch; b++) {
        bool any = false;
        for (int j = 0; j < (a->causal ? 1 : a->keys); j++)
            any = any || a->key_mask[b * a->keys + j] != 0;
        if (!any)
            fail("attention: the mask of example %d leaves a query with nothing to look at", b);
    }
}

static Tensor *attention(Tensor *const *operand, int operands, int width, int heads, bool causal,
                         const int *key_mask)
{
    Tensor *q = operand[0];
    int threads = kernels_threads(), batch = q->shape[0], keys = operand[operands - 1]->shape[1];
    Tensor *y = op_result(&attention_op, 3, (int[]){batch, q->shape[1], width}, operands, operand);
    y->attr.attention.operand = op_memory(y, (size_t)operands, sizeof *operand);
    memcpy(y->attr.attention.operand, operand, (size_t)operands * sizeof *operand);
    y->attr.attention.operands = operands;
    y->attr.attention.heads = heads;
    y->attr.attention.causal = causal;
    y->attr.attention.weight = op_memory(
        y, (size_t)batch * (size_t)heads * (size_t)q->shape[1] * (size_t)keys, sizeof(real));
    y->attr.attention.key_mask = NULL;
    if (key_mask != NULL) {
        size_t n = (size_t)batch * (size_t)keys;
        y->attr.attention.key_mask = op_memory(y, n, sizeof *key_mask);
        memcpy(y->attr.attention.key_mask, key_mask, n * sizeof *key_mask);
    }
    Attention a = attention_of(y);
    check_mask(&a);
    size_t each = (size_t)a.depth * (size_t)(a.queries + a.keys);
    real *scratch = op_memory(y, (size_t)threads * each, sizeof *scratch);
#pragma omp parallel for schedule(static) num_threads(threads) if (y->size >= OP_PARALLEL_FROM)
    for (int u = 0; u < batch * heads; u++)
        head_forward(&a, u / heads, u % heads, y->value, (size_t)width,
                     scratch + (size_t)op_thread() * each);
    return y;
}

Tensor *tensor_attention(Tensor *q, Tensor *k, Tensor *v, int heads, bool causal,
                         const int *key_mask)
{
    if (q->rank != 3 || k->rank != 3 || q->shape[0] != k->shape[0] || q->shape[2] != k->shape[2])
        op_fail2("attention", q, k, "both [batch, positions, width], of equal batch and width");
    if (!tensor_same_shape(k, v))
        op_fail2("attention", k, v, "keys and values have one shape");
    if (heads < 1 || q->shape[2] % heads != 0)
        op_fail("attention", q, "the number of heads must divide the width");
    if (causal && q->shape[1] != k->shape[1])
        op_fail2("attention", q, k, "causal attention has as many queries as keys");
    return attention((Tensor *[]){q, k, v}, 3, q->shape[2], heads, causal, key_mask);
}

const real *tensor_attention_weights(const Tensor *y)
{
    if (y->name != attention_op.name) /* op is not set where no history is kept */
        op_fail("attention_weights", y, "it must be a result of tensor_attention");
    return y->attr.attention.weight;
}

Tensor *tensor_attention_packed(Tensor *qkv, int heads, bool causal, const int *key_mask)
{
    if (qkv->rank != 3 || heads < 1 || qkv->shape[2] % (3 * heads) != 0)
        op_fail("attention_packed", qkv,
                "it must be [batch, positions, 3 width], the number of heads a divisor of width");
    return attention(&qkv, 1, qkv->shape[2] / 3, heads, causal, key_mask);
}
