/* Params owns a model's weights and its buffers (saved but not trained), named and registered when
 * they are made: checkpoint, optimizer, moving average, count and gradient norm all walk over this
 * one list. */
#ifndef NN_PARAMS_H
#define NN_PARAMS_H

#include "support/rng.h"
#include "tensor/tape.h"

typedef struct Params {
    Tensor **tensor;
    bool *trained; /* false: a buffer */
    int count, room;
    bool frozen; /* while true its weights take no gradients (a discriminator in the generator's
                    step) */
} Params;

Params *params_create(void);
void params_free(Params *params);

/* A weight or buffer of zeros; the name is unique within params ("encoder.0.weight"). */
Tensor *params_weight(Params *params, const char *name, int rank, const int *shape);
Tensor *params_buffer(Params *params, const char *name, int rank, const int *shape);

/* The same under the name LAYER.PART. */
Tensor *params_weight_of(Params *params, const char *layer, const char *part, int rank,
                         const int *shape);
Tensor *params_buffer_of(Params *params, const char *layer, const char *part, int rank,
                         const int *shape);

/* At the start of a step: operations on these weights go to that tape, and their gradients start
 * anew. */
void params_bind(Params *params, Tape *tape);

/* While frozen, operations on weights alone keep no history, and a sweep writes no gradient to the
 * weights: freeze before the first operation of a step, thaw after its sweep. */
void params_freeze(Params *params, bool frozen);

/* NULL when there is none of that name. */
Tensor *params_find(const Params *params, const char *name);

/* Trained numbers. */
size_t params_numbers(const Params *params);

/* Euclidean norm of all gradients of this step, added up in double; weights without one count 0. */
double params_grad_norm(const Params *params);

/* Scales all gradients so that their norm is at most that; returns the norm before. */
double params_clip_grad(Params *params, double most);

/* To be called after a weight's values were changed in place. */
void params_touch(Params *params);

/* Glorot & Bengio (2010), eq. 16: uniform with variance 2 / (in + out), times gain^2. */
void params_init_glorot(Tensor *weight, int in, int out, real gain, Rng *rng);

#endif
