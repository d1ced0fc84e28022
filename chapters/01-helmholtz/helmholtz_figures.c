/* Pictures of a trained Helmholtz machine: its dreams, what its units see, and what its diary
 * holds.
 */
#include "01-helmholtz/helmholtz_figures.h"
#include "01-helmholtz/helmholtz_diary.h"

#include "support/memory.h"
#include "train/pictures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FigureImages grid_of(const Dataset *data, const real *pixel, int rows, int columns)
{
    return (FigureImages){.pixel = pixel,
                          .n = rows * columns,
                          .height = data->height,
                          .width = data->width,
                          .channels = data->channels,
                          .rows = rows,
                          .columns = columns};
}

static void begin(const Helmholtz *machine, const Task *task)
{
    tape_reset(task->tape);
    params_bind(machine->model.part[PART_GENERATIVE].params, task->tape);
    params_bind(machine->model.part[PART_RECOGNITION].params, task->tape);
}

/* ---------------------------------------------------------------- the diary */

/* The fantasy becoming structure. */
static void draw_dreams(const Helmholtz *machine, const Task *task)
{
    const Diary *diary = machine->diary;
    int frames = (int)diary->frames->value[0], side = 6;
    FigureImages frame[DIARY_FRAMES] = {{0}};
    char *label[DIARY_FRAMES] = {NULL};
    if (frames == 0)
        return;
    for (int f = 0; f < frames; f++) {
        const real *record = diary->record->value + (size_t)f * (size_t)diary->record->shape[1];
        frame[f] =
            grid_of(task->data, diary->dreams->value + (size_t)(f * DIARY_DREAMS * machine->dims),
                    side, side);
        label[f] = memory_format("after %.0f steps", (double)record[RECORD_STEP]);
    }
    FigureText text = {.name = "dreams", .title = "Dreams"};
    figure_images_gif(task->figures, &text, frame, frames, (const char *const *)label, 0.8);
    for (int f = 0; f < frames; f++)
        free(label[f]);
}

/* Columns of the diary as curves over the steps. */
static void draw_record(const Helmholtz *machine, const Task *task, const FigureText *text,
                        int first, int columns, const char *const *label, double sign,
                        const FigureLevel *level)
{
    const Diary *diary = machine->diary;
    int frames = (int)diary->frames->value[0], width = diary->record->shape[1];
    double step[DIARY_FRAMES], y[HELMHOLTZ_MOST_LAYERS][DIARY_FRAMES];
    FigureCurve curve[HELMHOLTZ_MOST_LAYERS];
    bool known = false;
    for (int c = 0; c < columns; c++) {
        for (int f = 0; f < frames; f++) {
            const real *record = diary->record->value + (size_t)(f * width);
            step[f] = (double)record[RECORD_STEP] + 1;
            y[c][f] =
                record[first + c] == DIARY_NOT_MEASURED ? NAN : sign * (double)record[first + c];
            known = known || isfinite(y[c][f]);
        }
        curve[c] = (FigureCurve){.label = label != NULL ? label[c] : NULL, .y = y[c]};
    }
    FigureLines lines = {.x = step,
                         .n = (size_t)frames,
                         .curve = curve,
                         .curves = columns,
                         .level = level,
                         .levels = level != NULL && isfinite(level->y) ? 1 : 0,
                         .log_x = true};
    if (known)
        figure_lines(task->figures, text, &lines);
}

static void draw_diary(const Helmholtz *machine, const Task *task)
{
    static const char *const bound[] = {"exact", "bound: -ELBO"};
    static const char *const layer[] = {"layer 1", "layer 2", "layer 3", "layer 4",
                                        "layer 5", "layer 6", "layer 7", "layer 8"};
    FigureLevel entropy = {task->data->entropy, "entropy of the data"};
    draw_dreams(machine, task);
    draw_record(machine, task,
                &(FigureText){.name = "exact",
                              .title = "Exact log p(x) and its bound",
                              .x_label = "step + 1",
                              .y_label = "-log p(x), nats"},
                RECORD_LOG_PROB, 2, bound, -1, &entropy);
    draw_record(machine, task,
                &(FigureText){.name = "recognition-error",
                              .title = "How far q is from the true posterior, by layer",
                              .x_label = "step + 1",
                              .y_label = "KL(q || posterior), nats"},
                RECORD_KL, machine->layers, layer, 1, NULL);
    draw_record(machine, task,
                &(FigureText){.name = "angle",
                              .title = "The sleep update and the gradient of the bound",
                              .x_label = "step + 1",
                              .y_label = "angle, degrees; above 90 sleep works against the bound"},
                RECORD_ANGLE, 1, NULL, 1, NULL);
}

/* ---------------------------------------------------------------- what units see */

/* What each unit of the first layer adds to the picture. */
static void draw_fields(const Helmholtz *machine, const Task *task)
{
    FigureText text = {.name = "fields",
                       .title = "What a unit of the first layer adds: white more, black less"};
    pictures_weights(task->data, task->figures, &text, machine->generative[0].weight->value,
                     machine->width[0], (size_t)machine->dims, 1);
}

/* One dream; in the row of layer l its state there is kept and what lies below is drawn anew. */
static void draw_layers(const Helmholtz *machine, const Task *task)
{
    enum { COLUMNS = 10 };
    int layers = machine->layers;
    size_t dims = (size_t)machine->dims;
    char text_of[HELMHOLTZ_MOST_LAYERS + 1][24];
    const char *label[HELMHOLTZ_MOST_LAYERS + 1];
    real *pixel = memory_new((size_t)((layers + 1) * COLUMNS) * dims, sizeof *pixel);
    Rng noise = task->noise;
    begin(machine, task);
    States dream = helmholtz_dream(machine, task->tape, 1, &noise);
    States many = helmholtz_dream(machine, task->tape, COLUMNS, &noise);
    for (int row = 0; row <= layers; row++) {
        int kept = layers - row + 1; /* above the top: nothing is kept */
        if (kept <= layers) {
            many.layer[kept] = tensor_repeat_rows(dream.layer[kept], COLUMNS);
            helmholtz_descend(machine, &many, kept, &noise);
        }
        Tensor *mean = tensor_sigmoid(helmholtz_generative_logits(machine, 0, many.layer[1]));
        memcpy(pixel + (size_t)(row * COLUMNS) * dims, mean->value, mean->size * sizeof *pixel);
        if (kept > layers)
            snprintf(text_of[row], sizeof text_of[row], "free");
        else
            snprintf(text_of[row], sizeof text_of[row], "h%d kept", kept);
        label[row] = text_of[row];
    }
    FigureImages images = grid_of(task->data, pixel, layers + 1, COLUMNS);
    images.row_label = label;
    FigureText text = {.name = "layers",
                       .title = "What each layer decides: the rest is dreamt anew"};
    figure_images(task->figures, &text, &images);
    free(pixel);
}

void helmholtz_figures(Model *model, const Task *task)
{
    const Helmholtz *machine = (const Helmholtz *)model;
    draw_diary(machine, task);
    draw_fields(machine, task);
    draw_layers(machine, task);
}
