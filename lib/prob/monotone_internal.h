/* What the kinds of increasing maps give to monotone.c. */
#ifndef PROB_MONOTONE_INTERNAL_H
#define PROB_MONOTONE_INTERNAL_H

#include "prob/monotone.h"
#include "tensor/op.h"

Tensor *monotone_affine_forward(const Monotone *map, Tensor *x, Tensor *raw);
void monotone_affine_inverse(const Monotone *map, const Tensor *y, const Tensor *raw, Tensor *out);

Tensor *monotone_spline_forward(const Monotone *map, Tensor *x, Tensor *raw);
void monotone_spline_inverse(const Monotone *map, const Tensor *y, const Tensor *raw, Tensor *out);

#endif
