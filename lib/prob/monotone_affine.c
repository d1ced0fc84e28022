/* Affine maps of each number. */
#include "prob/monotone_internal.h"
#include "support/vecmath.h"

/* add is a constant where this is called: the compiler vectorises each loop. */
static inline __attribute__((always_inline)) void
row_backward(int d, const real *restrict x, const real *restrict s, const real *restrict dy,
             real dlog, real bound, real *restrict dx, bool add_x, real *restrict draw,
             bool add_raw)
{
    for (int j = 0; j < d; j++) {
        real e = vec_exp(s[j]), u = s[j] / bound;
        real ds = (dy[j] * x[j] * e + dlog) * (1 - u * u);
        if (dx != NULL)
            dx[j] = (add_x ? dx[j] : 0) + dy[j] * e;
        if (draw != NULL) {
            draw[j] = (add_raw ? draw[j] : 0) + ds;
            draw[d + j] = (add_raw ? draw[d + j] : 0) + dy[j];
        }
    }
}

/* affine   y_j = x_j e^s_j + t_j,  L = sum_j s_j,  s = b tanh(r / b)
 *          x' += y' e^s    t' += y'    r' += (y' x e^s + L') (1 - (s / b)^2) */
static void affine_backward(Tensor *y)
{
    Tensor *x = y->parent[0], *raw = y->parent[1];
    int n = x->shape[0], d = x->shape[1];
    real bound = y->attr.monotone.bound;
    const real *s = y->attr.monotone.kept;
    Grad gx = grad_open(x), graw = grad_open(raw);
#pragma omp parallel for schedule(static) if (x->size >= OP_PARALLEL_FROM)
    for (int r = 0; r < n; r++) {
        size_t at = (size_t)r * (size_t)d;
        const real *dy = y->grad + (size_t)r * (size_t)(d + 1);
        real *dx = gx.data != NULL ? gx.data + at : NULL;
        real *draw = graw.data != NULL ? graw.data + 2 * at : NULL;
        if (gx.add || graw.add)
            row_backward(d, x->value + at, s + at, dy, dy[d], bound, dx, gx.add, draw, graw.add);
        else
            row_backward(d, x->value + at, s + at, dy, dy[d], bound, dx, false, draw, false);
    }
}

static const Op affine_op = {"affine", affine_backward, NULL};

Tensor *monotone_affine_forward(const Monotone *map, Tensor *x, Tensor *raw)
{
    int n = x->shape[0], d = x->shape[1];
    Tensor *y = op_result(&affine_op, 2, (int[]){n, d + 1}, 2, (Tensor *[]){x, raw});
    real bound = map->bound, *s = op_memory(y, x->size, sizeof *s);
    y->attr.monotone.bound = bound;
    y->attr.monotone.kept = s;
#pragma omp parallel for schedule(static) if (x->size >= OP_PARALLEL_FROM)
    for (int r = 0; r < n; r++) {
        size_t at = (size_t)r * (size_t)d;
        const real *restrict xr = x->value + at, *restrict rr = raw->value + 2 * at;
        real *restrict sr = s + at, *restrict yr = y->value + (size_t)r * (size_t)(d + 1);
        real sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int j = 0; j < d; j++) {
            sr[j] = bound * vec_tanh(rr[j] / bound);
            yr[j] = xr[j] * vec_exp(sr[j]) + rr[d + j];
            sum += sr[j];
        }
        yr[d] = sum;
    }
    return y;
}

void monotone_affine_inverse(const Monotone *map, const Tensor *y, const Tensor *raw, Tensor *out)
{
    int n = y->shape[0], d = y->shape[1];
    for (int r = 0; r < n; r++) {
        const real *yr = y->value + (size_t)r * (size_t)d;
        const real *rr = raw->value + 2 * (size_t)r * (size_t)d;
        real *xr = out->value + (size_t)r * (size_t)(d + 1);
        double sum = 0;
        for (int j = 0; j < d; j++) {
            real s = map->bound * vec_tanh(rr[j] / map->bound);
            xr[j] = (yr[j] - rr[d + j]) * vec_exp(-s);
            sum -= (double)s;
        }
        xr[d] = (real)sum;
    }
}
