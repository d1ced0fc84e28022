/* Reading a picture without learning: the ground is the plain colour of most pixels; what differs
 * from it falls into things that do not touch; each must be a figure (scene_fit.c). */
#include "data/scene_internal.h"

#include <stdlib.h>
#include <string.h>

enum {
    THINGS = 16, /* more than can be told of; the rest is not looked at */
    SPECK = 7,   /* pixels: a thing of fewer is overlooked; the smallest figures have about 14 */
    NEARBY = 2   /* pixels each way */
};

/* Levels, Euclidean over red, green, blue. Colours of figures are 120 and more from each ground. */
static const float NEAR_GROUND = 60, LIKE_GROUND = 30, UNLIKE_GROUND = 50;

/* Where a thing ends: a share of the largest contrast nearby. A half is where the edge is; a little
 * more keeps two figures apart that a blur has brought together. */
static const float EDGE = 0.55f;

/* Largest share of a figure that may be unexplained. Painted ones leave at most 0.02, with noise of
 * 8 levels and a blur too; those of 15 % less contrast and a tint of 14 levels 0.045. Bars, rings,
 * corners and figures of two colours leave 0.15 to 1; but half red and half orange, 0.06, passes.
 */
static const float UNEXPLAINED = 0.1f;

typedef struct Thing {
    int pixels, left, right, top, bottom;
} Thing;

typedef struct View {
    int kind;                     /* of the ground */
    float ground[3];              /* its mean */
    float noise;                  /* mean of |pixel - ground|^2 on it */
    float value[SCENE_PIXELS][3]; /* pixel - ground */
    float distance[SCENE_PIXELS]; /* its length */
    int label[SCENE_PIXELS];      /* number of the thing, from 1; 0 none */
    int things;
    Thing thing[THINGS];
} View;

static float apart(const real *pixel, const float colour[3])
{
    float sum = 0;
    for (int c = 0; c < 3; c++)
        sum += ((float)pixel[c] - colour[c]) * ((float)pixel[c] - colour[c]);
    return sum;
}

/* Mean of the pixels within a distance of a colour, and their mean square from it; how many. */
static int near_colour(const real *level, const float colour[3], float within, float mean[3],
                       float *square)
{
    int n = 0;
    float sum[3] = {0, 0, 0}, squares = 0;
    for (int p = 0; p < SCENE_PIXELS; p++) {
        float gap = apart(level + 3 * p, colour);
        if (!(gap < within * within)) /* NaN is near nothing */
            continue;
        for (int c = 0; c < 3; c++)
            sum[c] += (float)level[3 * p + c];
        squares += gap;
        n++;
    }
    for (int c = 0; c < 3; c++)
        mean[c] = n > 0 ? sum[c] / (float)n : colour[c];
    *square = n > 0 ? squares / (float)n : 0;
    return n;
}

/* Whether at least half of the picture is of one ground. */
static bool find_ground(const real *level, View *view)
{
    int most = 0;
    view->kind = 0;
    for (int c = 0; c < 3; c++)
        view->ground[c] = scene_ground_colour[0][c];
    float square, unused[3];
    for (int g = 0; g < SCENE_GROUNDS; g++) {
        float mean[3], colour[3];
        for (int c = 0; c < 3; c++)
            colour[c] = scene_ground_colour[g][c];
        int n = near_colour(level, colour, NEAR_GROUND, mean, &square);
        if (n <= most)
            continue;
        most = n;
        view->kind = g;
        memcpy(view->ground, mean, sizeof mean);
    }
    near_colour(level, view->ground, LIKE_GROUND, view->ground, &square);
    int like = near_colour(level, view->ground, LIKE_GROUND, unused, &view->noise);
    return like >= SCENE_PIXELS / 2;
}

static void take_off_ground(const real *level, View *view)
{
    for (int p = 0; p < SCENE_PIXELS; p++) {
        for (int c = 0; c < 3; c++)
            view->value[p][c] = (float)level[3 * p + c] - view->ground[c];
        view->distance[p] = sqrtf(apart(level + 3 * p, view->ground));
    }
}

/* Gives `number` to all pixels of the mask that hang together with `start`, by their sides. */
static Thing flood(const bool *mask, int start, int number, View *view)
{
    int stack[SCENE_PIXELS], waiting = 1;
    Thing thing = {0, SCENE_SIDE, 0, SCENE_SIDE, 0};
    stack[0] = start;
    view->label[start] = number;
    while (waiting > 0) {
        int p = stack[--waiting], x = p % SCENE_SIDE, y = p / SCENE_SIDE;
        thing.pixels++;
        thing.left = x < thing.left ? x : thing.left;
        thing.right = x > thing.right ? x : thing.right;
        thing.top = y < thing.top ? y : thing.top;
        thing.bottom = y > thing.bottom ? y : thing.bottom;
        const int next[4] = {x > 0 ? p - 1 : p, x < SCENE_SIDE - 1 ? p + 1 : p,
                             y > 0 ? p - SCENE_SIDE : p, y < SCENE_SIDE - 1 ? p + SCENE_SIDE : p};
        for (int i = 0; i < 4; i++)
            if (mask[next[i]] && view->label[next[i]] == 0) {
                view->label[next[i]] = number;
                stack[waiting++] = next[i];
            }
    }
    return thing;
}

/* The things of a mask, without specks, into view->thing; the first THINGS of them. */
static void find_things(const bool *mask, View *view)
{
    memset(view->label, 0, sizeof view->label);
    view->things = 0;
    for (int p = 0; p < SCENE_PIXELS && view->things < THINGS; p++) {
        if (!mask[p] || view->label[p] != 0)
            continue;
        Thing thing = flood(mask, p, view->things + 1, view);
        if (thing.pixels >= SPECK) {
            view->thing[view->things++] = thing;
            continue;
        }
        for (int q = 0; q < SCENE_PIXELS; q++)
            if (view->label[q] == view->things + 1)
                view->label[q] = -1; /* seen, and no thing */
    }
}

static float contrast_nearby(const View *view, int x, int y)
{
    int top = y > NEARBY ? y - NEARBY : 0, left = x > NEARBY ? x - NEARBY : 0;
    float most = 0;
    for (int row = top; row <= y + NEARBY && row < SCENE_SIDE; row++)
        for (int column = left; column <= x + NEARBY && column < SCENE_SIDE; column++)
            most = fmaxf(most, view->distance[row * SCENE_SIDE + column]);
    return most;
}

static void tell_from_ground(const View *view, bool *mask)
{
    for (int p = 0; p < SCENE_PIXELS; p++)
        mask[p] = view->distance[p] > UNLIKE_GROUND &&
                  view->distance[p] > EDGE * contrast_nearby(view, p % SCENE_SIDE, p / SCENE_SIDE);
}

/* Whether a pixel is part of another thing than `number`, or beside one and not its own. */
static bool is_of_other(const View *view, int x, int y, int number)
{
    if (view->label[y * SCENE_SIDE + x] == number)
        return false;
    for (int row = y > 0 ? y - 1 : 0; row <= y + 1 && row < SCENE_SIDE; row++)
        for (int column = x > 0 ? x - 1 : 0; column <= x + 1 && column < SCENE_SIDE; column++) {
            int label = view->label[row * SCENE_SIDE + column];
            if (label > 0 && label != number)
                return true;
        }
    return false;
}

static void cut_patch(const View *view, int number, ScenePatch *patch)
{
    const Thing *thing = &view->thing[number - 1];
    patch->left = thing->left - SCENE_ROOM;
    patch->top = thing->top - SCENE_ROOM;
    patch->wide = thing->right - thing->left + 1 + 2 * SCENE_ROOM;
    patch->high = thing->bottom - thing->top + 1 + 2 * SCENE_ROOM;
    for (int i = 0; i < patch->wide * patch->high; i++) {
        int x = patch->left + i % patch->wide, y = patch->top + i / patch->wide;
        bool inside = x >= 0 && y >= 0 && x < SCENE_SIDE && y < SCENE_SIDE;
        bool used = inside && !is_of_other(view, x, y, number);
        const float *value = used ? view->value[y * SCENE_SIDE + x] : (float[3]){0, 0, 0};
        patch->used[i] = used;
        patch->red[i] = value[0];
        patch->green[i] = value[1];
        patch->blue[i] = value[2];
    }
}

static int nearest_place(float x, float y)
{
    float column = roundf((x - SCENE_FIRST) / SCENE_PITCH);
    float row = roundf((y - SCENE_FIRST) / SCENE_PITCH);
    column = column < 0 ? 0 : column > 2 ? 2 : column;
    row = row < 0 ? 0 : row > 2 ? 2 : row;
    return 3 * (int)row + (int)column;
}

/* Whether the thing is a figure. */
static bool read_thing(const View *view, int number, SceneObject *object)
{
    ScenePatch patch;
    const Thing *thing = &view->thing[number - 1];
    cut_patch(view, number, &patch);
    SceneFit fit =
        scene_fit(&patch, view->ground, view->noise, (float)(thing->left + thing->right + 1) / 2,
                  (float)(thing->top + thing->bottom + 1) / 2, (float)thing->pixels);
    bool big = fit.r > (SCENE_SMALL_TO + SCENE_BIG_FROM) / 2;
    *object = (SceneObject){fit.shape, fit.colour, big, nearest_place(fit.x, fit.y)};
    return fit.unexplained < UNEXPLAINED;
}

static int by_place(const void *a, const void *b)
{
    return ((const SceneObject *)a)->place - ((const SceneObject *)b)->place;
}

bool scene_read(const real *level, Scene *read)
{
    View view;
    *read = (Scene){0};
    bool plain = find_ground(level, &view);
    read->ground = view.kind;
    if (!plain)
        return false;
    take_off_ground(level, &view);
    bool mask[SCENE_PIXELS];
    tell_from_ground(&view, mask);
    find_things(mask, &view);
    bool clear = view.things >= 1 && view.things <= SCENE_MOST;
    for (int i = 1; i <= view.things && read->objects < SCENE_MOST; i++) {
        if (read_thing(&view, i, &read->object[read->objects]))
            read->objects++;
        else
            clear = false;
    }
    qsort(read->object, (size_t)read->objects, sizeof *read->object, by_place);
    return clear;
}
