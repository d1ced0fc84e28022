#include "nn/dropout.h"

#include "support/fail.h"
#include "tensor/op.h"

Tensor *dropout_forward(Tensor *x, real rate, Rng *noise)
{
    if (rate < 0 || rate >= 1)
        fail("dropout: a rate of %g; it must be at least 0 and below 1", (double)rate);
    if (noise == NULL || rate == 0)
        return x;
    const size_t n = x->size;
    Tensor *keep = tensor_like(x);
    uint32_t *word = op_memory(x, n, sizeof *word);
    const uint32_t below = (uint32_t)((double)rate * 4294967296.0);
    const real grown = 1 / (1 - rate);
    real *kept = keep->value;
    rng_words(noise, word, n);
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < n; i++)
        kept[i] = word[i] < below ? 0 : grown;
    return tensor_mul(x, keep);
}
