/* The family: options, creation, one training step, samples. */
#include "03-flow/flow_model.h"

#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const OptionSpec sample_options[] = {
    {"temperature", OPTION_REAL, "1", "T",
     "latents are T times a standard normal; p(x)^(1/T^2) only where the flow keeps volume", 0, 10,
     NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static void defaults(Options *o, const Dataset *data)
{
    const char *from = "the chapter's defaults";
    bool points = data->kind == DATA_POINTS, many = data->count[SPLIT_TRAIN] > 50000;
    flow_network_defaults(o, data);
    bool glow = strcmp(options_text(o, "network"), "glow") == 0;
    bool binary = data->kind == DATA_BINARY;
    bool sphere = strcmp(options_text(o, "network"), "sphere") == 0;
    options_put(o, "units", sphere ? "none" : points ? "scaled" : "equalised", from);
    options_put(o, "dequantisation", binary ? "variational" : "uniform", from);
    options_put(o, "batch", points ? "512" : glow ? "64" : "128", from);
    options_put(o, "lr", points ? "2e-3" : "1e-3", from);
    options_put(o, "steps", points ? "24000" : !many ? "4000" : glow ? "11000" : "5000", from);
    options_put(o, "clip", points ? "10" : "0", from);
}

/* Data as they arrive at the layers, for those that start from data. */
static void start_from_data(FlowModel *m, Params *params, const Dataset *data, uint64_t seed)
{
    enum { MOST = 512 };
    size_t all = data->count[SPLIT_TRAIN], n = all < MOST ? all : MOST;
    Tape *tape = tape_create(kernels_best());
    Rng rng = rng_stream(seed, "start");
    tape_record(tape, false);
    params_bind(params, tape);
    Tensor *x = tensor_new_matrix(tape, (int)n, m->dims);
    dataset_fetch_range(data, SPLIT_TRAIN, 0, n, &rng, x->value, NULL, NULL);
    flow_start(&m->flow, flow_layer_input(m, x, &rng));
    params_touch(params);
    tape_free(tape);
}

static FlowUnitsKind units_kind(const Options *o, const Dataset *data)
{
    FlowUnitsKind kind = (FlowUnitsKind)options_choice(o, "units");
    bool points = data->kind == DATA_POINTS;
    bool for_points = kind == UNITS_SCALED || kind == UNITS_NONE;
    bool sphere = strcmp(options_text(o, "network"), "sphere") == 0;
    if (sphere != (kind == UNITS_NONE))
        refuse_usage("--units %s: none belongs to --network sphere and to no other; leave it out",
                     options_text(o, "units"));
    if (points != for_points)
        refuse_usage("--units %s: is for %s, and %s are %s; leave it out", options_text(o, "units"),
                     for_points ? "points" : "images", data->name, points ? "points" : "images");
    return kind;
}

/* The network of variational dequantisation; its last layer starts at 0: uniform noise. */
static void create_noise(FlowModel *m, Params *params, const Dataset *data, Rng *rng)
{
    enum { WIDTH = 32, DENSE_WIDTH = 64 };
    int c = 4 * data->channels;
    if (data->kind == DATA_POINTS)
        refuse_usage("--dequantisation: is for images, %s are points; leave it out", data->name);
    m->learned_noise = true;
    m->image = (FlowShape){data->height, data->width, data->channels};
    if (data->height % 2 != 0 || data->width % 2 != 0) {
        m->dense_noise[0] =
            linear_create(params, "noise.0", m->dims, DENSE_WIDTH, ACTIVATION_RELU, rng);
        m->dense_noise[1] =
            linear_create(params, "noise.1", DENSE_WIDTH, 2 * m->dims, ACTIVATION_NONE, rng);
        Tensor *last = m->dense_noise[1].weight;
        memset(last->value, 0, last->size * sizeof(real));
        return;
    }
    m->noise[0] = conv2d_create(params, "noise.0", 3, c, WIDTH, 1, ACTIVATION_RELU, rng);
    m->noise[1] = conv2d_create(params, "noise.1", 3, WIDTH, 2 * c, 1, ACTIVATION_NONE, rng);
    memset(m->noise[1].weight->value, 0, m->noise[1].weight->size * sizeof(real));
}

static FlowObjective objective_of(const Options *o, const Dataset *data)
{
    FlowObjective objective = (FlowObjective)options_choice(o, "objective");
    const char *network = options_text(o, "network");
    bool continuous = strcmp(network, "continuous") == 0;
    if (objective == OBJECTIVE_MATCHING && !continuous)
        refuse_usage("--objective matching: is for --network continuous, this is %s; give both, or "
                     "leave --objective out",
                     network);
    if (objective == OBJECTIVE_MATCHING && data->kind == DATA_BINARY)
        refuse_usage("--objective matching: is not for binary images; %s are: leave it out",
                     data->name);
    if (objective == OBJECTIVE_REVERSE &&
        (data->log_density == NULL || data->kind != DATA_POINTS || flow_on_sphere(data)))
        refuse_usage("--objective reverse: needs points whose true density is known; try --data "
                     "8gaussians");
    return objective;
}

static Model *create(const Options *o, const Dataset *data, uint64_t seed)
{
    FlowModel *m = memory_new(1, sizeof *m);
    Params *params = params_create();
    Rng rng = rng_stream(seed, "weights");
    m->model.family = &flow_family;
    m->kind = data->kind;
    m->dims = data->dims;
    m->levels = data->levels;
    flow_network_check(o, data);
    m->objective = objective_of(o, data);
    m->target = data;
    m->units = flow_units_create(units_kind(o, data), params, data);
    flow_network_create(m, params, o, data, &rng);
    if (strcmp(options_text(o, "dequantisation"), "variational") == 0)
        create_noise(m, params, data, &rng);
    start_from_data(m, params, data, seed);
    model_add_part(&m->model, "flow", params, family_optimizer_rule(o), options_real(o, "ema"));
    return &m->model;
}

static void destroy(Model *model)
{
    flow_free(&((FlowModel *)model)->flow);
    model_free_parts(model);
    free(model);
}

/* For the probes of an estimated trace: far behind all that a step draws besides. */
static Rng probes_of(Rng noise)
{
    noise.next += (uint64_t)1 << 60;
    return noise;
}

/* Maximum likelihood: the mean of -log p(x), or of its bound, over the batch. */
static void likelihood_step(const FlowModel *m, Step *step, double *logged)
{
    FlowDensity d;
    Tensor *bound = flow_bound(m, step->x, &step->noise, &d);
    tape_backward(tensor_neg(tensor_mean(bound)));
    logged[0] = -tensor_mean_value(bound);
    logged[1] = -tensor_mean_value(d.log_latent);
    logged[2] = -tensor_mean_value(d.log_det);
}

/* Reverse KL: the mean of log q(x) - log p(x) over the flow's own draws. */
static void reverse_step(const FlowModel *m, Step *step, double *logged)
{
    int n = step->x->shape[0];
    FlowDraws d = flow_draws(m, m->target, step->tape, n, &step->noise);
    tape_backward(flow_reverse_loss(&d, m->target));
    logged[0] = log(FLOW_TARGET_FACTOR);
    for (int i = 0; i < n; i++)
        logged[0] += ((double)d.log_q->value[i] - d.log_target[i]) / n;
    logged[1] = logged[2] = NAN;
}

static void train_step(Model *model, Step *step, double *logged)
{
    FlowModel *m = (FlowModel *)model;
    flow_set_noise(&m->flow, probes_of(step->noise));
    if (m->objective == OBJECTIVE_LIKELIHOOD) {
        likelihood_step(m, step, logged);
    } else if (m->objective == OBJECTIVE_REVERSE) {
        reverse_step(m, step, logged);
    } else {
        Tensor *loss = flow_matching_loss(m, step->x, &step->noise);
        tape_backward(tensor_mean(loss));
        logged[0] = tensor_mean_value(loss);
        logged[1] = logged[2] = NAN;
    }
    optimizer_update(model->part[0].optimizer, step->learning_rate);
}

static double validate_part(Model *model, Tensor *part, Rng *noise)
{
    const FlowModel *m = (const FlowModel *)model;
    FlowDensity d;
    if (m->objective == OBJECTIVE_MATCHING) /* the density takes an ODE: too slow for this */
        return tensor_mean_value(flow_matching_loss(m, part, noise));
    return -tensor_mean_value(flow_bound(m, part, noise, &d));
}

static double validate(Model *model, Tensor *x, Rng noise)
{
    flow_set_noise(&((FlowModel *)model)->flow, probes_of(noise));
    return family_mean_in_parts(model, x, noise, validate_part);
}

/* z ~ N(0, T^2), backwards through the layers: noise becomes structure. */
static void sample(Model *model, Tape *tape, Rng *noise, const SampleRequest *request, real *out)
{
    const FlowModel *m = (const FlowModel *)model;
    bool asked = request->options != NULL && options_known(request->options, "temperature");
    double temperature = asked ? options_real(request->options, "temperature") : 1;
    if (m->latent == LATENT_SPHERE && asked && options_typed(request->options, "temperature"))
        refuse_usage("--temperature: the latent on the sphere is uniform; leave it out");
    flow_latent_to_data(m, flow_draw_latent(m, tape, request->n, temperature, noise), out);
    size_t size = (size_t)request->n * (size_t)m->dims;
    for (size_t i = 0; i < size && m->kind != DATA_POINTS; i++)
        out[i] = (real)fmin(floor((double)out[i]), m->levels - 1);
}

static const OptionSpec options[] = {
    {"objective", OPTION_CHOICE, "likelihood", "NAME",
     "likelihood of the data; a velocity field matched to them (continuous); reverse KL to their "
     "true density, without data",
     0, 0, "likelihood|matching|reverse"},
    {"network", OPTION_CHOICE, NULL, "NAME", "what the flow is made of", 0, 0,
     "coupling|autoregressive|planar|continuous|sphere|glow"},
    {"map", OPTION_CHOICE, NULL, "NAME", "what happens to one number", 0, 0, "affine|spline"},
    {"layers", OPTION_INT, NULL, "N",
     "how many: couplings, autoregressive, planar or sphere layers", 1, 60, NULL},
    {"hidden", OPTION_INTS, NULL, "N,N...", "hidden units of each layer's network", 1, 65536, NULL},
    {"bins", OPTION_INT, NULL, "N", "of a spline", 2, MONOTONE_MOST_BINS, NULL},
    {"bound", OPTION_REAL, NULL, "X",
     "splines act on [-X, X]; an affine map's scale stays within e^-X and e^X", 1e-3, 100, NULL},
    {"sees", OPTION_CHOICE, NULL, "NAME",
     "binary images: what the first autoregressive layer's network is shown of the pixels before, "
     "the dequantised numbers or the levels behind them",
     0, 0, "numbers|levels"},
    {"ode-steps", OPTION_INT, NULL, "N", "steps of the continuous flow", 1, 1000, NULL},
    {"scales", OPTION_INT, "2", "N", "squeezes of glow", 1, 5, NULL},
    {"depth", OPTION_INT, "8", "N", "steps of glow at each scale", 1, 30, NULL},
    {"channels", OPTION_INT, "64", "N", "width of glow's networks", 1, 4096, NULL},
    {"dequantisation", OPTION_CHOICE, NULL, "NAME",
     "what fills the cell of a level: uniform noise, or noise that a network learns", 0, 0,
     "uniform|variational"},
    {"units", OPTION_CHOICE, NULL, "NAME",
     "what is done to the data first: points shifted and scaled; images: logit, or each pixel made "
     "normal by "
     "itself; none on the sphere",
     0, 0, "scaled|logit|equalised|none"},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static const char *const columns[] = {"loss", "neg_log_latent", "neg_log_det", NULL};

static const OptionValue quick_eval[] = {{"points", "20000"}, {"draws", "4"}, {NULL, NULL}};

const Family flow_family = {
    .name = "flow",
    .purpose = "Normalizing flows: couplings, Glow, masked autoregressive and planar layers, "
               "affine maps and splines; exact density.",
    .data_kinds = DATA_POINTS | DATA_BINARY | DATA_GREY,
    .data = "8gaussians",
    .options = options,
    .eval_options = flow_eval_options,
    .quick_eval = quick_eval,
    .sample_options = sample_options,
    .validates_nats = true,
    .columns = columns,
    .commands = flow_commands,
    .defaults = defaults,
    .create = create,
    .destroy = destroy,
    .train_step = train_step,
    .validate = validate,
    .evaluate = flow_evaluate,
    .sample = sample,
    .figures = flow_figures,
};
