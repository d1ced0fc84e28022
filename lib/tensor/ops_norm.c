/* Normalisation over channels and positions. Each example is small enough to stay in a cache, so
 * an operation passes over it several times there; channels lie next to each other and are the
 * vectorised loop. */
#include "support/fail.h"
#include "support/vecmath.h"
#include "tensor/op.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double EPSILON = 1e-5;

/* What the loops need of one operation: examples of `positions` x `channels`. */
typedef struct Norm {
    int examples, positions, channels, groups;
    bool silu;
    const real *x, *gain, *bias;
    real *mean, *inverse_sd; /* [examples, groups] */
} Norm;

static Norm norm_of(const Tensor *y)
{
    const Tensor *x = y->parent[0];
    int channels = tensor_columns(x), examples = y->attr.norm.examples;
    Norm n = {examples,
              (int)(x->size / (size_t)examples / (size_t)channels),
              channels,
              y->attr.norm.groups,
              y->attr.norm.silu,
              x->value,
              y->parent[1]->value,
              y->parent[2]->value,
              y->attr.norm.mean,
              y->attr.norm.inverse_sd};
    return n;
}

/* sum_p a_pc -> out[c] */
static void add_positions(const real *restrict a, int positions, int channels, real *restrict out)
{
    for (int c = 0; c < channels; c++)
        out[c] = 0;
    for (int p = 0; p < positions; p++)
        for (int c = 0; c < channels; c++)
            out[c] += a[(size_t)p * (size_t)channels + (size_t)c];
}

/* The sum over the channels of each group, times factor, put to every channel of the group. */
static void spread_groups(const Norm *n, real *channel, double factor)
{
    int width = n->channels / n->groups;
    for (int g = 0; g < n->groups; g++) {
        double sum = 0;
        for (int c = g * width; c < (g + 1) * width; c++)
            sum += (double)channel[c];
        for (int c = g * width; c < (g + 1) * width; c++)
            channel[c] = (real)(sum * factor);
    }
}

/* Mean and deviation of an example's groups; scratch [2 channels]. */
static void measure(const Norm *n, int example, real *restrict scratch)
{
    int channels = n->channels, width = channels / n->groups;
    const real *restrict x = n->x + (size_t)example * (size_t)(n->positions * channels);
    real *restrict mean = scratch, *restrict square = scratch + channels;
    double each = 1.0 / ((double)width * n->positions);
    add_positions(x, n->positions, channels, mean);
    spread_groups(n, mean, each);
    for (int c = 0; c < channels; c++)
        square[c] = 0;
    for (int p = 0; p < n->positions; p++)
        for (int c = 0; c < channels; c++) {
            real off = x[(size_t)p * (size_t)channels + (size_t)c] - mean[c];
            square[c] += off * off;
        }
    spread_groups(n, square, each);
    for (int g = 0; g < n->groups; g++) {
        size_t at = (size_t)example * (size_t)n->groups + (size_t)g;
        n->mean[at] = mean[g * width];
        n->inverse_sd[at] = (real)(1 / sqrt((double)square[g * width] + EPSILON));
    }
}

/* z = x slope + offset: gain and bias applied to the normalised value. */
static void line_of(const Norm *n, int example, real *slope, real *offset)
{
    int width = n->channels / n->groups;
    for (int c = 0; c < n->channels; c++) {
        size_t at = (size_t)example * (size_t)n->groups + (size_t)(c / width);
        slope[c] = n->gain[c] * n->inverse_sd[at];
        offset[c] = n->bias[c] - n->mean[at] * slope[c];
    }
}

static void norm_forward(const Norm *n, int example, real *y, real *scratch)
{
    int channels = n->channels;
    size_t start = (size_t)example * (size_t)(n->positions * channels);
    const real *restrict slope = scratch, *restrict offset = scratch + channels;
    measure(n, example, scratch);
    line_of(n, example, scratch, scratch + channels);
    for (int p = 0; p < n->positions; p++) {
        const real *restrict from = n->x + start + (size_t)p * (size_t)channels;
        real *restrict to = y + start + (size_t)p * (size_t)channels;
        if (n->silu)
            for (int c = 0; c < channels; c++) {
                real z = from[c] * slope[c] + offset[c];
                to[c] = z * vec_sigmoid(z);
            }
        else
            for (int c = 0; c < channels; c++)
                to[c] = from[c] * slope[c] + offset[c];
    }
}

/* dz = silu'(z) dy of an example into dz [positions, channels]. */
static void through_silu(const Norm *n, const real *x, const real *dy, const real *line, real *dz)
{
    int channels = n->channels;
    const real *restrict slope = line, *restrict offset = line + channels;
    for (int p = 0; p < n->positions; p++) {
        size_t at = (size_t)p * (size_t)channels;
        const real *restrict from = x + at, *restrict up = dy + at;
        real *restrict to = dz + at;
        for (int c = 0; c < channels; c++) {
            real z = from[c] * slope[c] + offset[c], s = vec_sigmoid(z);
            to[c] = up[c] * s * (1 + z * (1 - s));
        }
    }
}

/* The sums over positions of dz and of dz xhat: the example's shares in bias' and gain'. */
static void shares(const Norm *n, int example, const real *x, const real *dz, real *restrict db,
                   real *restrict dg)
{
    int channels = n->channels, width = channels / n->groups;
    for (int c = 0; c < channels; c++)
        db[c] = dg[c] = 0;
    for (int p = 0; p < n->positions; p++) {
        const real *restrict from = x + (size_t)p * (size_t)channels;
        const real *restrict up = dz + (size_t)p * (size_t)channels;
        for (int c = 0; c < channels; c++) {
            db[c] += up[c];
            dg[c] += up[c] * from[c];
        }
    }
    for (int c = 0; c < channels; c++) {
        size_t at = (size_t)example * (size_t)n->groups + (size_t)(c / width);
        dg[c] = (dg[c] - n->mean[at] * db[c]) * n->inverse_sd[at];
    }
}

/* X' of an example, from dz and its shares; line [3 channels] is overwritten. */
static void input_gradient(const Norm *n, int example, const real *x, const real *dz,
                           const real *db, const real *dg, real *line, Grad out)
{
    int channels = n->channels, width = channels / n->groups;
    real *restrict slope = line, *restrict by_x = line + channels;
    real *restrict constant = line + 2 * channels;
    double each = 1.0 / ((double)width * n->positions);
    for (int c = 0; c < channels; c++) {
        by_x[c] = n->gain[c] * dg[c];
        constant[c] = n->gain[c] * db[c];
    }
    spread_groups(n, by_x, each);
    spread_groups(n, constant, each);
    for (int c = 0; c < channels; c++) { /* rstd (gain dz - constant - xhat by_x) as a line in x */
        size_t at = (size_t)example * (size_t)n->groups + (size_t)(c / width);
        real r = n->inverse_sd[at];
        slope[c] = n->gain[c] * r;
        constant[c] = -r * (constant[c] - n->mean[at] * r * by_x[c]);
        by_x[c] = -r * r * by_x[c];
    }
    size_t start = (size_t)example * (size_t)(n->positions * channels);
    for (int p = 0; p < n->positions; p++) {
        const real *restrict from = x + (size_t)p * (size_t)channels;
        const real *restrict up = dz + (size_t)p * (size_t)channels;
        real *restrict to = out.data + start + (size_t)p * (size_t)channels;
        if (out.add)
            for (int c = 0; c < channels; c++)
                to[c] += up[c] * slope[c] + from[c] * by_x[c] + constant[c];
        else
            for (int c = 0; c < channels; c++)
                to[c] = up[c] * slope[c] + from[c] * by_x[c] + constant[c];
    }
}

/* Each example's shares are added in their order, so threads do not matter. */
static void add_shares(Grad g, const real *share, int examples, int channels)
{
    for (int c = 0; g.data != NULL && c < channels; c++) {
        double sum = 0;
        for (int i = 0; i < examples; i++)
            sum += (double)share[(size_t)i * 2 * (size_t)channels + (size_t)c];
        g.data[c] = grad_kept(g.data, g.add, (size_t)c) + (real)sum;
    }
}

/* group_norm   xhat = (X - mean) / sqrt(var + epsilon) over each group, Z = gain xhat + bias
 *              gain' += sum Z' xhat    bias' += sum Z'
 *              X' += (gain Z' - mean(gain Z') - xhat mean(gain Z' xhat)) / sqrt(var + epsilon)
 * group_norm_silu   Y = Z sigmoid(Z);    layer_norm: each row an example, one group
 * Sources: Wu & He (2018), arXiv:1803.08494, eq. 1 and 7; Ba, Kiros & Hinton (2016),
 * arXiv:1607.06450. */
static void norm_backward(Tensor *y)
{
    Norm n = norm_of(y);
    size_t size = (size_t)(n.positions * n.channels), row = 2 * (size_t)n.channels;
    int threads = kernels_threads(), examples = n.examples;
    real *share = op_memory(y, (size_t)examples * row, sizeof *share);
    real *scratch = op_memory(y, (size_t)threads * (size + 3 * row), sizeof *scratch);
    Grad dx = grad_open(y->parent[0]);
#pragma omp parallel for schedule(static) num_threads(threads) if (y->size >= OP_PARALLEL_FROM)
    for (int i = 0; i < examples; i++) {
        real *own = scratch + (size_t)op_thread() * (size + 3 * row);
        const real *x = n.x + (size_t)i * size, *dz = y->grad + (size_t)i * size;
        real *line = own + size, *db = share + (size_t)i * row, *dg = db + n.channels;
        if (n.silu) {
            line_of(&n, i, line, line + n.channels);
            through_silu(&n, x, dz, line, own);
            dz = own;
        }
        shares(&n, i, x, dz, db, dg);
        if (dx.data != NULL)
            input_gradient(&n, i, x, dz, db, dg, line, dx);
    }
    add_shares(grad_open(y->parent[1]), share + n.channels, examples, n.channels);
    add_shares(grad_open(y->parent[2]), share, examples, n.channels);
}

static const Op group_norm_op = {"group_norm", norm_backward, NULL};
static const Op group_norm_silu_op = {"group_norm_silu", norm_backward, NULL};
static const Op layer_norm_op = {"layer_norm", norm_backward, NULL};

static Tensor *norm(const Op *op, Tensor *x, Tensor *gain, Tensor *bias, int examples, int groups,
                    bool silu)
{
    int channels = tensor_columns(x), threads = kernels_threads();
    Tensor *y = op_result(op, x->rank, x->shape, 3, (Tensor *[]){x, gain, bias});
    size_t statistics = (size_t)examples * (size_t)groups, row = 2 * (size_t)channels;
    y->attr.norm.examples = examples;
    y->attr.norm.groups = groups;
    y->attr.norm.silu = silu;
    y->attr.norm.mean = op_memory(y, statistics, sizeof(real));
    y->attr.norm.inverse_sd = op_memory(y, statistics, sizeof(real));
    Norm n = {examples,
              (int)(x->size / (size_t)examples / (size_t)channels),
              channels,
              groups,
              silu,
              x->value,
              gain->value,
              bias->value,
              y->attr.norm.mean,
              y->attr.norm.inverse_sd};
    real *scratch = op_memory(y, (size_t)threads * row, sizeof *scratch);
    real *value = y->value;
#pragma omp parallel for schedule(static) num_threads(threads) if (y->size >= OP_PARALLEL_FROM)
    for (int i = 0; i < examples; i++)
        norm_forward(&n, i, value, scratch + (size_t)op_thread() * row);
    return y;
}

static void check_lines(const char *op, const Tensor *x, const Tensor *gain, const Tensor *bias)
{
    const Tensor *line[2] = {gain, bias};
    for (int i = 0; i < 2; i++)
        if (line[i]->rank != 1 || line[i]->shape[0] != tensor_columns(x))
            op_fail2(op, x, line[i],
                     "gain and bias have one number for each channel (the last "
                     "dimension)");
}

static Tensor *group_norm(const Op *op, Tensor *x, Tensor *gain, Tensor *bias, int groups,
                          bool silu)
{
    char rule[120];
    check_lines(op->name, x, gain, bias);
    snprintf(rule, sizeof rule,
             "[batch, ..., channels], and the number of groups (%d) divides the channels", groups);
    if (x->rank < 2 || groups < 1 || tensor_columns(x) % groups != 0)
        op_fail(op->name, x, rule);
    return norm(op, x, gain, bias, x->shape[0], groups, silu);
}

Tensor *tensor_group_norm(Tensor *x, Tensor *gain, Tensor *bias, int groups)
{
    return group_norm(&group_norm_op, x, gain, bias, groups, false);
}

Tensor *tensor_group_norm_silu(Tensor *x, Tensor *gain, Tensor *bias, int groups)
{
    return group_norm(&group_norm_silu_op, x, gain, bias, groups, true);
}

Tensor *tensor_layer_norm(Tensor *x, Tensor *gain, Tensor *bias)
{
    check_lines("layer_norm", x, gain, bias);
    return norm(&layer_norm_op, x, gain, bias, tensor_rows(x), 1, false);
}
