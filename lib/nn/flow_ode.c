/* The continuous flow: dx/dt = f(x, t) from t = 0 to 1 by Runge and Kutta's fourth-order rule with
 * steps of one length, and d log|det| / dt = trace df/dx by forward mode: a direction for each
 * number, or one random probe. */
#include "nn/flow_internal.h"
#include "nn/mlp.h"
#include "support/memory.h"

#include <stdlib.h>
#include <string.h>

typedef struct Ode {
    FlowLayer layer;
    int steps;
    Rng noise; /* of the probes */
    Mlp hidden;
    Linear out;
} Ode;

Tensor *flow_ode_velocity(const FlowLayer *layer, Tensor *x, Tensor *time)
{
    const Ode *o = (const Ode *)layer;
    Tensor *both[] = {x, time};
    return linear_forward(&o->out, mlp_forward(&o->hidden, tensor_concat(both, 2, 1)));
}

static Tensor *column(Tape *tape, int rows, double value)
{
    return tensor_fill(tape, 2, (int[]){rows, 1}, (real)value);
}

/* Random signs for every number, or NULL where the trace is exact. */
static Tensor *probe_of(const Ode *o, const Tensor *x)
{
    if (o->layer.dims <= FLOW_ODE_EXACT_DIMS)
        return NULL;
    Rng noise = o->noise;
    Tensor *v = tensor_new(x->tape, 2, x->shape);
    rng_uniform(&noise, v->value, v->size);
    for (size_t i = 0; i < v->size; i++)
        v->value[i] = v->value[i] < (real)0.5 ? -1 : 1;
    return v;
}

static Tensor *exact_trace(Tensor *f, Tensor *x)
{
    int n = x->shape[0], d = x->shape[1];
    Tensor *trace = column(x->tape, n, 0);
    for (int i = 0; i < d; i++) {
        Tensor *direction = tensor_fill(x->tape, 2, x->shape, 0);
        for (int r = 0; r < n; r++)
            direction->value[(size_t)r * (size_t)d + (size_t)i] = 1;
        Tensor *along = tape_tangent(f, x, direction);
        if (along != NULL)
            trace = tensor_add(trace, tensor_slice(along, 1, i, i + 1));
    }
    return trace;
}

/* f and its trace at one time. */
static FlowResult slope(const Ode *o, Tensor *x, Tensor *probe, double time)
{
    int n = x->shape[0];
    FlowResult k = {flow_ode_velocity(&o->layer, x, column(x->tape, n, time)), NULL};
    if (probe == NULL) {
        k.log_det = exact_trace(k.value, x);
        return k;
    }
    Tensor *along = tape_tangent(k.value, x, probe);
    k.log_det =
        along != NULL ? tensor_sum_axis(tensor_mul(probe, along), 1) : column(x->tape, n, 0);
    return k;
}

static Tensor *ahead(Tensor *x, Tensor *k, double step)
{
    return tensor_add(x, tensor_scale(k, (real)step));
}

/* (k1 + 2 k2 + 2 k3 + k4) h / 6 */
static Tensor *mean_slope(Tensor *a, Tensor *b, Tensor *c, Tensor *d, double step)
{
    Tensor *middle = tensor_scale(tensor_add(b, c), 2);
    return tensor_scale(tensor_add(tensor_add(a, d), middle), (real)(step / 6));
}

/* One step from time on; x needs a gradient. log_det: what is added to it. */
static FlowResult runge_kutta(const Ode *o, Tensor *x, Tensor *v, double time, double h)
{
    FlowResult a = slope(o, x, v, time);
    FlowResult b = slope(o, ahead(x, a.value, h / 2), v, time + h / 2);
    FlowResult c = slope(o, ahead(x, b.value, h / 2), v, time + h / 2);
    FlowResult d = slope(o, ahead(x, c.value, h), v, time + h);
    return (FlowResult){tensor_add(x, mean_slope(a.value, b.value, c.value, d.value, h)),
                        mean_slope(a.log_det, b.log_det, c.log_det, d.log_det, h)};
}

/* The trace needs history even where nobody asks for gradients: then each step is forgotten once
 * its values are copied. */
static FlowResult integrate_values(const Ode *o, const Tensor *x, double from, double h)
{
    Tape *tape = x->tape;
    FlowResult at = {tensor_from(tape, 2, x->shape, x->value), column(tape, x->shape[0], 0)};
    Tensor *probe = probe_of(o, x);
    bool was = tape_record(tape, true);
    for (int s = 0; s < o->steps; s++) {
        TapeMark mark = tape_mark(tape);
        Tensor *start = tensor_watch(tensor_from(tape, 2, x->shape, at.value->value));
        FlowResult next = runge_kutta(o, start, probe, from + s * h, h);
        memcpy(at.value->value, next.value->value, x->size * sizeof(real));
        for (size_t r = 0; r < at.log_det->size; r++)
            at.log_det->value[r] += next.log_det->value[r];
        tape_release(tape, mark);
    }
    tape_record(tape, was);
    return at;
}

static FlowResult ode_forward(const FlowLayer *layer, Tensor *x)
{
    const Ode *o = (const Ode *)layer;
    double h = 1.0 / o->steps;
    if (!tape_recording(x->tape))
        return integrate_values(o, x, 0, h);
    FlowResult at = {x, NULL};
    Tensor *probe = probe_of(o, x);
    if (!x->needs_grad)
        at.value = tensor_watch(tensor_from(x->tape, 2, x->shape, x->value));
    for (int s = 0; s < o->steps; s++) {
        FlowResult next = runge_kutta(o, at.value, probe, s * h, h);
        at.value = next.value;
        at.log_det = at.log_det == NULL ? next.log_det : tensor_add(at.log_det, next.log_det);
    }
    return at;
}

static FlowResult ode_inverse(const FlowLayer *layer, Tensor *y)
{
    const Ode *o = (const Ode *)layer;
    return integrate_values(o, y, 1, -1.0 / o->steps);
}

static void ode_destroy(FlowLayer *layer)
{
    free(layer);
}

static bool ode_set_noise(FlowLayer *layer, Rng noise)
{
    ((Ode *)layer)->noise = noise;
    return true;
}

static const FlowLayerKind exact_kind = {
    .name = "continuous", .forward = ode_forward, .inverse = ode_inverse, .destroy = ode_destroy};
static const FlowLayerKind probed_kind = {.name = "continuous",
                                          .forward = ode_forward,
                                          .inverse = ode_inverse,
                                          .destroy = ode_destroy,
                                          .set_noise = ode_set_noise};

FlowLayer *flow_ode(Params *params, const char *name, int dims, int steps, const int *hidden,
                    int layers, Rng *rng)
{
    Ode *o = memory_new(1, sizeof *o);
    char *out = memory_format("%s.out", name);
    o->layer = (FlowLayer){dims <= FLOW_ODE_EXACT_DIMS ? &exact_kind : &probed_kind, dims};
    o->noise = rng_stream(1, "probes");
    o->steps = steps;
    o->hidden = mlp_create(params, name, dims + 1, hidden, layers, ACTIVATION_TANH, rng);
    o->out =
        linear_create(params, out, mlp_width(dims + 1, hidden, layers), dims, ACTIVATION_NONE, rng);
    memset(o->out.weight->value, 0, o->out.weight->size * sizeof(real));
    free(out);
    return &o->layer;
}
