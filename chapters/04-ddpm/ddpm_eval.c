/* Evaluation: the variational bound by step, log p by the ODE; on points beside the true density
 * and a kernel density estimate. */
#include "04-ddpm/ddpm.h"
#include "04-ddpm/ddpm_bound.h"
#include "04-ddpm/ddpm_figures.h"
#include "04-ddpm/ddpm_ode.h"

#include "support/fail.h"
#include "support/memory.h"
#include "train/progress.h"
#include "train/truth.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const OptionSpec ddpm_eval_options[] = {
    {"likelihood", OPTION_CHOICE, "all", "NAME", "what is measured", 0, 0, "all|bound|ode|none"},
    {"bound-steps", OPTION_INT, "50", "S",
     "steps of the bound measured an example, more at little noise; 0: every one", 0, 1e6, NULL},
    {"ode-tolerance", OPTION_REAL, "1e-4", "X", "of the ODE's solver", 1e-12, 0.1, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

enum { AT_ONCE = 500, EXACT_DIMS = 4 };

/* Rows first .. first+n-1 of x in network units, with the run's kind of input. */
static Tensor *rows_in_units(const Ddpm *ddpm, const Task *task, const real *x, int first, int n)
{
    const real *row = x + (size_t)first * (size_t)ddpm->dims;
    Tensor *part = tensor_from(task->tape, 2, (int[]){n, ddpm->dims}, row);
    Rng noise = rng_at(rng_stream(1, "dequantise"), (uint64_t)first);
    return ddpm_to_network(ddpm, part, &noise);
}

/* ---------------------------------------------------------------- the bound */

static void bound(const Ddpm *ddpm, const Task *task, const real *x, LikelihoodReport *report)
{
    int n = task->examples;
    DdpmPredictor own = ddpm_predictor(ddpm, 0);
    BoundRule rule = {.predictor = &own.predictor,
                      .schedule = ddpm->schedule,
                      .variance = ddpm->variance,
                      .clip = ddpm_clip(ddpm),
                      .levels = ddpm->levels,
                      .strata = (int)options_int(task->options, "bound-steps")};
    Likelihood *found = likelihood_report_add(report, "variational-bound", LIKELIHOOD_LOWER_BOUND);
    double *part = memory_new(3 * (size_t)n, sizeof *part);
    double volume = ddpm->kind == DATA_POINTS ? ddpm_log_volume(ddpm) : 0;
    Progress progress = progress_start("bound", "examples", 0, n, task->quiet);
    for (int first = 0; first < n; first += AT_ONCE) {
        int rows = n - first < AT_ONCE ? n - first : AT_ONCE;
        ddpm_begin(ddpm, task);
        Tensor *x0 = rows_in_units(ddpm, task, x, first, rows);
        Rng noise = rng_at(task->noise, (uint64_t)first);
        Bound b = bound_measure(&rule, task->tape, noise, x0->value, NULL, rows);
        for (int i = 0; i < rows; i++) {
            found->log_prob[first + i] = volume - bound_total(&b, i);
            part[first + i] = b.prior[i];
            part[n + first + i] = b.middle[i];
            part[2 * n + first + i] = b.decoder[i];
        }
        bound_free(&b);
        progress_show(&progress, first + rows, "");
    }
    progress_end(&progress, "");
    likelihood_report_part(report, "bound: prior", "nats", part, (size_t)n);
    likelihood_report_part(report, "bound: KL of the steps", "nats", part + n, (size_t)n);
    likelihood_report_part(report, "bound: decoder", "nats", part + 2 * n, (size_t)n);
    free(part);
}

/* ---------------------------------------------------------------- the ODE */

/* On images the density of y = x + u over cells of width 1, whose mean over u is at most log P(x).
 */
static const Likelihood *ode(const Ddpm *ddpm, const Task *task, const real *x,
                             LikelihoodReport *report)
{
    int n = task->examples;
    bool exact = ddpm->dims <= EXACT_DIMS;
    DdpmPredictor own = ddpm_predictor(ddpm, 0);
    OdeRule rule = {.predictor = &own.predictor,
                    .tolerance = options_real(task->options, "ode-tolerance"),
                    .exact = exact,
                    .batch = AT_ONCE};
    Likelihood *found =
        likelihood_report_add(report, "ode", exact ? LIKELIHOOD_EXACT : LIKELIHOOD_ESTIMATE);
    double evaluations = 0;
    Rng probes = rng_at(task->noise, (uint64_t)1 << 40);
    Progress progress = progress_start("ode", "examples", 0, n, task->quiet);
    for (int first = 0; first < n; first += AT_ONCE) {
        int rows = n - first < AT_ONCE ? n - first : AT_ONCE;
        ddpm_begin(ddpm, task);
        Tensor *x0 = rows_in_units(ddpm, task, x, first, rows);
        OdeCost cost =
            ode_log_prob(&rule, task->tape, rng_at(probes, probes.step + (uint64_t)first),
                         x0->value, NULL, rows, found->log_prob + first, NULL);
        evaluations += cost.evaluations * rows / n;
        for (int i = 0; i < rows; i++)
            found->log_prob[first + i] += ddpm_log_volume(ddpm);
        progress_show(&progress, first + rows, "");
    }
    progress_end(&progress, "");
    likelihood_report_number(report, "ode: evaluations of the network", "a point", evaluations,
                             NAN);
    return found;
}

/* ---------------------------------------------------------------- all of it */

/* On images a run's input decides which of the two is about its data: the bound needs the grid, the
 * ODE a density. */
static bool wanted(const Ddpm *ddpm, const Options *options, const char *name, DdpmInput needs)
{
    const char *asked = options_text(options, "likelihood");
    bool named = strcmp(asked, name) == 0;
    if (!named && strcmp(asked, "all") != 0)
        return false;
    if (ddpm->kind == DATA_POINTS || ddpm->input == needs)
        return true;
    const char *input = needs == INPUT_GRID ? "grid" : "dequantised";
    if (named)
        refuse_usage("--likelihood %s: is about a run trained with --input %s; this one was not",
                     name, input);
    printf("no %s: it is about a run trained with --input %s\n", name, input);
    return false;
}

void ddpm_evaluate(Model *model, const Task *task, LikelihoodReport *report)
{
    const Ddpm *ddpm = (const Ddpm *)model;
    const Likelihood *found = NULL;
    real *x = task_examples(task);
    if (wanted(ddpm, task->options, "bound", INPUT_GRID))
        bound(ddpm, task, x, report);
    if (wanted(ddpm, task->options, "ode", INPUT_DEQUANTISED))
        found = ode(ddpm, task, x, report);
    if (ddpm->kind == DATA_POINTS)
        truth_compare(task, x, found != NULL ? found->log_prob : NULL, report);
    free(x);
}
