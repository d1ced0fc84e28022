/* The optimizers in the precision that users run: how near to the papers' lines, which weights they
 * touch, and that threads change no bit. */
#include "harness/suite.h"
#include "support/memory.h"
#include "train/optimizer_cases.h"

#include <string.h>

enum { STEPS = 50, SIZE = 21, LARGE = (1 << 14) + 37, PIECE = 1000, KINDS = 3 };

static OptimizerRule rule_of(int kind)
{
    OptimizerRule rule = optimizer_adam();
    rule.kind = (OptimizerKind)kind;
    rule.weight_decay = 0.1;
    return rule;
}

/* Rounding to 24 bits: 50 steps of at most 0.01 are off by less than 1e-6. */
static void test_float(void)
{
    Params *params = params_create();
    params_weight(params, "a", 1, (int[]){SIZE});
    set_start(params);
    const OptimizerRule rule = optimizer_adam();
    Optimizer *optimizer = optimizer_create(params, rule);
    Plain expect[SIZE] = {{0}};
    double worst = 0;
    for (size_t j = 0; j < SIZE; j++)
        expect[j].w = start_at(0, j);
    for (int t = 1; t <= STEPS; t++) {
        set_gradients(params, t);
        optimizer_update(optimizer, 0.01);
        for (size_t j = 0; j < SIZE; j++) {
            plain_adam(&expect[j], gradient_at(0, j, t), &rule, 0.01, t);
            double gap = fabs((double)params->tensor[0]->value[j] - expect[j].w);
            worst = gap <= worst ? worst : gap;
        }
    }
    CU_ASSERT(worst < 1e-6);
    optimizer_free(optimizer);
    params_free(params);
}

/* The large weight is updated by threads, its pieces by one loop each: the same bits. */
static void large_equals_pieces(int kind)
{
    Params *large = params_create(), *pieces = params_create();
    Tensor *whole = params_weight(large, "whole", 1, (int[]){LARGE});
    for (int begin = 0; begin < LARGE; begin += PIECE) {
        char name[2] = {(char)('A' + begin / PIECE), '\0'};
        params_weight(pieces, name, 1, (int[]){LARGE - begin < PIECE ? LARGE - begin : PIECE});
    }
    set_start(large);
    for (size_t i = 0; i < LARGE; i++)
        pieces->tensor[i / PIECE]->value[i % PIECE] = whole->value[i];
    Optimizer *one = optimizer_create(large, rule_of(kind));
    Optimizer *many = optimizer_create(pieces, rule_of(kind));
    for (int t = 1; t <= 5; t++) {
        set_gradients(large, t);
        for (size_t i = 0; i < LARGE; i++) {
            Tensor *piece = pieces->tensor[i / PIECE];
            piece->grad[i % PIECE] = whole->grad[i];
            piece->has_grad = true;
        }
        optimizer_update(one, 0.01);
        optimizer_update(many, 0.01);
    }
    for (int p = 0; p < pieces->count; p++)
        CU_ASSERT(memcmp(pieces->tensor[p]->value, whole->value + p * PIECE,
                         pieces->tensor[p]->size * sizeof(real)) == 0);
    CU_ASSERT(whole->value[0] != (real)start_at(0, 0));
    optimizer_free(one);
    optimizer_free(many);
    params_free(large);
    params_free(pieces);
}

static void test_parallel(void)
{
    int before = kernels_threads();
    kernels_set_threads(2);
    for (int kind = 0; kind < KINDS; kind++)
        large_equals_pieces(kind);
    kernels_set_threads(before);
}

/* A weight that the step did not reach: its gradient counts as zero, so its moments fade. */
static void test_without_gradient(void)
{
    for (int kind = 0; kind < KINDS; kind++) {
        OptimizerRule rule = rule_of(kind);
        Params *params = params_create();
        Tensor *weight = params_weight(params, "a", 1, (int[]){1});
        Optimizer *optimizer = optimizer_create(params, rule);
        weight->value[0] = 1;
        weight->grad[0] = 1e9f; /* left over from some earlier step */
        optimizer_update(optimizer, 0.01);
        double kept = kind == OPTIMIZER_ADAMW ? 1 - 0.01 * 0.1 : 1;
        CU_ASSERT_EQUAL(weight->value[0], (real)kept);
        CU_ASSERT_EQUAL(optimizer->first[0][0], 0);
        weight->grad[0] = 1;
        weight->has_grad = true;
        optimizer_update(optimizer, 0.01);
        real moment = optimizer->first[0][0], value = weight->value[0];
        CU_ASSERT(moment > 0 && value < (real)kept);
        weight->has_grad = false;
        optimizer_update(optimizer, 0.01);
        CU_ASSERT_EQUAL(optimizer->first[0][0], (real)rule.beta1 * moment);
        CU_ASSERT(weight->value[0] < value);
        CU_ASSERT_EQUAL(optimizer->updates, 3);
        optimizer_free(optimizer);
        params_free(params);
    }
}

/* Only weights have moments and change; their versions rise, so that no stale copy is used. */
static void test_buffers(void)
{
    for (int kind = 0; kind < KINDS; kind++) {
        Params *params = params_create();
        Tensor *weight = params_weight(params, "a", 1, (int[]){1});
        Tensor *buffer = params_buffer(params, "b", 1, (int[]){1});
        Optimizer *optimizer = optimizer_create(params, rule_of(kind));
        unsigned weight_version = weight->version, buffer_version = buffer->version;
        buffer->value[0] = 7;
        CU_ASSERT_PTR_NULL(optimizer->first[1]);
        CU_ASSERT_PTR_NULL(optimizer->second[1]);
        CU_ASSERT_EQUAL(optimizer->second[0] == NULL, kind == OPTIMIZER_SGD);
        set_gradients(params, 1);
        optimizer_update(optimizer, 0.01);
        CU_ASSERT_EQUAL(buffer->value[0], 7);
        CU_ASSERT_EQUAL(buffer->version, buffer_version);
        CU_ASSERT_EQUAL(weight->version, weight_version + 1);
        optimizer_free(optimizer);
        params_free(params);
    }
    optimizer_free(NULL);
}

const Suite suite = {"train/optimizer",
                     {{"Adam in single precision", test_float},
                      {"threads change no bit", test_parallel},
                      {"weights without a gradient", test_without_gradient},
                      {"buffers and versions", test_buffers},
                      {NULL, NULL}}};
