#include "data/faces.h"

#include "data/sources.h"
#include "support/memory.h"

#include <string.h>

enum { TRAIN = 50000, VALIDATION = 2000, TEST = 2000 };

const char *const face_factor_name[FACE_FACTORS] = {"age",  "beard",   "smile", "hair",
                                                    "eyes", "glasses", "skin",  "head"};

Face face_random(Rng *rng)
{
    Face face;
    for (int f = 0; f < FACE_FACTORS; f++)
        face.value[f] = rng_uniform_one(rng);
    face.value[FACE_GLASSES] = face.value[FACE_GLASSES] < 0.5 ? 0 : 1;
    return face;
}

/* Each split has numbers of its own, however many examples the others have. */
Face face_of(Split split, size_t example)
{
    uint64_t step = ((uint64_t)split << 32) + example;
    Rng rng = rng_at(rng_stream(DATASET_SEED, "faces"), step);
    return face_random(&rng);
}

static void example_picture(Split split, size_t example, uint8_t *level)
{
    Face face = face_of(split, example);
    face_draw(&face, level);
}

static void example_caption(Split split, size_t example, Language language, Rng *rng,
                            char text[CAPTION_BYTES])
{
    Face face = face_of(split, example);
    face_caption(&face, language, rng, text);
}

static const World WORLD = {example_picture, example_caption, face_words};

static void fill_factors(Dataset *dataset)
{
    float *factor = memory_new(dataset_total(dataset) * FACE_FACTORS, sizeof *factor);
    dataset->factor = factor;
    for (int split = 0; split < SPLITS; split++)
        for (size_t i = 0; i < dataset->count[split]; i++) {
            Face face = face_of((Split)split, i);
            for (int f = 0; f < FACE_FACTORS; f++)
                *factor++ = (float)face.value[f];
        }
}

Dataset *faces_load(const char *name)
{
    if (strcmp(name, "faces") != 0)
        return NULL;
    Dataset *dataset = dataset_new(name, DATA_COLOUR, FACE_SIDE, FACE_SIDE, 3, 256);
    dataset->count[SPLIT_TRAIN] = TRAIN;
    dataset->count[SPLIT_VALIDATION] = VALIDATION;
    dataset->count[SPLIT_TEST] = TEST;
    dataset->factors = FACE_FACTORS;
    memcpy(dataset->factor_name, face_factor_name, sizeof face_factor_name);
    dataset->world = &WORLD;
    fill_factors(dataset);
    return dataset;
}
