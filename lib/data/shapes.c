/* The data set "shapes": scenes with their sentences (data/scene.h). */
#include "data/scene.h"
#include "data/sources.h"

#include <string.h>

enum { TRAIN = 50000, VALIDATION = 2000, TEST = 2000 };

static void picture(Split split, size_t example, uint8_t *level)
{
    static const char *const stream[SPLITS] = {"drawn train", "drawn validation", "drawn test"};
    Scene scene = scene_of(split, example);
    Rng rng = rng_at(rng_stream(DATASET_SEED, stream[split]), example);
    scene_draw(&scene, &rng, level);
}

static void caption(Split split, size_t example, Language language, Rng *rng,
                    char text[CAPTION_BYTES])
{
    Scene scene = scene_of(split, example);
    scene_caption(&scene, language, rng, text, NULL);
}

static const World shapes = {picture, caption, scene_words};

Dataset *shapes_load(const char *name)
{
    if (strcmp(name, "shapes") != 0)
        return NULL;
    Dataset *dataset = dataset_new(name, DATA_COLOUR, SCENE_SIDE, SCENE_SIDE, 3, 256);
    dataset->count[SPLIT_TRAIN] = TRAIN;
    dataset->count[SPLIT_VALIDATION] = VALIDATION;
    dataset->count[SPLIT_TEST] = TEST;
    dataset->world = &shapes;
    return dataset;
}
