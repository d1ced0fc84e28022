/* Rotary positions: queries and keys are turned by angles that grow with their position, so that a
 * score depends on how far apart the two stand and on nothing else. */
#include "tensor/op.h"

#include <math.h>
#include <string.h>

/* cos | sin of every angle: [positions, depth / 2] twice. */
static real *angles(const Tensor *x, int positions, int depth, int first)
{
    const double base = 10000;
    size_t half = (size_t)depth / 2, all = (size_t)positions * half;
    real *turn = op_memory(x, 2 * all, sizeof *turn);
    for (int t = 0; t < positions; t++)
        for (size_t i = 0; i < half; i++) {
            double angle = (first + t) * pow(base, -2.0 * (double)i / depth);
            turn[(size_t)t * half + i] = (real)cos(angle);
            turn[all + (size_t)t * half + i] = (real)sin(angle);
        }
    return turn;
}

/* One row of queries or keys, pairs (2i, 2i + 1) of each head turned by sign times the angle. */
static void turn_row(const real *from, real *to, int width, int depth, const real *cosine,
                     const real *sine, real sign, bool add)
{
    for (int h = 0; h < width; h += depth)
        for (int i = 0; i < depth / 2; i++) {
            int a = h + 2 * i, b = a + 1;
            real c = cosine[i], s = sign * sine[i];
            real left = from[a] * c - from[b] * s, right = from[a] * s + from[b] * c;
            to[a] = add ? to[a] + left : left;
            to[b] = add ? to[b] + right : right;
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
 * R_t turns the pair (2i, 2i + 1) of a head's numbers by t 10000^(-2i / depth).
 * Source: Su et al. (2021), arXiv:2104.09864, eqs. 14 and 15. */
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
    y->attr.rotary.turn = angles(y, qkv->shape[1], qkv->shape[2] / 3 / heads, first);
    turn_all(qkv, qkv->value, y->value, heads, y->attr.rotary.turn, 1, false);
    return y;
}
