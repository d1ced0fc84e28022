#include "train/ladder.h"

#include "support/memory.h"
#include "train/progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Latents that are judged at once: few enough that the activations stay in the cache. */
enum { ROWS_AT_ONCE = 512 };

Tensor *ladder_example(const Task *task, int i)
{
    Tensor *x = tensor_name(tensor_new_matrix(task->tape, 1, task->data->dims), "x");
    Rng rng = rng_at(rng_stream(1, "evaluation examples"), (uint64_t)i);
    dataset_fetch(task->data, task->split, task->index + i, 1, &rng, x->value, NULL, NULL);
    return x;
}

typedef struct Rungs {
    double *elbo, *iwae; /* the likelihoods' values                    */
    double *gain, *cost; /* parts of the ELBO, each example            */
    double noise, bias;  /* sums of squared standard errors of the two */
} Rungs;

/* Example i: k draws in blocks -> mean and log mean exp of log w. */
static void weigh(const Ladder *ladder, Model *model, const Task *task, int i, int k, Rungs *rungs)
{
    LogMean mean = {0};
    double sum = 0, square = 0, gain = 0, cost = 0;
    Rng noise = rng_at(task->noise, (uint64_t)i);
    for (int done = 0; done < k;) {
        int rows = k - done < ROWS_AT_ONCE ? k - done : ROWS_AT_ONCE;
        tape_reset(task->tape);
        model_bind(model, task->tape);
        LadderDraw draw = ladder->draw(ladder, ladder_example(task, i), rows, &noise);
        for (int r = 0; r < rows; r++) {
            double credit = draw.credit != NULL ? (double)draw.credit->value[r] : 0;
            double paid = (double)draw.cost->value[r] - credit;
            double log_w = (double)draw.gain->value[r] - paid;
            log_mean_add(&mean, log_w);
            sum += log_w;
            square += log_w * log_w;
            gain += (double)draw.gain->value[r];
            cost += paid;
        }
        done += rows;
    }
    rungs->elbo[i] = sum / k;
    rungs->iwae[i] = log_mean_value(&mean);
    rungs->gain[i] = ladder->gain_sign * gain / k;
    rungs->cost[i] = ladder->cost_sign * cost / k;
    if (k > 1) {
        double se = log_mean_se(&mean);
        rungs->noise += fmax(square / k - rungs->elbo[i] * rungs->elbo[i], 0) / (k - 1);
        rungs->bias += se * se;
    }
}

void ladder_climb(const Ladder *ladder, Model *model, const Task *task, int k,
                  LikelihoodReport *report)
{
    int n = task->examples;
    char name[LIKELIHOOD_NAME], note[32];
    snprintf(name, sizeof name, "iwae-%d", k);
    Likelihood *elbo = likelihood_report_add(report, "elbo", LIKELIHOOD_LOWER_BOUND);
    Likelihood *iwae = likelihood_report_add(report, name, LIKELIHOOD_LOWER_BOUND);
    Rungs rungs = {.elbo = elbo->log_prob, .iwae = iwae->log_prob};
    rungs.gain = memory_new((size_t)n, sizeof *rungs.gain);
    rungs.cost = memory_new((size_t)n, sizeof *rungs.cost);
    Progress progress = progress_start("eval", "examples", 0, n, task->quiet);
    double sum = 0;
    for (int i = 0; i < n; i++) {
        weigh(ladder, model, task, i, k, &rungs);
        sum += rungs.iwae[i];
        snprintf(note, sizeof note, "-log p %.2f", -sum / (i + 1));
        progress_show(&progress, i + 1, note);
    }
    progress_end(&progress, note);
    elbo->se_estimator = sqrt(rungs.noise) / n;
    iwae->se_estimator = sqrt(rungs.bias) / n;
    likelihood_report_part(report, ladder->gain_name, "nats", rungs.gain, (size_t)n);
    likelihood_report_part(report, ladder->cost_name, "nats", rungs.cost, (size_t)n);
    free(rungs.gain);
    free(rungs.cost);
}
