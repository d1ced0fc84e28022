/* A VAE whose networks are linear and whose variances are constant: every density is Gaussian, so
 * log p(x), the posterior and the divergence from it are known in closed form.
 *
 *     h1 ~ N(0, 1)                           (two layers)
 *     h0 ~ N(0, I)   or   h0|h1 ~ N(h1 v + c, diag(d))       v = (v0, 0)
 *     x|h0 ~ N(h0 W + b, diag(s))
 *
 * The rows of W are orthogonal under 1/s and v has one entry, so that the posterior of h0 has
 * independent components, as the encoder's q has: the exact posterior can be reached. */
#ifndef CHAPTERS_LINEAR_GAUSSIAN_H
#define CHAPTERS_LINEAR_GAUSSIAN_H

#include "chapters/small_vae.h"

#include <gsl/gsl_linalg.h>
#include <math.h>
#include <string.h>

enum { LG_DIMS = 3, LG_WIDTH = 2 };

static const double LG_W[LG_WIDTH][LG_DIMS] = {{1.2, 0.5, -0.4}, {0.3, -0.4, 0.4}};
static const double LG_B[LG_DIMS] = {0.3, -1, 0.7}, LG_S[LG_DIMS] = {0.3, 0.5, 0.2};
static const double LG_CENTER[LG_DIMS] = {0.1, 0.2, -0.1};
static const double LG_V = 0.8, LG_C[LG_WIDTH] = {0.4, -0.3}, LG_D[LG_WIDTH] = {0.6, 1.3};

/* The prior of h0 with h1 integrated out: mean and variance of each component. */
static inline double lg_prior_mean(const Vae *vae, int j)
{
    return vae->layers == 2 ? LG_C[j] : 0;
}

static inline double lg_prior_var(const Vae *vae, int j)
{
    return vae->layers == 2 ? LG_D[j] + (j == 0 ? LG_V * LG_V : 0) : 1;
}

/* The posterior of h0: variance and mean of each component. */
static inline double lg_posterior_var(const Vae *vae, int j)
{
    double precision = 1 / lg_prior_var(vae, j);
    for (int d = 0; d < LG_DIMS; d++)
        precision += LG_W[j][d] * LG_W[j][d] / LG_S[d];
    return 1 / precision;
}

static inline double lg_posterior_mean(const Vae *vae, const real *x, int j)
{
    double pull = lg_prior_mean(vae, j) / lg_prior_var(vae, j);
    for (int d = 0; d < LG_DIMS; d++)
        pull += LG_W[j][d] * ((double)x[d] - LG_B[d]) / LG_S[d];
    return pull * lg_posterior_var(vae, j);
}

/* The posterior of h1 given h0: mean slope (h0[0] - c[0]), and its variance. */
static inline double lg_top_var(void)
{
    return 1 / (1 + LG_V * LG_V / LG_D[0]);
}

static inline double lg_top_slope(void)
{
    return LG_V / LG_D[0] * lg_top_var();
}

static inline void lg_constant(Linear *linear, const double *bias)
{
    memset(linear->weight->value, 0, linear->weight->size * sizeof(real));
    for (size_t i = 0; i < linear->bias->size; i++)
        linear->bias->value[i] = (real)log(bias[i]);
}

static inline void lg_set_decoder(Vae *vae)
{
    for (int j = 0; j < LG_WIDTH; j++)
        for (int d = 0; d < LG_DIMS; d++)
            vae->out.weight->value[j * LG_DIMS + d] = (real)LG_W[j][d];
    for (int d = 0; d < LG_DIMS; d++) {
        vae->out.bias->value[d] = (real)LG_B[d];
        vae->center->value[d] = (real)LG_CENTER[d];
    }
    lg_constant(&vae->scale, LG_S);
    if (vae->layers == 1)
        return;
    vae->prior.mean.weight->value[0] = (real)LG_V;
    vae->prior.mean.weight->value[1] = 0;
    for (int j = 0; j < LG_WIDTH; j++)
        vae->prior.mean.bias->value[j] = (real)LG_C[j];
    lg_constant(&vae->prior.logvar, LG_D);
}

static inline void lg_set_encoder(Vae *vae)
{
    double var[LG_WIDTH], top_var = lg_top_var(), slope = lg_top_slope();
    const real center[LG_DIMS] = {(real)LG_CENTER[0], (real)LG_CENTER[1], (real)LG_CENTER[2]};
    for (int j = 0; j < LG_WIDTH; j++) {
        var[j] = lg_posterior_var(vae, j);
        vae->encoder[0].mean.bias->value[j] = (real)lg_posterior_mean(vae, center, j);
        for (int d = 0; d < LG_DIMS; d++)
            vae->encoder[0].mean.weight->value[d * LG_WIDTH + j] =
                (real)(LG_W[j][d] / LG_S[d] * var[j]);
    }
    lg_constant(&vae->encoder[0].logvar, var);
    if (vae->layers == 1)
        return;
    vae->encoder[1].mean.weight->value[0] = (real)slope;
    vae->encoder[1].mean.weight->value[1] = 0;
    vae->encoder[1].mean.bias->value[0] = (real)(-slope * LG_C[0]);
    lg_constant(&vae->encoder[1].logvar, &top_var);
}

/* The encoder is the exact posterior. */
static inline Vae lg_vae(int layers)
{
    SmallVae s = {DATA_POINTS, LG_DIMS, 0, layers, {LG_WIDTH, 1}, 0};
    Vae vae = small_vae(s, 1);
    lg_set_decoder(&vae);
    lg_set_encoder(&vae);
    return vae;
}

/* Moves every weight of the encoder, by uneven amounts, away from the posterior. */
static inline void lg_spoil_encoder(Vae *vae)
{
    Rng rng = rng_stream(5, "spoil");
    Params *params = vae->model.part[0].params;
    for (int i = 0; i < params->count; i++)
        for (size_t j = 0; small_in_encoder(params->tensor[i]->name) && j < params->tensor[i]->size;
             j++)
            params->tensor[i]->value[j] += (real)(0.25 * rng_normal_one(&rng));
    params_touch(params);
}

/* log N(x; b + m W, W' S W + diag(s)), by the Cholesky factor. */
static inline double lg_log_p(const Vae *vae, const real *x)
{
    double c[LG_DIMS * LG_DIMS], r[LG_DIMS], log_p = -0.5 * LG_DIMS * log(2 * M_PI);
    for (int a = 0; a < LG_DIMS; a++) {
        r[a] = (double)x[a] - LG_B[a];
        for (int b = 0; b < LG_DIMS; b++) {
            c[a * LG_DIMS + b] = a == b ? LG_S[a] : 0;
            for (int j = 0; j < LG_WIDTH; j++)
                c[a * LG_DIMS + b] += LG_W[j][a] * lg_prior_var(vae, j) * LG_W[j][b];
        }
        for (int j = 0; j < LG_WIDTH; j++)
            r[a] -= lg_prior_mean(vae, j) * LG_W[j][a];
    }
    gsl_matrix_view factor = gsl_matrix_view_array(c, LG_DIMS, LG_DIMS);
    gsl_linalg_cholesky_decomp1(&factor.matrix);
    for (int a = 0; a < LG_DIMS; a++) { /* solve L y = r; -y'y / 2 - sum log L_aa */
        for (int b = 0; b < a; b++)
            r[a] -= c[a * LG_DIMS + b] * r[b];
        r[a] /= c[a * LG_DIMS + a];
        log_p -= 0.5 * r[a] * r[a] + log(c[a * LG_DIMS + a]);
    }
    return log_p;
}

static inline double lg_kl(double square, double q_var, double p_var)
{
    return 0.5 * ((q_var + square) / p_var - 1 + log(p_var / q_var));
}

/* KL(q(h|x) || p(h|x)) of an encoder whose log variances do not depend on its input:
 * KL of h0, and with two layers the mean over q(h0|x) of the KL of h1 given h0. */
static inline double lg_kl_to_posterior(const Vae *vae, const real *x)
{
    double kl = 0, mean[LG_WIDTH], var[LG_WIDTH];
    const GaussianNet *net = &vae->encoder[0];
    for (int j = 0; j < LG_WIDTH; j++) {
        mean[j] = (double)net->mean.bias->value[j];
        var[j] = exp((double)net->logvar.bias->value[j]);
        for (int d = 0; d < LG_DIMS; d++)
            mean[j] +=
                ((double)x[d] - LG_CENTER[d]) * (double)net->mean.weight->value[d * LG_WIDTH + j];
        double gap = mean[j] - lg_posterior_mean(vae, x, j);
        kl += lg_kl(gap * gap, var[j], lg_posterior_var(vae, j));
    }
    if (vae->layers == 1)
        return kl;
    const GaussianNet *top = &vae->encoder[1];
    double slope[LG_WIDTH] = {(double)top->mean.weight->value[0] - lg_top_slope(),
                              (double)top->mean.weight->value[1]};
    double at = (double)top->mean.bias->value[0] + lg_top_slope() * LG_C[0], spread = 0;
    for (int j = 0; j < LG_WIDTH; j++) {
        at += slope[j] * mean[j];
        spread += slope[j] * slope[j] * var[j];
    }
    return kl + lg_kl(at * at + spread, exp((double)top->logvar.bias->value[0]), lg_top_var());
}

/* Constant log variances: spoiling must not make them depend on the input where closed forms are
 * wanted. */
static inline void lg_keep_variances_constant(Vae *vae)
{
    for (int i = 0; i < vae->layers; i++) {
        Tensor *weight = vae->encoder[i].logvar.weight;
        memset(weight->value, 0, weight->size * sizeof(real));
    }
}

#endif
