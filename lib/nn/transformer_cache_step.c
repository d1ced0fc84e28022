/* A step of the cache, as one thread of a team does it. */
#include "nn/transformer_cache_internal.h"
#include "support/vecmath.h"
#include "tensor/rotary_row.h"

#include <math.h>
#include <sched.h>
#include <string.h>

/* What one thread does. Where there are rows enough, each takes rows of its own through everything
 * and waits for nobody; else every thread takes its part of the columns of all rows, and waits for
 * the others between the layers. */
typedef struct Share {
    int row, rows;   /* of the batch             */
    int part, parts; /* of the columns and heads */
    Rows normed, score, sum;
    real *weight_sum;
} Share;

static int part_from(int n, int part, int parts)
{
    return (int)((long)n * part / parts);
}

static Share share_of(const TransformerCache *c, int thread, int threads)
{
    enum { ROWS_EACH = 4 }; /* from which reading all weights in every thread pays */
    const bool by_rows = c->batch >= ROWS_EACH * threads;
    const int row = by_rows ? part_from(c->batch, thread, threads) : 0;
    const int end = by_rows ? part_from(c->batch, thread + 1, threads) : c->batch;
    return (Share){.row = row,
                   .rows = end - row,
                   .part = by_rows ? 0 : thread,
                   .parts = by_rows ? 1 : threads,
                   .normed = {row_of(c->normed, thread * c->batch), c->normed.row},
                   .score = {row_of(c->score, thread * c->heads), c->score.row},
                   .sum = {row_of(c->sum, thread * c->heads), c->sum.row},
                   .weight_sum = c->weight_sum + thread * c->heads};
}

/* Until all threads are here. A barrier of OpenMP's takes three times as long, and a step has four
 * for each block. Who waits long lets others run. */
static void share_wait(const TransformerCache *c, const Share *s)
{
    enum { SPINS = 10000 };
    Gate *gate = c->gate;
    if (s->parts == 1)
        return;
    const unsigned turn = atomic_load_explicit(&gate->turn, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&gate->here, 1, memory_order_acq_rel) == s->parts - 1) {
        atomic_store_explicit(&gate->here, 0, memory_order_relaxed);
        atomic_store_explicit(&gate->turn, turn + 1, memory_order_release);
        return;
    }
    for (int i = 1; atomic_load_explicit(&gate->turn, memory_order_acquire) == turn; i++)
        if (i % SPINS == 0)
            sched_yield();
}

/* y = x W + b, or y += x W + b, in panels from .. to-1 of the share's rows, which begin with x's
 * first. */
static void layer_panels(const PanelLayer *layer, const Share *s, Rows x, Rows y, bool add,
                         int from, int to)
{
    const size_t size = (size_t)layer->terms * PANEL;
    panel_product(&(PanelProduct){.rows = s->rows,
                                  .terms = layer->terms,
                                  .panels = to - from,
                                  .x = x.at,
                                  .x_row = x.row,
                                  .panel = layer->panel + (size_t)from * size,
                                  .panel_size = size,
                                  .start = layer->start + from * PANEL,
                                  .y = row_of(y, s->row) + from * PANEL,
                                  .y_row = y.row,
                                  .add = add});
}

/* The rows of the share through a normalisation; each thread for itself. */
static void norm_rows(const TransformerCache *c, const Share *s, const LayerNorm *norm)
{
    for (int r = 0; r < s->rows; r++)
        layer_norm_row(norm, row_of(c->x, s->row + r), row_of(s->normed, r));
}

/* Pairs (2i, 2i + 1) of a head's numbers turned by the angles of the position. */
static void turn(const TransformerCache *c, real *x)
{
    const int half = c->depth / 2;
    const real *cosine = c->cosine + c->length * half, *sine = c->sine + c->length * half;
    for (int i = 0; i < half; i++) {
        real left, right;
        rotary_turn(x + 2 * i, cosine[i], sine[i], 1, &left, &right);
        x[2 * i] = left;
        x[2 * i + 1] = right;
    }
}

/* The new position's key becomes a column and its value a row. */
static void remember(const TransformerCache *c, const real *k, const real *v, real *key,
                     real *value)
{
    const int t = c->length;
    real *column = key + (size_t)(t / PANEL) * (size_t)c->depth * PANEL + t % PANEL;
    for (int d = 0; d < c->depth; d++)
        column[d * PANEL] = k[d];
    for (int panel = 0; panel < panels_of(c->depth); panel++)
        memcpy(value + ((size_t)panel * (size_t)c->most + (size_t)t) * PANEL, v + panel * PANEL,
               PANEL * sizeof(real));
}

/* n scores to e^(scale (s - largest)); returns their sum. The last panel is filled up with what
 * becomes 0 or next to it, so that no number is left over from the vectors. */
static real soften(real *restrict score, int n, real scale)
{
    const int whole = panels_of(n) * PANEL;
    real *restrict last = score + whole - PANEL;
    real largest = score[0], sum = 0;
    for (int j = 0; j < PANEL; j++)
        last[j] = whole - PANEL + j < n ? last[j] : -INFINITY;
#pragma omp simd reduction(max : largest)
    for (int j = 0; j < whole; j++)
        largest = score[j] > largest ? score[j] : largest;
#pragma omp simd reduction(+ : sum)
    for (int j = 0; j < whole; j++) {
        score[j] = vec_exp_falling((score[j] - largest) * scale);
        sum += score[j];
    }
    return sum;
}

/* Heads from .. to-1 of one sequence: softmax(q K^T / sqrt(depth)) V over positions 0 .. length,
 * the division by the softmax's sum last. */
static void attend(const TransformerCache *c, const Share *s, const CachedBlock *b, int row,
                   int from, int to)
{
    const int panels = panels_of(c->depth), part = panels * PANEL, seen = c->length + 1;
    const size_t unit = (size_t)(row * c->heads + from);
    const real scale = 1 / (real)sqrt((double)c->depth);
    real *key = b->key + unit * c->key_size, *value = b->value + unit * c->value_size;
    real *qkv = row_of(c->qkv, row) + 3 * from * part;
    for (int h = 0; h < to - from; h++) {
        real *q = qkv + 3 * h * part, *k = q + part, *v = k + part;
        if (b->from->rotary) {
            turn(c, q);
            turn(c, k);
        }
        remember(c, k, v, key + (size_t)h * c->key_size, value + (size_t)h * c->value_size);
    }
    panel_product(&(PanelProduct){.rows = to - from,
                                  .terms = c->depth,
                                  .panels = panels_of(seen),
                                  .x = qkv,
                                  .x_row = 3 * (size_t)part,
                                  .panel = key,
                                  .panel_size = (size_t)c->depth * PANEL,
                                  .matrix_size = c->key_size,
                                  .y = s->score.at,
                                  .y_row = s->score.row});
    for (int h = 0; h < to - from; h++)
        s->weight_sum[h] = soften(row_of(s->score, h), seen, scale);
    panel_product(&(PanelProduct){.rows = to - from,
                                  .terms = seen,
                                  .panels = panels,
                                  .x = s->score.at,
                                  .x_row = s->score.row,
                                  .panel = value,
                                  .panel_size = (size_t)c->most * PANEL,
                                  .matrix_size = c->value_size,
                                  .y = s->sum.at,
                                  .y_row = s->sum.row});
    for (int h = 0; h < to - from; h++) {
        const real *restrict sum = row_of(s->sum, h);
        const real part_of_sum = 1 / s->weight_sum[h];
        real *restrict y = row_of(c->seen, row) + (from + h) * c->depth;
        for (int d = 0; d < c->depth; d++)
            y[d] = sum[d] * part_of_sum;
    }
}

static void gelu(Rows x, const Share *s, int from, int to)
{
    for (int r = s->row; r < s->row + s->rows; r++) {
        real *restrict y = row_of(x, r);
#pragma omp simd
        for (int i = from; i < to; i++)
            y[i] *= vec_normal_cdf(y[i]);
    }
}

/* The share of one block: four layers, after each of which columns of other threads are read. */
static void block_step(const TransformerCache *c, const Share *s, const CachedBlock *b)
{
    const int head = part_from(c->heads, s->part, s->parts);
    const int head_end = part_from(c->heads, s->part + 1, s->parts);
    const int each = 3 * panels_of(c->depth);
    const int column = part_from(b->projection.panels, s->part, s->parts);
    const int column_end = part_from(b->projection.panels, s->part + 1, s->parts);
    const int inner = part_from(b->wide.panels, s->part, s->parts);
    const int inner_end = part_from(b->wide.panels, s->part + 1, s->parts);
    const Rows seen = {row_of(c->seen, s->row), c->seen.row};
    const Rows wide = {row_of(c->wide, s->row), c->wide.row};
    norm_rows(c, s, &b->from->attention_norm);
    layer_panels(&b->qkv, s, s->normed, c->qkv, false, head * each, head_end * each);
    for (int r = s->row; r < s->row + s->rows; r++)
        attend(c, s, b, r, head, head_end);
    share_wait(c, s);
    layer_panels(&b->projection, s, seen, c->x, true, column, column_end);
    share_wait(c, s);
    norm_rows(c, s, &b->from->mlp_norm);
    layer_panels(&b->wide, s, s->normed, c->wide, false, inner, inner_end);
    gelu(c->wide, s, inner * PANEL, inner_end * PANEL);
    share_wait(c, s);
    layer_panels(&b->narrow, s, wide, c->x, true, column, column_end);
    share_wait(c, s);
}

void transformer_cache_work(const TransformerCache *c, int thread, int threads)
{
    const Share s = share_of(c, thread, threads);
    for (int i = 0; i < c->blocks; i++)
        block_step(c, &s, &c->block[i]);
}
