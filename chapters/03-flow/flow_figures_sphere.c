/* Pictures of a flow on the sphere: the globe from two sides, and a map of all of it. */
#include "03-flow/flow_figures.h"

#include "support/memory.h"

#include <gsl/gsl_math.h>
#include <math.h>
#include <stdlib.h>

/* Density at n points of the sphere, of the model or the truth. */
static void densities(const FlowModel *m, const Task *task, const real *x, int n, bool truth,
                      double *density)
{
    flow_begin(m, task);
    const Tensor *p = flow_density(m, tensor_from(task->tape, 2, (int[]){n, 3}, x)).log_prob;
    for (int i = 0; i < n; i++) {
        double at[3] = {(double)x[3 * i], (double)x[3 * i + 1], (double)x[3 * i + 2]};
        density[i] = exp(truth ? task->data->log_density(task->data, at) : (double)p->value[i]);
    }
}

/* Orthographic projection of the half that faces the longitude 0 (side 0) or 180 (side 1): cells
 * outside the disc get NaN. */
static void globe(const FlowModel *m, const Task *task, int cells, int side, bool truth,
                  double *density)
{
    real *x = memory_new(3 * (size_t)(cells * cells), sizeof *x);
    for (int cell = 0; cell < cells * cells; cell++) {
        double u = 1.02 * ((2 * (cell % cells) + 1.0) / cells - 1);
        double v = 1.02 * ((2 * (cell / cells) + 1.0) / cells - 1);
        double depth = 1 - u * u - v * v, sign = side == 0 ? 1 : -1;
        x[3 * cell] = (real)(depth > 0 ? sign * sqrt(depth) : 1);
        x[3 * cell + 1] = (real)(depth > 0 ? sign * u : 0);
        x[3 * cell + 2] = (real)(depth > 0 ? v : 0);
    }
    densities(m, task, x, cells * cells, truth, density);
    for (int cell = 0; cell < cells * cells; cell++) {
        double u = 1.02 * ((2 * (cell % cells) + 1.0) / cells - 1);
        double v = 1.02 * ((2 * (cell / cells) + 1.0) / cells - 1);
        if (u * u + v * v >= 1)
            density[cell] = NAN;
    }
    free(x);
}

static void draw_globe(const FlowModel *m, const Task *task)
{
    enum { CELLS = 160, ALL = CELLS * CELLS };
    static const char *const title[4] = {"model, longitude 0 in front", "model, 180 in front",
                                         "true, longitude 0 in front", "true, 180 in front"};
    int panels = task->data->log_density != NULL ? 4 : 2;
    double *density = memory_new((size_t)panels * ALL, sizeof *density);
    FigurePanel panel[4];
    for (int i = 0; i < panels; i++) {
        globe(m, task, CELLS, i % 2, i >= 2, density + (size_t)i * ALL);
        panel[i] = (FigurePanel){.title = title[i], .density = density + (size_t)i * ALL};
    }
    FigureHeatmaps maps = {.panel = panel,
                           .panels = panels,
                           .nx = CELLS,
                           .ny = CELLS,
                           .x = {-1.02, 1.02},
                           .y = {-1.02, 1.02}};
    FigureText text = {
        .name = "globe", .title = "Density on the sphere", .z_label = "density by area"};
    figure_heatmaps(task->figures, &text, &maps);
    free(density);
}

/* All of the sphere, height over longitude: equal areas stay equal. */
static void draw_map(const FlowModel *m, const Task *task)
{
    enum { WIDE = 240, HIGH = 120, ALL = WIDE * HIGH, POINTS = 1500 };
    int panels = task->data->log_density != NULL ? 2 : 1;
    real *x = memory_new(3 * ALL, sizeof *x);
    double *density = memory_new(2 * ALL, sizeof *density);
    for (int cell = 0; cell < ALL; cell++) {
        double a = M_PI * ((2 * (cell % WIDE) + 1.0) / WIDE - 1);
        double h = (2 * (cell / WIDE) + 1.0) / HIGH - 1, r = sqrt(1 - h * h);
        x[3 * cell] = (real)(r * cos(a));
        x[3 * cell + 1] = (real)(r * sin(a));
        x[3 * cell + 2] = (real)h;
    }
    for (int i = 0; i < panels; i++)
        densities(m, task, x, ALL, i == 1, density + (size_t)i * ALL);
    FigurePanel panel[2] = {{.title = "model", .density = density},
                            {.title = "true", .density = density + ALL}};
    FigureHeatmaps maps = {
        .panel = panel, .panels = panels, .nx = WIDE, .ny = HIGH, .x = {-180, 180}, .y = {-1, 1}};
    FigureText text = {.name = "map",
                       .title = "Density on the sphere, equal areas",
                       .x_label = "longitude (degrees)",
                       .y_label = "height",
                       .z_label = "density by area"};
    figure_heatmaps(task->figures, &text, &maps);
    free(density);
    free(x);
}

void flow_draw_sphere(const FlowModel *m, const Task *task)
{
    draw_globe(m, task);
    draw_map(m, task);
}
