#include "05-gan/gan_network.h"

#include "support/fail.h"
#include "support/memory.h"

#include <stdlib.h>

static bool is_image(const GanShape *shape)
{
    return shape->height > 1 || shape->width > 1;
}

static int numbers_of(const GanShape *shape)
{
    return shape->height * shape->width * shape->channels;
}

/* ---------------------------------------------------------------- the generator */

static void create_image_generator(Generator *g, Params *params, int in, Rng *rng)
{
    const GanShape *s = &g->shape;
    int last = s->levels - 1, cell = 1 << last;
    int positions = (s->height / cell) * (s->width / cell);
    g->in =
        linear_create(params, "generator.in", in, positions * s->level[last], ACTIVATION_NONE, rng);
    for (int i = last; i >= 0; i--) {
        char *norm = memory_format("generator.norm%d", i), *conv;
        conv = memory_format("generator.conv%d", i);
        g->norm[i] = group_norm_create(params, norm, s->level[i], GAN_GROUPS);
        g->conv[i] =
            conv2d_create(params, conv, 3, s->level[i], i > 0 ? s->level[i - 1] : s->channels, 1,
                          i > 0 ? ACTIVATION_NONE : ACTIVATION_TANH, rng);
        free(norm);
        free(conv);
    }
}

Generator generator_create(Params *params, const GanShape *shape, Rng *rng)
{
    Generator g = {.shape = *shape};
    int in = shape->latent + (shape->classes > 0 ? shape->latent : 0);
    if (shape->classes > 0)
        g.class = embedding_create(params, "generator.class", shape->classes, shape->latent, rng);
    if (is_image(shape)) {
        create_image_generator(&g, params, in, rng);
        return g;
    }
    g.hidden =
        mlp_create(params, "generator", in, shape->hidden, shape->layers, ACTIVATION_RELU, rng);
    g.out = linear_create(params, "generator.out", mlp_width(in, shape->hidden, shape->layers),
                          shape->channels, shape->bounded ? ACTIVATION_TANH : ACTIVATION_NONE, rng);
    return g;
}

Tensor *generator_forward(const Generator *g, Tensor *z, const int *label)
{
    const GanShape *s = &g->shape;
    int n = tensor_rows(z), last = s->levels - 1;
    if (s->classes > 0)
        z = tensor_concat((Tensor *[]){z, embedding_forward(&g->class, label, n)}, 2, 1);
    if (!is_image(s))
        return linear_forward(&g->out, mlp_forward(&g->hidden, z));
    Tensor *h = tensor_reshape(linear_forward(&g->in, z), 4,
                               (int[]){n, s->height >> last, s->width >> last, s->level[last]});
    for (int i = last; i >= 0; i--) {
        h = tensor_relu(group_norm_forward(&g->norm[i], h));
        h = conv2d_forward(&g->conv[i], i > 0 ? tensor_upsample(h, 2) : h);
    }
    return tensor_reshape(h, 2, (int[]){n, numbers_of(s)});
}

/* ---------------------------------------------------------------- the discriminator */

static void add_spectral(Discriminator *d, Params *params, const char *name, Tensor *weight,
                         Rng *rng)
{
    if (d->shape.spectral)
        d->spectral[d->spectrals++] = spectral_create(params, name, weight, rng);
}

static int create_convolutions(Discriminator *d, Params *params, Rng *rng)
{
    const GanShape *s = &d->shape;
    int in = s->channels * s->pack, rows = s->height, columns = s->width;
    for (int i = 0; i < s->levels; i++) {
        char *name = memory_format("discriminator.conv%d", i);
        d->conv[i] = conv2d_create(params, name, 3, in, s->level[i], 2, ACTIVATION_LEAKY_RELU, rng);
        add_spectral(d, params, name, d->conv[i].weight, rng);
        in = s->level[i];
        rows = (rows + 1) / 2;
        columns = (columns + 1) / 2;
        free(name);
    }
    return rows * columns * in;
}

Discriminator discriminator_create(Params *params, const GanShape *shape, Rng *rng)
{
    Discriminator d = {.shape = *shape};
    int features;
    if (is_image(shape)) {
        features = create_convolutions(&d, params, rng);
    } else {
        int in = shape->channels * shape->pack;
        d.hidden = mlp_create(params, "discriminator", in, shape->hidden, shape->layers,
                              ACTIVATION_LEAKY_RELU, rng);
        for (int i = 0; i < d.hidden.layers; i++) {
            char *name = memory_format("discriminator.%d", i);
            add_spectral(&d, params, name, d.hidden.layer[i].weight, rng);
            free(name);
        }
        features = mlp_width(in, shape->hidden, shape->layers);
    }
    d.out = linear_create(params, "discriminator.out", features, 1, ACTIVATION_NONE, rng);
    add_spectral(&d, params, "discriminator.out", d.out.weight, rng);
    if (shape->classes > 0)
        d.class = embedding_create(params, "discriminator.class", shape->classes, features, rng);
    return d;
}

/* The weight of layer i as it is used. */
static Tensor *weight_of(const Discriminator *d, int i, Tensor *weight)
{
    return d->spectrals > 0 ? spectral_weight(&d->spectral[i]) : weight;
}

/* The images of a pack become the channels of one: [n, pack, h, w, c] -> [n, h, w, pack c]. */
static Tensor *packed_images(const GanShape *s, Tensor *x, int packs)
{
    if (s->pack == 1)
        return tensor_reshape(x, 4, (int[]){packs, s->height, s->width, s->channels});
    Tensor *h = tensor_reshape(x, 5, (int[]){packs, s->pack, s->height, s->width, s->channels});
    h = tensor_permute(h, (int[]){0, 2, 3, 1, 4});
    return tensor_reshape(h, 4, (int[]){packs, s->height, s->width, s->pack * s->channels});
}

static Tensor *features_of(const Discriminator *d, Tensor *x, int packs)
{
    const GanShape *s = &d->shape;
    if (!is_image(s)) {
        Tensor *h = tensor_reshape(x, 2, (int[]){packs, s->pack * s->channels});
        for (int i = 0; i < d->hidden.layers; i++) {
            const Linear *layer = &d->hidden.layer[i];
            h = tensor_linear(h, weight_of(d, i, layer->weight), layer->bias, layer->activation);
        }
        return h;
    }
    Tensor *h = packed_images(s, x, packs);
    for (int i = 0; i < s->levels; i++) {
        const Conv2d *conv = &d->conv[i];
        h = tensor_conv2d(h, weight_of(d, i, conv->weight), conv->bias, conv->stride, conv->padding,
                          conv->activation);
    }
    return tensor_reshape(h, 2, (int[]){packs, -1});
}

Tensor *discriminator_forward(const Discriminator *d, Tensor *x, const int *label)
{
    const GanShape *s = &d->shape;
    int n = tensor_rows(x), packs = n / s->pack;
    if (n % s->pack != 0)
        fail("discriminator: %d examples in packs of %d; the pack divides them", n, s->pack);
    Tensor *h = features_of(d, x, packs);
    int last = is_image(s) ? s->levels : d->hidden.layers;
    Tensor *logit =
        tensor_linear(h, weight_of(d, last, d->out.weight), d->out.bias, ACTIVATION_NONE);
    if (s->classes == 0)
        return logit;
    Tensor *v = embedding_forward(&d->class, label, packs);
    return tensor_add(logit, tensor_sum_axis(tensor_mul(h, v), 1));
}

void discriminator_iterate(const Discriminator *d)
{
    for (int i = 0; i < d->spectrals; i++)
        spectral_iterate(&d->spectral[i], 1);
}
