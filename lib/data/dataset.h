/* A data set: examples of one shape in three splits, with what is known about them.
 *
 * Splits: TRAIN for learning; VALIDATION for choosing anything (of a fetched set the last 5,000
 * training images); TEST only for what is reported. Sets drawn by code use a fixed seed of their
 * own, so that every run, whatever its --seed, is judged on the same examples. */
#ifndef DATA_DATASET_H
#define DATA_DATASET_H

#include "support/real.h"
#include "support/rng.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum DataKind {                  /* bits, so that a family can name several */
                        DATA_POINTS = 1, /* real vectors */
                        DATA_BINARY = 2, /* images of 0 and 1 */
                        DATA_GREY = 4,   /* images of whole levels 0 .. levels-1   */
                        DATA_COLOUR = 8, /* the same with three channels */
                        DATA_TOKENS = 16 /* sequences of symbols */
} DataKind;

typedef enum Split { SPLIT_TRAIN, SPLIT_VALIDATION, SPLIT_TEST, SPLITS } Split;

enum { DATA_POINT_DIMS = 64, DATA_FACTORS = 8 };

typedef struct Dataset Dataset;
typedef struct Text Text;
typedef struct World World;

struct Dataset {
    const char *name;
    DataKind kind;
    int height, width, channels; /* of an image; a point is 1 x 1 x dims                        */
    int dims;                    /* numbers an example: height * width * channels               */
    int levels;                  /* K of discrete data (2, 256); 0 for points                   */
    size_t count[SPLITS];
    int classes; /* labels are 0 .. classes-1; 0: there are none                */
    int factors; /* known causes of each example (slant, thickness); 0: none    */
    const char *factor_name[DATA_FACTORS];
    int modes;      /* of a mixture of equal round Gaussians: how many; 0: not one                */
    double *mode;   /* [modes, dims]: their centres                                            */
    double mode_sd; /* their common standard deviation                                            */
    double entropy; /* of the true distribution, nats an example; NaN if unknown   */
    /* log density (points, nats) or log probability (discrete) of one example; NULL if unknown */
    double (*log_density)(const Dataset *dataset, const double *x);
    /* a fresh example x [dims] of the true distribution; NULL if it can't be drawn */
    void (*draw)(const Dataset *dataset, Rng *rng, double *x);

    /* Storage, all splits one after the other, train first; NULL where it does not apply. */
    float *point;    /* [count, dims]                                                          */
    uint8_t *level;  /* [count, dims]: grey levels; of binary sets the grey levels behind them, or
                        the bits themselves where there are none (fixed is NULL then)          */
    uint8_t *fixed;  /* [count of validation + test, dims]: one binary draw, 0 or 1             */
    uint32_t *part;  /* of stacks: [count, channels], which image of `level` is each channel; else
                        NULL, and example i is row i of `level`                               */
    uint16_t *label; /* [count]                                                               */
    float *factor;   /* [count, factors]                                                       */
    Text *text;      /* of sequences (data/text.h)                                              */
    const World *world; /* of pictures drawn when they are asked for (data/world.h) */
};

/* By name: a set drawn by code or a fetched one (dataset_names; datasets/README.md), or by path: a
 * .csv or .npy of points, a folder of PNGs of one size, a .txt. An unknown name is refused with the
 * nearest one, a set that was not fetched with the command that fetches it. Free with dataset_free.
 * A text has no examples until it is cut into tokens (text_cut in data/text.h). */
Dataset *dataset_load(const char *name);
void dataset_free(Dataset *dataset);

/* NULL-terminated, for help and suggestions. */
const char *const *dataset_names(void);

/* n examples of a split into x [n, dims]: points as they are, grey images as whole levels 0 ..
 * levels-1, binary ones as 0 or 1. Training images of a binary set whose grey levels are known are
 * fresh Bernoulli draws (level / 255) from rng; validation and test are one fixed draw. label [n]
 * and factor [n, factors] are filled when not NULL. */
void dataset_fetch(const Dataset *dataset, Split split, const uint32_t *index, size_t n, Rng *rng,
                   real *x, int *label, real *factor);

/* The same of n examples in a row, from number first on. */
void dataset_fetch_range(const Dataset *dataset, Split split, size_t first, size_t n, Rng *rng,
                         real *x, int *label, real *factor);

/* n examples spread evenly over a split, so that a part of it is a fair sample of files sorted by
 * label: their numbers index [n], which may repeat where n is more than there are; and the same
 * fetched. */
void dataset_spread(const Dataset *dataset, Split split, size_t n, uint32_t *index);
void dataset_fetch_spread(const Dataset *dataset, Split split, size_t n, Rng *rng, real *x,
                          int *label, real *factor);

/* log density or log probability of x [n, dims] under the true distribution, which must be known
 * (log_density): out [n], nats. */
void dataset_log_densities(const Dataset *dataset, const real *x, size_t n, double *out);

/* The mean of the training examples, or of the first `most` where there are more: mean [dims] in
 * the units of dataset_fetch. */
void dataset_mean(const Dataset *dataset, size_t most, Rng rng, double *mean);

/* The same, and the standard deviation of each number: sd [dims], 0 where it never varies. */
void dataset_moments(const Dataset *dataset, size_t most, Rng rng, double *mean, double *sd);

/* The units of networks, data = scale x + center: of points mean and standard deviation of the
 * first 10,000 training examples (1 where a number never varies); of images half and half, for
 * levels 0
 * .. 2 half in -1 .. 1. center [dims], scale [dims]. */
void dataset_units(const Dataset *dataset, double half, real *center, real *scale);

/* Position of a split's first example in the storage. */
size_t dataset_first(const Dataset *dataset, Split split);

/* A PNG as an example of an image set: x [dims] in the units of dataset_fetch; grey levels of half
 * the range and more are 1 in a binary set. Refuses what is no PNG and another size. */
void dataset_read_image(const Dataset *dataset, const char *path, real *x);

/* "points", "binary images" ... */
const char *dataset_kind_name(DataKind kind);

/* One line for the user: name, kind, shape, counts, true entropy where known. Free with free(). */
char *dataset_describe(const Dataset *dataset);

#endif
