/* The order in which training sees examples: batch s is a function of (data set, split, batch size,
 * seed, s) and of nothing that came before, so a resumed run sees what an uninterrupted one does.
 */
#ifndef DATA_BATCHES_H
#define DATA_BATCHES_H

#include "data/dataset.h"

typedef struct Batches Batches;

/* Every epoch is a new random order of the split, cut into batches; what is left over at its end is
 * dropped. The data set is not copied and must outlive this. A batch larger than the split is
 * refused; one below 1 is a programmer's mistake. Free with batches_free. */
Batches *batches_create(const Dataset *dataset, Split split, int batch, uint64_t seed);

/* Batch number step, from 0: x [batch, dims], label [batch], factor [batch, factors] as
 * dataset_fetch fills them; label and factor may be NULL. Fresh binary draws belong to the step. */
void batches_get(Batches *batches, uint64_t step, real *x, int *label, real *factor);

/* Which examples of the split are in it: [batch], until the next call. */
const uint32_t *batches_examples(Batches *batches, uint64_t step);

/* Epochs that lie behind when step steps are done: 1.5 in the middle of the second. */
double batches_epoch(const Batches *batches, uint64_t step);

/* Whole batches in an epoch, at least 1. */
uint64_t batches_per_epoch(const Batches *batches);

void batches_free(Batches *batches);

#endif
