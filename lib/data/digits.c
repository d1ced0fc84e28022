#include "data/digits.h"

#include "data/sources.h"
#include "support/memory.h"

#include <string.h>

enum { TRAIN = 20000, VALIDATION = 5000, TEST = 5000, FACTORS = 5 };

static float between(Rng *rng, double from, double to)
{
    return (float)(from + (to - from) * rng_uniform_one(rng));
}

static void digit_draw(Dataset *dataset, size_t i, Rng rng)
{
    int digit = (int)rng_below(&rng, 10);
    DigitStyle style = {
        .slant = between(&rng, -0.35, 0.35),
        .thickness = between(&rng, 1.4, 3.4),
        .size = between(&rng, 14, 19),
        .shift_x = between(&rng, -2, 2),
        .shift_y = between(&rng, -2, 2),
    };
    float jitter[DIGITS_JITTERS];
    for (int j = 0; j < DIGITS_JITTERS; j++)
        jitter[j] = (float)rng_normal_one(&rng);
    DigitPath path;
    digits_path(digit, style, jitter, &path);
    digits_ink(&path, style.thickness, dataset->level + i * DIGITS_SIDE * DIGITS_SIDE);
    dataset->label[i] = (uint16_t)digit;
    float factor[FACTORS] = {style.slant, style.thickness, style.size, style.shift_x,
                             style.shift_y};
    memcpy(dataset->factor + i * FACTORS, factor, sizeof factor);
}

static Dataset *digits_make(const char *name, DataKind kind, int levels)
{
    static const char *const factor_name[FACTORS] = {"slant", "thickness", "size", "shift_x",
                                                     "shift_y"};
    Dataset *dataset = dataset_new(name, kind, DIGITS_SIDE, DIGITS_SIDE, 1, levels);
    dataset->count[SPLIT_TRAIN] = TRAIN;
    dataset->count[SPLIT_VALIDATION] = VALIDATION;
    dataset->count[SPLIT_TEST] = TEST;
    dataset->classes = 10;
    dataset->factors = FACTORS;
    memcpy(dataset->factor_name, factor_name, sizeof factor_name);
    size_t total = dataset_total(dataset);
    dataset->level = memory_new(total * (size_t)dataset->dims, 1);
    dataset->label = memory_new(total, sizeof *dataset->label);
    dataset->factor = memory_new(total * FACTORS, sizeof *dataset->factor);
    Rng stream = rng_stream(DATASET_SEED, "digits");
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < total; i++)
        digit_draw(dataset, i, rng_at(stream, i));
    return dataset;
}

Dataset *digits_load(const char *name)
{
    if (strcmp(name, "digits") == 0)
        return digits_make(name, DATA_GREY, 256);
    if (strcmp(name, "digits-binary") != 0)
        return NULL;
    Dataset *dataset = digits_make(name, DATA_BINARY, 2);
    dataset_fix_binary(dataset);
    return dataset;
}
