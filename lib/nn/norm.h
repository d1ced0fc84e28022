/* Normalising layers: gain one and bias zero at the start. */
#ifndef NN_NORM_H
#define NN_NORM_H

#include "nn/params.h"

typedef struct GroupNorm {
    Tensor *gain, *bias; /* [channels] */
    int groups;
} GroupNorm;

/* Weights NAME.gain and NAME.bias; groups divides channels. */
GroupNorm group_norm_create(Params *params, const char *name, int channels, int groups);

/* The same under the name BLOCK.PART. */
GroupNorm group_norm_create_part(Params *params, const char *block, const char *part, int channels,
                                 int groups);

/* x [n, ..., channels], same shape out; and with SiLU behind it. */
Tensor *group_norm_forward(const GroupNorm *norm, Tensor *x);
Tensor *group_norm_silu_forward(const GroupNorm *norm, Tensor *x);

typedef struct LayerNorm {
    Tensor *gain, *bias; /* [width] */
} LayerNorm;

LayerNorm layer_norm_create(Params *params, const char *name, int width);

/* x [..., width], same shape out. */
Tensor *layer_norm_forward(const LayerNorm *norm, Tensor *x);

/* The same of one row of numbers, without a tape: x [width] -> y [width], which may not be x. */
void layer_norm_row(const LayerNorm *norm, const real *x, real *y);

#endif
