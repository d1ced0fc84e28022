/* What the files of this room share: making a data set, and the loaders that dataset_load tries in
 * turn. */
#ifndef DATA_SOURCES_H
#define DATA_SOURCES_H

#include "data/dataset.h"

/* The seed of every set drawn by code, of the splits of a user's own data and of the one binary
 * draw. */
enum { DATASET_SEED = 1 };

/* An empty set of that shape: counts 0, no labels, no factors, no storage, entropy unknown. */
Dataset *dataset_new(const char *name, DataKind kind, int height, int width, int channels,
                     int levels);

/* Sum of the counts of all splits. */
size_t dataset_total(const Dataset *dataset);

/* Draws `fixed`, the one binary draw of validation and test, from the grey levels. */
void dataset_fix_binary(Dataset *dataset);

/* Deals n examples at random, but always the same way, to train 90, validation 5, test 5 per cent,
 * at least one each: sets count, and order[i], the example that belongs at position i of the
 * storage. n at least 3. */
void dataset_deal(Dataset *dataset, uint32_t *order, size_t n);

/* Each gives the set of that name, or NULL when the name is not one of its own. */
Dataset *toys_load(const char *name);
Dataset *sphere_load(const char *name);
Dataset *digits_load(const char *name);
Dataset *bars_load(const char *name);
Dataset *faces_load(const char *name);
Dataset *mnist_load(const char *name);
Dataset *stacked_load(const char *name);

/* Stacks of three images each of the same split of `images`, which is taken over and freed. */
Dataset *stacked_of(Dataset *images, const char *name, const size_t count[SPLITS]);

Dataset *text_load(const char *name);
Dataset *lines_load(const char *name);
Dataset *grammar_load(const char *name);
Dataset *shapes_load(const char *name);
Dataset *user_load(const char *path);

/* A fetched file, LAB_DATA/SET/FILE or datasets/cache/SET/FILE, whole; refuses what is not there or
 * has another SHA-256. Free with free(). */
char *source_file(const char *set, const char *file, const char *sum, size_t *bytes);

/* Where the files of a fetched set are: $LAB_DATA/SET, or datasets/cache/SET; free with free(). */
char *source_folder(const char *set);

/* Refuses a file of a fetched set that is not there or not the published one; sum NULL: any content
 * will do. */
void source_check(const char *path, const char *set, const char *sum);

#endif
