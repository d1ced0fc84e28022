/* Coupling layers: a part of the numbers stays and decides what happens to the others. */
#include "nn/conv.h"
#include "nn/flow_internal.h"
#include "nn/mlp.h"
#include "support/fail.h"
#include "support/memory.h"

#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- rows */

typedef struct Coupling {
    FlowLayer layer;
    bool turned;
    int first; /* numbers of the first half */
    Monotone map;
    Mlp hidden;
    Linear out;
} Coupling;

/* What stays and what changes. */
typedef struct Halves {
    Tensor *kept, *changed;
} Halves;

static Halves halves_of(const Coupling *c, Tensor *x)
{
    Tensor *first = tensor_slice(x, 1, 0, c->first);
    Tensor *second = tensor_slice(x, 1, c->first, c->layer.dims);
    return c->turned ? (Halves){second, first} : (Halves){first, second};
}

static Tensor *join(const Coupling *c, Halves h)
{
    Tensor *turned[] = {h.changed, h.kept}, *straight[] = {h.kept, h.changed};
    return tensor_concat(c->turned ? turned : straight, 2, 1);
}

static Tensor *parameters(const Coupling *c, Tensor *kept)
{
    return linear_forward(&c->out, mlp_forward(&c->hidden, kept));
}

static FlowResult coupling_forward(const FlowLayer *layer, Tensor *x)
{
    const Coupling *c = (const Coupling *)layer;
    Halves h = halves_of(c, x);
    FlowResult y = flow_split_result(monotone_forward(&c->map, h.changed, parameters(c, h.kept)));
    return (FlowResult){join(c, (Halves){h.kept, y.value}), y.log_det};
}

static FlowResult coupling_inverse(const FlowLayer *layer, Tensor *y)
{
    const Coupling *c = (const Coupling *)layer;
    Halves h = halves_of(c, y);
    FlowResult x = flow_split_result(monotone_inverse(&c->map, h.changed, parameters(c, h.kept)));
    return (FlowResult){join(c, (Halves){h.kept, x.value}), x.log_det};
}

static void coupling_destroy(FlowLayer *layer)
{
    free(layer);
}

static const FlowLayerKind affine_kind = {.name = "affine coupling",
                                          .forward = coupling_forward,
                                          .inverse = coupling_inverse,
                                          .destroy = coupling_destroy};
static const FlowLayerKind spline_kind = {.name = "spline coupling",
                                          .forward = coupling_forward,
                                          .inverse = coupling_inverse,
                                          .destroy = coupling_destroy};

FlowLayer *flow_coupling(Params *params, const char *name, int dims, bool turned, Monotone map,
                         const int *hidden, int layers, Rng *rng)
{
    if (dims < 2)
        fail("flow_coupling: '%s' has %d number(s); a coupling needs two parts", name, dims);
    Coupling *c = memory_new(1, sizeof *c);
    c->layer.kind = map.kind == MONOTONE_AFFINE ? &affine_kind : &spline_kind;
    c->layer.dims = dims;
    c->turned = turned;
    c->first = dims / 2;
    c->map = map;
    int kept = turned ? dims - c->first : c->first;
    char *out = memory_format("%s.out", name);
    c->hidden = mlp_create(params, name, kept, hidden, layers, ACTIVATION_RELU, rng);
    c->out = linear_create(params, out, mlp_width(kept, hidden, layers),
                           (dims - kept) * monotone_parameters(&map), ACTIVATION_NONE, rng);
    memset(c->out.weight->value, 0, c->out.weight->size * sizeof(real)); /* the identity */
    free(out);
    return &c->layer;
}

/* ---------------------------------------------------------------- images */

typedef struct ImageCoupling {
    FlowLayer layer;
    FlowShape shape;
    int kept; /* channels that stay */
    Monotone map;
    Conv2d conv[3];
} ImageCoupling;

/* The changed channels as rows, a position each, and the network's parameters for them. */
typedef struct ImageHalves {
    Tensor *kept, *changed, *raw;
} ImageHalves;

static ImageHalves image_halves(const ImageCoupling *c, Tensor *x)
{
    FlowShape s = c->shape;
    int n = x->shape[0], positions = n * s.height * s.width, changed = s.channels - c->kept;
    Tensor *image = tensor_reshape(x, 4, (int[]){n, s.height, s.width, s.channels});
    ImageHalves h = {.kept = tensor_slice(image, 3, 0, c->kept)};
    Tensor *raw = h.kept;
    for (int i = 0; i < 3; i++)
        raw = conv2d_forward(&c->conv[i], raw);
    h.raw = tensor_reshape(raw, 2, (int[]){positions, changed * monotone_parameters(&c->map)});
    h.changed =
        tensor_reshape(tensor_slice(image, 3, c->kept, s.channels), 2, (int[]){positions, changed});
    return h;
}

/* y [positions, changed + 1] back to rows of images. */
static FlowResult image_join(const ImageCoupling *c, ImageHalves h, Tensor *y)
{
    FlowShape s = c->shape;
    int n = h.kept->shape[0], changed = s.channels - c->kept;
    FlowResult part = flow_split_result(y);
    Tensor *both[] = {h.kept,
                      tensor_reshape(part.value, 4, (int[]){n, s.height, s.width, changed})};
    Tensor *log_det = tensor_reshape(part.log_det, 2, (int[]){n, s.height * s.width});
    return (FlowResult){tensor_reshape(tensor_concat(both, 2, 3), 2, (int[]){n, c->layer.dims}),
                        tensor_sum_axis(log_det, 1)};
}

static FlowResult image_forward(const FlowLayer *layer, Tensor *x)
{
    const ImageCoupling *c = (const ImageCoupling *)layer;
    ImageHalves h = image_halves(c, x);
    return image_join(c, h, monotone_forward(&c->map, h.changed, h.raw));
}

static FlowResult image_inverse(const FlowLayer *layer, Tensor *y)
{
    const ImageCoupling *c = (const ImageCoupling *)layer;
    ImageHalves h = image_halves(c, y);
    return image_join(c, h, monotone_inverse(&c->map, h.changed, h.raw));
}

static const FlowLayerKind image_kind = {.name = "image coupling",
                                         .forward = image_forward,
                                         .inverse = image_inverse,
                                         .destroy = coupling_destroy};

FlowLayer *flow_image_coupling(Params *params, const char *name, FlowShape shape, Monotone map,
                               int width, Rng *rng)
{
    if (shape.channels < 2)
        fail("flow_image_coupling: '%s' has %d channel(s); a coupling needs two parts", name,
             shape.channels);
    ImageCoupling *c = memory_new(1, sizeof *c);
    c->layer = (FlowLayer){&image_kind, shape.height * shape.width * shape.channels};
    c->shape = shape;
    c->kept = shape.channels / 2;
    c->map = map;
    int out = (shape.channels - c->kept) * monotone_parameters(&map);
    int in[3] = {c->kept, width, width}, to[3] = {width, width, out}, kernel[3] = {3, 1, 3};
    for (int i = 0; i < 3; i++) {
        char *full = memory_format("%s.%d", name, i);
        c->conv[i] = conv2d_create(params, full, kernel[i], in[i], to[i], 1,
                                   i < 2 ? ACTIVATION_RELU : ACTIVATION_NONE, rng);
        free(full);
    }
    memset(c->conv[2].weight->value, 0, c->conv[2].weight->size * sizeof(real));
    return &c->layer;
}
