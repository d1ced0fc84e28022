#include "data/idx.h"
#include "data/sources.h"
#include "support/fail.h"
#include "support/file.h"
#include "support/memory.h"

#include <stdlib.h>
#include <string.h>

enum { FILES = 4, HELD_OUT = 5000, SIDE = 28, CLASSES = 10 };

static const char *const FILE_NAMES[FILES] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                              "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};

static const char *const SUMS[FILES] = {
    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"};

static const char MEND_AGAIN[] = "Get it again with: make data DATA=mnist";

static Idx file_checked(const char *folder, int which, int rank, const char *const *sums)
{
    char *path = memory_format("%s/%s", folder, FILE_NAMES[which]);
    source_check(path, "mnist", sums != NULL ? sums[which] : NULL);
    Idx idx = idx_read(path, rank, MEND_AGAIN);
    free(path);
    return idx;
}

/* One image file and its label file. */
typedef struct Half {
    Idx image, label;
} Half;

static Half half_read(const char *folder, int first, size_t least, const char *const *sums)
{
    Half half;
    half.image = file_checked(folder, first, 3, sums);
    half.label = file_checked(folder, first + 1, 1, sums);
    const char *name = FILE_NAMES[first];
    if (half.image.size[1] != SIDE || half.image.size[2] != SIDE)
        refuse("%s/%s: images of %zu x %zu, not %d x %d. %s", folder, name, half.image.size[1],
               half.image.size[2], SIDE, SIDE, MEND_AGAIN);
    if (half.image.size[0] != half.label.size[0])
        refuse("%s/%s: %zu images, but %s has %zu labels. %s", folder, name, half.image.size[0],
               FILE_NAMES[first + 1], half.label.size[0], MEND_AGAIN);
    if (half.image.size[0] < least)
        refuse("%s/%s: %zu images, not even %zu. %s", folder, name, half.image.size[0], least,
               MEND_AGAIN);
    for (size_t i = 0; i < half.label.count; i++)
        if (half.label.value[i] >= CLASSES)
            refuse("%s/%s: label %zu is %d, not 0 to 9. %s", folder, FILE_NAMES[first + 1], i,
                   half.label.value[i], MEND_AGAIN);
    return half;
}

static void half_free(Half *half)
{
    idx_free(&half->image);
    idx_free(&half->label);
}

Dataset *mnist_read(const char *folder, const char *name, const char *const *sums)
{
    Half train = half_read(folder, 0, HELD_OUT + 1, sums);
    Half test = half_read(folder, 2, 1, sums);
    bool binary = strcmp(name, "mnist-binary") == 0;
    Dataset *dataset =
        dataset_new(name, binary ? DATA_BINARY : DATA_GREY, SIDE, SIDE, 1, binary ? 2 : 256);
    dataset->count[SPLIT_TRAIN] = train.image.size[0] - HELD_OUT;
    dataset->count[SPLIT_VALIDATION] = HELD_OUT;
    dataset->count[SPLIT_TEST] = test.image.size[0];
    dataset->classes = CLASSES;
    dataset->level = memory_new(train.image.count + test.image.count, 1);
    memcpy(dataset->level, train.image.value, train.image.count);
    memcpy(dataset->level + train.image.count, test.image.value, test.image.count);
    dataset->label = memory_new(train.label.count + test.label.count, sizeof *dataset->label);
    for (size_t i = 0; i < train.label.count; i++)
        dataset->label[i] = train.label.value[i];
    for (size_t i = 0; i < test.label.count; i++)
        dataset->label[train.label.count + i] = test.label.value[i];
    half_free(&train);
    half_free(&test);
    if (binary)
        dataset_fix_binary(dataset);
    return dataset;
}

Dataset *mnist_load(const char *name)
{
    if (strcmp(name, "mnist") != 0 && strcmp(name, "mnist-binary") != 0)
        return NULL;
    char *folder = source_folder("mnist");
    Dataset *dataset = mnist_read(folder, name, SUMS);
    free(folder);
    return dataset;
}
