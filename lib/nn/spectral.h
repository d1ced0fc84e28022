/* Spectral normalisation: a layer's weight divided by its largest singular value, so that the layer
 * stretches no direction by more than 1.
 *
 * The kernel [kh, kw, in, out] is taken as the matrix W [kh kw in, out]; for a linear layer [in,
 * out]. sigma = u' W v with u, v from power iteration, one step at every update, kept in buffers; u
 * and v are constants for the gradient. The reshaped kernel's norm is not that of the convolution,
 * but bounds it within a factor that depends on kernel and stride.
 * Source: Miyato et al. (2018), arXiv:1802.05957, eq. 9 and algorithm 1. */
#ifndef NN_SPECTRAL_H
#define NN_SPECTRAL_H

#include "nn/params.h"

typedef struct Spectral {
    Tensor *weight; /* whose norm it is                       */
    Tensor *left;   /* u, buffer [rows], of length 1          */
    Tensor *right;  /* v, buffer [columns], of length 1       */
} Spectral;

/* Buffers NAME.left and NAME.right, at a random direction. */
Spectral spectral_create(Params *params, const char *name, Tensor *weight, Rng *rng);

/* v = W' u / |W' u|, u = W v / |W v|, so many times: before a step's first forward pass. */
void spectral_iterate(const Spectral *spectral, int times);

/* W / sigma, of W's shape. */
Tensor *spectral_weight(const Spectral *spectral);

#endif
