/* Convolutional layers. Images are [batch, height, width, channel]. */
#ifndef NN_CONV_H
#define NN_CONV_H

#include "nn/params.h"

typedef struct Conv2d {
    Tensor *weight; /* [kernel, kernel, in, out] */
    Tensor *bias;   /* [out]                     */
    int stride, padding;
    Activation activation;
} Conv2d;

/* A square kernel, padded by (kernel - 1) / 2 on each side. Weights NAME.weight by Glorot's rule
 * with kernel^2 in and kernel^2 out connections (times sqrt 2 before a ReLU, He et al. 2015),
 * NAME.bias zero. */
Conv2d conv2d_create(Params *params, const char *name, int kernel, int in, int out, int stride,
                     Activation activation, Rng *rng);

/* The same under the name BLOCK.PART, without an activation. */
Conv2d conv2d_create_part(Params *params, const char *block, const char *part, int kernel, int in,
                          int out, int stride, Rng *rng);

/* x [n, height, width, in] -> [n, ceil(height / stride), ceil(width / stride), out], odd kernels */
Tensor *conv2d_forward(const Conv2d *conv, Tensor *x);

#endif
