/* Group and layer normalisation. One example (or a block of rows) is one thread's work from the
 * first pass to the last, so that all passes but the first find it in the cache; the sums for gain
 * and bias are kept by example and added in one order, whatever the threads do. Inner loops run
 * over channels, each with a sum of its own, and groups are formed from those. */
#include "support/vecmath.h"
#include "tensor/norm_row.h"
#include "tensor/op.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void check_lines(const char *op, const Tensor *x, const Tensor *gain, const Tensor *bias)
{
    const Tensor *line[2] = {gain, bias};
    for (int i = 0; i < 2; i++)
        if (line[i]->rank != 1 || line[i]->shape[0] != tensor_columns(x))
            op_fail2(op, x, line[i],
                     "gain and bias have one number for each channel (the last dimension)");
}

/* g[j] += the sums of the parts [parts][stride], one after the other. */
static void add_parts(Grad g, const real *part, int parts, size_t stride, int channels)
{
    if (g.data == NULL)
        return;
    if (!g.add)
        memset(g.data, 0, (size_t)channels * sizeof *g.data);
    for (int p = 0; p < parts; p++)
        for (int j = 0; j < channels; j++)
            g.data[j] += part[(size_t)p * stride + (size_t)j];
}

/* ---------------------------------------------------------------- group norm */

/* An example [rows, channels] and numbers for each of its channels. */
typedef struct Example {
    int rows, channels, groups;
    const real *gain, *bias;
    real *mean, *inverse_sd; /* of each group; kept for the backward pass        */
    real *center, *scale;    /* of each channel: its group's mean, gain / sd     */
    real *sum, *sum_of_x;    /* of each channel                                  */
    real *dz;                /* [rows, channels], backward through silu alone    */
} Example;

/* Where the numbers by channel lie in a thread's memory. */
enum { CENTER, SCALE, SUM, SUM_OF_X, CHANNEL_ARRAYS };

/* The sums of the columns. */
static void column_sums(const real *restrict x, int rows, int channels, real *restrict sum)
{
    memset(sum, 0, (size_t)channels * sizeof *sum);
    int r = 0;
    for (; r + 4 <= rows; r += 4, x += 4 * channels) /* a sum is loaded and stored once for four */
#pragma omp simd
        for (int j = 0; j < channels; j++)
            sum[j] += (x[j] + x[j + channels]) + (x[j + 2 * channels] + x[j + 3 * channels]);
    for (; r < rows; r++, x += channels)
        for (int j = 0; j < channels; j++)
            sum[j] += x[j];
}

static inline real squared(real x)
{
    return x * x;
}

/* The sums of (x - center)^2 of the columns. */
static void column_squares(const real *restrict x, int rows, int channels,
                           const real *restrict center, real *restrict sum)
{
    memset(sum, 0, (size_t)channels * sizeof *sum);
    int r = 0;
    for (; r + 4 <= rows; r += 4, x += 4 * channels)
#pragma omp simd
        for (int j = 0; j < channels; j++)
            sum[j] += (squared(x[j] - center[j]) + squared(x[j + channels] - center[j])) +
                      (squared(x[j + 2 * channels] - center[j]) +
                       squared(x[j + 3 * channels] - center[j]));
    for (; r < rows; r++, x += channels)
        for (int j = 0; j < channels; j++)
            sum[j] += squared(x[j] - center[j]);
}

/* Mean and 1 / sd of each group, by two passes: a mean far from zero costs no digits. */
static void example_statistics(const Example *e, const real *x)
{
    int width = e->channels / e->groups;
    double count = (double)width * e->rows;
    column_sums(x, e->rows, e->channels, e->sum);
    for (int g = 0; g < e->groups; g++) {
        double total = 0;
        for (int j = g * width; j < (g + 1) * width; j++)
            total += (double)e->sum[j];
        e->mean[g] = (real)(total / count);
        for (int j = g * width; j < (g + 1) * width; j++)
            e->center[j] = e->mean[g];
    }
    column_squares(x, e->rows, e->channels, e->center, e->sum);
    for (int g = 0; g < e->groups; g++) {
        double total = 0;
        for (int j = g * width; j < (g + 1) * width; j++)
            total += (double)e->sum[j];
        e->inverse_sd[g] = (real)(1 / sqrt(total / count + NORM_EPSILON));
    }
}

/* center and scale of the channels from the statistics of their groups. */
static void example_spread(const Example *e)
{
    int width = e->channels / e->groups;
    for (int j = 0; j < e->channels; j++) {
        e->center[j] = e->mean[j / width];
        e->scale[j] = e->inverse_sd[j / width] * e->gain[j];
    }
}

static inline __attribute__((always_inline)) void
example_write(bool silu, int rows, int channels, const real *restrict x,
              const real *restrict center, const real *restrict scale, const real *restrict bias,
              real *restrict y)
{
    for (int r = 0; r < rows; r++, x += channels, y += channels)
#pragma omp simd
        for (int j = 0; j < channels; j++) {
            real z = (x[j] - center[j]) * scale[j] + bias[j];
            y[j] = silu ? z * vec_sigmoid(z) : z;
        }
}

static void example_forward(const Example *e, bool silu, const real *x, real *y)
{
    example_statistics(e, x);
    example_spread(e);
    if (silu)
        example_write(true, e->rows, e->channels, x, e->center, e->scale, e->bias, y);
    else
        example_write(false, e->rows, e->channels, x, e->center, e->scale, e->bias, y);
}

/* sum = column sums of dz and sum_of_x = those of dz (x - center). */
static void example_sums(int rows, int channels, const real *restrict x, const real *restrict dz,
                         const real *restrict center, real *restrict sum, real *restrict sum_of_x)
{
    for (int r = 0; r < rows; r++, x += channels, dz += channels)
#pragma omp simd
        for (int j = 0; j < channels; j++) {
            sum[j] += dz[j];
            sum_of_x[j] += dz[j] * (x[j] - center[j]);
        }
}

/* The same where dz = silu'(z) dy is made on the way. */
static void example_silu_sums(int rows, int channels, const real *restrict x,
                              const real *restrict dy, const real *restrict center,
                              const real *restrict scale, const real *restrict bias,
                              real *restrict dz, real *restrict sum, real *restrict sum_of_x)
{
    for (int r = 0; r < rows; r++, x += channels, dy += channels, dz += channels)
#pragma omp simd
        for (int j = 0; j < channels; j++) {
            real centered = x[j] - center[j], z = centered * scale[j] + bias[j];
            real s = vec_sigmoid(z), share = s * (1 + z * (1 - s)) * dy[j];
            dz[j] = share;
            sum[j] += share;
            sum_of_x[j] += share * centered;
        }
}

/* dx += scale dz + slope (x - center) + level, for each channel. */
static inline __attribute__((always_inline)) void
example_share(bool add, int rows, int channels, const real *restrict x, const real *restrict dz,
              const real *restrict center, const real *restrict scale, const real *restrict slope,
              const real *restrict level, real *restrict dx)
{
    for (int r = 0; r < rows; r++, x += channels, dz += channels, dx += channels)
#pragma omp simd
        for (int j = 0; j < channels; j++) {
            real share = scale[j] * dz[j] + (slope[j] * (x[j] - center[j]) + level[j]);
            dx[j] = add ? dx[j] + share : share;
        }
}

/* Leaves the sums for bias and gain in part[0 .. c-1] and part[c .. 2c-1]. */
static void example_backward(const Example *e, bool silu, const real *x, const real *dy, Grad dx,
                             real *part)
{
    int width = e->channels / e->groups, c = e->channels;
    double count = (double)width * e->rows;
    real *sum = part, *sum_of_x = part + c, *slope = e->sum, *level = e->sum_of_x;
    const real *dz = silu ? e->dz : dy;
    example_spread(e);
    memset(part, 0, 2 * (size_t)c * sizeof *part);
    if (silu)
        example_silu_sums(e->rows, c, x, dy, e->center, e->scale, e->bias, e->dz, sum, sum_of_x);
    else
        example_sums(e->rows, c, x, dz, e->center, sum, sum_of_x);
    for (int g = 0; g < e->groups; g++) {
        double first = 0, second = 0, inverse_sd = (double)e->inverse_sd[g];
        for (int j = g * width; j < (g + 1) * width; j++) {
            sum_of_x[j] *= e->inverse_sd[g];
            first += (double)e->gain[j] * (double)sum[j];
            second += (double)e->gain[j] * (double)sum_of_x[j];
        }
        for (int j = g * width; j < (g + 1) * width; j++) {
            level[j] = (real)(-inverse_sd * first / count);
            slope[j] = (real)(-inverse_sd * inverse_sd * second / count);
        }
    }
    if (dx.data != NULL && dx.add)
        example_share(true, e->rows, c, x, dz, e->center, e->scale, slope, level, dx.data);
    else if (dx.data != NULL)
        example_share(false, e->rows, c, x, dz, e->center, e->scale, slope, level, dx.data);
}

/* The example number i, with the channel arrays in a thread's memory. */
static Example example_of(const Tensor *y, int i, real *memory)
{
    int c = tensor_columns(y), groups = y->attr.norm.groups;
    size_t at = (size_t)i * (size_t)groups, room = (size_t)c;
    Example e = {.rows = tensor_rows(y) / y->shape[0], .channels = c, .groups = groups};
    e.mean = y->attr.norm.mean + at;
    e.inverse_sd = y->attr.norm.inverse_sd + at;
    e.center = memory + CENTER * room;
    e.scale = memory + SCALE * room;
    e.sum = memory + SUM * room;
    e.sum_of_x = memory + SUM_OF_X * room;
    e.dz = memory + CHANNEL_ARRAYS * room;
    return e;
}

/* group_norm   Y = (A - mean) / sd gain + bias, sd = sqrt(var + eps), over each group of each
 * example; group_norm_silu: then Z sigmoid(Z).
 * With h = (A - mean) / sd, over a group of m numbers, Z' the gradient before silu:
 * bias' += sum Z'    gain' += sum Z' h
 * A' += (gain Z' - sum(gain Z') / m - h sum(gain Z' h) / m) / sd
 * Source: Wu & He (2018), "Group normalization", arXiv:1803.08494, eq. 2-7; the derivative as in
 * Ioffe & Szegedy (2015), sec. 3. */
static void group_norm_any(Tensor *y, bool silu)
{
    Tensor *x = y->parent[0], *gain = y->parent[1], *bias = y->parent[2];
    int n = y->shape[0], c = tensor_columns(y);
    size_t size = y->size / (size_t)n, room = CHANNEL_ARRAYS * (size_t)c + (silu ? size : 0);
    real *memory = op_memory(y, (size_t)kernels_threads() * room, sizeof *memory);
    real *part = op_memory(y, 2 * (size_t)n * (size_t)c, sizeof *part);
    Grad dx = grad_open(x);
#pragma omp parallel for schedule(static) if (y->size >= OP_PARALLEL_FROM)
    for (int i = 0; i < n; i++) {
        size_t at = (size_t)i * size;
        Example e = example_of(y, i, memory + (size_t)op_thread() * room);
        Grad share = {dx.data == NULL ? NULL : dx.data + at, dx.add};
        e.gain = gain->value;
        e.bias = bias->value;
        example_backward(&e, silu, x->value + at, y->grad + at, share,
                         part + 2 * (size_t)i * (size_t)c);
    }
    add_parts(grad_open(gain), part + c, n, 2 * (size_t)c, c);
    add_parts(grad_open(bias), part, n, 2 * (size_t)c, c);
}

static void group_norm_backward(Tensor *y)
{
    group_norm_any(y, false);
}

static void group_norm_silu_backward(Tensor *y)
{
    group_norm_any(y, true);
}

static const Op group_norm_op = {"group_norm", group_norm_backward, NULL};
static const Op group_norm_silu_op = {"group_norm_silu", group_norm_silu_backward, NULL};

static Tensor *group_norm(const Op *op, Tensor *x, Tensor *gain, Tensor *bias, int groups,
                          bool silu)
{
    char rule[120];
    check_lines(op->name, x, gain, bias);
    snprintf(rule, sizeof rule,
             "[batch, ..., channels], and the number of groups (%d) divides the channels", groups);
    if (x->rank < 2 || groups < 1 || tensor_columns(x) % groups != 0)
        op_fail(op->name, x, rule);
    int n = x->shape[0], c = tensor_columns(x);
    Tensor *y = op_result(op, x->rank, x->shape, 3, (Tensor *[]){x, gain, bias});
    size_t size = y->size / (size_t)n, room = CHANNEL_ARRAYS * (size_t)c;
    y->attr.norm.groups = groups;
    y->attr.norm.mean = op_memory(y, (size_t)n * (size_t)groups, sizeof(real));
    y->attr.norm.inverse_sd = op_memory(y, (size_t)n * (size_t)groups, sizeof(real));
    real *memory = op_memory(y, (size_t)kernels_threads() * room, sizeof *memory);
#pragma omp parallel for schedule(static) if (y->size >= OP_PARALLEL_FROM)
    for (int i = 0; i < n; i++) {
        Example e = example_of(y, i, memory + (size_t)op_thread() * room);
        e.gain = gain->value;
        e.bias = bias->value;
        example_forward(&e, silu, x->value + (size_t)i * size, y->value + (size_t)i * size);
    }
    return y;
}

Tensor *tensor_group_norm(Tensor *x, Tensor *gain, Tensor *bias, int groups)
{
    return group_norm(&group_norm_op, x, gain, bias, groups, false);
}

Tensor *tensor_group_norm_silu(Tensor *x, Tensor *gain, Tensor *bias, int groups)
{
    return group_norm(&group_norm_silu_op, x, gain, bias, groups, true);
}

/* ---------------------------------------------------------------- layer norm */

/* Rows that share the sums for gain and bias. */
enum { BLOCK = 16 };

/* dx of one row, and its shares of part = [bias' | gain']. */
static inline __attribute__((always_inline)) void
row_backward(bool add, int c, const real *restrict x, const real *restrict dy,
             const real *restrict gain, real mean, real inverse_sd, real *restrict dx,
             real *restrict bias_part, real *restrict gain_part)
{
    real first = 0, second = 0;
#pragma omp simd reduction(+ : first, second)
    for (int j = 0; j < c; j++) {
        real h = (x[j] - mean) * inverse_sd, share = dy[j] * gain[j];
        bias_part[j] += dy[j];
        gain_part[j] += dy[j] * h;
        first += share;
        second += share * h;
    }
    if (dx == NULL)
        return;
    real level = -inverse_sd * first / (real)c;
    real slope = -inverse_sd * inverse_sd * second / (real)c;
#pragma omp simd
    for (int j = 0; j < c; j++) {
        real share = inverse_sd * gain[j] * dy[j] + (slope * (x[j] - mean) + level);
        dx[j] = add ? dx[j] + share : share;
    }
}

/* layer_norm   group_norm of each row as a whole.
 * Source: Ba, Kiros & Hinton (2016), "Layer normalization", arXiv:1607.06450, eq. 3-4. */
static void layer_norm_backward(Tensor *y)
{
    Tensor *x = y->parent[0], *gain = y->parent[1], *bias = y->parent[2];
    int rows = tensor_rows(y), c = tensor_columns(y), blocks = (rows + BLOCK - 1) / BLOCK;
    size_t room = 2 * (size_t)c;
    real *part = op_memory(y, (size_t)blocks * room, sizeof *part);
    Grad dx = grad_open(x);
#pragma omp parallel for schedule(static) if (y->size >= OP_PARALLEL_FROM)
    for (int b = 0; b < blocks; b++) {
        real *sums = part + (size_t)b * room;
        int end = (b + 1) * BLOCK < rows ? (b + 1) * BLOCK : rows;
        memset(sums, 0, room * sizeof *sums);
        for (int r = b * BLOCK; r < end; r++) {
            size_t at = (size_t)r * (size_t)c;
            real mean = y->attr.norm.mean[r], inverse_sd = y->attr.norm.inverse_sd[r];
            if (dx.add)
                row_backward(true, c, x->value + at, y->grad + at, gain->value, mean, inverse_sd,
                             dx.data == NULL ? NULL : dx.data + at, sums, sums + c);
            else
                row_backward(false, c, x->value + at, y->grad + at, gain->value, mean, inverse_sd,
                             dx.data == NULL ? NULL : dx.data + at, sums, sums + c);
        }
    }
    add_parts(grad_open(gain), part + c, blocks, room, c);
    add_parts(grad_open(bias), part, blocks, room, c);
}

static const Op layer_norm_op = {"layer_norm", layer_norm_backward, NULL};

Tensor *tensor_layer_norm(Tensor *x, Tensor *gain, Tensor *bias)
{
    check_lines("layer_norm", x, gain, bias);
    int rows = tensor_rows(x), c = tensor_columns(x);
    Tensor *y = op_result(&layer_norm_op, x->rank, x->shape, 3, (Tensor *[]){x, gain, bias});
    real *mean = op_memory(y, (size_t)rows, sizeof *mean);
    real *inverse_sd = op_memory(y, (size_t)rows, sizeof *inverse_sd);
    y->attr.norm.mean = mean;
    y->attr.norm.inverse_sd = inverse_sd;
#pragma omp parallel for schedule(static) if (y->size >= OP_PARALLEL_FROM)
    for (int r = 0; r < rows; r++) {
        size_t at = (size_t)r * (size_t)c;
        norm_row(c, x->value + at, gain->value, bias->value, y->value + at, &mean[r],
                 &inverse_sd[r]);
    }
    return y;
}
