#include "nn/conv.h"

#include "support/memory.h"

#include <math.h>
#include <stdlib.h>

Conv2d conv2d_create(Params *params, const char *name, int kernel, int in, int out, int stride,
                     Activation activation, Rng *rng)
{
    bool rectified = activation == ACTIVATION_RELU || activation == ACTIVATION_LEAKY_RELU;
    int shape[4] = {kernel, kernel, in, out};
    Tensor *weight = params_weight_of(params, name, "weight", 4, shape);
    int positions = kernel * kernel;
    params_init_glorot(weight, positions * in, positions * out, rectified ? (real)sqrt(2.0) : 1,
                       rng);
    Tensor *bias = params_weight_of(params, name, "bias", 1, &out);
    return (Conv2d){weight, bias, stride, (kernel - 1) / 2, activation};
}

Conv2d conv2d_create_part(Params *params, const char *block, const char *part, int kernel, int in,
                          int out, int stride, Rng *rng)
{
    char *name = memory_format("%s.%s", block, part);
    Conv2d conv = conv2d_create(params, name, kernel, in, out, stride, ACTIVATION_NONE, rng);
    free(name);
    return conv;
}

Tensor *conv2d_forward(const Conv2d *conv, Tensor *x)
{
    return tensor_conv2d(x, conv->weight, conv->bias, conv->stride, conv->padding,
                         conv->activation);
}
