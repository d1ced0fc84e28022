/* Evaluation: the density, beside the true one where it is known; of images the bound over the
 * dequantised cell and a tighter one; what the way there and back loses. */
#include "03-flow/flow_model.h"

#include "support/fail.h"
#include "support/memory.h"
#include "train/progress.h"
#include "train/truth.h"

#include <gsl/gsl_math.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const OptionSpec flow_eval_options[] = {
    {"points", OPTION_INT, "1000000", "N",
     "fresh points for the gap to the true density; 0: only the split's", 0, 1e9, NULL},
    {"draws", OPTION_INT, "16", "S", "values of u an image for the tighter bound", 1, 100000, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

enum { AT_ONCE = 500 };

/* log p of n points x [n, dims]; noise: of an estimated trace. */
static void log_prob_of(FlowModel *m, Tape *tape, const real *x, int n, Rng noise, double *log_prob)
{
    flow_set_noise(&m->flow, noise);
    tape_reset(tape);
    params_bind(m->model.part[0].params, tape);
    const Tensor *p = flow_density(m, tensor_from(tape, 2, (int[]){n, m->dims}, x)).log_prob;
    for (int i = 0; i < n; i++)
        log_prob[i] = (double)p->value[i];
}

/* ---------------------------------------------------------------- points */

/* What the model loses against the truth, E[log p_true - log p_model], over fresh points. */
static void measure_gap(FlowModel *m, const Task *task, long n, LikelihoodReport *report)
{
    enum { BLOCK = 5000 };
    const Dataset *data = task->data;
    double *gap = memory_new((size_t)n, sizeof *gap), point[DATA_POINT_DIMS];
    real *x = memory_new(BLOCK * (size_t)m->dims, sizeof *x);
    Progress progress = progress_start("gap", "points", 0, n, task->quiet);
    for (long first = 0; first < n; first += BLOCK) {
        int rows = n - first < BLOCK ? (int)(n - first) : BLOCK;
        Rng stream = rng_stream(1, "gap points");
        for (int i = 0; i < rows; i++) {
            Rng rng = rng_at(stream, (uint64_t)(first + i));
            data->draw(data, &rng, point);
            for (int d = 0; d < m->dims; d++)
                x[(size_t)i * (size_t)m->dims + (size_t)d] = (real)point[d];
            gap[first + i] = data->log_density(data, point);
        }
        double log_prob[BLOCK];
        log_prob_of(m, task->tape, x, rows, rng_at(task->noise, (uint64_t)first), log_prob);
        for (int i = 0; i < rows; i++)
            gap[first + i] -= log_prob[i];
        progress_show(&progress, first + rows, "");
    }
    progress_end(&progress, "");
    likelihood_report_part(report, "true log p - model's, fresh points", "nats", gap, (size_t)n);
    likelihood_report_number(report, "fresh points", "", (double)n, NAN);
    free(x);
    free(gap);
}

/* ---------------------------------------------------------------- draws from the reverse objective
 */

/* Draws of the flow weighted by target / q: log Z, which is known, and how many draws of the target
 * they are worth. */
static void weigh_draws(FlowModel *m, const Task *task, LikelihoodReport *report)
{
    enum { N = 100000, BLOCK = 5000 };
    LogMean mean = {0};
    Rng noise = rng_at(task->noise, (uint64_t)1 << 43);
    for (int first = 0; first < N; first += BLOCK) {
        tape_reset(task->tape);
        params_bind(m->model.part[0].params, task->tape);
        FlowDraws d = flow_draws(m, task->data, task->tape, BLOCK, &noise);
        for (int i = 0; i < BLOCK; i++)
            log_mean_add(&mean, d.log_target[i] - (double)d.log_q->value[i]);
    }
    likelihood_report_number(report, "log Z by 100,000 weighted draws", "nats",
                             log_mean_value(&mean), log_mean_se(&mean));
    likelihood_report_number(report, "log Z, true", "nats", log(FLOW_TARGET_FACTOR), NAN);
    likelihood_report_number(report, "effective sample size", "of each draw",
                             mean.sum * mean.sum / mean.square / N, NAN);
}

/* ---------------------------------------------------------------- points, all of it */

/* The integral of the density over the plane, as far as 10 scales from the centre, or the sphere:
 * by rows of equal area, midpoints of equal cells. */
static double integral(FlowModel *m, Tape *tape)
{
    enum { MOST = 1200, FEW = 300 };
    const double reach = 10;
    bool sphere = m->latent == LATENT_SPHERE;
    int cells = m->continuous ? FEW : MOST;
    real *x = memory_new(3 * MOST, sizeof *x);
    const Tensor *scale = m->units.scale;
    double sum = 0, log_prob[MOST];
    double area =
        sphere ? 4 * M_PI : 4 * reach * reach * (double)scale->value[0] * (double)scale->value[1];
    for (int r = 0; r < cells; r++) {
        double v = (2 * r + 1.0) / cells - 1, radius = sqrt(1 - v * v);
        for (int c = 0; c < cells; c++) {
            double u = (2 * c + 1.0) / cells - 1;
            double at[3] = {radius * cos(M_PI * u), radius * sin(M_PI * u), v};
            double plane[2] = {reach * u, reach * v};
            for (int d = 0; d < m->dims; d++)
                x[c * m->dims + d] = sphere ? (real)at[d]
                                            : (real)((double)m->units.center->value[d] +
                                                     plane[d] * (double)scale->value[d]);
        }
        log_prob_of(m, tape, x, cells, rng_stream(1, "integral"), log_prob);
        for (int c = 0; c < cells; c++)
            sum += exp(log_prob[c]) * area / ((double)cells * cells);
    }
    free(x);
    return sum;
}

static void evaluate_points(FlowModel *m, const Task *task, const real *x, LikelihoodReport *report)
{
    bool estimated = flow_set_noise(&m->flow, task->noise); /* a continuous flow of many numbers */
    Likelihood *exact = estimated ? likelihood_report_add(report, "ode", LIKELIHOOD_ESTIMATE)
                                  : likelihood_report_add(report, "exact", LIKELIHOOD_EXACT);
    long fresh = options_int(task->options, "points");
    for (int first = 0; first < task->examples; first += AT_ONCE) {
        int rows = task->examples - first < AT_ONCE ? task->examples - first : AT_ONCE;
        log_prob_of(m, task->tape, x + (size_t)first * (size_t)m->dims, rows,
                    rng_at(task->noise, (uint64_t)first), exact->log_prob + first);
    }
    if (m->objective == OBJECTIVE_REVERSE)
        weigh_draws(m, task, report);
    if (m->latent == LATENT_NORMAL) /* a kernel estimate is no density on the sphere */
        truth_compare(task, x, exact->log_prob, report);
    if (m->latent == LATENT_SPHERE || m->dims == 2)
        likelihood_report_number(report, "integral of the density", "", integral(m, task->tape),
                                 NAN);
    if (task->data->draw != NULL && task->data->log_density != NULL && fresh > 0)
        measure_gap(m, task, fresh, report);
}

/* ---------------------------------------------------------------- images */

/* Of one image: the mean of log p(x + u) - log q(u|x) over draws of u, and the log of the mean of
 * what that is the log of. */
typedef struct ImageBound {
    double mean, tight;
} ImageBound;

/* Of n images x [n, dims], at most AT_ONCE; first: the number of the first, for its noise. */
static void bound_images(FlowModel *m, const Task *task, const real *x, int n, int first,
                         ImageBound *bound)
{
    int draws = (int)options_int(task->options, "draws");
    LogMean mean[AT_ONCE] = {{0, 0, 0, 0}};
    for (int i = 0; i < n; i++)
        bound[i].mean = 0;
    for (int s = 0; s < draws; s++) {
        Rng noise = rng_at(task->noise, (uint64_t)first * (uint64_t)draws + (uint64_t)s);
        FlowDensity d;
        flow_set_noise(&m->flow, rng_at(rng_stream(1, "probes"), noise.step));
        tape_reset(task->tape);
        params_bind(m->model.part[0].params, task->tape);
        Tensor *part = tensor_from(task->tape, 2, (int[]){n, m->dims}, x);
        const Tensor *found = flow_bound(m, part, &noise, &d);
        for (int i = 0; i < n; i++) {
            bound[i].mean += (double)found->value[i] / draws;
            log_mean_add(&mean[i], (double)found->value[i]);
        }
    }
    for (int i = 0; i < n; i++)
        bound[i].tight = log_mean_value(&mean[i]);
}

/* Where the data's own distribution is known: log P_data(x) - bound, on the same images. The model
 * is as far from the data as that or nearer. */
static void compare_with_truth(const Task *task, const real *x, const Likelihood *bound,
                               const char *name, LikelihoodReport *report)
{
    size_t n = (size_t)task->examples;
    if (task->data->log_density == NULL || bound == NULL)
        return;
    double *gap = memory_new(n, sizeof *gap);
    dataset_log_densities(task->data, x, n, gap);
    for (size_t i = 0; i < n; i++)
        gap[i] -= bound->log_prob[i];
    likelihood_report_part(report, name, "nats", gap, n);
    free(gap);
}

/* All images of few binary pixels. The density of y adds up to one, so the second sum is 1 up to
 * the error of the draws of u; what the first lacks is what the bound gives away. */
static void sum_over_images(FlowModel *m, const Task *task, LikelihoodReport *report)
{
    enum { MOST_PIXELS = 16 };
    if (m->kind != DATA_BINARY || m->dims > MOST_PIXELS)
        return;
    int all = 1 << m->dims, beyond = 1 << 20; /* noise of its own: beyond the examples' */
    real *x = memory_new((size_t)AT_ONCE * (size_t)m->dims, sizeof *x);
    ImageBound bound[AT_ONCE];
    double sum = 0, tight = 0;
    Progress progress = progress_start("sum", "images", 0, all, task->quiet);
    for (int first = 0; first < all; first += AT_ONCE) {
        int n = all - first < AT_ONCE ? all - first : AT_ONCE;
        for (int i = 0; i < n * m->dims; i++)
            x[i] = (real)((first + i / m->dims) >> (i % m->dims) & 1);
        bound_images(m, task, x, n, beyond + first, bound);
        for (int i = 0; i < n; i++) {
            sum += exp(bound[i].mean);
            tight += exp(bound[i].tight);
        }
        progress_show(&progress, first + n, "");
    }
    progress_end(&progress, "");
    likelihood_report_number(report, "sum of exp(dequantised), all images", "", sum, NAN);
    likelihood_report_number(report, "sum of exp(dequantised-tight)", "", tight, NAN);
    free(x);
}

/* Both bounds on the same draws: the second is at least the first (Jensen). */
static void evaluate_images(FlowModel *m, const Task *task, const real *x, LikelihoodReport *report)
{
    int n = task->examples;
    /* with an estimated trace log p(y) errs either way, and the mean of its exponential upward */
    bool estimated = flow_set_noise(&m->flow, task->noise);
    LikelihoodKind kind = estimated ? LIKELIHOOD_ESTIMATE : LIKELIHOOD_LOWER_BOUND;
    Likelihood *bound = likelihood_report_add(report, "dequantised", kind);
    Likelihood *tight = estimated ? NULL : likelihood_report_add(report, "dequantised-tight", kind);
    Progress progress = progress_start("density", "examples", 0, n, task->quiet);
    for (int first = 0; first < n; first += AT_ONCE) {
        int rows = n - first < AT_ONCE ? n - first : AT_ONCE;
        ImageBound found[AT_ONCE];
        bound_images(m, task, x + (size_t)first * (size_t)m->dims, rows, first, found);
        for (int i = 0; i < rows; i++) {
            bound->log_prob[first + i] = found[i].mean;
            if (tight != NULL)
                tight->log_prob[first + i] = found[i].tight;
        }
        progress_show(&progress, first + rows, "");
    }
    progress_end(&progress, "");
    compare_with_truth(task, x, bound, "true log P - dequantised", report);
    compare_with_truth(task, x, tight, "true log P - dequantised-tight", report);
    if (!estimated)
        sum_over_images(m, task, report);
}

/* ---------------------------------------------------------------- there and back */

/* Which layer loses most of the way there and back: the first thing to look at when samples are
 * odd or a likelihood is too good. */
static void round_trip(FlowModel *m, const Task *task, const real *x, LikelihoodReport *report)
{
    enum { MOST = 64 };
    int n = task->examples < MOST ? task->examples : MOST;
    FlowLoss loss[FLOW_MOST_LAYERS], whole;
    Rng noise = rng_at(task->noise, (uint64_t)1 << 40);
    tape_reset(task->tape);
    params_bind(m->model.part[0].params, task->tape);
    Tensor *rows = tensor_from(task->tape, 2, (int[]){n, m->dims}, x);
    int worst = flow_round_trip(&m->flow, flow_layer_input(m, rows, &noise), loss, &whole);
    if (!whole.finite)
        warn("the way there and back is not finite from layer %d on (%s); lower --lr or --bound",
             worst, m->flow.layer[worst]->kind->name);
    likelihood_report_number(report, "round trip: log10 of the largest error", "",
                             log10(fmax(whole.largest, 1e-12)), NAN);
    likelihood_report_number(report, "round trip: log10 of the log-determinants' gap", "",
                             log10(fmax(whole.log_det, 1e-12)), NAN);
    if (!task->quiet)
        printf("round trip of %d examples: largest error %.2g; most in layer %d of %d (%s), %.2g\n",
               n, whole.largest, worst, m->flow.layers, m->flow.layer[worst]->kind->name,
               loss[worst].largest);
}

/* The time for up to 100 examples each way: an autoregressive flow is quick in one direction and
 * takes a pass a number in the other. Printed, not kept: eval.json holds what a run repeats. */
static void time_ways(FlowModel *m, const Task *task, const real *x)
{
    int n = task->examples < 100 ? task->examples : 100;
    Rng noise = rng_at(task->noise, (uint64_t)1 << 44);
    real *back = memory_new((size_t)n * (size_t)m->dims, sizeof *back);
    tape_reset(task->tape);
    params_bind(m->model.part[0].params, task->tape);
    Tensor *rows = tensor_from(task->tape, 2, (int[]){n, m->dims}, x);
    double start = profile_seconds();
    Tensor *z = flow_density(m, flow_dequantise(m, rows, &noise, NULL)).latent;
    double middle = profile_seconds();
    flow_latent_to_data(m, z, back);
    double end = profile_seconds();
    printf("%d examples to the latent in %.3g ms, back to data in %.3g ms\n", n,
           1000 * (middle - start), 1000 * (end - middle));
    free(back);
}

void flow_evaluate(Model *model, const Task *task, LikelihoodReport *report)
{
    FlowModel *m = (FlowModel *)model;
    bool recording = tape_record(task->tape, false);
    real *x = task_examples(task);
    if (m->kind == DATA_POINTS)
        evaluate_points(m, task, x, report);
    else
        evaluate_images(m, task, x, report);
    round_trip(m, task, x, report);
    if (!task->quiet)
        time_ways(m, task, x);
    tape_record(task->tape, recording);
    free(x);
}
