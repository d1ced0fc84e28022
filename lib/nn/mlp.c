#include "nn/mlp.h"

#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>

Linear linear_create(Params *params, const char *name, int in, int out, Activation activation,
                     Rng *rng)
{
    bool rectified = activation == ACTIVATION_RELU || activation == ACTIVATION_LEAKY_RELU;
    Tensor *weight = params_weight_of(params, name, "weight", 2, (int[]){in, out});
    params_init_glorot(weight, in, out, rectified ? (real)sqrt(2.0) : 1, rng);
    Tensor *bias = params_weight_of(params, name, "bias", 1, &out);
    return (Linear){weight, bias, activation};
}

Tensor *linear_forward(const Linear *linear, Tensor *x)
{
    return tensor_linear(x, linear->weight, linear->bias, linear->activation);
}

Mlp mlp_create(Params *params, const char *name, int in, const int *hidden, int n,
               Activation activation, Rng *rng)
{
    Mlp mlp = {.layers = n};
    if (n > MLP_MOST_LAYERS)
        fail("mlp: '%s' would have %d layers; at most %d", name, n, MLP_MOST_LAYERS);
    for (int i = 0; i < n; i++) {
        char *full = memory_format("%s.%d", name, i);
        mlp.layer[i] =
            linear_create(params, full, mlp_width(in, hidden, i), hidden[i], activation, rng);
        free(full);
    }
    return mlp;
}

Tensor *mlp_forward(const Mlp *mlp, Tensor *x)
{
    for (int i = 0; i < mlp->layers; i++)
        x = linear_forward(&mlp->layer[i], x);
    return x;
}

int mlp_width(int in, const int *hidden, int n)
{
    return n > 0 ? hidden[n - 1] : in;
}
