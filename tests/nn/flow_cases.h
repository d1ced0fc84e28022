/* One layer of each kind with weights that have moved, for the tests of layers. */
#ifndef NN_FLOW_CASES_H
#define NN_FLOW_CASES_H

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

static inline FlowLayer *make(int kind, Params *params, Rng *rng)
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
static inline FlowResult ask(Case *c, const real *x, Tensor **leaf)
{
    tape_reset(c->tape);
    params_bind(c->params, c->tape);
    *leaf = tensor_watch(tensor_from(c->tape, 2, (int[]){ROWS, c->flow.dims}, x));
    return flow_forward(&c->flow, *leaf);
}

/* sum_i seed_i value_i + sum_r weight_r log_det_r, with uneven weights. */
static inline Tensor *objective(FlowResult y)
{
    Rng rng = rng_stream(5, "seed");
    Tensor *seed = tensor_like(y.value), *weight = tensor_like(y.log_det);
    rng_normal(&rng, seed->value, seed->size);
    rng_normal(&rng, weight->value, weight->size);
    return tensor_add(tensor_sum(tensor_mul(seed, y.value)),
                      tensor_sum(tensor_mul(weight, y.log_det)));
}

/* Weights that a gradient reaches move away from their start; masked ones stay where they are. */
static inline void disturb(Case *c, Rng *rng)
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

static inline double dot3(const real *a, const real *b)
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static inline bool begin(Case *c, int kind)
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

static inline void end(Case *c)
{
    flow_free(&c->flow);
    params_free(c->params);
    tape_free(c->tape);
}

/* d value / d x of one row by central differences. */
static inline double numeric_log_det(Case *c, int row)
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

#endif
