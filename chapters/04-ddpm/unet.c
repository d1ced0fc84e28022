#include "04-ddpm/unet.h"

#include "support/fail.h"
#include "support/memory.h"

#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- making */

static Linear named_linear(Params *params, const char *name, const char *part, int in, int out,
                           Rng *rng)
{
    char *full = memory_format("%s.%s", name, part);
    Linear linear = linear_create(params, full, in, out, ACTIVATION_NONE, rng);
    free(full);
    return linear;
}

static void start_at_zero(Tensor *weight)
{
    memset(weight->value, 0, weight->size * sizeof *weight->value);
}

static UNetBlock block_create(Params *params, const char *name, const char *part, int level, int in,
                              int out, int embedding, Rng *rng)
{
    char *full = memory_format("%s.%s%d", name, part, level);
    UNetBlock b = {.skip = {NULL, NULL, ACTIVATION_NONE}};
    b.norm[0] = group_norm_create_part(params, full, "norm0", in, UNET_GROUPS);
    b.conv[0] = conv2d_create_part(params, full, "conv0", 3, in, out, 1, rng);
    b.shift = named_linear(params, full, "shift", embedding, out, rng);
    b.norm[1] = group_norm_create_part(params, full, "norm1", out, UNET_GROUPS);
    b.conv[1] = conv2d_create_part(params, full, "conv1", 3, out, out, 1, rng);
    if (in != out)
        b.skip = named_linear(params, full, "skip", in, out, rng);
    start_at_zero(b.conv[1].weight);
    free(full);
    return b;
}

static AttentionBlock attention_create(Params *params, const char *name, int channels, Rng *rng)
{
    char *full = memory_format("%s.attention", name);
    AttentionBlock a = {.norm =
                            group_norm_create_part(params, full, "norm", channels, UNET_GROUPS)};
    a.qkv = named_linear(params, full, "qkv", channels, 3 * channels, rng);
    a.out = named_linear(params, full, "out", channels, channels, rng);
    start_at_zero(a.out.weight);
    free(full);
    return a;
}

static CrossBlock cross_create(Params *params, const char *name, const char *part, int level,
                               int channels, int context, Rng *rng)
{
    char *full = memory_format("%s.%s%d", name, part, level);
    CrossBlock b = {.norm = group_norm_create_part(params, full, "norm", channels, UNET_GROUPS)};
    b.query = named_linear(params, full, "query", channels, channels, rng);
    b.key = named_linear(params, full, "key", context, channels, rng);
    b.value = named_linear(params, full, "value", context, channels, rng);
    b.out = named_linear(params, full, "out", channels, channels, rng);
    start_at_zero(b.out.weight);
    free(full);
    return b;
}

UNet unet_create(Params *params, const char *name, UNetShape shape, Rng *rng)
{
    UNet net = {.shape = shape};
    int folded = shape.channels * shape.fold * shape.fold, last = shape.levels - 1;
    int channels = shape.width[0], embedding = shape.embedding;
    if (shape.levels < 1 || shape.levels > UNET_MOST_LEVELS)
        fail("unet: %d levels; 1 to %d", shape.levels, UNET_MOST_LEVELS);
    net.stem = conv2d_create_part(params, name, "stem", 3, folded, channels, 1, rng);
    for (int i = 0; i <= last; i++) {
        char part[16] = {'s', 'h', 'r', 'i', 'n', 'k', (char)('0' + i)};
        net.down[i] =
            block_create(params, name, "down", i, channels, shape.width[i], embedding, rng);
        channels = shape.width[i];
        if (i < last)
            net.shrink[i] = conv2d_create_part(params, name, part, 3, channels, channels, 2, rng);
    }
    net.middle[0] = block_create(params, name, "middle", 0, channels, channels, embedding, rng);
    net.attention = attention_create(params, name, channels, rng);
    if (shape.context > 0)
        net.cross = cross_create(params, name, "cross", 0, channels, shape.context, rng);
    net.middle[1] = block_create(params, name, "middle", 1, channels, channels, embedding, rng);
    for (int i = last; i >= 0; i--) {
        char part[16] = {'g', 'r', 'o', 'w', (char)('0' + i)};
        net.up[i] = block_create(params, name, "up", i, channels + shape.width[i], shape.width[i],
                                 embedding, rng);
        channels = shape.width[i];
        if (shape.context > 0)
            net.cross_up[i] =
                cross_create(params, name, "cross_up", i, channels, shape.context, rng);
        if (i > 0)
            net.grow[i] = conv2d_create_part(params, name, part, 3, channels, channels, 1, rng);
    }
    net.norm = group_norm_create_part(params, name, "norm", channels, UNET_GROUPS);
    net.head = conv2d_create_part(params, name, "head", 3, channels, folded, 1, rng);
    start_at_zero(net.head.weight);
    return net;
}

/* ---------------------------------------------------------------- running */

static Tensor *block_forward(const UNetBlock *b, Tensor *x, Tensor *embedding)
{
    int out = b->shift.bias->shape[0], rows = embedding->shape[0];
    Tensor *shift =
        tensor_reshape(linear_forward(&b->shift, embedding), 4, (int[]){rows, 1, 1, out});
    Tensor *h = conv2d_forward(&b->conv[0], group_norm_silu_forward(&b->norm[0], x));
    h = tensor_add(h, shift);
    h = conv2d_forward(&b->conv[1], group_norm_silu_forward(&b->norm[1], h));
    return tensor_add(h, b->skip.weight != NULL ? linear_forward(&b->skip, x) : x);
}

static Tensor *attention_forward(const AttentionBlock *a, Tensor *x)
{
    int n = x->shape[0], channels = x->shape[3];
    Tensor *flat = tensor_reshape(group_norm_forward(&a->norm, x), 3, (int[]){n, -1, channels});
    Tensor *seen = tensor_attention_packed(linear_forward(&a->qkv, flat), 1, false, NULL);
    return tensor_add(x, tensor_reshape(linear_forward(&a->out, seen), 4, x->shape));
}

static Tensor *cross_forward(const CrossBlock *b, Tensor *x, const UNetContext *context)
{
    int n = x->shape[0], channels = x->shape[3];
    Tensor *flat = tensor_reshape(group_norm_forward(&b->norm, x), 3, (int[]){n, -1, channels});
    Tensor *seen = tensor_attention(
        linear_forward(&b->query, flat), linear_forward(&b->key, context->token),
        linear_forward(&b->value, context->token), UNET_CROSS_HEADS, false, context->key_mask);
    return tensor_add(x, tensor_reshape(linear_forward(&b->out, seen), 4, x->shape));
}

static Tensor *forward(const UNet *net, Tensor *x, Tensor *embedding, const UNetContext *context)
{
    int last = net->shape.levels - 1;
    Tensor *kept[UNET_MOST_LEVELS];
    Tensor *h = net->shape.fold > 1 ? tensor_space_to_depth(x, net->shape.fold) : x;
    h = conv2d_forward(&net->stem, h);
    for (int i = 0; i <= last; i++) {
        kept[i] = h = block_forward(&net->down[i], h, embedding);
        if (i < last)
            h = conv2d_forward(&net->shrink[i], h);
    }
    h = block_forward(&net->middle[0], h, embedding);
    h = attention_forward(&net->attention, h);
    if (context != NULL)
        h = cross_forward(&net->cross, h, context);
    h = block_forward(&net->middle[1], h, embedding);
    for (int i = last; i >= 0; i--) {
        h = block_forward(&net->up[i], tensor_concat((Tensor *[]){h, kept[i]}, 2, 3), embedding);
        if (context != NULL)
            h = cross_forward(&net->cross_up[i], h, context);
        if (i > 0)
            h = conv2d_forward(&net->grow[i], tensor_upsample(h, 2));
    }
    h = conv2d_forward(&net->head, group_norm_silu_forward(&net->norm, h));
    return net->shape.fold > 1 ? tensor_depth_to_space(h, net->shape.fold) : h;
}

Tensor *unet_forward(const UNet *net, Tensor *x, Tensor *embedding)
{
    if (net->shape.context > 0)
        fail("unet: it was made for a context, and is given none");
    return forward(net, x, embedding, NULL);
}

Tensor *unet_forward_given(const UNet *net, Tensor *x, Tensor *embedding,
                           const UNetContext *context)
{
    if (context->token->rank != 3 || context->token->shape[2] != net->shape.context)
        fail("unet: a context of %d numbers a token for a network that was made for %d",
             tensor_columns(context->token), net->shape.context);
    return forward(net, x, embedding, context);
}
