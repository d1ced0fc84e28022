/* What a run needs before its first step: its folder, its data, its length. Options that the user
 * did not type get their values here. */
#ifndef TRAIN_SETTLE_H
#define TRAIN_SETTLE_H

#include "train/family.h"

/* "out" becomes runs/FAMILY-DATA where it was not typed. */
void settle_out(const Family *family, Options *options);

/* Makes the folder, or takes a resumed run's options from its config.json after checking that
 * nothing typed differs; returns whether it is resumed. A folder that holds a run is touched only
 * when --resume or
 * --force says how. */
bool settle_folder(const Family *family, Options *options);

/* The data set that the options name, which the family must be able to learn; sets the threads. */
Dataset *settle_data(const Family *family, Options *options);

/* "steps" from --steps, --epochs, --minutes (at so many steps a second) or the chapter's default,
 * in that order; returns which of them. */
const char *settle_steps(Options *options, double rate, uint64_t steps_per_epoch);

#endif
