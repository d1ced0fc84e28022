/* Exact answers by enumeration: all states of one layer, block by block, the other layer summed
 * away in its free energy. */
#include "01-boltzmann/rbm.h"

#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>

enum { BLOCK_BITS = 10, BLOCK = 1 << BLOCK_BITS };

bool rbm_is_small(const Rbm *rbm)
{
    return rbm->visible <= RBM_FEW_UNITS || rbm->hidden <= RBM_FEW_UNITS;
}

/* States first .. first + n-1 as rows: bit j of the number is unit j. */
static Tensor *states(Tape *tape, int units, uint64_t first, int n)
{
    Tensor *s = tensor_new_matrix(tape, n, units);
    for (int r = 0; r < n; r++)
        for (int j = 0; j < units; j++)
            s->value[r * units + j] = (real)((first + (uint64_t)r) >> j & 1);
    return s;
}

/* log of the sum over the other layer of exp(-E), for states first .. first + n-1 of a layer. */
static void log_masses(const Rbm *rbm, Tape *tape, bool hidden, uint64_t first, int n, double *out)
{
    tape_reset(tape);
    model_bind((Model *)&rbm->model, tape);
    Tensor *s = states(tape, hidden ? rbm->hidden : rbm->visible, first, n);
    if (hidden)
        rbm_hidden_free_energy(rbm, s, out);
    else
        rbm_free_energy(rbm, s, out);
    for (int r = 0; r < n; r++)
        out[r] = -out[r];
}

double rbm_log_z(const Rbm *rbm, Tape *tape, bool hidden)
{
    int units = hidden ? rbm->hidden : rbm->visible;
    if (units > RBM_MOST_UNITS)
        refuse("exact log Z: the smaller layer has %d units; its states can be enumerated up to %d "
               "(train with --hidden %d or less)",
               units, RBM_MOST_UNITS, RBM_MOST_UNITS);
    uint64_t count = (uint64_t)1 << units;
    LogMean mean = {0};
    double log_mass[BLOCK];
    bool recording = tape_record(tape, false);
    for (uint64_t first = 0; first < count; first += BLOCK) {
        int n = count - first < BLOCK ? (int)(count - first) : BLOCK;
        log_masses(rbm, tape, hidden, first, n, log_mass);
        for (int r = 0; r < n; r++)
            log_mean_add(&mean, log_mass[r]);
    }
    tape_record(tape, recording);
    return log_mean_value(&mean) + units * log(2.0);
}

double rbm_exact_log_z(const Rbm *rbm, Tape *tape)
{
    return rbm_log_z(rbm, tape, rbm->hidden <= rbm->visible);
}

/* The first state whose running sum exceeds u. */
static uint64_t state_at(const double *running, uint64_t count, double u)
{
    uint64_t low = 0, high = count - 1;
    while (low < high) {
        uint64_t middle = (low + high) / 2;
        if (running[middle] > u)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

Tensor *rbm_exact_sample(const Rbm *rbm, Tape *tape, int n, Rng *rng)
{
    if (rbm->hidden > RBM_FEW_UNITS)
        fail("rbm_exact_sample: %d hidden units; at most %d", rbm->hidden, RBM_FEW_UNITS);
    uint64_t count = (uint64_t)1 << rbm->hidden;
    double *running = memory_new(count, sizeof *running), largest = -INFINITY, sum = 0;
    bool recording = tape_record(tape, false);
    for (uint64_t first = 0; first < count; first += BLOCK)
        log_masses(rbm, tape, true, first, count - first < BLOCK ? (int)(count - first) : BLOCK,
                   running + first);
    for (uint64_t i = 0; i < count; i++)
        largest = fmax(largest, running[i]);
    for (uint64_t i = 0; i < count; i++)
        running[i] = sum += exp(running[i] - largest);
    tape_reset(tape);
    model_bind((Model *)&rbm->model, tape);
    Tensor *h = tensor_new_matrix(tape, n, rbm->hidden);
    for (int r = 0; r < n; r++) {
        uint64_t state = state_at(running, count, sum * rng_uniform_one(rng));
        for (int j = 0; j < rbm->hidden; j++)
            h->value[r * rbm->hidden + j] = (real)(state >> j & 1);
    }
    Tensor *v = tensor_matmul_transposed(h, rbm->weight);
    rbm_draw(v, 1, rbm->visible_bias->value, rng);
    tape_record(tape, recording);
    free(running);
    return v;
}
