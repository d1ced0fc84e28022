/* The likelihoods of a run, the same whoever asks: bin/FAMILY eval and the comparison of families.
 */
#ifndef TRAIN_MEASURE_H
#define TRAIN_MEASURE_H

#include "train/run.h"

/* --split, --examples, --samples, --eval-seed */
extern const OptionSpec measure_options[];

/* The options of an evaluation with nothing typed: those above and the family's own, with its quick
 * settings where quick. Free with options_free. */
Options *measure_defaults(const Family *family, bool quick);

/* The split that --split names. */
Split measure_split(const Options *options);

/* Likelihoods and parts of n examples spread evenly over a split of data: the run's own, or another
 * set of the same shape. Free with likelihood_report_clear. */
LikelihoodReport measure_likelihoods(Run *run, const Dataset *data, Split split, int n,
                                     const Options *options, bool quiet);

#endif
