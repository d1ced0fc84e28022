/* The block that transformers are stacked from, with the normalisation in front of each part
 * (Xiong et al. 2020, arXiv:2002.04745, fig. 1b):
 *
 *     x <- x + dropout(projection(attention(norm x)))
 *     x <- x + dropout(narrow(gelu(wide(norm x))))        wide: width -> 4 width
 */
#ifndef NN_TRANSFORMER_H
#define NN_TRANSFORMER_H

#include "nn/mlp.h"
#include "nn/norm.h"

typedef struct TransformerBlock {
    LayerNorm attention_norm, mlp_norm;
    Linear qkv; /* width -> queries | keys | values */
    Linear projection, wide, narrow;
    int heads;
    bool rotary; /* queries and keys are turned by their positions; set after create */
} TransformerBlock;

/* How a block is used; all zero: every position sees every other, nothing is dropped. */
typedef struct TransformerUse {
    bool causal;         /* position i sees 0 .. i only                                        */
    const int *key_mask; /* [batch positions]: 0 for positions that nobody may see; NULL: none  */
    real dropout;        /* rate, with noise; no noise: nothing is dropped                       */
    Rng *noise;
    Tensor **attention; /* where to put the attention, for its weights; NULL: not wanted         */
} TransformerUse;

/* Weights NAME.attention_norm, NAME.qkv, NAME.projection, NAME.mlp_norm, NAME.wide, NAME.narrow;
 * heads divides width. */
TransformerBlock transformer_block_create(Params *params, const char *name, int width, int heads,
                                          Rng *rng);

/* x [batch, positions, width], same shape out. */
Tensor *transformer_block_forward(const TransformerBlock *block, Tensor *x,
                                  const TransformerUse *use);

#endif
