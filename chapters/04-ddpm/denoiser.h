/* The network f(x_t, t, class), whatever it is made of: it gets x [n, dims], each row's place in
 * time and its class, and returns what the objective says, [n, dims].
 *
 *     e = W2 silu(W1 sinusoids(t)) + class table      the embedding, common to all kinds
 *     mlp:  h = W x;  h += V silu(U silu(h) + e P), once a block;  f = W' silu(h)
 *
 * Sources: Ho et al. (2020), arXiv:2006.11239, appendix B (sinusoids, added into every residual
 * block); Vaswani et al. (2017), arXiv:1706.03762, sec. 3.5. */
#ifndef DDPM_DENOISER_H
#define DDPM_DENOISER_H

#include "nn/mlp.h"

typedef enum NetworkKind { NETWORK_MLP } NetworkKind;

enum { RESIDUAL_MOST_BLOCKS = 16, TIME_FEATURES = 64 };

typedef struct ResidualBlock {
    Linear up, down; /* [width, width]              */
    Linear embed;    /* [embedding, width], no bias of its own */
} ResidualBlock;

typedef struct ResidualMlp {
    Linear in, out;
    ResidualBlock block[RESIDUAL_MOST_BLOCKS];
    int blocks;
} ResidualMlp;

/* e [n, width] of time and class. */
typedef struct Embedding {
    Linear first, second;
    Tensor *class_table; /* [classes + 1, width], the last row for no class; NULL: no classes */
    int classes, width;
} Embedding;

typedef struct Denoiser {
    NetworkKind kind;
    int dims;
    Embedding embedding;
    ResidualMlp mlp;
} Denoiser;

/* cos and sin of position times 64 / 2 frequencies from 1 down to 1/10000: positions are 0 .. 1000
 * over the whole process, whatever its number of steps. -> [n, TIME_FEATURES]. */
Tensor *time_features(Tape *tape, const double *position, int n);

/* label[n]; -1 (or label NULL): no class. -> [n, width]. Errors: a label when there are no classes.
 */
Tensor *embedding_forward(const Embedding *embedding, Tape *tape, const double *position,
                          const int *label, int n);

/* Weights NAME.in, NAME.block.0.up ... The last layers of blocks and network start at zero, so that
 * each block begins as the identity. classes 0: unconditional. */
Denoiser denoiser_create_mlp(Params *params, const char *name, int dims, int width, int blocks,
                             int classes, Rng *rng);

/* x [n, dims], position[n], label[n] or NULL -> [n, dims]. */
Tensor *denoiser_forward(const Denoiser *denoiser, Tensor *x, const double *position,
                         const int *label);

#endif
