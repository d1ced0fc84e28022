/* GANs made as the command line makes them, without a run's folder. */
#ifndef CHAPTERS_SMALL_GAN_H
#define CHAPTERS_SMALL_GAN_H

#include "05-gan/gan.h"
#include "train/run_child.h"

typedef struct SmallGan {
    Gan *gan;
    Dataset *data;
    Options *options;
    Tape *tape;
} SmallGan;

static inline SmallGan small_gan(const char *data, const char *words)
{
    SmallGan g = {.data = dataset_load(data), .tape = tape_create(kernels_best())};
    g.options = run_parse_of(&gan_family, "unused", words);
    gan_family.defaults(g.options, g.data);
    g.gan = (Gan *)gan_family.create(g.options, g.data, 1);
    model_bind(&g.gan->model, g.tape);
    return g;
}

static inline void small_gan_free(SmallGan *g)
{
    gan_family.destroy(&g->gan->model);
    options_free(g->options);
    tape_free(g->tape);
    dataset_free(g->data);
}

/* Forgets the tape and binds the weights to it anew. */
static inline void small_gan_begin(SmallGan *g)
{
    tape_reset(g->tape);
    model_bind(&g->gan->model, g->tape);
}

/* n training examples, as a step gets them. */
static inline Tensor *small_gan_batch(SmallGan *g, int n, int *label)
{
    Rng rng = rng_stream(6, "small gan");
    Tensor *x = tensor_new_matrix(g->tape, n, g->data->dims);
    dataset_fetch_range(g->data, SPLIT_TRAIN, 0, (size_t)n, &rng, x->value, label, NULL);
    return x;
}

#endif
