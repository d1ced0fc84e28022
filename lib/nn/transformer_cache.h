/* Generation by a stack of causal transformer blocks: keys and values of the positions so far are
 * kept, so that a new position costs one row through the layers and not the whole sequence.
 *
 * No tape and no dropout. A step computes what transformer_block_forward computes in the last
 * position of the sequence so far, but for rounding; and the numbers of a sequence do not depend on
 * the sequences beside it or on the number of threads, not by a bit. */
#ifndef NN_TRANSFORMER_CACHE_H
#define NN_TRANSFORMER_CACHE_H

#include "nn/transformer.h"

typedef struct TransformerCache TransformerCache;

/* For `batch` sequences of at most `most` positions through block[0 .. blocks-1], which have one
 * width and one number of heads. The weights are copied into a layout of their own; the blocks
 * must outlive the cache. Threads are those of kernels_threads() now. */
TransformerCache *transformer_cache_create(const TransformerBlock *block, int blocks, int batch,
                                           int most);
void transformer_cache_free(TransformerCache *cache);

/* Takes the weights again, after they were changed; what is kept of the positions so far stays. */
void transformer_cache_weights(TransformerCache *cache);

/* Forgets all positions. */
void transformer_cache_reset(TransformerCache *cache);

/* Positions so far. */
int transformer_cache_length(const TransformerCache *cache);

/* Bytes in use for the keys and values of the positions so far. */
size_t transformer_cache_bytes(const TransformerCache *cache);

/* x [batch, width], in place: what enters the first block at the next position of every sequence
 * becomes what leaves the last. Fails when all positions are in use. */
void transformer_cache_step(TransformerCache *cache, real *x);

#endif
