/* An exponential moving average of weights, for sampling and evaluation (Polyak & Juditsky 1992).
 */
#ifndef TRAIN_EMA_H
#define TRAIN_EMA_H

#include "nn/params.h"

typedef struct Ema {
    Params *params;
    double decay;
    real **average; /* [count], like the weights; buffers are averaged too */
    long updates;
} Ema;

/* Starts at the weights as they are. decay in [0, 1). */
Ema *ema_create(Params *params, double decay);
void ema_free(Ema *ema);

/* average = d average + (1 - d) weight, with d = min(decay, (1 + t) / (10 + t)) at update t, so
 * that the start is forgotten soon. */
void ema_update(Ema *ema);

/* Exchanges weights and averages; a second call restores. Versions rise. */
void ema_swap(Ema *ema);

#endif
