/* What CLIP alone can do: classes by prompts, and finding a picture for a sentence and back. */
#ifndef CLIP_LDM_ZERO_SHOT_H
#define CLIP_LDM_ZERO_SHOT_H

#include "07-clip-ldm/painter.h"
#include "data/scene.h"

enum { ATTRIBUTES = 5 }; /* shape, colour, size, place, ground */

/* The place of an attribute in a one-object scene. */
int *attribute_of(Scene *scene, int attribute);

/* Share of n pictures of one-object scenes whose value of each attribute is right: the value whose
 * prompts are nearest to the picture. 100 prompts of a value say it with a random half of all
 * else, in one language; their vectors are averaged (Radford et al. 2021, sec. 3.1.4). */
void zero_shot(const Painter *painter, const real *picture, const Scene *scene, int n,
               Language language, double accuracy[ATTRIBUTES]);

/* Among n pictures of distinct one-object scenes and their full sentences: share whose nearest (one
 * of the five nearest) partner is their own, picture to sentence and back. */
typedef struct Retrieval {
    double text_at_1, text_at_5;   /* a sentence for a picture */
    double image_at_1, image_at_5; /* a picture for a sentence */
} Retrieval;
Retrieval retrieval(const Painter *painter, const real *picture, const Scene *scene, int n,
                    Language language);

/* n distinct one-object scenes. Free with free(). */
Scene *distinct_scenes(Rng *rng, int n, SceneWorld which);

#endif
