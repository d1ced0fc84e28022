#include "data/scene_internal.h"

typedef struct Figure {
    float x, y, r;
} Figure;

static float between(Rng *rng, float from, float to)
{
    return from + (to - from) * (float)rng_uniform_one(rng);
}

static Figure figure_at(const SceneObject *object, float right, float down, float r)
{
    return (Figure){SCENE_FIRST + SCENE_PITCH * (float)(object->place % 3) + right,
                    SCENE_FIRST + SCENE_PITCH * (float)(object->place / 3) + down, r};
}

static Figure figure_random(const SceneObject *object, Rng *rng)
{
    float right = between(rng, -SCENE_JITTER, SCENE_JITTER);
    float down = between(rng, -SCENE_JITTER, SCENE_JITTER);
    float r = object->size == 0 ? between(rng, SCENE_SMALL_FROM, SCENE_SMALL_TO)
                                : between(rng, SCENE_BIG_FROM, SCENE_BIG_TO);
    return figure_at(object, right, down, r);
}

/* Whether ground is seen between two figures, 1.5 pixels of it side by side (less would close when
 * a picture is blurred). Diagonal neighbours meet at the corners of squares at worst. */
static bool figures_apart(Figure a, Figure b)
{
    float dx = fabsf(a.x - b.x), dy = fabsf(a.y - b.y), most = dx > dy ? dx : dy;
    bool beside = dx < SCENE_PITCH / 2 || dy < SCENE_PITCH / 2;
    return beside ? most - (a.r + b.r) >= 1.5f : most - SCENE_SQUARE * (a.r + b.r) >= 1;
}

/* Draws all figures again until they are apart. A scene that scene_random would not make (two big
 * objects side by side) may have no such place: then they are where their places are, smallest. */
static void place_figures(const Scene *scene, Rng *rng, Figure figure[SCENE_MOST])
{
    enum { TRIES = 200 };
    for (int try = 0; try < TRIES; try++) {
        bool apart = true;
        for (int i = 0; i < scene->objects; i++) {
            figure[i] = figure_random(&scene->object[i], rng);
            for (int j = 0; j < i; j++)
                apart = apart && figures_apart(figure[i], figure[j]);
        }
        if (apart)
            return;
    }
    for (int i = 0; i < scene->objects; i++)
        figure[i] = figure_at(&scene->object[i], 0, 0,
                              scene->object[i].size == 0 ? SCENE_SMALL_FROM : SCENE_BIG_FROM);
}

static void paint(int shape, const uint8_t colour[3], Figure f, uint8_t *level)
{
    int left = (int)fmaxf(f.x - f.r - 1, 0), right = (int)fminf(f.x + f.r + 1, SCENE_SIDE - 1);
    int top = (int)fmaxf(f.y - f.r - 1, 0), bottom = (int)fminf(f.y + f.r + 1, SCENE_SIDE - 1);
    for (int row = top; row <= bottom; row++)
        for (int column = left; column <= right; column++) {
            float part =
                scene_cover(shape, f.r, (float)column + 0.5f - f.x, (float)row + 0.5f - f.y);
            uint8_t *pixel = level + 3 * (row * SCENE_SIDE + column);
            for (int c = 0; c < 3; c++) {
                float was = (float)pixel[c];
                pixel[c] = (uint8_t)(was + part * ((float)colour[c] - was) + 0.5f);
            }
        }
}

void scene_draw(const Scene *scene, Rng *rng, uint8_t *level)
{
    for (int i = 0; i < SCENE_LEVELS; i++)
        level[i] = scene_ground_colour[scene->ground][i % 3];
    Figure figure[SCENE_MOST];
    place_figures(scene, rng, figure);
    for (int i = 0; i < scene->objects; i++) {
        const SceneObject *object = &scene->object[i];
        paint(object->shape, scene_colour[object->colour], figure[i], level);
    }
}
