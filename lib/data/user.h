/* A user's own data, by path. */
#ifndef DATA_USER_H
#define DATA_USER_H

#include "data/dataset.h"

/* A folder of PNGs of one size, in the order of their names: grey, or colour if any of them is;
 * over black where transparent. Refuses fewer than 3, different sizes, files that are no PNG, more
 * than 1 GiB. */
Dataset *user_images(const char *path);

/* Points from a .csv: numbers separated by commas, a point a line, the same count on each, at most
 * DATA_POINT_DIMS; the first line may name the columns; blank lines are skipped. Refuses, with
 * file, line and column, what is no finite number. */
Dataset *user_csv(const char *path);

/* Points from an .npy: a 2-D array, [points, dims]. */
Dataset *user_npy(const char *path);

#endif
