#include "06-transformer/gpt_generate.h"

#include "nn/packed_linear.h"
#include "nn/transformer_cache.h"
#include "support/memory.h"
#include "tensor/op.h"

#include <stdlib.h>
#include <string.h>

struct GptWriter {
    Gpt *gpt;
    int sequences, length;   /* tokens that are seen now, of each sequence */
    int *seen;               /* [sequences, context] */
    real *score;             /* [sequences, vocabulary] */
    Tape *tape;              /* without the cache; NULL with it */
    TransformerCache *cache; /* with it: the keys and values of what is seen, */
    PackedLinear *out;       /* the scores' layer, */
    real *x, *normed;        /* and [sequences, width]: what enters the blocks, and leaves them */
};

static void create_cache(GptWriter *w)
{
    const Gpt *gpt = w->gpt;
    size_t numbers = (size_t)w->sequences * (size_t)gpt->width;
    w->cache = transformer_cache_create(gpt->block, gpt->blocks, w->sequences, gpt->context);
    w->out = gpt->out.weight != NULL ? packed_linear_create(&gpt->out)
                                     : packed_linear_create_tied(&gpt->symbol);
    w->x = memory_new(numbers, sizeof *w->x);
    w->normed = memory_new(numbers, sizeof *w->normed);
}

GptWriter *gpt_writer_create(Gpt *gpt, int sequences, bool cached)
{
    GptWriter *w = memory_new(1, sizeof *w);
    w->gpt = gpt;
    w->sequences = sequences;
    w->seen = memory_new((size_t)sequences * (size_t)gpt->context, sizeof *w->seen);
    w->score = memory_new((size_t)sequences * (size_t)gpt->vocabulary, sizeof *w->score);
    if (cached) {
        create_cache(w);
        return w;
    }
    w->tape = tape_create(kernels_best());
    tape_record(w->tape, false);
    return w;
}

void gpt_writer_free(GptWriter *w)
{
    if (w->tape != NULL)
        tape_free(w->tape);
    transformer_cache_free(w->cache);
    packed_linear_free(w->out);
    free(w->normed);
    free(w->x);
    free(w->score);
    free(w->seen);
    free(w);
}

/* The token at a position of every sequence goes through the blocks. */
static void cache_position(GptWriter *w, int t)
{
    const Gpt *gpt = w->gpt;
    size_t width = (size_t)gpt->width;
    for (int s = 0; s < w->sequences; s++) {
        int token = w->seen[(size_t)s * (size_t)gpt->context + (size_t)t];
        const real *symbol = gpt->symbol.table->value + (size_t)token * width;
        real *x = w->x + (size_t)s * width;
        for (size_t i = 0; i < width; i++)
            x[i] = symbol[i] +
                   (gpt->position != NULL ? gpt->position->value[(size_t)t * width + i] : 0);
    }
    transformer_cache_step(w->cache, w->x);
}

/* Keeps the last half of what is seen; it now stands at other positions. */
static void start_again(GptWriter *w)
{
    int context = w->gpt->context, kept = context / 2;
    for (int s = 0; s < w->sequences; s++) {
        int *row = w->seen + (size_t)s * (size_t)context;
        memmove(row, row + context - kept, (size_t)kept * sizeof *row);
    }
    w->length = kept;
    if (w->cache == NULL)
        return;
    transformer_cache_reset(w->cache);
    for (int t = 0; t < kept; t++)
        cache_position(w, t);
}

void gpt_writer_add(GptWriter *w, const int *token)
{
    int context = w->gpt->context;
    if (w->length == context)
        start_again(w);
    for (int s = 0; s < w->sequences; s++)
        w->seen[(size_t)s * (size_t)context + (size_t)w->length] = token[s];
    if (w->cache != NULL)
        cache_position(w, w->length);
    w->length++;
}

static const real *cached_scores(GptWriter *w)
{
    size_t width = (size_t)w->gpt->width;
    for (int s = 0; s < w->sequences; s++)
        layer_norm_row(&w->gpt->norm, w->x + (size_t)s * width, w->normed + (size_t)s * width);
    packed_linear_forward(w->out, w->normed, w->sequences, w->score);
    return w->score;
}

/* All positions anew, of which the last counts. */
static const real *fresh_scores(GptWriter *w)
{
    const Gpt *gpt = w->gpt;
    int length = w->length;
    GptBatch batch = {.batch = w->sequences, .positions = length};
    tape_reset(w->tape);
    model_bind(&w->gpt->model, w->tape);
    Tensor *room = tensor_new(w->tape, 1, &(int){1});
    batch.seen = op_memory(room, (size_t)(w->sequences * length), sizeof *batch.seen);
    for (int s = 0; s < w->sequences; s++)
        memcpy(batch.seen + s * length, w->seen + (size_t)s * (size_t)gpt->context,
               (size_t)length * sizeof *batch.seen);
    Tensor *h = gpt_hidden(gpt, &batch, NULL, NULL);
    Tensor *last = tensor_reshape(tensor_slice(h, 1, length - 1, length), 2,
                                  (int[]){w->sequences, gpt->width});
    Tensor *logits = gpt_logits(gpt, last);
    memcpy(w->score, logits->value, logits->size * sizeof *w->score);
    return w->score;
}

const real *gpt_writer_scores(GptWriter *w)
{
    return w->cache != NULL ? cached_scores(w) : fresh_scores(w);
}

Gpt *gpt_writer_model(const GptWriter *w)
{
    return w->gpt;
}

int gpt_writer_sequences(const GptWriter *w)
{
    return w->sequences;
}

size_t gpt_writer_bytes(const GptWriter *w)
{
    return w->cache != NULL ? transformer_cache_bytes(w->cache) : tape_bytes(w->tape);
}
