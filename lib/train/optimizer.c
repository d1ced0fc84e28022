#include "train/optimizer.h"

#include "support/memory.h"

#include <math.h>
#include <stdlib.h>

OptimizerRule optimizer_adam(void)
{
    return (OptimizerRule){.kind = OPTIMIZER_ADAM, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};
}

Optimizer *optimizer_create(Params *params, OptimizerRule rule)
{
    Optimizer *optimizer = memory_new(1, sizeof *optimizer);
    optimizer->rule = rule;
    optimizer->params = params;
    optimizer->first = memory_new((size_t)params->count, sizeof *optimizer->first);
    optimizer->second = memory_new((size_t)params->count, sizeof *optimizer->second);
    for (int i = 0; i < params->count; i++) {
        if (!params->trained[i])
            continue;
        optimizer->first[i] = memory_new(params->tensor[i]->size, sizeof(real));
        if (rule.kind != OPTIMIZER_SGD)
            optimizer->second[i] = memory_new(params->tensor[i]->size, sizeof(real));
    }
    return optimizer;
}

void optimizer_free(Optimizer *optimizer)
{
    if (optimizer == NULL)
        return;
    for (int i = 0; i < optimizer->params->count; i++) {
        free(optimizer->first[i]);
        free(optimizer->second[i]);
    }
    free(optimizer->first);
    free(optimizer->second);
    free(optimizer);
}

enum { PARALLEL_FROM = 1 << 14 };

/* Numbers too small to matter become 0: below the smallest normal number (1.2e-38) every operation
 * is a hundred times slower, and the moments of a dead unit decay into that range. Beside epsilon =
 * 1e-8 a gradient of 1e-17 moves nothing. */
static inline real without_dust(real a, real dust)
{
    return a < dust && a > -dust ? 0 : a;
}

/* m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;  w -= lr mhat / (sqrt(vhat) + eps)   (alg. 1).
 * The bias corrections are folded into two factors: mhat / sqrt(vhat) = step m / (sqrt(v) root +
 * eps). */
static void adam_weight(const Optimizer *optimizer, Tensor *weight, real *m, real *v, double lr)
{
    const OptimizerRule *rule = &optimizer->rule;
    const double t = (double)optimizer->updates;
    const real b1 = (real)rule->beta1, b2 = (real)rule->beta2, epsilon = (real)rule->epsilon;
    const real step = (real)(lr / (1 - pow(rule->beta1, t)));
    const real root = (real)(1 / sqrt(1 - pow(rule->beta2, t)));
    const real keep = rule->kind == OPTIMIZER_ADAMW ? (real)(1 - lr * rule->weight_decay) : 1;
    const real *g = weight->grad;
    real *w = weight->value;
#pragma omp parallel for simd schedule(static) if (parallel : weight->size >= PARALLEL_FROM)
    for (size_t i = 0; i < weight->size; i++) {
        real gradient = without_dust(g[i], (real)1e-17);
        m[i] = without_dust(b1 * m[i] + (1 - b1) * gradient, (real)1e-30);
        v[i] = without_dust(b2 * v[i] + (1 - b2) * gradient * gradient, (real)1e-35);
        w[i] = keep * w[i] - step * m[i] / ((real)sqrt(v[i]) * root + epsilon);
    }
}

/* m = momentum m + g;  w -= lr m */
static void sgd_weight(const Optimizer *optimizer, Tensor *weight, real *m, double lr)
{
    const real momentum = (real)optimizer->rule.beta1, step = (real)lr;
    const real *g = weight->grad;
    real *w = weight->value;
#pragma omp parallel for simd schedule(static) if (parallel : weight->size >= PARALLEL_FROM)
    for (size_t i = 0; i < weight->size; i++) {
        m[i] = momentum * m[i] + g[i];
        w[i] -= step * m[i];
    }
}

double optimizer_update(Optimizer *optimizer, double learning_rate)
{
    Params *params = optimizer->params;
    double norm = NAN;
    if (params->count > 0 && params->tensor[0]->tape != NULL)
        profile_switch(tape_profile(params->tensor[0]->tape), "optimizer", PROFILE_REST);
    if (optimizer->rule.clip > 0)
        norm = params_clip_grad(params, optimizer->rule.clip);
    optimizer->updates++;
    for (int i = 0; i < params->count; i++) {
        Tensor *weight = params->tensor[i];
        if (!params->trained[i])
            continue;
        for (size_t j = 0; !weight->has_grad && j < weight->size; j++)
            weight->grad[j] = 0;
        if (optimizer->rule.kind == OPTIMIZER_SGD)
            sgd_weight(optimizer, weight, optimizer->first[i], learning_rate);
        else
            adam_weight(optimizer, weight, optimizer->first[i], optimizer->second[i],
                        learning_rate);
        weight->version++;
    }
    return norm;
}
