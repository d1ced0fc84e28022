/* Evaluation: the bound and its parts, log p(x) by importance sampling, the gap that the encoder
 * leaves. */
#include "02-vae/vae.h"
#include "02-vae/vae_exact.h"

#include "support/memory.h"
#include "train/ladder.h"
#include "train/progress.h"
#include "train/schedule.h"

#include <gsl/gsl_math.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const OptionSpec vae_eval_options[] = {
    {"importance", OPTION_INT, "5000", "K", "samples an example for log p(x)", 1, 1e7, NULL},
    {"amortisation", OPTION_INT, "200", "N",
     "examples whose q is optimised for the amortisation gap; 0: none", 0, 100000, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

/* ---------------------------------------------------------------- bounds and log p(x) */

typedef struct VaeLadder {
    Ladder ladder;
    const Vae *vae;
} VaeLadder;

static LadderDraw draw(const Ladder *ladder, Tensor *x, int rows, Rng *noise)
{
    const Vae *vae = ((const VaeLadder *)ladder)->vae;
    VaeDraw latents = vae_draw(vae, x, rows, noise);
    return (LadderDraw){vae_log_likelihood(vae, x, latents.h[0]), vae_log_posterior(&latents),
                        vae_log_prior(vae, latents.h)};
}

static void climb_ladder(const Vae *vae, const Task *task, LikelihoodReport *report)
{
    VaeLadder own = {{draw, "reconstruction", "kl", -1, 1}, vae};
    ladder_climb(&own.ladder, (Model *)&vae->model, task,
                 (int)options_int(task->options, "importance"), report);
}

/* ---------------------------------------------------------------- the KL in two */

/* All posteriors q(h0|x_i): mean and log variance, and one draw of each, [n, width]. */
typedef struct Posteriors {
    int n, width;
    real *mean, *logvar, *z;
    double *log_prior; /* [n]: density of the prior at z, of one layer */
} Posteriors;

static Posteriors all_posteriors(const Vae *vae, const Task *task)
{
    Posteriors all = {.n = task->examples, .width = vae->width[0]};
    size_t numbers = (size_t)all.n * (size_t)all.width, row = (size_t)all.width;
    all.mean = memory_new(numbers, sizeof(real));
    all.logvar = memory_new(numbers, sizeof(real));
    all.z = memory_new(numbers, sizeof(real));
    all.log_prior = memory_new((size_t)all.n, sizeof(double));
    Rng noise = rng_at(task->noise, (uint64_t)1 << 40);
    for (int i = 0; i < all.n; i++) {
        tape_reset(task->tape);
        params_bind(vae->model.part[0].params, task->tape);
        VaeDraw draw = vae_draw(vae, ladder_example(task, i), 1, &noise);
        memcpy(all.mean + (size_t)i * row, draw.q[0].mean->value, row * sizeof(real));
        memcpy(all.logvar + (size_t)i * row, draw.q[0].logvar->value, row * sizeof(real));
        memcpy(all.z + (size_t)i * row, draw.h[0]->value, row * sizeof(real));
        if (vae->layers == 1)
            all.log_prior[i] = (double)tensor_item(vae_log_prior(vae, draw.h));
    }
    return all;
}

static void posteriors_free(Posteriors *all)
{
    free(all->mean);
    free(all->logvar);
    free(all->z);
    free(all->log_prior);
}

/* log q(z_i|x_j) = sum_d -1/2 (z^2 a_j - 2 z b_j + c_j), one product of [z^2, z] and [a, -2b] for a
 * block of rows i against all j: -> [rows, n]. */
static Tensor *log_posterior_block(const Posteriors *all, Tape *tape, int first, int rows)
{
    int d = all->width, n = all->n;
    Tensor *left = tensor_new_matrix(tape, rows, 2 * d), *right = tensor_new_matrix(tape, n, 2 * d);
    Tensor *constant = tensor_new_matrix(tape, 1, n);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < d; j++) {
            real z = all->z[(size_t)(first + i) * (size_t)d + (size_t)j];
            left->value[(size_t)i * 2 * (size_t)d + (size_t)j] = z * z;
            left->value[(size_t)i * 2 * (size_t)d + (size_t)(d + j)] = z;
        }
    for (int i = 0; i < n; i++) {
        double sum = 0;
        for (int j = 0; j < d; j++) {
            size_t at = (size_t)i * (size_t)d + (size_t)j,
                   to = (size_t)i * 2 * (size_t)d + (size_t)j;
            double precision = exp(-(double)all->logvar[at]), mean = (double)all->mean[at];
            right->value[to] = (real)(-0.5 * precision);
            right->value[to + (size_t)d] = (real)(precision * mean);
            sum += precision * mean * mean + (double)all->logvar[at] + M_LN2 + M_LNPI;
        }
        constant->value[i] = (real)(-0.5 * sum);
    }
    return tensor_add(tensor_matmul_transposed(left, right), constant);
}

/* KL(q(z|x) || p(z)) averaged over the data = I_q(x; z) + KL(q(z) || p(z)), with q(z) = 1/n sum_j
 * q(z|x_j) over the examples at hand. I_q cannot exceed log n; the second part is how badly the
 * prior fits. Source: Hoffman & Johnson (2016), "ELBO surgery", eq. 9. */
static void split_kl(const Vae *vae, const Posteriors *all, Tape *tape, LikelihoodReport *report)
{
    enum { BLOCK = 256 };
    double *information = memory_new((size_t)all->n, sizeof *information);
    double *marginal = memory_new((size_t)all->n, sizeof *marginal);
    for (int first = 0; first < all->n; first += BLOCK) {
        int rows = all->n - first < BLOCK ? all->n - first : BLOCK;
        tape_reset(tape);
        Tensor *log_q = log_posterior_block(all, tape, first, rows);
        Tensor *mixture = tensor_log_sum_exp(log_q);
        for (int i = 0; i < rows; i++) {
            double log_q_z = (double)mixture->value[i] - log(all->n);
            double own = (double)log_q->value[(size_t)i * (size_t)all->n + (size_t)(first + i)];
            information[first + i] = own - log_q_z;
            marginal[first + i] = log_q_z - all->log_prior[first + i];
        }
    }
    likelihood_report_part(report, "mutual information I_q(x;z)", "nats", information,
                           (size_t)all->n);
    if (vae->layers == 1)
        likelihood_report_part(report, "KL(q(z)||p(z))", "nats", marginal, (size_t)all->n);
    likelihood_report_number(report, "largest I_q for so many examples", "nats", log(all->n), NAN);
    free(information);
    free(marginal);
}

/* Latents whose posterior mean varies over the data by more than 0.01: Burda et al. (2016),
 * sec. 5.2. */
static void count_active(const Posteriors *all, LikelihoodReport *report)
{
    int active = 0;
    for (int j = 0; j < all->width; j++) {
        double sum = 0, square = 0;
        for (int i = 0; i < all->n; i++) {
            double mean = (double)all->mean[(size_t)i * (size_t)all->width + (size_t)j];
            sum += mean;
            square += mean * mean;
        }
        active += square / all->n - (sum / all->n) * (sum / all->n) > 0.01;
    }
    likelihood_report_number(report, "active units", "of the latent", active, NAN);
}

/* ---------------------------------------------------------------- the amortisation gap */

enum { GAP_STEPS = 300, GAP_SAMPLES = 10, GAP_JUDGES = 500 };

/* ELBO of x under a given Gaussian q, mean over k draws: [1]. */
static Tensor *elbo_of(const Vae *vae, Tensor *x, Gaussian q, int k, Rng *noise)
{
    Tensor *z = gaussian_sample(gaussian_repeat(q, k), noise);
    return tensor_sub(tensor_mean(vae_log_likelihood(vae, x, z)),
                      tensor_mean(gaussian_kl_to_standard(q)));
}

/* How much the ELBO rises when q is optimised for this example alone, starting from the encoder's;
 * both judged on the same fresh draws. Source: Cremer, Li & Duvenaud (2018), arXiv:1801.03558,
 * sec. 3.1. */
static double gap_of(const Vae *vae, const Task *task, int i)
{
    Params *weights = vae->model.part[0].params, *own = params_create();
    Tensor *mean = params_weight(own, "mean", 2, (int[]){1, vae->width[0]});
    Tensor *logvar = params_weight(own, "logvar", 2, (int[]){1, vae->width[0]});
    Optimizer *adam = optimizer_create(own, optimizer_adam());
    const Schedule schedule = {.peak = 1e-2, .cosine = true, .steps = GAP_STEPS};
    Rng noise = rng_at(task->noise, ((uint64_t)1 << 41) + (uint64_t)i);
    double judged[2];
    tape_reset(task->tape);
    params_bind(weights, task->tape);
    Gaussian q = vae_encode(vae, ladder_example(task, i));
    memcpy(mean->value, q.mean->value, mean->size * sizeof(real));
    memcpy(logvar->value, q.logvar->value, logvar->size * sizeof(real));
    for (int step = 0; step <= GAP_STEPS; step++) {
        bool judge = step == 0 || step == GAP_STEPS;
        Rng fixed = rng_at(task->noise, ((uint64_t)1 << 42) + (uint64_t)i);
        tape_reset(task->tape);
        params_bind(weights, task->tape);
        params_bind(own, task->tape);
        Tensor *x = ladder_example(task, i);
        if (judge)
            judged[step > 0] =
                (double)tensor_item(elbo_of(vae, x, (Gaussian){mean, logvar}, GAP_JUDGES, &fixed));
        if (step == GAP_STEPS)
            break;
        Tensor *elbo = elbo_of(vae, x, (Gaussian){mean, logvar}, GAP_SAMPLES, &noise);
        tape_backward(tensor_neg(elbo));
        optimizer_update(adam, schedule_rate(&schedule, step));
    }
    optimizer_free(adam);
    params_free(own);
    return judged[1] - judged[0];
}

static void amortisation_gap(const Vae *vae, const Task *task, LikelihoodReport *report)
{
    int n = (int)options_int(task->options, "amortisation");
    n = n < task->examples ? n : task->examples;
    if (n == 0 || vae->layers != 1)
        return;
    double *gap = memory_new((size_t)n, sizeof *gap);
    Progress progress = progress_start("amortisation gap", "examples", 0, n, task->quiet);
    bool recording = tape_record(task->tape, true);
    params_freeze(vae->model.part[0].params, true);
    for (int i = 0; i < n; i++) {
        gap[i] = gap_of(vae, task, i);
        progress_show(&progress, i + 1, "");
    }
    params_freeze(vae->model.part[0].params, false);
    tape_record(task->tape, recording);
    progress_end(&progress, "");
    likelihood_report_part(report, "amortisation gap", "nats", gap, (size_t)n);
    free(gap);
}

/* The true density's mean on the same points, so that the gap is a number. */
static void true_density(const Task *task, const Likelihood *model, LikelihoodReport *report)
{
    const Dataset *data = task->data;
    if (data->log_density == NULL)
        return;
    size_t n = (size_t)task->examples;
    double *truth = memory_new(n, sizeof *truth), *gap = memory_new(n, sizeof *gap);
    real *x = task_examples(task);
    dataset_log_densities(data, x, n, truth);
    for (size_t i = 0; i < n; i++)
        gap[i] = truth[i] - model->log_prob[i];
    free(x);
    likelihood_report_part(report, "true log p", "nats", truth, n);
    likelihood_report_part(report, "true log p - model's bound, paired", "nats", gap, n);
    free(truth);
    free(gap);
}

/* Where p(x) is an integral over two numbers at most, beside its bounds. */
static void exact_likelihood(const Vae *vae, const Task *task, LikelihoodReport *report)
{
    const double step = 0.05;
    real *x = task_examples(task);
    Likelihood *exact = likelihood_report_add(report, "exact", LIKELIHOOD_EXACT);
    exact->se_estimator = NAN;
    vae_exact(vae, x, task->examples, step, exact->log_prob);
    free(x);
}

void vae_evaluate(Model *model, const Task *task, LikelihoodReport *report)
{
    const Vae *vae = (const Vae *)model;
    bool recording = tape_record(task->tape, false);
    climb_ladder(vae, task, report);
    if (vae_exact_possible(vae))
        exact_likelihood(vae, task, report);
    true_density(task, &report->likelihood[report->likelihoods - 1], report);
    if (vae->flow.layers == 0) { /* what follows is about Gaussian posteriors */
        Posteriors all = all_posteriors(vae, task);
        split_kl(vae, &all, task->tape, report);
        count_active(&all, report);
        posteriors_free(&all);
        amortisation_gap(vae, task, report);
    }
    tape_record(task->tape, recording);
}
