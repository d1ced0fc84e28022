/* The game: what each side minimises, and the penalties on the discriminator's slope. */
#include "05-gan/gan.h"

#include "prob/gaussian.h"

#include <math.h>

/* ---------------------------------------------------------------- data and noise */

Tensor *gan_to_network(const Gan *gan, Tensor *x)
{
    return tensor_div(tensor_sub(x, gan->center), gan->scale);
}

void gan_to_data(const Gan *gan, const Tensor *x, real *out)
{
    size_t dims = (size_t)gan->dims;
    for (size_t i = 0; i < x->size; i++) {
        real value = gan->scale->value[i % dims] * x->value[i] + gan->center->value[i % dims];
        if (gan->kind != DATA_POINTS)
            value = (real)fmin(fmax(rint((double)value), 0), gan->levels - 1);
        out[i] = value;
    }
}

/* -1 or 1, whichever is nearer; the gradient is that of x itself. */
static Tensor *round_straight_through(Tensor *x)
{
    Tensor *change = tensor_like(x);
    for (size_t i = 0; i < x->size; i++)
        change->value[i] = (real)(x->value[i] >= 0 ? 1 : -1) - x->value[i];
    return tensor_add(x, change);
}

Tensor *gan_generate(const Gan *gan, Tape *tape, Rng *noise, int n, const int *label)
{
    Tensor *z = gaussian_noise(tape, 2, (int[]){n, gan->generator.shape.latent}, noise);
    Tensor *x = generator_forward(&gan->generator, z, label);
    return gan->kind == DATA_BINARY && gan->bits == BITS_HARD ? round_straight_through(x) : x;
}

/* ---------------------------------------------------------------- the losses */

Tensor *gan_discriminator_loss(GanLoss loss, Tensor *real_logit, Tensor *fake_logit)
{
    switch (loss) {
    case GAN_WASSERSTEIN:
        return tensor_sub(tensor_mean(fake_logit), tensor_mean(real_logit));
    case GAN_HINGE:
        return tensor_add(tensor_mean(tensor_relu(tensor_shift(tensor_neg(real_logit), 1))),
                          tensor_mean(tensor_relu(tensor_shift(fake_logit, 1))));
    case GAN_RELATIVISTIC:
        return tensor_mean(tensor_softplus(tensor_sub(fake_logit, real_logit)));
    case GAN_NON_SATURATING:
    case GAN_MINIMAX:
        break;
    }
    return tensor_add(tensor_mean(tensor_softplus(tensor_neg(real_logit))),
                      tensor_mean(tensor_softplus(fake_logit)));
}

Tensor *gan_generator_loss(GanLoss loss, Tensor *real_logit, Tensor *fake_logit)
{
    switch (loss) {
    case GAN_MINIMAX:
        return tensor_neg(tensor_mean(tensor_softplus(fake_logit)));
    case GAN_WASSERSTEIN:
    case GAN_HINGE:
        return tensor_neg(tensor_mean(fake_logit));
    case GAN_RELATIVISTIC:
        return tensor_mean(tensor_softplus(tensor_sub(real_logit, fake_logit)));
    case GAN_NON_SATURATING:
        break;
    }
    return tensor_mean(tensor_softplus(tensor_neg(fake_logit)));
}

/* ---------------------------------------------------------------- the penalties */

Tensor *gan_between(const Tensor *x, const Tensor *y, int pack, Rng *noise)
{
    Tensor *between = tensor_like(x);
    size_t numbers = (size_t)pack * (size_t)tensor_columns(x), packs = x->size / numbers;
    for (size_t p = 0; p < packs; p++) {
        real epsilon = (real)rng_uniform_one(noise);
        for (size_t i = p * numbers; i < (p + 1) * numbers; i++)
            between->value[i] = epsilon * x->value[i] + (1 - epsilon) * y->value[i];
    }
    return tensor_watch(between);
}

/* f(|g|) = weight/2 (|g| - target)^2, the mean over the packs. */
static SlopePenalty penalty(Tensor *logit, Tensor *x, double weight, double target)
{
    SlopePenalty p = {0};
    Tensor *direction;
    size_t packs = logit->size, numbers = x->size / packs;
    tape_gradient(tensor_sum(logit), NULL, &x, 1, &direction);
    for (size_t k = 0; k < packs; k++) {
        real *g = direction->value + k * numbers;
        double squares = 0;
        for (size_t i = 0; i < numbers; i++)
            squares += (double)g[i] * (double)g[i];
        double slope = sqrt(squares), over = slope - target;
        double rise = slope > 0 ? weight * over / slope : 0; /* f'(|g|) / |g| */
        p.slope += slope / (double)packs;
        p.value += weight / 2 * over * over / (double)packs;
        for (size_t i = 0; i < numbers; i++)
            g[i] = (real)(rise * (double)g[i]);
    }
    p.surrogate = tensor_mean(tape_tangent(logit, x, direction));
    return p;
}

SlopePenalty gan_penalty_zero(Tensor *logit, Tensor *x, double weight)
{
    return penalty(logit, x, weight, 0);
}

SlopePenalty gan_penalty_one(Tensor *logit, Tensor *x, double weight)
{
    return penalty(logit, x, 2 * weight, 1);
}
