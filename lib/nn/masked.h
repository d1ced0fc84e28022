/* Linear layers in which an output may depend on some of the inputs only: what autoregressive
 * networks are made of. Source: Germain et al. (2015), arXiv:1502.03509, eqs. 8 and 9. */
#ifndef NN_MASKED_H
#define NN_MASKED_H

#include "nn/mlp.h"

typedef struct Masked {
    Linear linear;
    uint8_t *mask; /* [in, out]: 0 where the output does not see the input */
} Masked;

/* Output j sees input i where from[i] < to[j]: from [in], to [out]. Masked weights are 0. Weights
 * as in linear_create. Free with masked_free. */
Masked masked_create(Params *params, const char *name, const int *from, int in, const int *to,
                     int out, Activation activation, Rng *rng);

/* Weights among the units of one layer, [width, width], unit j seeing the units before it: i < j.
 * Without a bias; they start at 0. */
Masked masked_lateral_create(Params *params, const char *name, int width);
void masked_free(Masked *masked);

/* x [..., in] -> [..., out] */
Tensor *masked_forward(const Masked *masked, Tensor *x);

#endif
