/* The only door to heavy arithmetic: matrix products, and convolutions with their two derivatives.
 * Two tables are filled: kernels_onednn.c with kernels_onednn_conv.c and dense_product.c (fast,
 * float only), and kernels_portable.c with kernels_portable_conv.c (CBLAS and plain loops, either
 * precision: the oracle of the tests, and what runs where oneDNN is missing). */
#ifndef TENSOR_KERNELS_H
#define TENSOR_KERNELS_H

#include "support/real.h"

#include <stdbool.h>

/* C [m, n] = op(A) op(B), or C += op(A) op(B): row-major, packed. A is [m, k], stored [k, m] when
 * transpose_a; B is [k, n], stored [n, k] when transpose_b. */
typedef struct Gemm {
    int m, n, k;
    const real *a, *b;
    real *c;
    bool transpose_a, transpose_b, add;
} Gemm;

/* y_nijo = bias_o + sum_klc x_n(s i + k - p)(s j + l - p)c weight_klco, s the stride and p the
 * padding with zeros: x [n, height, width, in], weight [kernel_height, kernel_width, in, out],
 * y [n, out_height, out_width, out]. What is called a convolution in this field is a correlation.
 */
typedef struct Conv {
    int n, height, width, in;
    int kernel_height, kernel_width, stride, padding;
    int out_height, out_width, out;
} Conv;

/* A weight as convolutions read it. While it keeps its version, a copy in the kernels' own layout
 * may serve again until the backend forgets; volatile ones (results of operations) are always read
 * anew. */
typedef struct ConvWeight {
    const real *value;
    unsigned version;
    bool is_volatile;
} ConvWeight;

/* What a table keeps between calls: primitives by shape, copies of weights. One a tape. */
typedef struct Backend Backend;

typedef struct Kernels {
    const char *name;
    void (*gemm)(const Gemm *gemm);

    /* y is written; bias may be NULL. */
    void (*conv_forward)(Backend *backend, const Conv *conv, const real *x, ConvWeight weight,
                         const real *bias, real *y);
    /* dx is written: the derivative of sum(y dy) with respect to x. */
    void (*conv_backward_data)(Backend *backend, const Conv *conv, ConvWeight weight,
                               const real *dy, real *dx);
    /* dweight and, unless NULL, dbias [out] are written. */
    void (*conv_backward_weight)(Backend *backend, const Conv *conv, const real *x, const real *dy,
                                 real *dweight, real *dbias);

    /* All three NULL where nothing is kept: backend is NULL then. */
    Backend *(*open)(void);
    void (*close)(Backend *backend);
    void (*forget)(Backend *backend); /* copies of weights are no longer valid */
} Kernels;

extern const Kernels kernels_portable;

/* oneDNN where this build has it (and real is float), else the portable table. */
const Kernels *kernels_best(void);

/* Threads that elementwise loops and kernels use from now on (the whole process). */
void kernels_set_threads(int threads);
int kernels_threads(void);

/* One line for the start of a program: what computes, with how many threads, and what is missing.
 */
const char *kernels_describe(char text[200]);

#endif
