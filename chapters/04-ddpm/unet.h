/* The U-Net of denoising diffusion on images: convolutions that shrink the image, a bottom with
 * attention, convolutions that grow it again, and at every size a bridge from the way down to the
 * way up. The time (and class) shifts the channels inside each residual block.
 *
 * Source: Ho, Jain & Abbeel (2020), arXiv:2006.11239, appendix B, at a size that a laptop trains:
 * one block a level and direction, attention at the bottom only. */
#ifndef DDPM_UNET_H
#define DDPM_UNET_H

#include "nn/conv.h"
#include "nn/mlp.h"
#include "nn/norm.h"

enum { UNET_MOST_LEVELS = 4, UNET_GROUPS = 8, UNET_CROSS_HEADS = 4 };

typedef struct UNetShape {
    int fold;                    /* pixels of fold x fold become channels first: 2 or 1           */
    int channels;                /* of the image, before folding                                 */
    int levels;                  /* each half as large as the one above                          */
    int width[UNET_MOST_LEVELS]; /* channels, a multiple of UNET_GROUPS                           */
    int embedding;               /* width of the embedding of time and class                     */
    int context; /* numbers of a token that the image looks at (cross-attention); 0: there are none
                  */
} UNetShape;

/* h = conv(silu(norm(x))) + linear(embedding); y = skip(x) + conv(silu(norm(h))) */
typedef struct UNetBlock {
    GroupNorm norm[2];
    Conv2d conv[2];
    Linear shift, skip; /* skip.weight NULL: as many channels out as in */
} UNetBlock;

typedef struct AttentionBlock {
    GroupNorm norm;
    Linear qkv, out;
} AttentionBlock;

/* x + out(attention(query(norm(x)), keys and values of the context)): Rombach et al. (2022),
 * arXiv:2112.10752, sec. 3.3. */
typedef struct CrossBlock {
    GroupNorm norm;
    Linear query, key, value, out;
} CrossBlock;

typedef struct UNet {
    UNetShape shape;
    Conv2d stem, head;
    GroupNorm norm;
    UNetBlock down[UNET_MOST_LEVELS], middle[2], up[UNET_MOST_LEVELS];
    Conv2d shrink[UNET_MOST_LEVELS], grow[UNET_MOST_LEVELS];
    AttentionBlock attention;
    CrossBlock cross,
        cross_up[UNET_MOST_LEVELS]; /* at the bottom; behind each block of the way up */
} UNet;

/* Tokens that every pixel may look at. */
typedef struct UNetContext {
    Tensor *token;       /* [n, tokens, context]                                         */
    const int *key_mask; /* [n tokens]: 0 where there is none; at least one a row is 1   */
} UNetContext;

/* Weights NAME.stem.weight ... The head and the last convolution of every block start at zero, so
 * that the network starts as zero. */
UNet unet_create(Params *params, const char *name, UNetShape shape, Rng *rng);

/* x [n, height, width, channels], embedding [n, embedding] of time and class after its
 * SiLU (denoiser.h; [1, embedding] serves all rows) -> the prediction, of x's shape. height and
 * width are divisible by fold * 2^(levels - 1).
 */
Tensor *unet_forward(const UNet *net, Tensor *x, Tensor *embedding);

/* The same of a network that was made for a context. */
Tensor *unet_forward_given(const UNet *net, Tensor *x, Tensor *embedding,
                           const UNetContext *context);

#endif
