/* Checkpoints: everything that a run needs to go on to the same bits, in one safetensors file; and
 * the weights alone, for evaluation and for Python.
 *
 *     PART/NAME            weights and buffers
 *     ema/PART/NAME        their moving averages
 *     first/PART/NAME, second/PART/NAME   the optimizer's moments
 *     log/sums             running sums of the columns since the last line of metrics.csv
 * Metadata: family, step, steps, seed, threads, updates of each part. Random numbers and data order
 * are functions of seed and step, so nothing else is needed. */
#ifndef TRAIN_CHECKPOINT_H
#define TRAIN_CHECKPOINT_H

#include "support/file.h"
#include "train/family.h"

typedef struct CheckpointState {
    long step, steps; /* done, and of the whole run     */
    uint64_t seed;
    int threads;
    double sums[FAMILY_MOST_COLUMNS + 1]; /* of the logged columns; the last counts the steps */
} CheckpointState;

/* NULL, or the reason (static text): the previous file is then untouched. */
const char *checkpoint_save(const Model *model, const CheckpointState *state, const char *path,
                            FileStage at, void *context);

/* Into a model of the same shape. A file that is damaged, of another family or of other shapes is
 * refused with the name of what differs. */
CheckpointState checkpoint_load(Model *model, const char *path);

/* Weights alone: the moving averages where there are some. */
const char *checkpoint_save_weights(Model *model, const char *path);
void checkpoint_load_weights(Model *model, const char *path);

/* The name of a weight that holds a NaN or an infinity; NULL if there is none. */
const char *checkpoint_not_finite(const Model *model);

#endif
