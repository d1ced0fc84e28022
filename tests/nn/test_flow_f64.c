/* Invertible layers in double: each log-determinant against that of the Jacobian by central
 * differences (GSL's LU), each inverse, each weight's gradient, and what the layers promise. */
#include "nn/flow.h"

#include "harness/suite.h"
#include "support/memory.h"
#include "support/rng.h"
#include "tensor/tape.h"

#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const Monotone affine = {MONOTONE_AFFINE, 0, 2}, spline = {MONOTONE_SPLINE, 5, 2};
static const FlowShape image = {2, 4, 2}; /* 16 numbers */
enum { ROWS = 3, MOST = 16, SPHERE = 13 };

/* ---------------------------------------------------------------- one layer of each kind */

static FlowLayer *make(int kind, Params *params, Rng *rng)
{
    const int hidden[2] = {7, 6};
    Flow inner = {.layers = 0};
    switch (kind) {
    case 0:
        return flow_coupling(params, "layer", 5, false, affine, hidden, 2, rng);
    case 1:
        return flow_coupling(params, "layer", 5, true, affine, hidden, 2, rng);
    case 2:
        return flow_coupling(params, "layer", 2, false, spline, hidden, 1, rng);
    case 3:
        return flow_coupling(params, "layer", 6, true, spline, hidden, 2, rng);
    case 4:
        return flow_autoregressive(params, "layer", 5, false, affine, hidden, 2, rng);
    case 5:
        return flow_autoregressive(params, "layer", 4, true, spline, hidden, 1, rng);
    case 6:
        return flow_actnorm(params, "layer", 6, 3);
    case 7:
        return flow_linear(params, "layer", 8, 4, rng);
    case 8:
        return flow_planar(params, "layer", 3, rng);
    case 9:
        return flow_squeeze(image);
    case 10:
        return flow_image_coupling(params, "layer", image, affine, 5, rng);
    case 11:
        return flow_image_coupling(params, "layer", image, spline, 5, rng);
    case 12:
        flow_add(&inner, flow_coupling(params, "inner", 8, false, affine, hidden, 1, rng));
        flow_add(&inner, flow_actnorm(params, "inner.norm", 8, 2));
        return flow_first_half(image, inner);
    case SPHERE:
        return flow_sphere(params, "layer", 5, hidden, 1, rng);
    case 14:
        return flow_ode(params, "layer", 2, 40, hidden, 2, rng);
    default:
        return NULL;
    }
}

typedef struct Case {
    Flow flow;
    Params *params;
    Tape *tape;
    real x[ROWS * MOST];
    bool sphere; /* rows are points of the sphere */
} Case;

/* Forward on fresh rows; the tape is reset. */
static FlowResult ask(Case *c, const real *x, Tensor **leaf)
{
    tape_reset(c->tape);
    params_bind(c->params, c->tape);
    *leaf = tensor_watch(tensor_from(c->tape, 2, (int[]){ROWS, c->flow.dims}, x));
    return flow_forward(&c->flow, *leaf);
}

/* sum_i seed_i value_i + sum_r weight_r log_det_r, with uneven weights. */
static Tensor *objective(FlowResult y)
{
    Rng rng = rng_stream(5, "seed");
    Tensor *seed = tensor_like(y.value), *weight = tensor_like(y.log_det);
    rng_normal(&rng, seed->value, seed->size);
    rng_normal(&rng, weight->value, weight->size);
    return tensor_add(tensor_sum(tensor_mul(seed, y.value)),
                      tensor_sum(tensor_mul(weight, y.log_det)));
}

/* Weights that a gradient reaches move away from their start; masked ones stay where they are. */
static void disturb(Case *c, Rng *rng)
{
    for (int round = 0; round < 4; round++) {
        Tensor *x;
        tape_backward(objective(ask(c, c->x, &x)));
        for (int k = 0; k < c->params->count; k++) {
            Tensor *w = c->params->tensor[k];
            for (size_t i = 0; i < w->size && c->params->trained[k] && w->has_grad; i++)
                if (w->grad[i] != 0)
                    w->value[i] += 0.15 * rng_normal_one(rng);
        }
        params_touch(c->params);
    }
}

static double dot3(const real *a, const real *b)
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static bool begin(Case *c, int kind)
{
    Rng rng = rng_stream((uint64_t)kind + 1, "flow test");
    memset(c, 0, sizeof *c);
    c->params = params_create();
    c->tape = tape_create(kernels_best());
    FlowLayer *layer = make(kind, c->params, &rng);
    if (layer == NULL) {
        params_free(c->params);
        tape_free(c->tape);
        return false;
    }
    flow_add(&c->flow, layer);
    kernels_set_threads(1);
    rng_normal(&rng, c->x, ROWS * MOST);
    c->sphere = kind == SPHERE;
    for (int r = 0; r < ROWS && c->sphere; r++) {
        double length = sqrt(dot3(c->x + 3 * r, c->x + 3 * r));
        for (int i = 0; i < 3; i++)
            c->x[3 * r + i] /= length;
    }
    disturb(c, &rng);
    return true;
}

static void end(Case *c)
{
    flow_free(&c->flow);
    params_free(c->params);
    tape_free(c->tape);
}

/* ---------------------------------------------------------------- Jacobian, inverse, gradient */

/* d value / d x of one row by central differences. */
static double numeric_log_det(Case *c, int row)
{
    const double step = 1e-6;
    int d = c->flow.dims, sign;
    gsl_matrix *m = gsl_matrix_alloc((size_t)d, (size_t)d);
    gsl_permutation *order = gsl_permutation_alloc((size_t)d);
    for (int j = 0; j < d; j++) {
        Tensor *x;
        real up[ROWS * MOST], kept = c->x[row * d + j];
        c->x[row * d + j] = kept + step;
        memcpy(up, ask(c, c->x, &x).value->value, sizeof(real) * (size_t)(ROWS * d));
        c->x[row * d + j] = kept - step;
        const real *down = ask(c, c->x, &x).value->value;
        c->x[row * d + j] = kept;
        for (int i = 0; i < d; i++)
            gsl_matrix_set(m, (size_t)i, (size_t)j,
                           (up[row * d + i] - down[row * d + i]) / (2 * step));
    }
    gsl_linalg_LU_decomp(m, order, &sign);
    double log_det = gsl_linalg_LU_lndet(m);
    gsl_matrix_free(m);
    gsl_permutation_free(order);
    return log_det;
}

/* The factor by which the map stretches area at a point of the sphere: the length of the cross
 * product of what two orthogonal unit steps along the sphere become. */
static double numeric_log_area(Case *c, int row)
{
    const double step = 1e-6;
    real *x = c->x + 3 * row, kept[3] = {x[0], x[1], x[2]}, side[2][3], moved[2][3];
    real axis[3] = {fabs(x[0]) < 0.5, fabs(x[0]) >= 0.5, 0};
    double along = dot3(axis, kept), length = 0;
    for (int i = 0; i < 3; i++)
        side[0][i] = axis[i] - along * kept[i];
    length = sqrt(dot3(side[0], side[0]));
    for (int i = 0; i < 3; i++)
        side[0][i] /= length;
    for (int i = 0; i < 3; i++)
        side[1][i] =
            kept[(i + 1) % 3] * side[0][(i + 2) % 3] - kept[(i + 2) % 3] * side[0][(i + 1) % 3];
    for (int k = 0; k < 2; k++) {
        Tensor *leaf;
        for (int i = 0; i < 3; i++)
            x[i] = cos(step) * kept[i] + sin(step) * side[k][i];
        memcpy(moved[k], ask(c, c->x, &leaf).value->value + 3 * row, sizeof moved[k]);
        for (int i = 0; i < 3; i++)
            x[i] = cos(step) * kept[i] - sin(step) * side[k][i];
        const real *down = ask(c, c->x, &leaf).value->value + 3 * row;
        for (int i = 0; i < 3; i++)
            moved[k][i] = (moved[k][i] - down[i]) / (2 * step);
    }
    memcpy(x, kept, sizeof kept);
    double a = dot3(moved[0], moved[0]), b = dot3(moved[1], moved[1]);
    double cross = dot3(moved[0], moved[1]);
    return 0.5 * log(a * b - cross * cross);
}

static void test_log_det(void)
{
    Case c;
    for (int kind = 0; begin(&c, kind); kind++) {
        for (int row = 0; row < ROWS; row++) {
            Tensor *x;
            double numeric = c.sphere ? numeric_log_area(&c, row) : numeric_log_det(&c, row);
            double said = ask(&c, c.x, &x).log_det->value[row];
            CU_ASSERT(fabs(numeric - said) < 1e-6);
            if (!(fabs(numeric - said) < 1e-6))
                printf("\n    %s, case %d: %.9f, numeric %.9f\n", c.flow.layer[0]->kind->name, kind,
                       said, numeric);
        }
        end(&c);
    }
}

static void test_inverse(void)
{
    Case c;
    for (int kind = 0; begin(&c, kind); kind++) {
        FlowLoss loss, whole;
        tape_reset(c.tape);
        params_bind(c.params, c.tape);
        Tensor *x = tensor_from(c.tape, 2, (int[]){ROWS, c.flow.dims}, c.x);
        flow_round_trip(&c.flow, x, &loss, &whole);
        /* a continuous flow is undone up to its rule's error */
        double tolerance = strcmp(c.flow.layer[0]->kind->name, "continuous") == 0 ? 1e-5 : 1e-9;
        CU_ASSERT(whole.finite && whole.largest < tolerance && whole.log_det < tolerance);
        if (!(whole.largest < tolerance && whole.log_det < tolerance))
            printf("\n    %s, case %d: %g, log det %g\n", c.flow.layer[0]->kind->name, kind,
                   whole.largest, whole.log_det);
        end(&c);
    }
}

/* The gradient by a number, of a weight or of x, against its difference. */
static double gap_of(Case *c, real *number, double gradient)
{
    const double step = 1e-5;
    Tensor *x;
    real kept = *number;
    *number = kept + step;
    params_touch(c->params);
    double up = tensor_item(objective(ask(c, c->x, &x)));
    *number = kept - step;
    params_touch(c->params);
    double down = tensor_item(objective(ask(c, c->x, &x)));
    *number = kept;
    params_touch(c->params);
    double slope = (up - down) / (2 * step);
    return fabs(slope - gradient) / fmax(1, fabs(slope));
}

/* Also by x, as the previous layer needs it. */
static void test_gradients(void)
{
    Case c;
    for (int kind = 0; begin(&c, kind); kind++) {
        Tensor *x;
        double worst = 0;
        for (int k = 0; k < c.params->count; k++) {
            Tensor *w = c.params->tensor[k];
            for (size_t i = 0; i < w->size && c.params->trained[k]; i += 1 + w->size / 9) {
                tape_backward(objective(ask(&c, c.x, &x)));
                double gradient = w->has_grad ? w->grad[i] : 0;
                if (gradient == 0 && (kind == 4 || kind == 5)) /* may be masked */
                    continue;
                worst = fmax(worst, gap_of(&c, &w->value[i], gradient));
            }
        }
        for (int i = 0; i < c.flow.dims; i++) {
            tape_backward(objective(ask(&c, c.x, &x)));
            worst = fmax(worst, gap_of(&c, &c.x[i], x->grad[i]));
        }
        CU_ASSERT(worst < 1e-6);
        if (!(worst < 1e-6))
            printf("\n    %s, case %d: gap %g\n", c.flow.layer[0]->kind->name, kind, worst);
        end(&c);
    }
}

/* ---------------------------------------------------------------- promises */

/* Number i of an autoregressive layer does not depend on the numbers after it (before it, where it
 * is turned), and its own map is increasing. */
static void test_autoregressive(void)
{
    for (int kind = 4; kind <= 5; kind++) {
        Case c;
        Tensor *x;
        CU_ASSERT_FATAL(begin(&c, kind));
        int d = c.flow.dims, reached = 0;
        real before[ROWS * MOST];
        memcpy(before, ask(&c, c.x, &x).value->value, sizeof(real) * (size_t)(ROWS * d));
        for (int at = 0; at < ROWS * d; at++) {
            real kept = c.x[at];
            c.x[at] = kept + 0.3;
            const real *after = ask(&c, c.x, &x).value->value;
            c.x[at] = kept;
            for (int i = at - at % d; i < at - at % d + d; i++) {
                bool may = kind == 4 ? i >= at : i <= at;
                CU_ASSERT(may || after[i] == before[i]);
                reached += i != at && after[i] != before[i];
            }
            CU_ASSERT(after[at] > before[at]);
        }
        CU_ASSERT(reached > 0);
        end(&c);
    }
}

/* Behind a fresh actnorm the data have mean 0 and variance 1. */
static void test_start(void)
{
    enum { N = 200, D = 6, CHANNELS = 3 };
    Params *params = params_create();
    Tape *tape = tape_create(kernels_best());
    Flow flow = {.layers = 0};
    Rng rng = rng_stream(2, "start");
    flow_add(&flow, flow_actnorm(params, "norm", D, CHANNELS));
    params_bind(params, tape);
    Tensor *x = tensor_new_matrix(tape, N, D);
    rng_normal(&rng, x->value, x->size);
    for (size_t i = 0; i < x->size; i++)
        x->value[i] = 3 + (real)(i % CHANNELS) + 0.2 * x->value[i];
    flow_start(&flow, x);
    params_bind(params, tape);
    const Tensor *y = flow_forward(&flow, x).value;
    for (int k = 0; k < CHANNELS; k++) {
        double sum = 0, square = 0, n = (double)N * D / CHANNELS;
        for (size_t i = (size_t)k; i < y->size; i += CHANNELS) {
            sum += y->value[i];
            square += y->value[i] * y->value[i];
        }
        CU_ASSERT(fabs(sum / n) < 1e-9 && fabs(square / n - 1) < 1e-9);
    }
    flow_free(&flow);
    params_free(params);
    tape_free(tape);
}

/* The planar layer stays invertible whatever its weights are. */
static void test_planar(void)
{
    Case c;
    Tensor *x;
    CU_ASSERT_FATAL(begin(&c, 8));
    Tensor *u = params_find(c.params, "layer.u"), *w = params_find(c.params, "layer.w");
    for (size_t j = 0; j < u->size; j++) {
        u->value[j] = -40 * w->value[j];
        c.x[j] = 0.01 * c.x[j];
    }
    params_touch(c.params);
    FlowResult y = ask(&c, c.x, &x);
    for (int r = 0; r < ROWS; r++)
        CU_ASSERT(isfinite(y.log_det->value[r]));
    end(&c);
}

/* The layer that loses precision is named, and the first that is not finite. */
static void test_report(void)
{
    Params *params = params_create();
    Tape *tape = tape_create(kernels_best());
    Flow flow = {.layers = 0};
    FlowLoss loss[3], whole;
    flow_add(&flow, flow_actnorm(params, "a", 4, 2));
    flow_add(&flow, flow_actnorm(params, "b", 4, 2));
    flow_add(&flow, flow_actnorm(params, "c", 4, 2));
    params_find(params, "b.shift")->value[1] = 1e12;
    params_bind(params, tape);
    Tensor *x = tensor_fill(tape, 2, (int[]){2, 4}, 0.7);
    CU_ASSERT_EQUAL(flow_round_trip(&flow, x, loss, &whole), 1);
    CU_ASSERT(loss[1].largest > 1e-6 && loss[2].largest < 1e-12 && whole.largest > 1e-6);
    params_find(params, "b.log_scale")->value[1] = NAN;
    params_touch(params);
    CU_ASSERT_EQUAL(flow_round_trip(&flow, x, loss, &whole), 1);
    CU_ASSERT(loss[0].finite && !loss[1].finite && !whole.finite);
    flow_free(&flow);
    params_free(params);
    tape_free(tape);
}

/* The probed trace is right on average: the mean over many probes is the exact one of the same
 * weights, within 4 standard errors. A row of 9 numbers is 1 too long for the exact way, so both
 * are computed from the Jacobian of the field where one short step has moved little. */
static void test_probes(void)
{
    enum { D = FLOW_ODE_EXACT_DIMS + 1, PROBES = 3000 };
    const int hidden[1] = {6};
    Params *params = params_create();
    Tape *tape = tape_create(kernels_best());
    Rng rng = rng_stream(3, "probes");
    Flow flow = {.layers = 0};
    flow_add(&flow, flow_ode(params, "ode", D, 1, hidden, 1, &rng));
    Tensor *out = params_find(params, "ode.out.weight");
    rng_normal(&rng, out->value, out->size);
    for (size_t i = 0; i < out->size; i++)
        out->value[i] *= 0.02;
    params_touch(params);
    real x[D];
    rng_normal(&rng, x, D);
    double sum = 0, square = 0;
    tape_record(tape, false);
    for (int p = 0; p < PROBES; p++) {
        tape_reset(tape);
        params_bind(params, tape);
        CU_ASSERT(flow_set_noise(&flow, rng_at(rng_stream(4, "probe"), (uint64_t)p)));
        Tensor *row = tensor_from(tape, 2, (int[]){1, D}, x);
        double found = flow_forward(&flow, row).log_det->value[0];
        sum += found / PROBES;
        square += found * found / PROBES;
    }
    Case c = {.flow = flow, .params = params, .tape = tape};
    for (int r = 0; r < ROWS; r++)
        memcpy(c.x + r * D, x, sizeof x);
    double se = sqrt(fmax(square - sum * sum, 0) / PROBES);
    CU_ASSERT(se > 1e-6);
    /* the rule's log-determinant and that of its map differ by the order of the step's square */
    CU_ASSERT(fabs(sum - numeric_log_det(&c, 0)) < 4 * se + 1e-4);
    end(&c);
}

const Suite suite = {"nn/flow",
                     {{"log-determinant is the Jacobian's", test_log_det},
                      {"inverse", test_inverse},
                      {"gradients", test_gradients},
                      {"autoregressive order", test_autoregressive},
                      {"actnorm starts from data", test_start},
                      {"planar layer stays invertible", test_planar},
                      {"the layer that loses is named", test_report},
                      {"random probes", test_probes},
                      {NULL, NULL}}};
