/* What the chapters ask of second derivatives: a gradient penalty on a multilayer perceptron, a
 * Hessian-vector product and a trace, and the promises of tape_gradient. */
#include "harness/suite.h"
#include "support/memory.h"
#include "support/rng.h"
#include "tensor/tape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STEP 1e-5
#define GAP 1e-7

enum { BATCH = 4, IN = 3, HIDDEN = 5, WEIGHTS = 5 };

/* D(x) = act(act(x W0 + b1) W2 + b3) W4: two hidden layers, one output. */
typedef struct Critic {
    Tape *tape;
    Activation activation;
    real number[WEIGHTS][HIDDEN * HIDDEN];
    real points[BATCH * IN];
    Tensor *weight[WEIGHTS];
    Tensor *x;
} Critic;

typedef struct WeightShape {
    int rank;
    int shape[2];
} WeightShape;

static const WeightShape weight_shape[WEIGHTS] = {
    {2, {IN, HIDDEN}}, {1, {HIDDEN}}, {2, {HIDDEN, HIDDEN}}, {1, {HIDDEN}}, {2, {HIDDEN, 1}}};

static Critic critic_make(Activation activation)
{
    Critic c = {.tape = tape_create(kernels_best()), .activation = activation};
    Rng rng = rng_stream(3, "critic");
    for (int w = 0; w < WEIGHTS; w++)
        rng_normal(&rng, c.number[w], sizeof c.number[w] / sizeof *c.number[w]);
    rng_normal(&rng, c.points, BATCH * IN);
    return c;
}

/* D at the points, [BATCH, 1], on an empty tape. */
static Tensor *critic_score(Critic *c)
{
    tape_reset(c->tape);
    c->x = tensor_watch(tensor_from(c->tape, 2, (int[]){BATCH, IN}, c->points));
    for (int w = 0; w < WEIGHTS; w++)
        c->weight[w] = tensor_watch(
            tensor_from(c->tape, weight_shape[w].rank, weight_shape[w].shape, c->number[w]));
    Tensor *h = tensor_linear(c->x, c->weight[0], c->weight[1], c->activation);
    h = tensor_linear(h, c->weight[2], c->weight[3], c->activation);
    return tensor_linear(h, c->weight[4], NULL, ACTIVATION_NONE);
}

/* g_r = grad of D at point r. The points do not meet in D, so the gradient of the sum holds all. */
static Tensor *critic_slope(Critic *c)
{
    Tensor *g;
    tape_gradient(tensor_sum(critic_score(c)), NULL, &c->x, 1, &g);
    return g;
}

static double norm_of_row(const Tensor *g, int row)
{
    double square = 0;
    for (int j = 0; j < IN; j++)
        square += g->value[row * IN + j] * g->value[row * IN + j];
    return sqrt(square);
}

/* sum over the points of (|g| - center)^2: R1 has center 0, WGAN-GP 1. */
static double penalty_value(Critic *c, double center)
{
    const Tensor *g = critic_slope(c);
    double sum = 0;
    for (int r = 0; r < BATCH; r++)
        sum += (norm_of_row(g, r) - center) * (norm_of_row(g, r) - center);
    return sum;
}

/* The weights' gradients of the penalty. With T_r = g_r . v_r and v = g held constant, d|g_r|^2 is
 * 2 dT_r, and d(|g_r| - center)^2 is 2 (|g_r| - center) / |g_r| dT_r: a seeded sweep over T. */
static void penalty_backward(Critic *c, double center)
{
    Tensor *g = NULL;
    real seed[BATCH];
    Tensor *score = critic_score(c);
    tape_gradient(tensor_sum(score), NULL, &c->x, 1, &g);
    for (int w = 0; w < WEIGHTS; w++)
        CU_ASSERT(!c->weight[w]->has_grad);
    for (int r = 0; r < BATCH; r++)
        seed[r] = 2 * (norm_of_row(g, r) - center) / norm_of_row(g, r);
    tape_backward_seeded(tape_tangent(score, c->x, g), seed);
}

static double penalty_gap(Activation activation, double center)
{
    Critic c = critic_make(activation);
    real gradient[WEIGHTS][HIDDEN * HIDDEN] = {{0}};
    size_t size[WEIGHTS];
    double worst = 0, largest = 0;
    penalty_backward(&c, center);
    for (int w = 0; w < WEIGHTS; w++) {
        size[w] = c.weight[w]->size;
        if (c.weight[w]->has_grad)
            memcpy(gradient[w], c.weight[w]->grad, size[w] * sizeof(real));
    }
    for (int w = 0; w < WEIGHTS; w++)
        for (size_t i = 0; i < size[w]; i++) {
            real kept = c.number[w][i];
            c.number[w][i] = kept + STEP;
            double up = penalty_value(&c, center);
            c.number[w][i] = kept - STEP;
            double down = penalty_value(&c, center);
            c.number[w][i] = kept;
            double slope = (up - down) / (2 * STEP);
            double gap = fabs(slope - gradient[w][i]) / fmax(1, fabs(slope));
            worst = gap <= worst ? worst : gap;
            largest = fmax(largest, fabs(slope));
        }
    tape_free(c.tape);
    return largest > 1e-3 ? worst : INFINITY; /* slopes that are all 0 would test nothing */
}

static void test_penalty(void)
{
    const Activation activation[] = {ACTIVATION_TANH, ACTIVATION_SIGMOID, ACTIVATION_LEAKY_RELU,
                                     ACTIVATION_RELU};
    for (size_t i = 0; i < sizeof activation / sizeof *activation; i++) {
        CU_ASSERT(penalty_gap(activation[i], 0) < GAP);
        CU_ASSERT(penalty_gap(activation[i], 1) < GAP);
    }
}

/* A leaky perceptron is linear on pieces: the penalty does not feel the biases, to the last bit. */
static void test_penalty_of_a_piecewise_linear_critic(void)
{
    Critic c = critic_make(ACTIVATION_LEAKY_RELU);
    penalty_backward(&c, 0);
    for (int w = 1; w < WEIGHTS - 1; w += 2)
        for (size_t i = 0; c.weight[w]->has_grad && i < c.weight[w]->size; i++)
            CU_ASSERT(c.weight[w]->grad[i] == 0);
    CU_ASSERT(c.weight[0]->has_grad && c.weight[0]->grad[0] != 0);
    tape_free(c.tape);
}

/* x^T A x / 2 has the Hessian (A + A^T) / 2; its products with unit vectors are the columns. */
static void test_hessian(void)
{
    enum { N = 4 };
    Tape *tape = tape_create(kernels_best());
    Rng rng = rng_stream(4, "hessian");
    real a[N * N], x[N];
    rng_normal(&rng, a, N * N);
    rng_normal(&rng, x, N);
    for (int column = 0; column < N; column++) {
        tape_reset(tape);
        Tensor *at = tensor_watch(tensor_from(tape, 2, (int[]){1, N}, x));
        Tensor *matrix = tensor_from(tape, 2, (int[]){N, N}, a);
        Tensor *y = tensor_scale(tensor_matmul_transposed(tensor_matmul(at, matrix), at), 0.5);
        Tensor *unit = tensor_fill(tape, 2, (int[]){1, N}, 0);
        unit->value[column] = 1;
        tape_backward(tape_tangent(y, at, unit));
        for (int i = 0; i < N; i++) {
            double want = (a[i * N + column] + a[column * N + i]) / 2;
            CU_ASSERT(fabs(at->grad[i] - want) < 1e-12);
        }
    }
    tape_free(tape);
}

/* u . (J v) by forward mode = (u J) . v by reverse mode, for a vector-valued perceptron. */
static void test_forward_meets_reverse(void)
{
    Critic c = critic_make(ACTIVATION_TANH);
    Rng rng = rng_stream(5, "meet");
    real u[BATCH * HIDDEN], v[BATCH * IN];
    rng_normal(&rng, u, BATCH * HIDDEN);
    rng_normal(&rng, v, BATCH * IN);
    critic_score(&c);
    Tensor *y = tensor_softmax(tensor_linear(c.x, c.weight[0], c.weight[1], ACTIVATION_TANH));
    Tensor *gradient;
    tape_gradient(y, u, &c.x, 1, &gradient);
    const Tensor *jv = tape_tangent(y, c.x, tensor_from(c.tape, 2, (int[]){BATCH, IN}, v));
    double forward = 0, reverse = 0;
    for (int i = 0; i < BATCH * HIDDEN; i++)
        forward += u[i] * jv->value[i];
    for (int i = 0; i < BATCH * IN; i++)
        reverse += gradient->value[i] * v[i];
    CU_ASSERT(fabs(forward) > 1e-3 && fabs(forward - reverse) < 1e-12);
    tape_free(c.tape);
}

/* ---------------------------------------------------------------- tape_gradient */

/* The same numbers as tape_backward's, of several tensors at once, an interior one among them. */
static void test_gradient_equals_backward(void)
{
    Critic c = critic_make(ACTIVATION_TANH);
    Tensor *score = critic_score(&c);
    Tensor *hidden = score->parent[0], *y = tensor_sum(tensor_square(score));
    Tensor *wrt[4] = {c.weight[2], c.x, hidden, c.weight[1]}, *gradient[4];
    tape_gradient(y, NULL, wrt, 4, gradient);
    for (int w = 0; w < WEIGHTS; w++)
        CU_ASSERT(!c.weight[w]->has_grad);
    CU_ASSERT(!c.x->has_grad);
    tape_backward(y);
    for (int k = 0; k < 4; k++) {
        CU_ASSERT(tensor_same_shape(gradient[k], wrt[k]) && !gradient[k]->needs_grad);
        if (wrt[k] == hidden) /* tape_backward keeps none: 2 score w^T, w the last weight */
            continue;
        CU_ASSERT(wrt[k]->has_grad);
        CU_ASSERT(memcmp(gradient[k]->value, wrt[k]->grad, wrt[k]->size * sizeof(real)) == 0);
    }
    for (int i = 0; i < BATCH * HIDDEN; i++) {
        double want = 2 * score->value[i / HIDDEN] * c.weight[4]->value[i % HIDDEN];
        CU_ASSERT(fabs(gradient[2]->value[i] - want) < 1e-12);
    }
    tape_free(c.tape);
}

/* A gradient that is there already is neither read nor changed, and backward goes on adding. */
static void test_gradient_leaves_sums_alone(void)
{
    Critic c = critic_make(ACTIVATION_TANH);
    Tensor *score = critic_score(&c);
    Tensor *y = tensor_sum(score), *gradient[2];
    tape_backward(y);
    real before[HIDDEN * HIDDEN];
    memcpy(before, c.weight[2]->grad, sizeof before);
    tape_gradient(tensor_sum(tensor_square(score)), NULL, &c.weight[2], 1, gradient);
    CU_ASSERT(memcmp(before, c.weight[2]->grad, sizeof before) == 0);
    CU_ASSERT(memcmp(before, gradient[0]->value, sizeof before) != 0);
    tape_backward(y);
    /* Not to the bit: a product that is added to a sum may be added term by term (GSL's is). */
    for (int i = 0; i < HIDDEN * HIDDEN; i++)
        CU_ASSERT(fabs(c.weight[2]->grad[i] - 2 * before[i]) <= 1e-12 * (1 + fabs(before[i])));
    tape_free(c.tape);
}

static void test_gradient_of_unreachable(void)
{
    Critic c = critic_make(ACTIVATION_TANH);
    Tensor *score = critic_score(&c);
    Tensor *aside = tensor_watch(tensor_fill(c.tape, 2, (int[]){2, 3}, 1));
    Tensor *later = tensor_tanh(score), *interior = score->parent[0];
    Tensor *wrt[3] = {aside, later, c.x}, *gradient[3];
    tape_gradient(tensor_sum(score), NULL, wrt, 3, gradient);
    for (size_t i = 0; i < aside->size; i++)
        CU_ASSERT(gradient[0]->value[i] == 0);
    for (size_t i = 0; i < later->size; i++)
        CU_ASSERT(gradient[1]->value[i] == 0);
    CU_ASSERT(gradient[2]->value[0] != 0);
    tape_gradient(tensor_sum(aside), NULL, &interior, 1, gradient);
    for (size_t i = 0; i < interior->size; i++)
        CU_ASSERT(gradient[0]->value[i] == 0);
    CU_ASSERT(tape_tangent(aside, c.x, c.x) == NULL);
    tape_free(c.tape);
}

/* y with respect to itself is the seed; and its tangent is the direction. */
static void test_gradient_of_itself(void)
{
    Critic c = critic_make(ACTIVATION_TANH);
    Tensor *score = critic_score(&c), *gradient[2];
    real seed[BATCH] = {1, -2, 3, 0.5};
    tape_gradient(score, seed, (Tensor *[]){score, c.x}, 2, gradient);
    CU_ASSERT(memcmp(gradient[0]->value, seed, sizeof seed) == 0);
    CU_ASSERT(gradient[1]->value[0] != 0);
    CU_ASSERT(tape_tangent(c.x, c.x, c.x) == c.x);
    tape_free(c.tape);
}

/* Weights outlive tapes: marks that one tape's sweeps left on a weight mean nothing to another. */
static void test_marks_of_another_tape(void)
{
    Critic c = critic_make(ACTIVATION_TANH);
    Tape *other = tape_create(kernels_best());
    Tensor *gradient, *score = critic_score(&c);
    tape_gradient(tensor_sum(score), NULL, &c.weight[0], 1, &gradient);
    tape_tangent(score, c.weight[0], c.weight[0]);
    Tensor *x = tensor_watch(tensor_from(other, 2, (int[]){BATCH, IN}, c.points));
    c.weight[0]->tape = other; /* as a weight is bound anew */
    Tensor *y = tensor_matmul(x, c.weight[0]);
    tape_gradient(tensor_sum(y), NULL, &x, 1, &gradient);
    CU_ASSERT(!c.weight[0]->has_grad);
    const Tensor *dy = tape_tangent(y, x, x); /* linear in x alone: dy/dx . x = y */
    for (size_t i = 0; i < y->size; i++)
        CU_ASSERT(fabs(dy->value[i] - y->value[i]) < 1e-12);
    tape_free(other);
    tape_free(c.tape);
}

/* Forward mode through a tape that holds a long concat, beside the path and on it. */
static void test_tangent_of_a_long_concat(void)
{
    enum { PARTS = 12 };
    Tape *tape = tape_create(kernels_best());
    Tensor *x = tensor_watch(tensor_fill(tape, 1, (int[]){1}, 2)), *part[PARTS];
    Tensor *aside = tensor_watch(tensor_fill(tape, 1, (int[]){1}, 5));
    for (int p = 0; p < PARTS; p++)
        part[p] = aside;
    tensor_concat(part, PARTS, 0);
    for (int p = 0; p < PARTS; p++)
        part[p] = tensor_scale(x, p);
    Tensor *y = tensor_square(tensor_concat(part, PARTS, 0));
    const Tensor *dy = tape_tangent(y, x, tensor_fill(tape, 1, (int[]){1}, 1));
    for (int p = 0; p < PARTS; p++)
        CU_ASSERT(dy->value[p] == 2.0 * p * p * 2);
    tape_free(tape);
}

const Suite suite = {"tensor/second order",
                     {{"gradient penalties of a perceptron", test_penalty},
                      {"penalty of a leaky perceptron", test_penalty_of_a_piecewise_linear_critic},
                      {"Hessian of a quadratic", test_hessian},
                      {"forward meets reverse", test_forward_meets_reverse},
                      {"tape_gradient = tape_backward", test_gradient_equals_backward},
                      {"tape_gradient leaves sums alone", test_gradient_leaves_sums_alone},
                      {"gradients of what y does not use", test_gradient_of_unreachable},
                      {"y with respect to itself", test_gradient_of_itself},
                      {"marks of another tape", test_marks_of_another_tape},
                      {"tangent of a long concat", test_tangent_of_a_long_concat},
                      {NULL, NULL}}};
