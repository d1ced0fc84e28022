/* Adam, AdamW and SGD against the papers' lines, 50 steps, in double. */
#include "harness/suite.h"
#include "train/optimizer_cases.h"

#include <stdio.h>

enum { STEPS = 50, TENSORS = 3, SIZE = 21 };

typedef void (*PlainRule)(Plain *p, double g, const OptimizerRule *rule, double lr, int t);

/* A weight, a buffer, a weight. */
static Params *three(void)
{
    Params *params = params_create();
    params_weight(params, "a", 2, (int[]){3, 7});
    params_buffer(params, "b", 1, (int[]){SIZE});
    params_weight(params, "c", 1, (int[]){SIZE});
    set_start(params);
    return params;
}

/* The learning rate changes from step to step, as a schedule makes it. */
static double rate_at(int t)
{
    return 0.01 / (1 + 0.1 * t);
}

static double clip_factor(const OptimizerRule *rule, int t)
{
    double squares = 0;
    for (int i = 0; i < TENSORS; i += 2)
        for (size_t j = 0; j < SIZE; j++)
            squares += gradient_at(i, j, t) * gradient_at(i, j, t);
    return rule->clip > 0 && sqrt(squares) > rule->clip ? rule->clip / sqrt(squares) : 1;
}

static double worst_gap(OptimizerRule rule, PlainRule plain)
{
    Params *params = three();
    Optimizer *optimizer = optimizer_create(params, rule);
    Plain expect[TENSORS][SIZE] = {{{0}}};
    double worst = 0;
    for (int i = 0; i < TENSORS; i++)
        for (size_t j = 0; j < SIZE; j++)
            expect[i][j].w = start_at(i, j);
    for (int t = 1; t <= STEPS; t++) {
        double factor = clip_factor(&rule, t);
        set_gradients(params, t);
        optimizer_update(optimizer, rate_at(t));
        for (int i = 0; i < TENSORS; i++)
            for (size_t j = 0; j < SIZE; j++) {
                if (params->trained[i])
                    plain(&expect[i][j], factor * gradient_at(i, j, t), &rule, rate_at(t), t);
                double gap = fabs(params->tensor[i]->value[j] - expect[i][j].w);
                worst = gap <= worst ? worst : gap; /* a NaN becomes the worst */
            }
    }
    optimizer_free(optimizer);
    params_free(params);
    return worst;
}

static void test_adam(void)
{
    OptimizerRule rule = optimizer_adam();
    CU_ASSERT(rule.beta1 == 0.9 && rule.beta2 == 0.999 && rule.epsilon == 1e-8 && rule.clip == 0);
    CU_ASSERT(worst_gap(rule, plain_adam) < 1e-13);
    rule.beta1 = 0.5;
    rule.beta2 = 0.9;
    rule.epsilon = 0.1; /* so large that its place in the formula shows */
    CU_ASSERT(worst_gap(rule, plain_adam) < 1e-13);
    rule.beta1 = 0;
    CU_ASSERT(worst_gap(rule, plain_adam) < 1e-13);
}

/* Weight decay belongs to AdamW alone. */
static void test_adamw(void)
{
    OptimizerRule rule = optimizer_adam();
    rule.weight_decay = 0.3;
    CU_ASSERT(worst_gap(rule, plain_adam) < 1e-13);
    rule.kind = OPTIMIZER_ADAMW;
    CU_ASSERT(worst_gap(rule, plain_adamw) < 1e-13);
    CU_ASSERT(worst_gap(rule, plain_adam) > 1e-3);
}

static void test_sgd(void)
{
    OptimizerRule rule = {.kind = OPTIMIZER_SGD, .beta1 = 0.9, .weight_decay = 5};
    CU_ASSERT(worst_gap(rule, plain_sgd) < 1e-11); /* gradients reach 100, weights 50 */
    rule.beta1 = 0;
    CU_ASSERT(worst_gap(rule, plain_sgd) < 1e-11);
}

/* The first rule sees gradients above its bound at some steps only. */
static void test_clip(void)
{
    OptimizerRule rule = optimizer_adam();
    rule.clip = 150;
    int clipped = 0;
    for (int t = 1; t <= STEPS; t++)
        clipped += clip_factor(&rule, t) < 1;
    CU_ASSERT(clipped > 0 && clipped < STEPS);
    CU_ASSERT(worst_gap(rule, plain_adam) < 1e-13);
    rule.kind = OPTIMIZER_SGD;
    CU_ASSERT(worst_gap(rule, plain_sgd) < 1e-11);
    rule.clip = 1;
    CU_ASSERT(worst_gap(rule, plain_sgd) < 1e-11);
}

/* The norm before clipping is returned; without clipping it is not computed. */
static void test_norm(void)
{
    Params *params = three();
    OptimizerRule rule = optimizer_adam();
    Optimizer *plain = optimizer_create(params, rule);
    rule.clip = 1;
    Optimizer *clipping = optimizer_create(params, rule);
    set_gradients(params, 1);
    double norm = params_grad_norm(params);
    CU_ASSERT(isnan(optimizer_update(plain, 0)));
    CU_ASSERT_EQUAL(optimizer_update(clipping, 0), norm);
    CU_ASSERT(norm > 2);
    optimizer_free(plain);
    optimizer_free(clipping);
    params_free(params);
}

const Suite suite = {"train/optimizer (double)",
                     {{"Adam", test_adam},
                      {"AdamW", test_adamw},
                      {"SGD with momentum", test_sgd},
                      {"clipping", test_clip},
                      {"the norm that is returned", test_norm},
                      {NULL, NULL}}};
