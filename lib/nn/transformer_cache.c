#include "nn/transformer_cache.h"

#include "nn/transformer_cache_internal.h"
#include "support/fail.h"
#include "support/memory.h"
#include "tensor/kernels.h"
#include "tensor/op.h"
#include "tensor/profile.h"
#include "tensor/rotary_row.h"

#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

/* Steps that are timed together, and windows between trials of the other number of threads. */
enum { WINDOW = 8, SHORTEST_WAIT = 8, LONGEST_WAIT = 1024 };

/* ---------------------------------------------------------------- memory */

/* A panel more than the row needs: rows a power of 2 apart push each other out of the cache. */
static Rows rows_new(int rows, int columns)
{
    size_t row = (size_t)(panels_of(columns) + 1) * PANEL;
    return (Rows){memory_new((size_t)rows * row, sizeof(real)), row};
}

static PanelLayer layer_new(int terms, int panels)
{
    size_t columns = (size_t)panels * PANEL;
    return (PanelLayer){terms, panels, memory_new((size_t)terms * columns, sizeof(real)),
                        memory_new(columns, sizeof(real))};
}

static void layer_free(PanelLayer *layer)
{
    free(layer->panel);
    free(layer->start);
}

static CachedBlock block_new(const TransformerCache *c, const TransformerBlock *from)
{
    const size_t heads = (size_t)c->batch * (size_t)c->heads;
    CachedBlock b = {.from = from,
                     .qkv = layer_new(c->width, 3 * c->heads * panels_of(c->depth)),
                     .projection = layer_new(c->width, panels_of(c->width)),
                     .wide = layer_new(c->width, panels_of(4 * c->width)),
                     .narrow = layer_new(4 * c->width, panels_of(c->width)),
                     .key = memory_new(heads * c->key_size, sizeof(real)),
                     .value = memory_new(heads * c->value_size, sizeof(real))};
    return b;
}

static void block_free(CachedBlock *b)
{
    layer_free(&b->qkv);
    layer_free(&b->projection);
    layer_free(&b->wide);
    layer_free(&b->narrow);
    free(b->key);
    free(b->value);
}

static void turns_new(TransformerCache *c)
{
    const int half = c->depth / 2;
    if (c->depth % 2 != 0)
        fail("transformer cache: rotary heads of depth %d; it must be even", c->depth);
    c->cosine = memory_new((size_t)c->most * (size_t)half, sizeof(real));
    c->sine = memory_new((size_t)c->most * (size_t)half, sizeof(real));
    rotary_angles(0, c->most, c->depth, c->cosine, c->sine);
}

static void blocks_new(TransformerCache *c, const TransformerBlock *block)
{
    c->block = memory_new((size_t)c->blocks, sizeof *c->block);
    for (int i = 0; i < c->blocks; i++) {
        if (block[i].heads != c->heads || block[i].projection.weight->shape[1] != c->width)
            fail("transformer cache: '%s' and '%s' differ in width or heads; all blocks have one "
                 "width and one number of heads",
                 block->projection.weight->name, block[i].projection.weight->name);
        c->block[i] = block_new(c, &block[i]);
        if (block[i].rotary && c->cosine == NULL)
            turns_new(c);
    }
}

TransformerCache *transformer_cache_create(const TransformerBlock *block, int blocks, int batch,
                                           int most)
{
    if (blocks < 1 || batch < 1 || most < 1)
        fail("transformer cache: %d blocks, %d sequences, %d positions; at least one of each",
             blocks, batch, most);
    TransformerCache *c = memory_new(1, sizeof *c);
    const int width = block->projection.weight->shape[1], heads = block->heads;
    *c = (TransformerCache){.blocks = blocks, .batch = batch, .most = most};
    c->width = width;
    c->heads = heads;
    c->depth = width / heads;
    c->threads = kernels_threads();
    c->gate = memory_new(1, sizeof *c->gate);
    c->pace = (Pace){.left = 1, .wait = SHORTEST_WAIT};
    c->key_size = (size_t)panels_of(most) * PANEL * (size_t)c->depth;
    c->value_size = (size_t)panels_of(c->depth) * PANEL * (size_t)most;
    blocks_new(c, block);
    c->x = rows_new(batch, width);
    c->qkv = rows_new(batch, c->block->qkv.panels * PANEL);
    c->seen = rows_new(batch, width);
    c->wide = rows_new(batch, 4 * width);
    c->normed = rows_new(c->threads * batch, width);
    c->score = rows_new(c->threads * heads, most);
    c->sum = rows_new(c->threads * heads, c->depth);
    c->weight_sum = memory_new((size_t)(c->threads * heads), sizeof(real));
    transformer_cache_weights(c);
    return c;
}

void transformer_cache_free(TransformerCache *c)
{
    if (c == NULL)
        return;
    for (int i = 0; i < c->blocks; i++)
        block_free(&c->block[i]);
    free(c->block);
    free(c->gate);
    free(c->cosine);
    free(c->sine);
    free(c->x.at);
    free(c->qkv.at);
    free(c->seen.at);
    free(c->wide.at);
    free(c->normed.at);
    free(c->score.at);
    free(c->sum.at);
    free(c->weight_sum);
    free(c);
}

/* ---------------------------------------------------------------- weights */

/* Columns from .. from+columns-1 of a layer to the panels from `panel` on. */
static void layer_take(PanelLayer *layer, int panel, const Linear *linear, int from, int columns)
{
    panel_pack(linear->weight->value + from, (size_t)linear->weight->shape[1], 1, layer->terms,
               columns, layer->panel + (size_t)panel * (size_t)layer->terms * PANEL);
    memcpy(layer->start + panel * PANEL, linear->bias->value + from,
           (size_t)columns * sizeof(real));
}

void transformer_cache_weights(TransformerCache *c)
{
    const int panels = panels_of(c->depth);
    for (int i = 0; i < c->blocks; i++) {
        CachedBlock *b = &c->block[i];
        for (int h = 0; h < c->heads; h++)
            for (int part = 0; part < 3; part++)
                layer_take(&b->qkv, (3 * h + part) * panels, &b->from->qkv,
                           part * c->width + h * c->depth, c->depth);
        layer_take(&b->projection, 0, &b->from->projection, 0, c->width);
        layer_take(&b->wide, 0, &b->from->wide, 0, 4 * c->width);
        layer_take(&b->narrow, 0, &b->from->narrow, 0, c->width);
    }
}

/* ---------------------------------------------------------------- positions */

void transformer_cache_reset(TransformerCache *c)
{
    c->length = 0;
}

int transformer_cache_length(const TransformerCache *c)
{
    return c->length;
}

size_t transformer_cache_bytes(const TransformerCache *c)
{
    size_t heads = (size_t)c->blocks * (size_t)c->batch * (size_t)c->heads;
    size_t keys = (size_t)panels_of(c->length) * PANEL * (size_t)c->depth;
    size_t values = (size_t)panels_of(c->depth) * PANEL * (size_t)c->length;
    return heads * (keys + values) * sizeof(real);
}

/* Threads of the parallel region that runs this. */
static int team(void)
{
#ifdef _OPENMP
    return omp_get_num_threads();
#else
    return 1;
#endif
}

/* ---------------------------------------------------------------- a step */

/* After a window: the other way is tried when its turn comes or when it was faster, and is waited
 * for twice as long each time it loses. */
static void pace_turn(Pace *p)
{
    const double other = p->seconds[!p->all];
    p->seconds[p->all] = p->spent / (p->steps - 1);
    p->steps = 0;
    p->spent = 0;
    if (p->all == p->usual) {
        p->left--;
        if (p->left <= 0 || (other > 0 && other < p->seconds[p->all]))
            p->all = !p->usual;
        return;
    }
    bool won = p->seconds[p->all] < other;
    p->wait = won ? SHORTEST_WAIT : p->wait < LONGEST_WAIT ? 2 * p->wait : LONGEST_WAIT;
    p->usual = won ? p->all : p->usual;
    p->all = p->usual;
    p->left = p->wait;
}

/* A window ends early when it takes much longer than the other way would. */
static void pace_note(Pace *p, double seconds)
{
    const double other = p->seconds[!p->all];
    p->spent += p->steps > 0 ? seconds : 0;
    p->steps++;
    if (p->steps == WINDOW || (p->steps > 1 && other > 0 && p->spent > 2 * WINDOW * other))
        pace_turn(p);
}

void transformer_cache_step(TransformerCache *c, real *x)
{
    const size_t width = (size_t)c->width;
    if (c->length == c->most)
        fail("transformer cache: all %d positions are in use; reset it, or create it with more",
             c->most);
    for (int r = 0; r < c->batch; r++)
        memcpy(row_of(c->x, r), x + (size_t)r * width, width * sizeof(real));
    const double start = profile_seconds();
    const int threads = c->pace.all ? c->threads : 1;
#pragma omp parallel num_threads(threads) if (threads > 1)
    transformer_cache_work(c, op_thread(), team());
    if (c->threads > 1)
        pace_note(&c->pace, profile_seconds() - start);
    for (int r = 0; r < c->batch; r++)
        memcpy(x + (size_t)r * width, row_of(c->x, r), width * sizeof(real));
    c->length++;
}
