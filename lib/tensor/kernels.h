/* The only door to heavy arithmetic. Two files fill a table each: kernels_onednn.c (fast, float
 * only) and kernels_portable.c (CBLAS and plain loops, either precision: the oracle of the tests,
 * and what runs where oneDNN is missing). Convolutions and their derivatives join the table with
 * the first model that has one. */
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

typedef struct Kernels {
    const char *name;
    void (*gemm)(const Gemm *gemm);
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
