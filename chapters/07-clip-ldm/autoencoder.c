/* Stage 2: the autoencoder, and its family. */
#include "07-clip-ldm/autoencoder.h"

#include "support/memory.h"

#include <math.h>
#include <stdlib.h>

enum { SIDE = 32, FOLD = SIDE / LATENT_SIDE, FOLDED = 3 * FOLD * FOLD };

/* ---------------------------------------------------------------- the network */

AutoencoderNet autoencoder_net_create(Params *params, int channels, Rng *rng)
{
    Activation relu = ACTIVATION_LEAKY_RELU, none = ACTIVATION_NONE;
    int c = channels, latent = LATENT_CHANNELS;
    return (AutoencoderNet){
        .encoder = {conv2d_create(params, "encoder.0", 3, FOLDED, c, 1, relu, rng),
                    conv2d_create(params, "encoder.1", 3, c, c, 1, relu, rng)},
        .code = conv2d_create(params, "encoder.code", 1, c, 2 * latent, 1, none, rng),
        .decoder = {conv2d_create(params, "decoder.0", 3, latent, c, 1, relu, rng),
                    conv2d_create(params, "decoder.1", 3, c, c, 1, relu, rng),
                    conv2d_create(params, "decoder.2", 3, c, c, 1, relu, rng)},
        .out = conv2d_create(params, "decoder.out", 3, c, FOLDED, 1, none, rng),
    };
}

Gaussian autoencoder_encode(const AutoencoderNet *net, Tensor *x)
{
    int n = tensor_rows(x), flat[2] = {n, LATENT_DIMS};
    Tensor *h = tensor_shift(tensor_scale(x, (real)(2 / 255.0)), -1);
    h = tensor_space_to_depth(tensor_reshape(h, 4, (int[]){n, SIDE, SIDE, 3}), FOLD);
    for (int i = 0; i < AUTOENCODER_DOWN; i++)
        h = conv2d_forward(&net->encoder[i], h);
    h = conv2d_forward(&net->code, h);
    Tensor *mean = tensor_slice(h, 3, 0, LATENT_CHANNELS);
    Tensor *logvar = tensor_slice(h, 3, LATENT_CHANNELS, 2 * LATENT_CHANNELS);
    return (Gaussian){tensor_reshape(mean, 2, flat), tensor_reshape(logvar, 2, flat)};
}

Tensor *autoencoder_decode(const AutoencoderNet *net, Tensor *z)
{
    int n = tensor_rows(z);
    Tensor *h = tensor_reshape(z, 4, (int[]){n, LATENT_SIDE, LATENT_SIDE, LATENT_CHANNELS});
    for (int i = 0; i < AUTOENCODER_UP; i++)
        h = conv2d_forward(&net->decoder[i], h);
    h = tensor_depth_to_space(conv2d_forward(&net->out, h), FOLD);
    h = tensor_reshape(h, 2, (int[]){n, SIDE * SIDE * 3});
    return tensor_scale(tensor_shift(h, 1), (real)127.5);
}

/* ---------------------------------------------------------------- the stage */

static const OptionSpec options[] = {
    {"channels", OPTION_INT, "96", "N", "of the convolutions", 4, 1024, NULL},
    {"beta", OPTION_REAL, "0.1", "WEIGHT", "of the KL divergence", 0, 100, NULL},
    {"pixel-sd", OPTION_REAL, "0.05", "SD", "of p(x|z), where black is -1 and white is 1", 1e-3, 10,
     NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static void defaults(Options *o, const Dataset *data)
{
    const char *from = "the chapter's defaults";
    (void)data;
    options_put(o, "batch", "64", from);
    options_put(o, "lr", "1.5e-3", from);
    options_put(o, "steps", "3000", from);
    options_put(o, "lr-warmup", "100", from);
    options_put(o, "clip", "1", from);
}

static Model *create(const Options *o, const Dataset *data, uint64_t seed)
{
    (void)data;
    Autoencoder *a = memory_new(1, sizeof *a);
    Params *params = params_create();
    Rng rng = rng_stream(seed, "weights");
    a->model.family = &autoencoder_family;
    a->net = autoencoder_net_create(params, (int)options_int(o, "channels"), &rng);
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

static double validate_part(Model *model, Tensor *part, Rng *noise)
{
    double error, kl;
    return (double)tensor_item(loss_of((const Autoencoder *)model, part, noise, &error, &kl));
}

static double validate(Model *model, Tensor *x, Rng noise)
{
    return family_mean_in_parts(model, x, noise, validate_part);
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
};
