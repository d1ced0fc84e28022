/* Bars and stripes on n x n pixels: either every row is all 0 or all 1, or every column is. All 0
 * and all 1 are both, so there are 2 2^n - 2 patterns, and the set is uniform over them. Source:
 * MacKay (2003), Information Theory, Inference, and Learning Algorithms, sec. 43.1. */
#include "data/sources.h"
#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <string.h>

enum { USUAL = 4, LEAST = 2, MOST = 6, TRAIN_AT_LEAST = 10000 };

/* Whether all pixels of a line are equal and 0 or 1; step: from one pixel to the next. */
static bool line_is_plain(const double *x, int n, int step)
{
    if (x[0] != 0 && x[0] != 1)
        return false;
    for (int i = 1; i < n; i++)
        if (x[i * step] != x[0])
            return false;
    return true;
}

static double bars_log_probability(const Dataset *dataset, const double *x)
{
    int n = dataset->height;
    bool rows = true;
    bool columns = true;
    for (int i = 0; i < n; i++) {
        rows = rows && line_is_plain(x + i * n, n, 1);
        columns = columns && line_is_plain(x + i, n, n);
    }
    return rows || columns ? -dataset->entropy : -INFINITY;
}

/* Patterns 0 .. 2^n - 1 have the bits of their number as rows, the rest as columns; of the columns
 * the plain patterns, which are rows already, are left out. */
static void bars_draw(int pattern, int n, uint8_t *bit)
{
    int half = 1 << n;
    bool rows = pattern < half;
    int code = rows ? pattern : pattern - half + 1;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            bit[i * n + j] = code >> (rows ? i : j) & 1;
}

static Dataset *bars_make(const char *name, int n)
{
    Dataset *dataset = dataset_new(name, DATA_BINARY, n, n, 1, 2);
    size_t patterns = ((size_t)2 << n) - 2;
    size_t repeats = (TRAIN_AT_LEAST + patterns - 1) / patterns;
    dataset->count[SPLIT_TRAIN] = repeats * patterns;
    dataset->count[SPLIT_VALIDATION] = patterns;
    dataset->count[SPLIT_TEST] = patterns;
    dataset->entropy = log((double)patterns);
    dataset->log_density = bars_log_probability;
    size_t total = dataset_total(dataset);
    dataset->level = memory_new(total * (size_t)dataset->dims, 1);
    for (size_t i = 0; i < total; i++)
        bars_draw((int)(i % patterns), n, dataset->level + i * (size_t)dataset->dims);
    return dataset;
}

Dataset *bars_load(const char *name)
{
    if (strcmp(name, "bars") == 0)
        return bars_make(name, USUAL);
    if (strncmp(name, "bars-", 5) != 0)
        return NULL;
    int n = strlen(name) == 6 ? name[5] - '0' : -1;
    if (n < LEAST || n > MOST)
        refuse("data set '%s': N of bars-N must be from %d to %d; try bars-%d", name, LEAST, MOST,
               USUAL);
    return bars_make(name, n);
}
