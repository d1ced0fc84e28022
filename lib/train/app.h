/* The command line that all chapters share: bin/FAMILY train|eval|sample|plot|... --help. */
#ifndef TRAIN_APP_H
#define TRAIN_APP_H

#include "train/family.h"

/* Runs one command and returns the exit status: 0 done, 130 interrupted. */
int app_main(const Family *family, int argc, char **argv);

#endif
