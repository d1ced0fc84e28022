/* Three stages in one folder: DIR/clip, DIR/autoencoder, DIR/diffusion are each a run of their own.
 * The last holds copies of the other two's weights. */
#ifndef CLIP_LDM_STAGES_H
#define CLIP_LDM_STAGES_H

#include "train/run.h"

/* The folder of a stage; free with free(). */
char *stage_dir(const char *dir, const Family *family);

/* Opens the run of a stage that must be finished; else says which is missing and the command. */
Run *stage_open(const char *dir, const Family *family);

/* bin/clip-ldm train ...: all stages one after the other, or the one that --stage names; with
 * --resume finished ones are skipped and a half-finished one goes on. Returns the exit status, and
 * the folder (free with free()) into *out when all three are finished, else NULL. */
int stages_train(int argc, char **argv, char **out);

#endif
