#include "nn/conv.h"

#include <math.h>

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

Tensor *conv2d_forward(const Conv2d *conv, Tensor *x)
{
    return tensor_conv2d(x, conv->weight, conv->bias, conv->stride, conv->padding,
                         conv->activation);
}
