/* Helmholtz machines small enough to be enumerated, made without the command line, and all their
 * states as rows. */
#ifndef CHAPTERS_SMALL_HELMHOLTZ_H
#define CHAPTERS_SMALL_HELMHOLTZ_H

#include "01-helmholtz/helmholtz.h"

#include "tensor/tape.h"

#include <stdio.h>

/* Weights and biases from N(0, 1), so that nothing is small by chance; in_order: q has lateral
 * weights and reads five features of x. Free with small_free. */
static inline Helmholtz small_helmholtz_of(int dims, int layers, const int *width, uint64_t seed,
                                           bool in_order)
{
    Helmholtz machine = {.dims = dims, .layers = layers, .k = 1};
    Params *p = params_create(), *q = params_create();
    Rng rng = rng_stream(seed, "weights");
    int below = dims;
    machine.model.family = &helmholtz_family;
    machine.top = params_weight(p, "top", 2, (int[]){1, width[layers - 1]});
    machine.baseline = params_buffer(q, "baseline", 1, (int[]){2});
    machine.baseline->value[1] = 1;
    for (int l = 0; l < layers; l++) {
        char down[32], up[32];
        snprintf(down, sizeof down, "generative.%d", l);
        snprintf(up, sizeof up, "recognition.%d", l);
        machine.width[l] = width[l];
        machine.generative[l] = linear_create(p, down, width[l], below, ACTIVATION_NONE, &rng);
        int in = below;
        if (l == 0 && in_order) {
            in = 5;
            machine.features = linear_create(q, "features", below, in, ACTIVATION_TANH, &rng);
        }
        machine.recognition[l] = linear_create(q, up, in, width[l], ACTIVATION_NONE, &rng);
        snprintf(up, sizeof up, "lateral.%d", l);
        if (in_order)
            machine.lateral[l] = masked_lateral_create(q, up, width[l]);
        below = width[l];
    }
    Params *both[2] = {p, q};
    for (int b = 0; b < 2; b++)
        for (int i = 0; i < both[b]->count; i++)
            if (both[b]->trained[i])
                rng_normal(&rng, both[b]->tensor[i]->value, both[b]->tensor[i]->size);
    for (int l = 0; in_order && l < layers; l++)
        for (size_t i = 0; i < machine.lateral[l].linear.weight->size; i++)
            machine.lateral[l].linear.weight->value[i] *= machine.lateral[l].mask[i];
    model_add_part(&machine.model, "generative", p, optimizer_adam(), 0);
    model_add_part(&machine.model, "recognition", q, optimizer_adam(), 0);
    return machine;
}

static inline void small_free(Helmholtz *machine)
{
    for (int l = 0; l < machine->layers; l++)
        masked_free(&machine->lateral[l]);
    model_free_parts(&machine->model);
}

/* Of independent units: free with model_free_parts. */
static inline Helmholtz small_helmholtz(int dims, int layers, const int *width, uint64_t seed)
{
    return small_helmholtz_of(dims, layers, width, seed, false);
}

static inline void small_bind(const Helmholtz *machine, Tape *tape)
{
    tape_reset(tape);
    params_bind(machine->model.part[PART_GENERATIVE].params, tape);
    params_bind(machine->model.part[PART_RECOGNITION].params, tape);
}

static inline int small_hidden_units(const Helmholtz *machine)
{
    int units = 0;
    for (int l = 0; l < machine->layers; l++)
        units += machine->width[l];
    return units;
}

/* Every hidden state beside the one row x: k = all of them. */
static inline States small_all_hidden(const Helmholtz *machine, Tensor *x)
{
    int all = 1 << small_hidden_units(machine), shift = 0;
    States states = {.layer = {x}, .k = all};
    for (int l = 0; l < machine->layers; l++) {
        Tensor *h = tensor_new_matrix(x->tape, all, machine->width[l]);
        for (int s = 0; s < all; s++)
            for (int j = 0; j < machine->width[l]; j++)
                h->value[s * machine->width[l] + j] = (real)(s >> (shift + j) & 1);
        states.layer[l + 1] = h;
        shift += machine->width[l];
    }
    return states;
}

/* x number s [1, dims]. */
static inline Tensor *small_x(const Helmholtz *machine, Tape *tape, int s)
{
    Tensor *x = tensor_new_matrix(tape, 1, machine->dims);
    for (int i = 0; i < machine->dims; i++)
        x->value[i] = (real)(s >> i & 1);
    return x;
}

/* Gradients of the recognition (or generative) weights of the step so far, in the order of
 * exact_recognition_numbers. */
static inline void small_gradient(const Linear *linear, int layers, double *gradient)
{
    for (int l = 0; l < layers; l++) {
        const Tensor *part[2] = {linear[l].weight, linear[l].bias};
        for (int i = 0; i < 2; i++)
            for (size_t j = 0; j < part[i]->size; j++)
                *gradient++ = part[i]->has_grad ? (double)part[i]->grad[j] : 0;
    }
}

#endif
