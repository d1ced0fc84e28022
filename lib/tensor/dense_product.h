/* Matrix products of the size of layers: hundreds of rows, widths of 64 and more. For processors
 * with AVX2 and without AVX-512: there such a product takes up to a tenth less time than oneDNN's,
 * which is tuned for larger ones, and A^T B whose rows clash in the caches a quarter less.
 *
 * An element of C is a sum of chains of multiply-adds over the terms in ascending order, and how
 * terms are cut into chains depends on their number alone: the same bits for any number of threads.
 * Each thread keeps 1 MiB of panels on its stack. */
#ifndef TENSOR_DENSE_PRODUCT_H
#define TENSOR_DENSE_PRODUCT_H

#include "tensor/kernels.h"

/* Whether this build has the kernel and the product is large enough for it. */
bool dense_product_serves(const Gemm *g);

/* For those that it serves. */
void dense_product(const Gemm *g);

#endif
