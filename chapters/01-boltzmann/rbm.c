/* Energies, Gibbs sampling and the two phases of the gradient. */
#include "01-boltzmann/rbm.h"

#include "support/memory.h"
#include "support/vecmath.h"

#include <math.h>
#include <string.h>

enum { PARALLEL_FROM = 1 << 14 };

/* ---------------------------------------------------------------- making one */

/* A logit of a mean that may be 0 or 1: the bias of a unit that is on so often. */
static double logit(double mean)
{
    return log(mean / (1 - mean));
}

void rbm_init(Rbm *rbm, int visible, int hidden, int chains, const double *mean, uint64_t seed,
              OptimizerRule rule, double ema_decay)
{
    Params *weights = params_create(), *state = params_create();
    Rng rng = rng_stream(seed, "weights");
    rbm->model.family = &boltzmann_family;
    rbm->visible = visible;
    rbm->hidden = hidden;
    rbm->weight = params_weight(weights, "weight", 2, (int[]){visible, hidden});
    rbm->visible_bias = params_weight(weights, "visible_bias", 1, &visible);
    rbm->hidden_bias = params_weight(weights, "hidden_bias", 1, &hidden);
    rbm->chain = params_buffer(state, "chain", 2, (int[]){chains, visible});
    rbm->visible_center = params_buffer(state, "visible_center", 1, &visible);
    rbm->hidden_center = params_buffer(state, "hidden_center", 1, &hidden);
    rng_normal(&rng, rbm->weight->value, rbm->weight->size);
    for (size_t i = 0; i < rbm->weight->size; i++)
        rbm->weight->value[i] *= (real)0.01;
    for (int i = 0; i < visible; i++) {
        rbm->visible_center->value[i] = (real)mean[i];
        rbm->visible_bias->value[i] = (real)logit(mean[i]);
    }
    for (int j = 0; j < hidden; j++)
        rbm->hidden_center->value[j] = (real)0.5;
    rng = rng_stream(seed, "chains");
    rng_uniform(&rng, rbm->chain->value, rbm->chain->size);
    for (size_t i = 0; i < rbm->chain->size; i++)
        rbm->chain->value[i] = (double)rbm->chain->value[i] < mean[i % (size_t)visible] ? 1 : 0;
    model_add_part(&rbm->model, "rbm", weights, rule, ema_decay);
    model_add_part(&rbm->model, "state", state, rule, 0);
}

/* ---------------------------------------------------------------- energies */

/* Row by row -own_bias'x - sum_j softplus(bias_j + input_j): x [n, own], input [n, other]. */
static void free_energies(const Tensor *x, const real *own_bias, const Tensor *input,
                          const real *bias, double *out)
{
    int n = tensor_rows(x), own = tensor_columns(x), other = tensor_columns(input);
#pragma omp parallel for schedule(static) if (input->size >= PARALLEL_FROM)
    for (int r = 0; r < n; r++) {
        const real *xr = x->value + (size_t)r * (size_t)own;
        const real *ar = input->value + (size_t)r * (size_t)other;
        double sum = 0;
        for (int i = 0; i < own; i++)
            sum += (double)xr[i] * (double)own_bias[i];
#pragma omp simd reduction(+ : sum)
        for (int j = 0; j < other; j++)
            sum += (double)vec_softplus(ar[j] + bias[j]);
        out[r] = -sum;
    }
}

void rbm_free_energy(const Rbm *rbm, Tensor *v, double *out)
{
    free_energies(v, rbm->visible_bias->value, tensor_matmul(v, rbm->weight),
                  rbm->hidden_bias->value, out);
}

void rbm_hidden_free_energy(const Rbm *rbm, Tensor *h, double *out)
{
    free_energies(h, rbm->hidden_bias->value, tensor_matmul_transposed(h, rbm->weight),
                  rbm->visible_bias->value, out);
}

double rbm_energy(const Rbm *rbm, const real *v, const real *h)
{
    double energy = 0;
    for (int i = 0; i < rbm->visible; i++) {
        const real *row = rbm->weight->value + (size_t)i * (size_t)rbm->hidden;
        double input = (double)rbm->visible_bias->value[i];
        for (int j = 0; j < rbm->hidden; j++)
            input += (double)row[j] * (double)h[j];
        energy -= (double)v[i] * input;
    }
    for (int j = 0; j < rbm->hidden; j++)
        energy -= (double)rbm->hidden_bias->value[j] * (double)h[j];
    return energy;
}

/* log p(v_i | all other v) = -softplus(F(v) - F(v with unit i flipped)); input: W'v of this v. */
static double log_conditional(const Rbm *rbm, const real *v, const real *input, int i)
{
    const real *row = rbm->weight->value + (size_t)i * (size_t)rbm->hidden;
    const real *c = rbm->hidden_bias->value;
    const real change = 1 - 2 * v[i];
    double lower = (double)(change * rbm->visible_bias->value[i]); /* F(v) - F(flipped) */
#pragma omp simd reduction(+ : lower)
    for (int j = 0; j < rbm->hidden; j++) {
        real a = input[j] + c[j];
        lower += (double)(vec_softplus(a + change * row[j]) - vec_softplus(a));
    }
    return -(fmax(lower, 0) + log1p(exp(-fabs(lower))));
}

double rbm_neg_pseudo(const Rbm *rbm, Tensor *v, int flips, Rng *rng)
{
    const Tensor *input = tensor_matmul(v, rbm->weight);
    int n = tensor_rows(v);
    double sum = 0;
    for (int r = 0; r < n; r++)
        for (int f = 0; f < flips; f++)
            sum += log_conditional(rbm, v->value + (size_t)r * (size_t)rbm->visible,
                                   input->value + (size_t)r * (size_t)rbm->hidden,
                                   (int)rng_below(rng, (uint64_t)rbm->visible));
    return -sum * rbm->visible / ((double)n * flips);
}

/* ---------------------------------------------------------------- sampling */

Tempered rbm_at_temperature(const Rbm *rbm, Tape *tape, double temperature)
{
    Tensor *b = tensor_new_matrix(tape, 1, rbm->visible);
    Tensor *c = tensor_new_matrix(tape, 1, rbm->hidden);
    const real beta = (real)(1 / temperature);
    for (int i = 0; i < rbm->visible; i++)
        b->value[i] = beta * rbm->visible_bias->value[i];
    for (int j = 0; j < rbm->hidden; j++)
        c->value[j] = beta * rbm->hidden_bias->value[j];
    return (Tempered){1 / temperature, b->value, c->value};
}

void rbm_draw(Tensor *input, double beta, const real *bias, Rng *rng)
{
    Tensor *u = tensor_like(input);
    const int n = tensor_rows(input), units = tensor_columns(input);
    const real scale = (real)beta;
    rng_uniform(rng, u->value, u->size);
#pragma omp parallel for schedule(static) if (input->size >= PARALLEL_FROM)
    for (int r = 0; r < n; r++) {
        real *restrict a = input->value + (size_t)r * (size_t)units;
        const real *restrict chance = u->value + (size_t)r * (size_t)units;
#pragma omp simd
        for (int j = 0; j < units; j++)
            a[j] = chance[j] < vec_sigmoid(scale * a[j] + bias[j]) ? (real)1 : (real)0;
    }
}

void rbm_gibbs(const Rbm *rbm, Tensor *v, int steps, Tempered at, Rng *rng)
{
    for (int s = 0; s < steps; s++) {
        TapeMark mark = tape_mark(v->tape);
        Tensor *h = tensor_matmul(v, rbm->weight);
        rbm_draw(h, at.beta, at.hidden_bias, rng);
        Tensor *seen = tensor_matmul_transposed(h, rbm->weight);
        rbm_draw(seen, at.beta, at.visible_bias, rng);
        memcpy(v->value, seen->value, v->size * sizeof(real));
        tape_release(v->tape, mark);
    }
}

Tensor *rbm_visible_mean(const Rbm *rbm, Tensor *v, Tempered at, Rng *rng)
{
    Tensor *h = tensor_matmul(v, rbm->weight);
    rbm_draw(h, at.beta, at.hidden_bias, rng);
    Tensor *mean = tensor_matmul_transposed(h, rbm->weight);
    for (size_t i = 0; i < mean->size; i++)
        mean->value[i] =
            vec_sigmoid((real)at.beta * mean->value[i] + at.visible_bias[i % (size_t)rbm->visible]);
    return mean;
}

Tensor *rbm_noise(const Rbm *rbm, Tape *tape, int n, Rng *rng)
{
    Tensor *v = tensor_new_matrix(tape, n, rbm->visible);
    rng_uniform(rng, v->value, v->size);
    for (size_t i = 0; i < v->size; i++)
        v->value[i] = v->value[i] < rbm->visible_center->value[i % (size_t)rbm->visible] ? 1 : 0;
    return v;
}

/* ---------------------------------------------------------------- the gradient */

/* to [columns] = (add ? to : 0) + factor times the sum of a's rows. */
static void add_rows(const Tensor *a, real factor, real *restrict to, bool add)
{
    const int n = tensor_rows(a), columns = tensor_columns(a);
    for (int j = 0; !add && j < columns; j++)
        to[j] = 0;
    for (int r = 0; r < n; r++) {
        const real *restrict row = a->value + (size_t)r * (size_t)columns;
#pragma omp simd
        for (int j = 0; j < columns; j++)
            to[j] += factor * row[j];
    }
}

void rbm_add_statistics(const Rbm *rbm, Tensor *v, double sign)
{
    const int n = tensor_rows(v);
    const bool add = rbm->weight->has_grad;
    const real share = (real)(sign / n);
    Tensor *h = tensor_linear(v, rbm->weight, rbm->hidden_bias, ACTIVATION_SIGMOID); /* p(h|v) */
#pragma omp parallel for simd schedule(static) if (parallel : h->size >= PARALLEL_FROM)
    for (size_t i = 0; i < h->size; i++)
        h->value[i] *= share;
    tape_kernels(v->tape)->gemm(&(Gemm){rbm->visible, rbm->hidden, n, v->value, h->value,
                                        rbm->weight->grad, true, false, add});
    add_rows(v, share, rbm->visible_bias->grad, add);
    add_rows(h, 1, rbm->hidden_bias->grad, add);
    rbm->weight->has_grad = rbm->visible_bias->has_grad = rbm->hidden_bias->has_grad = true;
}

/* W' -= mu c'^T + b' lambda^T, then b' -= W' lambda and c' -= W'^T mu. */
void rbm_center_gradient(const Rbm *rbm)
{
    const int visible = rbm->visible, hidden = rbm->hidden;
    const real *mu = rbm->visible_center->value, *lambda = rbm->hidden_center->value;
    real *w = rbm->weight->grad, *b = rbm->visible_bias->grad, *c = rbm->hidden_bias->grad;
    Tape *tape = rbm->weight->tape;
    Tensor *of_b = tensor_new_matrix(tape, visible, 1), *of_c = tensor_new_matrix(tape, 1, hidden);
#pragma omp parallel for schedule(static) if (rbm->weight->size >= PARALLEL_FROM)
    for (int i = 0; i < visible; i++) {
        real *row = w + (size_t)i * (size_t)hidden;
#pragma omp simd
        for (int j = 0; j < hidden; j++)
            row[j] -= mu[i] * c[j] + b[i] * lambda[j];
    }
    tape_kernels(tape)->gemm(
        &(Gemm){visible, 1, hidden, w, lambda, of_b->value, false, false, false});
    tape_kernels(tape)->gemm(&(Gemm){1, hidden, visible, mu, w, of_c->value, false, false, false});
    for (int i = 0; i < visible; i++)
        b[i] -= of_b->value[i];
    for (int j = 0; j < hidden; j++)
        c[j] -= of_c->value[j];
}
