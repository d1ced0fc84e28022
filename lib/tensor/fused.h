/* For operations that end in a bias and an activation (linear, conv2d): both passes over the
 * result, seen as a matrix [rows, columns] whose columns are the outputs. */
#ifndef TENSOR_FUSED_H
#define TENSOR_FUSED_H

#include "tensor/op.h"

/* y = act(y + bias); bias may be NULL. */
void fused_finish(Tensor *y, Activation activation, const real *bias);

/* dz = act'(y) y' and, where bias.data is not NULL, bias' += column sums of dz. dz may be y->grad,
 * and is when there is no activation. */
void fused_backward(const Tensor *y, Activation activation, real *dz, Grad bias);

/* dY = act'(Y) dZ, made of tensor operations. */
Tensor *fused_tangent(Tensor *y, Activation activation, Tensor *dz);

/* The tangent of a bias [out], seen in y's shape. */
Tensor *fused_bias_tangent(const Tensor *y, Tensor *db);

#endif
