/* A DCGAN on 28 x 28: one step updates both networks; the non-saturating loss, the same generated
 * images in both halves of the step. */
#include "bench/bench_models.h"

#include "prob/gaussian.h"

enum { LATENT = 64, BATCH = 64 };

static const GanShape SHAPE = {.height = 28,
                               .width = 28,
                               .channels = 1,
                               .level = {32, 64, 128},
                               .levels = 3,
                               .latent = LATENT,
                               .pack = 1};

/* 64 -> 7x7x128, 14x14 128 -> 64, 28x28 64 -> 32 -> 1; 1 -> 32 -> 64 -> 128 of stride 2. */
static const double GENERATOR =
    LATENT * 49.0 * 128 + 9.0 * 196 * 128 * 64 + 9.0 * 784 * (64 * 32 + 32);
static const double DISCRIMINATOR = 9.0 * (196 * 32 + 49 * 32 * 64 + 16 * 64 * 128) + 16 * 128;

static OptimizerRule rule(void)
{
    OptimizerRule adam = optimizer_adam();
    adam.beta1 = 0.5;
    return adam;
}

/* In thirds of a forward and backward pass: the generator's whole; the discriminator's on data and
 * on samples, and, for the generator, without its own gradients. */
static void create(BenchModel *model, Rng *rng)
{
    model->net.gan.generator = generator_create(model->params, &SHAPE, rng);
    model->net.gan.params = params_create();
    model->net.gan.discriminator = discriminator_create(model->net.gan.params, &SHAPE, rng);
    model->net.gan.optimizer = optimizer_create(model->net.gan.params, rule());
    model->multiply_adds = GENERATOR + (3 + 3 + 2) * DISCRIMINATOR / 3;
}

static void destroy(BenchModel *model)
{
    optimizer_free(model->net.gan.optimizer);
    params_free(model->net.gan.params);
}

static void step(BenchModel *model, Tensor *x, Rng *noise)
{
    Params *judge = model->net.gan.params;
    const Discriminator *d = &model->net.gan.discriminator;
    params_bind(judge, x->tape);
    Tensor *z = gaussian_noise(x->tape, 2, (int[]){BATCH, LATENT}, noise);
    Tensor *y = generator_forward(&model->net.gan.generator, z, NULL);
    Tensor *real_logit = discriminator_forward(d, x, NULL);
    Tensor *fake_logit = discriminator_forward(d, tensor_detach(y), NULL);
    tape_backward(gan_discriminator_loss(GAN_NON_SATURATING, real_logit, fake_logit));
    optimizer_update(model->net.gan.optimizer, 2e-4);
    params_freeze(judge, true);
    fake_logit = discriminator_forward(d, y, NULL);
    tape_backward(gan_generator_loss(GAN_NON_SATURATING, real_logit, fake_logit));
    params_freeze(judge, false);
}

BenchModel bench_gan = {.name = "gan",
                        .batch = BATCH,
                        .dims = 784,
                        .create = create,
                        .destroy = destroy,
                        .gradient = step};
