/* The command `scaling`: the same data, the same steps, narrower and narrower networks; and a curve
 * L(N) = L_infinity + (N_c / N)^alpha through their held-out losses.
 * Source: Kaplan et al. (2020), arXiv:2001.08361, eq. 1.1, with the constant of Henighan et al.
 * (2020), arXiv:2010.14701, eq. 1.1. */
#include "06-transformer/gpt_scaling.h"

#include "06-transformer/gpt_commands.h"
#include "support/fail.h"
#include "support/memory.h"
#include "train/loop.h"
#include "train/record.h"
#include "train/run.h"

#include <gsl/gsl_multifit_nlinear.h>
#include <math.h>
#include <stdlib.h>

enum { LEAST_SIZES = 4 };

const OptionSpec gpt_scaling_options[] = {
    {"widths", OPTION_INTS, "16,24,32,48,64,96", "N,N...", "of the networks, at least 4", 4, 4096,
     NULL},
    {"steps", OPTION_INT, "1500", "N", "of each", 1, 1e9, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

/* Weights of the blocks alone: tables of symbols and positions do not compute. */
static double block_weights(const Gpt *gpt, int width)
{
    return 12.0 * gpt->blocks * width * width;
}

/* One network of that width in DIR/scaling/width-W: its last held-out loss. */
static double train_one(const Task *task, int width, long steps)
{
    char *stored_path = run_path(task->dir, "config.json");
    cJSON *stored = run_read_options(task->dir, &gpt_family);
    char *out = memory_format("%s/scaling/width-%d", task->dir, width);
    char *width_text = memory_format("%d", width), *steps_text = memory_format("%ld", steps);
    char *threads_text = memory_format("%d", kernels_threads());
    char *line[] = {"transformer", "--out",   out,        "--force",   "--quiet",    "--width",
                    width_text,    "--steps", steps_text, "--threads", threads_text, NULL};
    const OptionSpec *tables[] = {loop_options, run_options, gpt_options, family_optimizer_options,
                                  NULL};
    const int words = (int)(sizeof line / sizeof *line) - 1;
    Options *options = options_parse("transformer scaling", "", tables, words, line);
    options_from_json(options, stored, stored_path);
    LoopResult result = loop_train(&gpt_family, options, NULL);
    if (!result.finished)
        refuse("scaling: stopped; what was trained is in %s/scaling", task->dir);
    RecordTable table = record_read(out);
    const double *valid = record_column(&table, "valid");
    double loss = valid != NULL && table.rows > 0 ? valid[table.rows - 1] : NAN;
    record_table_free(&table);
    if (!isfinite(loss))
        refuse("scaling: the network of width %d has no held-out loss; give more --steps", width);
    options_free(options);
    cJSON_Delete(stored);
    free(threads_text);
    free(steps_text);
    free(width_text);
    free(out);
    free(stored_path);
    return loss;
}

/* ---------------------------------------------------------------- the fit */

static double curve_at(double floor_loss, double log_scale, double alpha, double weights)
{
    return floor_loss + exp(alpha * (log_scale - log(weights)));
}

static int residuals(const gsl_vector *p, void *context, gsl_vector *out)
{
    const GptSizes *s = context;
    for (int i = 0; i < s->n; i++)
        gsl_vector_set(out, (size_t)i,
                       curve_at(gsl_vector_get(p, 0), gsl_vector_get(p, 1), gsl_vector_get(p, 2),
                                s->weights[i]) -
                           s->loss[i]);
    return GSL_SUCCESS;
}

/* Root of the mean squared distance of the points from the curve. */
static double distance(const GptSizes *s, const double fit[3])
{
    double norm = 0;
    for (int i = 0; i < s->n; i++)
        norm += pow(curve_at(fit[0], fit[1], fit[2], s->weights[i]) - s->loss[i], 2) / s->n;
    return sqrt(norm);
}

bool gpt_scaling_fit(const GptSizes *sizes, double fit[3])
{
    GptSizes kept = *sizes; /* GSL wants one that may be changed */
    gsl_multifit_nlinear_parameters settings = gsl_multifit_nlinear_default_parameters();
    gsl_multifit_nlinear_workspace *w =
        gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &settings, (size_t)kept.n, 3);
    gsl_multifit_nlinear_fdf problem = {
        .f = residuals, .n = (size_t)kept.n, .p = 3, .params = &kept};
    double start[3] = {0.8 * kept.loss[kept.n - 1], log(kept.weights[0]), 0.3};
    gsl_vector_view first = gsl_vector_view_array(start, 3);
    int why;
    gsl_multifit_nlinear_init(&first.vector, &problem, w);
    int status = gsl_multifit_nlinear_driver(500, 1e-10, 1e-10, 1e-10, NULL, NULL, &why, w);
    for (int i = 0; i < 3; i++)
        fit[i] = gsl_vector_get(gsl_multifit_nlinear_position(w), (size_t)i);
    gsl_multifit_nlinear_free(w);
    double falls = curve_at(fit[0], fit[1], fit[2], kept.weights[0]) -
                   curve_at(fit[0], fit[1], fit[2], kept.weights[kept.n - 1]);
    return status == GSL_SUCCESS && falls > distance(&kept, fit);
}

static void draw(const Task *task, const GptSizes *s, const double fit[3])
{
    enum { POINTS = 60 };
    double x[POINTS + OPTIONS_MOST_INTS], curve[POINTS + OPTIONS_MOST_INTS];
    double measured[POINTS + OPTIONS_MOST_INTS];
    double low = log(s->weights[0]), high = log(s->weights[s->n - 1]);
    int n = 0;
    for (int k = 0, next = 0; k < POINTS;
         k++) { /* measured points in their places among the others */
        double at = exp(low + (high - low) * k / (POINTS - 1));
        for (; next < s->n && s->weights[next] <= at * (1 + 1e-9); next++) {
            x[n] = s->weights[next];
            curve[n] = curve_at(fit[0], fit[1], fit[2], x[n]);
            measured[n++] = s->loss[next];
        }
        x[n] = at;
        curve[n] = curve_at(fit[0], fit[1], fit[2], at);
        measured[n++] = NAN;
    }
    FigureCurve both[2] = {{.label = "fit", .y = curve},
                           {.label = "held out", .y = measured, .sparse = true}};
    figure_lines(task->figures,
                 &(FigureText){.name = "scaling",
                               .title = "Loss against size",
                               .x_label = "weights of the blocks",
                               .y_label = "-log p (nats a token)"},
                 &(FigureLines){.x = x, .n = (size_t)n, .curve = both, .curves = 2, .log_x = true});
}

static int ascending(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

void gpt_scaling_command(Model *model, const Task *task)
{
    const Gpt *gpt = (const Gpt *)model;
    int width[OPTIONS_MOST_INTS];
    GptSizes sizes = {.n = options_ints(task->options, "widths", width)};
    if (sizes.n < LEAST_SIZES)
        refuse_usage("--widths: %d; the curve has 3 unknowns: give at least %d", sizes.n,
                     LEAST_SIZES);
    qsort(width, (size_t)sizes.n, sizeof *width, ascending);
    for (int i = 0; i < sizes.n; i++) {
        int unit = gpt->position == NULL ? 2 * gpt->heads : gpt->heads; /* rotary turns pairs */
        if (width[i] % unit != 0)
            refuse_usage("--widths %d: must be a multiple of %d, for the run's %d heads", width[i],
                         unit, gpt->heads);
        if (i > 0 && width[i] == width[i - 1])
            refuse_usage("--widths: %d is there twice; give different ones", width[i]);
    }
    for (int i = 0; i < sizes.n; i++) {
        sizes.weights[i] = block_weights(gpt, width[i]);
        sizes.loss[i] = train_one(task, width[i], options_int(task->options, "steps"));
    }
    double fit[3];
    bool fits = gpt_scaling_fit(&sizes, fit);
    printf("\n%8s %12s %12s\n", "width", "weights", "held out");
    for (int i = 0; i < sizes.n; i++)
        printf("%8d %12.0f %12.4f\n", width[i], sizes.weights[i], sizes.loss[i]);
    if (!fits) {
        warn("scaling: no falling curve fits these losses; give other --widths or more --steps");
        return;
    }
    printf("L(N) = %.3f + (%.3g / N)^%.3f nats a token; root mean square of what is left %.4f\n",
           fit[0], exp(fit[1]), fit[2], distance(&sizes, fit));
    draw(task, &sizes, fit);
}
