#include "nn/conv.h"

#include "support/memory.h"

#include <math.h>
#include <stdlib.h>

Conv2d conv2d_create(Params *params, const char *name, int kernel, int in, int out, int stride,
                     Activation activation, Rng *rng)
{
    bool rectified = activation == ACTIVATION_RELU || activation == ACTIVATION_LEAKY_RELU;
    char *weight_name = memory_format("%s.weight", name);
    char *bias_name = memory_format("%s.bias", name);
    Tensor *weight = params_weight(params, weight_name, 4, (int[]){kernel, kernel, in, out});
    int positions = kernel * kernel;
    params_init_glorot(weight, positions * in, positions * out, rectified ? (real)sqrt(2.0) : 1,
                       rng);
    Tensor *bias = params_weight(params, bias_name, 1, &out);
    free(weight_name);
    free(bias_name);
    return (Conv2d){weight, bias, stride, (kernel - 1) / 2, activation};
}

Tensor *conv2d_forward(const Conv2d *conv, Tensor *x)
{
    return tensor_conv2d(x, conv->weight, conv->bias, conv->stride, conv->padding,
                         conv->activation);
}
