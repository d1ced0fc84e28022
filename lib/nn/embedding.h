/* Tables of vectors that are looked up by number: words, symbols, labels, positions. */
#ifndef NN_EMBEDDING_H
#define NN_EMBEDDING_H

#include "nn/params.h"

typedef struct Embedding {
    Tensor *table; /* [entries, width] */
} Embedding;

/* The weight NAME.table, drawn from N(0, 0.02^2) (Radford et al. 2018, "Improving language
 * understanding by generative pre-training", sec. 4.1). */
Embedding embedding_create(Params *params, const char *name, int entries, int width, Rng *rng);

/* Rows index[count], each in 0 .. entries-1 -> [count, width]. */
Tensor *embedding_forward(const Embedding *embedding, const int *index, int count);

#endif
