/* One model of a comparison: trained within a budget, then measured. It runs as a process of its
 * own, so that a loss that is not finite ends this model and no other, and peak memory is this
 * model's.
 *
 * It leaves in its folder the run (train/run.h) and
 *
 *     eval.json           as bin/FAMILY eval writes it, on --eval-examples of the test set
 *     log_prob.npy        [likelihoods, examples], nats, the likelihoods of eval.json in their
 * order compare.npy         [samples, dims]: samples of seed 1, in the data's units states.npy
 * [likelihoods, 2^dims]: log_prob of all states, where asked for map.npy             [cells,
 * cells]: log density, where asked for row.json            parameters, seconds, memory, the
 * commands that make it again */
#ifndef COMPARE_COMPARE_ONE_H
#define COMPARE_COMPARE_ONE_H

#include "support/options.h"

extern const OptionSpec one_options[];

/* Cells on a side of the map, and where it reaches: around the test points. */
enum { ONE_MAP_CELLS = 48 };

/* bin/compare one ...: the exit status, 130 when training was interrupted. */
int one_main(int argc, char **argv);

/* A text cut at its blanks; the last word is followed by NULL. */
typedef struct Words {
    char *text;
    char **word;
    int count;
} Words;
Words words_split(const char *text);
void words_free(Words *words);

#endif
