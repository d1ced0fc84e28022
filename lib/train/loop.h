/* The training loop that every family shares: steps, logging, progress, checkpoints, resuming,
 * Ctrl-C. */
#ifndef TRAIN_LOOP_H
#define TRAIN_LOOP_H

#include "support/file.h"
#include "train/family.h"

/* Options of a single call, which config.json does not keep: --out, --resume, --quiet ... */
extern const OptionSpec loop_options[];

/* Where the tests look in: called inside saving and after each step. */
typedef struct LoopHooks {
    FileStage at_save;
    void (*after_step)(long step, void *context);
    void *context;
} LoopHooks;

typedef struct LoopResult {
    bool finished; /* false: stopped by Ctrl-C or --stop-after; the run can be resumed */
    long step, steps;
    double seconds; /* spent in the loop */
} LoopResult;

/* Trains as the options say and leaves checkpoint and weights in --out; options that were not typed
 * get the values that the run has. A loss that is not finite stops the program (exit 1) after
 * naming the first operation that went wrong; the last checkpoint stays. hooks may be NULL. */
LoopResult loop_train(const Family *family, Options *options, const LoopHooks *hooks);

/* Prints the layer table of the model that the options make: every weight with shape and count. */
void loop_shapes(const Family *family, Options *options);

#endif
