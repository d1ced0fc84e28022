#include "bench/bench_generate.h"

#include "bench/bench_models.h"
#include "bench/bench_peer.h"
#include "nn/packed_linear.h"
#include "nn/transformer_cache.h"
#include "support/memory.h"
#include "support/vecmath.h"
#include "tensor/kernels.h"
#include "tensor/profile.h"

#include <stdio.h>
#include <stdlib.h>

/* What a burst needs, for one batch. */
typedef struct Writer {
    int batch, context, width, symbols;
    TransformerCache *cache;
    const LayerNorm *norm;
    PackedLinear *out;
    const Tensor *symbol, *position; /* [symbols, width], [context, width] */
    real *x, *normed;                /* [batch, width]                     */
    real *logits;                    /* [batch, symbols]                   */
    int *id;                         /* [batch]: the symbols drawn last    */
    Rng rng;
} Writer;

static Writer writer_make(const BenchModel *model, int batch)
{
    const Tensor *symbol = model->net.transformer.symbol.table;
    const Tensor *position = model->net.transformer.position.table;
    const int blocks =
        (int)(sizeof model->net.transformer.block / sizeof *model->net.transformer.block);
    Writer g = {.batch = batch,
                .context = position->shape[0],
                .width = position->shape[1],
                .symbols = symbol->shape[0],
                .norm = &model->net.transformer.norm,
                .symbol = symbol,
                .position = position,
                .rng = rng_stream(0, "generate")};
    g.cache = transformer_cache_create(model->net.transformer.block, blocks, batch, g.context);
    g.out = packed_linear_create(&model->net.transformer.out);
    g.x = memory_new((size_t)(batch * g.width), sizeof *g.x);
    g.normed = memory_new((size_t)(batch * g.width), sizeof *g.normed);
    g.logits = memory_new((size_t)(batch * g.symbols), sizeof *g.logits);
    g.id = memory_new((size_t)batch, sizeof *g.id);
    return g;
}

static void writer_free(Writer *g)
{
    transformer_cache_free(g->cache);
    packed_linear_free(g->out);
    free(g->x);
    free(g->normed);
    free(g->logits);
    free(g->id);
}

/* A symbol from softmax(logits), in place of which its weights are left. */
static int draw(real *restrict logits, int n, Rng *rng)
{
    real largest = logits[0], sum = 0;
    int symbol = 0;
    for (int i = 1; i < n; i++)
        largest = logits[i] > largest ? logits[i] : largest;
#pragma omp simd reduction(+ : sum)
    for (int i = 0; i < n; i++) {
        logits[i] = vec_exp_falling(logits[i] - largest);
        sum += logits[i];
    }
    real left = (real)rng_uniform_one(rng) * sum;
    for (; symbol < n - 1 && left >= logits[symbol]; symbol++)
        left -= logits[symbol];
    return symbol;
}

/* One symbol for every row. */
static void generate_next(Writer *g, int position)
{
    const size_t width = (size_t)g->width;
    const real *place = g->position->value + (size_t)position * width;
    for (int b = 0; b < g->batch; b++) {
        const real *from = g->symbol->value + (size_t)g->id[b] * width;
        for (size_t j = 0; j < width; j++)
            g->x[(size_t)b * width + j] = from[j] + place[j];
    }
    transformer_cache_step(g->cache, g->x);
    for (int b = 0; b < g->batch; b++)
        layer_norm_row(g->norm, g->x + (size_t)b * width, g->normed + (size_t)b * width);
    packed_linear_forward(g->out, g->normed, g->batch, g->logits);
    for (int b = 0; b < g->batch; b++)
        g->id[b] = draw(g->logits + b * g->symbols, g->symbols, &g->rng);
}

/* Symbols a second, all rows together, over whole sequences. */
static double symbols_per_second(Writer *g, double seconds)
{
    double start = profile_seconds(), spent;
    long symbols = 0;
    do {
        transformer_cache_reset(g->cache);
        for (int t = 0; t < g->context; t++)
            generate_next(g, t);
        symbols += (long)g->context * g->batch;
        spent = profile_seconds() - start;
    } while (spent < seconds);
    return (double)symbols / spent;
}

/* Our rate (the threads are those that the cache may use) and PyTorch's: with a cache and a loop
 * tuned by hand, with a cache and the model's own modules, and with whole sequences. */
enum { OURS, CACHED, MODULES, WHOLE, SIDES };

static const char *const peer_name[SIDES] = {
    [CACHED] = "generate-cached", [MODULES] = "generate-modules", [WHOLE] = "generate-whole"};
static const char *const peer_says[SIDES] = {[CACHED] = "cached, tuned by hand",
                                             [MODULES] = "cached, of modules",
                                             [WHOLE] = "whole sequences"};

typedef struct Best {
    double rate;
    int threads;
} Best;

static double peer(int side, int batch, int threads)
{
    char name[32];
    snprintf(name, sizeof name, "%s-%d", peer_name[side], batch);
    return bench_peer_rate(name, threads);
}

static void measure(const BenchModel *model, int batch, bool with_peer, Best best[SIDES])
{
    double rate[SIDES][BENCH_THREAD_COUNTS][BENCH_ROUNDS];
    Writer writer[BENCH_THREAD_COUNTS];
    for (int t = 0; t < BENCH_THREAD_COUNTS; t++) {
        kernels_set_threads(t + 1); /* a cache keeps the number that it finds */
        writer[t] = writer_make(model, batch);
    }
    for (int r = 0; r < BENCH_ROUNDS; r++)
        for (int t = 0; t < BENCH_THREAD_COUNTS; t++) {
            kernels_set_threads(t + 1);
            rate[OURS][t][r] = symbols_per_second(&writer[t], BENCH_BURST);
            for (int side = CACHED; side < SIDES; side++)
                rate[side][t][r] = with_peer ? peer(side, batch, t + 1) : 0;
        }
    for (int side = 0; side < SIDES; side++) {
        best[side] = (Best){0};
        for (int t = 0; t < BENCH_THREAD_COUNTS; t++) {
            double median = bench_median(rate[side][t], BENCH_ROUNDS);
            if (median > best[side].rate)
                best[side] = (Best){median, t + 1};
        }
    }
    for (int t = 0; t < BENCH_THREAD_COUNTS; t++)
        writer_free(&writer[t]);
}

static void add_number(cJSON *row, const char *name, double value, bool is_there)
{
    cJSON_AddItemToObject(row, name, is_there ? cJSON_CreateNumber(value) : cJSON_CreateNull());
}

static void report(int batch, const Best best[SIDES], cJSON *rows)
{
    char name[32];
    double ratio[SIDES];
    const bool with_peer = best[CACHED].rate > 0 && best[MODULES].rate > 0 && best[WHOLE].rate > 0;
    cJSON *row = cJSON_CreateObject();
    for (int side = 0; side < SIDES; side++)
        ratio[side] = best[side].rate > 0 ? best[OURS].rate / best[side].rate : 0;
    snprintf(name, sizeof name, "generate-%d", batch);
    printf("%-12s %8.0f symbols/s (%d threads)\n", name, best[OURS].rate, best[OURS].threads);
    for (int side = CACHED; side < SIDES; side++)
        printf("  PyTorch, %-26s %8.0f (%d threads)  ratio %5.1f\n", peer_says[side],
               best[side].rate, best[side].threads, ratio[side]);
    fflush(stdout);
    cJSON_AddStringToObject(row, "model", name);
    cJSON_AddNumberToObject(row, "symbols_per_s", best[OURS].rate);
    add_number(row, "peer_symbols_per_s", best[CACHED].rate, with_peer);
    add_number(row, "ratio", ratio[CACHED], with_peer);
    add_number(row, "peer_modules_symbols_per_s", best[MODULES].rate, with_peer);
    add_number(row, "modules_ratio", ratio[MODULES], with_peer);
    add_number(row, "peer_whole_symbols_per_s", best[WHOLE].rate, with_peer);
    add_number(row, "whole_ratio", ratio[WHOLE], with_peer);
    cJSON_AddNumberToObject(row, "threads", best[OURS].threads);
    cJSON_AddNumberToObject(row, "peer_threads", best[CACHED].threads);
    cJSON_AddItemToArray(rows, row);
}

void bench_generate(bool with_peer, cJSON *rows)
{
    static const int batch[] = {1, 16};
    setenv("OPENBLAS_NUM_THREADS", "1", 0); /* for the peers: products this small gain by it */
    BenchModel model = bench_transformer;
    Rng rng = rng_stream(0, "bench");
    model.params = params_create();
    model.create(&model, &rng);
    for (size_t i = 0; i < sizeof batch / sizeof *batch; i++) {
        Best best[SIDES];
        measure(&model, batch[i], with_peer, best);
        report(batch[i], best, rows);
    }
    params_free(model.params);
}
