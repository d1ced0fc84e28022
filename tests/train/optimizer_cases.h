/* The update rules as the papers print them, in plain double precision, one number at a time; and
 * gradients to feed them. */
#ifndef TEST_OPTIMIZER_CASES_H
#define TEST_OPTIMIZER_CASES_H

#include "train/optimizer.h"

#include <math.h>

/* A weight with its moments. */
typedef struct Plain {
    double w, m, v;
} Plain;

/* Kingma & Ba (2015), algorithm 1, line by line. */
static inline void plain_adam(Plain *p, double g, const OptimizerRule *rule, double lr, int t)
{
    p->m = rule->beta1 * p->m + (1 - rule->beta1) * g;
    p->v = rule->beta2 * p->v + (1 - rule->beta2) * g * g;
    double m_hat = p->m / (1 - pow(rule->beta1, t));
    double v_hat = p->v / (1 - pow(rule->beta2, t));
    p->w = p->w - lr * m_hat / (sqrt(v_hat) + rule->epsilon);
}

/* Loshchilov & Hutter (2019), algorithm 2, line 12, with its eta alpha = lr and its eta lambda =
 * lr weight_decay: the decay acts on the weight before the step. */
static inline void plain_adamw(Plain *p, double g, const OptimizerRule *rule, double lr, int t)
{
    double before = p->w;
    plain_adam(p, g, rule, lr, t);
    p->w -= lr * rule->weight_decay * before;
}

/* Momentum as Sutskever et al. (2013) trace it to Polyak, with the rate outside the sum. */
static inline void plain_sgd(Plain *p, double g, const OptimizerRule *rule, double lr, int t)
{
    (void)t;
    p->m = rule->beta1 * p->m + g;
    p->w -= lr * p->m;
}

/* Uneven in size over positions and steps, of both signs. */
static inline double gradient_at(int tensor, size_t i, int t)
{
    double size = pow(10, (double)(i % 7) - 4) * (1 + 0.5 * cos(t));
    return sin(1.7 * (double)i + 0.37 * t + tensor) * size;
}

static inline void set_gradients(Params *params, int t)
{
    for (int i = 0; i < params->count; i++) {
        if (!params->trained[i])
            continue;
        Tensor *weight = params->tensor[i];
        for (size_t j = 0; j < weight->size; j++)
            weight->grad[j] = (real)gradient_at(i, j, t);
        weight->has_grad = true;
    }
}

static inline double start_at(int tensor, size_t i)
{
    return cos((double)i * (tensor + 1)) * 0.5;
}

static inline void set_start(Params *params)
{
    for (int i = 0; i < params->count; i++)
        for (size_t j = 0; j < params->tensor[i]->size; j++)
            params->tensor[i]->value[j] = (real)start_at(i, j);
}

#endif
