/* Pictures of a flow on the plane: the noise becomes the data, layer by layer. */
#include "03-flow/flow_figures.h"

#include "prob/gaussian.h"
#include "support/memory.h"
#include "train/truth.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double REACH = 4.5; /* of data */

/* Grid points of a square, in the order of figure_heatmaps. */
static Tensor *grid(Tape *tape, int cells, double reach)
{
    Tensor *x = tensor_new_matrix(tape, cells * cells, 2);
    double at[2];
    for (int cell = 0; cell < cells * cells; cell++) {
        truth_cell(cell, cells, reach, at);
        x->value[2 * cell] = (real)at[0];
        x->value[2 * cell + 1] = (real)at[1];
    }
    return x;
}

static void draw_density(const FlowModel *m, const Task *task)
{
    enum { CELLS = 180, ALL = CELLS * CELLS };
    double *density = memory_new(ALL, sizeof *density);
    flow_begin(m, task);
    const Tensor *p = flow_density(m, grid(task->tape, CELLS, REACH)).log_prob;
    for (int cell = 0; cell < ALL; cell++)
        density[cell] = exp((double)p->value[cell]);
    truth_draw_density(task, "model", density, CELLS, REACH);
    free(density);
}

/* ---------------------------------------------------------------- layer by layer */

/* The last `count` layers on the way from the latent to the data end there; these are the first
 * `count`: what is between the latent and a place on the way. */
static Flow near_latent(const FlowModel *m, int count)
{
    const Flow *all = &m->flow;
    Flow part = {.layers = count, .dims = all->dims};
    bool reverse = m->objective == OBJECTIVE_REVERSE;
    memcpy(part.layer, all->layer + (reverse ? 0 : all->layers - count),
           (size_t)count * sizeof *part.layer);
    return part;
}

/* From a place on the way to the latent, and back to the place. */
static FlowResult to_latent(const FlowModel *m, const Flow *part, Tensor *x)
{
    return m->objective == OBJECTIVE_REVERSE ? flow_inverse(part, x) : flow_forward(part, x);
}

static FlowResult from_latent(const FlowModel *m, const Flow *part, Tensor *z)
{
    return m->objective == OBJECTIVE_REVERSE ? flow_forward(part, z) : flow_inverse(part, z);
}

enum { STAGES = 6 };

/* The density of what the latent has become after some of the layers. */
static void draw_density_strip(const FlowModel *m, const Task *task)
{
    enum { CELLS = 120, ALL = CELLS * CELLS };
    const double reach = 3;
    double *density = memory_new((size_t)STAGES * ALL, sizeof *density);
    FigurePanel panel[STAGES];
    char title[STAGES][32];
    int stages = m->flow.layers + 1 < STAGES ? m->flow.layers + 1 : STAGES;
    for (int s = 0; s < stages; s++) {
        int passed = s * m->flow.layers / (stages - 1);
        Flow part = near_latent(m, passed);
        flow_begin(m, task);
        Tensor *x = grid(task->tape, CELLS, reach);
        FlowResult z = to_latent(m, &part, x);
        const Tensor *p = tensor_add(gaussian_log_prob_standard(z.value), z.log_det);
        for (int cell = 0; cell < ALL; cell++)
            density[s * ALL + cell] = exp((double)p->value[cell]);
        snprintf(title[s], sizeof title[s], "%d layers", passed);
        panel[s] = (FigurePanel){.title = s == 0 ? "latent" : title[s],
                                 .density = density + (size_t)s * ALL};
    }
    FigureHeatmaps maps = {.panel = panel,
                           .panels = stages,
                           .nx = CELLS,
                           .ny = CELLS,
                           .x = {-reach, reach},
                           .y = {-reach, reach},
                           .density = {0, 0.5}};
    FigureText text = {.name = "layers",
                       .title = "From the latent's density to the data's, in scaled units",
                       .x_label = "",
                       .y_label = "",
                       .z_label = "density"};
    figure_heatmaps(task->figures, &text, &maps);
    free(density);
}

/* Lines of a square grid, and a disc of noise, on their way to the data. */
enum { LINES = 15, ALONG = 120, GRID_POINTS = 2 * LINES * ALONG };

static void grid_lines(real *point, double *colour)
{
    const double reach = 2.4;
    int k = 0;
    for (int line = 0; line < LINES; line++)
        for (int i = 0; i < ALONG; i++)
            for (int turned = 0; turned < 2; turned++, k++) {
                double fixed = reach * (2.0 * line / (LINES - 1) - 1);
                double moving = reach * (2.0 * i / (ALONG - 1) - 1);
                point[2 * k] = (real)(turned ? moving : fixed);
                point[2 * k + 1] = (real)(turned ? fixed : moving);
                colour[k] = hypot(fixed, moving);
            }
}

static void draw_warp(const FlowModel *m, const Task *task)
{
    enum { MOST_FRAMES = 64 };
    int layers = m->flow.layers, frames = 0, step = 1 + layers / MOST_FRAMES;
    real *start = memory_new(2 * GRID_POINTS, sizeof *start);
    double *colour = memory_new(GRID_POINTS, sizeof *colour);
    FigureScatter frame[MOST_FRAMES + 2];
    char *label[MOST_FRAMES + 2];
    grid_lines(start, colour);
    for (int passed = 0;; passed = passed + step < layers ? passed + step : layers) {
        Flow part = near_latent(m, passed);
        real *point = memory_new(2 * GRID_POINTS, sizeof *point);
        flow_begin(m, task);
        Tensor *z = tensor_from(task->tape, 2, (int[]){GRID_POINTS, 2}, start);
        const Tensor *x = from_latent(m, &part, z).value;
        memcpy(point, x->value, x->size * sizeof *point);
        frame[frames] = (FigureScatter){.point = point,
                                        .n = GRID_POINTS,
                                        .value = colour,
                                        .equal_axes = true,
                                        .x_range = {-3, 3},
                                        .y_range = {-3, 3},
                                        .value_range = {0, 3.4}};
        label[frames++] =
            passed == 0 ? memory_text("latent") : memory_format("%d of %d layers", passed, layers);
        if (passed == layers)
            break;
    }
    FigureText text = {.name = "warp",
                       .title = "A grid on its way from the latent to the data",
                       .x_label = "x1, scaled units",
                       .y_label = "x2, scaled units",
                       .z_label = "distance from 0 in the latent"};
    figure_scatter_gif(task->figures, &text, frame, frames, (const char *const *)label, 0.5);
    for (int f = 0; f < frames; f++) {
        free((real *)frame[f].point);
        free(label[f]);
    }
    free(start);
    free(colour);
}

/* Test points and their latents, in the colours of their classes. */
static void draw_spaces(const FlowModel *m, const Task *task)
{
    enum { N = 3000 };
    int n = task->data->count[SPLIT_TEST] < N ? (int)task->data->count[SPLIT_TEST] : N;
    int *label = task->data->classes > 0 ? memory_new((size_t)n, sizeof *label) : NULL;
    flow_begin(m, task);
    Tensor *x = flow_examples(m, task, SPLIT_TEST, n, label);
    const Tensor *z = flow_density(m, x).latent;
    FigureScatter scatter = {.point = z->value,
                             .n = (size_t)n,
                             .group = label,
                             .groups = task->data->classes,
                             .equal_axes = true,
                             .x_range = {-4, 4},
                             .y_range = {-4, 4}};
    FigureText text = {.name = "latent",
                       .title = "Test points in the latent: where each part of the data comes from",
                       .x_label = "z1",
                       .y_label = "z2"};
    figure_scatter(task->figures, &text, &scatter);
    scatter.point = x->value;
    scatter.x_range = scatter.y_range = (FigureRange){-REACH, REACH};
    text = (FigureText){
        .name = "data", .title = "The same test points", .x_label = "x1", .y_label = "x2"};
    figure_scatter(task->figures, &text, &scatter);
    free(label);
}

void flow_draw_plane(const FlowModel *m, const Task *task)
{
    draw_density(m, task);
    draw_density_strip(m, task);
    draw_warp(m, task);
    draw_spaces(m, task);
}
