#include "nn/embedding.h"

static const real START_SD = (real)0.02;

Embedding embedding_create(Params *params, const char *name, int entries, int width, Rng *rng)
{
    Embedding e = {params_weight_of(params, name, "table", 2, (int[]){entries, width})};
    rng_normal(rng, e.table->value, e.table->size);
    for (size_t i = 0; i < e.table->size; i++)
        e.table->value[i] *= START_SD;
    return e;
}

Tensor *embedding_forward(const Embedding *embedding, const int *index, int count)
{
    return tensor_gather(embedding->table, index, count);
}
