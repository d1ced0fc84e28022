/* Matrix products through oneDNN's sgemm: row-major, threaded, and tuned for the processor at run
 * time. The same call exists in oneDNN 2.x and 3.x. Those that our own kernel does faster go to it.
 */
#include "tensor/kernels_conv.h"

#ifndef REAL_IS_DOUBLE

#include "support/fail.h"
#include "tensor/dense_product.h"

#include <dnnl.h>

extern const Kernels kernels_onednn;

static void gemm(const Gemm *g)
{
    if (dense_product_serves(g)) {
        dense_product(g);
        return;
    }
    dnnl_status_t status = dnnl_sgemm(g->transpose_a ? 'T' : 'N', g->transpose_b ? 'T' : 'N', g->m,
                                      g->n, g->k, 1, g->a, g->transpose_a ? g->m : g->k, g->b,
                                      g->transpose_b ? g->k : g->n, g->add ? 1 : 0, g->c, g->n);
    if (status != dnnl_success)
        fail("gemm: oneDNN answered %d for [%d, %d] x [%d, %d]", (int)status, g->m, g->k, g->k,
             g->n);
}

const Kernels kernels_onednn = {
    .name = "oneDNN",
    .gemm = gemm,
    .conv_forward = onednn_conv_forward,
    .conv_backward_data = onednn_conv_backward_data,
    .conv_backward_weight = onednn_conv_backward_weight,
    .open = onednn_open,
    .close = onednn_close,
    .forget = onednn_forget,
};

#endif
