#include "train/ema.h"

#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

Ema *ema_create(Params *params, double decay)
{
    if (!(decay >= 0 && decay < 1))
        fail("ema: decay %g; it must be at least 0 and below 1", decay);
    Ema *ema = memory_new(1, sizeof *ema);
    ema->params = params;
    ema->decay = decay;
    ema->average = memory_new((size_t)params->count, sizeof *ema->average);
    for (int i = 0; i < params->count; i++) {
        const Tensor *weight = params->tensor[i];
        ema->average[i] = memory_new(weight->size, sizeof(real));
        memcpy(ema->average[i], weight->value, weight->size * sizeof(real));
    }
    return ema;
}

void ema_free(Ema *ema)
{
    if (ema == NULL)
        return;
    for (int i = 0; i < ema->params->count; i++)
        free(ema->average[i]);
    free(ema->average);
    free(ema);
}

void ema_update(Ema *ema)
{
    double t = (double)++ema->updates;
    const real keep = (real)fmin(ema->decay, (1 + t) / (10 + t));
    for (int i = 0; i < ema->params->count; i++) {
        const real *weight = ema->params->tensor[i]->value;
        real *average = ema->average[i];
        const size_t n = ema->params->tensor[i]->size;
#pragma omp parallel for simd schedule(static) if (parallel : n >= 1 << 14)
        for (size_t j = 0; j < n; j++)
            average[j] = keep * average[j] + (1 - keep) * weight[j];
    }
}

void ema_swap(Ema *ema)
{
    for (int i = 0; i < ema->params->count; i++) {
        Tensor *weight = ema->params->tensor[i];
        for (size_t j = 0; j < weight->size; j++) {
            real swap = weight->value[j];
            weight->value[j] = ema->average[i][j];
            ema->average[i][j] = swap;
        }
    }
    params_touch(ema->params);
}
