/* Linear layers and multilayer perceptrons. */
#ifndef NN_MLP_H
#define NN_MLP_H

#include "nn/params.h"

typedef struct Linear {
    Tensor *weight; /* [in, out] */
    Tensor *bias;   /* [out]     */
    Activation activation;
} Linear;

/* Weights NAME.weight by Glorot's rule (times sqrt 2 before a ReLU, He et al. 2015), NAME.bias
 * zero. */
Linear linear_create(Params *params, const char *name, int in, int out, Activation activation,
                     Rng *rng);

/* x [..., in] -> [..., out] */
Tensor *linear_forward(const Linear *linear, Tensor *x);

enum { MLP_MOST_LAYERS = 17 };

typedef struct Mlp {
    Linear layer[MLP_MOST_LAYERS];
    int layers;
} Mlp;

/* Layers NAME.0 .. NAME.n-1 of widths hidden[0 .. n-1], all with that activation. n may be 0. */
Mlp mlp_create(Params *params, const char *name, int in, const int *hidden, int n,
               Activation activation, Rng *rng);

Tensor *mlp_forward(const Mlp *mlp, Tensor *x);

/* Width of the last layer, or in when there is none. */
int mlp_width(int in, const int *hidden, int n);

#endif
