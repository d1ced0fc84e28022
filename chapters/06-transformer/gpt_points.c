/* Points as sequences of cells: the cells, the density, the network. */
#include "06-transformer/gpt_points.h"

#include "03-flow/flow_model.h"
#include "support/fail.h"
#include "support/memory.h"
#include "tensor/op.h"

#include <gsl/gsl_math.h>
#include <gsl/gsl_sort_double.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

/* ---------------------------------------------------------------- a coordinate's cells */

enum { LOW, HIGH, MEAN_BELOW, MEAN_ABOVE, EDGE_NUMBERS }; /* of a row of gpt->edges */

GptAxis gpt_axis(const Gpt *gpt, int j)
{
    const real *row = gpt->edges->value + (size_t)j * EDGE_NUMBERS;
    return (GptAxis){(double)row[LOW], (double)row[HIGH], (double)row[MEAN_BELOW],
                     (double)row[MEAN_ABOVE], gpt->vocabulary - 2};
}

static double cell_width(const GptAxis *axis)
{
    return (axis->high - axis->low) / axis->cells;
}

int gpt_axis_cell(const GptAxis *axis, double x)
{
    if (x < axis->low)
        return 0;
    if (x > axis->high)
        return axis->cells + 1;
    int cell = (int)((x - axis->low) / cell_width(axis));
    return 1 + (cell < axis->cells ? cell : axis->cells - 1); /* x = high is in the last */
}

double gpt_axis_log_density(const GptAxis *axis, double x)
{
    if (x < axis->low)
        return -(axis->low - x) / axis->mean_below - log(axis->mean_below);
    if (x > axis->high)
        return -(x - axis->high) / axis->mean_above - log(axis->mean_above);
    return -log(cell_width(axis));
}

double gpt_axis_draw(const GptAxis *axis, int cell, Rng *noise)
{
    double u = rng_uniform_one(noise);
    if (cell == 0)
        return axis->low + axis->mean_below * log(u);
    if (cell == axis->cells + 1)
        return axis->high - axis->mean_above * log(u);
    return axis->low + (cell - 1 + u) * cell_width(axis);
}

/* The edges are the smallest and the largest of the values x [n], but no farther from the
 * quantiles of 1 % and 99 % than those are apart: a few values far out would otherwise leave all
 * others in one cell. The mean distance of a tail is that of the values beyond the edge and of one
 * more that is a cell away, so that a cell it is where there are none. Sorts x. */
static void choose_edges(double *x, size_t n, int cells, real *edges)
{
    double distance[2] = {0}, beyond[2] = {0};
    gsl_sort(x, 1, n);
    double first = gsl_stats_quantile_from_sorted_data(x, 1, n, 0.01);
    double last = gsl_stats_quantile_from_sorted_data(x, 1, n, 0.99);
    double low = fmax(x[0], first - (last - first)), high = fmin(x[n - 1], last + (last - first));
    double least = 1e-6 * fmax(fabs(low), fabs(high)); /* what single precision tells apart */
    if (!(high - low > least)) {                       /* a number that does not vary */
        low -= fmax(least, 0.5);
        high += fmax(least, 0.5);
    }
    for (size_t i = 0; i < n; i++) {
        distance[0] += fmax(low - x[i], 0);
        distance[1] += fmax(x[i] - high, 0);
        beyond[0] += x[i] < low;
        beyond[1] += x[i] > high;
    }
    double width = (high - low) / cells;
    edges[LOW] = (real)low;
    edges[HIGH] = (real)high;
    edges[MEAN_BELOW] = (real)((distance[0] + width) / (beyond[0] + 1));
    edges[MEAN_ABOVE] = (real)((distance[1] + width) / (beyond[1] + 1));
}

static void choose_all_edges(const Dataset *data, int cells, Tensor *edges)
{
    enum { MOST = 10000 };
    size_t all = data->count[SPLIT_TRAIN], n = all < MOST ? all : MOST, dims = (size_t)data->dims;
    real *x = memory_new(n * dims, sizeof *x);
    double *value = memory_new(n, sizeof *value);
    dataset_fetch_range(data, SPLIT_TRAIN, 0, n, NULL, x, NULL, NULL);
    for (size_t j = 0; j < dims; j++) {
        for (size_t i = 0; i < n; i++)
            value[i] = (double)x[i * dims + j];
        choose_edges(value, n, cells, edges->value + j * EDGE_NUMBERS);
    }
    free(value);
    free(x);
}

/* ---------------------------------------------------------------- density */

GptBatch gpt_points_batch(const Gpt *gpt, const Tensor *x)
{
    int dims = gpt->context, start = gpt->vocabulary;
    GptBatch b = {.batch = x->shape[0], .positions = dims};
    size_t all = x->size;
    b.seen = op_memory(x, all, sizeof *b.seen);
    b.at = op_memory(x, all, sizeof *b.at);
    b.wanted = op_memory(x, all, sizeof *b.wanted);
    b.count = (int)all;
    for (int j = 0; j < dims; j++) {
        GptAxis axis = gpt_axis(gpt, j);
        for (int i = j; i < b.count; i += dims)
            b.wanted[i] = gpt_axis_cell(&axis, (double)x->value[i]);
    }
    for (int i = 0; i < b.count; i++) {
        b.at[i] = i;
        b.seen[i] = i % dims == 0 ? start : b.wanted[i - 1];
    }
    return b;
}

Tensor *gpt_points_log_prob(const Gpt *gpt, Tensor *x, Rng *noise)
{
    GptBatch batch = gpt_points_batch(gpt, x);
    Tensor *cell = tensor_neg(gpt_neg_log_prob(gpt, &batch, noise)); /* log P(c_j | before) */
    Tensor *within = tensor_new_matrix(x->tape, x->shape[0], gpt->context);
    for (int j = 0; j < gpt->context; j++) {
        GptAxis axis = gpt_axis(gpt, j);
        for (size_t i = (size_t)j; i < x->size; i += (size_t)gpt->context)
            within->value[i] = (real)gpt_axis_log_density(&axis, (double)x->value[i]);
    }
    return tensor_add(tensor_reshape(cell, 2, within->shape), within);
}

void gpt_points_move(const Gpt *gpt, Tensor *x, Rng *noise)
{
    if (gpt->jitter == 0)
        return;
    real *step = op_memory(x, x->size, sizeof *step);
    rng_normal(noise, step, x->size);
    for (int j = 0; j < gpt->context; j++) {
        GptAxis axis = gpt_axis(gpt, j);
        real sd = gpt->jitter * (real)cell_width(&axis);
        for (size_t i = (size_t)j; i < x->size; i += (size_t)gpt->context)
            x->value[i] += sd * step[i];
    }
}

/* ---------------------------------------------------------------- options */

static void put(Options *o, const char *name, const char *value)
{
    options_put(o, name, value, "the chapter's defaults");
}

void gpt_points_defaults(Options *o)
{
    put(o, "layers", "2");
    put(o, "width", "32");
    put(o, "heads", "4");
    put(o, "dropout", "0");
    put(o, "positions", "learned");
    put(o, "batch", "256");
    put(o, "lr", "2e-3");
    put(o, "steps", "8000");
    put(o, "lr-warmup", "200");
}

/* What is typed must be of the data's kind. */
static void refuse_others(const Options *o, const char *option, const char *kind,
                          const Dataset *data)
{
    if (options_typed(o, option))
        refuse_usage("--%s: is for %s, and %s is %s; leave it out", option, kind, data->name,
                     dataset_kind_name(data->kind));
}

void gpt_points_check(const Options *o, const Dataset *data)
{
    static const char *const of_texts[] = {"context", "tokens", "vocabulary", "objective", "tied"};
    if (data->kind != DATA_POINTS) {
        refuse_others(o, "cells", "points", data);
        refuse_others(o, "jitter", "points", data);
        return;
    }
    for (size_t i = 0; i < sizeof of_texts / sizeof *of_texts; i++)
        refuse_others(o, of_texts[i], "texts", data);
    refuse_others(o, "row-hidden", "images", data);
    if (data->dims > GPT_MOST_DIMS)
        refuse("--data %s: %d numbers a point; the transformer takes at most %d, try bin/flow",
               data->name, data->dims, GPT_MOST_DIMS);
    if (flow_on_sphere(data))
        refuse("--data %s: points of a surface have no density in space; try bin/flow", data->name);
}

/* ---------------------------------------------------------------- the network */

/* What the network is told of a cell: sines and cosines of its place, 1, 2, ... half waves over all
 * cells, the shorter the weaker. So neighbours are alike from the start; a table to be learnt would
 * have to find that out from the few points in each cell. The start is all 0. [cells + 3, width]
 * Source: Vaswani et al. (2017), arXiv:1706.03762, sec. 3.5, there of positions. */
static void describe_cells(Tensor *table)
{
    int all = table->shape[0] - 1, width = table->shape[1];
    for (int c = 0; c < all; c++)
        for (int k = 0; k < width; k++) {
            int waves = k / 2 + 1;
            double turn = M_PI * waves * c / all;
            table->value[c * width + k] =
                (real)(0.5 / waves * (k % 2 == 0 ? sin(turn) : cos(turn)));
        }
}

/* And what it says: scores as a sum of waves over the cells, whose amplitudes `out` gives, so that
 * a step of training for one cell is one for its neighbours too, and the numbers to be learnt do
 * not grow with the cells. The shorter are the weaker and so the slower to learn. [waves, cells +
 * 2] */
static void make_waves(Tensor *waves)
{
    int n = waves->shape[0], all = waves->shape[1];
    for (int k = 0; k < n; k++)
        for (int c = 0; c < all; c++)
            waves->value[k * all + c] =
                (real)(cos(M_PI * (k + 1) * (c + 0.5) / all) / sqrt(k + 1.0));
}

void gpt_points_create(Gpt *gpt, Params *params, const Options *o, const Dataset *data, Rng *rng)
{
    enum { WAVES = 64 };
    int cells = (int)options_int(o, "cells"), dims = data->dims;
    gpt->context = dims;
    gpt->vocabulary = cells + 2;
    gpt->jitter = (real)options_real(o, "jitter");
    gpt->edges = params_buffer(params, "edges", 2, (int[]){dims, EDGE_NUMBERS});
    choose_all_edges(data, cells, gpt->edges);
    gpt->symbol.table = params_buffer(params, "cells", 2, (int[]){cells + 3, gpt->width});
    describe_cells(gpt->symbol.table);
    gpt->waves = params_buffer(params, "waves", 2, (int[]){WAVES, gpt->vocabulary});
    make_waves(gpt->waves);
    gpt->out = linear_create(params, "out", gpt->width, WAVES, ACTIVATION_NONE, rng);
}
