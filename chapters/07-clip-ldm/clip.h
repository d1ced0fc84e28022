/* CLIP: two towers, one for pictures and one for sentences, into one space, in which a picture and
 * its sentence point the same way: "the number that encodes a picture = the number that encodes a
 * sentence".
 *
 *     image tower   3 -> 32 -> 48 -> 96 -> 128 channels (3 x 3; stride 2, the second 1), each with
 *                   group norm and SiLU, flat -> linear
 *     text tower    words + positions, two transformer blocks, norm, mean over the words -> linear
 *     both          divided by their length: u, v on the unit sphere
 *     loss          s = exp(scale) u v',  (cross-entropy of rows + of columns) / 2, pairs on the
 *                   diagonal
 *
 * Source: Radford et al. (2021), arXiv:2103.00020, fig. 3 and sec. 2.4 (the learned temperature,
 * and its limit of 100). */
#ifndef CLIP_LDM_CLIP_H
#define CLIP_LDM_CLIP_H

#include "07-clip-ldm/sentence.h"
#include "nn/conv.h"
#include "nn/embedding.h"
#include "nn/transformer.h"
#include "train/family.h"

enum {
    CLIP_CONVS = 4,
    CLIP_GROUPS = 8,
    CLIP_BLOCKS = 2,
    CLIP_WIDTH = 64,
    CLIP_HEADS = 4,
    CLIP_MOST_SHARED = 512
};

/* Both towers. A member of the models that use them. */
typedef struct ClipTowers {
    int shared; /* numbers of the common space */
    Conv2d conv[CLIP_CONVS];
    GroupNorm conv_norm[CLIP_CONVS];
    Linear image_out;
    Embedding word, position;
    TransformerBlock block[CLIP_BLOCKS];
    LayerNorm norm;
    Linear text_out;
    Tensor *scale; /* [1, 1]: log of 1 / temperature, at first log(1 / 0.07) */
} ClipTowers;

/* Weights "image.0.conv.weight" ... for pictures of 32 x 32 in colour and so many words. */
ClipTowers clip_towers_create(Params *params, int words, int shared, Rng *rng);

/* Pictures x [n, 3072], levels 0 .. 255 -> [n, shared] of length 1. */
Tensor *clip_image(const ClipTowers *towers, Tensor *x);

/* What the text tower makes of n sentences. */
typedef struct ClipText {
    Tensor *embedding; /* [n, shared] of length 1 */
    Tensor *words;     /* [n, CAPTION_WORDS, CLIP_WIDTH]: each word in its sentence */
    int *key_mask;     /* [n CAPTION_WORDS], on the tape: 1 where there is a word */
} ClipText;
ClipText clip_text(const ClipTowers *towers, Tape *tape, const Sentence *sentence, int n);

/* exp(scale) u v': [n, m]. scale is kept at log 100 or less. */
Tensor *clip_similarity(const ClipTowers *towers, Tensor *image, Tensor *text);

/* The symmetric contrastive loss of n pairs -> [1], nats. */
Tensor *clip_contrastive(Tensor *similarity);

/* The least expected loss of n pairs whose captions are one of `captions`, equally often: equal
 * captions can't be told apart. E log(1 + Bin(n - 1, 1 / captions)), nats. */
double clip_contrastive_floor(int n, int captions);

/* ---------------------------------------------------------------- stage 1 */

typedef struct Clip {
    Model model;
    const World *world;
    ClipTowers towers;
} Clip;

extern const Family clip_family;

#endif
