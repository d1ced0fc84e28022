/* What invertible layers promise: order, starting values, bounds, reports, contexts, probes. */
#include "nn/flow_cases.h"

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

enum { GIVEN_DIMS = 4, CONTEXT = 3 };

/* The objective under that context; a gradient with respect to it where that is wanted. */
static double given_objective(const Flow *flow, Params *params, Tape *tape, const real *x,
                              const real *context, real *gradient)
{
    tape_reset(tape);
    params_bind(params, tape);
    Tensor *at = tensor_from(tape, 2, (int[]){ROWS, GIVEN_DIMS}, x);
    Tensor *given = tensor_watch(tensor_from(tape, 2, (int[]){ROWS, CONTEXT}, context));
    Tensor *sum = objective(flow_forward_given(flow, at, given));
    if (gradient != NULL) {
        tape_backward(sum);
        memcpy(gradient, given->grad, given->size * sizeof *gradient);
    }
    return tensor_item(sum);
}

/* What x says reaches the encoder through the context's gradient. */
static void check_context_gradient(const Flow *flow, Params *params, Tape *tape, const real *x,
                                   const real *context)
{
    real gradient[ROWS * CONTEXT], moved[ROWS * CONTEXT];
    given_objective(flow, params, tape, x, context, gradient);
    for (int i = 0; i < ROWS * CONTEXT; i++) {
        double side[2];
        for (int s = 0; s < 2; s++) {
            memcpy(moved, context, sizeof moved);
            moved[i] += s == 0 ? 1e-5 : -1e-5;
            side[s] = given_objective(flow, params, tape, x, moved, NULL);
        }
        CU_ASSERT(gradient[i] != 0);
        CU_ASSERT(fabs((side[0] - side[1]) / 2e-5 - gradient[i]) < 1e-6);
    }
}

/* With a context: the Jacobian by x, the way back under the same context, and another result under
 * another one, for every number. */
static void test_context(void)
{
    enum { D = GIVEN_DIMS };
    const int hidden[1] = {9};
    Params *params = params_create();
    Tape *tape = tape_create(kernels_best());
    Flow flow = {.layers = 0};
    Rng rng = rng_stream(6, "context");
    real x[ROWS * D], context[ROWS * CONTEXT];
    flow_add(&flow, flow_conditional_autoregressive(params, "layer", D, CONTEXT, true, affine,
                                                    hidden, 1, &rng));
    rng_normal(&rng, x, ROWS * D);
    rng_normal(&rng, context, ROWS * CONTEXT);
    for (int round = 0; round < 4; round++) { /* as disturb() does */
        real unused[ROWS * CONTEXT];
        given_objective(&flow, params, tape, x, context, unused);
        for (int k = 0; k < params->count; k++)
            for (size_t i = 0; i < params->tensor[k]->size && params->tensor[k]->has_grad; i++)
                if (params->tensor[k]->grad[i] != 0)
                    params->tensor[k]->value[i] += 0.15 * rng_normal_one(&rng);
        params_touch(params);
    }
    check_context_gradient(&flow, params, tape, x, context);
    tape_record(tape, false);
    tape_reset(tape);
    params_bind(params, tape);
    Tensor *at = tensor_from(tape, 2, (int[]){ROWS, D}, x);
    Tensor *given = tensor_from(tape, 2, (int[]){ROWS, CONTEXT}, context);
    FlowResult y = flow_forward_given(&flow, at, given);
    FlowResult back = flow_inverse_given(&flow, y.value, given);
    Tensor *other = flow_forward_given(&flow, at, tensor_shift(given, 1)).value;
    for (int r = 0; r < ROWS; r++) {
        double slopes = 0; /* the Jacobian is triangular: its diagonal is enough */
        for (int j = 0; j < D; j++) {
            real up[ROWS * D], down[ROWS * D];
            memcpy(up, x, sizeof x);
            memcpy(down, x, sizeof x);
            up[r * D + j] += 1e-6;
            down[r * D + j] -= 1e-6;
            const Tensor *a =
                flow_forward_given(&flow, tensor_from(tape, 2, at->shape, up), given).value;
            const Tensor *b =
                flow_forward_given(&flow, tensor_from(tape, 2, at->shape, down), given).value;
            slopes += log((a->value[r * D + j] - b->value[r * D + j]) / 2e-6);
            for (int i = j + 1; i < D; i++) /* turned: later numbers do not depend on it */
                CU_ASSERT(a->value[r * D + i] == b->value[r * D + i]);
            CU_ASSERT(fabs(back.value->value[r * D + j] - x[r * D + j]) < 1e-9);
        }
        CU_ASSERT(fabs(slopes - y.log_det->value[r]) < 1e-6);
        CU_ASSERT(fabs(back.log_det->value[r] + y.log_det->value[r]) < 1e-9);
    }
    for (int j = 0; j < D; j++)
        CU_ASSERT(other->value[j] != y.value->value[j]);
    flow_free(&flow);
    params_free(params);
    tape_free(tape);
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

const Suite suite = {"nn/flow promises",
                     {{"autoregressive order", test_autoregressive},
                      {"context", test_context},
                      {"actnorm starts from data", test_start},
                      {"planar layer stays invertible", test_planar},
                      {"the layer that loses is named", test_report},
                      {"random probes", test_probes},
                      {NULL, NULL}}};
