/* What scenes there are: names, places, what is held out, random scenes. */
#include "data/scene.h"

#include "data/sources.h"
#include "support/fail.h"

#include <string.h>

const char *const scene_shape_name[SCENE_SHAPES] = {"circle", "square", "triangle", "cross"};
const char *const scene_colour_name[SCENE_COLOURS] = {"red",   "orange", "yellow",
                                                      "green", "blue",   "purple"};
const char *const scene_size_name[SCENE_SIZES] = {"small", "big"};
const char *const scene_place_name[SCENE_PLACES] = {"top left",    "top",    "top right",
                                                    "left",        "middle", "right",
                                                    "bottom left", "bottom", "bottom right"};
const char *const scene_ground_name[SCENE_GROUNDS] = {"white", "grey", "black"};

const uint8_t scene_colour[SCENE_COLOURS][3] = {{220, 40, 40}, {250, 140, 20}, {240, 225, 50},
                                                {40, 170, 70}, {40, 80, 220},  {150, 60, 190}};
const uint8_t scene_ground_colour[SCENE_GROUNDS][3] = {
    {245, 245, 245}, {128, 128, 128}, {15, 15, 15}};

enum { CIRCLE, SQUARE, TRIANGLE, CROSS };
enum { RED, ORANGE, YELLOW, GREEN, BLUE, PURPLE };

bool scene_held_out(int shape, int colour)
{
    static const int held_out[SCENE_SHAPES] = {
        [CIRCLE] = BLUE, [SQUARE] = YELLOW, [TRIANGLE] = RED, [CROSS] = GREEN};
    return held_out[shape] == colour;
}

static int any(Rng *rng, int n)
{
    return (int)rng_below(rng, (uint64_t)n);
}

static SceneObject random_object(Rng *rng, SceneWorld which)
{
    SceneObject object;
    do {
        object.shape = any(rng, SCENE_SHAPES);
        object.colour = any(rng, SCENE_COLOURS);
    } while (which != SCENE_WHOLE &&
             scene_held_out(object.shape, object.colour) != (which == SCENE_UNSEEN));
    object.size = any(rng, SCENE_SIZES);
    object.place = any(rng, SCENE_PLACES);
    return object;
}

static int distance(int a, int b)
{
    return a > b ? a - b : b - a;
}

/* The same place, or side by side and one of them big. */
static bool in_the_way(const SceneObject *a, const SceneObject *b)
{
    int rows = distance(a->place / 3, b->place / 3);
    int columns = distance(a->place % 3, b->place % 3);
    return rows + columns == 0 || (rows + columns == 1 && (a->size == 1 || b->size == 1));
}

Scene scene_random(Rng *rng, int objects, SceneWorld which)
{
    Scene scene = {.objects = objects};
    if (objects < 1 || objects > SCENE_MOST)
        fail("scene: %d objects; 1 to %d", objects, SCENE_MOST);
    for (int i = 0; i < objects; i++) {
        bool free_place;
        scene.object[i] = random_object(rng, which);
        do {
            scene.object[i].size = any(rng, SCENE_SIZES);
            scene.object[i].place = any(rng, SCENE_PLACES);
            free_place = true;
            for (int j = 0; j < i; j++)
                free_place = free_place && !in_the_way(&scene.object[i], &scene.object[j]);
        } while (!free_place);
    }
    scene.ground = any(rng, SCENE_GROUNDS);
    return scene;
}

Scene scene_of(Split split, size_t example)
{
    static const char *const stream[SPLITS] = {"shapes train", "shapes validation", "shapes test"};
    Rng rng = rng_at(rng_stream(DATASET_SEED, stream[split]), example);
    double u = rng_uniform_one(&rng);
    return scene_random(&rng, u < 0.6 ? 1 : u < 0.9 ? 2 : 3, SCENE_SEEN);
}
