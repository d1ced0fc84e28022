#include "prob/logistic.h"

#include "support/vecmath.h"
#include "tensor/op.h"

/* One level: with upper and lower edge a = (x + h - mean) / s, b = (x - h - mean) / s, s =
 * e^log_scale, h half a bin, F the logistic function, F(a) - F(b) = F(a) F(-b) (1 - e^-(a-b)), so
 *
 *     log P = -softplus(-a) [x < last] - softplus(b) [x > first] + log(1 - e^-(a-b)) [first < x <
 * last]
 *
 * where a missing edge lies at infinity. Its slopes:
 *     d/da = F(-a) [x < last] + r,  d/db = -F(b) [x > first] - r,  r = 1 / (e^(a-b) - 1) [inside].
 */
typedef struct Edges {
    real upper, lower, width;  /* a, b, a - b */
    real below, above, inside; /* [x < last], [x > first], both: 1 or 0 */
    real per_scale;            /* 1 / s */
} Edges;

static inline Edges edges_of(real level, real mean, real log_scale, real last)
{
    Edges e;
    real half = (real)0.5 / last, at = level / last;
    e.per_scale = vec_exp(-log_scale);
    e.upper = (at + half - mean) * e.per_scale;
    e.lower = (at - half - mean) * e.per_scale;
    e.width = 2 * half * e.per_scale;
    e.below = level < last ? 1 : 0;
    e.above = level > 0 ? 1 : 0;
    e.inside = e.below * e.above;
    return e;
}

/* 1 - e^-w for w > 0; below 1e-2 its series, since 1 - e^-w loses digits there. */
static inline real one_minus_exp(real w)
{
    real series = w * (1 - w * ((real)0.5 - w / 6));
    return w < (real)1e-2 ? series : 1 - vec_exp(-w);
}

static real row_log_prob(const real *x, const real *mean, const real *log_scale, int dim, real last)
{
    real sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int j = 0; j < dim; j++) {
        Edges e = edges_of(x[j], mean[j], log_scale[j], last);
        sum -= e.below * vec_softplus(-e.upper) + e.above * vec_softplus(e.lower);
        sum += e.inside * vec_log(one_minus_exp(e.width));
    }
    return sum;
}

/* A slope too small to move anything becomes 0: its products would be subnormal numbers, on which
 * the matrix products of the backward sweep are many times slower. */
static inline real without_dust(real a)
{
    return a < (real)1e-30 && a > (real)-1e-30 ? 0 : a;
}

/* d_mean = dy d log P / d mean, likewise the log scale, for one row. */
static void row_slopes(const real *restrict x, const real *restrict mean,
                       const real *restrict log_scale, int dim, real last, real dy,
                       real *restrict d_mean, real *restrict d_scale)
{
    for (int j = 0; j < dim; j++) {
        Edges e = edges_of(x[j], mean[j], log_scale[j], last);
        real upper = e.below * vec_sigmoid(-e.upper);
        real lower = -e.above * vec_sigmoid(e.lower);
        real ratio = e.inside * (1 / one_minus_exp(e.width) - 1); /* e^-w / (1 - e^-w) */
        d_mean[j] = -dy * without_dust((upper + lower) * e.per_scale);
        d_scale[j] = -dy * without_dust(upper * e.upper + lower * e.lower + ratio * e.width);
    }
}

static void add_row(Grad g, size_t at, const real *row, int dim)
{
    for (int j = 0; g.data != NULL && j < dim; j++)
        g.data[at + (size_t)j] = grad_kept(g.data, g.add, at + (size_t)j) + row[j];
}

static void logistic_backward(Tensor *y)
{
    Tensor *x = y->parent[0], *mean = y->parent[1], *log_scale = y->parent[2];
    int rows = tensor_rows(mean), dim = tensor_columns(mean), times = rows / tensor_rows(x);
    Grad gm = grad_open(mean), gs = grad_open(log_scale);
    const real last = y->attr.scalar;
    real *slopes = op_memory(y, 2 * mean->size, sizeof *slopes);
#pragma omp parallel for schedule(static) if (mean->size >= OP_PARALLEL_FROM)
    for (int r = 0; r < rows; r++) {
        size_t at = (size_t)r * (size_t)dim;
        real *d_mean = slopes + 2 * at, *d_scale = d_mean + dim;
        row_slopes(x->value + (size_t)(r / times) * (size_t)dim, mean->value + at,
                   log_scale->value + at, dim, last, y->grad[r], d_mean, d_scale);
        add_row(gm, at, d_mean, dim);
        add_row(gs, at, d_scale, dim);
    }
}

static const Op logistic_op = {"logistic_log_prob", logistic_backward, NULL};

Tensor *logistic_log_prob(Logistic p, Tensor *x, int levels)
{
    Tensor *mean = p.mean, *log_scale = p.log_scale;
    if (!tensor_same_shape(mean, log_scale) || mean->rank != 2)
        op_fail2("logistic_log_prob", mean, log_scale,
                 "mean and log scale are matrices of one shape");
    if (x->rank != 2 || x->shape[1] != mean->shape[1] || mean->shape[0] % x->shape[0] != 0)
        op_fail2("logistic_log_prob", x, mean,
                 "both are matrices of equal columns; the rows of the second are a multiple of the "
                 "first's");
    if (x->needs_grad || levels < 2)
        op_fail("logistic_log_prob", x, "it holds levels of at least 2 and takes no gradient");
    int rows = mean->shape[0], dim = mean->shape[1], times = rows / x->shape[0];
    Tensor *y = op_result(&logistic_op, 2, (int[]){rows, 1}, 3, (Tensor *[]){x, mean, log_scale});
    const real last = (real)(levels - 1);
    y->attr.scalar = last;
#pragma omp parallel for schedule(static) if (mean->size >= OP_PARALLEL_FROM)
    for (int r = 0; r < rows; r++) {
        size_t at = (size_t)r * (size_t)dim;
        y->value[r] = row_log_prob(x->value + (size_t)(r / times) * (size_t)dim, mean->value + at,
                                   log_scale->value + at, dim, last);
    }
    return y;
}

/* By inverting F: mean + s log(u / (1 - u)), rounded to the nearest level within the range. */
Tensor *logistic_sample(Logistic p, int levels, Rng *rng)
{
    Tensor *x = tensor_like(p.mean);
    const real last = (real)(levels - 1);
    rng_uniform(rng, x->value, x->size);
    for (size_t i = 0; i < x->size; i++) {
        real u = x->value[i];
        real at = p.mean->value[i] + vec_exp(p.log_scale->value[i]) * (vec_log(u) - vec_log(1 - u));
        real level = (real)floor(at * last + (real)0.5);
        x->value[i] = level < 0 ? 0 : level > last ? last : level;
    }
    return x;
}
