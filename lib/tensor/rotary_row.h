/* Rotary positions of one row: for the operation and for code without a tape. The pair (2i, 2i + 1)
 * of a head's numbers turns by t 10000^(-2i / depth) at position t.
 * Source: Su et al. (2021), arXiv:2104.09864, eqs. 14 and 15. */
#ifndef TENSOR_ROTARY_ROW_H
#define TENSOR_ROTARY_ROW_H

#include "support/real.h"

#include <math.h>

/* Cosines and sines of positions first, first + 1, ...: [positions, depth / 2] each. */
static inline void rotary_angles(int first, int positions, int depth, real *cosine, real *sine)
{
    const double base = 10000;
    const int half = depth / 2;
    for (int t = 0; t < positions; t++)
        for (int i = 0; i < half; i++) {
            double angle = (first + t) * pow(base, -2.0 * i / depth);
            cosine[t * half + i] = (real)cos(angle);
            sine[t * half + i] = (real)sin(angle);
        }
}

/* The pair at x turned by sign (1 or -1) times an angle. */
static inline void rotary_turn(const real *x, real cosine, real sine, real sign, real *left,
                               real *right)
{
    const real s = sign * sine;
    *left = x[0] * cosine - x[1] * s;
    *right = x[0] * s + x[1] * cosine;
}

#endif
