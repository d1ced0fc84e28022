#include "prob/bernoulli.h"

#include "support/vecmath.h"
#include "tensor/op.h"

#include <string.h>

/* add is a constant where this is called: the compiler vectorises each loop. */
static inline __attribute__((always_inline)) void share(const real *restrict x,
                                                        const real *restrict logit, int dim,
                                                        real dy, real *restrict out, bool add)
{
    for (int j = 0; j < dim; j++)
        out[j] = (add ? out[j] : 0) + (x[j] - vec_sigmoid(logit[j])) * dy;
}

static void row_backward(const real *x, const real *logit, int dim, real dy, real *out, bool add)
{
    if (add)
        share(x, logit, dim, dy, out, true);
    else
        share(x, logit, dim, dy, out, false);
}

/* bernoulli_log_prob   y_r = sum_j x_j L_rj - softplus(L_rj)    L'_rj += (x_j - sigmoid(L_rj)) y'_r
 */
static void bernoulli_backward(Tensor *y)
{
    Tensor *x = y->parent[0], *logits = y->parent[1];
    int rows = tensor_rows(logits), dim = tensor_columns(logits), times = rows / tensor_rows(x);
    Grad g = grad_open(logits);
    if (g.data == NULL)
        return;
    const real *xv = x->value, *lv = logits->value, *dy = y->grad;
#pragma omp parallel for schedule(static) if (logits->size >= OP_PARALLEL_FROM)
    for (int r = 0; r < rows; r++) {
        size_t at = (size_t)r * (size_t)dim;
        row_backward(xv + (size_t)(r / times) * (size_t)dim, lv + at, dim, dy[r], g.data + at,
                     g.add);
    }
}

static Tensor *bernoulli_tangent(Tensor *y, Tensor *const *dx)
{
    Tensor *x = y->parent[0], *logits = y->parent[1];
    Tensor *repeated = tensor_repeat_rows(x, tensor_rows(logits) / tensor_rows(x));
    Tensor *slope = tensor_sub(repeated, tensor_sigmoid(logits));
    return tensor_sum_axis(tensor_mul(slope, dx[1]), 1);
}

static const Op bernoulli_op = {"bernoulli_log_prob", bernoulli_backward, bernoulli_tangent};

Tensor *bernoulli_log_prob(Tensor *x, Tensor *logits)
{
    if (x->rank != 2 || logits->rank != 2 || x->shape[1] != logits->shape[1] ||
        logits->shape[0] % x->shape[0] != 0)
        op_fail2("bernoulli_log_prob", x, logits,
                 "both are matrices of equal columns; the rows of the second are a multiple of the "
                 "first's");
    if (x->needs_grad)
        op_fail("bernoulli_log_prob", x, "no gradient flows to the data (tensor_detach it)");
    int rows = logits->shape[0], dim = logits->shape[1], times = rows / x->shape[0];
    Tensor *y = op_result(&bernoulli_op, 2, (int[]){rows, 1}, 2, (Tensor *[]){x, logits});
#pragma omp parallel for schedule(static) if (logits->size >= OP_PARALLEL_FROM)
    for (int r = 0; r < rows; r++) {
        const real *xr = x->value + (size_t)(r / times) * (size_t)dim;
        const real *lr = logits->value + (size_t)r * (size_t)dim;
        real sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int j = 0; j < dim; j++)
            sum += xr[j] * lr[j] - vec_softplus(lr[j]);
        y->value[r] = sum;
    }
    return y;
}

Tensor *bernoulli_sample(Tensor *logits, Rng *rng)
{
    Tensor *x = tensor_like(logits);
    rng_uniform(rng, x->value, x->size);
#pragma omp parallel for simd schedule(static) if (parallel : x->size >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < x->size; i++)
        x->value[i] = x->value[i] < vec_sigmoid(logits->value[i]) ? 1 : 0;
    return x;
}

/* Every sum begins at a multiple of this, so that what one unit has stored the next loads in the
 * same pieces (else it waits); what units drawn already get is not looked at again. */
enum { LANES = 16 };

/* x_j is 1 where its logit is above that of a uniform draw: u < sigmoid(l), l > log u/(1 - u). A
 * unit that is 1 adds its row of weights to the logits of those after it. */
static void row_in_order(real *restrict logit, const real *restrict lateral, int dim,
                         real *restrict x)
{
#pragma omp simd
    for (int j = 0; j < dim; j++)
        x[j] = vec_log(x[j]) - vec_log(1 - x[j]);
    for (int j = 0; j < dim; j++) {
        const real *row = lateral + (size_t)j * (size_t)dim;
        x[j] = logit[j] > x[j] ? 1 : 0;
        if (x[j] == 0)
            continue;
#pragma omp simd
        for (int i = j / LANES * LANES; i < dim; i++)
            logit[i] += row[i];
    }
}

Tensor *bernoulli_sample_in_order(Tensor *logits, const Tensor *lateral, Rng *rng)
{
    int n = tensor_rows(logits), dim = tensor_columns(logits);
    if (lateral->rank != 2 || lateral->shape[0] != dim || lateral->shape[1] != dim)
        op_fail2("bernoulli_sample_in_order", logits, lateral,
                 "the second is a square matrix, with a row for each column of the first");
    Tensor *x = tensor_like(logits), *sum = tensor_like(logits);
    rng_uniform(rng, x->value, x->size);
    memcpy(sum->value, logits->value, sum->size * sizeof *sum->value);
#pragma omp parallel for schedule(static) if (x->size >= OP_PARALLEL_FROM)
    for (int r = 0; r < n; r++) {
        size_t at = (size_t)r * (size_t)dim;
        row_in_order(sum->value + at, lateral->value, dim, x->value + at);
    }
    return x;
}
