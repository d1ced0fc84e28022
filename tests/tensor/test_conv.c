/* Convolutions: the portable loops against the definition in double, the fast kernels against the
 * portable ones over odd sizes, strides and paddings, and what a backend keeps. */
#include "harness/suite.h"
#include "nn/conv.h"
#include "support/memory.h"
#include "support/rng.h"
#include "tensor/tape.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Case {
    Conv conv;
    size_t x_size, w_size, y_size;
    real *x, *weight, *bias, *dy;
} Case;

/* What a table makes of a case. */
typedef struct Outcome {
    real *y, *dx, *dweight, *dbias;
} Outcome;

static Conv conv_sized(int n, int height, int width, int in, int out, int kernel, int stride,
                       int padding)
{
    Conv c = {n, height, width, in, kernel, kernel, stride, padding, 0, 0, out};
    c.out_height = (height + 2 * padding - kernel) / stride + 1;
    c.out_width = (width + 2 * padding - kernel) / stride + 1;
    return c;
}

static real *normal(Rng *rng, size_t n)
{
    real *a = memory_new(n, sizeof *a);
    rng_normal(rng, a, n);
    return a;
}

static Case case_create(Conv conv)
{
    Rng rng = rng_stream(3, "convolutions");
    Case c = {.conv = conv};
    c.x_size = (size_t)(conv.n * conv.height * conv.width * conv.in);
    c.w_size = (size_t)(conv.kernel_height * conv.kernel_width * conv.in * conv.out);
    c.y_size = (size_t)(conv.n * conv.out_height * conv.out_width * conv.out);
    c.x = normal(&rng, c.x_size);
    c.weight = normal(&rng, c.w_size);
    c.bias = normal(&rng, (size_t)conv.out);
    c.dy = normal(&rng, c.y_size);
    return c;
}

static void case_free(Case *c)
{
    free(c->x);
    free(c->weight);
    free(c->bias);
    free(c->dy);
}

static void outcome_free(Outcome *o)
{
    free(o->y);
    free(o->dx);
    free(o->dweight);
    free(o->dbias);
}

/* Everything holds NaN before: who does not write it is seen. */
static real *unset(size_t n)
{
    real *a = memory_new(n, sizeof *a);
    for (size_t i = 0; i < n; i++)
        a[i] = NAN;
    return a;
}

static Outcome outcome_of(const Kernels *kernels, const Case *c)
{
    Outcome o = {unset(c->y_size), unset(c->x_size), unset(c->w_size), unset((size_t)c->conv.out)};
    Backend *backend = kernels->open != NULL ? kernels->open() : NULL;
    ConvWeight weight = {c->weight, 0, false};
    kernels->conv_forward(backend, &c->conv, c->x, weight, c->bias, o.y);
    kernels->conv_backward_data(backend, &c->conv, weight, c->dy, o.dx);
    kernels->conv_backward_weight(backend, &c->conv, c->x, c->dy, o.dweight, o.dbias);
    if (backend != NULL)
        kernels->close(backend);
    return o;
}

/* The definition in kernels.h, term by term: sums in double, and of magnitudes. */
typedef struct Exact {
    double *y, *dx, *dweight, *dbias;
    double *y_most, *dx_most, *dweight_most, *dbias_most;
} Exact;

static double *zeros(size_t n)
{
    return memory_new(n, sizeof(double));
}

static void add_term(double *sum, double *most, size_t i, double term)
{
    sum[i] += term;
    most[i] += fabs(term);
}

static Exact exact_of(const Case *t)
{
    const Conv *c = &t->conv;
    size_t out = (size_t)c->out;
    Exact e = {zeros(t->y_size), zeros(t->x_size), zeros(t->w_size), zeros(out),
               zeros(t->y_size), zeros(t->x_size), zeros(t->w_size), zeros(out)};
    for (size_t p = 0; p < t->y_size; p++) {
        int o = (int)(p % out), j = (int)(p / out) % c->out_width;
        int i = (int)(p / out) / c->out_width % c->out_height;
        int n = (int)(p / out) / c->out_width / c->out_height;
        add_term(e.y, e.y_most, p, (double)t->bias[o]);
        add_term(e.dbias, e.dbias_most, (size_t)o, (double)t->dy[p]);
        for (size_t q = 0; q < t->w_size / out; q++) {
            int in = (int)q % c->in, l = (int)q / c->in % c->kernel_width;
            int k = (int)q / c->in / c->kernel_width;
            int row = i * c->stride + k - c->padding, column = j * c->stride + l - c->padding;
            if (row < 0 || row >= c->height || column < 0 || column >= c->width)
                continue;
            size_t from = (size_t)(((n * c->height + row) * c->width + column) * c->in + in);
            size_t w = q * out + (size_t)o;
            add_term(e.y, e.y_most, p, (double)t->x[from] * (double)t->weight[w]);
            add_term(e.dx, e.dx_most, from, (double)t->dy[p] * (double)t->weight[w]);
            add_term(e.dweight, e.dweight_most, w, (double)t->dy[p] * (double)t->x[from]);
        }
    }
    return e;
}

static void exact_free(Exact *e)
{
    double *all[] = {e->y,      e->dx,      e->dweight,      e->dbias,
                     e->y_most, e->dx_most, e->dweight_most, e->dbias_most};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

/* Entries further off than terms * eps * sum |terms| (Higham 2002, sec. 3.1). */
static int wrong_in(const real *value, const double *exact, const double *most, size_t n,
                    size_t terms)
{
    int wrong = 0;
    for (size_t i = 0; i < n; i++)
        wrong += !(fabs((double)value[i] - exact[i]) <=
                   ((double)terms + 2) * (double)FLT_EPSILON * most[i]);
    return wrong;
}

static int wrong_entries(const Kernels *kernels, const Case *c, const Exact *e)
{
    Outcome o = outcome_of(kernels, c);
    size_t kernel = (size_t)(c->conv.kernel_height * c->conv.kernel_width);
    size_t rows = c->y_size / (size_t)c->conv.out;
    int wrong = wrong_in(o.y, e->y, e->y_most, c->y_size, kernel * (size_t)c->conv.in);
    wrong += wrong_in(o.dx, e->dx, e->dx_most, c->x_size, kernel * (size_t)c->conv.out);
    wrong += wrong_in(o.dweight, e->dweight, e->dweight_most, c->w_size, rows);
    wrong += wrong_in(o.dbias, e->dbias, e->dbias_most, (size_t)c->conv.out, rows);
    if (wrong > 0)
        printf("\n    %s: [%d, %d, %d, %d] -> %d, kernel %d, stride %d, padding %d: %d wrong\n",
               kernels->name, c->conv.n, c->conv.height, c->conv.width, c->conv.in, c->conv.out,
               c->conv.kernel_height, c->conv.stride, c->conv.padding, wrong);
    outcome_free(&o);
    return wrong;
}

static int wrong_for(Conv conv)
{
    Case c = case_create(conv);
    Exact e = exact_of(&c);
    int wrong = wrong_entries(&kernels_portable, &c, &e);
    wrong += wrong_entries(kernels_best(), &c, &e);
    exact_free(&e);
    case_free(&c);
    return wrong;
}

static void test_sizes(void)
{
    static const int kernel[] = {1, 2, 3, 5}, channels[][2] = {{1, 3}, {3, 1}, {4, 8}, {17, 9}};
    static const int size[][2] = {{5, 5}, {7, 6}, {8, 11}};
    int wrong = 0, cases = 0;
    for (int k = 0; k < 4; k++)
        for (int s = 1; s <= 3; s++)
            for (int p = 0; p < kernel[k]; p++)
                for (int i = 0; i < 4; i++)
                    for (int h = 0; h < 3; h++, cases++)
                        wrong +=
                            wrong_for(conv_sized(1 + (cases % 3), size[h][0], size[h][1],
                                                 channels[i][0], channels[i][1], kernel[k], s, p));
    wrong += wrong_for(conv_sized(4, 14, 14, 48, 48, 3, 1, 1));
    wrong += wrong_for(conv_sized(4, 14, 14, 48, 48, 3, 2, 1));
    CU_ASSERT(cases > 300);
    CU_ASSERT_EQUAL(wrong, 0);
}

/* [1 2; 3 4] with the kernel [1 10; 100 1000] and bias 5, by hand. */
static void test_by_hand(void)
{
    const real x[4] = {1, 2, 3, 4}, w[4] = {1, 10, 100, 1000}, bias = 5;
    static const real padded[9] = {1005, 2105, 205, 3015, 4326, 407, 35, 48, 9};
    const Kernels *table[2] = {&kernels_portable, kernels_best()};
    for (int t = 0; t < 2; t++) {
        Tape *tape = tape_create(table[t]);
        Tensor *image = tensor_from(tape, 4, (int[]){1, 2, 2, 1}, x);
        Tensor *weight = tensor_from(tape, 4, (int[]){2, 2, 1, 1}, w);
        Tensor *b = tensor_from(tape, 1, (int[]){1}, &bias);
        Tensor *y = tensor_conv2d(image, weight, b, 1, 0, ACTIVATION_NONE);
        CU_ASSERT_EQUAL(y->size, 1);
        CU_ASSERT_EQUAL(y->value[0], 1 + 20 + 300 + 4000 + 5);
        Tensor *wide = tensor_conv2d(image, weight, b, 1, 1, ACTIVATION_NONE);
        CU_ASSERT_EQUAL(wide->size, 9);
        for (int i = 0; i < 9; i++)
            CU_ASSERT_EQUAL(wide->value[i], padded[i]);
        tape_free(tape);
    }
}

/* A weight that changes between two steps, or within one, is never read from an old copy. */
static void test_no_old_copy(void)
{
    Tape *tape = tape_create(kernels_best()), *plain = tape_create(&kernels_portable);
    Params *params = params_create();
    Rng rng = rng_stream(5, "copies");
    Conv2d conv = conv2d_create(params, "conv", 3, 8, 8, 1, ACTIVATION_NONE, &rng);
    real *x = normal(&rng, 2 * 6 * 6 * 8);
    for (int change = 0; change < 4; change++) {
        if (change % 2 == 0)
            tape_reset(tape);
        params_bind(params, tape);
        Tensor *in = tensor_from(tape, 4, (int[]){2, 6, 6, 8}, x);
        Tensor *y = conv2d_forward(&conv, in);
        tape_reset(plain);
        params_bind(params, plain);
        Tensor *want = conv2d_forward(&conv, tensor_from(plain, 4, (int[]){2, 6, 6, 8}, x));
        double gap = 0;
        for (size_t i = 0; i < y->size; i++)
            gap = fmax(gap, fabs((double)y->value[i] - (double)want->value[i]));
        CU_ASSERT(gap < 1e-4);
        for (size_t i = 0; i < conv.weight->size; i++)
            conv.weight->value[i] += 1;
        params_touch(params);
    }
    free(x);
    params_free(params);
    tape_free(tape);
    tape_free(plain);
}

/* The same call with the same threads gives the same bits. */
static void test_same_bits(void)
{
    Case c = case_create(conv_sized(8, 14, 14, 16, 24, 3, 1, 1));
    Outcome a = outcome_of(kernels_best(), &c), b = outcome_of(kernels_best(), &c);
    int different = 0;
    for (size_t i = 0; i < c.w_size; i++)
        different += a.dweight[i] != b.dweight[i];
    for (size_t i = 0; i < c.y_size; i++)
        different += a.y[i] != b.y[i];
    CU_ASSERT_EQUAL(different, 0);
    outcome_free(&a);
    outcome_free(&b);
    case_free(&c);
}

const Suite suite = {"tensor/conv",
                     {{"a convolution by hand", test_by_hand},
                      {"odd sizes, strides and paddings", test_sizes},
                      {"no old copy of a weight", test_no_old_copy},
                      {"the same bits again", test_same_bits},
                      {NULL, NULL}}};
