/* What the painter (scene_draw.c) and the reader (scene_read.c) of scenes share: where a place is,
 * how large a size is, and what a figure is. */
#ifndef DATA_SCENE_INTERNAL_H
#define DATA_SCENE_INTERNAL_H

#include "data/scene.h"

#include <math.h>

/* Pixels; the picture is 0 .. 32 both ways, y downwards, pixel (i, j) is centred on i + 0.5, j +
 * 0.5. */
#define SCENE_FIRST 6.5f /* centre of the first column and row */
#define SCENE_PITCH 9.5f
#define SCENE_JITTER 0.5f /* a centre is off by at most so much in x and in y */
#define SCENE_SMALL_FROM 3.4f
#define SCENE_SMALL_TO 3.8f
#define SCENE_BIG_FROM 5.2f
#define SCENE_BIG_TO 5.6f

/* Figures of "radius" r: no one is wider or higher than 2 r. In units of r: half the side of the
 * square (its area is the circle's); centre to corner of the triangle; half the thickness of the
 * cross, whose arms are r long. */
#define SCENE_SQUARE 0.89f
#define SCENE_TRIANGLE 1.15f
#define SCENE_CROSS 0.36f

enum { SCENE_CIRCLE, SCENE_BOX, SCENE_WEDGE, SCENE_PLUS }; /* values of SceneObject.shape */

/* Part of a pixel on the inner side of an edge at a signed distance (negative: inside). */
static inline float scene_inside(float distance)
{
    float part = 0.5f - distance;
    return part < 0 ? 0 : part > 1 ? 1 : part;
}

/* Part of the pixel centred at (x, y) from the centre of the figure (of its bounding box) that the
 * figure covers: exact for squares and crosses, by distance from the edge for the others. */
static inline float scene_cover(int shape, float r, float x, float y)
{
    float ax = fabsf(x), ay = fabsf(y);
    if (shape == SCENE_CIRCLE)
        return scene_inside(sqrtf(x * x + y * y) - r);
    if (shape == SCENE_BOX)
        return scene_inside(ax - SCENE_SQUARE * r) * scene_inside(ay - SCENE_SQUARE * r);
    if (shape == SCENE_WEDGE) { /* base at y = 0.75 R, centre of gravity at 0.25 R, R / 2 from each
                                   side */
        float corner = SCENE_TRIANGLE * r;
        float side = 0.8660254f * ax - 0.5f * (y - 0.25f * corner) - 0.5f * corner;
        float base = y - 0.75f * corner;
        return scene_inside(side > base ? side : base);
    }
    float thin_x = scene_inside(ax - SCENE_CROSS * r), long_x = scene_inside(ax - r);
    float thin_y = scene_inside(ay - SCENE_CROSS * r), long_y = scene_inside(ay - r);
    return thin_x * long_y + long_x * thin_y - thin_x * thin_y; /* two bars less what both cover */
}

enum {
    SCENE_ROOM = 2, /* pixels around a thing in which its figure may still end */
    SCENE_PATCH_SIDE = SCENE_SIDE + 2 * SCENE_ROOM,
    SCENE_PATCH = SCENE_PATCH_SIDE * SCENE_PATCH_SIDE
};

/* A rectangle of a picture in which one figure may be: what its pixels differ by from the ground.
 * used: 1, or 0 where the pixel is another thing's or outside the picture; the difference is 0
 * then.
 */
typedef struct ScenePatch {
    int left, top, wide, high; /* left and top may be outside the picture */
    float used[SCENE_PATCH], red[SCENE_PATCH], green[SCENE_PATCH], blue[SCENE_PATCH];
} ScenePatch;

/* The figure that explains a patch best. */
typedef struct SceneFit {
    int shape, colour;
    float x, y, r, blur;
    float unexplained; /* sum of squares that it leaves, as a share of the figure's own */
} SceneFit;

/* Starts at the centre (x, y) of a thing of `area` pixels. noise: mean square of noise in a pixel,
 * which no figure can explain. */
SceneFit scene_fit(const ScenePatch *patch, const float ground[3], float noise, float x, float y,
                   float area);

#endif
