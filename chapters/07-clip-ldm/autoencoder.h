/* The convolutional form of chapter 2's variational autoencoder: pictures of 32 x 32 pixels in
 * colour to latents of 8 x 8 x 4 numbers and back.
 *
 *     encoder  cells of 4 x 4 pixels become channels; a residual block  -> mean, logvar of q(z|x)
 *     decoder  three residual blocks; channels become cells again       -> mean of p(x|z)
 *     loss     -E_q[log p(x|z)] + beta KL(q(z|x) || N(0, I)),  p(x|z) = N(decoder(z), sd^2 I)
 *
 * beta is small: the latents are to carry the picture, and what their distribution is, diffusion
 * learns afterwards. Sources: Kingma & Welling (2014), arXiv:1312.6114; Rombach et al. (2022),
 * arXiv:2112.10752, sec. 3.1 and appendix G ("KL-reg"). */
#ifndef CLIP_LDM_AUTOENCODER_H
#define CLIP_LDM_AUTOENCODER_H

#include "nn/conv.h"
#include "nn/norm.h"
#include "prob/gaussian.h"
#include "train/family.h"

enum { LATENT_SIDE = 8, LATENT_CHANNELS = 4, LATENT_DIMS = LATENT_SIDE * LATENT_SIDE * 4 };

enum { AUTOENCODER_DOWN = 1, AUTOENCODER_UP = 3, AUTOENCODER_GROUPS = 8 };

/* x + conv(silu(norm(conv(silu(norm x))))): He et al. (2016), arXiv:1603.05027, fig. 1b. */
typedef struct ResidualBlock2d {
    GroupNorm norm[2];
    Conv2d conv[2];
} ResidualBlock2d;

typedef struct AutoencoderNet {
    Conv2d in, code; /* code: 1 x 1, mean | logvar */
    ResidualBlock2d encoder[AUTOENCODER_DOWN];
    Conv2d open, out;
    ResidualBlock2d decoder[AUTOENCODER_UP];
    GroupNorm encoder_norm, decoder_norm;
} AutoencoderNet;

/* Weights "encoder.in.weight" ...; so many channels inside, a multiple of AUTOENCODER_GROUPS. */
AutoencoderNet autoencoder_net_create(Params *params, int channels, Rng *rng);

/* Pictures x [n, 3072], levels 0 .. 255 -> q(z|x) [n, LATENT_DIMS], [8, 8, 4] row by row. */
Gaussian autoencoder_encode(const AutoencoderNet *net, Tensor *x);

/* z [n, LATENT_DIMS] -> pictures [n, 3072] in levels, not rounded and not kept in range. */
Tensor *autoencoder_decode(const AutoencoderNet *net, Tensor *z);

/* ---------------------------------------------------------------- stage 2 */

typedef struct Autoencoder {
    Model model;
    AutoencoderNet net;
    double beta, sd; /* sd of p(x|z) in units of the range -1 .. 1 */
} Autoencoder;

extern const Family autoencoder_family;

#endif
