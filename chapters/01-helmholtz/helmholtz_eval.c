/* Evaluation: the bound and its two parts, log p(x) by importance samples, and, of a small machine,
 * the exact log p(x), the error of q by layer and the distance from the data. */
#include "01-helmholtz/helmholtz.h"
#include "01-helmholtz/helmholtz_exact.h"

#include "support/fail.h"
#include "support/memory.h"
#include "train/ladder.h"
#include "train/progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const OptionSpec helmholtz_eval_options[] = {
    {"importance", OPTION_INT, "5000", "K", "samples an example for log p(x)", 1, 1e7, NULL},
    {"exact", OPTION_CHOICE, "auto", "WHETHER",
     "enumerate the hidden states (auto: where it takes half a minute at most)", 0, 0,
     "auto|yes|no"},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

/* What is enumerated unasked. */
static const double SOON_PAIRS = 1 << 30;

/* ---------------------------------------------------------------- by samples */

typedef struct HelmholtzLadder {
    Ladder ladder;
    const Helmholtz *machine;
} HelmholtzLadder;

static LadderDraw draw(const Ladder *ladder, Tensor *x, int rows, Rng *noise)
{
    const Helmholtz *machine = ((const HelmholtzLadder *)ladder)->machine;
    Tensor *log_q;
    States states = helmholtz_infer(machine, x, rows, noise, &log_q);
    return (LadderDraw){.gain = helmholtz_log_joint(machine, &states), .cost = log_q};
}

static void by_samples(const Helmholtz *machine, const Task *task, LikelihoodReport *report)
{
    HelmholtzLadder own = {{draw, "expected log joint E_q[log p(x,h)]", "entropy of q(h|x)", 1, -1},
                           machine};
    ladder_climb(&own.ladder, (Model *)&machine->model, task,
                 (int)options_int(task->options, "importance"), report);
}

/* ---------------------------------------------------------------- exactly */

/* Mean of log p_data - log p over the examples: KL(data || model) where they are all patterns of a
 * uniform set, each once, as the test splits of bars are. */
static void distance_from_data(const Task *task, const double *log_prob, LikelihoodReport *report)
{
    int n = task->examples;
    if (task->data->log_density == NULL)
        return;
    double *gap = memory_new((size_t)n, sizeof *gap);
    double *point = memory_new((size_t)task->data->dims, sizeof *point);
    for (int i = 0; i < n; i++) {
        tape_reset(task->tape);
        Tensor *x = ladder_example(task, i);
        for (int d = 0; d < task->data->dims; d++)
            point[d] = (double)x->value[d];
        gap[i] = task->data->log_density(task->data, point) - log_prob[i];
    }
    bool whole = (size_t)n == task->data->count[task->split] && task->split != SPLIT_TRAIN;
    likelihood_report_number(report,
                             whole ? "KL(data || model), exact" : "log p_data - log p, mean",
                             "nats", likelihood_mean(gap, (size_t)n), NAN);
    free(point);
    free(gap);
}

static void exactly(const Helmholtz *machine, const Task *task, LikelihoodReport *report)
{
    static const char *const name[HELMHOLTZ_MOST_LAYERS] = {
        "KL(q || posterior), layer 1", "KL(q || posterior), layer 2", "KL(q || posterior), layer 3",
        "KL(q || posterior), layer 4", "KL(q || posterior), layer 5", "KL(q || posterior), layer 6",
        "KL(q || posterior), layer 7", "KL(q || posterior), layer 8"};
    int n = task->examples;
    Likelihood *found = likelihood_report_add(report, "exact", LIKELIHOOD_EXACT);
    double *elbo = memory_new((size_t)n, sizeof *elbo);
    double *kl = memory_new((size_t)(n * machine->layers), sizeof *kl);
    Exact *exact = exact_create(machine);
    Progress progress = progress_start("exact", "examples", 0, n, task->quiet);
    for (int i = 0; i < n; i++) {
        tape_reset(task->tape);
        ExactValues v = exact_values(exact, ladder_example(task, i)->value);
        found->log_prob[i] = v.log_prob;
        elbo[i] = exact_elbo(&v);
        for (int l = 0; l < machine->layers; l++)
            kl[l * n + i] = v.kl[l];
        progress_show(&progress, i + 1, "");
    }
    progress_end(&progress, "");
    likelihood_report_part(report, "ELBO, exact", "nats", elbo, (size_t)n);
    for (int l = 0; l < machine->layers; l++)
        likelihood_report_part(report, name[l], "nats", kl + l * n, (size_t)n);
    distance_from_data(task, found->log_prob, report);
    exact_free(exact);
    free(kl);
    free(elbo);
}

void helmholtz_evaluate(Model *model, const Task *task, LikelihoodReport *report)
{
    const Helmholtz *machine = (const Helmholtz *)model;
    const char *asked = options_text(task->options, "exact");
    bool small = exact_possible(machine), recording = tape_record(task->tape, false);
    if (strcmp(asked, "yes") == 0 && !small)
        refuse_usage("--exact yes: this machine is too large to enumerate; at most %d units in a "
                     "layer and %d in two neighbouring layers, as in --hidden 14,10",
                     EXACT_MOST_UNITS, EXACT_MOST_PAIR);
    by_samples(machine, task, report);
    bool soon = small && exact_pairs(machine, task->examples) <= SOON_PAIRS;
    if (strcmp(asked, "yes") == 0 || (soon && strcmp(asked, "auto") == 0))
        exactly(machine, task, report);
    else if (small && strcmp(asked, "auto") == 0)
        printf("not enumerated: it would take minutes; ask for it with --exact yes\n");
    tape_record(task->tape, recording);
}
