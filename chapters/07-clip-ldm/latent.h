/* Diffusion in the autoencoder's latents, steered by the vector that CLIP gives a sentence or a
 * picture.
 *
 *     z0    = (mean of q(z|x) - center) / scale             unit variance; kept in the model
 *     c     = CLIP's vector of a sentence or of the picture itself, times sqrt(shared), or nothing
 *     loss  = |v - f(alpha z0 + sigma eps, t, c)|^2,  v = alpha eps - sigma z0
 *     drawn = (1 + w) f(z, t, c) - w f(z, t, nothing)       guidance without a classifier
 *
 * f is chapter 4's U-Net. Sentences and pictures lie apart in CLIP's space (the modality gap: Liang
 * et al. 2022, arXiv:2203.02053), so training shows f both; one that saw sentences alone could not
 * take a picture. With --condition tokens the bottom of the U-Net also looks at the words of the
 * sentence (cross-attention), after two transformer blocks that learn with it: CLIP's own words
 * need not say which colour is whose, since its loss never asks.
 *
 * Sources: Rombach et al. (2022), arXiv:2112.10752, sec. 3.2 and 3.3; Ho & Salimans (2022),
 * arXiv:2207.12598, eq. 6; Salimans & Ho (2022), arXiv:2202.00512 (v). */
#ifndef CLIP_LDM_LATENT_H
#define CLIP_LDM_LATENT_H

#include "04-ddpm/ddpm_sample.h"
#include "04-ddpm/unet.h"
#include "07-clip-ldm/autoencoder.h"
#include "07-clip-ldm/clip.h"

enum { LATENT_READERS = 2 };

typedef struct LatentDiffusion {
    Model model; /* parts: diffusion; clip and autoencoder, which are kept as they came */
    const World *world;
    ClipTowers clip;
    AutoencoderNet autoencoder;
    Tensor *center, *scale; /* [1, LATENT_DIMS], buffers: of each channel */
    UNet unet;
    Linear time[2];                 /* TIME_FEATURES -> width -> width            */
    Linear given;                   /* shared -> width                            */
    Linear given_word, pooled_word; /* to the cross-attention's tokens; weight NULL: pooled alone */
    TransformerBlock reader[LATENT_READERS]; /* over these tokens, learned with the diffusion */
    Tensor *nothing;                         /* [1, shared]: stands where there is no condition */
    NoiseSchedule *schedule;
    double drop,
        from_pictures; /* shares of the training examples: no condition; CLIP's image vector */
} LatentDiffusion;

extern const Family latent_family;

/* ---------------------------------------------------------------- conditions */

/* What is to be drawn, a row each. */
typedef struct Condition {
    Tensor *vector; /* [n, shared], scaled; NULL: nothing in particular */
    Tensor *words;  /* [n, CAPTION_WORDS, CLIP_WIDTH] of cross-attention; NULL: none */
    int *key_mask;  /* [n CAPTION_WORDS]: 1 where there is a word */
} Condition;

/* On the tape, without history. */
Condition condition_of_sentences(const LatentDiffusion *m, Tape *tape, const Sentence *sentence,
                                 int n);
Condition condition_of_pictures(const LatentDiffusion *m, Tensor *x);

/* ---------------------------------------------------------------- latents */

/* Pictures [n, 3072] in levels -> z0 [n, LATENT_DIMS], without history; and back. */
Tensor *latent_of_pictures(const LatentDiffusion *m, Tensor *x);
Tensor *latent_to_pictures(const LatentDiffusion *m, Tensor *z0);

/* f(z, t, c): z [n, LATENT_DIMS], position [n, 1] or [1, 1] in 0 .. 1000. */
Tensor *latent_forward(const LatentDiffusion *m, Tensor *z, Tensor *position,
                       const Condition *condition);

/* ---------------------------------------------------------------- drawing */

/* The network as a predictor for chapter 4's samplers. */
typedef struct LatentPredictor {
    Predictor predictor;
    const LatentDiffusion *model;
    Condition condition; /* of as many rows as are drawn */
    double guidance;     /* w; 0: the conditional model  */
} LatentPredictor;

LatentPredictor latent_predictor(const LatentDiffusion *m, const Condition *condition,
                                 double guidance);

#endif
