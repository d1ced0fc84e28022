/* How well pictures show what was asked for, by the reader that does not learn (data/scene.h). For
 * runs on the set "shapes". */
#ifndef CLIP_LDM_JUDGE_H
#define CLIP_LDM_JUDGE_H

#include "07-clip-ldm/painter.h"
#include "data/scene.h"
#include "metric/principal.h"

/* Refuses a run on other data, whose pictures can't be read back. */
void judge_check(const Painter *painter);

/* n scenes with so many objects; all that can be said of them is. Free with free(). */
Scene *judge_scenes(Rng *rng, int n, int objects, SceneWorld which);

/* A sentence for each scene that says all that is not SCENE_ANY, languages in turn where `both`,
 * else English. Free with free(). */
Sentence *judge_sentences(const World *world, const Scene *scene, int n, bool both);

/* Shares of n pictures. An attribute that can't be read is wrong. */
typedef struct Judgement {
    double all, all_se; /* everything that was said, and its binomial standard error */
    double shape, colour, size, place, ground; /* of one-object scenes; NaN where never said */
    double unread;                             /* the reader can't tell                      */
} Judgement;
Judgement judge_pictures(const real *picture, const Scene *said, int n);

/* How often a shape was read as another in n pictures of one-object scenes: confusion
 * [SCENE_SHAPES, SCENE_SHAPES + 1], a row a true shape; last column: not read as one object. */
void judge_confusion(const real *picture, const Scene *scene, int n, int *confusion);

/* Pictures of scenes drawn by the renderer: [n, 3072]. Free with free(). */
real *judge_real(const Scene *scene, int n, Rng *rng);

/* ---------------------------------------------------------------- features that steer nothing */

/* The largest principal components of n real pictures, averaged 2 x 2: no network has seen them.
 * Free with principal_free. */
enum { PLAIN_FEATURES = 48 };
Principal *plain_create(const real *picture, int n);

/* n real pictures and n others; coverage of the real ones (metric/prdc.h). */
typedef struct PlainQuality {
    double frechet, recall, coverage;
} PlainQuality;
PlainQuality plain_compare(const Principal *plain, const real *reals, const real *samples, int n);

#endif
