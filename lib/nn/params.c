#include "nn/params.h"

#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

Params *params_create(void)
{
    return memory_new(1, sizeof(Params));
}

void params_free(Params *params)
{
    if (params == NULL)
        return;
    for (int i = 0; i < params->count; i++) {
        Tensor *weight = params->tensor[i];
        free((char *)weight->name);
        free(weight->value);
        free(weight->grad);
        free(weight);
    }
    free(params->tensor);
    free(params->trained);
    free(params);
}

static void make_room(Params *params)
{
    if (params->count < params->room)
        return;
    int room = params->room == 0 ? 16 : 2 * params->room;
    Tensor **tensor = memory_new((size_t)room, sizeof *tensor);
    bool *trained = memory_new((size_t)room, sizeof *trained);
    for (int i = 0; i < params->count; i++) {
        tensor[i] = params->tensor[i];
        trained[i] = params->trained[i];
    }
    free(params->tensor);
    free(params->trained);
    params->tensor = tensor;
    params->trained = trained;
    params->room = room;
}

static Tensor *add(Params *params, const char *name, int rank, const int *shape, bool trained)
{
    if (params_find(params, name) != NULL)
        fail("params: there are two weights named '%s'", name);
    if (rank < 1 || rank > TENSOR_MOST_DIMS)
        fail("params: '%s' would have %d dimensions; 1 to %d", name, rank, TENSOR_MOST_DIMS);
    make_room(params);
    Tensor *weight = memory_new(1, sizeof *weight);
    weight->name = memory_text(name);
    weight->rank = rank;
    weight->size = 1;
    for (int i = 0; i < rank; i++) {
        if (shape[i] < 1)
            fail("params: dimension %d of '%s' would be %d; at least 1", i, name, shape[i]);
        weight->shape[i] = shape[i];
        weight->size *= (size_t)shape[i];
    }
    weight->value = memory_new(weight->size, sizeof *weight->value);
    if (trained)
        weight->grad = memory_new(weight->size, sizeof *weight->grad);
    weight->needs_grad = trained;
    params->tensor[params->count] = weight;
    params->trained[params->count] = trained;
    params->count++;
    return weight;
}

Tensor *params_weight(Params *params, const char *name, int rank, const int *shape)
{
    return add(params, name, rank, shape, true);
}

Tensor *params_buffer(Params *params, const char *name, int rank, const int *shape)
{
    return add(params, name, rank, shape, false);
}

Tensor *params_weight_of(Params *params, const char *layer, const char *part, int rank,
                         const int *shape)
{
    char *name = memory_format("%s.%s", layer, part);
    Tensor *weight = params_weight(params, name, rank, shape);
    free(name);
    return weight;
}

Tensor *params_buffer_of(Params *params, const char *layer, const char *part, int rank,
                         const int *shape)
{
    char *name = memory_format("%s.%s", layer, part);
    Tensor *buffer = params_buffer(params, name, rank, shape);
    free(name);
    return buffer;
}

void params_bind(Params *params, Tape *tape)
{
    for (int i = 0; i < params->count; i++) {
        params->tensor[i]->tape = tape;
        params->tensor[i]->has_grad = false;
    }
}

void params_freeze(Params *params, bool frozen)
{
    params->frozen = frozen;
    for (int i = 0; i < params->count; i++)
        params->tensor[i]->needs_grad = params->trained[i] && !frozen;
}

Tensor *params_find(const Params *params, const char *name)
{
    for (int i = 0; i < params->count; i++)
        if (strcmp(params->tensor[i]->name, name) == 0)
            return params->tensor[i];
    return NULL;
}

size_t params_numbers(const Params *params)
{
    size_t numbers = 0;
    for (int i = 0; i < params->count; i++)
        numbers += params->trained[i] ? params->tensor[i]->size : 0;
    return numbers;
}

double params_grad_norm(const Params *params)
{
    double squares = 0;
    for (int i = 0; i < params->count; i++) {
        const Tensor *weight = params->tensor[i];
        if (!weight->has_grad)
            continue;
        double sum = 0;
#pragma omp simd reduction(+ : sum)
        for (size_t j = 0; j < weight->size; j++)
            sum += (double)weight->grad[j] * (double)weight->grad[j];
        squares += sum;
    }
    return sqrt(squares);
}

double params_clip_grad(Params *params, double most)
{
    double norm = params_grad_norm(params);
    if (!(norm > most))
        return norm;
    real factor = (real)(most / norm);
    for (int i = 0; i < params->count; i++) {
        Tensor *weight = params->tensor[i];
        for (size_t j = 0; weight->has_grad && j < weight->size; j++)
            weight->grad[j] *= factor;
    }
    return norm;
}

void params_touch(Params *params)
{
    for (int i = 0; i < params->count; i++)
        params->tensor[i]->version++;
}

void params_init_glorot(Tensor *weight, int in, int out, real gain, Rng *rng)
{
    real bound = gain * (real)sqrt(6.0 / (in + out));
    rng_uniform(rng, weight->value, weight->size);
    for (size_t i = 0; i < weight->size; i++)
        weight->value[i] = bound * (2 * weight->value[i] - 1);
}
