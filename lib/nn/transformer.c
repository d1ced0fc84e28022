#include "nn/transformer.h"

#include "nn/dropout.h"
#include "support/fail.h"
#include "support/memory.h"

#include <stdlib.h>

static Linear part(Params *params, const char *name, const char *of, int in, int out, Rng *rng)
{
    char *full = memory_format("%s.%s", name, of);
    Linear linear = linear_create(params, full, in, out, ACTIVATION_NONE, rng);
    free(full);
    return linear;
}

static LayerNorm norm_part(Params *params, const char *name, const char *of, int width)
{
    char *full = memory_format("%s.%s", name, of);
    LayerNorm norm = layer_norm_create(params, full, width);
    free(full);
    return norm;
}

TransformerBlock transformer_block_create(Params *params, const char *name, int width, int heads,
                                          Rng *rng)
{
    if (heads < 1 || width % heads != 0)
        fail("transformer: '%s' has %d heads and width %d; the heads must divide the width", name,
             heads, width);
    TransformerBlock block = {.heads = heads};
    block.attention_norm = norm_part(params, name, "attention_norm", width);
    block.qkv = part(params, name, "qkv", width, 3 * width, rng);
    block.projection = part(params, name, "projection", width, width, rng);
    block.mlp_norm = norm_part(params, name, "mlp_norm", width);
    block.wide = part(params, name, "wide", width, 4 * width, rng);
    block.narrow = part(params, name, "narrow", 4 * width, width, rng);
    return block;
}

Tensor *transformer_block_forward(const TransformerBlock *block, Tensor *x,
                                  const TransformerUse *use)
{
    Tensor *qkv = linear_forward(&block->qkv, layer_norm_forward(&block->attention_norm, x));
    if (block->rotary)
        qkv = tensor_rotary(qkv, block->heads, 0);
    Tensor *seen = tensor_attention_packed(qkv, block->heads, use->causal, use->key_mask);
    if (use->attention != NULL)
        *use->attention = seen;
    Tensor *change = linear_forward(&block->projection, seen);
    x = tensor_add(x, dropout_forward(change, use->dropout, use->noise));
    Tensor *wide = linear_forward(&block->wide, layer_norm_forward(&block->mlp_norm, x));
    change = linear_forward(&block->narrow, tensor_gelu(wide));
    return tensor_add(x, dropout_forward(change, use->dropout, use->noise));
}
