/* A linear layer without a tape, laid out for a few rows at a time (tensor/panel_product.h): the
 * output head of a network that writes symbol by symbol. */
#ifndef NN_PACKED_LINEAR_H
#define NN_PACKED_LINEAR_H

#include "nn/embedding.h"
#include "nn/mlp.h"

typedef struct PackedLinear PackedLinear;

/* y = x W + b of a layer without activation; or y = x E^T, the scores of an embedding's entries
 * E [out, in] ("tied" to what reads them). The layer or table must outlive the copy. */
PackedLinear *packed_linear_create(const Linear *linear);
PackedLinear *packed_linear_create_tied(const Embedding *embedding);
void packed_linear_free(PackedLinear *packed);

/* Takes the weights again, after they were changed. */
void packed_linear_weights(PackedLinear *packed);

/* x [rows, in] -> y [rows, out]. A row of y depends on nothing but its row of x, to the bit. */
void packed_linear_forward(const PackedLinear *packed, const real *x, int rows, real *y);

#endif
