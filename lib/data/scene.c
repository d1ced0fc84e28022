#include "data/scene.h"

#include "data/sources.h"
#include "support/fail.h"

#include <stdlib.h>

const char *const scene_shape_name[SCENE_SHAPES] = {"circle", "square", "triangle", "cross"};
const char *const scene_colour_name[SCENE_COLOURS] = {"red",   "orange", "yellow",
                                                      "green", "blue",   "purple"};
const char *const scene_size_name[SCENE_SIZES] = {"small", "big"};
const char *const scene_place_name[SCENE_PLACES] = {"top left",    "top",    "top right",
                                                    "left",        "middle", "right",
                                                    "bottom left", "bottom", "bottom right"};
const char *const scene_ground_name[SCENE_GROUNDS] = {"white", "grey", "black"};

/* At least 100 levels from one another and 120 from each ground (Euclidean). */
const uint8_t scene_colour[SCENE_COLOURS][3] = {{215, 25, 35}, {240, 125, 15}, {255, 230, 40},
                                                {20, 170, 50}, {35, 80, 220},  {150, 30, 200}};
const uint8_t scene_ground_colour[SCENE_GROUNDS][3] = {
    {245, 245, 245}, {128, 128, 128}, {15, 15, 15}};

bool scene_held_out(int shape, int colour, int place)
{
    return place == (2 * shape + colour) % SCENE_PLACES;
}

static SceneObject random_object(Rng *rng, SceneWorld which)
{
    SceneObject object = {0};
    bool held;
    do {
        object.shape = (int)rng_below(rng, SCENE_SHAPES);
        object.colour = (int)rng_below(rng, SCENE_COLOURS);
        object.place = (int)rng_below(rng, SCENE_PLACES);
        held = scene_held_out(object.shape, object.colour, object.place);
    } while (which != SCENE_WHOLE && held != (which == SCENE_UNSEEN));
    object.size = (int)rng_below(rng, SCENE_SIZES);
    return object;
}

/* Whether two objects may be in one picture: not at one place, side by side only if both are small,
 * corner to corner unless both are big. */
static bool get_along(const SceneObject *a, const SceneObject *b)
{
    int rows = abs(a->place / 3 - b->place / 3), columns = abs(a->place % 3 - b->place % 3);
    if (rows == 2 || columns == 2)
        return true;
    if (rows + columns == 2)
        return a->size == 0 || b->size == 0;
    return rows + columns == 1 && a->size == 0 && b->size == 0;
}

static bool all_get_along(const Scene *scene)
{
    for (int i = 0; i < scene->objects; i++)
        for (int j = 0; j < i; j++)
            if (!get_along(&scene->object[i], &scene->object[j]))
                return false;
    return true;
}

Scene scene_random(Rng *rng, int objects, SceneWorld which)
{
    if (objects < 1 || objects > SCENE_MOST)
        fail("scene_random: %d objects asked for; it can be 1 .. %d", objects, SCENE_MOST);
    Scene scene = {.objects = objects};
    do {
        for (int i = 0; i < objects; i++)
            scene.object[i] = random_object(rng, which);
    } while (!all_get_along(&scene));
    scene.ground = (int)rng_below(rng, SCENE_GROUNDS);
    return scene;
}

Scene scene_of(Split split, size_t example)
{
    static const char *const stream[SPLITS] = {"shapes train", "shapes validation", "shapes test"};
    Rng rng = rng_at(rng_stream(DATASET_SEED, stream[split]), example);
    double u = rng_uniform_one(&rng);
    return scene_random(&rng, u < 0.6 ? 1 : u < 0.9 ? 2 : 3, SCENE_SEEN);
}
