/* The masked autoregressive layer: one network gives the parameters of every number's map from the
 * numbers before it. */
#include "nn/flow_internal.h"
#include "nn/masked.h"
#include "support/fail.h"
#include "support/memory.h"

#include <stdlib.h>
#include <string.h>

typedef struct Autoregressive {
    FlowLayer layer;
    bool turned;
    int context;         /* numbers given with each row, which every unit may see */
    const Tensor *sides; /* [3, dims]: thresholds, and what is seen on either side; NULL: numbers */
    Monotone map;
    Masked hidden[MLP_MOST_LAYERS];
    int layers;
    Masked out;
} Autoregressive;

/* Constant on both sides of a threshold, so without a derivative. */
static Tensor *sides_of(const Tensor *sides, const Tensor *x)
{
    Tensor *seen = tensor_like(x);
    size_t dims = (size_t)sides->shape[1];
    const real *threshold = sides->value, *below = threshold + dims, *above = below + dims;
    for (size_t i = 0; i < x->size; i++) {
        size_t j = i % dims;
        seen->value[i] = x->value[i] < threshold[j] ? below[j] : above[j];
    }
    return seen;
}

static Tensor *hidden_of(const Autoregressive *a, Tensor *x, Tensor *context)
{
    Tensor *seen[] = {x, context};
    if ((context == NULL) != (a->context == 0))
        fail("autoregressive: a layer with %d numbers of context was asked %s one", a->context,
             context == NULL ? "without" : "with");
    if (a->sides != NULL)
        seen[0] = x = sides_of(a->sides, x);
    if (context != NULL)
        x = tensor_concat(seen, 2, 1);
    for (int i = 0; i < a->layers; i++)
        x = masked_forward(&a->hidden[i], x);
    return x;
}

static FlowResult forward_given(const FlowLayer *layer, Tensor *x, Tensor *context)
{
    const Autoregressive *a = (const Autoregressive *)layer;
    Tensor *raw = masked_forward(&a->out, hidden_of(a, x, context));
    return flow_split_result(monotone_forward(&a->map, x, raw));
}

/* The parameters of one number: h [n, width] -> [n, P]. */
static Tensor *parameters_of(const Autoregressive *a, Tensor *h, int number)
{
    int p = monotone_parameters(&a->map), width = h->shape[1], all = p * a->layer.dims;
    Tensor *weight = tensor_new_matrix(h->tape, width, p);
    Tensor *bias = tensor_new(h->tape, 1, &p);
    for (int k = 0; k < p; k++) {
        int column = k * a->layer.dims + number;
        bias->value[k] = a->out.linear.bias->value[column];
        for (int i = 0; i < width; i++)
            weight->value[i * p + k] =
                a->out.linear.weight->value[(size_t)i * (size_t)all + (size_t)column];
    }
    return tensor_linear(h, weight, bias, ACTIVATION_NONE);
}

static FlowResult inverse_given(const FlowLayer *layer, Tensor *y, Tensor *context)
{
    const Autoregressive *a = (const Autoregressive *)layer;
    int n = y->shape[0], d = a->layer.dims;
    Tensor *x = tensor_fill(y->tape, 2, y->shape, 0);
    Tensor *log_det = tensor_fill(y->tape, 2, (int[]){n, 1}, 0);
    for (int step = 0; step < d; step++) {
        int j = a->turned ? d - 1 - step : step;
        TapeMark mark = tape_mark(y->tape);
        Tensor *raw = parameters_of(a, hidden_of(a, x, context), j);
        Tensor *one = monotone_inverse(&a->map, tensor_slice(y, 1, j, j + 1), raw);
        for (int r = 0; r < n; r++) {
            x->value[(size_t)r * (size_t)d + (size_t)j] = one->value[2 * r];
            log_det->value[r] += one->value[2 * r + 1];
        }
        tape_release(y->tape, mark);
    }
    return (FlowResult){x, log_det};
}

static FlowResult autoregressive_forward(const FlowLayer *layer, Tensor *x)
{
    return forward_given(layer, x, NULL);
}

static FlowResult autoregressive_inverse(const FlowLayer *layer, Tensor *y)
{
    return inverse_given(layer, y, NULL);
}

static void autoregressive_destroy(FlowLayer *layer)
{
    Autoregressive *a = (Autoregressive *)layer;
    for (int i = 0; i < a->layers; i++)
        masked_free(&a->hidden[i]);
    masked_free(&a->out);
    free(a);
}

static const FlowLayerKind affine_kind = {.name = "affine autoregressive",
                                          .forward = autoregressive_forward,
                                          .inverse = autoregressive_inverse,
                                          .destroy = autoregressive_destroy};
static const FlowLayerKind spline_kind = {.name = "spline autoregressive",
                                          .forward = autoregressive_forward,
                                          .inverse = autoregressive_inverse,
                                          .destroy = autoregressive_destroy};

static const FlowLayerKind conditional_kind = {.name = "conditional autoregressive",
                                               .forward = autoregressive_forward,
                                               .inverse = autoregressive_inverse,
                                               .forward_given = forward_given,
                                               .inverse_given = inverse_given,
                                               .destroy = autoregressive_destroy};

/* How many inputs a unit may see, spread evenly over least .. dims - 1. As a source it is known to
 * whoever sees at least as many. With a context the least is 0: units that see it alone, from which
 * the first number's map is made. */
static void spread_degrees(int *degree, int units, int dims, int least)
{
    for (int k = 0; k < units; k++)
        degree[k] = dims > least ? least + (int)((long)k * (dims - least) / units) : least;
}

FlowLayer *flow_conditional_autoregressive(Params *params, const char *name, int dims, int context,
                                           bool turned, Monotone map, const int *hidden, int layers,
                                           Rng *rng)
{
    if (layers < 1 || layers > MLP_MOST_LAYERS)
        fail("flow_autoregressive: '%s' has %d hidden layers; 1 to %d", name, layers,
             MLP_MOST_LAYERS);
    Autoregressive *a = memory_new(1, sizeof *a);
    int p = monotone_parameters(&map), in = dims + context;
    int widest = dims * p > in ? dims * p : in;
    for (int i = 0; i < layers; i++)
        widest = hidden[i] > widest ? hidden[i] : widest;
    int *from = memory_new((size_t)widest, sizeof *from),
        *to = memory_new((size_t)widest, sizeof *to);
    a->layer = (FlowLayer){context > 0                   ? &conditional_kind
                           : map.kind == MONOTONE_AFFINE ? &affine_kind
                                                         : &spline_kind,
                           dims};
    a->turned = turned;
    a->context = context;
    a->map = map;
    a->layers = layers;
    for (int j = 0; j < dims; j++) /* number j is known to units that see more than its place */
        from[j] = turned ? dims - 1 - j : j;
    for (int c = 0; c < context; c++) /* before all of them */
        from[dims + c] = -1;
    for (int i = 0; i < layers; i++) {
        char *full = memory_format("%s.%d", name, i);
        spread_degrees(to, hidden[i], dims, context > 0 ? 0 : 1);
        a->hidden[i] = masked_create(params, full, from, in, to, hidden[i], ACTIVATION_RELU, rng);
        free(full);
        in = hidden[i];
        for (int k = 0; k < in; k++) /* a unit that sees m numbers is known to those that see m */
            from[k] = to[k] - 1;
    }
    for (int k = 0; k < p * dims; k++) {
        int j = k % dims;
        to[k] = turned ? dims - 1 - j : j; /* number j sees the j before it */
    }
    char *out = memory_format("%s.out", name);
    a->out = masked_create(params, out, from, in, to, p * dims, ACTIVATION_NONE, rng);
    memset(a->out.linear.weight->value, 0, a->out.linear.weight->size * sizeof(real));
    free(out);
    free(from);
    free(to);
    return &a->layer;
}

void flow_autoregressive_see_sides(FlowLayer *layer, const Tensor *sides)
{
    if (layer->kind->forward != autoregressive_forward || sides->size != 3 * (size_t)layer->dims)
        fail("flow_autoregressive_see_sides: the layer is '%s' of %d numbers and sides have %zu; "
             "it must be autoregressive and they [3, %d]",
             layer->kind->name, layer->dims, sides->size, layer->dims);
    ((Autoregressive *)layer)->sides = sides;
}

FlowLayer *flow_autoregressive(Params *params, const char *name, int dims, bool turned,
                               Monotone map, const int *hidden, int layers, Rng *rng)
{
    return flow_conditional_autoregressive(params, name, dims, 0, turned, map, hidden, layers, rng);
}
