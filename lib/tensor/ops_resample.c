/* Images larger and smaller, and pixels folded into channels: all linear, all moving rows of
 * channels. */
#include "support/fail.h"
#include "tensor/op.h"

#include <stdio.h>
#include <string.h>

/* A large image of height x width cells, each of f x f pixels; small has one pixel a cell. */
typedef struct Cells {
    int n, height, width, channels, f;
} Cells;

static const real *large_row(const Cells *c, const real *a, int image, int row, int column)
{
    size_t at =
        ((size_t)image * (size_t)(c->height * c->f) + (size_t)row) * (size_t)(c->width * c->f) +
        (size_t)column;
    return a + at * (size_t)c->channels;
}

static const real *small_row(const Cells *c, const real *a, int image, int row, int column)
{
    size_t at =
        ((size_t)image * (size_t)c->height + (size_t)row) * (size_t)c->width + (size_t)column;
    return a + at * (size_t)c->channels;
}

/* to (+)= factor from, over channels */
static inline void put(real *restrict to, const real *restrict from, int n, real factor, bool add)
{
    if (add)
        for (int i = 0; i < n; i++)
            to[i] += factor * from[i];
    else
        for (int i = 0; i < n; i++)
            to[i] = factor * from[i];
}

/* Each pixel of the large image gets its cell's value. */
static void enlarge(Cells c, const real *small, real *large, real factor, bool add)
{
    size_t size = (size_t)c.n * (size_t)(c.height * c.width * c.f * c.f * c.channels);
#pragma omp parallel for schedule(static) if (size >= OP_PARALLEL_FROM)
    for (int n = 0; n < c.n; n++)
        for (int i = 0; i < c.height * c.f; i++)
            for (int j = 0; j < c.width * c.f; j++)
                put((real *)large_row(&c, large, n, i, j),
                    small_row(&c, small, n, i / c.f, j / c.f), c.channels, factor, add);
}

/* Each cell gets the sum of its pixels. */
static void gather_cells(Cells c, const real *large, real *small, real factor, bool add)
{
    size_t size = (size_t)c.n * (size_t)(c.height * c.width * c.f * c.f * c.channels);
#pragma omp parallel for schedule(static) if (size >= OP_PARALLEL_FROM)
    for (int n = 0; n < c.n; n++)
        for (int i = 0; i < c.height; i++)
            for (int j = 0; j < c.width; j++)
                for (int p = 0; p < c.f * c.f; p++)
                    put((real *)small_row(&c, small, n, i, j),
                        large_row(&c, large, n, i * c.f + p / c.f, j * c.f + p % c.f), c.channels,
                        factor, add || p > 0);
}

static Cells cells_of(const Tensor *small, int f)
{
    return (Cells){small->shape[0], small->shape[1], small->shape[2], small->shape[3], f};
}

/* upsample   Y = each pixel of A, f x f times    A' += the sum of Y' over those */
static void upsample_backward(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    if (a.data != NULL)
        gather_cells(cells_of(y->parent[0], y->attr.times), y->grad, a.data, 1, a.add);
}

static Tensor *upsample_tangent(Tensor *y, Tensor *const *da)
{
    return tensor_upsample(da[0], y->attr.times);
}

static const Op upsample_op = {"upsample", upsample_backward, upsample_tangent};

Tensor *tensor_upsample(Tensor *a, int factor)
{
    if (a->rank != 4 || factor < 1)
        op_fail("upsample", a, "it must be [batch, height, width, channel], the factor at least 1");
    int shape[4] = {a->shape[0], a->shape[1] * factor, a->shape[2] * factor, a->shape[3]};
    Tensor *y = op_result(&upsample_op, 4, shape, 1, &a);
    y->attr.times = factor;
    enlarge(cells_of(a, factor), a->value, y->value, 1, false);
    return y;
}

/* average_pool   Y = the mean of A over cells of f x f    A' += Y' / f^2 */
static void average_pool_backward(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    int f = y->attr.times;
    if (a.data != NULL)
        enlarge(cells_of(y, f), y->grad, a.data, 1 / (real)(f * f), a.add);
}

static Tensor *average_pool_tangent(Tensor *y, Tensor *const *da)
{
    return tensor_average_pool(da[0], y->attr.times);
}

static const Op average_pool_op = {"average_pool", average_pool_backward, average_pool_tangent};

static void check_divides(const char *op, const Tensor *a, int f)
{
    char rule[120];
    snprintf(rule, sizeof rule,
             "it must be [batch, height, width, channel], height and width divisible by %d", f);
    if (a->rank != 4 || f < 1 || a->shape[1] % f != 0 || a->shape[2] % f != 0)
        op_fail(op, a, rule);
}

Tensor *tensor_average_pool(Tensor *a, int size)
{
    check_divides("average_pool", a, size);
    int shape[4] = {a->shape[0], a->shape[1] / size, a->shape[2] / size, a->shape[3]};
    Tensor *y = op_result(&average_pool_op, 4, shape, 1, &a);
    y->attr.times = size;
    gather_cells(cells_of(y, size), a->value, y->value, 1 / (real)(size * size), false);
    return y;
}

/* Between a large image and its cells whose f x f pixels lie one after the other in the channels.
 * c.channels are those of the large image. */
static void fold(Cells c, const real *from, real *to, bool unfold, bool add)
{
    int f = c.f;
    size_t cell = (size_t)(f * f * c.channels);
#pragma omp parallel for schedule(static) if ((size_t)c.n * (size_t)(c.height * c.width) * cell >= \
                                              OP_PARALLEL_FROM)
    for (int n = 0; n < c.n; n++)
        for (int i = 0; i < c.height * f; i++)
            for (int j = 0; j < c.width; j++) {
                size_t small = (((size_t)n * (size_t)c.height + (size_t)(i / f)) * (size_t)c.width +
                                (size_t)j) *
                                   cell +
                               (size_t)(i % f * f * c.channels);
                size_t large = (size_t)(large_row(&c, from, n, i, j * f) - from);
                put(to + (unfold ? large : small), from + (unfold ? small : large), f * c.channels,
                    1, add);
            }
}

static Cells large_cells(const Tensor *large, int f)
{
    return (Cells){large->shape[0], large->shape[1] / f, large->shape[2] / f, large->shape[3], f};
}

/* space_to_depth   Y_n,i,j,(k f + l) C + c = A_n,(i f + k),(j f + l),c    A' += Y', back in place
 */
static void space_to_depth_backward(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    if (a.data != NULL)
        fold(large_cells(y->parent[0], y->attr.times), y->grad, a.data, true, a.add);
}

static Tensor *space_to_depth_tangent(Tensor *y, Tensor *const *da)
{
    return tensor_space_to_depth(da[0], y->attr.times);
}

static const Op space_to_depth_op = {"space_to_depth", space_to_depth_backward,
                                     space_to_depth_tangent};

Tensor *tensor_space_to_depth(Tensor *a, int block)
{
    check_divides("space_to_depth", a, block);
    int shape[4] = {a->shape[0], a->shape[1] / block, a->shape[2] / block,
                    a->shape[3] * block * block};
    Tensor *y = op_result(&space_to_depth_op, 4, shape, 1, &a);
    y->attr.times = block;
    fold(large_cells(a, block), a->value, y->value, false, false);
    return y;
}

/* depth_to_space   the inverse of space_to_depth */
static void depth_to_space_backward(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    if (a.data != NULL)
        fold(large_cells(y, y->attr.times), y->grad, a.data, false, a.add);
}

static Tensor *depth_to_space_tangent(Tensor *y, Tensor *const *da)
{
    return tensor_depth_to_space(da[0], y->attr.times);
}

static const Op depth_to_space_op = {"depth_to_space", depth_to_space_backward,
                                     depth_to_space_tangent};

Tensor *tensor_depth_to_space(Tensor *a, int block)
{
    char rule[120];
    snprintf(rule, sizeof rule,
             "it must be [batch, height, width, channel], the channels divisible by %d x %d", block,
             block);
    if (a->rank != 4 || block < 1 || a->shape[3] % (block * block) != 0)
        op_fail("depth_to_space", a, rule);
    int shape[4] = {a->shape[0], a->shape[1] * block, a->shape[2] * block,
                    a->shape[3] / (block * block)};
    Tensor *y = op_result(&depth_to_space_op, 4, shape, 1, &a);
    y->attr.times = block;
    fold(large_cells(y, block), a->value, y->value, true, false);
    return y;
}
