#include "nn/masked.h"

#include "support/memory.h"
#include "tensor/op.h"

#include <stdlib.h>

/* masked   Y = A (the same memory)    A' += mask Y'
 * Masked weights start at 0 and get no gradient, so they stay 0 and no product with a mask is
 * needed. */
static void masked_backward(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    const uint8_t *mask = y->attr.mask;
    const size_t n = y->size;
    if (a.data == NULL)
        return;
    real *da = a.data;
    const bool add = a.add;
    const real *dy = y->grad;
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < n; i++)
        da[i] = grad_kept(da, add, i) + (mask[i] ? dy[i] : 0);
}

static const Op masked_op = {"masked", masked_backward, NULL};

Tensor *masked_forward(const Masked *m, Tensor *x)
{
    Tensor *weight = m->linear.weight;
    Tensor *masked = op_view_result(&masked_op, 2, weight->shape, weight);
    masked->attr.mask = m->mask;
    return tensor_linear(x, masked, m->linear.bias, m->linear.activation);
}

Masked masked_create(Params *params, const char *name, const int *from, int in, const int *to,
                     int out, Activation activation, Rng *rng)
{
    Masked m = {linear_create(params, name, in, out, activation, rng),
                memory_new((size_t)in * (size_t)out, sizeof *m.mask)};
    for (int i = 0; i < in; i++)
        for (int j = 0; j < out; j++) {
            size_t at = (size_t)i * (size_t)out + (size_t)j;
            m.mask[at] = from[i] < to[j];
            if (!m.mask[at])
                m.linear.weight->value[at] = 0;
        }
    return m;
}

Masked masked_lateral_create(Params *params, const char *name, int width)
{
    Tensor *weight = params_weight_of(params, name, "weight", 2, (int[]){width, width});
    Masked m = {{weight, NULL, ACTIVATION_NONE}, memory_new(weight->size, sizeof *m.mask)};
    for (int i = 0; i < width; i++)
        for (int j = i + 1; j < width; j++)
            m.mask[(size_t)i * (size_t)width + (size_t)j] = 1;
    return m;
}

void masked_free(Masked *masked)
{
    free(masked->mask);
}
