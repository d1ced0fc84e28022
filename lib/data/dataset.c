#include "data/dataset.h"

#include "data/sources.h"
#include "data/text.h"
#include "data/world.h"
#include "support/fail.h"
#include "support/file.h"
#include "support/memory.h"
#include "support/options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const NAMES[] = {
    "8gaussians",  "moons",         "pinwheel", "checkerboard", "2spirals",       "circles",
    "rings",       "swissroll",     "ring8",    "grid25",       "sphere-mixture", "sphere-earth",
    "digits",      "digits-binary", "bars",     "bars-2",       "bars-3",         "bars-4",
    "bars-5",      "bars-6",        "faces",    "mnist",        "mnist-binary",   "stacked-mnist",
    "shakespeare", "bible",         "names",    "names-unique", "arithmetic",     "grammar",
    "repeats",     "shapes",        NULL};

const char *const *dataset_names(void)
{
    return NAMES;
}

Dataset *dataset_new(const char *name, DataKind kind, int height, int width, int channels,
                     int levels)
{
    Dataset *dataset = memory_new(1, sizeof *dataset);
    dataset->name = memory_text(name);
    dataset->kind = kind;
    dataset->height = height;
    dataset->width = width;
    dataset->channels = channels;
    dataset->dims = height * width * channels;
    dataset->levels = levels;
    dataset->entropy = NAN;
    return dataset;
}

void dataset_free(Dataset *dataset)
{
    if (dataset == NULL)
        return;
    free((char *)dataset->name);
    free(dataset->point);
    free(dataset->level);
    free(dataset->fixed);
    free(dataset->label);
    free(dataset->factor);
    free(dataset->mode);
    free(dataset->part);
    text_free(dataset->text);
    free(dataset);
}

size_t dataset_first(const Dataset *dataset, Split split)
{
    size_t first = 0;
    for (int s = 0; s < (int)split; s++)
        first += dataset->count[s];
    return first;
}

size_t dataset_total(const Dataset *dataset)
{
    return dataset_first(dataset, SPLITS);
}

char *source_folder(const char *set)
{
    const char *data = getenv("LAB_DATA");
    return memory_format("%s/%s", data != NULL && *data != '\0' ? data : "datasets/cache", set);
}

void source_check(const char *path, const char *set, const char *sum)
{
    char found[65];
    if (!file_exists(path))
        refuse("%s: not found. Get it with: make data DATA=%s", path, set);
    if (sum == NULL)
        return;
    if (!file_sha256(path, found))
        refuse("%s: can't be read. Get it again with: make data DATA=%s", path, set);
    if (strcmp(found, sum) != 0)
        refuse("%s: not the published file (its SHA-256 is %s). Get it again with: make data "
               "DATA=%s",
               path, found, set);
}

char *source_file(const char *set, const char *file, const char *sum, size_t *bytes)
{
    char *folder = source_folder(set), *path = memory_format("%s/%s", folder, file);
    source_check(path, set, sum);
    char *byte = file_read(path, bytes);
    free(path);
    free(folder);
    return byte;
}

static _Noreturn void refuse_name(const char *name)
{
    const char *nearest = options_nearest(name, NAMES);
    if (nearest != NULL)
        refuse("data set '%s': there is none of that name; did you mean '%s'?", name, nearest);
    char list[512] = "";
    for (int i = 0; NAMES[i] != NULL; i++) {
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, " %s", NAMES[i]);
    }
    refuse("data set '%s': there is none of that name. Choose from:%s, or give the path of a .csv, "
           "a .npy, a .txt or a folder of PNGs",
           name, list);
}

Dataset *dataset_load(const char *name)
{
    Dataset *(*const loaders[])(const char *) = {
        toys_load, sphere_load, digits_load,  bars_load,   mnist_load, stacked_load,
        text_load, lines_load,  grammar_load, shapes_load, faces_load, user_load};
    for (size_t i = 0; i < sizeof loaders / sizeof *loaders; i++) {
        Dataset *dataset = loaders[i](name);
        if (dataset != NULL)
            return dataset;
    }
    refuse_name(name);
}

/* Bernoulli draws of one image: 1 with probability level / 255, in whole numbers, so that float and
 * double builds agree. Image i of a fetch has its own place in the stream: threads do not matter.
 */
static void draw_image(Rng rng, const uint8_t *level, int dims, uint8_t *bit)
{
    enum { AT_ONCE = 1024 };
    uint32_t word[AT_ONCE];
    for (int first = 0; first < dims; first += AT_ONCE) {
        int n = dims - first < AT_ONCE ? dims - first : AT_ONCE;
        rng_words(&rng, word, (size_t)n);
        for (int i = 0; i < n; i++)
            bit[first + i] = (uint64_t)word[i] * 255 < (uint64_t)level[first + i] << 32;
    }
}

void dataset_fix_binary(Dataset *dataset)
{
    size_t dims = (size_t)dataset->dims;
    size_t first = dataset_first(dataset, SPLIT_VALIDATION);
    size_t n = dataset_total(dataset) - first;
    dataset->fixed = memory_new(n * dims, 1);
    Rng stream = rng_stream(DATASET_SEED, "binarise");
    for (size_t i = 0; i < n; i++) {
        draw_image(rng_at(stream, i), dataset->level + (first + i) * dims, dataset->dims,
                   dataset->fixed + i * dims);
    }
}

void dataset_deal(Dataset *dataset, uint32_t *order, size_t n)
{
    Rng rng = rng_stream(DATASET_SEED, "split");
    rng_permutation(&rng, order, n);
    size_t held = n / 20 > 0 ? n / 20 : 1;
    dataset->count[SPLIT_TRAIN] = n - 2 * held;
    dataset->count[SPLIT_VALIDATION] = held;
    dataset->count[SPLIT_TEST] = held;
}

static void fetch_points(const Dataset *dataset, size_t example, real *x)
{
    const float *point = dataset->point + example * (size_t)dataset->dims;
    for (int d = 0; d < dataset->dims; d++)
        x[d] = (real)point[d];
}

static void fetch_levels(const Dataset *dataset, size_t example, real *x)
{
    const uint8_t *level = dataset->level + example * (size_t)dataset->dims;
    for (int d = 0; d < dataset->dims; d++)
        x[d] = (real)level[d];
}

/* Each channel another image: x [height, width, channels]. */
static void fetch_stack(const Dataset *dataset, size_t example, real *x)
{
    size_t channels = (size_t)dataset->channels, pixels = (size_t)dataset->dims / channels;
    for (size_t c = 0; c < channels; c++) {
        const uint8_t *level = dataset->level + dataset->part[example * channels + c] * pixels;
        for (size_t p = 0; p < pixels; p++)
            x[p * channels + c] = (real)level[p];
    }
}

static void fetch_fixed(const Dataset *dataset, size_t example, real *x)
{
    size_t row = example - dataset->count[SPLIT_TRAIN];
    const uint8_t *bit = dataset->fixed + row * (size_t)dataset->dims;
    for (int d = 0; d < dataset->dims; d++)
        x[d] = (real)bit[d];
}

static void fetch_drawn(const Dataset *dataset, size_t example, Rng rng, real *x)
{
    enum { MOST = 4096 };
    uint8_t bit[MOST];
    const uint8_t *level = dataset->level + example * (size_t)dataset->dims;
    for (int first = 0; first < dataset->dims; first += MOST) {
        int n = dataset->dims - first < MOST ? dataset->dims - first : MOST;
        draw_image(rng, level + first, n, bit);
        for (int i = 0; i < n; i++)
            x[first + i] = (real)bit[i];
        rng.next += MOST;
    }
}

static void fetch_picture(const Dataset *dataset, Split split, size_t example, real *x)
{
    uint8_t level[WORLD_MOST_LEVELS];
    dataset->world->picture(split, example - dataset_first(dataset, split), level);
    for (int d = 0; d < dataset->dims; d++)
        x[d] = (real)level[d];
}

static void fetch_one(const Dataset *dataset, Split split, size_t example, Rng rng, real *x)
{
    if (dataset->world != NULL)
        fetch_picture(dataset, split, example, x);
    else if (dataset->kind == DATA_POINTS)
        fetch_points(dataset, example, x);
    else if (dataset->part != NULL)
        fetch_stack(dataset, example, x);
    else if (dataset->fixed == NULL)
        fetch_levels(dataset, example, x);
    else if (split == SPLIT_TRAIN)
        fetch_drawn(dataset, example, rng, x);
    else
        fetch_fixed(dataset, example, x);
}

void dataset_fetch(const Dataset *dataset, Split split, const uint32_t *index, size_t n, Rng *rng,
                   real *x, int *label, real *factor)
{
    if (label != NULL && dataset->classes == 0)
        fail("dataset_fetch: labels asked of '%s', which has none", dataset->name);
    if (factor != NULL && dataset->factors == 0)
        fail("dataset_fetch: factors asked of '%s', which has none", dataset->name);
    if (rng == NULL && dataset->fixed != NULL && split == SPLIT_TRAIN)
        fail("dataset_fetch: training images of '%s' are drawn afresh and need an rng",
             dataset->name);
    size_t first = dataset_first(dataset, split);
    int factors = dataset->factors;
    size_t dims = (size_t)dataset->dims;
    Rng start = rng != NULL ? *rng : rng_stream(0, "not used");
    for (size_t i = 0; i < n; i++)
        if (index[i] >= dataset->count[split])
            fail("dataset_fetch: example %u asked of '%s', whose split has %zu", index[i],
                 dataset->name, dataset->count[split]);
#pragma omp parallel for schedule(static) if (n * dims >= 1 << 15)
    for (size_t i = 0; i < n; i++) {
        Rng own = start;
        own.next += i * dims; /* more than an image's draws take */
        if (dataset->text != NULL)
            text_fetch(dataset, split, index[i], x + i * dims);
        else
            fetch_one(dataset, split, first + index[i], own, x + i * dims);
    }
    if (rng != NULL && dataset->fixed != NULL && split == SPLIT_TRAIN)
        rng->next += n * dims;
    for (size_t i = 0; i < n; i++) {
        size_t example = first + index[i];
        if (label != NULL)
            label[i] = dataset->label[example];
        for (int f = 0; factor != NULL && f < factors; f++)
            factor[i * (size_t)factors + (size_t)f] =
                (real)dataset->factor[example * (size_t)factors + (size_t)f];
    }
}

const char *dataset_kind_name(DataKind kind)
{
    switch (kind) {
    case DATA_POINTS:
        return "points";
    case DATA_BINARY:
        return "binary images";
    case DATA_GREY:
        return "grey images";
    case DATA_COLOUR:
        return "colour images";
    case DATA_TOKENS:
        return "sequences";
    }
    fail("dataset: kind %d is none of DataKind", (int)kind);
}

void dataset_fetch_range(const Dataset *dataset, Split split, size_t first, size_t n, Rng *rng,
                         real *x, int *label, real *factor)
{
    uint32_t *index = memory_new(n, sizeof *index);
    for (size_t i = 0; i < n; i++)
        index[i] = (uint32_t)(first + i);
    dataset_fetch(dataset, split, index, n, rng, x, label, factor);
    free(index);
}

void dataset_spread(const Dataset *dataset, Split split, size_t n, uint32_t *index)
{
    for (size_t i = 0; i < n; i++)
        index[i] = (uint32_t)((double)i * (double)dataset->count[split] / (double)n);
}

void dataset_fetch_spread(const Dataset *dataset, Split split, size_t n, Rng *rng, real *x,
                          int *label, real *factor)
{
    uint32_t *index = memory_new(n, sizeof *index);
    dataset_spread(dataset, split, n, index);
    dataset_fetch(dataset, split, index, n, rng, x, label, factor);
    free(index);
}

void dataset_log_densities(const Dataset *dataset, const real *x, size_t n, double *out)
{
    size_t dims = (size_t)dataset->dims;
    double *one = memory_new(dims, sizeof *one);
    for (size_t i = 0; i < n; i++) {
        for (size_t d = 0; d < dims; d++)
            one[d] = (double)x[i * dims + d];
        out[i] = dataset->log_density(dataset, one);
    }
    free(one);
}

void dataset_moments(const Dataset *dataset, size_t most, Rng rng, double *mean, double *sd)
{
    size_t all = dataset->count[SPLIT_TRAIN], n = all < most ? all : most;
    size_t dims = (size_t)dataset->dims;
    real *x = memory_new(dims, sizeof *x);
    double *square = memory_new(dims, sizeof *square);
    for (size_t j = 0; j < dims; j++)
        mean[j] = 0;
    for (uint32_t i = 0; i < n; i++) {
        dataset_fetch(dataset, SPLIT_TRAIN, &i, 1, &rng, x, NULL, NULL);
        for (size_t j = 0; j < dims; j++) {
            mean[j] += (double)x[j] / (double)n;
            square[j] += (double)x[j] * (double)x[j] / (double)n;
        }
    }
    for (size_t j = 0; j < dims; j++) {
        double variance = square[j] - mean[j] * mean[j];
        bool constant = variance < 1e-12 * (1 + mean[j] * mean[j]); /* rounding alone */
        sd[j] = constant ? 0 : sqrt(variance);
    }
    free(square);
    free(x);
}

void dataset_mean(const Dataset *dataset, size_t most, Rng rng, double *mean)
{
    double *sd = memory_new((size_t)dataset->dims, sizeof *sd);
    dataset_moments(dataset, most, rng, mean, sd);
    free(sd);
}

void dataset_units(const Dataset *dataset, double half, real *center, real *scale)
{
    enum { MOST = 10000 };
    bool points = dataset->kind == DATA_POINTS;
    size_t dims = (size_t)dataset->dims;
    double *mean = memory_new(2 * dims, sizeof *mean), *sd = mean + dims;
    if (points)
        dataset_moments(dataset, MOST, rng_stream(0, "not used: points are not drawn"), mean, sd);
    for (size_t d = 0; d < dims; d++) {
        center[d] = (real)(points ? mean[d] : half);
        scale[d] = (real)(points ? (sd[d] > 0 ? sd[d] : 1) : half);
    }
    free(mean);
}

char *dataset_describe(const Dataset *dataset)
{
    char shape[64];
    if (dataset->text != NULL)
        snprintf(shape, sizeof shape, "of at most %d tokens", dataset->dims - 1);
    else if (dataset->kind == DATA_POINTS)
        snprintf(shape, sizeof shape, "of %d numbers", dataset->dims);
    else
        snprintf(shape, sizeof shape, "%d x %d, %d levels", dataset->height, dataset->width,
                 dataset->levels);
    char classes[32] = "";
    if (dataset->classes > 0)
        snprintf(classes, sizeof classes, "; %d classes", dataset->classes);
    char entropy[64] = "";
    if (!isnan(dataset->entropy))
        snprintf(entropy, sizeof entropy, "; true entropy %.4f nats", dataset->entropy);
    return memory_format("%s: %s %s; %zu to train, %zu to validate, %zu to test%s%s", dataset->name,
                         dataset_kind_name(dataset->kind), shape, dataset->count[SPLIT_TRAIN],
                         dataset->count[SPLIT_VALIDATION], dataset->count[SPLIT_TEST], classes,
                         entropy);
}
