/* Stacked MNIST: three digits as the red, green and blue of one image, a thousand modes of known
 * and equal weight. Each stack is drawn once from the images of its own split. Source: Metz et al.
 * (2017), arXiv:1611.02163, sec. 3.3.1. */
#include "data/sources.h"
#include "support/memory.h"

#include <string.h>

enum { CHANNELS = 3, CLASSES = 1000 };

static void draw_stacks(Dataset *stacks, const Dataset *images)
{
    Rng stream = rng_stream(DATASET_SEED, "stacked");
    size_t example = 0;
    for (int split = 0; split < SPLITS; split++) {
        size_t first = dataset_first(images, (Split)split);
        for (size_t i = 0; i < stacks->count[split]; i++, example++) {
            Rng rng = rng_at(stream, example);
            int label = 0;
            for (int c = 0; c < CHANNELS; c++) {
                size_t image = first + rng_below(&rng, images->count[split]);
                stacks->part[example * CHANNELS + (size_t)c] = (uint32_t)image;
                label = 10 * label + images->label[image];
            }
            stacks->label[example] = (uint16_t)label;
        }
    }
}

Dataset *stacked_of(Dataset *images, const char *name, const size_t count[SPLITS])
{
    Dataset *stacks =
        dataset_new(name, DATA_COLOUR, images->height, images->width, CHANNELS, images->levels);
    stacks->classes = CLASSES;
    memcpy(stacks->count, count, sizeof stacks->count);
    stacks->part = memory_new(dataset_total(stacks) * CHANNELS, sizeof *stacks->part);
    stacks->label = memory_new(dataset_total(stacks), sizeof *stacks->label);
    draw_stacks(stacks, images);
    stacks->level = images->level; /* taken over */
    images->level = NULL;
    dataset_free(images);
    return stacks;
}

Dataset *stacked_load(const char *name)
{
    static const size_t count[SPLITS] = {128000, 5000, 60000};
    if (strcmp(name, "stacked-mnist") != 0)
        return NULL;
    return stacked_of(mnist_load("mnist"), name, count);
}
