/* Adam, AdamW and SGD with momentum, each in one pass over the weights.
 * Sources: Kingma & Ba (2015), arXiv:1412.6980, algorithm 1; Loshchilov & Hutter (2019),
 * arXiv:1711.05101, algorithm 2 (decay apart from the gradient). */
#ifndef TRAIN_OPTIMIZER_H
#define TRAIN_OPTIMIZER_H

#include "nn/params.h"

typedef enum OptimizerKind { OPTIMIZER_ADAM, OPTIMIZER_ADAMW, OPTIMIZER_SGD } OptimizerKind;

typedef struct OptimizerRule {
    OptimizerKind kind;
    double beta1, beta2, epsilon; /* SGD: beta1 is the momentum, the others are not used */
    double weight_decay;          /* AdamW only                                          */
    double clip;                  /* largest gradient norm; 0: no clipping               */
} OptimizerRule;

/* Adam with beta (0.9, 0.999), epsilon 1e-8 and no clipping. */
OptimizerRule optimizer_adam(void);

typedef struct Optimizer {
    OptimizerRule rule;
    Params *params;
    real **first, **second; /* running moments of each weight; NULL for buffers, second for SGD */
    long updates;
} Optimizer;

Optimizer *optimizer_create(Params *params, OptimizerRule rule);
void optimizer_free(Optimizer *optimizer);

/* One update of all weights from the gradients of this step (a weight without one counts as zero),
 * whose versions rise. Returns the gradient norm before clipping, or NaN when the rule does not
 * clip. */
double optimizer_update(Optimizer *optimizer, double learning_rate);

#endif
