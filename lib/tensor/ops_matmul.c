/* Matrix products, alone, batched, and fused with bias and activation. Arithmetic is behind
 * kernels.h. */
#include "support/fail.h"
#include "tensor/fused.h"

#include <string.h>

/* matmul              C = A B      A' += C' B^T    B' += A^T C'
 * matmul_transposed   C = A B^T    A' += C' B      B' += C'^T A
 * batched: for each matrix of the batch.
 * Source: Giles (2008), "Collected matrix derivative results for forward and reverse mode
 * algorithmic differentiation", sec. 2.2.1. */
static void matmul_backward(Tensor *c)
{
    Tensor *a = c->parent[0], *b = c->parent[1];
    bool transposed = c->attr.matmul.transpose_b;
    int m = c->shape[c->rank - 2], n = c->shape[c->rank - 1], k = a->shape[a->rank - 1];
    int batch = c->rank == 3 ? c->shape[0] : 1;
    size_t step_a = (size_t)m * (size_t)k, step_b = (size_t)k * (size_t)n;
    size_t step_c = (size_t)m * (size_t)n;
    Grad ga = grad_open(a);
    for (int i = 0; ga.data != NULL && i < batch; i++)
        op_gemm(c->tape,
                (Gemm){m, k, n, c->grad + (size_t)i * step_c, b->value + (size_t)i * step_b,
                       ga.data + (size_t)i * step_a, false, !transposed, ga.add});
    Grad gb = grad_open(b);
    for (int i = 0; gb.data != NULL && i < batch; i++) {
        const real *ai = a->value + (size_t)i * step_a, *dc = c->grad + (size_t)i * step_c;
        real *out = gb.data + (size_t)i * step_b;
        if (transposed)
            op_gemm(c->tape, (Gemm){n, k, m, dc, ai, out, true, false, gb.add});
        else
            op_gemm(c->tape, (Gemm){k, n, m, ai, dc, out, true, false, gb.add});
    }
}

static Tensor *product(Tensor *a, Tensor *b, bool transposed)
{
    return transposed ? tensor_matmul_transposed(a, b) : tensor_matmul(a, b);
}

static Tensor *matmul_tangent(Tensor *c, Tensor *const *dx)
{
    bool transposed = c->attr.matmul.transpose_b;
    Tensor *first = dx[0] == NULL ? NULL : product(dx[0], c->parent[1], transposed);
    Tensor *second = dx[1] == NULL ? NULL : product(c->parent[0], dx[1], transposed);
    return op_sum_of(first, second);
}

static const Op matmul_op = {"matmul", matmul_backward, matmul_tangent};

static Tensor *matmul(Tensor *a, Tensor *b, bool transposed)
{
    if (a->rank != b->rank || (a->rank != 2 && a->rank != 3))
        op_fail2("matmul", a, b, "both must be matrices, or both batches of matrices");
    if (a->rank == 3 && a->shape[0] != b->shape[0])
        op_fail2("matmul", a, b, "the batches (first dimension) must be equal");
    int r = a->rank, m = a->shape[r - 2], k = a->shape[r - 1];
    int n = b->shape[transposed ? r - 2 : r - 1];
    if (b->shape[transposed ? r - 1 : r - 2] != k)
        op_fail2("matmul", a, b,
                 transposed ? "columns of the first must equal columns of the second (A B^T)"
                            : "columns of the first must equal rows of the second");
    int shape[3] = {a->shape[0], m, n};
    Tensor *c = op_result(&matmul_op, r, r == 3 ? shape : shape + 1, 2, (Tensor *[]){a, b});
    c->attr.matmul.transpose_b = transposed;
    int batch = r == 3 ? a->shape[0] : 1;
    for (int i = 0; i < batch; i++)
        op_gemm(c->tape,
                (Gemm){m, n, k, a->value + (size_t)i * (size_t)m * (size_t)k,
                       b->value + (size_t)i * (size_t)k * (size_t)n,
                       c->value + (size_t)i * (size_t)m * (size_t)n, false, transposed, false});
    return c;
}

Tensor *tensor_matmul(Tensor *a, Tensor *b)
{
    return matmul(a, b, false);
}

Tensor *tensor_matmul_transposed(Tensor *a, Tensor *b)
{
    return matmul(a, b, true);
}

/* linear   Z = X W + 1 b^T, Y = act(Z)    Z' = act'(Y) Y'    X' += Z' W^T    W' += X^T Z'    b' +=
 * Z'^T 1 */
static void linear_backward(Tensor *y)
{
    Tensor *x = y->parent[0], *w = y->parent[1];
    int rows = tensor_rows(y), out = tensor_columns(y), in = tensor_columns(x);
    real *dz = y->grad;
    if (y->attr.activation != ACTIVATION_NONE)
        dz = op_memory(y, y->size, sizeof *dz);
    fused_backward(y, y->attr.activation, dz,
                   y->parents == 3 ? grad_open(y->parent[2]) : (Grad){NULL, false});
    Grad gw = grad_open(w);
    if (gw.data != NULL)
        op_gemm(y->tape, (Gemm){in, out, rows, x->value, dz, gw.data, true, false, gw.add});
    Grad gx = grad_open(x);
    if (gx.data != NULL)
        op_gemm(y->tape, (Gemm){rows, in, out, dz, w->value, gx.data, false, true, gx.add});
}

/* dZ = dX W + X dW + db; dY = act'(Y) dZ */
static Tensor *linear_tangent(Tensor *y, Tensor *const *dx)
{
    Tensor *dz = NULL;
    if (dx[0] != NULL)
        dz = tensor_linear(dx[0], y->parent[1], NULL, ACTIVATION_NONE);
    if (dx[1] != NULL)
        dz = op_sum_of(dz, tensor_linear(y->parent[0], dx[1], NULL, ACTIVATION_NONE));
    if (y->parents == 3 && dx[2] != NULL)
        dz = op_sum_of(dz, fused_bias_tangent(y, dx[2]));
    return fused_tangent(y, y->attr.activation, dz);
}

static const Op linear_op = {"linear", linear_backward, linear_tangent};

Tensor *tensor_linear(Tensor *x, Tensor *weight, Tensor *bias, Activation activation)
{
    if (weight->rank != 2 || tensor_columns(x) != weight->shape[0])
        op_fail2("linear", x, weight,
                 "columns of the first must equal rows of the weight [in, out]");
    int rows = tensor_rows(x), in = weight->shape[0], out = weight->shape[1];
    if (bias != NULL && (bias->rank != 1 || bias->shape[0] != out))
        op_fail2("linear", weight, bias,
                 "the bias must have one number for each column of the weight");
    int shape[TENSOR_MOST_DIMS];
    memcpy(shape, x->shape, sizeof shape);
    shape[x->rank - 1] = out;
    Tensor *y =
        op_result(&linear_op, x->rank, shape, bias == NULL ? 2 : 3, (Tensor *[]){x, weight, bias});
    y->attr.activation = activation;
    op_gemm(y->tape, (Gemm){rows, out, in, x->value, weight->value, y->value, false, false, false});
    fused_finish(y, activation, bias != NULL ? bias->value : NULL);
    return y;
}
