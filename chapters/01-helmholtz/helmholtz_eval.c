/* Evaluation: the bound and its two parts, log p(x) by importance samples, and, of a small machine,
 * the exact log p(x), the error of q by layer and the distance from the data. */
#include "01-helmholtz/helmholtz.h"
#include "01-helmholtz/helmholtz_exact.h"

#include "support/fail.h"
#include "support/memory.h"
#include "train/progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const OptionSpec helmholtz_eval_options[] = {
    {"importance", OPTION_INT, "5000", "K", "samples an example for log p(x)", 1, 1e7, NULL},
    {"exact", OPTION_CHOICE, "auto", "WHETHER",
     "enumerate the hidden states (auto: where the machine is small)", 0, 0, "auto|yes|no"},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

/* Hidden states that are judged at once: few enough that they stay in the cache. */
enum { ROWS_AT_ONCE = 512 };

static Tensor *example(const Task *task, int i)
{
    Tensor *x = tensor_name(tensor_new_matrix(task->tape, 1, task->data->dims), "x");
    Rng rng = rng_at(rng_stream(1, "evaluation examples"), (uint64_t)i);
    dataset_fetch(task->data, task->split, task->index + i, 1, &rng, x->value, NULL, NULL);
    return x;
}

static void begin(const Helmholtz *machine, const Task *task)
{
    tape_reset(task->tape);
    params_bind(machine->model.part[PART_GENERATIVE].params, task->tape);
    params_bind(machine->model.part[PART_RECOGNITION].params, task->tape);
}

/* ---------------------------------------------------------------- by samples */

typedef struct Sums {
    double *elbo, *iwae;     /* the likelihoods' values                    */
    double *joint, *entropy; /* parts of the ELBO, each example            */
    double noise, bias;      /* sums of squared standard errors of the two */
} Sums;

/* log w_k = log p(x, h_k) - log q(h_k|x) of example i for k draws in blocks -> mean (ELBO) and log
 * mean exp (the k-sample bound, Burda et al. 2016, arXiv:1509.00519, eq. 8). */
static void weigh(const Helmholtz *machine, const Task *task, int i, int k, Sums *sums)
{
    LogMean mean = {0};
    double sum = 0, square = 0, joint = 0, entropy = 0;
    Rng noise = rng_at(task->noise, (uint64_t)i);
    for (int done = 0; done < k;) {
        int rows = k - done < ROWS_AT_ONCE ? k - done : ROWS_AT_ONCE;
        begin(machine, task);
        States states = helmholtz_infer(machine, example(task, i), rows, &noise);
        Tensor *log_p = helmholtz_log_joint(machine, &states);
        Tensor *log_q = helmholtz_log_recognition(machine, &states);
        for (int r = 0; r < rows; r++) {
            double log_w = (double)log_p->value[r] - (double)log_q->value[r];
            log_mean_add(&mean, log_w);
            sum += log_w;
            square += log_w * log_w;
            joint += (double)log_p->value[r];
            entropy -= (double)log_q->value[r];
        }
        done += rows;
    }
    sums->elbo[i] = sum / k;
    sums->iwae[i] = log_mean_value(&mean);
    sums->joint[i] = joint / k;
    sums->entropy[i] = entropy / k;
    if (k > 1) {
        double se = log_mean_se(&mean);
        sums->noise += fmax(square / k - sums->elbo[i] * sums->elbo[i], 0) / (k - 1);
        sums->bias += se * se;
    }
}

static void by_samples(const Helmholtz *machine, const Task *task, LikelihoodReport *report)
{
    int n = task->examples, k = (int)options_int(task->options, "importance");
    char name[LIKELIHOOD_NAME], note[32];
    snprintf(name, sizeof name, "iwae-%d", k);
    Likelihood *elbo = likelihood_report_add(report, "elbo", LIKELIHOOD_LOWER_BOUND);
    Likelihood *iwae = likelihood_report_add(report, name, LIKELIHOOD_LOWER_BOUND);
    Sums sums = {.elbo = elbo->log_prob, .iwae = iwae->log_prob};
    sums.joint = memory_new((size_t)n, sizeof *sums.joint);
    sums.entropy = memory_new((size_t)n, sizeof *sums.entropy);
    Progress progress = progress_start("eval", "examples", 0, n, task->quiet);
    double sum = 0;
    for (int i = 0; i < n; i++) {
        weigh(machine, task, i, k, &sums);
        sum += sums.iwae[i];
        snprintf(note, sizeof note, "-log p %.2f", -sum / (i + 1));
        progress_show(&progress, i + 1, note);
    }
    progress_end(&progress, note);
    elbo->se_estimator = sqrt(sums.noise) / n;
    iwae->se_estimator = sqrt(sums.bias) / n;
    likelihood_report_part(report, "expected log joint E_q[log p(x,h)]", "nats", sums.joint,
                           (size_t)n);
    likelihood_report_part(report, "entropy of q(h|x)", "nats", sums.entropy, (size_t)n);
    free(sums.joint);
    free(sums.entropy);
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
        Tensor *x = example(task, i);
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
    for (int i = 0; i < n; i++) {
        tape_reset(task->tape);
        ExactValues v = exact_values(exact, example(task, i)->value);
        found->log_prob[i] = v.log_prob;
        elbo[i] = exact_elbo(&v);
        for (int l = 0; l < machine->layers; l++)
            kl[l * n + i] = v.kl[l];
    }
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
    if (small && strcmp(asked, "no") != 0)
        exactly(machine, task, report);
    tape_record(task->tape, recording);
}
