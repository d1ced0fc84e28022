/* Which layers a flow has. */
#include "03-flow/flow_model.h"

#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FEW_NUMBERS = 64 };

static bool is(const Options *o, const char *name, const char *value)
{
    return strcmp(options_text(o, name), value) == 0;
}

bool flow_on_sphere(const Dataset *data)
{
    enum { LOOK_AT = 1000 };
    size_t n = data->count[SPLIT_TRAIN] < LOOK_AT ? data->count[SPLIT_TRAIN] : LOOK_AT;
    if (data->kind != DATA_POINTS || data->dims != 3)
        return false;
    for (size_t i = 0; i < n; i++) {
        const float *x = data->point + 3 * i;
        if (fabs(hypot(hypot((double)x[0], (double)x[1]), (double)x[2]) - 1) > 1e-3)
            return false;
    }
    return true;
}

void flow_network_defaults(Options *o, const Dataset *data)
{
    const char *from = "the chapter's defaults";
    bool points = data->kind == DATA_POINTS, binary = data->kind == DATA_BINARY;
    bool few = binary && data->dims <= FEW_NUMBERS;
    options_put(o, "network",
                flow_on_sphere(data) ? "sphere"
                : points             ? "coupling"
                : binary             ? "autoregressive"
                                     : "glow",
                from);
    bool autoregressive = is(o, "network", "autoregressive"), glow = is(o, "network", "glow");
    options_put(o, "map", glow ? "affine" : "spline", from);
    bool spline = is(o, "map", "spline");
    options_put(o, "layers",
                points           ? is(o, "network", "planar") ? "32" : "6"
                : autoregressive ? spline ? "1" : "5"
                                 : "8",
                from);
    options_put(o, "hidden",
                is(o, "network", "continuous") ? "64,64,64"
                : points                       ? "64,64"
                : few                          ? "128,128"
                                               : "512",
                from);
    options_put(o, "bins", binary && !few ? "4" : "8", from);
    options_put(o, "sees", binary ? "levels" : "numbers", from);
    options_put(o, "ode-steps", is(o, "objective", "matching") ? "40" : "10", from);
    options_put(o, "bound", spline ? "5" : "2", from);
}

static char *layer_name(const char *what, int i)
{
    return memory_format("%s%d", what, i);
}

static void add_actnorm(Flow *flow, Params *params, int i, int dims, int channels)
{
    char *name = layer_name("norm", i);
    flow_add(flow, flow_actnorm(params, name, dims, channels));
    free(name);
}

static void add_linear(Flow *flow, Params *params, int i, int dims, int channels, Rng *rng)
{
    char *name = layer_name("linear", i);
    flow_add(flow, flow_linear(params, name, dims, channels, rng));
    free(name);
}

/* Layers over all numbers of an example. Between those of a small one the numbers are mixed by an
 * invertible matrix, else the halves or the order take turns. */
static void add_layers(FlowModel *m, Params *params, const Options *o, Monotone map, Rng *rng)
{
    int hidden[OPTIONS_MOST_INTS], hidden_layers = options_ints(o, "hidden", hidden);
    int layers = (int)options_int(o, "layers");
    if (is(o, "network", "continuous")) {
        m->continuous = true;
        flow_add(&m->flow, flow_ode(params, "ode", m->dims, (int)options_int(o, "ode-steps"),
                                    hidden, hidden_layers, rng));
        return;
    }
    bool coupling = is(o, "network", "coupling"), planar = is(o, "network", "planar");
    bool levels = is(o, "network", "autoregressive") && is(o, "sees", "levels");
    bool mix = !planar && m->dims >= 2 && m->dims <= FEW_NUMBERS;
    for (int i = 0; i < layers; i++) {
        char *name = layer_name("layer", i);
        bool turned = i % 2 == 1;
        if (mix && i > 0)
            add_linear(&m->flow, params, i, m->dims, m->dims, rng);
        if (!planar && i > 0)
            add_actnorm(&m->flow, params, i, m->dims, m->dims);
        if (planar)
            flow_add(&m->flow, flow_planar(params, name, m->dims, rng));
        else if (coupling)
            flow_add(&m->flow,
                     flow_coupling(params, name, m->dims, turned, map, hidden, hidden_layers, rng));
        else
            flow_add(&m->flow, flow_autoregressive(params, name, m->dims, turned, map, hidden,
                                                   hidden_layers, rng));
        if (levels && i == 0)
            flow_autoregressive_see_sides(m->flow.layer[0], flow_units_sides(&m->units, params));
        free(name);
    }
}

static void add_sphere_layers(FlowModel *m, Params *params, const Options *o, Rng *rng)
{
    int hidden[OPTIONS_MOST_INTS], n = options_ints(o, "hidden", hidden);
    for (int i = 0; i < options_int(o, "layers"); i++) {
        char *name = layer_name("layer", i);
        flow_add(&m->flow, flow_sphere(params, name, (int)options_int(o, "bins"), hidden, n, rng));
        free(name);
    }
}

/* Squeeze, then steps of actnorm, 1 x 1 convolution, coupling; then half of the channels are done
 * and the others go on to the next scale. number: of the first step, so that names are unique. */
static Flow glow_scale(Params *params, FlowShape shape, const Options *o, Monotone map, int scale,
                       Rng *rng)
{
    Flow flow = {.layers = 0};
    int depth = (int)options_int(o, "depth"), dims = shape.height * shape.width * shape.channels;
    flow_add(&flow, flow_squeeze(shape));
    shape = (FlowShape){shape.height / 2, shape.width / 2, 4 * shape.channels};
    for (int i = 0; i < depth; i++) {
        int number = scale * depth + i;
        char *name = layer_name("coupling", number);
        add_actnorm(&flow, params, number, dims, shape.channels);
        add_linear(&flow, params, number, dims, shape.channels, rng);
        flow_add(&flow, flow_image_coupling(params, name, shape, map,
                                            (int)options_int(o, "channels"), rng));
        free(name);
    }
    if (scale + 1 < options_int(o, "scales")) {
        FlowShape half = {shape.height, shape.width, shape.channels / 2};
        flow_add(&flow, flow_first_half(shape, glow_scale(params, half, o, map, scale + 1, rng)));
    }
    return flow;
}

/* Options that only some networks read. */
typedef struct NetworkOption {
    const char *name, *networks;
} NetworkOption;

static const NetworkOption network_options[] = {
    {"layers", "coupling autoregressive planar sphere"},
    {"map", "coupling autoregressive glow"},
    {"bins", "coupling autoregressive sphere glow"},
    {"bound", "coupling autoregressive glow"},
    {"hidden", "coupling autoregressive continuous sphere"},
    {"sees", "autoregressive"},
    {"ode-steps", "continuous"},
    {"scales", "glow"},
    {"depth", "glow"},
    {"channels", "glow"}};

void flow_network_check(const Options *o, const Dataset *data)
{
    const char *network = options_text(o, "network");
    if (data->dims < 2 && is(o, "network", "coupling"))
        refuse_usage("--network coupling: %s has 1 number an example and a coupling needs two "
                     "parts; use --network autoregressive",
                     data->name);
    if (is(o, "network", "sphere") && !flow_on_sphere(data))
        refuse_usage("--network sphere: the points of %s are not three numbers of length 1; divide "
                     "each by its length, or use --network coupling",
                     data->name);
    if (data->kind != DATA_BINARY && is(o, "sees", "levels"))
        refuse_usage("--sees levels: is for binary images, %s are %s; leave it out", data->name,
                     dataset_kind_name(data->kind));
    if (data->kind == DATA_POINTS && is(o, "network", "glow"))
        refuse_usage("--network glow is for images; %s are points: leave it out", data->name);
    for (size_t i = 0; i < sizeof network_options / sizeof *network_options; i++)
        if (options_typed(o, network_options[i].name) &&
            strstr(network_options[i].networks, network) == NULL)
            refuse_usage("--%s: does nothing with --network %s; it belongs to %s",
                         network_options[i].name, network, network_options[i].networks);
}

void flow_network_create(FlowModel *model, Params *params, const Options *o, const Dataset *data,
                         Rng *rng)
{
    Monotone map = {is(o, "map", "affine") ? MONOTONE_AFFINE : MONOTONE_SPLINE,
                    (int)options_int(o, "bins"), (real)options_real(o, "bound")};
    if (is(o, "network", "sphere")) {
        model->latent = LATENT_SPHERE;
        add_sphere_layers(model, params, o, rng);
        return;
    }
    if (!is(o, "network", "glow")) {
        add_layers(model, params, o, map, rng);
        return;
    }
    int cell = 1 << options_int(o, "scales");
    if (data->height % cell != 0 || data->width % cell != 0)
        refuse_usage("--scales %ld: images are squeezed by 2 as often, so their sides must be "
                     "multiples of %d; %s has %d x %d. Use fewer --scales or another --network",
                     options_int(o, "scales"), cell, data->name, data->height, data->width);
    FlowShape shape = {data->height, data->width, data->channels};
    model->flow = glow_scale(params, shape, o, map, 0, rng);
}
