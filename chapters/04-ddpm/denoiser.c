#include "04-ddpm/denoiser.h"

#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

Tensor *time_features(Tensor *position)
{
    enum { HALF = TIME_FEATURES / 2 };
    int n = tensor_rows(position);
    Tensor *features = tensor_new_matrix(position->tape, n, TIME_FEATURES);
    double frequency[HALF];
    for (int j = 0; j < HALF; j++)
        frequency[j] = pow(10000, -(double)j / (HALF - 1));
    for (int i = 0; i < n; i++)
        for (int j = 0; j < HALF; j++) {
            real *row = features->value + (size_t)i * TIME_FEATURES;
            double angle = (double)position->value[i] * frequency[j];
            row[j] = (real)cos(angle);
            row[HALF + j] = (real)sin(angle);
        }
    return tensor_name(features, "time features");
}

Tensor *class_rows(Tape *tape, const int *label, int n, int classes)
{
    Tensor *rows = tensor_fill(tape, 2, (int[]){n, classes + 1}, 0);
    for (int i = 0; i < n; i++) {
        int at = label == NULL || label[i] == -1 ? classes : label[i];
        if (at < 0 || at > classes || (label != NULL && label[i] == classes))
            fail("denoiser: label %d in row %d; the classes are 0 to %d", label[i], i, classes - 1);
        rows->value[(size_t)i * (size_t)(classes + 1) + (size_t)at] = 1;
    }
    return tensor_name(rows, "classes");
}

/* ---------------------------------------------------------------- the embedding */

/* Weights N(0, sd^2). */
static void spread(Linear *linear, double sd, Rng *rng)
{
    rng_normal(rng, linear->weight->value, linear->weight->size);
    for (size_t i = 0; i < linear->weight->size; i++)
        linear->weight->value[i] *= (real)sd;
}

static Linear linear_named(Params *params, const char *name, const char *part, int in, int out,
                           Rng *rng)
{
    char *full = memory_format("%s.%s", name, part);
    Linear linear = linear_create(params, full, in, out, ACTIVATION_NONE, rng);
    free(full);
    spread(&linear, 1 / sqrt(in), rng);
    return linear;
}

static TimeEmbedding time_embedding_create(Params *params, const char *name, int width, int classes,
                                           Rng *rng)
{
    TimeEmbedding embedding = {.classes = classes, .width = width};
    embedding.first = linear_named(params, name, "time.0", TIME_FEATURES, width, rng);
    embedding.second = linear_named(params, name, "time.1", width, width, rng);
    if (classes > 0) {
        embedding.class_table =
            params_weight_of(params, name, "class", 2, (int[]){classes + 1, width});
        rng_normal(rng, embedding.class_table->value, embedding.class_table->size);
    }
    return embedding;
}

Tensor *time_embedding_forward(const TimeEmbedding *embedding, Tensor *position, Tensor *class)
{
    Tensor *hidden = tensor_silu(linear_forward(&embedding->first, time_features(position)));
    Tensor *time = linear_forward(&embedding->second, hidden);
    if (embedding->class_table == NULL && class != NULL)
        fail("denoiser: classes for a network that was made without");
    if (embedding->class_table == NULL)
        return time;
    if (class == NULL)
        class = class_rows(position->tape, NULL, tensor_rows(position), embedding->classes);
    return tensor_add(time, tensor_matmul(class, embedding->class_table));
}

/* ---------------------------------------------------------------- the residual MLP */

static void zero(Linear *linear)
{
    memset(linear->weight->value, 0, linear->weight->size * sizeof(real));
}

/* Random features of many places and directions: from few inputs a rule that keeps variances leaves
 * silu nearly straight, and v, which no straight function of x predicts, is hardly learned. With 4
 * 8gaussians, checkerboard and 2spirals had a tenth of the gap that they had with 1. */
static void open_wide(Linear *linear, int in, Rng *rng)
{
    spread(linear, 4 / sqrt(in), rng);
    rng_normal(rng, linear->bias->value, linear->bias->size);
}

static ResidualMlp residual_create(Params *params, const char *name, int dims, int width,
                                   int blocks, Rng *rng)
{
    ResidualMlp mlp = {.blocks = blocks};
    if (blocks > RESIDUAL_MOST_BLOCKS)
        fail("denoiser: %d blocks; at most %d", blocks, RESIDUAL_MOST_BLOCKS);
    mlp.in = linear_named(params, name, "in", dims, width, rng);
    open_wide(&mlp.in, dims, rng);
    for (int b = 0; b < blocks; b++) {
        char *block = memory_format("%s.block.%d", name, b);
        mlp.block[b].up = linear_named(params, block, "up", width, width, rng);
        mlp.block[b].embed = linear_named(params, block, "embed", width, width, rng);
        mlp.block[b].down = linear_named(params, block, "down", width, width, rng);
        zero(&mlp.block[b].down);
        free(block);
    }
    mlp.out = linear_named(params, name, "out", width, dims, rng);
    zero(&mlp.out);
    return mlp;
}

/* h += V silu(U silu(h) + e P) */
static Tensor *residual_forward(const ResidualMlp *mlp, Tensor *x, Tensor *e)
{
    Tensor *h = linear_forward(&mlp->in, x);
    for (int b = 0; b < mlp->blocks; b++) {
        const ResidualBlock *block = &mlp->block[b];
        Tensor *inner = tensor_add(linear_forward(&block->up, tensor_silu(h)),
                                   linear_forward(&block->embed, e));
        h = tensor_add(h, linear_forward(&block->down, tensor_silu(inner)));
    }
    return linear_forward(&mlp->out, tensor_silu(h));
}

/* ---------------------------------------------------------------- the denoiser */

Denoiser denoiser_create_mlp(Params *params, const char *name, int dims, int width, int blocks,
                             int classes, Rng *rng)
{
    Denoiser denoiser = {.kind = NETWORK_MLP, .dims = dims};
    denoiser.embedding = time_embedding_create(params, name, width, classes, rng);
    denoiser.mlp = residual_create(params, name, dims, width, blocks, rng);
    return denoiser;
}

Denoiser denoiser_create_unet(Params *params, const char *name, int height, int width,
                              UNetShape shape, int classes, Rng *rng)
{
    Denoiser denoiser = {.kind = NETWORK_UNET,
                         .dims = height * width * shape.channels,
                         .height = height,
                         .width = width};
    denoiser.embedding = time_embedding_create(params, name, shape.embedding, classes, rng);
    denoiser.unet = unet_create(params, name, shape, rng);
    return denoiser;
}

static Tensor *image_forward(const Denoiser *denoiser, Tensor *x, Tensor *e)
{
    int channels = denoiser->unet.shape.channels;
    int shape[4] = {tensor_rows(x), denoiser->height, denoiser->width, channels};
    return tensor_reshape(unet_forward(&denoiser->unet, tensor_reshape(x, 4, shape), e), 2,
                          x->shape);
}

Tensor *denoiser_forward(const Denoiser *denoiser, Tensor *x, Tensor *position, Tensor *class)
{
    Tensor *e = tensor_silu(time_embedding_forward(&denoiser->embedding, position, class));
    switch (denoiser->kind) {
    case NETWORK_MLP:
        return residual_forward(&denoiser->mlp, x, e);
    case NETWORK_UNET:
        return image_forward(denoiser, x, e);
    }
    fail("denoiser: kind %d is none of NetworkKind", (int)denoiser->kind);
}
