/* Layer normalisation of one row: for the operation and for code without a tape. */
#ifndef TENSOR_NORM_ROW_H
#define TENSOR_NORM_ROW_H

#include "support/real.h"

#include <math.h>

/* Added to every variance, by group norm too. */
static const double NORM_EPSILON = 1e-5;

/* y = (x - mean) / sqrt(variance + epsilon) gain + bias over c numbers; y may not be x. The mean
 * and 1 / sqrt(...) are given back. */
static inline void norm_row(int c, const real *restrict x, const real *restrict gain,
                            const real *restrict bias, real *restrict y, real *mean,
                            real *inverse_sd)
{
    real sum = 0, squares = 0;
#pragma omp simd reduction(+ : sum)
    for (int j = 0; j < c; j++)
        sum += x[j];
    real center = sum / (real)c;
#pragma omp simd reduction(+ : squares)
    for (int j = 0; j < c; j++)
        squares += (x[j] - center) * (x[j] - center);
    real scale = 1 / (real)sqrt((double)squares / c + NORM_EPSILON);
    for (int j = 0; j < c; j++)
        y[j] = (x[j] - center) * scale * gain[j] + bias[j];
    *mean = center;
    *inverse_sd = scale;
}

#endif
