/* The planar layer. */
#include "nn/flow_internal.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>

typedef struct Planar {
    FlowLayer layer;
    Tensor *u, *w; /* [1, dims] */
    Tensor *b;     /* [1, 1]    */
} Planar;

static const real MARGIN = (real)1e-4;

/* u + (m(w.u) - w.u) w / |w|^2 with m(a) = softplus(a) - 1 > -1: then w . u > -1, and the layer is
 * invertible (appendix A.1). MARGIN keeps it off -1 in single precision. */
static Tensor *enforced(const Planar *p)
{
    Tensor *dot = tensor_sum_axis(tensor_mul(p->w, p->u), 1);
    Tensor *more = tensor_sub(tensor_shift(tensor_softplus(dot), MARGIN - 1), dot);
    Tensor *length = tensor_shift(tensor_sum_axis(tensor_square(p->w), 1), (real)1e-12);
    return tensor_add(p->u, tensor_mul(p->w, tensor_div(more, length)));
}

static FlowResult planar_forward(const FlowLayer *layer, Tensor *x)
{
    const Planar *p = (const Planar *)layer;
    Tensor *u = enforced(p);
    Tensor *h = tensor_tanh(tensor_add(tensor_matmul_transposed(x, p->w), p->b)); /* [n, 1] */
    Tensor *slope = tensor_shift(tensor_neg(tensor_square(h)), 1);                /* tanh'  */
    Tensor *dot = tensor_sum_axis(tensor_mul(p->w, u), 1);
    return (FlowResult){tensor_add(x, tensor_matmul(h, u)),
                        tensor_log(tensor_shift(tensor_mul(slope, dot), 1))};
}

/* a + d tanh(a + b) = target has one root, since d > -1; it lies within |d| of the target. */
static double root(double target, double d, double b)
{
    double low = target - fabs(d), high = target + fabs(d);
    for (int i = 0; i < 100 && high - low > 0; i++) {
        double middle = 0.5 * (low + high);
        if (middle + d * tanh(middle + b) < target)
            low = middle;
        else
            high = middle;
        if (middle == low && middle == high)
            break;
    }
    return 0.5 * (low + high);
}

static FlowResult planar_inverse(const FlowLayer *layer, Tensor *y)
{
    const Planar *p = (const Planar *)layer;
    int n = y->shape[0], d = p->layer.dims;
    const Tensor *u = enforced(p);
    Tensor *x = tensor_like(y), *log_det = tensor_new_matrix(y->tape, n, 1);
    double b = (double)p->b->value[0], along = 0;
    for (int j = 0; j < d; j++)
        along += (double)p->w->value[j] * (double)u->value[j];
    for (int r = 0; r < n; r++) {
        const real *from = y->value + (size_t)r * (size_t)d;
        double target = 0;
        for (int j = 0; j < d; j++)
            target += (double)p->w->value[j] * (double)from[j];
        double h = tanh(root(target, along, b) + b);
        for (int j = 0; j < d; j++)
            x->value[(size_t)r * (size_t)d + (size_t)j] =
                (real)((double)from[j] - (double)u->value[j] * h);
        log_det->value[r] = (real)-log(1 + along * (1 - h * h));
    }
    return (FlowResult){x, log_det};
}

static void planar_destroy(FlowLayer *layer)
{
    free(layer);
}

static const FlowLayerKind planar_kind = {.name = "planar",
                                          .forward = planar_forward,
                                          .inverse = planar_inverse,
                                          .destroy = planar_destroy};

FlowLayer *flow_planar(Params *params, const char *name, int dims, Rng *rng)
{
    Planar *p = memory_new(1, sizeof *p);
    p->layer = (FlowLayer){&planar_kind, dims};
    p->u = params_weight_of(params, name, "u", 2, (int[]){1, dims});
    p->w = params_weight_of(params, name, "w", 2, (int[]){1, dims});
    p->b = params_weight_of(params, name, "b", 2, (int[]){1, 1});
    for (int j = 0; j < dims; j++) {
        p->w->value[j] = (real)(rng_normal_one(rng) / sqrt(dims));
        p->u->value[j] = (real)(0.1 * rng_normal_one(rng) / sqrt(dims));
    }
    return &p->layer;
}
