/* The derivatives of an operation against central differences, in double.
 *
 * A CheckRow is one operation on one set of shapes. To add a case, write a line in the table of a
 * test_gradients_*_f64.c; the five checks below run over every row. Each answers with the largest
 * gap that it found (NaN and infinity mean that it is wrong altogether). Step 1e-5 in double: the
 * differences are good to about 1e-9 for inputs of order 1. */
#ifndef TENSOR_GRADIENT_CHECK_H
#define TENSOR_GRADIENT_CHECK_H

#ifndef REAL_IS_DOUBLE
#error "finite differences need the double build: name the test file test_..._f64.c"
#endif

#include "harness/suite.h"
#include "support/memory.h"
#include "support/rng.h"
#include "tensor/tape.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK_STEP 1e-5
#define CHECK_GAP 1e-7

enum {
    CHECK_MOST_INPUTS = 3,
    CHECK_ALL_UP_TO = 128, /* of a larger tensor only CHECK_SOME entries are moved */
    CHECK_SOME = 4,
    CHECK_DIRT = 100000
};

typedef struct CheckShape {
    int rank;
    int shape[TENSOR_MOST_DIMS];
} CheckShape;

typedef Tensor *(*CheckBuild)(Tensor *const *in, int arg);

typedef struct CheckRow {
    const char *name; /* the function as tensor.h spells it: test_lint.c looks for it */
    const char *note; /* what is special about this row                               */
    CheckBuild build;
    int arg;          /* an axis, an activation, ...: whatever build makes of it      */
    double low, high; /* inputs are uniform between these                             */
    int inputs;
    CheckShape input[CHECK_MOST_INPUTS];
} CheckRow;

/* A row at work: its numbers live outside the tape, which is reset for every evaluation. */
typedef struct Check {
    const CheckRow *row;
    Tape *tape;
    size_t size[CHECK_MOST_INPUTS], out;
    real *x[CHECK_MOST_INPUTS];         /* where the derivative is taken                 */
    real *direction[CHECK_MOST_INPUTS]; /* of forward mode                               */
    real *gradient[CHECK_MOST_INPUTS];  /* what the library says                         */
    real *seed;                         /* [out] uneven weights of the outputs           */
    real *up, *down;                    /* [out] outputs a step to either side           */
} Check;

/* Numbers [out] that depend on the inputs; along is the input that forward mode moves. */
typedef void (*CheckOutputs)(const Check *c, int along, real *out);

/* The distance of a derivative from its difference: relative where it is larger than 1. */
static inline double check_distance(double slope, double derivative)
{
    return fabs(slope - derivative) / fmax(1, fabs(slope));
}

/* The largest gap so far; once it is NaN it stays. */
static inline double check_worse(double worst, double gap)
{
    return isnan(worst) || gap <= worst ? worst : gap;
}

/* The inputs as fresh leaves that want gradients, and the operation on them. */
static inline Tensor *check_build(const Check *c, Tensor *in[CHECK_MOST_INPUTS])
{
    tape_reset(c->tape);
    for (int k = 0; k < c->row->inputs; k++) {
        const CheckShape *s = &c->row->input[k];
        in[k] = tensor_watch(tensor_from(c->tape, s->rank, s->shape, c->x[k]));
    }
    return c->row->build(in, c->row->arg);
}

static inline Check check_begin(const CheckRow *row)
{
    Check c = {.row = row, .tape = tape_create(kernels_best())};
    Rng rng = rng_stream(11, row->name);
    for (int k = 0; k < row->inputs; k++) {
        c.size[k] = 1;
        for (int i = 0; i < row->input[k].rank; i++)
            c.size[k] *= (size_t)row->input[k].shape[i];
        c.x[k] = memory_new(c.size[k], sizeof(real));
        c.direction[k] = memory_new(c.size[k], sizeof(real));
        c.gradient[k] = memory_new(c.size[k], sizeof(real));
        rng_uniform(&rng, c.x[k], c.size[k]);
        for (size_t i = 0; i < c.size[k]; i++)
            c.x[k][i] = row->low + (row->high - row->low) * c.x[k][i];
        rng_uniform(&rng, c.direction[k], c.size[k]);
        for (size_t i = 0; i < c.size[k]; i++)
            c.direction[k][i] = 2 * c.direction[k][i] - 1;
    }
    Tensor *in[CHECK_MOST_INPUTS];
    tensor_fill(c.tape, 1, (int[]){CHECK_DIRT}, NAN); /* who reads what he did not write sees NaN */
    c.out = check_build(&c, in)->size;
    c.seed = memory_new(c.out, sizeof(real));
    c.up = memory_new(c.out, sizeof(real));
    c.down = memory_new(c.out, sizeof(real));
    rng_normal(&rng, c.seed, c.out);
    return c;
}

static inline void check_end(Check *c)
{
    for (int k = 0; k < c->row->inputs; k++) {
        free(c->x[k]);
        free(c->direction[k]);
        free(c->gradient[k]);
    }
    free(c->seed);
    free(c->up);
    free(c->down);
    tape_free(c->tape);
}

static inline void check_value(const Check *c, int along, real *out)
{
    (void)along;
    Tensor *in[CHECK_MOST_INPUTS];
    bool was = tape_record(c->tape, false);
    memcpy(out, check_build(c, in)->value, c->out * sizeof *out);
    tape_record(c->tape, was);
}

/* The operation with a direction: its Jacobian-vector product, NULL where the library has none. */
static inline Tensor *check_build_tangent(const Check *c, int along, Tensor *in[CHECK_MOST_INPUTS])
{
    Tensor *y = check_build(c, in);
    const CheckShape *s = &c->row->input[along];
    Tensor *v = tensor_from(c->tape, s->rank, s->shape, c->direction[along]);
    Tensor *dy = tape_tangent(y, in[along], v);
    return dy != NULL && tensor_same_shape(dy, y) ? dy : NULL;
}

static inline void check_tangent_value(const Check *c, int along, real *out)
{
    Tensor *in[CHECK_MOST_INPUTS];
    memcpy(out, check_build_tangent(c, along, in)->value, c->out * sizeof *out);
}

/* The central difference of sum_i seed_i out_i. Outputs that did not change cancel before they are
 * added up, so that a long tensor's rounding stays out of it. */
static inline double check_slope(Check *c, CheckOutputs outputs, int along, real *at)
{
    real kept = *at;
    double sum = 0;
    *at = kept + CHECK_STEP;
    outputs(c, along, c->up);
    *at = kept - CHECK_STEP;
    outputs(c, along, c->down);
    *at = kept;
    for (size_t i = 0; i < c->out; i++)
        sum += c->seed[i] * (c->up[i] - c->down[i]);
    return sum / (2 * CHECK_STEP);
}

/* The library's gradients were copied before the differences reset the tape. */
static inline void check_keep(Check *c, int k, const real *gradient)
{
    if (gradient == NULL)
        memset(c->gradient[k], 0, c->size[k] * sizeof(real));
    else
        memcpy(c->gradient[k], gradient, c->size[k] * sizeof(real));
}

/* gradient[k] against factor times the slope of the outputs. The library worked with all threads;
 * the many short evaluations of the differences would only wait for each other with more than 1. */
static inline double check_gap(Check *c, CheckOutputs outputs, int along, int k, double factor)
{
    Rng rng = rng_stream(12, c->row->name);
    bool all = c->size[k] <= CHECK_ALL_UP_TO;
    size_t times = all ? c->size[k] : CHECK_SOME;
    double worst = 0;
    int threads = kernels_threads();
    kernels_set_threads(1);
    for (size_t j = 0; j < times; j++) {
        size_t i = all ? j : rng_below(&rng, c->size[k]);
        double slope = factor * check_slope(c, outputs, along, &c->x[k][i]);
        worst = check_worse(worst, check_distance(slope, c->gradient[k][i]));
    }
    kernels_set_threads(threads);
    return worst;
}

/* ---------------------------------------------------------------- the five checks */

/* Reverse mode. */
static inline double check_reverse(const CheckRow *row)
{
    Check c = check_begin(row);
    Tensor *in[CHECK_MOST_INPUTS];
    double worst = 0;
    tape_backward_seeded(check_build(&c, in), c.seed);
    for (int k = 0; k < row->inputs; k++)
        check_keep(&c, k, in[k]->has_grad ? in[k]->grad : NULL);
    for (int k = 0; k < row->inputs; k++)
        worst = check_worse(worst, check_gap(&c, check_value, 0, k, 1));
    check_end(&c);
    return worst;
}

/* Reverse mode where every input has two consumers: the first writes, the second must add. */
static inline double check_shared(const CheckRow *row)
{
    Check c = check_begin(row);
    Tensor *in[CHECK_MOST_INPUTS];
    double worst = 0;
    Tensor *once = check_build(&c, in);
    Tensor *again = tensor_scale(row->build(in, row->arg), 2);
    tape_backward_seeded(tensor_add(once, again), c.seed);
    for (int k = 0; k < row->inputs; k++)
        check_keep(&c, k, in[k]->has_grad ? in[k]->grad : NULL);
    for (int k = 0; k < row->inputs; k++)
        worst = check_worse(worst, check_gap(&c, check_value, 0, k, 3));
    check_end(&c);
    return worst;
}

/* tape_gradient for each input alone; nothing may reach the others. */
static inline double check_alone(const CheckRow *row)
{
    Check c = check_begin(row);
    Tensor *in[CHECK_MOST_INPUTS], *gradient;
    double worst = 0;
    for (int k = 0; k < row->inputs; k++) {
        tape_gradient(check_build(&c, in), c.seed, &in[k], 1, &gradient);
        for (int j = 0; j < row->inputs; j++)
            if (in[j]->has_grad)
                worst = INFINITY;
        check_keep(&c, k, gradient->value);
        worst = check_worse(worst, check_gap(&c, check_value, 0, k, 1));
    }
    check_end(&c);
    return worst;
}

/* Forward mode: every entry of dy/dx_k . direction against (y(x + h v) - y(x - h v)) / 2h. */
static inline void check_moved(Check *c, int k, double step, real *out)
{
    real *kept = c->x[k];
    c->x[k] = memory_new(c->size[k], sizeof(real));
    for (size_t i = 0; i < c->size[k]; i++)
        c->x[k][i] = kept[i] + step * c->direction[k][i];
    check_value(c, 0, out);
    free(c->x[k]);
    c->x[k] = kept;
}

static inline double check_forward_one(Check *c, int k)
{
    Tensor *in[CHECK_MOST_INPUTS];
    double worst = 0;
    check_moved(c, k, CHECK_STEP, c->up);
    check_moved(c, k, -CHECK_STEP, c->down);
    const Tensor *dy = check_build_tangent(c, k, in);
    if (dy == NULL)
        return INFINITY;
    for (size_t i = 0; i < c->out; i++) {
        double slope = (c->up[i] - c->down[i]) / (2 * CHECK_STEP);
        worst = check_worse(worst, check_distance(slope, dy->value[i]));
    }
    return worst;
}

static inline double check_forward(const CheckRow *row)
{
    Check c = check_begin(row);
    double worst = 0;
    for (int k = 0; k < row->inputs; k++)
        worst = check_worse(worst, check_forward_one(&c, k));
    check_end(&c);
    return worst;
}

/* Reverse over forward: the gradient of sum_i seed_i (dy_i/dx_along . direction) with respect to
 * every input, for every input that moves. */
static inline double check_second(const CheckRow *row)
{
    Check c = check_begin(row);
    Tensor *in[CHECK_MOST_INPUTS];
    double worst = 0;
    for (int along = 0; along < row->inputs; along++) {
        Tensor *dy = check_build_tangent(&c, along, in);
        if (dy == NULL) {
            worst = INFINITY;
            break;
        }
        if (dy->needs_grad) /* else it depends on no input, and the slopes must be 0 */
            tape_backward_seeded(dy, c.seed);
        for (int k = 0; k < row->inputs; k++)
            check_keep(&c, k, in[k]->has_grad ? in[k]->grad : NULL);
        for (int k = 0; k < row->inputs; k++)
            worst = check_worse(worst, check_gap(&c, check_tangent_value, along, k, 1));
    }
    check_end(&c);
    return worst;
}

/* One loop over a table; a row that fails names itself. */
static inline void check_table(const CheckRow *row, int rows, double (*check)(const CheckRow *row))
{
    for (int i = 0; i < rows; i++) {
        double gap = check(&row[i]);
        if (!(gap < CHECK_GAP))
            printf("\n    %s, %s: gap %.3g\n", row[i].name, row[i].note, gap);
        CU_ASSERT(gap < CHECK_GAP);
    }
}

#define CHECK_ROWS(table) (table), (int)(sizeof(table) / sizeof *(table))

#endif
