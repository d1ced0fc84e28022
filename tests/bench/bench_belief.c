/* Benchmark models of binary units: the Helmholtz machine's two ways to learn, and the restricted
 * Boltzmann machine. */
#include "bench/bench_models.h"

#include "support/memory.h"

#include <stdio.h>
#include <stdlib.h>

enum { PIXELS = 784, WIDTH = 200, LAYERS = 3, SAMPLES = 10 };

static const double FIRST = PIXELS * WIDTH, REST = 2.0 * WIDTH * WIDTH;

static void binarise(Tensor *x)
{
    for (size_t i = 0; i < x->size; i++)
        x->value[i] = x->value[i] > 0 ? 1 : 0;
}

/* ---------------------------------------------------------------- wake-sleep and rws:
 * 784-200-200-200, batch 100 */

static void machine_create(BenchModel *model, Rng *rng, HelmholtzObjective objective, int k)
{
    Helmholtz *machine = &model->net.helmholtz;
    int below = PIXELS;
    char name[32];
    *machine = (Helmholtz){.dims = PIXELS, .layers = LAYERS, .objective = objective, .k = k};
    machine->top = params_weight(model->params, "top", 2, (int[]){1, WIDTH});
    for (int l = 0; l < LAYERS; l++) {
        machine->width[l] = WIDTH;
        snprintf(name, sizeof name, "generative.%d", l);
        machine->generative[l] =
            linear_create(model->params, name, WIDTH, below, ACTIVATION_NONE, rng);
        snprintf(name, sizeof name, "recognition.%d", l);
        machine->recognition[l] =
            linear_create(model->params, name, below, WIDTH, ACTIVATION_NONE, rng);
        below = WIDTH;
    }
}

/* Forward: h is drawn and judged by q in one pass, and judged by p; a dream is drawn and judged by
 * q. A layer that learns counts twice, since no gradient goes to the states, one that only draws or
 * judges once. */
static void wake_sleep_create(BenchModel *model, Rng *rng)
{
    machine_create(model, rng, WAKE_SLEEP, 1);
    model->multiply_adds = (1 + 2 + 1 + 2) * (FIRST + REST) / 3;
}

static void rws_create(BenchModel *model, Rng *rng)
{
    machine_create(model, rng, REWEIGHTED_WAKE_SLEEP, SAMPLES);
    double infer = FIRST + SAMPLES * REST;
    model->multiply_adds = (2 * infer + 2 * SAMPLES * (FIRST + REST) + 3 * (FIRST + REST)) / 3;
}

static Tensor *machine_loss(BenchModel *model, Tensor *x, Rng *noise)
{
    binarise(x);
    HelmholtzLosses losses = helmholtz_losses(&model->net.helmholtz, x, noise);
    Tensor *loss = tensor_add(losses.wake, losses.sleep);
    return losses.wake_q != NULL ? tensor_add(loss, losses.wake_q) : loss;
}

BenchModel bench_wake_sleep = {.name = "wake-sleep",
                               .batch = 100,
                               .dims = PIXELS,
                               .create = wake_sleep_create,
                               .loss = machine_loss};

BenchModel bench_rws = {
    .name = "rws", .batch = 100, .dims = PIXELS, .create = rws_create, .loss = machine_loss};

/* ---------------------------------------------------------------- rbm: 784-500, PCD-5, batch 100
 */

enum { HIDDEN = 500, GIBBS = 5 };

static void rbm_create(BenchModel *model, Rng *rng)
{
    Rbm *rbm = &model->net.rbm;
    double mean[PIXELS];
    (void)rng;
    for (int i = 0; i < PIXELS; i++)
        mean[i] = 0.5;
    *rbm = (Rbm){.objective = RBM_PCD, .k = GIBBS};
    rbm_init(rbm, PIXELS, HIDDEN, model->batch, mean, 0, optimizer_adam(), 0);
    params_free(model->params);
    model->params = rbm->model.part[0].params;
    model->multiply_adds = (2 + 2 * GIBBS + 2) * (double)PIXELS * HIDDEN / 3;
}

/* Both phases by hand: the gradient without a tape. */
static void rbm_gradient(BenchModel *model, Tensor *x, Rng *noise)
{
    Rbm *rbm = &model->net.rbm;
    bool recording = tape_record(x->tape, false);
    params_bind(rbm->model.part[1].params, x->tape);
    binarise(x);
    rbm_add_statistics(rbm, x, -1);
    rbm_gibbs(rbm, rbm->chain, rbm->k, rbm_at_temperature(rbm, x->tape, 1), noise);
    rbm_add_statistics(rbm, rbm->chain, +1);
    tape_record(x->tape, recording);
}

BenchModel bench_rbm = {
    .name = "rbm", .batch = 100, .dims = PIXELS, .create = rbm_create, .gradient = rbm_gradient};
