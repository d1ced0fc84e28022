/* The tape: its memory, its history, and what its sweeps promise. */
#include "harness/suite.h"
#include "support/memory.h"
#include "support/rng.h"
#include "tensor/tape.h"

#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ABORTED = 128 + SIGABRT };

static Tensor *number(Tape *tape, real value)
{
    return tensor_fill(tape, 1, (int[]){1}, value);
}

/* ---------------------------------------------------------------- a perceptron to work on */

enum { IN = 7, HIDDEN = 33, OUT = 4, BATCH = 16, WEIGHTS = 4 };

typedef struct Perceptron {
    Tape *tape;
    real *number[WEIGHTS]; /* outside the tape, as a model keeps them */
    Tensor *weight[WEIGHTS];
    int in, hidden, out, batch;
    real *points; /* [batch, in] */
} Perceptron;

static int weight_rows(const Perceptron *p, int w)
{
    return w == 0 ? p->in : w == 2 ? p->hidden : 1;
}

static int weight_columns(const Perceptron *p, int w)
{
    return w < 2 ? p->hidden : p->out;
}

static Perceptron perceptron_make(int in, int hidden, int out, int batch)
{
    Perceptron p = {.in = in, .hidden = hidden, .out = out, .batch = batch};
    Rng rng = rng_stream(1, "perceptron");
    p.tape = tape_create(kernels_best());
    for (int w = 0; w < WEIGHTS; w++) {
        size_t size = (size_t)weight_rows(&p, w) * (size_t)weight_columns(&p, w);
        p.number[w] = memory_new(size, sizeof(real));
        rng_normal(&rng, p.number[w], size);
    }
    p.points = memory_new((size_t)batch * (size_t)in, sizeof(real));
    rng_normal(&rng, p.points, (size_t)batch * (size_t)in);
    return p;
}

static void perceptron_free(Perceptron *p)
{
    for (int w = 0; w < WEIGHTS; w++)
        free(p->number[w]);
    free(p->points);
    tape_free(p->tape);
}

/* A step without the update: the loss, its gradients, and a gradient penalty's sweeps. */
static Tensor *perceptron_step(Perceptron *p)
{
    Tensor *slope;
    tape_reset(p->tape);
    for (int w = 0; w < WEIGHTS; w++) {
        int shape[2] = {weight_rows(p, w), weight_columns(p, w)};
        bool bias = w % 2 == 1;
        p->weight[w] = tensor_watch(
            tensor_from(p->tape, bias ? 1 : 2, bias ? shape + 1 : shape, p->number[w]));
    }
    Tensor *x = tensor_watch(tensor_from(p->tape, 2, (int[]){p->batch, p->in}, p->points));
    Tensor *h = tensor_linear(x, p->weight[0], p->weight[1], ACTIVATION_TANH);
    Tensor *y = tensor_linear(h, p->weight[2], p->weight[3], ACTIVATION_NONE);
    Tensor *loss = tensor_mean(tensor_log_sum_exp(tensor_mul(y, tensor_softmax(y))));
    tape_gradient(loss, NULL, &x, 1, &slope);
    tape_backward(tensor_add(loss, tape_tangent(loss, x, slope)));
    return loss;
}

/* ---------------------------------------------------------------- memory */

static void test_steady_state(void)
{
    Perceptron p = perceptron_make(IN, HIDDEN, OUT, BATCH);
    perceptron_step(&p);
    size_t allocations = tape_allocations(p.tape), bytes = tape_bytes(p.tape);
    CU_ASSERT(allocations > 0 && bytes > 0);
    for (int step = 1; step < 100; step++)
        perceptron_step(&p);
    CU_ASSERT_EQUAL(tape_allocations(p.tape), allocations);
    CU_ASSERT_EQUAL(tape_bytes(p.tape), bytes);
    perceptron_free(&p);
}

/* The same over several blocks, with tensors that don't fit into what is left of one. */
static void test_steady_state_of_large_steps(void)
{
    Tape *tape = tape_create(&kernels_portable);
    size_t allocations = 0, bytes = 0;
    for (int step = 0; step < 20; step++) {
        tape_reset(tape);
        for (int i = 0; i < 12; i++)
            tensor_fill(tape, 1, (int[]){1 + i * 50000}, (real)i);
        if (step == 0) {
            allocations = tape_allocations(tape);
            bytes = tape_bytes(tape);
        }
    }
    CU_ASSERT(allocations > 1);
    CU_ASSERT_EQUAL(tape_allocations(tape), allocations);
    CU_ASSERT_EQUAL(tape_bytes(tape), bytes);
    tape_free(tape);
}

/* Blocks are never moved, storage never overlaps, and every tensor starts on a whole vector. */
static void test_nothing_moves(void)
{
    enum { MANY = 300 };
    Tape *tape = tape_create(&kernels_portable);
    Tensor *kept[MANY];
    for (int i = 0; i < MANY; i++)
        kept[i] = tensor_fill(tape, 1, (int[]){1 + (i * 977) % 5000}, (real)i);
    int wrong = 0;
    for (int i = 0; i < MANY; i++) {
        wrong += (uintptr_t)kept[i]->value % 64 != 0;
        for (size_t j = 0; j < kept[i]->size; j++)
            wrong += kept[i]->value[j] != (real)i;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    tape_free(tape);
}

static void test_mark_and_release(void)
{
    Tape *tape = tape_create(&kernels_portable);
    Tensor *x = tensor_watch(number(tape, 3));
    Tensor *y = tensor_square(x);
    TapeMark mark = tape_mark(tape);
    const real *place = NULL;
    size_t allocations = 0;
    for (int i = 0; i < 50; i++) {
        Tensor *inside = tensor_fill(tape, 1, (int[]){400000}, (real)i);
        CU_ASSERT(place == NULL || inside->value == place);
        tensor_log(tensor_scale(x, -1)); /* NaN */
        CU_ASSERT(tape_first_not_finite(tape) != NULL);
        CU_ASSERT(i == 0 || tape_allocations(tape) == allocations);
        place = inside->value;
        allocations = tape_allocations(tape);
        tape_release(tape, mark);
        CU_ASSERT(tape_first_not_finite(tape) == NULL);
    }
    tape_backward(y); /* what was there before is whole */
    CU_ASSERT(tensor_item(y) == 9 && x->grad[0] == 6);
    tape_free(tape);
}

static void test_mark_on_an_empty_tape(void)
{
    Tape *tape = tape_create(&kernels_portable);
    TapeMark mark = tape_mark(tape);
    const real *first = number(tape, 1)->value;
    tensor_fill(tape, 1, (int[]){1000000}, 1);
    tape_release(tape, mark);
    CU_ASSERT(number(tape, 2)->value == first);
    tape_reset(tape);
    CU_ASSERT(number(tape, 2)->value == first);
    tape_free(tape);
    tape_free(NULL);
}

/* A sweep between mark and release reaches what was made before. Its gradients must not be left in
 * memory that the next tensors get. */
static void test_sweep_between_mark_and_release(void)
{
    Tape *tape = tape_create(&kernels_portable);
    Tensor *x = tensor_watch(number(tape, 3));
    Tensor *y = tensor_square(x);
    TapeMark mark = tape_mark(tape);
    tape_backward(tensor_scale(y, 2));
    tape_release(tape, mark);
    Tensor *constant[8];
    for (int i = 0; i < 8; i++)
        constant[i] = number(tape, (real)i);
    CU_ASSERT(x->has_grad && x->grad[0] == 12);
    tape_backward(tensor_mul(y, constant[7]));
    CU_ASSERT(x->grad[0] == 12 + 42);
    for (int i = 0; i < 8; i++)
        CU_ASSERT(tensor_item(constant[i]) == (real)i);
    tape_free(tape);
}

/* ---------------------------------------------------------------- history */

static void backward_without_history(void *context)
{
    tape_backward(tensor_name(context, "y"));
}

static void test_recording_off(void)
{
    Tape *tape = tape_create(&kernels_portable);
    Tensor *x = tensor_watch(number(tape, 3));
    CU_ASSERT(tape_record(tape, false));
    Tensor *y = tensor_square(x);
    CU_ASSERT(!tape_record(tape, true));
    CU_ASSERT(tensor_item(y) == 9);
    CU_ASSERT(!y->needs_grad && y->op == NULL && y->parents == 0);
    ChildResult result = child_run(backward_without_history, y);
    CU_ASSERT(child_said(&result, ABORTED,
                         "error: backward: 'y' depends on nothing that wants a gradient"));
    Tensor *z = tensor_mul(x, y); /* y is a constant of it */
    tape_backward(z);
    CU_ASSERT(x->grad[0] == 9);
    Tensor *constant = tensor_square(number(tape, 3)); /* recording on, but nobody asked */
    CU_ASSERT(!constant->needs_grad && constant->op == NULL);
    tape_free(tape);
}

static void test_detach(void)
{
    Tape *tape = tape_create(&kernels_portable);
    Tensor *x = tensor_watch(number(tape, 3));
    Tensor *copy = tensor_detach(x);
    CU_ASSERT(tensor_item(copy) == 3 && !copy->needs_grad && copy->value == x->value);
    tape_backward(tensor_mul(x, copy));
    CU_ASSERT(x->grad[0] == 3); /* not 6 */
    CU_ASSERT(tape_tangent(tensor_mul(x, copy), x, number(tape, 1))->value[0] == 3);
    Tensor *after = tensor_square(x); /* recording goes on */
    CU_ASSERT(after->needs_grad);
    tape_record(tape, false);
    tensor_detach(x);
    CU_ASSERT(!tape_record(tape, true)); /* and stays off where it was off */
    tape_free(tape);
}

static void backward_of(void *context)
{
    tape_backward(context);
}

/* A weight that an optimizer changes between the forward and the backward pass. */
static void test_versions(void)
{
    Tape *tape = tape_create(&kernels_portable);
    Tensor *w = tensor_name(tensor_watch(number(tape, 3)), "w");
    Tensor *y = tensor_name(tensor_square(w), "energy");
    Tensor *loss = tensor_scale(y, 2);
    ChildResult before = child_run(backward_of, loss);
    CU_ASSERT(child_said(&before, 0, ""));
    w->value[0] = 5;
    w->version++;
    ChildResult after = child_run(backward_of, loss);
    CU_ASSERT(child_said(&after, ABORTED,
                         "error: backward: a weight that 'energy' used was changed after it was "
                         "computed; compute the loss anew after an optimizer step\n"));
    tape_backward(tensor_square(w)); /* computed anew */
    CU_ASSERT(w->grad[0] == 10);
    Tensor *other = tensor_watch(number(tape, 1));
    Tensor *fine = tensor_square(other);
    w->version++; /* no business of fine's */
    tape_backward(fine);
    CU_ASSERT(other->grad[0] == 2);
    tape_free(tape);
}

static void test_first_not_finite(void)
{
    Tape *tape = tape_create(&kernels_portable);
    real values[3] = {1, 0, 2};
    Tensor *x = tensor_watch(tensor_from(tape, 1, (int[]){3}, values));
    Tensor *y = tensor_square(x);
    CU_ASSERT(tape_first_not_finite(tape) == NULL);
    Tensor *logs = tensor_log(y); /* -inf in the middle */
    tensor_sub(logs, logs);       /* NaN               */
    tensor_exp(y);
    const Tensor *first = tape_first_not_finite(tape);
    CU_ASSERT(first == logs && strcmp(first->name, "log") == 0);
    tape_reset(tape);
    CU_ASSERT(tape_first_not_finite(tape) == NULL);
    x = tensor_watch(number(tape, -1));
    tensor_scale(tensor_sqrt(x), 2);
    first = tape_first_not_finite(tape);
    CU_ASSERT(first != NULL && strcmp(first->name, "sqrt") == 0);
    tape_free(tape);
}

/* ---------------------------------------------------------------- sweeps */

/* On leaves two sweeps add up; the gradients inside belong to one sweep, which keeps none. */
static void test_sweeps_add_up(void)
{
    Tape *tape = tape_create(&kernels_portable);
    Tensor *x = tensor_watch(number(tape, 3));
    Tensor *y = tensor_square(x), *z = tensor_scale(y, 5), *inside;
    tape_backward(z);
    CU_ASSERT(x->grad[0] == 30 && y->grad == NULL && !y->has_grad);
    tape_backward(z);
    CU_ASSERT(x->grad[0] == 60 && y->grad == NULL);
    tape_backward(y);
    CU_ASSERT(x->grad[0] == 66 && z->grad == NULL);
    tape_gradient(z, NULL, &y, 1, &inside);
    CU_ASSERT(inside->value[0] == 5);
    tape_gradient(y, NULL, &y, 1, &inside);
    CU_ASSERT(inside->value[0] == 1 && x->grad[0] == 66);
    tape_backward(x); /* a leaf with respect to itself */
    CU_ASSERT(x->grad[0] == 67);
    tape_free(tape);
}

/* A sum hands its gradient's memory to an operand: also where an operand stands on both sides, or
 * is wanted again further down. u = ((a + a) + a) + (a + a) with a = x^2, under two shapes. */
static void test_gradients_handed_over(void)
{
    Tape *tape = tape_create(&kernels_portable);
    real values[4] = {1, -2, 3, 5};
    Tensor *x = tensor_watch(tensor_from(tape, 1, (int[]){4}, values));
    Tensor *a = tensor_square(x), *flat = tensor_reshape(a, 2, (int[]){2, 2});
    Tensor *s = tensor_add(flat, flat);
    Tensor *u = tensor_add(tensor_add(s, tensor_reshape(a, 2, (int[]){2, 2})), s);
    tape_backward(tensor_sum(u));
    for (int i = 0; i < 4; i++)
        CU_ASSERT(u->value[i] == 5 * values[i] * values[i] && x->grad[i] == 10 * values[i]);
    tape_free(tape);
}

/* A sweep down a long chain needs memory for a few gradients, not for all: the chain fills more
 * than half of what the tape holds. */
static void test_gradients_share_memory(void)
{
    enum { LONG = 1 << 16, CHAIN = 33 };
    Tape *tape = tape_create(&kernels_portable);
    Tensor *y = tensor_watch(tensor_fill(tape, 1, (int[]){LONG}, 1)), *x = y;
    for (int i = 0; i < CHAIN; i++)
        y = tensor_scale(y, -1);
    Tensor *sum = tensor_sum(y);
    size_t before = tape_bytes(tape);
    CU_ASSERT(before < 2 * CHAIN * LONG * sizeof(real));
    tape_backward(sum);
    CU_ASSERT(tape_bytes(tape) < before + LONG * sizeof(real));
    CU_ASSERT(x->grad[0] == -1 && x->grad[LONG - 1] == -1);
    tape_free(tape);
}

static void test_seeds(void)
{
    Tape *tape = tape_create(&kernels_portable);
    real values[3] = {1, 2, 3}, seed[3] = {1, -10, 100};
    Tensor *x = tensor_watch(tensor_from(tape, 1, (int[]){3}, values));
    Tensor *y = tensor_square(x);
    tape_backward_seeded(y, seed);
    tape_backward_seeded(y, seed);
    CU_ASSERT(x->grad[0] == 4 && x->grad[1] == -80 && x->grad[2] == 1200);
    ChildResult result = child_run(backward_of, tensor_name(y, "y"));
    CU_ASSERT(child_said(&result, ABORTED,
                         "error: backward: 'y' is [3]; a sweep starts from one number (take "
                         "tensor_mean or tensor_sum)\n"));
    CU_ASSERT(strchr(result.text, '\n') == result.text + strlen(result.text) - 1);
    tape_free(tape);
}

/* A leaf that nobody watches gets no gradient, and costs no memory for one. */
static void test_unwatched(void)
{
    Tape *tape = tape_create(&kernels_portable);
    Tensor *x = tensor_watch(number(tape, 3)), *c = number(tape, 4), *unused = number(tape, 5);
    tensor_watch(unused);
    tape_backward(tensor_mul(x, c));
    CU_ASSERT(x->has_grad && x->grad[0] == 4);
    CU_ASSERT(!c->has_grad && c->grad == NULL);
    CU_ASSERT(!unused->has_grad);
    tape_free(tape);
}

/* ---------------------------------------------------------------- the same bits */

typedef struct Bits {
    real loss;
    uint64_t sum; /* of the gradients' bytes, FNV-1a */
} Bits;

static Bits bits_of_step(Perceptron *p)
{
    Bits bits = {tensor_item(perceptron_step(p)), 14695981039346656037u};
    for (int w = 0; w < WEIGHTS; w++) {
        const unsigned char *byte = (const unsigned char *)p->weight[w]->grad;
        for (size_t i = 0; i < p->weight[w]->size * sizeof(real); i++)
            bits.sum = (bits.sum ^ byte[i]) * 1099511628211u;
    }
    return bits;
}

/* Large enough for both threads; the second run starts from memory that the first made dirty. */
static void test_same_bits(void)
{
    int threads = kernels_threads();
    for (int t = 1; t <= 2; t++) {
        kernels_set_threads(t);
        CU_ASSERT_EQUAL(kernels_threads() == t || kernels_threads() == 1, true);
        Perceptron p = perceptron_make(50, 201, 130, 203), q = perceptron_make(50, 201, 130, 203);
        Bits first = bits_of_step(&p);
        CU_ASSERT(isfinite(first.loss));
        for (int run = 0; run < 5; run++) {
            Bits again = bits_of_step(run % 2 == 0 ? &p : &q);
            CU_ASSERT(memcmp(&first.loss, &again.loss, sizeof first.loss) == 0);
            CU_ASSERT_EQUAL(first.sum, again.sum);
        }
        q.points[0] += (real)1e-3; /* the sum of the bytes does see a change */
        CU_ASSERT(bits_of_step(&q).sum != first.sum);
        perceptron_free(&p);
        perceptron_free(&q);
    }
    kernels_set_threads(threads);
}

/* ---------------------------------------------------------------- the profile */

static const ProfileRow *row_of(const Profile *profile, const char *name, ProfilePhase phase)
{
    for (int i = 0; i < profile->rows; i++)
        if (strcmp(profile->row[i].name, name) == 0 && profile->row[i].phase == phase)
            return &profile->row[i];
    return NULL;
}

/* A product of [3, 4] and [4, 5] is 2 * 3 * 4 * 5 operations; its backward pass twice as many. */
static void test_profile(void)
{
    Tape *tape = tape_create(kernels_best());
    Profile profile = profile_start();
    tape_set_profile(tape, &profile);
    Tensor *a = tensor_watch(tensor_fill(tape, 2, (int[]){3, 4}, 1));
    Tensor *b = tensor_watch(tensor_fill(tape, 2, (int[]){4, 5}, 1));
    for (int i = 0; i < 2; i++)
        tape_backward(tensor_sum(tensor_matmul(a, b)));
    const ProfileRow *forward = row_of(&profile, "matmul", PROFILE_FORWARD);
    const ProfileRow *backward = row_of(&profile, "matmul", PROFILE_BACKWARD);
    CU_ASSERT(forward != NULL && forward->calls == 2 && forward->flops == 2 * 120);
    CU_ASSERT(backward != NULL && backward->calls == 2 && backward->flops == 2 * 240);
    CU_ASSERT(forward != NULL && forward->seconds > 0);
    tape_set_profile(tape, NULL);
    tensor_matmul(a, b);
    CU_ASSERT(forward != NULL && forward->calls == 2);
    tape_free(tape);
}

const Suite suite = {"tensor/tape",
                     {{"steady state allocates nothing", test_steady_state},
                      {"nor do steps over several blocks", test_steady_state_of_large_steps},
                      {"nothing moves or overlaps", test_nothing_moves},
                      {"mark and release", test_mark_and_release},
                      {"mark on an empty tape", test_mark_on_an_empty_tape},
                      {"sweep between mark and release", test_sweep_between_mark_and_release},
                      {"recording off", test_recording_off},
                      {"detach", test_detach},
                      {"versions of weights", test_versions},
                      {"first not finite", test_first_not_finite},
                      {"sweeps add up", test_sweeps_add_up},
                      {"gradients handed over", test_gradients_handed_over},
                      {"gradients share memory", test_gradients_share_memory},
                      {"seeds", test_seeds},
                      {"unwatched leaves", test_unwatched},
                      {"same inputs, same bits", test_same_bits},
                      {"profile", test_profile},
                      {NULL, NULL}}};
