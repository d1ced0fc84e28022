/* The one list of weights and buffers: what is registered, bound, frozen, counted and clipped. */
#include "harness/suite.h"
#include "nn/params.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { ABORTED = 128 + SIGABRT };

static void test_registered(void)
{
    Params *params = params_create();
    Tensor *weight = params_weight(params, "a.weight", 3, (int[]){2, 3, 4});
    Tensor *buffer = params_buffer(params, "a.mean", 1, (int[]){5});
    CU_ASSERT_EQUAL(params->count, 2);
    CU_ASSERT_PTR_EQUAL(params->tensor[0], weight);
    CU_ASSERT_PTR_EQUAL(params->tensor[1], buffer);
    CU_ASSERT(params->trained[0] && !params->trained[1]);
    CU_ASSERT(weight->rank == 3 && weight->shape[2] == 4 && weight->size == 24);
    CU_ASSERT(weight->needs_grad && !buffer->needs_grad);
    CU_ASSERT_STRING_EQUAL(weight->name, "a.weight");
    CU_ASSERT_PTR_EQUAL(params_find(params, "a.mean"), buffer);
    CU_ASSERT_PTR_NULL(params_find(params, "a"));
    CU_ASSERT_EQUAL(params_numbers(params), 24);
    for (size_t i = 0; i < weight->size; i++)
        CU_ASSERT_EQUAL(weight->value[i], 0);
    params_free(params);
    params_free(NULL);
}

/* More than the list's first room: nothing moves that a model has kept a pointer to. */
static void test_many(void)
{
    enum { MANY = 100 };
    Params *params = params_create();
    Tensor *made[MANY];
    char name[16];
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "w%d", i);
        made[i] = i % 3 == 0 ? params_buffer(params, name, 1, (int[]){2})
                             : params_weight(params, name, 1, (int[]){3});
    }
    CU_ASSERT_EQUAL_FATAL(params->count, MANY);
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "w%d", i);
        CU_ASSERT_PTR_EQUAL(params->tensor[i], made[i]);
        CU_ASSERT_PTR_EQUAL(params_find(params, name), made[i]);
        CU_ASSERT_EQUAL(params->trained[i], i % 3 != 0);
    }
    CU_ASSERT_EQUAL(params_numbers(params), 66 * 3);
    params_free(params);
}

static void name_twice(void *context)
{
    (void)context;
    Params *params = params_create();
    params_weight(params, "same", 1, (int[]){1});
    params_buffer(params, "same", 2, (int[]){1, 1});
}

static void rank_zero(void *context)
{
    (void)context;
    params_weight(params_create(), "w", 0, NULL);
}

static void rank_six(void *context)
{
    (void)context;
    params_weight(params_create(), "w", 6, (int[]){1, 1, 1, 1, 1, 1});
}

static void size_zero(void *context)
{
    (void)context;
    params_weight(params_create(), "w", 2, (int[]){3, 0});
}

static void test_mistakes(void)
{
    ChildResult twice = child_run(name_twice, NULL);
    ChildResult zero = child_run(rank_zero, NULL);
    ChildResult six = child_run(rank_six, NULL);
    ChildResult empty = child_run(size_zero, NULL);
    CU_ASSERT(child_said(&twice, ABORTED, "error: params: there are two weights named 'same'\n"));
    CU_ASSERT(child_said(&zero, ABORTED, "'w' would have 0 dimensions; 1 to 5\n"));
    CU_ASSERT(child_said(&six, ABORTED, "'w' would have 6 dimensions; 1 to 5\n"));
    CU_ASSERT(child_said(&empty, ABORTED, "dimension 1 of 'w' would be 0; at least 1\n"));
}

/* Two weights of 2 numbers and a buffer, on a tape. */
typedef struct Small {
    Params *params;
    Tape *tape;
    Tensor *a, *b, *buffer;
} Small;

static Small small_make(void)
{
    Small small = {.params = params_create(), .tape = tape_create(kernels_best())};
    small.a = params_weight(small.params, "a", 1, (int[]){2});
    small.b = params_weight(small.params, "b", 1, (int[]){2});
    small.buffer = params_buffer(small.params, "c", 1, (int[]){2});
    for (int i = 0; i < 2; i++) {
        small.a->value[i] = (real)(1 + i);
        small.b->value[i] = (real)(3 + i);
        small.buffer->value[i] = 10;
    }
    params_bind(small.params, small.tape);
    return small;
}

static void small_free(Small *small)
{
    tape_free(small->tape);
    params_free(small->params);
}

static Tensor *product(const Small *small)
{
    return tensor_sum(tensor_mul(tensor_mul(small->a, small->b), small->buffer));
}

/* An operation on weights alone finds the tape; a new step starts the gradients anew. */
static void test_bind(void)
{
    Small small = small_make();
    CU_ASSERT_PTR_EQUAL(small.a->tape, small.tape);
    CU_ASSERT_PTR_EQUAL(small.buffer->tape, small.tape);
    for (int step = 0; step < 2; step++) {
        tape_reset(small.tape);
        params_bind(small.params, small.tape);
        CU_ASSERT(!small.a->has_grad && !small.b->has_grad);
        CU_ASSERT_EQUAL(params_grad_norm(small.params), 0);
        tape_backward(product(&small));
        CU_ASSERT(small.a->has_grad && small.b->has_grad);
        CU_ASSERT(small.a->grad[0] == 30 && small.a->grad[1] == 40);
        CU_ASSERT(small.b->grad[0] == 10 && small.b->grad[1] == 20);
        CU_ASSERT(!small.buffer->has_grad);
    }
    CU_ASSERT(fabs(params_grad_norm(small.params) - sqrt(900 + 1600 + 100 + 400)) < 1e-12);
    small_free(&small);
}

static void test_freeze(void)
{
    Small small = small_make();
    Params *other = params_create();
    Tensor *free_one = params_weight(other, "free", 1, (int[]){1});
    free_one->value[0] = 2;
    params_bind(other, small.tape);
    params_freeze(small.params, true);
    CU_ASSERT(small.params->frozen && !small.a->needs_grad && !small.buffer->needs_grad);
    tape_backward(tensor_mul(product(&small), free_one));
    CU_ASSERT(!small.a->has_grad && !small.b->has_grad);
    CU_ASSERT(free_one->has_grad && free_one->grad[0] == 10 * (1 * 3 + 2 * 4));
    CU_ASSERT_EQUAL(params_grad_norm(small.params), 0);
    CU_ASSERT_EQUAL(params_numbers(small.params), 4);
    params_freeze(small.params, false);
    CU_ASSERT(small.a->needs_grad && small.b->needs_grad && !small.buffer->needs_grad);
    tape_reset(small.tape);
    params_bind(small.params, small.tape);
    tape_backward(product(&small));
    CU_ASSERT(small.a->has_grad && small.b->has_grad);
    params_free(other);
    small_free(&small);
}

/* It is the sweep that looks: a freeze between operation and sweep acts too. */
static void test_freeze_later(void)
{
    Small small = small_make();
    Tensor *before = product(&small);
    params_freeze(small.params, true);
    tape_backward(before);
    CU_ASSERT(!small.a->has_grad && !small.b->has_grad);
    CU_ASSERT(!product(&small)->needs_grad);
    small_free(&small);
}

static void set_gradient(Tensor *weight, double first, double second)
{
    weight->grad[0] = (real)first;
    weight->grad[1] = (real)second;
    weight->has_grad = true;
}

/* (3, 4) and (12, 84): norm sqrt(9 + 16 + 144 + 7056) = 85. */
static void test_clip(void)
{
    Small small = small_make();
    set_gradient(small.a, 3, 4);
    set_gradient(small.b, 12, 84);
    CU_ASSERT_EQUAL(params_grad_norm(small.params), 85);
    CU_ASSERT_EQUAL(params_clip_grad(small.params, 85), 85);
    CU_ASSERT_EQUAL(small.b->grad[1], 84);
    CU_ASSERT_EQUAL(params_clip_grad(small.params, 1000), 85);
    CU_ASSERT_EQUAL(small.b->grad[1], 84);
    CU_ASSERT_EQUAL(params_clip_grad(small.params, 5), 85);
    CU_ASSERT(fabs(params_grad_norm(small.params) - 5) < 5e-6);
    const double direction[4] = {3, 4, 12, 84};
    for (int i = 0; i < 4; i++) {
        double got = (double)(i < 2 ? small.a : small.b)->grad[i % 2];
        CU_ASSERT(fabs(got - direction[i] * 5 / 85) < 1e-6 * direction[i]);
    }
    small_free(&small);
}

/* A weight that the step did not reach counts zero, whatever its gradient's memory holds. */
static void test_clip_part(void)
{
    Small small = small_make();
    set_gradient(small.a, 3, 4);
    set_gradient(small.b, 1e6, 1e6);
    small.b->has_grad = false;
    CU_ASSERT_EQUAL(params_clip_grad(small.params, 1), 5);
    CU_ASSERT(fabs(params_grad_norm(small.params) - 1) < 1e-6);
    small_free(&small);
}

/* Squares of these overflow or vanish in float; the sum runs in double. */
static void test_norm_range(void)
{
    Small small = small_make();
    set_gradient(small.a, 3e30, 4e30);
    CU_ASSERT(fabs(params_grad_norm(small.params) / 5e30 - 1) < 1e-6);
    set_gradient(small.a, 3e-30, 4e-30);
    CU_ASSERT(fabs(params_grad_norm(small.params) / 5e-30 - 1) < 1e-6);
    small_free(&small);
}

static void test_touch(void)
{
    Small small = small_make();
    unsigned weight = small.a->version, buffer = small.buffer->version;
    params_touch(small.params);
    CU_ASSERT_EQUAL(small.a->version, weight + 1);
    CU_ASSERT_EQUAL(small.buffer->version, buffer + 1);
    small_free(&small);
}

/* Uniform on (-b, b) with b = gain sqrt(6 / (in + out)): variance b^2 / 3 = gain^2 2 / (in + out).
 * The mean of n squares has standard error b^2 sqrt(4/45 / n), the mean one of b sqrt(1 / (3 n));
 * bounds of 5 standard errors on 2 x 2 numbers: false alarm 2.3e-6 over seeds. */
static void test_glorot(void)
{
    const double gains[] = {1, sqrt(2.0)};
    for (int g = 0; g < 2; g++) {
        const int in = 300, out = 200;
        const double n = in * out, bound = gains[g] * sqrt(6.0 / (in + out));
        Params *params = params_create();
        Tensor *weight = params_weight(params, "w", 2, (int[]){in, out});
        Rng rng = rng_stream(1, "weights");
        params_init_glorot(weight, in, out, (real)gains[g], &rng);
        double sum = 0, squares = 0, largest = 0;
        for (size_t i = 0; i < weight->size; i++) {
            double w = (double)weight->value[i];
            sum += w;
            squares += w * w;
            largest = fmax(largest, fabs(w));
        }
        double variance = gains[g] * gains[g] * 2 / (in + out);
        CU_ASSERT(fabs(sum / n) < 5 * bound * sqrt(1 / (3 * n)));
        CU_ASSERT(fabs(squares / n - variance) < 5 * bound * bound * sqrt(4.0 / 45 / n));
        CU_ASSERT(largest <= bound * (1 + 1e-6) && largest > 0.99 * bound);
        params_free(params);
    }
}

const Suite suite = {"nn/params",
                     {{"what is registered", test_registered},
                      {"a hundred weights stay where they are", test_many},
                      {"names, ranks and sizes that fail", test_mistakes},
                      {"bound to a step", test_bind},
                      {"frozen weights take no gradients", test_freeze},
                      {"a freeze before the sweep", test_freeze_later},
                      {"clipping keeps the direction", test_clip},
                      {"weights without a gradient", test_clip_part},
                      {"norms far from one", test_norm_range},
                      {"touching raises versions", test_touch},
                      {"Glorot's variance", test_glorot},
                      {NULL, NULL}}};
