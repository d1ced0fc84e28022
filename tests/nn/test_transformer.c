/* Embeddings and transformer blocks: names and shapes, the block against its formula written out
 * with elementary operations, causality, masks, and what stops the program. */
#include "harness/suite.h"
#include "nn/embedding.h"
#include "nn/transformer.h"

#include <math.h>
#include <signal.h>
#include <string.h>

enum { ABORTED = 128 + SIGABRT };
enum { BATCH = 2, LENGTH = 5, WIDTH = 8, HEADS = 2, DEPTH = WIDTH / HEADS };

typedef struct Model {
    Params *params;
    Tape *tape;
    TransformerBlock block;
    Tensor *x; /* [BATCH, LENGTH, WIDTH] */
} Model;

/* Gains and biases are moved away from 1 and 0, so that leaving one out shows. */
static Model model_make(void)
{
    Model m = {.params = params_create(), .tape = tape_create(kernels_best())};
    Rng rng = rng_stream(3, "block");
    real noise[4 * WIDTH];
    m.block = transformer_block_create(m.params, "block", WIDTH, HEADS, &rng);
    for (int i = 0; i < m.params->count; i++) {
        Tensor *w = m.params->tensor[i];
        if (w->rank != 1)
            continue;
        rng_normal(&rng, noise, w->size);
        for (size_t j = 0; j < w->size; j++)
            w->value[j] += (real)0.3 * noise[j];
    }
    params_bind(m.params, m.tape);
    m.x = tensor_new(m.tape, 3, (int[]){BATCH, LENGTH, WIDTH});
    rng_normal(&rng, m.x->value, m.x->size);
    return m;
}

static void model_free(Model *m)
{
    tape_free(m->tape);
    params_free(m->params);
}

static double gap(const Tensor *a, const Tensor *b)
{
    double worst = a->size == b->size ? 0 : INFINITY;
    for (size_t i = 0; i < a->size && i < b->size; i++)
        worst = fmax(worst, fabs((double)a->value[i] - (double)b->value[i]));
    return worst;
}

static void test_embedding(void)
{
    enum { ENTRIES = 500, NUMBERS = ENTRIES * WIDTH };
    Params *params = params_create();
    Tape *tape = tape_create(kernels_best());
    Rng rng = rng_stream(1, "embedding");
    Embedding e = embedding_create(params, "token", ENTRIES, WIDTH, &rng);
    CU_ASSERT_PTR_EQUAL(params_find(params, "token.table"), e.table);
    CU_ASSERT(e.table->shape[0] == ENTRIES && e.table->shape[1] == WIDTH);
    double squares = 0;
    for (int i = 0; i < NUMBERS; i++)
        squares += (double)e.table->value[i] * (double)e.table->value[i];
    /* chi-squared over 4000: its sd is 0.0224, and five of them fail once in 1.7e6 seeds */
    CU_ASSERT(fabs(squares / NUMBERS / 0.0004 - 1) < 5 * sqrt(2.0 / NUMBERS));
    params_bind(params, tape);
    const Tensor *y = embedding_forward(&e, (int[]){7, 499, 7}, 3);
    CU_ASSERT(y->rank == 2 && y->shape[0] == 3 && y->shape[1] == WIDTH);
    for (int j = 0; j < WIDTH; j++) {
        CU_ASSERT(y->value[j] == e.table->value[7 * WIDTH + j]);
        CU_ASSERT(y->value[WIDTH + j] == e.table->value[499 * WIDTH + j]);
        CU_ASSERT(y->value[2 * WIDTH + j] == y->value[j]);
    }
    tape_free(tape);
    params_free(params);
}

static void test_weights(void)
{
    Model m = model_make();
    static const char *const name[] = {"block.attention_norm.gain", "block.attention_norm.bias",
                                       "block.qkv.weight",          "block.qkv.bias",
                                       "block.projection.weight",   "block.projection.bias",
                                       "block.mlp_norm.gain",       "block.mlp_norm.bias",
                                       "block.wide.weight",         "block.wide.bias",
                                       "block.narrow.weight",       "block.narrow.bias"};
    CU_ASSERT_EQUAL(m.params->count, 12);
    for (int i = 0; i < 12; i++)
        CU_ASSERT_PTR_NOT_NULL(params_find(m.params, name[i]));
    /* Two norms of 2 d, and 12 d^2 + 9 d of linear layers. */
    CU_ASSERT_EQUAL(params_numbers(m.params), 12 * WIDTH * WIDTH + 13 * WIDTH);
    model_free(&m);
}

/* (x - mean) / sd gain + bias of each row of [rows, WIDTH]. */
static Tensor *plain_norm(const LayerNorm *norm, Tensor *x)
{
    int one[2] = {1, WIDTH};
    Tensor *centered = tensor_sub(x, tensor_mean_axis(x, 1));
    Tensor *variance = tensor_mean_axis(tensor_square(centered), 1);
    Tensor *unit = tensor_div(centered, tensor_sqrt(tensor_shift(variance, (real)1e-5)));
    Tensor *scaled = tensor_mul(unit, tensor_reshape(norm->gain, 2, one));
    return tensor_add(scaled, tensor_reshape(norm->bias, 2, one));
}

static Tensor *plain_linear(const Linear *linear, Tensor *x)
{
    Tensor *bias = tensor_reshape(linear->bias, 2, (int[]){1, -1});
    return tensor_add(tensor_matmul(x, linear->weight), bias);
}

/* The block on one example [LENGTH, WIDTH], head by head; later positions get the score -1e9. */
static Tensor *plain_block(const TransformerBlock *b, Tensor *x, bool causal)
{
    Tensor *qkv = plain_linear(&b->qkv, plain_norm(&b->attention_norm, x)), *head[HEADS];
    Tensor *later = tensor_fill(x->tape, 2, (int[]){LENGTH, LENGTH}, 0);
    for (int i = 0; causal && i < LENGTH; i++)
        for (int j = i + 1; j < LENGTH; j++)
            later->value[i * LENGTH + j] = (real)-1e9;
    for (int h = 0; h < HEADS; h++) {
        Tensor *p[3];
        for (int k = 0; k < 3; k++)
            p[k] = tensor_slice(qkv, 1, k * WIDTH + h * DEPTH, k * WIDTH + (h + 1) * DEPTH);
        Tensor *score = tensor_scale(tensor_matmul_transposed(p[0], p[1]), (real)0.5);
        head[h] = tensor_matmul(tensor_softmax(tensor_add(score, later)), p[2]);
    }
    x = tensor_add(x, plain_linear(&b->projection, tensor_concat(head, HEADS, 1)));
    Tensor *wide = plain_linear(&b->wide, plain_norm(&b->mlp_norm, x));
    for (size_t i = 0; i < wide->size; i++) {
        double z = (double)wide->value[i];
        wide->value[i] = (real)(z * erfc(-z / sqrt(2.0)) / 2);
    }
    return tensor_add(x, plain_linear(&b->narrow, wide));
}

static void test_formula(void)
{
    Model m = model_make();
    for (int causal = 0; causal < 2; causal++) {
        Tensor *part[BATCH];
        for (int i = 0; i < BATCH; i++) {
            Tensor *x = tensor_slice(m.x, 0, i, i + 1);
            part[i] = plain_block(&m.block, tensor_reshape(x, 2, (int[]){LENGTH, WIDTH}), causal);
        }
        Tensor *y = transformer_block_forward(&m.block, m.x, &(TransformerUse){.causal = causal});
        CU_ASSERT(tensor_same_shape(y, m.x));
        CU_ASSERT(gap(y, tensor_concat(part, BATCH, 0)) < 1e-5);
    }
    model_free(&m);
}

/* A later position changes no earlier one, not by a bit; and it does without `causal`. */
static void test_causality(void)
{
    Model m = model_make();
    size_t example = (size_t)LENGTH * WIDTH;
    for (int changed = 1; changed < LENGTH; changed++) {
        Tensor *other = tensor_from(m.tape, 3, m.x->shape, m.x->value);
        size_t same = (size_t)changed * WIDTH * sizeof(real);
        for (size_t i = (size_t)changed * WIDTH; i < example; i++)
            other->value[i] += 1;
        const Tensor *before =
            transformer_block_forward(&m.block, m.x, &(TransformerUse){.causal = true});
        const Tensor *after =
            transformer_block_forward(&m.block, other, &(TransformerUse){.causal = true});
        CU_ASSERT(memcmp(before->value, after->value, same) == 0);
        CU_ASSERT(memcmp(before->value, after->value, example * sizeof(real)) != 0);
        before = transformer_block_forward(&m.block, m.x, &(TransformerUse){0});
        after = transformer_block_forward(&m.block, other, &(TransformerUse){0});
        CU_ASSERT(memcmp(before->value, after->value, same) != 0);
    }
    model_free(&m);
}

/* Masked positions are as good as not there for the others. */
static void test_mask(void)
{
    enum { SEEN = 3 };
    Model m = model_make();
    const int mask[BATCH * LENGTH] = {1, 1, 1, 0, 0, 1, 1, 1, 0, 0};
    Tensor *fewer =
        transformer_block_forward(&m.block, tensor_slice(m.x, 1, 0, SEEN), &(TransformerUse){0});
    Tensor *masked = transformer_block_forward(&m.block, m.x, &(TransformerUse){.key_mask = mask});
    CU_ASSERT(gap(tensor_slice(masked, 1, 0, SEEN), fewer) < 1e-6);
    CU_ASSERT(gap(masked, transformer_block_forward(&m.block, m.x, &(TransformerUse){0})) > 1e-3);
    model_free(&m);
}

static void three_heads(void *context)
{
    (void)context;
    Rng rng = rng_stream(1, "block");
    transformer_block_create(params_create(), "block", WIDTH, 3, &rng);
}

static void test_mistakes(void)
{
    ChildResult result = child_run(three_heads, NULL);
    CU_ASSERT(child_said(&result, ABORTED,
                         "error: transformer: 'block' has 3 heads and width 8; the heads must "
                         "divide the width\n"));
}

const Suite suite = {"nn/transformer",
                     {{"an embedding", test_embedding},
                      {"weights of a block", test_weights},
                      {"a block = its formula", test_formula},
                      {"causality", test_causality},
                      {"masked positions", test_mask},
                      {"mistakes", test_mistakes},
                      {NULL, NULL}}};
