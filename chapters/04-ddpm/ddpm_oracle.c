#include "04-ddpm/ddpm_oracle.h"

#include "04-ddpm/diffusion.h"
#include "support/fail.h"

#include <gsl/gsl_math.h>
#include <math.h>

/* ---------------------------------------------------------------- the density, in double */

/* Variance of component k in dimension d at a level. */
static double variance_of(const Oracle *oracle, double level, int k, int d)
{
    double part = level_alpha(level) * oracle->sd[k][d], sigma = level_sigma(level);
    return part * part + sigma * sigma;
}

/* log w_k N(x; alpha m_k, variance) of each component; returns log of their sum. */
static double log_terms(const Oracle *oracle, double level, const double *x, double *term)
{
    double alpha = level_alpha(level), most = -INFINITY, sum = 0;
    for (int k = 0; k < oracle->components; k++) {
        term[k] = log(oracle->weight[k]);
        for (int d = 0; d < oracle->predictor.dims; d++) {
            double variance = variance_of(oracle, level, k, d);
            double gap = x[d] - alpha * oracle->mean[k][d];
            term[k] -= 0.5 * (gap * gap / variance + log(variance) + M_LN2 + M_LNPI);
        }
        most = fmax(most, term[k]);
    }
    for (int k = 0; k < oracle->components; k++)
        sum += exp(term[k] - most);
    return most + log(sum);
}

double oracle_log_density(const Oracle *oracle, double level, const double *x)
{
    double term[ORACLE_MOST];
    return log_terms(oracle, level, x, term);
}

void oracle_score(const Oracle *oracle, double level, const double *x, double *score)
{
    double term[ORACLE_MOST], all = log_terms(oracle, level, x, term);
    for (int d = 0; d < oracle->predictor.dims; d++) {
        score[d] = 0;
        for (int k = 0; k < oracle->components; k++) {
            double gap = x[d] - level_alpha(level) * oracle->mean[k][d];
            score[d] -= exp(term[k] - all) * gap / variance_of(oracle, level, k, d);
        }
    }
}

int oracle_sample(const Oracle *oracle, Rng *rng, double *x0)
{
    double u = rng_uniform_one(rng);
    int k = 0;
    while (k < oracle->components - 1 && u > oracle->weight[k])
        u -= oracle->weight[k++];
    for (int d = 0; d < oracle->predictor.dims; d++)
        x0[d] = oracle->mean[k][d] + oracle->sd[k][d] * rng_normal_one(rng);
    return k;
}

/* ---------------------------------------------------------------- the predictor */

/* What component k says: its log probability [n, 1] but for a constant, and its own guess. */
typedef struct Component {
    Tensor *log_weight, *noise, *x0;
} Component;

/* With gap = x - alpha m: E[eps | x, k] = sigma gap / variance, E[x0 | x, k] = m + alpha s^2 gap /
 * variance. */
static Component component_at(const Oracle *oracle, int k, Tensor *x, const double *level)
{
    int n = tensor_rows(x), dims = oracle->predictor.dims;
    Tensor *center = tensor_like(x), *mean = tensor_like(x), *of_noise = tensor_like(x);
    Tensor *of_x0 = tensor_like(x), *precision = tensor_like(x);
    Tensor *constant = tensor_new_matrix(x->tape, n, 1);
    for (int i = 0; i < n; i++) {
        double alpha = level_alpha(level[i]), sigma = level_sigma(level[i]);
        double log_scale = log(oracle->weight[k]);
        for (int d = 0; d < dims; d++) {
            int at = i * dims + d;
            double variance = variance_of(oracle, level[i], k, d), sd = oracle->sd[k][d];
            center->value[at] = (real)(alpha * oracle->mean[k][d]);
            mean->value[at] = (real)oracle->mean[k][d];
            precision->value[at] = (real)(-0.5 / variance);
            of_noise->value[at] = (real)(sigma / variance);
            of_x0->value[at] = (real)(alpha * sd * sd / variance);
            log_scale -= 0.5 * log(variance);
        }
        constant->value[i] = (real)log_scale;
    }
    Tensor *gap = tensor_sub(x, center);
    Tensor *square = tensor_sum_axis(tensor_mul(tensor_square(gap), precision), 1);
    return (Component){tensor_add(square, constant), tensor_mul(gap, of_noise),
                       tensor_add(mean, tensor_mul(gap, of_x0))};
}

/* The components' guesses weighted by how probable x makes each. */
static Guess oracle_guess(const Predictor *predictor, Tensor *x, const double *level,
                          const int *label)
{
    const Oracle *oracle = (const Oracle *)predictor;
    Component part[ORACLE_MOST];
    Tensor *log_weight[ORACLE_MOST];
    Guess guess = {NULL, NULL};
    (void)label;
    for (int k = 0; k < oracle->components; k++) {
        part[k] = component_at(oracle, k, x, level);
        log_weight[k] = part[k].log_weight;
    }
    Tensor *weight = tensor_softmax(tensor_concat(log_weight, oracle->components, 1));
    for (int k = 0; k < oracle->components; k++) {
        Tensor *own = tensor_slice(weight, 1, k, k + 1);
        Tensor *noise = tensor_mul(part[k].noise, own), *x0 = tensor_mul(part[k].x0, own);
        guess.noise = k == 0 ? noise : tensor_add(guess.noise, noise);
        guess.x0 = k == 0 ? x0 : tensor_add(guess.x0, x0);
    }
    return guess;
}

Oracle oracle_create(int components, int dims, double least, double most)
{
    Oracle oracle = {.components = components};
    if (components < 1 || components > ORACLE_MOST || dims < 1 || dims > ORACLE_DIMS)
        fail("oracle: %d components of %d dimensions; at most %d of %d", components, dims,
             ORACLE_MOST, ORACLE_DIMS);
    oracle.predictor = (Predictor){dims, least, most, oracle_guess};
    for (int k = 0; k < components; k++) {
        oracle.weight[k] = 1.0 / components;
        for (int d = 0; d < dims; d++)
            oracle.sd[k][d] = 1;
    }
    return oracle;
}

Oracle oracle_eight_gaussians(const double center[2], const double scale[2], double least,
                              double most)
{
    Oracle oracle = oracle_create(8, 2, least, most);
    for (int k = 0; k < 8; k++) {
        double at[2] = {4 / 1.414 * cos(k * M_PI / 4), 4 / 1.414 * sin(k * M_PI / 4)};
        for (int d = 0; d < 2; d++) {
            oracle.mean[k][d] = (at[d] - center[d]) / scale[d];
            oracle.sd[k][d] = 0.5 / 1.414 / scale[d];
        }
    }
    return oracle;
}
