#include "support/fail.h"
#include "tensor/kernels_conv.h"

#ifdef HAVE_OPENBLAS
#include <cblas.h>
#else
#include <gsl/gsl_cblas.h>
#endif

#include <stdio.h>
#ifdef _OPENMP
#include <omp.h>
#endif

static void gemm(const Gemm *g)
{
    enum CBLAS_TRANSPOSE ta = g->transpose_a ? CblasTrans : CblasNoTrans;
    enum CBLAS_TRANSPOSE tb = g->transpose_b ? CblasTrans : CblasNoTrans;
    int lda = g->transpose_a ? g->m : g->k;
    int ldb = g->transpose_b ? g->k : g->n;
#ifdef REAL_IS_DOUBLE
    cblas_dgemm(CblasRowMajor, ta, tb, g->m, g->n, g->k, 1, g->a, lda, g->b, ldb, g->add, g->c,
                g->n);
#else
    cblas_sgemm(CblasRowMajor, ta, tb, g->m, g->n, g->k, 1, g->a, lda, g->b, ldb, g->add, g->c,
                g->n);
#endif
}

const Kernels kernels_portable = {
    .name = "portable (CBLAS)",
    .gemm = gemm,
    .conv_forward = portable_conv_forward,
    .conv_backward_data = portable_conv_backward_data,
    .conv_backward_weight = portable_conv_backward_weight,
};

void kernels_set_threads(int threads)
{
    if (threads < 1)
        fail("kernels_set_threads: %d threads; at least 1", threads);
#ifdef _OPENMP
    omp_set_num_threads(threads);
#endif
#ifdef HAVE_OPENBLAS
    openblas_set_num_threads(threads);
#endif
}

int kernels_threads(void)
{
#ifdef _OPENMP
    return omp_get_max_threads();
#else
    return 1;
#endif
}

#if defined(HAVE_ONEDNN) && !defined(REAL_IS_DOUBLE)
extern const Kernels kernels_onednn;
#endif

const Kernels *kernels_best(void)
{
#if defined(HAVE_ONEDNN) && !defined(REAL_IS_DOUBLE)
    return &kernels_onednn;
#else
    return &kernels_portable;
#endif
}

const char *kernels_describe(char text[200])
{
    int used = snprintf(text, 200, "%s, %d thread%s", kernels_best()->name, kernels_threads(),
                        kernels_threads() == 1 ? "" : "s");
#ifndef _OPENMP
    used +=
        snprintf(text + used, 200 - (size_t)used, "; built without OpenMP: one core does the work");
#endif
#ifndef HAVE_ONEDNN
    snprintf(text + used, 200 - (size_t)used,
             "; built without oneDNN: expect 2 to 5 times the time (make deps)");
#endif
    (void)used;
    return text;
}
