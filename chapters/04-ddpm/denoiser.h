/* The network f(x_t, t, class), whatever it is made of: it gets x [n, dims], each row's place in
 * time and its class, and returns what the objective says, [n, dims].
 *
 *     e = W2 silu(W1 sinusoids(t)) + class table      the embedding, common to all kinds
 *     mlp:  h = W x;  h += V silu(U silu(h) + e P), once a block;  f = W' silu(h)
 *     unet: unet.h
 *
 * Sources: Ho et al. (2020), arXiv:2006.11239, appendix B (sinusoids, added into every residual
 * block); Vaswani et al. (2017), arXiv:1706.03762, sec. 3.5. */
#ifndef DDPM_DENOISER_H
#define DDPM_DENOISER_H

#include "04-ddpm/unet.h"
#include "nn/mlp.h"

typedef enum NetworkKind { NETWORK_MLP, NETWORK_UNET } NetworkKind;

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
typedef struct TimeEmbedding {
    Linear first, second;
    Tensor *class_table; /* [classes + 1, width], the last row for no class; NULL: no classes */
    int classes, width;
} TimeEmbedding;

typedef struct Denoiser {
    NetworkKind kind;
    int dims;
    TimeEmbedding embedding;
    ResidualMlp mlp;
    UNet unet;
    int height, width; /* of the images of a U-Net */
} Denoiser;

/* cos and sin of position times 32 frequencies from 1 down to 1/10000. position [n, 1] is 0 .. 1000
 * over the whole process, whatever its number of steps. -> [n, TIME_FEATURES], without history. */
Tensor *time_features(Tensor *position);

/* Labels as rows of a table: 1 in the label's column, in the last one where label[i] is -1,
 * everywhere there where label is NULL. -> [n, classes + 1]. Errors: a label that is not -1 ..
 * classes-1. */
Tensor *class_rows(Tape *tape, const int *label, int n, int classes);

/* position [n, 1]; class [n, classes + 1], or NULL: no class in particular -> [n, width]. */
Tensor *time_embedding_forward(const TimeEmbedding *embedding, Tensor *position, Tensor *class);

/* Weights NAME.in, NAME.block.0.up ...: N(0, 1/in), those of NAME.in wider. The last layers of
 * blocks and network start at zero, so that each block begins as the identity. classes 0:
 * unconditional. */
Denoiser denoiser_create_mlp(Params *params, const char *name, int dims, int width, int blocks,
                             int classes, Rng *rng);

/* A U-Net on images of height x width pixels; its embedding is shape.embedding wide. */
Denoiser denoiser_create_unet(Params *params, const char *name, int height, int width,
                              UNetShape shape, int classes, Rng *rng);

/* x [n, dims]; position [n, 1], or [1, 1] where all rows are at one time; class as above ->
 * [n, dims]. */
Tensor *denoiser_forward(const Denoiser *denoiser, Tensor *x, Tensor *position, Tensor *class);

#endif
