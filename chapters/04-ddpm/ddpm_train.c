/* The family: options, creation, one training step. */
#include "04-ddpm/ddpm.h"

#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const OptionSpec options[] = {
    {"objective", OPTION_CHOICE, NULL, "NAME", "what the network predicts", 0, 0,
     "noise|x0|v|flow"},
    {"timesteps", OPTION_INT, "1000", "T", "steps of the forward process", 2, 100000, NULL},
    {"noise-schedule", OPTION_CHOICE, NULL, "NAME", "how noise grows over the steps", 0, 0,
     "linear|cosine"},
    {"variance", OPTION_CHOICE, "large", "NAME", "fixed variance of a step back", 0, 0,
     "small|large"},
    {"network", OPTION_CHOICE, NULL, "NAME",
     "residual MLP; U-Net on pixels folded 2 x 2 into channels; U-Net on the pixels", 0, 0,
     "mlp|unet|unet-pixel"},
    {"hidden", OPTION_INT, "128", "N", "width of the MLP", 1, 65536, NULL},
    {"blocks", OPTION_INT, "3", "N", "residual blocks of the MLP", 1, RESIDUAL_MOST_BLOCKS, NULL},
    {"channels", OPTION_INTS, NULL, "N,N...", "channels of the U-Net, a level each; multiples of 8",
     UNET_GROUPS, 1024, NULL},
    {"conditional", OPTION_CHOICE, NULL, "WHETHER", "learn with the labels, for guidance", 0, 0,
     "yes|no"},
    {"drop", OPTION_REAL, "0.1", "SHARE", "labels left out in training of a conditional run", 0, 1,
     NULL},
    {"input", OPTION_CHOICE, "grid", "NAME",
     "images as they are, for the bound, or with uniform noise added, for the ODE's density", 0, 0,
     "grid|dequantised"},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static void defaults(Options *o, const Dataset *data)
{
    const char *from = "the chapter's defaults";
    bool points = data->kind == DATA_POINTS;
    bool many = data->count[SPLIT_TRAIN] > 50000;
    bool square = data->height % 4 == 0 && data->width % 4 == 0;
    options_put(o, "objective", points ? "v" : "noise", from);
    options_put(o, "noise-schedule", points ? "cosine" : "linear", from);
    options_put(o, "network", points || !square ? "mlp" : "unet", from);
    options_put(o, "channels",
                strcmp(options_text(o, "network"), "unet") == 0 ? "32,64" : "32,64,64", from);
    options_put(o, "conditional", !points && data->classes > 0 ? "yes" : "no", from);
    options_put(o, "batch", points ? "512" : "64", from);
    options_put(o, "lr", "1e-3", from);
    options_put(o, "steps", points ? "12000" : many ? "7000" : "3000", from);
    options_put(o, "ema", "0.999", from);
}

/* Images: -1 to 1 over the levels, or over the levels' whole width where noise was added. */
static void set_units(Ddpm *ddpm, const Dataset *data)
{
    double half = 0.5 * (ddpm->levels - (ddpm->input == INPUT_GRID ? 1 : 0));
    dataset_units(data, half, ddpm->center->value, ddpm->scale->value);
}

static bool is(const Options *o, const char *name, const char *value)
{
    return strcmp(options_text(o, name), value) == 0;
}

/* The U-Net's levels, each half as large as the one above, must divide the image. */
static UNetShape unet_shape(const Options *o, const Dataset *data)
{
    UNetShape shape = {.fold = is(o, "network", "unet") ? 2 : 1, .channels = data->channels};
    int width[OPTIONS_MOST_INTS], cell;
    shape.levels = options_ints(o, "channels", width);
    if (shape.levels > UNET_MOST_LEVELS)
        refuse_usage("--channels: %d levels; at most %d", shape.levels, UNET_MOST_LEVELS);
    for (int i = 0; i < shape.levels; i++) {
        shape.width[i] = width[i];
        if (width[i] % UNET_GROUPS != 0)
            refuse_usage("--channels: %d is not a multiple of %d", width[i], UNET_GROUPS);
    }
    cell = shape.fold << (shape.levels - 1);
    if (data->height % cell != 0 || data->width % cell != 0)
        refuse_usage("--network %s: its %d levels need images whose sides are multiples of %d; %s "
                     "has %d x %d. Use fewer --channels or --network mlp",
                     options_text(o, "network"), shape.levels, cell, data->name, data->height,
                     data->width);
    shape.embedding = 4 * shape.width[0];
    return shape;
}

static Denoiser network_create(Params *params, const Options *o, const Dataset *data, int classes,
                               Rng *rng)
{
    if (is(o, "network", "mlp"))
        return denoiser_create_mlp(params, "net", data->dims, (int)options_int(o, "hidden"),
                                   (int)options_int(o, "blocks"), classes, rng);
    if (data->kind == DATA_POINTS)
        refuse_usage("--network %s is for images; %s are points: leave it out",
                     options_text(o, "network"), data->name);
    return denoiser_create_unet(params, "net", data->height, data->width, unet_shape(o, data),
                                classes, rng);
}

static Model *create(const Options *o, const Dataset *data, uint64_t seed)
{
    Ddpm *ddpm = memory_new(1, sizeof *ddpm);
    Params *params = params_create();
    Rng rng = rng_stream(seed, "weights");
    bool conditional = is(o, "conditional", "yes");
    if (conditional && data->classes == 0)
        refuse_usage("--conditional yes: %s has no labels; leave it out", data->name);
    ddpm->model.family = &ddpm_family;
    ddpm->kind = data->kind;
    ddpm->dims = data->dims;
    ddpm->levels = data->levels;
    ddpm->classes = conditional ? data->classes : 0;
    ddpm->drop = options_real(o, "drop");
    ddpm->input = is(o, "input", "grid") ? INPUT_GRID : INPUT_DEQUANTISED;
    ddpm->prediction = (PredictionKind)options_choice(o, "objective");
    ddpm->variance = is(o, "variance", "small") ? VARIANCE_SMALL : VARIANCE_LARGE;
    ddpm->schedule =
        noise_schedule_create(is(o, "noise-schedule", "linear") ? NOISE_LINEAR : NOISE_COSINE,
                              (int)options_int(o, "timesteps"));
    ddpm->center = params_buffer(params, "center", 2, (int[]){1, data->dims});
    ddpm->scale = params_buffer(params, "scale", 2, (int[]){1, data->dims});
    set_units(ddpm, data);
    ddpm->net = network_create(params, o, data, ddpm->classes, &rng);
    model_add_part(&ddpm->model, "ddpm", params, family_optimizer_rule(o), options_real(o, "ema"));
    return &ddpm->model;
}

static void destroy(Model *model)
{
    noise_schedule_free(((Ddpm *)model)->schedule);
    model_free_parts(model);
    free(model);
}

/* Noise the batch, ask the network, backward, one update. Rows are in the order of their times, so
 * thirds of the batch are thirds of the process. */
static void train_step(Model *model, Step *step, double *logged)
{
    Ddpm *ddpm = (Ddpm *)model;
    int n = tensor_rows(step->x);
    Tensor *x0 = ddpm_to_network(ddpm, step->x, &step->noise);
    Noised noised = ddpm_noised(ddpm, x0, &step->noise);
    Tensor *class = ddpm_classes(ddpm, step->tape, step->label, n, &step->noise);
    Tensor *loss = ddpm_loss(ddpm, &noised, class);
    tape_backward(tensor_mean(loss));
    optimizer_update(model->part[0].optimizer, step->learning_rate);
    logged[0] = tensor_mean_value(loss);
    for (int third = 0; third < 3; third++)
        logged[1 + third] = tensor_mean_between(loss, third * n / 3, (third + 1) * n / 3);
}

static double validate_part(Model *model, Tensor *part, Rng *noise)
{
    const Ddpm *ddpm = (const Ddpm *)model;
    Tensor *x0 = ddpm_to_network(ddpm, part, noise);
    Noised noised = ddpm_noised(ddpm, x0, noise);
    return tensor_mean_value(ddpm_loss(ddpm, &noised, NULL));
}

static double validate(Model *model, Tensor *x, Rng noise)
{
    return family_mean_in_parts(model, x, noise, validate_part);
}

static bool is_conditional(const Model *model)
{
    return ((const Ddpm *)model)->classes > 0;
}

static const char *const columns[] = {"loss", "loss_little_noise", "loss_more", "loss_most", NULL};

static const OptionValue quick_eval[] = {
    {"bound-steps", "20"}, {"ode-tolerance", "1e-2"}, {NULL, NULL}};

const Family ddpm_family = {
    .name = "ddpm",
    .purpose = "Denoising diffusion (Ho et al. 2020) and flow matching (Lipman et al. 2023): "
               "samples, guidance, likelihoods.",
    .data_kinds = DATA_POINTS | DATA_BINARY | DATA_GREY,
    .data = "8gaussians",
    .options = options,
    .eval_options = ddpm_eval_options,
    .quick_eval = quick_eval,
    .sample_options = ddpm_sample_options,
    .loss_unit = "mean square",
    .columns = columns,
    .commands = ddpm_commands,
    .defaults = defaults,
    .create = create,
    .destroy = destroy,
    .train_step = train_step,
    .validate = validate,
    .evaluate = ddpm_evaluate,
    .sample = ddpm_sample,
    .conditional = is_conditional,
    .figures = ddpm_figures,
};
