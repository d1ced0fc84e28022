/* A comparison from its options to its files. */
#ifndef COMPARE_COMPARE_CONTEST_H
#define COMPARE_COMPARE_CONTEST_H

#include "support/options.h"

extern const OptionSpec contest_options[];

/* Trains or takes over, measures, writes. command: as it was typed. The exit status: 130 when
 * training was interrupted, 1 when no family has any numbers. */
int contest_run(Options *options, const char *command);

#endif
