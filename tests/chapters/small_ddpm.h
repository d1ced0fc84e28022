/* Diffusion models small enough to be checked number by number, made without the command line. */
#ifndef CHAPTERS_SMALL_DDPM_H
#define CHAPTERS_SMALL_DDPM_H

#include "04-ddpm/ddpm.h"

#include "tensor/tape.h"

typedef struct SmallDdpm {
    PredictionKind prediction;
    NoiseKind noise;
    int steps;           /* of the schedule                    */
    int dims;            /* 2 where 0                          */
    int levels, classes; /* 0: points; unconditional           */
    int width, blocks;   /* of the network; 16 and 1 where 0   */
} SmallDdpm;

/* Points in network units as they are, images by their levels. Free with small_ddpm_free. */
static inline void small_ddpm(Ddpm *ddpm, SmallDdpm s, uint64_t seed)
{
    Params *params = params_create();
    Rng rng = rng_stream(seed, "weights");
    int dims = s.dims > 0 ? s.dims : 2;
    *ddpm = (Ddpm){.kind = s.levels > 0 ? DATA_GREY : DATA_POINTS,
                   .dims = dims,
                   .levels = s.levels,
                   .classes = s.classes,
                   .prediction = s.prediction};
    ddpm->model.family = &ddpm_family;
    ddpm->schedule = noise_schedule_create(s.noise, s.steps);
    ddpm->center = params_buffer(params, "center", 2, (int[]){1, dims});
    ddpm->scale = params_buffer(params, "scale", 2, (int[]){1, dims});
    for (int d = 0; d < dims; d++) {
        ddpm->center->value[d] = (real)(s.levels > 0 ? 0.5 * (s.levels - 1) : 0);
        ddpm->scale->value[d] = (real)(s.levels > 0 ? 0.5 * (s.levels - 1) : 1);
    }
    ddpm->net = denoiser_create_mlp(params, "net", dims, s.width > 0 ? s.width : 16,
                                    s.blocks > 0 ? s.blocks : 1, s.classes, &rng);
    model_add_part(&ddpm->model, "ddpm", params, optimizer_adam(), 0);
}

/* Adds N(0, sd^2) to every weight, so that nothing is zero. */
static inline void small_shake(Ddpm *ddpm, double sd, uint64_t seed)
{
    Params *params = ddpm->model.part[0].params;
    Rng rng = rng_stream(seed, "shake");
    for (int i = 0; i < params->count; i++)
        for (size_t j = 0; params->trained[i] && j < params->tensor[i]->size; j++)
            params->tensor[i]->value[j] += (real)(sd * rng_normal_one(&rng));
    params_touch(params);
}

/* Makes a network of random weights gentle: takes the fastest time features away, which would shake
 * the field a hundred times over the process, and slows the features of x, so that a grid can hold
 * them. */
static inline void small_calm(Ddpm *ddpm)
{
    Tensor *weight = ddpm->net.embedding.first.weight;
    for (int j = 0; j < TIME_FEATURES; j++)
        for (int c = 0; j % (TIME_FEATURES / 2) < 16 && c < weight->shape[1]; c++)
            weight->value[j * weight->shape[1] + c] = 0;
    for (size_t j = 0; j < ddpm->net.mlp.in.weight->size; j++)
        ddpm->net.mlp.in.weight->value[j] *= (real)0.3;
    params_touch(ddpm->model.part[0].params);
}

static inline void small_ddpm_free(Ddpm *ddpm)
{
    noise_schedule_free(ddpm->schedule);
    model_free_parts(&ddpm->model);
}

#endif
