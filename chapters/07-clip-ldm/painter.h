/* A finished run opened for drawing. */
#ifndef CLIP_LDM_PAINTER_H
#define CLIP_LDM_PAINTER_H

#include "07-clip-ldm/latent.h"
#include "train/run.h"

typedef struct Painter {
    Run *run; /* of the stage diffusion */
    const LatentDiffusion *model;
    const char *dir; /* the folder above it */
    Tape *tape;
} Painter;

/* Refuses a folder whose stages are not finished. Free with painter_close. */
Painter painter_open(const char *dir);
void painter_close(Painter *painter);

/* What each of n pictures is steered by: a sentence; where that is NULL a picture [n, 3072] in
 * levels; both NULL: nothing. */
typedef struct Wish {
    const Sentence *sentence;
    const real *picture;
} Wish;

typedef struct DrawHow {
    double guidance;
    int steps;         /* of ddim, eta 0                                                     */
    const real *start; /* [n, 3072]: begin with this picture, noised (SDEdit); NULL: noise    */
    int from;          /* with start: so many of the steps are walked                        */
    SamplerObserver *observer; /* sees latents; NULL: none. At most PAINTER_PART pictures then */
} DrawHow;

enum { PAINTER_PART = 50 };

/* n pictures [n, 3072] in levels, 0 .. 255, not rounded. */
void painter_draw(const Painter *painter, const Wish *wish, int n, const DrawHow *how, Rng *noise,
                  real *out);

/* Decoded pictures of latents z0 [n, LATENT_DIMS], kept in range: [n, 3072]. */
void painter_decode(const Painter *painter, const real *z0, int n, real *out);

/* Encoded and decoded again. */
void painter_reconstruct(const Painter *painter, const real *picture, int n, real *out);

/* CLIP's vectors [n, shared], of length 1. */
void painter_image_vectors(const Painter *painter, const real *picture, int n, real *vector);
void painter_text_vectors(const Painter *painter, const Sentence *sentence, int n, real *vector);

#endif
