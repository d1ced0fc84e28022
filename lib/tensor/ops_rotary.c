/* Rotary positions: queries and keys are turned by angles that grow with their position, so that a
 * score depends on how far apart the two stand and on nothing else. */
#include "tensor/op.h"
#include "tensor/rotary_row.h"

/* One row of queries or keys, each pair turned by sign times its angle. */
static void turn_row(const real *from, real *to, int width, int depth, const real *cosine,
                     const real *sine, real sign, bool add)
{
    for (int h = 0; h < width; h += depth)
        for (int i = 0; i < depth / 2; i++) {
            int a = h + 2 * i;
            real left, right;
            rotary_turn(from + a, cosine[i], sine[i], sign, &left, &right);
            to[a] = add ? to[a] + left : left;
            to[a + 1] = add ? to[a + 1] + right : right;
        }
}

static void turn_all(const Tensor *shape, const real *from, real *to, int heads, const real *turn,
                     real sign, bool add)
{
    const int positions = shape->shape[1], width = shape->shape[2] / 3, depth = width / heads;
    const int rows = shape->shape[0] * positions;
    const size_t half = (size_t)depth / 2, all = (size_t)positions * half;
#pragma omp parallel for schedule(static) if (shape->size >= OP_PARALLEL_FROM)
    for (int r = 0; r < rows; r++) {
        const real *cosine = turn + (size_t)(r % positions) * half;
        const real *in = from + (size_t)r * 3 * (size_t)width;
        real *out = to + (size_t)r * 3 * (size_t)width;
        turn_row(in, out, width, depth, cosine, cosine + all, sign, add);
        turn_row(in + width, out + width, width, depth, cosine, cosine + all, sign, add);
        for (int i = 2 * width; i < 3 * width; i++)
            out[i] = add ? out[i] + in[i] : in[i];
    }
}

/* rotary   Y = R_t X of queries and keys at position t, Y = X of values    X' += R_t^-1 Y'
 * R_t as in tensor/rotary_row.h. */
static void rotary_backward(Tensor *y)
{
    Grad x = grad_open(y->parent[0]);
    if (x.data == NULL)
        return;
    turn_all(y, y->grad, x.data, y->attr.rotary.heads, y->attr.rotary.turn, -1, x.add);
}

static const Op rotary_op = {"rotary", rotary_backward, NULL};

Tensor *tensor_rotary(Tensor *qkv, int heads, int first)
{
    if (qkv->rank != 3 || heads < 1 || qkv->shape[2] % (6 * heads) != 0)
        op_fail("rotary", qkv,
                "it must be [batch, positions, 3 width], width an even multiple of the heads");
    Tensor *y = op_unary_result(&rotary_op, qkv);
    y->attr.rotary.heads = heads;
    const int positions = qkv->shape[1], depth = qkv->shape[2] / 3 / heads;
    const size_t all = (size_t)positions * (size_t)(depth / 2);
    y->attr.rotary.turn = op_memory(y, 2 * all, sizeof *y->attr.rotary.turn);
    rotary_angles(first, positions, depth, y->attr.rotary.turn, y->attr.rotary.turn + all);
    turn_all(qkv, qkv->value, y->value, heads, y->attr.rotary.turn, 1, false);
    return y;
}
