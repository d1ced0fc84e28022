/* RBMs small enough to be checked state by state, with uneven weights. */
#ifndef CHAPTERS_SMALL_RBM_H
#define CHAPTERS_SMALL_RBM_H

#include "01-boltzmann/rbm.h"

#include "tensor/tape.h"

#include <math.h>

enum { SMALL_MOST = 32 };

/* W from N(0, spread^2), biases from N(0, 0.5^2), the data's mean uneven; registered with SGD. Free
 * with model_free_parts. */
static inline void small_rbm(Rbm *rbm, int visible, int hidden, double spread, uint64_t seed)
{
    double mean[SMALL_MOST];
    OptimizerRule rule = {.kind = OPTIMIZER_SGD};
    Rng rng = rng_stream(seed, "small rbm");
    for (int i = 0; i < visible; i++)
        mean[i] = 0.2 + 0.6 * rng_uniform_one(&rng);
    *rbm = (Rbm){.objective = RBM_PCD, .k = 1, .centered = true};
    rbm_init(rbm, visible, hidden, 10, mean, seed, rule, 0);
    for (size_t i = 0; i < rbm->weight->size; i++)
        rbm->weight->value[i] = (real)(spread * rng_normal_one(&rng));
    for (int i = 0; i < visible; i++)
        rbm->visible_bias->value[i] = (real)(0.5 * rng_normal_one(&rng));
    for (int j = 0; j < hidden; j++) {
        rbm->hidden_bias->value[j] = (real)(0.5 * rng_normal_one(&rng));
        rbm->hidden_center->value[j] = (real)(0.2 + 0.6 * rng_uniform_one(&rng));
    }
}

/* A fresh tape on which the weights take part and nothing is recorded. */
static inline void small_rbm_begin(Rbm *rbm, Tape *tape)
{
    tape_reset(tape);
    tape_record(tape, false);
    model_bind(&rbm->model, tape);
}

/* Bit i of the state's number is unit i. */
static inline void small_state(unsigned state, int units, real *out)
{
    for (int i = 0; i < units; i++)
        out[i] = (real)(state >> i & 1);
}

static inline unsigned small_number(const real *unit, int units)
{
    unsigned state = 0;
    for (int i = 0; i < units; i++)
        state |= (unit[i] > 0 ? 1u : 0u) << i;
    return state;
}

#endif
