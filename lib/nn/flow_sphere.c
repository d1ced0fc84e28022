/* A layer on the sphere. In cylinder coordinates, height h in [-1, 1] and angle a, the area of the
 * sphere is dh da (Archimedes), so a map of the height and one of the angle, which may depend on
 * the height, change densities by their slopes alone: the recursive construction of Rezende et al.
 * (2020), arXiv:2002.02428, sec. 2.3, for two dimensions, where its extra factor is 1. */
#include "nn/flow_internal.h"
#include "nn/mlp.h"
#include "support/fail.h"
#include "support/memory.h"
#include "tensor/op.h"

#include <gsl/gsl_math.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Sphere {
    FlowLayer layer;
    Monotone height, angle;
    Tensor *rotation; /* [3, 3], buffer: so that each layer has other poles     */
    Tensor *raw;      /* [1, 3 bins - 1]: parameters of the height's spline      */
    Mlp hidden;
    Linear out; /* of the angle's spline, and a turn */
} Sphere;

/* ---------------------------------------------------------------- coordinates */

static const double NEAR_POLE = 1e-12; /* of the squared distance from the axis */

/* cylinder   (h, a) = (x3, atan2(x2, x1))
 *            x1' -= a' x2 / (x1^2 + x2^2)    x2' += a' x1 / (x1^2 + x2^2)    x3' += h' */
static void cylinder_backward(Tensor *y)
{
    Tensor *x = y->parent[0];
    Grad g = grad_open(x);
    for (size_t r = 0; r < (size_t)x->shape[0] && g.data != NULL; r++) {
        real x1 = x->value[3 * r], x2 = x->value[3 * r + 1];
        real turn = y->grad[2 * r + 1] / (real)fmax((double)(x1 * x1 + x2 * x2), NEAR_POLE);
        real share[3] = {-turn * x2, turn * x1, y->grad[2 * r]};
        for (size_t i = 0; i < 3; i++)
            g.data[3 * r + i] = grad_kept(g.data, g.add, 3 * r + i) + share[i];
    }
}

static const Op cylinder_op = {"cylinder", cylinder_backward, NULL};

static Tensor *to_cylinder(Tensor *x)
{
    Tensor *y = op_result(&cylinder_op, 2, (int[]){x->shape[0], 2}, 1, &x);
    for (size_t r = 0; r < (size_t)x->shape[0]; r++) {
        const real *p = x->value + 3 * r;
        y->value[2 * r] = (real)fmax(fmin((double)p[2], 1), -1);
        y->value[2 * r + 1] = (real)atan2((double)p[1], (double)p[0]);
    }
    return y;
}

/* Within 3e-4 of a pole, in angle, single precision knows little of r: such a point moves by as
 * much.
 *
 * globe   x = (r cos a, r sin a, h), r = sqrt(1 - h^2)
 *         h' += x3' - h / r (cos a x1' + sin a x2')    a' += r (cos a x2' - sin a x1') */
static void globe_backward(Tensor *x)
{
    Tensor *y = x->parent[0];
    Grad g = grad_open(y);
    for (size_t r = 0; r < (size_t)y->shape[0] && g.data != NULL; r++) {
        double h = (double)y->value[2 * r], a = (double)y->value[2 * r + 1];
        double radius = sqrt(fmax(1 - h * h, NEAR_POLE)), c = cos(a), s = sin(a);
        double d1 = (double)x->grad[3 * r], d2 = (double)x->grad[3 * r + 1];
        double dh = (double)x->grad[3 * r + 2] - h / radius * (c * d1 + s * d2);
        g.data[2 * r] = grad_kept(g.data, g.add, 2 * r) + (real)dh;
        g.data[2 * r + 1] =
            grad_kept(g.data, g.add, 2 * r + 1) + (real)(radius * (c * d2 - s * d1));
    }
}

static const Op globe_op = {"globe", globe_backward, NULL};

static Tensor *to_globe(Tensor *y)
{
    Tensor *x = op_result(&globe_op, 2, (int[]){y->shape[0], 3}, 1, &y);
    for (size_t r = 0; r < (size_t)y->shape[0]; r++) {
        double h = (double)y->value[2 * r], a = (double)y->value[2 * r + 1];
        double radius = sqrt(fmax(1 - h * h, 0));
        x->value[3 * r] = (real)(radius * cos(a));
        x->value[3 * r + 1] = (real)(radius * sin(a));
        x->value[3 * r + 2] = (real)h;
    }
    return x;
}

/* ---------------------------------------------------------------- both ways */

/* The angle's parameters at heights [n, 1]: of its spline [n, P], and the turn [n, 1]. */
static FlowResult angle_parameters(const Sphere *s, Tensor *height)
{
    Tensor *all = linear_forward(&s->out, mlp_forward(&s->hidden, height));
    int p = monotone_parameters(&s->angle);
    return (FlowResult){tensor_slice(all, 1, 0, p), tensor_slice(all, 1, p, p + 1)};
}

static Tensor *height_parameters(const Sphere *s, int n)
{
    return tensor_broadcast(s->raw, 2, (int[]){n, s->raw->shape[1]});
}

static FlowResult sphere_forward(const FlowLayer *layer, Tensor *x)
{
    const Sphere *s = (const Sphere *)layer;
    Tensor *at = to_cylinder(tensor_matmul(x, s->rotation));
    Tensor *h = tensor_slice(at, 1, 0, 1), *a = tensor_slice(at, 1, 1, 2);
    FlowResult raw = angle_parameters(s, h);
    FlowResult up =
        flow_split_result(monotone_forward(&s->height, h, height_parameters(s, x->shape[0])));
    FlowResult round = flow_split_result(monotone_forward(&s->angle, a, raw.value));
    Tensor *moved[] = {up.value, tensor_add(round.value, raw.log_det)};
    return (FlowResult){to_globe(tensor_concat(moved, 2, 1)),
                        tensor_add(up.log_det, round.log_det)};
}

static FlowResult sphere_inverse(const FlowLayer *layer, Tensor *y)
{
    const Sphere *s = (const Sphere *)layer;
    Tensor *at = to_cylinder(y);
    Tensor *h = tensor_slice(at, 1, 0, 1), *a = tensor_slice(at, 1, 1, 2);
    FlowResult down =
        flow_split_result(monotone_inverse(&s->height, h, height_parameters(s, y->shape[0])));
    FlowResult raw = angle_parameters(s, down.value);
    Tensor *turned = tensor_sub(a, raw.log_det);
    for (size_t i = 0; i < turned->size; i++)
        turned->value[i] -= (real)(2 * M_PI * floor((double)turned->value[i] / (2 * M_PI) + 0.5));
    FlowResult back = flow_split_result(monotone_inverse(&s->angle, turned, raw.value));
    Tensor *moved[] = {down.value, back.value};
    Tensor *x = tensor_matmul_transposed(to_globe(tensor_concat(moved, 2, 1)), s->rotation);
    return (FlowResult){x, tensor_add(down.log_det, back.log_det)};
}

static void sphere_destroy(FlowLayer *layer)
{
    free(layer);
}

static const FlowLayerKind sphere_kind = {.name = "sphere",
                                          .forward = sphere_forward,
                                          .inverse = sphere_inverse,
                                          .destroy = sphere_destroy};

/* A random rotation: three orthogonal directions from Gaussian draws (Gram-Schmidt). */
static void fill_rotation(real *r, Rng *rng)
{
    double v[3][3];
    for (int i = 0; i < 3; i++) {
        double length = 0;
        for (int j = 0; j < 3; j++)
            v[i][j] = rng_normal_one(rng);
        for (int k = 0; k < i; k++) {
            double along = v[i][0] * v[k][0] + v[i][1] * v[k][1] + v[i][2] * v[k][2];
            for (int j = 0; j < 3; j++)
                v[i][j] -= along * v[k][j];
        }
        for (int j = 0; j < 3; j++)
            length += v[i][j] * v[i][j];
        for (int j = 0; j < 3; j++)
            r[3 * i + j] = (real)(v[i][j] /= sqrt(length));
    }
}

FlowLayer *flow_sphere(Params *params, const char *name, int bins, const int *hidden, int layers,
                       Rng *rng)
{
    Sphere *s = memory_new(1, sizeof *s);
    s->layer = (FlowLayer){&sphere_kind, 3};
    s->height = (Monotone){MONOTONE_SPLINE, bins, 1};
    s->angle = (Monotone){MONOTONE_SPLINE, bins, (real)M_PI};
    char *out = memory_format("%s.out", name);
    int p = monotone_parameters(&s->angle);
    s->rotation = params_buffer_of(params, name, "rotation", 2, (int[]){3, 3});
    fill_rotation(s->rotation->value, rng);
    s->raw = params_weight_of(params, name, "height", 2, (int[]){1, p});
    s->hidden = mlp_create(params, name, 1, hidden, layers, ACTIVATION_TANH, rng);
    s->out = linear_create(params, out, mlp_width(1, hidden, layers), p + 1, ACTIVATION_NONE, rng);
    memset(s->out.weight->value, 0, s->out.weight->size * sizeof(real));
    free(out);
    return &s->layer;
}
