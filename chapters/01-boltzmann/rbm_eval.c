/* Evaluation: log p of the examples with Z from annealed importance sampling, from both sides;
 * exact where the smaller layer can be enumerated; and the divergence from a distribution that is
 * known. */
#include "01-boltzmann/rbm_ais.h"

#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const OptionSpec rbm_eval_options[] = {
    {"ais-chains", OPTION_INT, "100", "N", "chains of annealed importance sampling", 2, 1e6, NULL},
    {"ais-temperatures", OPTION_INT, "10000", "N", "steps from independent units to the machine", 1,
     1e8, NULL},
    {"ais-burn-in", OPTION_INT, "1000", "N",
     "Gibbs steps that prepare the reverse direction's samples", 0, 1e8, NULL},
    {"exact", OPTION_FLAG, NULL, NULL,
     "enumerate the smaller layer up to 25 units (up to 20 it is done unasked)", 0, 0, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

const OptionValue rbm_quick_eval[] = {
    {"ais-temperatures", "1000"}, {"ais-burn-in", "200"}, {NULL, NULL}};

/* F of all examples of the task: [examples]. */
static void free_energies(const Rbm *rbm, const Task *task, double *energy)
{
    enum { AT_ONCE = 1000 };
    for (int at = 0; at < task->examples; at += AT_ONCE) {
        int n = task->examples - at < AT_ONCE ? task->examples - at : AT_ONCE;
        Rng rng = rng_at(rng_stream(1, "evaluation examples"), (uint64_t)at);
        tape_reset(task->tape);
        model_bind((Model *)&rbm->model, task->tape);
        Tensor *v = tensor_name(tensor_new_matrix(task->tape, n, rbm->visible), "v");
        dataset_fetch(task->data, task->split, task->index + at, (size_t)n, &rng, v->value, NULL,
                      NULL);
        rbm_free_energy(rbm, v, energy + at);
    }
}

/* ---------------------------------------------------------------- AIS */

static void report_ais(const Rbm *rbm, const Task *task, const double *energy,
                       LikelihoodReport *report)
{
    AisPlan plan = {.chains = (int)options_int(task->options, "ais-chains"),
                    .temperatures = (int)options_int(task->options, "ais-temperatures"),
                    .quiet = task->quiet};
    int burn_in = (int)options_int(task->options, "ais-burn-in");
    Rng rng = rng_at(task->noise, 1);
    AisResult below = ais_forward(rbm, task->tape, plan, &rng);
    real *start = memory_new((size_t)plan.chains * (size_t)rbm->visible, sizeof *start);
    rng = rng_at(task->noise, 2);
    plan.distinct = ais_start(rbm, task->tape, plan.chains, burn_in, &rng, start);
    AisResult above = ais_reverse(rbm, task->tape, plan, start, &rng);
    Likelihood *ais = likelihood_report_add(report, "ais", LIKELIHOOD_ESTIMATE);
    double mean = likelihood_mean(energy, (size_t)task->examples);
    for (int i = 0; i < task->examples; i++)
        ais->log_prob[i] = -energy[i] - below.log_z;
    ais->se_estimator = below.se;
    likelihood_report_number(report, "log Z by AIS (errs down)", "nats", below.log_z, below.se);
    likelihood_report_number(report, "log(Z - 3 se)", "nats", below.low, NAN);
    likelihood_report_number(report, "log(Z + 3 se)", "nats", below.high, NAN);
    likelihood_report_number(report, "effective chains", "of AIS", below.effective, NAN);
    likelihood_report_number(report,
                             ais_start_exact(rbm)
                                 ? "log Z by reverse AIS (errs up)"
                                 : "log Z by reverse AIS (errs up, samples approximate)",
                             "nats", above.log_z, above.se);
    likelihood_report_number(report, "effective chains, reverse", "of AIS", above.effective, NAN);
    likelihood_report_number(report, "-log p with the reverse log Z", "nats", mean + above.log_z,
                             above.se);
    free(start);
}

/* ---------------------------------------------------------------- exact answers */

static double report_exact(const Rbm *rbm, const Task *task, const double *energy,
                           LikelihoodReport *report)
{
    double log_z = rbm_exact_log_z(rbm, task->tape);
    Likelihood *exact = likelihood_report_add(report, "exact", LIKELIHOOD_EXACT);
    for (int i = 0; i < task->examples; i++)
        exact->log_prob[i] = -energy[i] - log_z;
    likelihood_report_number(report, "log Z by enumeration", "nats", log_z, NAN);
    return log_z;
}

/* All states of few visible units against the data's known distribution: KL(data || model) and the
 * model's share of what can occur. */
static void report_divergence(const Rbm *rbm, const Task *task, double log_z,
                              LikelihoodReport *report)
{
    enum { BLOCK = 1024 };
    const Dataset *data = task->data;
    uint64_t count = (uint64_t)1 << rbm->visible;
    double divergence = 0, mass = 0, energy[BLOCK], x[RBM_MOST_UNITS];
    for (uint64_t first = 0; first < count; first += BLOCK) {
        int n = count - first < BLOCK ? (int)(count - first) : BLOCK;
        tape_reset(task->tape);
        model_bind((Model *)&rbm->model, task->tape);
        Tensor *v = tensor_new_matrix(task->tape, n, rbm->visible);
        for (int r = 0; r < n; r++)
            for (int i = 0; i < rbm->visible; i++)
                v->value[r * rbm->visible + i] = (real)((first + (uint64_t)r) >> i & 1);
        rbm_free_energy(rbm, v, energy);
        for (int r = 0; r < n; r++) {
            for (int i = 0; i < rbm->visible; i++)
                x[i] = (double)v->value[r * rbm->visible + i];
            double log_data = data->log_density(data, x), log_model = -energy[r] - log_z;
            if (log_data == -INFINITY)
                continue;
            divergence += exp(log_data) * (log_data - log_model);
            mass += exp(log_model);
        }
    }
    likelihood_report_number(report, "KL(data || model), exact", "nats", divergence, NAN);
    likelihood_report_number(report, "model's mass on the data's patterns", "of 1", mass, NAN);
}

void rbm_evaluate(Model *model, const Task *task, LikelihoodReport *report)
{
    const Rbm *rbm = (const Rbm *)model;
    bool recording = tape_record(task->tape, false);
    double *energy = memory_new((size_t)task->examples, sizeof *energy);
    free_energies(rbm, task, energy);
    bool asked = options_flag(task->options, "exact");
    if (asked || rbm_is_small(rbm)) {
        double log_z = report_exact(rbm, task, energy, report);
        if (task->data->log_density != NULL &&
            rbm->visible <= (asked ? RBM_MOST_UNITS : RBM_FEW_UNITS))
            report_divergence(rbm, task, log_z, report);
    }
    report_ais(rbm, task, energy, report);
    tape_record(task->tape, recording);
    free(energy);
}
