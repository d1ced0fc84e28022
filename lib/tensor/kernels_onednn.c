/* Matrix products through oneDNN's sgemm: row-major, threaded, and tuned for the processor at run
 * time. The same call exists in oneDNN 2.x and 3.x. */
#include "tensor/kernels_conv.h"

#ifndef REAL_IS_DOUBLE

#include "support/fail.h"

#include <dnnl.h>
#include <string.h>

extern const Kernels kernels_onednn;

/* A stored matrix, its rows `row` numbers apart. */
typedef struct Operand {
    const real *at;
    int row;
} Operand;

/* Of A^T B oneDNN reads columns of both, and rows a multiple of 2 KiB apart fall on the same few
 * lines of the caches: such a product takes half as long again. So a block of C is made of a few
 * terms at a time, whose rows are copied a little further apart. */
enum { CLASH = 512, TERMS = 96, SIDE = 256, ROW = SIDE + 16, WORTH_A_COPY = 64 };

/* C [m, n] (+)= op(A) op(B) over k terms; g says what is transposed and how far rows of C are. */
static void product(const Gemm *g, int m, int n, int k, Operand a, Operand b, bool add, real *c)
{
    dnnl_status_t status = dnnl_sgemm(g->transpose_a ? 'T' : 'N', g->transpose_b ? 'T' : 'N', m, n,
                                      k, 1, a.at, a.row, b.at, b.row, add ? 1 : 0, c, g->n);
    if (status != dnnl_success)
        fail("gemm: oneDNN answered %d for [%d, %d] x [%d, %d]", (int)status, m, k, k, n);
}

static Operand set_apart(Operand from, int rows, int columns, real *copy)
{
    for (int r = 0; r < rows; r++)
        memcpy(copy + (size_t)r * ROW, from.at + (size_t)r * (size_t)from.row,
               (size_t)columns * sizeof(real));
    return (Operand){copy, ROW};
}

/* Rows i to i + m - 1 of C = A^T B and columns j to j + n - 1, at most SIDE of those that clash. */
static void block(const Gemm *g, int i, int m, int j, int n)
{
    real room_a[TERMS * ROW], room_b[TERMS * ROW];
    for (int q = 0; q < g->k; q += TERMS) {
        const int k = q + TERMS < g->k ? TERMS : g->k - q;
        Operand a = {g->a + (size_t)q * (size_t)g->m + i, g->m};
        Operand b = {g->b + (size_t)q * (size_t)g->n + j, g->n};
        if (g->m % CLASH == 0)
            a = set_apart(a, k, m, room_a);
        if (g->n % CLASH == 0)
            b = set_apart(b, k, n, room_b);
        product(g, m, n, k, a, b, g->add || q > 0, g->c + (size_t)i * (size_t)g->n + j);
    }
}

static bool rows_clash(const Gemm *g)
{
    const bool large = g->m >= WORTH_A_COPY && g->n >= WORTH_A_COPY && g->k >= WORTH_A_COPY;
    return large && g->transpose_a && !g->transpose_b && (g->m % CLASH == 0 || g->n % CLASH == 0);
}

static void gemm(const Gemm *g)
{
    if (!rows_clash(g)) {
        const Operand a = {g->a, g->transpose_a ? g->m : g->k};
        const Operand b = {g->b, g->transpose_b ? g->k : g->n};
        product(g, g->m, g->n, g->k, a, b, g->add, g->c);
        return;
    }
    const int m = g->m % CLASH == 0 ? SIDE : g->m, n = g->n % CLASH == 0 ? SIDE : g->n;
#pragma omp parallel for collapse(2) schedule(static)
    for (int i = 0; i < g->m; i += m)
        for (int j = 0; j < g->n; j += n)
            block(g, i, m, j, n);
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
