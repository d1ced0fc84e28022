/* The family: options, creation, one training step, samples. */
#include "01-boltzmann/rbm.h"

#include "support/fail.h"
#include "support/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const OptionSpec options[] = {
    {"hidden", OPTION_INT, NULL, "N", "hidden units", 1, 100000, NULL},
    {"objective", OPTION_CHOICE, "pcd", "NAME",
     "where the negative phase's chains begin: where they were, or at the data", 0, 0, "pcd|cd"},
    {"k", OPTION_INT, NULL, "K", "Gibbs steps of the negative phase", 1, 10000, NULL},
    {"chains", OPTION_INT, NULL, "N", "chains of the negative phase (default: one an example)", 1,
     100000, NULL},
    {"gradient", OPTION_CHOICE, "centered", "NAME",
     "of the machine written with v - mean, h - mean, or of the machine as it is", 0, 0,
     "centered|plain"},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

enum { BURN_IN = 1000 };

static const OptionSpec sample_options[] = {
    {"burn-in", OPTION_INT, "1000", "N", "Gibbs steps from noise to a sample", 1, 1e9, NULL},
    {"temperature", OPTION_REAL, "1", "T", "of the Boltzmann distribution; 1 is the model", 0.01,
     100, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

/* On MNIST, 8,000 steps of 100 with k = 5 ended, by AIS, at 94.4 nats with SGD at 0.05, at 87.0
 * with 0.2 and at 85.5 with 0.4, with Adam at 106 or more, and at 96.6 with the plain gradient at
 * 0.05. A longer run needs no higher rate than 0.2. On bars and stripes chains get stuck between
 * patterns: more Gibbs steps count there, and higher rates lose patterns. */
static void defaults(Options *o, const Dataset *data)
{
    const char *from = "the chapter's defaults";
    char chains[16];
    bool small = data->dims < 100;
    bool many = data->count[SPLIT_TRAIN] > 50000;
    options_put(o, "optimizer", "sgd", from);
    bool sgd = strcmp(options_text(o, "optimizer"), "sgd") == 0;
    options_put(o, "hidden", small ? "16" : many ? "500" : "200", from);
    options_put(o, "k", small ? "20" : "5", from);
    options_put(o, "batch", "100", from);
    snprintf(chains, sizeof chains, "%ld", options_int(o, "batch"));
    options_put(o, "chains", chains, from);
    options_put(o, "beta1", sgd ? "0" : "0.9", from);
    options_put(o, "lr", !sgd ? "1e-3" : small ? "0.1" : "0.2", from);
    options_put(o, "ema", "0.999", from);
    options_put(o, "steps", small ? "20000" : many ? "80000" : "8000", from);
}

/* The training data's mean, as if each unit had been half on in one more example, so that none is
 * always on or off: [dims]. Free with free(). */
static double *mean_of_data(const Dataset *data, uint64_t seed)
{
    double n = (double)data->count[SPLIT_TRAIN];
    double *mean = memory_new((size_t)data->dims, sizeof *mean);
    dataset_mean(data, data->count[SPLIT_TRAIN], rng_stream(seed, "data mean"), mean);
    for (int j = 0; j < data->dims; j++)
        mean[j] = (mean[j] * n + 0.5) / (n + 1);
    return mean;
}

static Model *create(const Options *o, const Dataset *data, uint64_t seed)
{
    Rbm *rbm = memory_new(1, sizeof *rbm);
    int chains = (int)options_int(o, "chains"), batch = (int)options_int(o, "batch");
    rbm->objective = strcmp(options_text(o, "objective"), "cd") == 0 ? RBM_CD : RBM_PCD;
    rbm->k = (int)options_int(o, "k");
    rbm->centered = strcmp(options_text(o, "gradient"), "centered") == 0;
    if (rbm->objective == RBM_CD && chains != batch)
        refuse_usage("--chains %d: --objective cd has one chain an example (--batch %d); leave "
                     "--chains out",
                     chains, batch);
    double *mean = mean_of_data(data, seed);
    rbm_init(rbm, data->dims, (int)options_int(o, "hidden"), chains, mean, seed,
             family_optimizer_rule(o), options_real(o, "ema"));
    free(mean);
    return &rbm->model;
}

static void destroy(Model *model)
{
    model_free_parts(model);
    free(model);
}

static double mean_free_energy(const Rbm *rbm, Tensor *v)
{
    int n = tensor_rows(v);
    double *energy = memory_new((size_t)n, sizeof *energy);
    rbm_free_energy(rbm, v, energy);
    double mean = likelihood_mean(energy, (size_t)n);
    free(energy);
    return mean;
}

/* lambda follows the hidden units' mean over the data, of which c' holds the negative. */
static void follow_hidden_mean(const Rbm *rbm)
{
    const real rate = (real)0.01;
    real *lambda = rbm->hidden_center->value;
    for (int j = 0; j < rbm->hidden; j++)
        lambda[j] += rate * (-rbm->hidden_bias->grad[j] - lambda[j]);
}

/* d(-log p)/dW = -<v h'> over the data + <v h'> over the model: what is seen is made more probable,
 * what the machine dreams less. */
static void train_step(Model *model, Step *step, double *logged)
{
    Rbm *rbm = (Rbm *)model;
    bool recording = tape_record(step->tape, false);
    Tempered warm = rbm_at_temperature(rbm, step->tape, 1);

    /* the positive phase: statistics of the data */
    rbm_add_statistics(rbm, step->x, -1);
    follow_hidden_mean(rbm);

    /* the negative phase: statistics of the model, by k steps of Gibbs sampling */
    if (rbm->objective == RBM_CD)
        memcpy(rbm->chain->value, step->x->value, step->x->size * sizeof(real));
    rbm_gibbs(rbm, rbm->chain, rbm->k, warm, &step->noise);
    rbm_add_statistics(rbm, rbm->chain, +1);

    if (rbm->centered)
        rbm_center_gradient(rbm);
    logged[0] = rbm_neg_pseudo(rbm, step->x, 1, &step->noise);
    logged[1] = mean_free_energy(rbm, step->x);
    logged[2] = mean_free_energy(rbm, rbm->chain);
    optimizer_update(model->part[0].optimizer, step->learning_rate);
    tape_record(step->tape, recording);
}

static double validate(Model *model, Tensor *x, Rng noise)
{
    return rbm_neg_pseudo((const Rbm *)model, x, 20, &noise);
}

/* From independent units by Gibbs sampling: noise becomes structure. */
static void sample(Model *model, Tape *tape, Rng *noise, const SampleRequest *request, real *out)
{
    const Rbm *rbm = (const Rbm *)model;
    int steps = BURN_IN;
    double temperature = 1;
    if (request->options != NULL) {
        steps = (int)options_int(request->options, "burn-in");
        temperature = options_real(request->options, "temperature");
    }
    Tempered at = rbm_at_temperature(rbm, tape, temperature);
    Tensor *v = rbm_noise(rbm, tape, request->n, noise);
    rbm_gibbs(rbm, v, request->mean ? steps - 1 : steps, at, noise);
    if (request->mean)
        v = rbm_visible_mean(rbm, v, at, noise);
    memcpy(out, v->value, v->size * sizeof *out);
}

static const char *const columns[] = {"neg_pseudo", "free_energy_data", "free_energy_model", NULL};

const Family boltzmann_family = {
    .name = "boltzmann",
    .purpose =
        "The restricted Boltzmann machine (Smolensky 1986; Hinton 2002), trained by the chains of\n"
        "Tieleman (2008), its likelihood estimated by annealed importance sampling (Salakhutdinov\n"
        "& Murray 2008); and the Hopfield network (1982): bin/boltzmann hopfield --help.",
    .data_kinds = DATA_BINARY,
    .data = "digits-binary",
    .options = options,
    .eval_options = rbm_eval_options,
    .quick_eval = rbm_quick_eval,
    .sample_options = sample_options,
    .loss_unit = "nats an example, pseudo-likelihood",
    .columns = columns,
    .commands = rbm_commands,
    .defaults = defaults,
    .create = create,
    .destroy = destroy,
    .train_step = train_step,
    .validate = validate,
    .evaluate = rbm_evaluate,
    .sample = sample,
    .figures = rbm_figures,
};
