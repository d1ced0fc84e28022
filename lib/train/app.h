/* The command line that all chapters share: bin/FAMILY train|eval|sample|plot|... --help. */
#ifndef TRAIN_APP_H
#define TRAIN_APP_H

#include "train/family.h"

/* Runs one command and returns the exit status: 0 done, 130 interrupted. */
int app_main(const Family *family, int argc, char **argv);

/* OpenMP's threads spin while they wait. When another program wants a core, a spinning thread keeps
 * the one it waits for from running, and a step takes ten times as long; a short spin, then sleep,
 * costs little. The first thing a main of its own does; app_main does it itself. */
void app_spin_briefly(char **argv);

#endif
