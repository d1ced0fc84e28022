#include "nn/norm.h"

#include "support/fail.h"
#include "support/memory.h"
#include "tensor/norm_row.h"

#include <stdlib.h>

static Tensor *line(Params *params, const char *name, const char *part, int width, real value)
{
    Tensor *weight = params_weight_of(params, name, part, 1, &width);
    for (int i = 0; i < width; i++)
        weight->value[i] = value;
    return weight;
}

GroupNorm group_norm_create(Params *params, const char *name, int channels, int groups)
{
    if (groups < 1 || channels % groups != 0)
        fail("group norm: '%s' would have %d groups of %d channels; the first must divide the "
             "second",
             name, groups, channels);
    return (GroupNorm){line(params, name, "gain", channels, 1),
                       line(params, name, "bias", channels, 0), groups};
}

GroupNorm group_norm_create_part(Params *params, const char *block, const char *part, int channels,
                                 int groups)
{
    char *name = memory_format("%s.%s", block, part);
    GroupNorm norm = group_norm_create(params, name, channels, groups);
    free(name);
    return norm;
}

Tensor *group_norm_forward(const GroupNorm *norm, Tensor *x)
{
    return tensor_group_norm(x, norm->gain, norm->bias, norm->groups);
}

Tensor *group_norm_silu_forward(const GroupNorm *norm, Tensor *x)
{
    return tensor_group_norm_silu(x, norm->gain, norm->bias, norm->groups);
}

LayerNorm layer_norm_create(Params *params, const char *name, int width)
{
    return (LayerNorm){line(params, name, "gain", width, 1), line(params, name, "bias", width, 0)};
}

Tensor *layer_norm_forward(const LayerNorm *norm, Tensor *x)
{
    return tensor_layer_norm(x, norm->gain, norm->bias);
}

void layer_norm_row(const LayerNorm *norm, const real *x, real *y)
{
    real mean, inverse_sd;
    norm_row(norm->gain->shape[0], x, norm->gain->value, norm->bias->value, y, &mean, &inverse_sd);
}
