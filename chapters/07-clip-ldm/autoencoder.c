/* Stage 2: the autoencoder, and its family. */
#include "07-clip-ldm/autoencoder.h"

#include "07-clip-ldm/gallery.h"
#include "07-clip-ldm/sentence.h"
#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 32, FOLD = SIDE / LATENT_SIDE, FOLDED = 3 * FOLD * FOLD };

/* ---------------------------------------------------------------- the network */

/* The second convolution starts at zero: the block begins as the identity. */
static ResidualBlock2d block_create(Params *params, const char *name, int number, int channels,
                                    Rng *rng)
{
    char *full = memory_format("%s.%d", name, number);
    ResidualBlock2d block = {
        .norm = {group_norm_create_part(params, full, "norm0", channels, AUTOENCODER_GROUPS)}};
    block.conv[0] = conv2d_create_part(params, full, "conv0", 3, channels, channels, 1, rng);
    block.norm[1] = group_norm_create_part(params, full, "norm1", channels, AUTOENCODER_GROUPS);
    block.conv[1] = conv2d_create_part(params, full, "conv1", 3, channels, channels, 1, rng);
    memset(block.conv[1].weight->value, 0, block.conv[1].weight->size * sizeof(real));
    free(full);
    return block;
}

AutoencoderNet autoencoder_net_create(Params *params, int channels, Rng *rng)
{
    AutoencoderNet net = {
        .in = conv2d_create_part(params, "encoder", "in", 3, FOLDED, channels, 1, rng)};
    for (int i = 0; i < AUTOENCODER_DOWN; i++)
        net.encoder[i] = block_create(params, "encoder", i, channels, rng);
    net.encoder_norm =
        group_norm_create_part(params, "encoder", "norm", channels, AUTOENCODER_GROUPS);
    net.code =
        conv2d_create_part(params, "encoder", "code", 1, channels, 2 * LATENT_CHANNELS, 1, rng);
    net.open = conv2d_create_part(params, "decoder", "open", 3, LATENT_CHANNELS, channels, 1, rng);
    for (int i = 0; i < AUTOENCODER_UP; i++)
        net.decoder[i] = block_create(params, "decoder", i, channels, rng);
    net.decoder_norm =
        group_norm_create_part(params, "decoder", "norm", channels, AUTOENCODER_GROUPS);
    net.out = conv2d_create_part(params, "decoder", "out", 3, channels, FOLDED, 1, rng);
    return net;
}

static Tensor *block_forward(const ResidualBlock2d *block, Tensor *x)
{
    Tensor *h = conv2d_forward(&block->conv[0], group_norm_silu_forward(&block->norm[0], x));
    h = conv2d_forward(&block->conv[1], group_norm_silu_forward(&block->norm[1], h));
    return tensor_add(x, h);
}

Gaussian autoencoder_encode(const AutoencoderNet *net, Tensor *x)
{
    int n = tensor_rows(x), flat[2] = {n, LATENT_DIMS};
    Tensor *h = tensor_shift(tensor_scale(x, (real)(2 / 255.0)), -1);
    h = tensor_space_to_depth(tensor_reshape(h, 4, (int[]){n, SIDE, SIDE, 3}), FOLD);
    h = conv2d_forward(&net->in, h);
    for (int i = 0; i < AUTOENCODER_DOWN; i++)
        h = block_forward(&net->encoder[i], h);
    h = conv2d_forward(&net->code, group_norm_silu_forward(&net->encoder_norm, h));
    Tensor *mean = tensor_slice(h, 3, 0, LATENT_CHANNELS);
    Tensor *logvar = tensor_slice(h, 3, LATENT_CHANNELS, 2 * LATENT_CHANNELS);
    return (Gaussian){tensor_reshape(mean, 2, flat), tensor_reshape(logvar, 2, flat)};
}

Tensor *autoencoder_decode(const AutoencoderNet *net, Tensor *z)
{
    int n = tensor_rows(z);
    Tensor *h = tensor_reshape(z, 4, (int[]){n, LATENT_SIDE, LATENT_SIDE, LATENT_CHANNELS});
    h = conv2d_forward(&net->open, h);
    for (int i = 0; i < AUTOENCODER_UP; i++)
        h = block_forward(&net->decoder[i], h);
    h = conv2d_forward(&net->out, group_norm_silu_forward(&net->decoder_norm, h));
    h = tensor_reshape(tensor_depth_to_space(h, FOLD), 2, (int[]){n, SIDE * SIDE * 3});
    return tensor_scale(tensor_shift(h, 1), (real)127.5);
}

/* ---------------------------------------------------------------- the stage */

static const OptionSpec options[] = {
    {"channels", OPTION_INT, "64", "N", "of the convolutions, a multiple of 8", 8, 1024, NULL},
    {"beta", OPTION_REAL, "0.05", "WEIGHT", "of the KL divergence", 0, 100, NULL},
    {"pixel-sd", OPTION_REAL, "0.05", "SD", "of p(x|z), where black is -1 and white is 1", 1e-3, 10,
     NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static void defaults(Options *o, const Dataset *data)
{
    const char *from = "the chapter's defaults";
    sentence_check_data(data);
    options_put(o, "batch", "64", from);
    options_put(o, "lr", "2.5e-3", from);
    options_put(o, "steps", "2000", from);
    options_put(o, "lr-warmup", "100", from);
    options_put(o, "clip", "1", from);
}

static Model *create(const Options *o, const Dataset *data, uint64_t seed)
{
    (void)data;
    int channels = (int)options_int(o, "channels");
    if (channels % AUTOENCODER_GROUPS != 0)
        refuse_usage("--channels %d: is not a multiple of %d", channels, AUTOENCODER_GROUPS);
    Autoencoder *a = memory_new(1, sizeof *a);
    Params *params = params_create();
    Rng rng = rng_stream(seed, "weights");
    a->model.family = &autoencoder_family;
    a->net = autoencoder_net_create(params, channels, &rng);
    a->beta = options_real(o, "beta");
    a->sd = options_real(o, "pixel-sd");
    model_add_part(&a->model, "autoencoder", params, family_optimizer_rule(o),
                   options_real(o, "ema"));
    return &a->model;
}

static void destroy(Model *model)
{
    model_free_parts(model);
    free(model);
}

/* -E_q[log p(x|z)] + beta KL with one draw, over the numbers of a picture -> [1], nats; the
 * constant of log p is left out, and all is divided by the number of latents so that steps have a
 * usual size.
 */
static Tensor *loss_of(const Autoencoder *a, Tensor *x, Rng *noise, double *error, double *kl)
{
    Gaussian q = autoencoder_encode(&a->net, x);
    Tensor *again = autoencoder_decode(&a->net, gaussian_sample(q, noise));
    double unit = 127.5; /* levels */
    Tensor *square =
        tensor_mean(tensor_square(tensor_scale(tensor_sub(x, again), (real)(1 / unit))));
    Tensor *divergence = tensor_mean(gaussian_kl_to_standard(q));
    *error = unit * sqrt((double)tensor_item(square));
    *kl = (double)tensor_item(divergence);
    double fit = (double)SIDE * SIDE * 3 / (2 * a->sd * a->sd);
    return tensor_scale(
        tensor_add(tensor_scale(square, (real)fit), tensor_scale(divergence, (real)a->beta)),
        (real)(1.0 / LATENT_DIMS));
}

static void train_step(Model *model, Step *step, double *logged)
{
    const Autoencoder *a = (const Autoencoder *)model;
    Tensor *loss = loss_of(a, step->x, &step->noise, &logged[1], &logged[2]);
    tape_backward(loss);
    optimizer_update(model->part[0].optimizer, step->learning_rate);
    logged[0] = (double)tensor_item(loss);
}

/* On the first 250 pictures: more would cost much time. */
static double validate(Model *model, Tensor *x, Rng noise)
{
    enum { MOST = 250 };
    double error, kl;
    Tensor *part = tensor_slice(x, 0, 0, tensor_rows(x) < MOST ? tensor_rows(x) : MOST);
    return (double)tensor_item(loss_of((const Autoencoder *)model, part, &noise, &error, &kl));
}

/* Test pictures, and below each what is left of it. */
static void figures_of(Model *model, const Task *task)
{
    enum { SHOWN = 12 };
    static const char *const row[] = {"picture", "decoded"};
    const Autoencoder *a = (const Autoencoder *)model;
    real *both = memory_new(2 * SHOWN * (size_t)task->data->dims, sizeof *both);
    real *again = both + SHOWN * (size_t)task->data->dims;
    dataset_fetch_range(task->data, SPLIT_TEST, 0, SHOWN, NULL, both, NULL, NULL);
    model_bind(model, task->tape);
    Tensor *x = tensor_from(task->tape, 2, (int[]){SHOWN, task->data->dims}, both);
    const Tensor *y = autoencoder_decode(&a->net, autoencoder_encode(&a->net, x).mean);
    memcpy(again, y->value, y->size * sizeof *again);
    gallery_figure(task->figures,
                   &(FigureText){.name = "reconstructions",
                                 .title = "Test pictures, and what 256 numbers keep of them"},
                   both, 2, SHOWN, row, NULL);
    free(both);
}

static const char *const columns[] = {"neg_bound", "error_levels", "kl", NULL};

const Family autoencoder_family = {
    .name = "clip-ldm",
    .stage = "autoencoder",
    .purpose = "Pictures to small latents and back (Rombach et al. 2022).",
    .data_kinds = DATA_COLOUR,
    .data = "shapes",
    .options = options,
    .columns = columns,
    .loss_unit = "nats a latent, without the constant",
    .defaults = defaults,
    .create = create,
    .destroy = destroy,
    .train_step = train_step,
    .validate = validate,
    .figures = figures_of,
};
