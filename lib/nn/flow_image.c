/* Layers that move an image's numbers about: squeeze, and a flow on half of the channels. */
#include "nn/flow_internal.h"
#include "support/fail.h"
#include "support/memory.h"

#include <stdlib.h>

typedef struct ImageLayer {
    FlowLayer layer;
    FlowShape shape;
    Flow inner; /* of first_half */
} ImageLayer;

static ImageLayer *image_layer(const FlowLayerKind *kind, FlowShape shape)
{
    ImageLayer *l = memory_new(1, sizeof *l);
    l->layer = (FlowLayer){kind, shape.height * shape.width * shape.channels};
    l->shape = shape;
    return l;
}

static Tensor *no_change(const Tensor *x)
{
    return tensor_fill(x->tape, 2, (int[]){x->shape[0], 1}, 0);
}

/* ---------------------------------------------------------------- squeeze */

static FlowResult squeeze_forward(const FlowLayer *layer, Tensor *x)
{
    FlowShape s = ((const ImageLayer *)layer)->shape;
    Tensor *image = tensor_reshape(x, 4, (int[]){x->shape[0], s.height, s.width, s.channels});
    Tensor *y = tensor_reshape(tensor_space_to_depth(image, 2), 2, (int[]){-1, layer->dims});
    return (FlowResult){y, no_change(x)};
}

static FlowResult squeeze_inverse(const FlowLayer *layer, Tensor *y)
{
    FlowShape s = ((const ImageLayer *)layer)->shape;
    int shape[4] = {y->shape[0], s.height / 2, s.width / 2, 4 * s.channels};
    Tensor *image = tensor_depth_to_space(tensor_reshape(y, 4, shape), 2);
    return (FlowResult){tensor_reshape(image, 2, (int[]){-1, layer->dims}), no_change(y)};
}

static void squeeze_destroy(FlowLayer *layer)
{
    free(layer);
}

static const FlowLayerKind squeeze_kind = {.name = "squeeze",
                                           .forward = squeeze_forward,
                                           .inverse = squeeze_inverse,
                                           .destroy = squeeze_destroy};

FlowLayer *flow_squeeze(FlowShape shape)
{
    if (shape.height % 2 != 0 || shape.width % 2 != 0)
        fail("flow_squeeze: %d x %d; both sides must be even", shape.height, shape.width);
    return &image_layer(&squeeze_kind, shape)->layer;
}

/* ---------------------------------------------------------------- first half */

typedef struct ImageParts {
    Tensor *inner; /* [n, dims / 2] */
    Tensor *done;  /* [n, height, width, channels - channels / 2] */
} ImageParts;

static ImageParts parts_of(const ImageLayer *l, Tensor *x)
{
    FlowShape s = l->shape;
    Tensor *image = tensor_reshape(x, 4, (int[]){x->shape[0], s.height, s.width, s.channels});
    Tensor *first = tensor_slice(image, 3, 0, s.channels / 2);
    return (ImageParts){tensor_reshape(first, 2, (int[]){-1, l->inner.dims}),
                        tensor_slice(image, 3, s.channels / 2, s.channels)};
}

static Tensor *whole_of(const ImageLayer *l, Tensor *inner, Tensor *done)
{
    FlowShape s = l->shape;
    int shape[4] = {done->shape[0], s.height, s.width, s.channels / 2};
    Tensor *both[] = {tensor_reshape(inner, 4, shape), done};
    return tensor_reshape(tensor_concat(both, 2, 3), 2, (int[]){-1, l->layer.dims});
}

static FlowResult half_forward(const FlowLayer *layer, Tensor *x)
{
    const ImageLayer *l = (const ImageLayer *)layer;
    ImageParts parts = parts_of(l, x);
    FlowResult y = flow_forward(&l->inner, parts.inner);
    return (FlowResult){whole_of(l, y.value, parts.done), y.log_det};
}

static FlowResult half_inverse(const FlowLayer *layer, Tensor *y)
{
    const ImageLayer *l = (const ImageLayer *)layer;
    ImageParts parts = parts_of(l, y);
    FlowResult x = flow_inverse(&l->inner, parts.inner);
    return (FlowResult){whole_of(l, x.value, parts.done), x.log_det};
}

static void half_start(FlowLayer *layer, const Tensor *x)
{
    ImageLayer *l = (ImageLayer *)layer;
    Tensor *copy = tensor_from(x->tape, 2, x->shape, x->value);
    flow_start(&l->inner, parts_of(l, copy).inner);
}

static void half_destroy(FlowLayer *layer)
{
    flow_free(&((ImageLayer *)layer)->inner);
    free(layer);
}

static bool half_set_noise(FlowLayer *layer, Rng noise)
{
    return flow_set_noise(&((ImageLayer *)layer)->inner, noise);
}

static const FlowLayerKind half_kind = {.name = "first half",
                                        .forward = half_forward,
                                        .inverse = half_inverse,
                                        .start = half_start,
                                        .destroy = half_destroy,
                                        .set_noise = half_set_noise};

FlowLayer *flow_first_half(FlowShape shape, Flow inner)
{
    ImageLayer *l = image_layer(&half_kind, shape);
    if (shape.channels % 2 != 0 || inner.dims != l->layer.dims / 2)
        fail("flow_first_half: the inner flow takes %d numbers of %d; %d channels must be even",
             inner.dims, l->layer.dims, shape.channels);
    l->inner = inner;
    return &l->layer;
}
