#include "data/batches.h"

#include "support/fail.h"
#include "support/memory.h"

#include <stdlib.h>

struct Batches {
    const Dataset *dataset;
    Split split;
    size_t batch;
    uint64_t per_epoch;
    Rng order_stream, binary_stream;
    uint64_t epoch;  /* the epoch that order holds          */
    uint32_t *order; /* [count of the split]                */
};

static void shuffle(Batches *batches, uint64_t epoch)
{
    Rng rng = rng_at(batches->order_stream, epoch);
    rng_permutation(&rng, batches->order, batches->dataset->count[batches->split]);
    batches->epoch = epoch;
}

Batches *batches_create(const Dataset *dataset, Split split, int batch, uint64_t seed)
{
    if (batch < 1)
        fail("batches_create: a batch of %d; it must be at least 1", batch);
    size_t count = dataset->count[split];
    if ((size_t)batch > count)
        refuse("data set '%s': a batch of %d is more than the %zu examples of the split; choose "
               "--batch %zu or less",
               dataset->name, batch, count, count);
    Batches *batches = memory_new(1, sizeof *batches);
    batches->dataset = dataset;
    batches->split = split;
    batches->batch = (size_t)batch;
    batches->per_epoch = count / (size_t)batch;
    batches->order_stream = rng_stream(seed, "order");
    batches->binary_stream = rng_stream(seed, "binarise");
    batches->order = memory_new(count, sizeof *batches->order);
    shuffle(batches, 0);
    return batches;
}

const uint32_t *batches_examples(Batches *batches, uint64_t step)
{
    uint64_t epoch = step / batches->per_epoch;
    if (epoch != batches->epoch)
        shuffle(batches, epoch);
    return batches->order + (size_t)(step % batches->per_epoch) * batches->batch;
}

void batches_get(Batches *batches, uint64_t step, real *x, int *label, real *factor)
{
    const uint32_t *example = batches_examples(batches, step);
    Rng rng = rng_at(batches->binary_stream, step);
    dataset_fetch(batches->dataset, batches->split, example, batches->batch, &rng, x, label,
                  factor);
}

double batches_epoch(const Batches *batches, uint64_t step)
{
    return (double)step / (double)batches->per_epoch;
}

uint64_t batches_per_epoch(const Batches *batches)
{
    return batches->per_epoch;
}

void batches_free(Batches *batches)
{
    if (batches == NULL)
        return;
    free(batches->order);
    free(batches);
}
