/* Operations on images [n, height, width, channel] beside convolution: enlarging, averaging, and
 * folding blocks of pixels into channels. Each is one of two loops, or its inverse; images are
 * dealt out by rows. */
#include "tensor/op.h"

#include <string.h>

static void check_image(const char *op, const Tensor *x, int factor)
{
    if (x->rank != 4)
        op_fail(op, x, "it must be [n, height, width, channels]");
    if (factor < 1)
        op_fail(op, x, "the factor must be at least 1");
}

static void check_divisible(const char *op, const Tensor *x, int factor)
{
    check_image(op, x, factor);
    if (x->shape[1] % factor != 0 || x->shape[2] % factor != 0)
        op_fail(op, x, "height and width must be multiples of the factor");
}

/* ---------------------------------------------------------------- blocks of equal pixels */

static inline __attribute__((always_inline)) void spread_row(bool add, const real *restrict coarse,
                                                             int width, int factor, int channels,
                                                             real scale, real *restrict fine)
{
    for (int w = 0; w < width; w++, coarse += channels)
        for (int i = 0; i < factor; i++, fine += channels)
#pragma omp simd
            for (int c = 0; c < channels; c++)
                fine[c] = (add ? fine[c] : 0) + scale * coarse[c];
}

/* Every pixel of block x block of fine (+)= scale times the pixel of coarse. The shape is that of
 * coarse. */
static void spread(const int *shape, int block, const real *coarse, real scale, Grad fine)
{
    const int rows = shape[0] * shape[1], width = shape[2], channels = shape[3];
    const size_t narrow = (size_t)width * (size_t)channels, wide = narrow * (size_t)block;
    const bool long_enough = wide * (size_t)(rows * block) >= OP_PARALLEL_FROM;
#pragma omp parallel for schedule(static) if (long_enough)
    for (int r = 0; r < rows; r++) {
        const real *from = coarse + (size_t)r * narrow;
        real *to = fine.data + (size_t)r * (size_t)block * wide;
        if (fine.add) {
            for (int i = 0; i < block; i++)
                spread_row(true, from, width, block, channels, scale, to + (size_t)i * wide);
        } else {
            spread_row(false, from, width, block, channels, scale, to);
            for (int i = 1; i < block; i++)
                memcpy(to + (size_t)i * wide, to, wide * sizeof *to);
        }
    }
}

static inline __attribute__((always_inline)) void add_pixels(const real *restrict fine, int width,
                                                             int factor, int channels, real scale,
                                                             real *restrict coarse)
{
    for (int w = 0; w < width; w++, coarse += channels)
        for (int i = 0; i < factor; i++, fine += channels)
#pragma omp simd
            for (int c = 0; c < channels; c++)
                coarse[c] += scale * fine[c];
}

/* Every pixel of coarse (+)= scale times the sum of a block of fine. The shape is that of coarse.
 */
static void collect(const int *shape, int block, const real *fine, real scale, Grad coarse)
{
    const int rows = shape[0] * shape[1], width = shape[2], channels = shape[3];
    const size_t narrow = (size_t)width * (size_t)channels, wide = narrow * (size_t)block;
    const bool long_enough = wide * (size_t)(rows * block) >= OP_PARALLEL_FROM;
#pragma omp parallel for schedule(static) if (long_enough)
    for (int r = 0; r < rows; r++) {
        const real *from = fine + (size_t)r * (size_t)block * wide;
        real *to = coarse.data + (size_t)r * narrow;
        if (!coarse.add)
            memset(to, 0, narrow * sizeof *to);
        for (int i = 0; i < block; i++)
            add_pixels(from + (size_t)i * wide, width, block, channels, scale, to);
    }
}

/* upsample   Y[n, i, j] = A[n, i / f, j / f]    A' += sum of Y' over each block */
static void upsample_backward(Tensor *y)
{
    Tensor *x = y->parent[0];
    Grad g = grad_open(x);
    if (g.data != NULL)
        collect(x->shape, y->attr.times, y->grad, 1, g);
}

static Tensor *upsample_tangent(Tensor *y, Tensor *const *da)
{
    return tensor_upsample(da[0], y->attr.times);
}

static const Op upsample_op = {"upsample", upsample_backward, upsample_tangent};

Tensor *tensor_upsample(Tensor *x, int factor)
{
    check_image("upsample", x, factor);
    int shape[4] = {x->shape[0], x->shape[1] * factor, x->shape[2] * factor, x->shape[3]};
    Tensor *y = op_result(&upsample_op, 4, shape, 1, &x);
    y->attr.times = factor;
    spread(x->shape, factor, x->value, 1, (Grad){y->value, false});
    return y;
}

/* average_pool   Y[n, i, j] = mean of the block of A    A' += Y' / f^2 over each block */
static void average_pool_backward(Tensor *y)
{
    int block = y->attr.times;
    Grad g = grad_open(y->parent[0]);
    if (g.data != NULL)
        spread(y->shape, block, y->grad, 1 / (real)(block * block), g);
}

static Tensor *average_pool_tangent(Tensor *y, Tensor *const *da)
{
    return tensor_average_pool(da[0], y->attr.times);
}

static const Op average_pool_op = {"average_pool", average_pool_backward, average_pool_tangent};

Tensor *tensor_average_pool(Tensor *x, int size)
{
    check_divisible("average_pool", x, size);
    int shape[4] = {x->shape[0], x->shape[1] / size, x->shape[2] / size, x->shape[3]};
    Tensor *y = op_result(&average_pool_op, 4, shape, 1, &x);
    y->attr.times = size;
    collect(shape, size, x->value, 1 / (real)(size * size), (Grad){y->value, false});
    return y;
}

/* ---------------------------------------------------------------- blocks as channels */

static void copy_run(const real *from, size_t run, bool add, real *to)
{
    if (add)
        for (size_t i = 0; i < run; i++)
            to[i] += from[i];
    else
        for (size_t i = 0; i < run; i++)
            to[i] = from[i];
}

/* Between fine [n, h block, w block, c] and coarse [n, h, w, block block c]: the pixels of one row
 * of a block are neighbours in both. The shape is that of coarse. */
static void fold(const int *shape, int block, const real *from, Grad to, bool to_coarse)
{
    const int rows = shape[0] * shape[1] * block, width = shape[2];
    const size_t deep = (size_t)shape[3], run = deep / (size_t)block;
    const bool long_enough = (size_t)rows * (size_t)width * run >= OP_PARALLEL_FROM;
#pragma omp parallel for schedule(static) if (long_enough)
    for (int r = 0; r < rows; r++) {
        size_t fine = (size_t)r * (size_t)width * run;
        size_t coarse = (size_t)(r / block * width) * deep + (size_t)(r % block) * run;
        for (int w = 0; w < width; w++, fine += run, coarse += deep)
            copy_run(from + (to_coarse ? fine : coarse), run, to.add,
                     to.data + (to_coarse ? coarse : fine));
    }
}

/* space_to_depth   Y[n, i, j, (p b + q) c + k] = A[n, i b + p, j b + q, k], p, q < b    A' += Y'
 * there */
static void space_to_depth_backward(Tensor *y)
{
    Grad g = grad_open(y->parent[0]);
    if (g.data != NULL)
        fold(y->shape, y->attr.times, y->grad, g, false);
}

static Tensor *space_to_depth_tangent(Tensor *y, Tensor *const *da)
{
    return tensor_space_to_depth(da[0], y->attr.times);
}

static const Op space_to_depth_op = {"space_to_depth", space_to_depth_backward,
                                     space_to_depth_tangent};

Tensor *tensor_space_to_depth(Tensor *x, int block)
{
    check_divisible("space_to_depth", x, block);
    int shape[4] = {x->shape[0], x->shape[1] / block, x->shape[2] / block,
                    x->shape[3] * block * block};
    Tensor *y = op_result(&space_to_depth_op, 4, shape, 1, &x);
    y->attr.times = block;
    fold(shape, block, x->value, (Grad){y->value, false}, true);
    return y;
}

/* depth_to_space   the inverse of space_to_depth */
static void depth_to_space_backward(Tensor *y)
{
    Tensor *x = y->parent[0];
    Grad g = grad_open(x);
    if (g.data != NULL)
        fold(x->shape, y->attr.times, y->grad, g, true);
}

static Tensor *depth_to_space_tangent(Tensor *y, Tensor *const *da)
{
    return tensor_depth_to_space(da[0], y->attr.times);
}

static const Op depth_to_space_op = {"depth_to_space", depth_to_space_backward,
                                     depth_to_space_tangent};

Tensor *tensor_depth_to_space(Tensor *x, int block)
{
    check_image("depth_to_space", x, block);
    if (x->shape[3] % (block * block) != 0)
        op_fail("depth_to_space", x, "the channels must be a multiple of the block's pixels");
    int shape[4] = {x->shape[0], x->shape[1] * block, x->shape[2] * block,
                    x->shape[3] / (block * block)};
    Tensor *y = op_result(&depth_to_space_op, 4, shape, 1, &x);
    y->attr.times = block;
    fold(x->shape, block, x->value, (Grad){y->value, false}, false);
    return y;
}
