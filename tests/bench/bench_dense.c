/* Benchmark models of linear layers alone. */
#include "bench/bench_models.h"

#include "prob/bernoulli.h"
#include "prob/gaussian.h"
#include "prob/monotone.h"

#include <stdio.h>

/* ---------------------------------------------------------------- vae: 784-400-400-20, batch 128
 */

static void vae_create(BenchModel *model, Rng *rng)
{
    enum { PIXELS = 784, LATENT = 20 };
    const int hidden[2] = {400, 400};
    Params *p = model->params;
    model->net.vae.encoder = mlp_create(p, "encoder", PIXELS, hidden, 2, ACTIVATION_TANH, rng);
    model->net.vae.mean = linear_create(p, "mean", 400, LATENT, ACTIVATION_NONE, rng);
    model->net.vae.logvar = linear_create(p, "logvar", 400, LATENT, ACTIVATION_NONE, rng);
    model->net.vae.decoder = mlp_create(p, "decoder", LATENT, hidden, 2, ACTIVATION_TANH, rng);
    model->net.vae.out = linear_create(p, "out", 400, PIXELS, ACTIVATION_NONE, rng);
    model->multiply_adds = 2.0 * (PIXELS * 400 + 400 * 400) + 3.0 * LATENT * 400;
}

static Tensor *vae_loss(BenchModel *model, Tensor *x, Rng *noise)
{
    for (size_t i = 0; i < x->size; i++)
        x->value[i] = x->value[i] > 0 ? 1 : 0;
    Tensor *h = mlp_forward(&model->net.vae.encoder, x);
    Gaussian q = {linear_forward(&model->net.vae.mean, h),
                  linear_forward(&model->net.vae.logvar, h)};
    Tensor *z = gaussian_sample(q, noise);
    Tensor *logits = linear_forward(&model->net.vae.out, mlp_forward(&model->net.vae.decoder, z));
    Tensor *elbo = tensor_sub(bernoulli_log_prob(x, logits), gaussian_kl_to_standard(q));
    return tensor_neg(tensor_mean(elbo));
}

BenchModel bench_vae = {
    .name = "vae", .batch = 128, .dims = 784, .create = vae_create, .loss = vae_loss};

/* ---------------------------------------------------------------- flow-2d: 8 affine couplings,
 * 64-64, batch 256; flow-mnist: the same of 784 numbers, 512-512, batch 128 */

enum { COUPLINGS = 8 };

static void flow_create(BenchModel *model, int width, Rng *rng)
{
    const int hidden[2] = {width, width}, half = model->dims / 2;
    char name[32];
    for (int i = 0; i < COUPLINGS; i++) {
        snprintf(name, sizeof name, "coupling%d", i);
        model->net.flow.hidden[i] =
            mlp_create(model->params, name, half, hidden, 2, ACTIVATION_RELU, rng);
        snprintf(name, sizeof name, "coupling%d.out", i);
        model->net.flow.out[i] =
            linear_create(model->params, name, width, 2 * half, ACTIVATION_NONE, rng);
    }
    model->multiply_adds = COUPLINGS * ((double)width * width + 3.0 * half * width);
}

static void flow_2d_create(BenchModel *model, Rng *rng)
{
    flow_create(model, 64, rng);
}

static void flow_mnist_create(BenchModel *model, Rng *rng)
{
    flow_create(model, 512, rng);
}

/* y_b = x_b exp(s(x_a)) + t(x_a), s = tanh, log|det| = sum of s; the halves take turns. */
static Tensor *flow_loss(BenchModel *model, Tensor *x, Rng *noise)
{
    (void)noise;
    const Monotone affine = {MONOTONE_AFFINE, 0, 1};
    int d = model->dims / 2;
    Tensor *half[2] = {tensor_slice(x, 1, 0, d), tensor_slice(x, 1, d, 2 * d)};
    Tensor *log_det = NULL;
    for (int i = 0; i < COUPLINGS; i++) {
        int a = i % 2, b = 1 - a;
        Tensor *raw = linear_forward(&model->net.flow.out[i],
                                     mlp_forward(&model->net.flow.hidden[i], half[a]));
        Tensor *y = monotone_forward(&affine, half[b], raw);
        Tensor *one = tensor_slice(y, 1, d, d + 1);
        half[b] = tensor_slice(y, 1, 0, d);
        log_det = log_det == NULL ? one : tensor_add(log_det, one);
    }
    Tensor *log_p = gaussian_log_prob_standard(tensor_concat(half, 2, 1));
    return tensor_neg(tensor_mean(tensor_add(log_p, log_det)));
}

BenchModel bench_flow = {
    .name = "flow-2d", .batch = 256, .dims = 2, .create = flow_2d_create, .loss = flow_loss};

BenchModel bench_flow_mnist = {.name = "flow-mnist",
                               .batch = 128,
                               .dims = 784,
                               .create = flow_mnist_create,
                               .loss = flow_loss};
