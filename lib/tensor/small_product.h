/* Matrix products too small for a call to the kernels: a head's scores, one example at a time,
 * inside a loop that is threaded already. */
#ifndef TENSOR_SMALL_PRODUCT_H
#define TENSOR_SMALL_PRODUCT_H

#include "support/real.h"

#include <stdbool.h>
#include <stddef.h>

/* C [m, n] = A B, or C += A B. Element (i, p) of A [m, k] lies at a[i a_row + p a_column], so that
 * a transpose is a matter of strides; rows of B [k, n] and of C are contiguous, b_row and c_row
 * apart. */
typedef enum Triangle {
    TRIANGLE_NONE,
    TRIANGLE_LOWER_RESULT, /* C above the diagonal is not asked for: it may be left as it was */
    TRIANGLE_LOWER_A,      /* A is 0 above the diagonal */
    TRIANGLE_UPPER_A       /* A is 0 below the diagonal */
} Triangle;

typedef struct SmallProduct {
    int m, n, k;
    const real *a;
    size_t a_row, a_column;
    const real *b;
    size_t b_row;
    real *c;
    size_t c_row;
    bool add;
    Triangle triangle; /* what may be left out */
} SmallProduct;

void small_product(const SmallProduct *p);

#endif
