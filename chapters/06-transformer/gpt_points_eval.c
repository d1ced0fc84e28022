/* Points: their density beside the true one, samples, pictures. */
#include "06-transformer/gpt_generate.h"
#include "06-transformer/gpt_points.h"

#include "support/fail.h"
#include "support/memory.h"
#include "train/truth.h"

#include <math.h>
#include <stdlib.h>

enum { AT_ONCE = 1000 };

/* log p of each coordinate given those before it: x [n, dims] -> log_prob [n, dims]. */
static void log_prob_of(Gpt *gpt, Tape *tape, const real *x, int n, double *log_prob)
{
    int dims = gpt->context;
    for (int first = 0; first < n; first += AT_ONCE) {
        int rows = n - first < AT_ONCE ? n - first : AT_ONCE;
        size_t at = (size_t)first * (size_t)dims;
        tape_reset(tape);
        model_bind(&gpt->model, tape);
        Tensor *part = tensor_from(tape, 2, (int[]){rows, dims}, x + at);
        const Tensor *each = gpt_points_log_prob(gpt, part, NULL);
        for (size_t i = 0; i < each->size; i++)
            log_prob[at + i] = (double)each->value[i];
    }
}

/* sum over a point's coordinates -> log_prob [n] */
static void sum_rows(const double *each, int n, int dims, double *log_prob)
{
    for (int i = 0; i < n; i++) {
        log_prob[i] = 0;
        for (int j = 0; j < dims; j++)
            log_prob[i] += each[i * dims + j];
    }
}

/* The chain rule, term by term; and how many numbers fell beyond an edge. */
static void report_coordinates(const Gpt *gpt, const real *x, const double *each, int n,
                               LikelihoodReport *report)
{
    static const char *const name[GPT_MOST_DIMS] = {"log p(x1)",
                                                    "log p(x2 | x1)",
                                                    "log p(x3 | x1, x2)",
                                                    "log p(x4 | x1 to x3)",
                                                    "log p(x5 | x1 to x4)",
                                                    "log p(x6 | x1 to x5)",
                                                    "log p(x7 | x1 to x6)",
                                                    "log p(x8 | x1 to x7)"};
    int dims = gpt->context;
    double *one = memory_new((size_t)n, sizeof *one), beyond = 0;
    for (int j = 0; j < dims; j++) {
        GptAxis axis = gpt_axis(gpt, j);
        for (int i = 0; i < n; i++) {
            double at = (double)x[i * dims + j];
            one[i] = each[i * dims + j];
            beyond += at < axis.low || at > axis.high;
        }
        likelihood_report_part(report, name[j], "nats", one, (size_t)n);
    }
    likelihood_report_number(report, "numbers beyond the edges", "%",
                             100 * beyond / ((double)n * dims), NAN);
    free(one);
}

void gpt_points_evaluate(Gpt *gpt, const Task *task, LikelihoodReport *report)
{
    int n = task->examples, dims = gpt->context;
    Likelihood *exact = likelihood_report_add(report, "exact", LIKELIHOOD_EXACT);
    bool recording = tape_record(task->tape, false);
    real *x = task_examples(task);
    double *each = memory_new((size_t)n * (size_t)dims, sizeof *each);
    log_prob_of(gpt, task->tape, x, n, each);
    sum_rows(each, n, dims, exact->log_prob);
    report_coordinates(gpt, x, each, n, report);
    truth_compare(task, x, exact->log_prob, report);
    tape_record(task->tape, recording);
    free(each);
    free(x);
}

/* The cell of each coordinate from the cells before it, then a place within it. */
void gpt_points_sample(Gpt *gpt, Rng *noise, const SampleRequest *request, real *out)
{
    int n = request->n, dims = gpt->context, v = gpt->vocabulary;
    if (request->mean)
        refuse_usage("--mean: this family draws points without a latent; leave it out");
    int *cell = memory_new((size_t)n, sizeof *cell);
    double *probability = memory_new((size_t)v, sizeof *probability);
    GptWriter *writer = gpt_writer_create(gpt, n, false);
    for (int i = 0; i < n; i++)
        cell[i] = v; /* the start */
    for (int j = 0; j < dims; j++) {
        GptAxis axis = gpt_axis(gpt, j);
        gpt_writer_add(writer, cell);
        const real *score = gpt_writer_scores(writer);
        for (int i = 0; i < n; i++) {
            categorical_cut(score + (size_t)i * (size_t)v, v, (CategoricalCut){1, 0, 1},
                            probability);
            cell[i] = categorical_pick(probability, v, rng_uniform_one(noise));
            out[i * dims + j] = (real)gpt_axis_draw(&axis, cell[i], noise);
        }
    }
    gpt_writer_free(writer);
    free(probability);
    free(cell);
}

void gpt_points_figures(Gpt *gpt, const Task *task)
{
    enum { SIDE = 180, ALL = SIDE * SIDE };
    const double reach = 4.5;
    if (gpt->context != 2)
        return;
    real *x = memory_new(2 * ALL, sizeof *x);
    double *each = memory_new(2 * ALL, sizeof *each), *density = memory_new(ALL, sizeof *density);
    for (int i = 0; i < ALL; i++) {
        double at[2];
        truth_cell(i, SIDE, reach, at);
        x[2 * i] = (real)at[0];
        x[2 * i + 1] = (real)at[1];
    }
    log_prob_of(gpt, task->tape, x, ALL, each);
    sum_rows(each, ALL, 2, density);
    for (int i = 0; i < ALL; i++)
        density[i] = exp(density[i]);
    truth_draw_density(task, "model", density, SIDE, reach);
    free(density);
    free(each);
    free(x);
}
