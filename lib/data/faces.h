/* Cartoon faces, 32 x 32 pixels in colour, drawn by code from eight sliders: the data set "faces".
 * Each slider is independent of the others and uniform, so that what a latent or a direction moves
 * can be measured against the truth. */
#ifndef DATA_FACES_H
#define DATA_FACES_H

#include "data/world.h"

typedef enum FaceFactor {
    FACE_AGE,     /* 0 young .. 1 old: wrinkles, hair turns grey */
    FACE_BEARD,   /* 0 none .. 1 long                            */
    FACE_SMILE,   /* 0 sad .. 1 broad smile                      */
    FACE_HAIR,    /* 0 bald .. 1 long hair                       */
    FACE_EYES,    /* 0 small .. 1 large                          */
    FACE_GLASSES, /* 0 without, 1 with                           */
    FACE_SKIN,    /* 0 light .. 1 dark                           */
    FACE_HEAD,    /* 0 narrow and long .. 1 wide and round       */
    FACE_FACTORS
} FaceFactor;

enum { FACE_SIDE = 32, FACE_LEVELS = 3 * FACE_SIDE * FACE_SIDE };

typedef struct Face {
    double value[FACE_FACTORS]; /* 0 .. 1 */
} Face;

/* "age", "beard" ... */
extern const char *const face_factor_name[FACE_FACTORS];

Face face_random(Rng *rng);

/* The face of an example of "faces". */
Face face_of(Split split, size_t example);

/* level [FACE_LEVELS]; nothing random, edges are smooth; glasses between 0 and 1 are half to be
 * seen, sliders beyond 0 and 1 count as those. */
void face_draw(const Face *face, uint8_t *level);

/* A caption in one of several phrasings: what stands out (a slider below 0.3 or above 0.7) may be
 * said, each with probability 0.75; what is in the middle is not, nor that there are no glasses. */
void face_caption(const Face *face, Language language, Rng *rng, char text[CAPTION_BYTES]);

/* For World.words. */
extern const char *const face_words[];

#endif
