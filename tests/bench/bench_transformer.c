/* Benchmark models with transformers. */
#include "bench/bench_models.h"

#include <math.h>
#include <stdio.h>

/* Whole numbers 0 .. below-1 made from N(0, 1) numbers: nearly uniform. */
static void numbers_from(const real *x, int n, int below, int *number)
{
    for (int i = 0; i < n; i++)
        number[i] = (int)(fabs((double)x[i]) * 1000) % below;
}

static double block_multiply_adds(int positions, int width)
{
    return 12.0 * width * width * positions;
}

/* symbol (or word) + position: [batch, positions, width]. */
static Tensor *embed(const Embedding *symbol, const Embedding *position, const int *id, int batch)
{
    int positions = position->table->shape[0], width = position->table->shape[1];
    int shape[3] = {batch, positions, width}, one[3] = {1, positions, width};
    Tensor *found = embedding_forward(symbol, id, batch * positions);
    return tensor_add(tensor_reshape(found, 3, shape), tensor_reshape(position->table, 3, one));
}

/* ---------------------------------------------------------------- transformer: 4 layers, width
 * 128, 4 heads, context 64, 65 symbols, batch 12 */

enum { LAYERS = 4, CONTEXT = 64, WIDTH = 128, HEADS = 4, SYMBOLS = 65, SEQUENCES = 12 };

static void transformer_create(BenchModel *model, Rng *rng)
{
    Params *p = model->params;
    char name[32];
    model->net.transformer.symbol = embedding_create(p, "symbol", SYMBOLS, WIDTH, rng);
    model->net.transformer.position = embedding_create(p, "position", CONTEXT, WIDTH, rng);
    for (int i = 0; i < LAYERS; i++) {
        snprintf(name, sizeof name, "block%d", i);
        model->net.transformer.block[i] = transformer_block_create(p, name, WIDTH, HEADS, rng);
    }
    model->net.transformer.norm = layer_norm_create(p, "norm", WIDTH);
    model->net.transformer.out = linear_create(p, "out", WIDTH, SYMBOLS, ACTIVATION_NONE, rng);
    model->multiply_adds =
        LAYERS * block_multiply_adds(CONTEXT, WIDTH) + (double)CONTEXT * WIDTH * SYMBOLS;
}

/* Each symbol from those before it, nats. */
static Tensor *transformer_loss(BenchModel *model, Tensor *x, Rng *noise)
{
    (void)noise;
    int row[CONTEXT + 1], seen[SEQUENCES * CONTEXT], next[SEQUENCES * CONTEXT];
    for (int b = 0; b < SEQUENCES; b++) {
        numbers_from(x->value + (size_t)b * (CONTEXT + 1), CONTEXT + 1, SYMBOLS, row);
        for (int t = 0; t < CONTEXT; t++) {
            seen[b * CONTEXT + t] = row[t];
            next[b * CONTEXT + t] = row[t + 1];
        }
    }
    Tensor *h =
        embed(&model->net.transformer.symbol, &model->net.transformer.position, seen, SEQUENCES);
    for (int i = 0; i < LAYERS; i++)
        h = transformer_block_forward(&model->net.transformer.block[i], h,
                                      &(TransformerUse){.causal = true});
    h = layer_norm_forward(&model->net.transformer.norm, h);
    Tensor *logits = tensor_linear(h, model->net.transformer.out.weight, NULL, ACTIVATION_NONE);
    return tensor_mean(tensor_cross_entropy(logits, next));
}

BenchModel bench_transformer = {.name = "transformer",
                                .batch = SEQUENCES,
                                .dims = CONTEXT + 1,
                                .create = transformer_create,
                                .loss = transformer_loss};

/* ---------------------------------------------------------------- clip: images 32x32x3 through
 * three convolutions, 16 of 64 words through two blocks of width 64, both to 64, batch 128 */

enum { PAIRS = 128, SIDE = 32, WORDS = 64, WORDS_EACH = 16, TEXT_WIDTH = 64, SHARED = 64 };

static void clip_create(BenchModel *model, Rng *rng)
{
    static const int channels[4] = {3, 32, 64, 128};
    Params *p = model->params;
    char name[32];
    for (int i = 0, side = SIDE / 2; i < 3; i++, side /= 2) {
        int in = channels[i], out = channels[i + 1];
        snprintf(name, sizeof name, "conv%d", i);
        model->net.clip.conv[i] = conv2d_create(p, name, 3, in, out, 2, ACTIVATION_RELU, rng);
        model->multiply_adds += 9.0 * in * out * side * side;
    }
    int flat = channels[3] * SIDE / 8 * SIDE / 8;
    model->net.clip.image_out = linear_create(p, "image_out", flat, SHARED, ACTIVATION_NONE, rng);
    model->net.clip.word = embedding_create(p, "word", WORDS, TEXT_WIDTH, rng);
    model->net.clip.position = embedding_create(p, "position", WORDS_EACH, TEXT_WIDTH, rng);
    for (int i = 0; i < 2; i++) {
        snprintf(name, sizeof name, "block%d", i);
        model->net.clip.block[i] = transformer_block_create(p, name, TEXT_WIDTH, 4, rng);
    }
    model->net.clip.norm = layer_norm_create(p, "norm", TEXT_WIDTH);
    model->net.clip.text_out =
        linear_create(p, "text_out", TEXT_WIDTH, SHARED, ACTIVATION_NONE, rng);
    model->net.clip.log_scale = params_weight(p, "log_scale", 2, (int[]){1, 1});
    model->net.clip.log_scale->value[0] = (real)log(1 / 0.07);
    model->multiply_adds += (double)flat * SHARED + TEXT_WIDTH * SHARED +
                            2 * block_multiply_adds(WORDS_EACH, TEXT_WIDTH);
}

static Tensor *rows_to_length_1(Tensor *x)
{
    return tensor_div(x, tensor_sqrt(tensor_sum_axis(tensor_square(x), 1)));
}

static Tensor *clip_image(BenchModel *model, Tensor *x)
{
    Tensor *h = tensor_reshape(x, 4, (int[]){PAIRS, SIDE, SIDE, 3});
    for (int i = 0; i < 3; i++)
        h = conv2d_forward(&model->net.clip.conv[i], h);
    h = tensor_reshape(h, 2, (int[]){PAIRS, -1});
    return rows_to_length_1(linear_forward(&model->net.clip.image_out, h));
}

static Tensor *clip_text(BenchModel *model, const int *id)
{
    Tensor *h = embed(&model->net.clip.word, &model->net.clip.position, id, PAIRS);
    for (int i = 0; i < 2; i++)
        h = transformer_block_forward(&model->net.clip.block[i], h, &(TransformerUse){0});
    h = tensor_mean_axis(layer_norm_forward(&model->net.clip.norm, h), 1);
    h = linear_forward(&model->net.clip.text_out, tensor_reshape(h, 2, (int[]){PAIRS, -1}));
    return rows_to_length_1(h);
}

/* Which text belongs to an image and which image to a text, mean of both in nats. */
static Tensor *clip_loss(BenchModel *model, Tensor *x, Rng *noise)
{
    int id[PAIRS * WORDS_EACH], own[PAIRS];
    real drawn[PAIRS * WORDS_EACH];
    rng_normal(noise, drawn, PAIRS * WORDS_EACH);
    numbers_from(drawn, PAIRS * WORDS_EACH, WORDS, id);
    for (int i = 0; i < PAIRS; i++)
        own[i] = i;
    Tensor *image = clip_image(model, x), *text = clip_text(model, id);
    Tensor *cosine = tensor_matmul_transposed(image, text);
    Tensor *logits = tensor_mul(cosine, tensor_exp(model->net.clip.log_scale));
    Tensor *turned = tensor_permute(logits, (int[]){1, 0});
    Tensor *nats = tensor_add(tensor_mean(tensor_cross_entropy(logits, own)),
                              tensor_mean(tensor_cross_entropy(turned, own)));
    return tensor_scale(nats, (real)0.5);
}

BenchModel bench_clip = {.name = "clip",
                         .batch = PAIRS,
                         .dims = SIDE * SIDE * 3,
                         .create = clip_create,
                         .loss = clip_loss};
