/* The network and its log-probabilities. */
#include "06-transformer/gpt.h"

#include "prob/bernoulli.h"
#include "support/fail.h"
#include "tensor/op.h"

#include <string.h>

/* ---------------------------------------------------------------- tokens and their answers */

/* Of the longest example: what is behind it would be computed for nothing. */
static int positions_of(const Tensor *x)
{
    size_t columns = (size_t)x->shape[1], last = 1;
    for (size_t i = 0; i < x->size; i++)
        if (i % columns > last && x->value[i] >= 0)
            last = i % columns;
    return (int)last;
}

static GptBatch batch_of(const Tensor *x)
{
    GptBatch b = {.batch = x->shape[0], .positions = positions_of(x)};
    size_t all = (size_t)b.batch * (size_t)b.positions;
    b.seen = op_memory(x, all, sizeof *b.seen);
    b.at = op_memory(x, all, sizeof *b.at);
    b.wanted = op_memory(x, all, sizeof *b.wanted);
    return b;
}

GptBatch gpt_batch_next(const Tensor *x)
{
    GptBatch b = batch_of(x);
    for (int i = 0; i < b.batch; i++)
        for (int t = 0; t < b.positions; t++) {
            const real *pair = x->value + (size_t)i * (size_t)x->shape[1] + (size_t)t;
            int here = i * b.positions + t;
            b.seen[here] = pair[0] >= 0 ? (int)pair[0] : 0;
            if (pair[1] < 0)
                continue;
            b.at[b.count] = here;
            b.wanted[b.count++] = (int)pair[1];
        }
    return b;
}

/* What stands where a token is to be guessed. */
static int disguise(const Gpt *gpt, int token, Rng *noise)
{
    double u = rng_uniform_one(noise);
    if (u < 0.8)
        return gpt->vocabulary;
    return u < 0.9 ? (int)rng_below(noise, (uint64_t)gpt->vocabulary) : token;
}

GptBatch gpt_batch_whole(const Tensor *x)
{
    GptBatch b = batch_of(x);
    b.key_mask = op_memory(x, (size_t)b.batch * (size_t)b.positions, sizeof *b.key_mask);
    for (int i = 0; i < b.batch; i++) {
        const real *row = x->value + (size_t)i * (size_t)x->shape[1] + 1;
        for (int t = 0; t < b.positions; t++) {
            int here = i * b.positions + t;
            b.key_mask[here] = row[t] >= 0;
            b.seen[here] = row[t] >= 0 ? (int)row[t] : 0;
        }
    }
    return b;
}

void gpt_batch_hide(const Gpt *gpt, GptBatch *b, int place)
{
    b->at[b->count] = place;
    b->wanted[b->count++] = b->seen[place];
    b->seen[place] = gpt->vocabulary;
}

GptBatch gpt_batch_masked(const Gpt *gpt, const Tensor *x, Rng *noise)
{
    const double guessed = 0.15;
    GptBatch b = gpt_batch_whole(x);
    for (int i = 0; i < b.batch; i++) {
        int first = i * b.positions, before = b.count, length = 0;
        for (; length < b.positions && b.key_mask[first + length]; length++)
            if (rng_uniform_one(noise) < guessed)
                gpt_batch_hide(gpt, &b, first + length);
        if (b.count == before) /* a short example with none: one of its tokens */
            gpt_batch_hide(gpt, &b, first + (int)rng_below(noise, (uint64_t)length));
        for (int k = before; k < b.count; k++)
            b.seen[b.at[k]] = disguise(gpt, b.wanted[k], noise);
    }
    return b;
}

/* ---------------------------------------------------------------- blocks */

/* h [batch, t, width] through all blocks and the last norm. */
static Tensor *through_blocks(const Gpt *gpt, Tensor *h, const int *key_mask, Rng *noise,
                              Tensor **attention)
{
    int positions = h->shape[1];
    if (positions > gpt->context)
        fail("gpt: %d positions; the context is %d", positions, gpt->context);
    if (gpt->position != NULL) {
        Tensor *some = tensor_slice(gpt->position, 0, 0, positions);
        h = tensor_add(h, tensor_reshape(some, 3, (int[]){1, positions, gpt->width}));
    }
    TransformerUse use = {.causal = gpt->objective == GPT_NEXT,
                          .key_mask = key_mask,
                          .dropout = gpt->dropout,
                          .noise = noise};
    for (int i = 0; i < gpt->blocks; i++) {
        use.attention = attention != NULL ? &attention[i] : NULL;
        h = transformer_block_forward(&gpt->block[i], h, &use);
    }
    return layer_norm_forward(&gpt->norm, h);
}

Tensor *gpt_hidden(const Gpt *gpt, const GptBatch *batch, Rng *noise, Tensor **attention)
{
    Tensor *h = embedding_forward(&gpt->symbol, batch->seen, batch->batch * batch->positions);
    h = tensor_reshape(h, 3, (int[]){batch->batch, batch->positions, gpt->width});
    return through_blocks(gpt, h, batch->key_mask, noise, attention);
}

Tensor *gpt_logits(const Gpt *gpt, Tensor *h)
{
    if (gpt->waves != NULL) { /* of a point's coordinates */
        h = tensor_reshape(h, 2, (int[]){-1, gpt->width});
        return tensor_matmul(linear_forward(&gpt->out, h), gpt->waves);
    }
    if (gpt->out.weight != NULL)
        return linear_forward(&gpt->out, h);
    Tensor *symbols = tensor_slice(gpt->symbol.table, 0, 0, gpt->vocabulary);
    return tensor_matmul_transposed(tensor_reshape(h, 2, (int[]){-1, gpt->width}), symbols);
}

Tensor *gpt_neg_log_prob(const Gpt *gpt, const GptBatch *batch, Rng *noise)
{
    Tensor *h = gpt_hidden(gpt, batch, noise, NULL);
    h = tensor_reshape(h, 2, (int[]){-1, gpt->width});
    if (batch->count < h->shape[0])
        h = tensor_gather(h, batch->at, batch->count);
    return tensor_cross_entropy(gpt_logits(gpt, h), batch->wanted);
}

/* ---------------------------------------------------------------- rows of images */

Tensor *gpt_rows_hidden(const Gpt *gpt, Tensor *x, Rng *noise)
{
    int n = x->shape[0], row = gpt->row, pixels = gpt->context * row;
    Tensor *above = tensor_new(x->tape, 3, (int[]){n, gpt->context, row});
    for (int i = 0; i < n; i++) { /* row t sees the row above it; the first an empty one */
        real *to = above->value + (size_t)i * (size_t)pixels;
        memset(to, 0, (size_t)row * sizeof *to);
        memcpy(to + row, x->value + (size_t)i * (size_t)pixels,
               (size_t)(pixels - row) * sizeof *to);
    }
    return through_blocks(gpt, linear_forward(&gpt->row_in, above), NULL, noise, NULL);
}

Tensor *gpt_row_logits(const Gpt *gpt, Tensor *row, Tensor *h)
{
    Tensor *u = tensor_concat((Tensor *[]){row, h}, 2, 1);
    for (int i = 0; i < gpt->row_layers; i++)
        u = masked_forward(&gpt->row_hidden[i], u);
    return masked_forward(&gpt->row_out, u);
}

Tensor *gpt_rows_log_prob(const Gpt *gpt, Tensor *x, Rng *noise)
{
    int n = x->shape[0];
    Tensor *h = gpt_rows_hidden(gpt, x, noise);
    Tensor *row = tensor_reshape(x, 2, (int[]){n * gpt->context, gpt->row});
    Tensor *logits = gpt_row_logits(gpt, row, tensor_reshape(h, 2, (int[]){-1, gpt->width}));
    Tensor *each = bernoulli_log_prob(row, logits); /* [n rows, 1] */
    return tensor_sum_axis(tensor_reshape(each, 2, (int[]){n, gpt->context}), 1);
}
