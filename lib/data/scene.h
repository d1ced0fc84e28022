/* Scenes of one to three flat figures on a plain ground, 32 x 32 pixels in colour: drawn by code,
 * with their true attributes. The data set "shapes" is made of them.
 *
 * One in nine of the combinations of shape, colour and place is held out: no training, validation
 * or test picture shows one (scene_held_out), so that a model can be asked for what it never saw.
 */
#ifndef DATA_SCENE_H
#define DATA_SCENE_H

#include "data/world.h"

enum {
    SCENE_SIDE = 32,
    SCENE_PIXELS = SCENE_SIDE * SCENE_SIDE,
    SCENE_LEVELS = 3 * SCENE_PIXELS,
    SCENE_MOST = 3, /* objects */

    SCENE_SHAPES = 4,  /* circle, square, triangle, cross                       */
    SCENE_COLOURS = 6, /* red, orange, yellow, green, blue, purple              */
    SCENE_SIZES = 2,   /* small, big                                            */
    SCENE_PLACES = 9,  /* 3 row + column of a grid: 0 top left ... 4 middle ... 8 bottom right */
    SCENE_GROUNDS = 3, /* white, grey, black                                    */
    SCENE_ANY = -1     /* of an attribute that a sentence does not say          */
};

typedef struct SceneObject {
    int shape, colour, size, place;
} SceneObject;

/* What a picture shows, or what a sentence says (SCENE_ANY where it is silent). */
typedef struct Scene {
    int objects;
    SceneObject object[SCENE_MOST];
    int ground;
} Scene;

/* Names of values in English ("circle", "top left"). */
extern const char *const scene_shape_name[SCENE_SHAPES];
extern const char *const scene_colour_name[SCENE_COLOURS];
extern const char *const scene_size_name[SCENE_SIZES];
extern const char *const scene_place_name[SCENE_PLACES];
extern const char *const scene_ground_name[SCENE_GROUNDS];

/* Red, green, blue, 0 .. 255. */
extern const uint8_t scene_colour[SCENE_COLOURS][3];
extern const uint8_t scene_ground_colour[SCENE_GROUNDS][3];

/* The held-out combinations: each shape in each colour at one place, (2 shape + colour) mod 9; 24
 * of 216. Every pair of values is seen: blue circles, say, at eight of the nine places. */
bool scene_held_out(int shape, int colour, int place);

typedef enum SceneWorld {
    SCENE_SEEN,   /* no object is of a held-out combination                                */
    SCENE_UNSEEN, /* every object is                                                      */
    SCENE_WHOLE   /* all combinations alike                                               */
} SceneWorld;

/* A random scene of so many objects: attributes uniform and independent given `which`, and that
 * nothing overlaps: side by side are small ones alone, corner to corner no two big ones. */
Scene scene_random(Rng *rng, int objects, SceneWorld which);

/* The scene of an example of "shapes": 60 % of them have one object, 30 % two, 10 % three. */
Scene scene_of(Split split, size_t example);

/* A picture of a fully specified scene, level [SCENE_LEVELS]. Centres and radii vary a little
 * within what place and size mean; edges are smooth. */
void scene_draw(const Scene *scene, Rng *rng, uint8_t *level);

/* ---------------------------------------------------------------- sentences */

/* A caption of a scene in one of several phrasings. said: what it says (objects in the order of the
 * sentence); may be NULL. */
void scene_caption(const Scene *scene, Language language, Rng *rng, char text[CAPTION_BYTES],
                   Scene *said);

/* The caption that says just what is not SCENE_ANY, in the plainest phrasing; an object without a
 * shape is "something" ("뭔가"). */
void scene_say(const Scene *said, Language language, char text[CAPTION_BYTES]);

/* What a sentence of the grammar says; false where it is none. Both languages; words in any case,
 * commas and full stops ignored. */
bool scene_parse(const char *text, Scene *said);

/* For World.words. */
extern const char *const scene_words[];

/* ---------------------------------------------------------------- reading pictures back */

/* What a rule without any learning reads from a picture: level [SCENE_LEVELS], reals 0 .. 255, not
 * rounded or kept in range. The objects are in the order of their places. false: it can't tell
 * (nothing there, too many things, a thing that is no figure, no plain ground); *read is then what
 * was found so far. */
bool scene_read(const real *level, Scene *read);

/* Whether a read scene has all that was said, for some assignment of its objects to those said; the
 * number of objects is equal. */
bool scene_satisfies(const Scene *read, const Scene *said);

/* The same attribute by attribute, by the assignment of objects that has most right; of several
 * objects said one that is wrong makes its attribute wrong. */
typedef struct SceneScore {
    int objects, shape, colour, size, place, ground; /* 1 right, 0 wrong, -1 not said */
} SceneScore;
SceneScore scene_score(const Scene *read, const Scene *said);

#endif
