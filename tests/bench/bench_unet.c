/* Denoising U-Nets at three sizes, each with the simplified loss of DDPM: noise at a random time,
 * the network guesses it. */
#include "bench/bench_models.h"

#include "04-ddpm/denoiser.h"
#include "prob/gaussian.h"

#include <math.h>

enum { TIMES = 1000 };

/* Multiply-adds of convolutions and linear layers over positions, as in the peers' count. */
static double block_adds(int in, int out, int embedding, double positions)
{
    double convs = 9.0 * (in * out + out * out) * positions;
    return convs + (in != out ? in * out * positions : 0) + (double)embedding * out;
}

static double unet_adds(const UNetShape *s, int height, int width)
{
    int last = s->levels - 1, c = s->width[0], folded = s->channels * s->fold * s->fold;
    double positions = (double)(height / s->fold) * (width / s->fold), adds = 0;
    double emb = s->embedding;
    adds += c * emb + emb * emb + 9.0 * (folded * c + c * folded) * positions;
    for (int i = 0; i <= last; i++) {
        double here = positions / pow(4, i);
        adds += block_adds(c, s->width[i], s->embedding, here);
        adds += block_adds((i < last ? s->width[i + 1] : s->width[i]) + s->width[i], s->width[i],
                           s->embedding, here);
        c = s->width[i];
        if (i < last)
            adds += 9.0 * c * c * here / 4 + 9.0 * s->width[i + 1] * s->width[i + 1] * here;
    }
    double bottom = positions / pow(4, last);
    return adds + 2 * block_adds(c, c, s->embedding, bottom) + 4.0 * c * c * bottom;
}

static void create(BenchModel *model, Rng *rng, UNetShape shape, int height, int width)
{
    model->net.denoiser = denoiser_create_unet(model->params, "unet", height, width, shape, 0, rng);
    model->multiply_adds = unet_adds(&shape, height, width);
}

static void ddpm_create(BenchModel *model, Rng *rng)
{
    create(model, rng, (UNetShape){2, 1, 2, {48, 96}, 192, 0}, 28, 28);
}

static void ddpm28_create(BenchModel *model, Rng *rng)
{
    create(model, rng, (UNetShape){1, 1, 3, {32, 64, 64}, 128, 0}, 28, 28);
}

static void latent_create(BenchModel *model, Rng *rng)
{
    create(model, rng, (UNetShape){1, 4, 2, {64, 128}, 256, 0}, 8, 8);
}

/* |eps - eps(sqrt(a) x + sqrt(1 - a) eps, t)|^2, the mean over batch and pixels. */
static Tensor *loss(BenchModel *model, Tensor *x, Rng *noise)
{
    int n = model->batch;
    size_t dims = (size_t)model->dims;
    Tensor *eps = gaussian_noise(x->tape, 2, x->shape, noise), *mixed = tensor_like(eps);
    Tensor *position = tensor_new_matrix(x->tape, n, 1);
    for (int i = 0; i < n; i++) {
        int t = (int)rng_below(noise, TIMES);
        double log_keep = 0; /* of alpha-bar under the linear schedule */
        for (int s = 0; s <= t; s++)
            log_keep += log1p(-(1e-4 + (0.02 - 1e-4) * s / (TIMES - 1)));
        position->value[i] = (real)t;
        real signal = (real)exp(0.5 * log_keep), spread = (real)sqrt(-expm1(log_keep));
        for (size_t j = (size_t)i * dims; j < (size_t)(i + 1) * dims; j++)
            mixed->value[j] = signal * x->value[j] + spread * eps->value[j];
    }
    Tensor *guess = denoiser_forward(&model->net.denoiser, mixed, position, NULL);
    return tensor_mean(tensor_square(tensor_sub(guess, eps)));
}

BenchModel bench_ddpm = {
    .name = "ddpm", .batch = 64, .dims = 784, .create = ddpm_create, .loss = loss};
BenchModel bench_ddpm28 = {
    .name = "ddpm-28", .batch = 64, .dims = 784, .create = ddpm28_create, .loss = loss};
BenchModel bench_latent = {
    .name = "latent-ddpm", .batch = 64, .dims = 256, .create = latent_create, .loss = loss};
