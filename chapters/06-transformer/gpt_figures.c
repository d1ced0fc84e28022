/* The figures of a run. */
#include "06-transformer/gpt_generate.h"
#include "06-transformer/gpt_look.h"
#include "06-transformer/gpt_points.h"
#include "06-transformer/gpt_temperature.h"

#include "support/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- texts */

/* Mean -log p of each position of the window: what the tokens before it are worth. */
static void position_figure(Gpt *gpt, const Task *task)
{
    enum { EXAMPLES = 500, TOKENS = 8192 };
    int n = gpt->context, examples = (int)task->data->count[task->split];
    int at_once = TOKENS / n > 1 ? TOKENS / n : 1;
    double *sum = memory_new((size_t)n, sizeof *sum), *seen = memory_new((size_t)n, sizeof *seen);
    double *place = memory_new((size_t)n, sizeof *place);
    examples = examples < EXAMPLES ? examples : EXAMPLES;
    for (int first = 0; first < examples; first += at_once) {
        int rows = examples - first < at_once ? examples - first : at_once;
        tape_reset(task->tape);
        model_bind(&gpt->model, task->tape);
        Tensor *x = tensor_new_matrix(task->tape, rows, task->data->dims);
        dataset_fetch_range(task->data, task->split, (size_t)first, (size_t)rows, NULL, x->value,
                            NULL, NULL);
        GptBatch batch = gpt_batch_next(x);
        Tensor *nats = gpt_neg_log_prob(gpt, &batch, NULL);
        for (int k = 0; k < batch.count; k++) {
            sum[batch.at[k] % batch.positions] += (double)nats->value[k];
            seen[batch.at[k] % batch.positions]++;
        }
    }
    for (int t = 0; t < n; t++) {
        sum[t] = seen[t] > 0 ? sum[t] / seen[t] : NAN;
        place[t] = t + 1;
    }
    FigureCurve curve = {.y = sum};
    figure_lines(task->figures,
                 &(FigureText){.name = "loss-by-position",
                               .title = "What the tokens before are worth",
                               .x_label = "tokens that are seen",
                               .y_label = "-log p of the next (nats)"},
                 &(FigureLines){.x = place, .n = (size_t)n, .curve = &curve, .curves = 1});
    free(place);
    free(seen);
    free(sum);
}

static void text_figures(Gpt *gpt, const Task *task)
{
    enum { SHOWN = 48 };
    int *token = memory_new((size_t)gpt->context, sizeof *token);
    int n = gpt_look_tokens(gpt, task, SHOWN, token);
    GptLook look = gpt_look(gpt, task->tape, token, n);
    gpt_look_figure(gpt, &look, token, task->figures, "attention");
    if (gpt->objective == GPT_NEXT) {
        gpt_next_figure(gpt, &look, task->figures, "next-token", 1, NULL);
        position_figure(gpt, task);
        gpt_temperature_figure(gpt, task);
    }
    free(token);
}

/* ---------------------------------------------------------------- images */

/* The upper half of test images, and what the model draws below it. */
static void completion_figure(Gpt *gpt, const Task *task)
{
    enum { IMAGES = 8, TRIES = 5, COLUMNS = TRIES + 2 };
    static const char *const column[COLUMNS] = {"given", "drawn", "", "", "", "", "true"};
    int dims = task->data->dims, kept = gpt->context / 2 * gpt->row;
    int shown = (int)task->data->count[task->split];
    shown = shown < IMAGES ? shown : IMAGES;
    real *x = memory_new((size_t)(IMAGES * dims), sizeof *x);
    real *pixel = memory_new((size_t)(IMAGES * COLUMNS * dims), sizeof *pixel);
    real *drawn = memory_new((size_t)(IMAGES * TRIES * dims), sizeof *drawn);
    dataset_fetch_range(task->data, task->split, 0, (size_t)shown, NULL, x, NULL, NULL);
    for (int i = 0; i < shown * TRIES; i++)
        memcpy(drawn + i * dims, x + i / TRIES * dims, (size_t)dims * sizeof *drawn);
    tape_reset(task->tape);
    model_bind(&gpt->model, task->tape);
    Rng noise = task->noise;
    gpt_draw_rows(gpt, task->tape, &noise, shown * TRIES, gpt->context / 2, false, drawn);
    for (int i = 0; i < shown; i++) {
        real *to = pixel + i * COLUMNS * dims;
        memcpy(to, x + i * dims, (size_t)kept * sizeof *to);
        for (int d = kept; d < dims; d++)
            to[d] = (real)0.5;
        memcpy(to + dims, drawn + i * TRIES * dims, (size_t)(TRIES * dims) * sizeof *to);
        memcpy(to + (COLUMNS - 1) * dims, x + i * dims, (size_t)dims * sizeof *to);
    }
    figure_images(task->figures, &(FigureText){.name = "completions", .title = "Images, completed"},
                  &(FigureImages){pixel, shown * COLUMNS, task->data->height, task->data->width, 1,
                                  shown, COLUMNS, NULL, column});
    free(drawn);
    free(pixel);
    free(x);
}

/* Mean -log p of every pixel over test images: where the uncertainty is. */
static void cost_figure(Gpt *gpt, const Task *task)
{
    enum { IMAGES = 200 };
    int height = gpt->context, width = gpt->row, dims = height * width;
    int n = (int)task->data->count[task->split];
    n = n < IMAGES ? n : IMAGES;
    double *cost = memory_new((size_t)dims, sizeof *cost), most = 0, sum = 0;
    tape_reset(task->tape);
    model_bind(&gpt->model, task->tape);
    Tensor *x = tensor_new_matrix(task->tape, n, dims);
    dataset_fetch_range(task->data, task->split, 0, (size_t)n, NULL, x->value, NULL, NULL);
    Tensor *h = tensor_reshape(gpt_rows_hidden(gpt, x, NULL), 2, (int[]){-1, gpt->width});
    Tensor *row = tensor_reshape(x, 2, (int[]){n * height, width});
    Tensor *nats = tensor_sub(tensor_softplus(gpt_row_logits(gpt, row, h)),
                              tensor_mul(row, gpt_row_logits(gpt, row, h)));
    for (int i = 0; i < n; i++)
        for (int r = 0; r < height; r++)
            for (int c = 0; c < width; c++) /* row 0 of a map is at the bottom */
                cost[(height - 1 - r) * width + c] +=
                    (double)nats->value[(i * height + r) * width + c] / n;
    for (int d = 0; d < dims; d++) {
        most = fmax(most, cost[d]);
        sum += cost[d];
    }
    char *title = memory_format("-log p of each pixel, %.1f nats in all", sum);
    FigurePanel panel = {.title = "", .density = cost};
    figure_heatmaps(task->figures,
                    &(FigureText){.name = "cost-by-pixel",
                                  .title = title,
                                  .x_label = "column",
                                  .y_label = "row, from the bottom",
                                  .z_label = "nats"},
                    &(FigureHeatmaps){.panel = &panel,
                                      .panels = 1,
                                      .nx = width,
                                      .ny = height,
                                      .x = {0, width},
                                      .y = {0, height},
                                      .density = {0, most}});
    free(title);
    free(cost);
}

void gpt_figures(Model *model, const Task *task)
{
    Gpt *gpt = (Gpt *)model;
    if (gpt->tokens != NULL) {
        text_figures(gpt, task);
        return;
    }
    if (gpt->edges != NULL) {
        gpt_points_figures(gpt, task);
        return;
    }
    completion_figure(gpt, task);
    cost_figure(gpt, task);
}
