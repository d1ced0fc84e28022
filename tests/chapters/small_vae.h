/* VAEs small enough to be checked number by number, made without the command line: any hidden
 * width, also none, so that every network is linear. */
#ifndef CHAPTERS_SMALL_VAE_H
#define CHAPTERS_SMALL_VAE_H

#include "02-vae/vae.h"

#include "tensor/tape.h"

typedef struct SmallVae {
    DataKind kind;
    int dims, levels;
    int layers, width[VAE_MOST_LAYERS];
    int hidden; /* tanh units of every network's one hidden layer; 0: none */
} SmallVae;

static inline GaussianNet small_net(Params *params, const char *name, int in, int hidden, int out,
                                    Rng *rng)
{
    char mean[64], logvar[64];
    GaussianNet net;
    int layers = hidden > 0 ? 1 : 0, width = mlp_width(in, &hidden, layers);
    snprintf(mean, sizeof mean, "%s.mean", name);
    snprintf(logvar, sizeof logvar, "%s.logvar", name);
    net.hidden = mlp_create(params, name, in, &hidden, layers, ACTIVATION_TANH, rng);
    net.mean = linear_create(params, mean, width, out, ACTIVATION_NONE, rng);
    net.logvar = linear_create(params, logvar, width, out, ACTIVATION_NONE, rng);
    return net;
}

/* Weights by Glorot's rule and uneven biases, so that nothing is zero by chance. Free with
 * model_free_parts. */
static inline Vae small_vae(SmallVae s, uint64_t seed)
{
    Vae vae = {.kind = s.kind, .dims = s.dims, .levels = s.levels, .layers = s.layers, .beta = 1};
    Params *params = params_create();
    Rng rng = rng_stream(seed, "weights");
    int layers = s.hidden > 0 ? 1 : 0, last = mlp_width(s.width[0], &s.hidden, layers);
    vae.width[0] = s.width[0];
    vae.width[1] = s.width[1];
    vae.center = params_buffer(params, "center", 2, (int[]){1, s.dims});
    vae.encoder[0] = small_net(params, "encoder", s.dims, s.hidden, s.width[0], &rng);
    if (s.layers == 2) {
        vae.encoder[1] = small_net(params, "encoder_top", s.width[0], s.hidden, s.width[1], &rng);
        vae.prior = small_net(params, "prior", s.width[1], s.hidden, s.width[0], &rng);
    }
    vae.decoder =
        mlp_create(params, "decoder", s.width[0], &s.hidden, layers, ACTIVATION_TANH, &rng);
    vae.out = linear_create(params, "decoder.out", last, s.dims, ACTIVATION_NONE, &rng);
    if (s.kind != DATA_BINARY)
        vae.scale = linear_create(params, "decoder.scale", last, s.dims, ACTIVATION_NONE, &rng);
    for (int i = 0; i < params->count; i++)
        for (size_t j = 0; params->tensor[i]->rank == 1 && j < params->tensor[i]->size; j++)
            params->tensor[i]->value[j] = (real)(0.3 * rng_normal_one(&rng));
    for (size_t j = 0; j < vae.center->size; j++)
        vae.center->value[j] = (real)(0.2 * rng_normal_one(&rng));
    vae.model.family = &vae_family;
    model_add_part(&vae.model, "vae", params, optimizer_adam(), 0);
    return vae;
}

/* n examples of the right kind. */
static inline Tensor *small_data(const Vae *vae, Tape *tape, int n, uint64_t seed)
{
    Tensor *x = tensor_name(tensor_new_matrix(tape, n, vae->dims), "x");
    Rng rng = rng_stream(seed, "data");
    for (size_t i = 0; i < x->size; i++) {
        if (vae->kind == DATA_POINTS)
            x->value[i] = (real)rng_normal_one(&rng);
        else
            x->value[i] = (real)rng_below(&rng, (uint64_t)vae->levels);
    }
    return x;
}

/* A fresh tape on which the weights take part. */
static inline void small_begin(const Vae *vae, Tape *tape)
{
    tape_reset(tape);
    params_bind(vae->model.part[0].params, tape);
}

/* Whether a weight belongs to q. */
static inline bool small_in_encoder(const char *name)
{
    return name[0] == 'e';
}

#endif
