/* Rotary positions: lengths stay, scores depend on differences of position alone. Dropout: what is
 * kept grows, shares, the same mask backwards. Masked layers: who sees what. */
#include "harness/suite.h"
#include "nn/dropout.h"
#include "nn/masked.h"

#include <math.h>

enum { BATCH = 2, LENGTH = 5, WIDTH = 8, HEADS = 2 };

static double gap(const Tensor *a, const Tensor *b)
{
    double worst = a->size == b->size ? 0 : INFINITY;
    for (size_t i = 0; i < a->size && i < b->size; i++)
        worst = fmax(worst, fabs((double)a->value[i] - (double)b->value[i]));
    return worst;
}

static Tensor *noise_of(Tape *tape, int rank, const int *shape)
{
    Rng rng = rng_stream(3, "rotary");
    Tensor *x = tensor_new(tape, rank, shape);
    rng_normal(&rng, x->value, x->size);
    return x;
}

static void test_differences(void)
{
    Tape *tape = tape_create(kernels_best());
    Tensor *qkv = noise_of(tape, 3, (int[]){BATCH, LENGTH, 3 * WIDTH});
    Tensor *none = tensor_attention_packed(qkv, HEADS, true, NULL);
    Tensor *at0 = tensor_attention_packed(tensor_rotary(qkv, HEADS, 0), HEADS, true, NULL);
    Tensor *at7 = tensor_attention_packed(tensor_rotary(qkv, HEADS, 700), HEADS, true, NULL);
    CU_ASSERT(gap(at0, at7) < 1e-12);
    CU_ASSERT(gap(at0, none) > 1e-3);
    tape_free(tape);
}

/* Position 0 is not turned, lengths of pairs stay, values are as they are; the first pair of a head
 * turns by one radian a position. */
static void test_turn(void)
{
    Tape *tape = tape_create(kernels_best());
    Tensor *qkv = noise_of(tape, 3, (int[]){BATCH, LENGTH, 3 * WIDTH});
    Tensor *y = tensor_rotary(qkv, HEADS, 0);
    for (int r = 0; r < BATCH * LENGTH; r++) {
        const real *a = qkv->value + r * 3 * WIDTH, *b = y->value + r * 3 * WIDTH;
        for (int i = 0; i < 3 * WIDTH; i += 2) {
            double before = hypot((double)a[i], (double)a[i + 1]);
            CU_ASSERT(fabs(hypot((double)b[i], (double)b[i + 1]) - before) < 1e-12);
            if (r % LENGTH == 0 || i >= 2 * WIDTH)
                CU_ASSERT(a[i] == b[i] && a[i + 1] == b[i + 1]);
        }
        double angle = atan2((double)b[1], (double)b[0]) - atan2((double)a[1], (double)a[0]);
        CU_ASSERT(fabs(remainder(angle - r % LENGTH, 2 * acos(-1))) < 1e-12);
    }
    tape_free(tape);
}

static void test_dropout(void)
{
    enum { NUMBERS = 20000 };
    const double rate = 0.3;
    Tape *tape = tape_create(kernels_best());
    Tensor *x = tensor_watch(tensor_fill(tape, 2, (int[]){NUMBERS, 1}, 2));
    Rng noise = rng_stream(1, "dropout"), again = noise;
    CU_ASSERT_PTR_EQUAL(dropout_forward(x, (real)rate, NULL), x);
    CU_ASSERT_PTR_EQUAL(dropout_forward(x, 0, &noise), x);
    Tensor *y = dropout_forward(x, (real)rate, &noise);
    double dropped = 0;
    for (int i = 0; i < NUMBERS; i++) {
        dropped += y->value[i] == 0;
        CU_ASSERT(y->value[i] == 0 || fabs((double)y->value[i] - 2 / (1 - rate)) < 1e-12);
    }
    /* five standard deviations fail once in 1.7e6 seeds */
    CU_ASSERT(fabs(dropped / NUMBERS - rate) < 5 * sqrt(rate * (1 - rate) / NUMBERS));
    tape_backward(tensor_sum(y));
    for (int i = 0; i < NUMBERS; i++)
        CU_ASSERT(fabs((double)(2 * x->grad[i] - y->value[i])) < 1e-12);
    CU_ASSERT(gap(dropout_forward(x, (real)rate, &again), y) == 0);
    CU_ASSERT(gap(dropout_forward(x, (real)rate, &noise), y) > 0); /* the stream has moved on */
    tape_free(tape);
}

static void test_masked(void)
{
    const int from[4] = {0, 1, 2, -1}, to[3] = {0, 1, 3};
    Params *params = params_create();
    Tape *tape = tape_create(kernels_best());
    Rng rng = rng_stream(2, "masked");
    Masked m = masked_create(params, "m", from, 4, to, 3, ACTIVATION_NONE, &rng);
    params_bind(params, tape);
    Tensor *x = noise_of(tape, 2, (int[]){5, 4});
    tape_backward(tensor_sum(tensor_square(masked_forward(&m, x))));
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 3; j++) {
            bool seen = from[i] < to[j];
            CU_ASSERT((m.linear.weight->value[i * 3 + j] != 0) == seen);
            CU_ASSERT((m.linear.weight->grad[i * 3 + j] != 0) == seen);
        }
    masked_free(&m);
    Masked lateral = masked_lateral_create(params, "lateral", 4);
    params_bind(params, tape);
    for (size_t i = 0; i < 16; i++)
        lateral.linear.weight->value[i] = lateral.mask[i];
    Tensor *y = masked_forward(&lateral, x);
    for (int r = 0; r < 5; r++) /* unit j gets the sum of those before it */
        for (int j = 0; j < 4; j++) {
            double before = 0;
            for (int i = 0; i < j; i++)
                before += (double)x->value[r * 4 + i];
            CU_ASSERT_DOUBLE_EQUAL(y->value[r * 4 + j], before, 1e-14);
        }
    masked_free(&lateral);
    params_free(params);
    tape_free(tape);
}

static void bad_rate(void *context)
{
    (void)context;
    Tape *tape = tape_create(kernels_best());
    dropout_forward(tensor_fill(tape, 1, (int[]){1}, 1), 1, NULL);
}

static void bad_heads(void *context)
{
    (void)context;
    Tape *tape = tape_create(kernels_best());
    tensor_rotary(tensor_fill(tape, 3, (int[]){1, 2, 9}, 1), 1, 0);
}

static void test_refused(void)
{
    ChildResult result = child_run(bad_rate, NULL);
    CU_ASSERT(child_said(&result, 128 + 6, "dropout: a rate of 1"));
    result = child_run(bad_heads, NULL);
    CU_ASSERT(child_said(&result, 128 + 6, "rotary: "));
}

const Suite suite = {"nn/rotary, dropout, masked",
                     {{"scores depend on differences", test_differences},
                      {"what is turned", test_turn},
                      {"dropout", test_dropout},
                      {"masked layers", test_masked},
                      {"bad rates and shapes", test_refused},
                      {NULL, NULL}}};
