#include "train/truth.h"

#include "metric/kde.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>

enum { KDE_POINTS = 10000, KDE_HELD_OUT = 2000 };

static real *split_rows(const Dataset *data, Split split, int n)
{
    real *x = memory_new((size_t)n * (size_t)data->dims, sizeof *x);
    Rng rng = rng_stream(1, "evaluation examples");
    dataset_fetch_range(data, split, 0, (size_t)n, &rng, x, NULL, NULL);
    return x;
}

static int at_most(size_t count, int most)
{
    return count < (size_t)most ? (int)count : most;
}

/* log p of the estimate from 10,000 training points, bandwidth chosen on validation points. */
static void kernel_estimate(const Task *task, const real *x, double *log_density, double *bandwidth)
{
    const Dataset *data = task->data;
    int n = at_most(data->count[SPLIT_TRAIN], KDE_POINTS);
    int held = at_most(data->count[SPLIT_VALIDATION], KDE_HELD_OUT);
    real *train = split_rows(data, SPLIT_TRAIN, n);
    real *held_out = split_rows(data, SPLIT_VALIDATION, held);
    double *scratch = memory_new((size_t)held, sizeof *scratch);
    Kde kde = kde_fit(train, n, data->dims, held_out, held, scratch);
    kde_mean_log_density(&kde, x, task->examples, log_density);
    *bandwidth = kde.bandwidth;
    free(scratch);
    free(held_out);
    free(train);
}

void truth_compare(const Task *task, const real *x, const double *model, LikelihoodReport *report)
{
    const Dataset *data = task->data;
    size_t n = (size_t)task->examples;
    double *value = memory_new(3 * n, sizeof *value), *truth = value, *kernel = value + n;
    double *gap = value + 2 * n, bandwidth;
    kernel_estimate(task, x, kernel, &bandwidth);
    likelihood_report_part(report, "kernel estimate's log p (10,000 points)", "nats", kernel, n);
    likelihood_report_number(report, "kernel estimate's bandwidth", "", bandwidth, NAN);
    if (data->log_density != NULL) {
        dataset_log_densities(data, x, n, truth);
        for (size_t i = 0; i < n; i++)
            gap[i] = truth[i] - kernel[i];
        likelihood_report_part(report, "true log p", "nats", truth, n);
        likelihood_report_part(report, "true log p - kernel estimate's, paired", "nats", gap, n);
        for (size_t i = 0; model != NULL && i < n; i++)
            gap[i] = truth[i] - model[i];
        if (model != NULL)
            likelihood_report_part(report, "true log p - model's, paired", "nats", gap, n);
    }
    free(value);
}

void truth_cell(int cell, int cells, double reach, double x[2])
{
    x[0] = reach * ((2 * (cell % cells) + 1.0) / cells - 1);
    x[1] = reach * ((2 * (cell / cells) + 1.0) / cells - 1);
}

void truth_draw_density(const Task *task, const char *title, const double *density, int cells,
                        double reach)
{
    const Dataset *data = task->data;
    bool known = data->log_density != NULL;
    double *truth = memory_new((size_t)(cells * cells), sizeof *truth), x[2];
    for (int cell = 0; known && cell < cells * cells; cell++) {
        truth_cell(cell, cells, reach, x);
        truth[cell] = exp(data->log_density(data, x));
    }
    FigurePanel panel[2] = {{.title = title, .density = density},
                            {.title = "true", .density = truth}};
    FigureHeatmaps maps = {.panel = panel,
                           .panels = known ? 2 : 1,
                           .nx = cells,
                           .ny = cells,
                           .x = {-reach, reach},
                           .y = {-reach, reach}};
    FigureText text = {
        .name = "density", .title = "Density", .x_label = "x1", .y_label = "x2", .z_label = "p(x)"};
    figure_heatmaps(task->figures, &text, &maps);
    free(truth);
}
