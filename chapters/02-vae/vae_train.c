/* The family: options, creation, one training step, samples. */
#include "02-vae/vae.h"

#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const OptionSpec options[] = {
    {"latent", OPTION_INTS, NULL, "N[,N]",
     "width of the latent; two widths make two stochastic layers", 1, 4096, NULL},
    {"hidden", OPTION_INTS, NULL, "N,N...", "hidden layers of encoder and decoder", 1, 65536, NULL},
    {"hidden-top", OPTION_INTS, "100,100", "N,N...",
     "hidden layers between the two stochastic layers", 1, 65536, NULL},
    {"objective", OPTION_CHOICE, "elbo", "NAME", "what is climbed", 0, 0, "elbo|iwae"},
    {"k", OPTION_INT, "5", "K", "samples an example of --objective iwae", 1, 10000, NULL},
    {"dreg", OPTION_FLAG, NULL, NULL,
     "doubly reparameterized encoder gradient (with --objective iwae)", 0, 0, NULL},
    {"beta", OPTION_REAL, "1", "B", "weight of the KL (with --objective elbo); 1 is the bound", 0,
     1000, NULL},
    {"kl-warmup", OPTION_REAL, "0", "SHARE",
     "share of the steps over which the KL's weight rises from 0", 0, 1, NULL},
    {"posterior", OPTION_CHOICE, "gaussian", "NAME",
     "q(z|x): a Gaussian, or one bent by autoregressive layers", 0, 0, "gaussian|flow"},
    {"flow-layers", OPTION_INT, "4", "N", "layers of --posterior flow", 1, 60, NULL},
    {"flow-hidden", OPTION_INTS, "200,200", "N,N...", "hidden units of each layer's network", 1,
     65536, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

/* What a default depends on the data for: the paper's architecture on images, a small one on the
 * plane; as many steps as the data are worth. Batch and learning rate of the images were chosen on
 * MNIST's validation images: of 1e-3 .. 8e-3 at batch 100, 4e-3 ended best, and batch 200 was as
 * good for each example seen. */
static void defaults(Options *o, const Dataset *data)
{
    const char *from = "the chapter's defaults";
    bool points = data->kind == DATA_POINTS;
    bool small = data->dims < 100;
    bool many = data->count[SPLIT_TRAIN] > 50000;
    options_put(o, "latent", points ? "2" : small ? "4" : "50", from);
    options_put(o, "hidden", points ? "128,128" : "200,200", from);
    options_put(o, "batch", points ? "256" : small ? "100" : "200", from);
    options_put(o, "lr", points || small ? "1e-3" : "4e-3", from);
    options_put(o, "steps", points || !many ? "20000" : "100000", from);
    if (strcmp(options_text(o, "posterior"), "flow") == 0)
        options_put(o, "clip", "20", from); /* rare large gradients of the sampled KL */
}

static GaussianNet net_create(Params *params, const char *name, int in, const int *hidden, int n,
                              int out, Rng *rng)
{
    GaussianNet net;
    int width = mlp_width(in, hidden, n);
    char *mean = memory_format("%s.mean", name), *logvar = memory_format("%s.logvar", name);
    net.hidden = mlp_create(params, name, in, hidden, n, ACTIVATION_TANH, rng);
    net.mean = linear_create(params, mean, width, out, ACTIVATION_NONE, rng);
    net.logvar = linear_create(params, logvar, width, out, ACTIVATION_NONE, rng);
    free(mean);
    free(logvar);
    return net;
}

/* The decoder mirrors the encoder: hidden layers in reverse order. */
static void reverse(int *value, int n)
{
    for (int i = 0; i < n / 2; i++) {
        int swap = value[i];
        value[i] = value[n - 1 - i];
        value[n - 1 - i] = swap;
    }
}

static void fill(real *value, size_t n, double with)
{
    for (size_t i = 0; i < n; i++)
        value[i] = (real)with;
}

/* Mean of the training data as the encoder sees them; of the first 10,000 where there are more. */
static void mean_of_data(const Vae *vae, const Dataset *data, uint64_t seed, real *mean)
{
    enum { MOST = 10000 };
    double *sum = memory_new((size_t)data->dims, sizeof *sum);
    dataset_mean(data, MOST, rng_stream(seed, "data mean"), sum);
    for (int j = 0; j < data->dims; j++)
        mean[j] = (real)(sum[j] / (vae->levels > 2 ? vae->levels - 1 : 1));
    free(sum);
}

/* A decoder that ignores its latent starts at the data's mean, so that the first steps are not
 * spent on it. */
static void start_at_mean(Vae *vae)
{
    for (size_t i = 0; i < vae->center->size; i++) {
        double mean = (double)vae->center->value[i];
        double bounded = fmin(fmax(mean, 1e-3), 1 - 1e-3);
        vae->out.bias->value[i] =
            (real)(vae->kind == DATA_BINARY ? log(bounded / (1 - bounded)) : mean);
    }
}

/* Inverse autoregressive flow (Kingma et al. 2016, arXiv:1606.04934): f takes the encoder's draw to
 * z by masked layers, in both orders in turn, whose networks also see x through the encoder's last
 * hidden layer. Without x it would be a learned prior in other words. */
static void create_flow(Vae *vae, Params *params, const Options *o, Rng *rng)
{
    const Monotone affine = {MONOTONE_AFFINE, 0, 2};
    int hidden[OPTIONS_MOST_INTS], n = options_ints(o, "flow-hidden", hidden);
    if (vae->layers != 1 || vae->width[0] < 2)
        refuse_usage("--posterior flow: is for one layer of at least two latents; leave it out or "
                     "give --latent one width of 2 or more");
    if (vae->dreg)
        refuse_usage("--dreg: its gradient is written for Gaussian posteriors; leave out --dreg or "
                     "--posterior flow");
    int context = vae->encoder[0].mean.weight->shape[0];
    for (int i = 0; i < options_int(o, "flow-layers"); i++) {
        char *name = memory_format("flow%d", i);
        flow_add(&vae->flow, flow_conditional_autoregressive(params, name, vae->width[0], context,
                                                             i % 2 == 1, affine, hidden, n, rng));
        free(name);
    }
}

static void create_networks(Vae *vae, Params *params, const Options *o, Rng *rng)
{
    int hidden[OPTIONS_MOST_INTS], top[OPTIONS_MOST_INTS];
    int n = options_ints(o, "hidden", hidden), n_top = options_ints(o, "hidden-top", top);
    vae->center = params_buffer(params, "center", 2, (int[]){1, vae->dims});
    vae->encoder[0] = net_create(params, "encoder", vae->dims, hidden, n, vae->width[0], rng);
    if (vae->layers == 2) {
        vae->encoder[1] =
            net_create(params, "encoder_top", vae->width[0], top, n_top, vae->width[1], rng);
        reverse(top, n_top);
        vae->prior = net_create(params, "prior", vae->width[1], top, n_top, vae->width[0], rng);
    }
    reverse(hidden, n);
    vae->decoder = mlp_create(params, "decoder", vae->width[0], hidden, n, ACTIVATION_TANH, rng);
    int last = mlp_width(vae->width[0], hidden, n);
    vae->out = linear_create(params, "decoder.out", last, vae->dims, ACTIVATION_NONE, rng);
    if (vae->kind != DATA_BINARY) {
        vae->scale = linear_create(params, "decoder.scale", last, vae->dims, ACTIVATION_NONE, rng);
        fill(vae->scale.bias->value, vae->scale.bias->size, vae->kind == DATA_POINTS ? 0 : -2);
    }
}

static Model *create(const Options *o, const Dataset *data, uint64_t seed)
{
    Vae *vae = memory_new(1, sizeof *vae);
    Params *params = params_create();
    Rng rng = rng_stream(seed, "weights");
    int latent[OPTIONS_MOST_INTS];
    vae->model.family = &vae_family;
    vae->kind = data->kind;
    vae->dims = data->dims;
    vae->levels = data->levels;
    vae->layers = options_ints(o, "latent", latent);
    if (vae->layers > VAE_MOST_LAYERS)
        refuse_usage(
            "--latent: %d stochastic layers; this chapter has one or two (--latent 100,50)",
            vae->layers);
    for (int i = 0; i < vae->layers; i++)
        vae->width[i] = latent[i];
    vae->objective = strcmp(options_text(o, "objective"), "iwae") == 0 ? VAE_IWAE : VAE_ELBO;
    vae->samples = (int)options_int(o, "k");
    vae->dreg = options_flag(o, "dreg");
    vae->beta = options_real(o, "beta");
    vae->warmup = options_real(o, "kl-warmup");
    if (vae->dreg && vae->objective != VAE_IWAE)
        refuse_usage("--dreg belongs to --objective iwae; add it or leave --dreg out");
    create_networks(vae, params, o, &rng);
    if (strcmp(options_text(o, "posterior"), "flow") == 0)
        create_flow(vae, params, o, &rng);
    else if (options_typed(o, "flow-layers") || options_typed(o, "flow-hidden"))
        refuse_usage(
            "--flow-layers, --flow-hidden: belong to --posterior flow; add it or leave them "
            "out");
    mean_of_data(vae, data, seed, vae->center->value);
    start_at_mean(vae);
    model_add_part(&vae->model, "vae", params, family_optimizer_rule(o), options_real(o, "ema"));
    return &vae->model;
}

static void destroy(Model *model)
{
    flow_free(&((Vae *)model)->flow);
    model_free_parts(model);
    free(model);
}

/* The KL's weight at this step: from 0 to beta over the first part of the run. */
static double kl_weight(const Vae *vae, const Step *step)
{
    double rising = vae->warmup * (double)step->steps;
    return (double)step->index < rising ? vae->beta * (double)step->index / rising : vae->beta;
}

/* Climbs the bound: its mean over the batch, backward, one update. */
static void train_step(Model *model, Step *step, double *logged)
{
    Vae *vae = (Vae *)model;
    Tensor *bound;
    if (vae->objective == VAE_ELBO) {
        VaeBound b = vae_elbo(vae, step->x, kl_weight(vae, step), &step->noise);
        tape_backward(tensor_neg(tensor_mean(b.bound)));
        bound = tensor_sub(b.fit, b.kl);
        logged[1] = -tensor_mean_value(b.fit);
        logged[2] = tensor_mean_value(b.kl);
    } else if (vae->dreg) {
        bound = vae_dreg_backward(vae, step->x, vae->samples, &step->noise);
        logged[1] = logged[2] = NAN;
    } else {
        bound = vae_iwae(vae_log_weights(vae, step->x, vae->samples, &step->noise));
        tape_backward(tensor_neg(tensor_mean(bound)));
        logged[1] = logged[2] = NAN;
    }
    logged[0] = -tensor_mean_value(bound);
    optimizer_update(model->part[0].optimizer, step->learning_rate);
}

static double validate(Model *model, Tensor *x, Rng noise)
{
    Vae *vae = (Vae *)model;
    if (vae->objective == VAE_ELBO)
        return -tensor_mean_value(vae_elbo(vae, x, 1, &noise).bound);
    return -tensor_mean_value(vae_iwae(vae_log_weights(vae, x, vae->samples, &noise)));
}

/* z ~ p(z), x ~ p(x|z): noise becomes structure. */
static void sample(Model *model, Tape *tape, Rng *noise, const SampleRequest *request, real *out)
{
    const Vae *vae = (const Vae *)model;
    const int shape[] = {request->n, vae->width[vae->layers - 1]};
    Tensor *h0 = vae_descend(vae, gaussian_noise(tape, 2, shape, noise), noise);
    Tensor *x = request->mean ? vae_mean(vae, h0) : vae_draw_data(vae, h0, noise);
    memcpy(out, x->value, x->size * sizeof *out);
}

static const char *const columns[] = {"neg_bound", "neg_fit", "kl", NULL};

static const OptionValue quick_eval[] = {
    {"importance", "500"}, {"amortisation", "20"}, {NULL, NULL}};

const Family vae_family = {
    .name = "vae",
    .purpose = "The variational autoencoder (Kingma & Welling 2014) and its k-sample bound (Burda "
               "et al. 2016).",
    .data_kinds = DATA_POINTS | DATA_BINARY | DATA_GREY,
    .data = "digits-binary",
    .options = options,
    .eval_options = vae_eval_options,
    .quick_eval = quick_eval,
    .validates_nats = true,
    .columns = columns,
    .commands = vae_commands,
    .defaults = defaults,
    .create = create,
    .destroy = destroy,
    .train_step = train_step,
    .validate = validate,
    .evaluate = vae_evaluate,
    .sample = sample,
    .figures = vae_figures,
};
