/* Increasing maps of each number by itself, with parameters that a network gives: what couplings
 * and autoregressive layers are made of (the "transformers" of Papamakarios et al. 2021,
 * arXiv:1912.02762, sec. 3.1).
 *
 * The parameters of d numbers are rows [P d], those of one kind side by side: parameter p of number
 * j is raw[p d + j]. raw = 0 gives the identity. Log-determinants in nats. */
#ifndef PROB_MONOTONE_H
#define PROB_MONOTONE_H

#include "tensor/tensor.h"

typedef enum MonotoneKind {
    /* y = x e^s + t with s = bound tanh(raw_0 / bound), t = raw_1; P = 2. The bound keeps a layer's
     * scale between e^-bound and e^bound. Source: Dinh et al. (2017), arXiv:1605.08803, eq. 7. */
    MONOTONE_AFFINE,
    /* Rational quadratic pieces between bins + 1 knots on [-bound, bound], the identity outside;
     * P = 3 bins - 1: widths, heights, slopes at the inner knots. Source: Durkan et al. (2019),
     * arXiv:1906.04032, eqs. 4 and 5, sec. 3.1. */
    MONOTONE_SPLINE
} MonotoneKind;

enum { MONOTONE_MOST_BINS = 32 };

typedef struct Monotone {
    MonotoneKind kind;
    int bins;   /* of splines, 2 .. MONOTONE_MOST_BINS */
    real bound; /* > 0                                 */
} Monotone;

/* P, parameters a number. */
int monotone_parameters(const Monotone *map);

/* x [n, d], raw [n, P d] -> [n, d + 1]: y, and in the last column log |det dy/dx| of the row. */
Tensor *monotone_forward(const Monotone *map, Tensor *x, Tensor *raw);

/* y [n, d], raw [n, P d] -> [n, d + 1]: x, and log |det dx/dy|; without history. */
Tensor *monotone_inverse(const Monotone *map, const Tensor *y, const Tensor *raw);

#endif
