/* Figures of every flow, and what the other files of figures need. */
#include "03-flow/flow_figures.h"

#include "support/memory.h"
#include "train/pictures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void flow_begin(const FlowModel *model, const Task *task)
{
    tape_reset(task->tape);
    params_bind(model->model.part[0].params, task->tape);
}

Tensor *flow_examples(const FlowModel *model, const Task *task, Split split, int n, int *label)
{
    Rng rng = rng_at(task->noise, (uint64_t)1 << 41);
    Tensor *x = tensor_new_matrix(task->tape, n, model->dims);
    dataset_fetch_spread(task->data, split, (size_t)n, &rng, x->value, label, NULL);
    return flow_dequantise(model, x, &rng, NULL);
}

void flow_picture(const Task *task, const FigureText *text, const real *y, int rows, int columns,
                  const char *const *row_label, const char *const *column_label)
{
    const Dataset *data = task->data;
    size_t size = (size_t)(rows * columns) * (size_t)data->dims;
    real *pixel = memory_new(size, sizeof *pixel);
    for (size_t i = 0; i < size; i++)
        pixel[i] = (real)floor(fmin((double)y[i], data->levels - 1));
    pictures_to_unit(data, pixel, size);
    FigureImages images = {pixel, rows * columns, data->height, data->width, data->channels,
                           rows,  columns,        row_label,    column_label};
    figure_images(task->figures, text, &images);
    free(pixel);
}

/* The error of each layer alone, there and back. */
static void draw_round_trip(const FlowModel *m, const Task *task)
{
    enum { N = 64 };
    FlowLoss loss[FLOW_MOST_LAYERS], whole;
    double value[FLOW_MOST_LAYERS], det[FLOW_MOST_LAYERS];
    int n = task->data->count[SPLIT_TEST] < N ? (int)task->data->count[SPLIT_TEST] : N;
    flow_begin(m, task);
    Rng noise = task->noise;
    Tensor *x = tensor_new_matrix(task->tape, n, m->dims);
    dataset_fetch_range(task->data, SPLIT_TEST, 0, (size_t)n, &noise, x->value, NULL, NULL);
    flow_round_trip(&m->flow, flow_layer_input(m, x, &noise), loss, &whole);
    for (int i = 0; i < m->flow.layers; i++) { /* a curve of logarithms starts above 0 */
        value[i] = fmax(loss[i].largest, 1e-9);
        det[i] = fmax(loss[i].log_det, 1e-9);
    }
    FigureCurve curve[2] = {{.label = "largest error of a number", .y = value},
                            {.label = "log-determinant there + back (nats)", .y = det}};
    FigureLevel level = {fmax(whole.largest, 1e-9), "all layers, a number"};
    FigureText text = {.name = "round-trip",
                       .title = "What each layer loses on the way there and back",
                       .x_label = m->objective == OBJECTIVE_REVERSE ? "layer, 0 next to the latent"
                                                                    : "layer, 0 next to the data",
                       .y_label = "error"};
    FigureLines lines = {.n = (size_t)m->flow.layers,
                         .curve = curve,
                         .curves = 2,
                         .level = &level,
                         .levels = 1,
                         .log_y = true};
    figure_lines(task->figures, &text, &lines);
}

void flow_figures(Model *model, const Task *task)
{
    FlowModel *m = (FlowModel *)model;
    flow_set_noise(&m->flow, task->noise);
    draw_round_trip(m, task);
    if (m->kind != DATA_POINTS)
        flow_draw_images(m, task);
    else if (m->latent == LATENT_SPHERE)
        flow_draw_sphere(m, task);
    else if (m->dims == 2)
        flow_draw_plane(m, task);
}
