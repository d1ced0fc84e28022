/* Pictures of a GAN: samples over the training, the game's numbers, what the discriminator sees. */
#include "05-gan/gan_diary.h"

#include "support/memory.h"
#include "train/pictures.h"
#include "train/record.h"
#include "train/truth.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---------------------------------------------------------------- over the training */

static int frames_of(const GanDiary *diary)
{
    return (int)diary->frames->value[0];
}

static const real *record_of(const GanDiary *diary, int frame)
{
    return diary->record->value + (size_t)frame * RECORD_COLUMNS;
}

/* Half the side of a square that holds the data, with a margin. */
static double reach_of(const Gan *gan)
{
    double reach = 0;
    for (int d = 0; d < 2; d++)
        reach =
            fmax(reach, fabs((double)gan->center->value[d]) + 2.3 * (double)gan->scale->value[d]);
    return reach;
}

static void draw_training(const Gan *gan, const Task *task)
{
    const GanDiary *diary = gan->diary;
    int frames = frames_of(diary), kept = diary->samples->shape[1];
    size_t numbers = (size_t)kept * (size_t)gan->dims;
    real *value = memory_new(DIARY_FRAMES * numbers, sizeof *value);
    FigureScatter scatter[DIARY_FRAMES];
    FigureImages images[DIARY_FRAMES];
    char label[DIARY_FRAMES][32];
    const char *labels[DIARY_FRAMES];
    double reach = gan->kind == DATA_POINTS ? reach_of(gan) : 0;
    for (size_t i = 0; i < (size_t)frames * numbers; i++)
        value[i] = diary->samples->value[i];
    if (gan->kind != DATA_POINTS)
        pictures_to_unit(task->data, value, (size_t)frames * numbers);
    for (int f = 0; f < frames; f++) {
        const real *x = value + (size_t)f * numbers;
        snprintf(label[f], sizeof label[f], "step %.0f", (double)record_of(diary, f)[RECORD_STEP]);
        labels[f] = label[f];
        scatter[f] = (FigureScatter){.point = x,
                                     .n = (size_t)kept,
                                     .equal_axes = true,
                                     .x_range = {-reach, reach},
                                     .y_range = {-reach, reach}};
        images[f] = (FigureImages){.pixel = x,
                                   .n = kept,
                                   .height = task->data->height,
                                   .width = task->data->width,
                                   .channels = task->data->channels,
                                   .rows = 5,
                                   .columns = kept / 5};
    }
    FigureText text = {.name = "training", .title = "Samples from the same noise"};
    if (gan->kind != DATA_POINTS)
        figure_images_gif(task->figures, &text, images, frames, labels, 0.3);
    else if (gan->dims == 2)
        figure_scatter_gif(task->figures, &text, scatter, frames, labels, 0.3);
    free(value);
}

/* Modes over the steps; shares of one, so that three curves have one axis. */
static void draw_modes(const Gan *gan, const Task *task)
{
    const GanDiary *diary = gan->diary;
    int frames = frames_of(diary);
    double step[DIARY_FRAMES], covered[DIARY_FRAMES], good[DIARY_FRAMES], kl[DIARY_FRAMES];
    for (int f = 0; f < frames; f++) {
        const real *record = record_of(diary, f);
        step[f] = (double)record[RECORD_STEP];
        covered[f] = (double)record[RECORD_COVERED] / diary->modes;
        good[f] = (double)record[RECORD_HIGH_QUALITY];
        kl[f] = (double)record[RECORD_REVERSE_KL] / log(diary->modes);
    }
    FigureCurve curve[3] = {{.label = "modes covered, share", .y = covered},
                            {.label = "samples within 3 sd of a mode, share", .y = good},
                            {.label = "reverse KL over log(modes): 1 is a single mode", .y = kl}};
    FigureLines lines = {
        .x = step, .n = (size_t)frames, .curve = curve, .curves = 3, .y_range = {0, 1.05}};
    FigureText text = {
        .name = "modes", .title = "Modes over the training", .x_label = "step", .y_label = "share"};
    figure_lines(task->figures, &text, &lines);
}

/* The two losses, and how often the discriminator is right: 1/2 when it can't tell. */
static void draw_game(const Task *task)
{
    RecordTable table = record_read(task->dir);
    const double *step = record_column(&table, "step");
    const double *right = record_column(&table, "accuracy");
    bool known = right != NULL && table.rows > 0 && isfinite(right[table.rows - 1]);
    FigureCurve curve[3] = {{.label = "discriminator's loss", .y = record_column(&table, "loss_d")},
                            {.label = "generator's loss", .y = record_column(&table, "loss_g")},
                            {.label = "discriminator is right, share", .y = right}};
    FigureLevel level = {.y = 0.5, .label = "it can't tell: 1/2 right"};
    FigureLines lines = {.x = step,
                         .n = table.rows,
                         .curve = curve,
                         .curves = known ? 3 : 2,
                         .level = &level,
                         .levels = known ? 1 : 0};
    FigureText text = {.name = "game",
                       .title = "The game over the training",
                       .x_label = "step",
                       .y_label = known ? "loss, or share" : "loss"};
    if (step != NULL && table.rows > 1)
        figure_lines(task->figures, &text, &lines);
    record_table_free(&table);
}

/* ---------------------------------------------------------------- on the plane */

/* The probability that the discriminator gives to "data", and where the generator's loss pulls its
 * samples. */
static void draw_discriminator(Gan *gan, const Task *task)
{
    enum { CELLS = 120, ALL = CELLS * CELLS, ARROWS = 300 };
    const Discriminator *d = &gan->discriminator;
    double reach = reach_of(gan), *map = memory_new(ALL, sizeof *map), x[2], longest = 0;
    real point[2 * ARROWS], step[2 * ARROWS];
    Rng noise = task->noise;
    tape_reset(task->tape);
    model_bind(&gan->model, task->tape);
    Tensor *grid = tensor_new_matrix(task->tape, ALL, 2);
    for (int cell = 0; cell < ALL; cell++) {
        truth_cell(cell, CELLS, reach, x);
        for (int k = 0; k < 2; k++)
            grid->value[2 * cell + k] = (real)x[k];
    }
    const Tensor *p = tensor_sigmoid(discriminator_forward(d, gan_to_network(gan, grid), NULL));
    for (int cell = 0; cell < ALL; cell++)
        map[cell] = (double)p->value[cell];
    Tensor *at = tensor_detach(gan_generate(gan, task->tape, &noise, ARROWS, NULL)), *slope;
    gan_to_data(gan, at, point);
    bool recording = tape_record(task->tape, true);
    Tensor *logit = discriminator_forward(d, tensor_watch(at), NULL);
    Tensor *still = tensor_detach(logit); /* for the relativistic loss */
    tape_gradient(gan_generator_loss(gan->loss, still, logit), NULL, &at, 1, &slope);
    tape_record(task->tape, recording);
    for (int i = 0; i < 2 * ARROWS; i++) /* in the data's units, as the map */
        slope->value[i] *= gan->scale->value[i % 2];
    for (int i = 0; i < ARROWS; i++)
        longest =
            fmax(longest, hypot((double)slope->value[2 * i], (double)slope->value[2 * i + 1]));
    for (int i = 0; i < 2 * ARROWS; i++)
        step[i] = (real)(-0.2 * reach / (longest > 0 ? longest : 1) * (double)slope->value[i]);
    FigurePanel panel = {.density = map, .point = point, .step = step, .points = ARROWS};
    FigureHeatmaps maps = {.panel = &panel,
                           .panels = 1,
                           .nx = CELLS,
                           .ny = CELLS,
                           .x = {-reach, reach},
                           .y = {-reach, reach},
                           .density = {0, 1}};
    FigureText text = {.name = "discriminator",
                       .title = "Where the discriminator sees data, and where it pulls the samples",
                       .x_label = "x1",
                       .y_label = "x2",
                       .z_label = "sigmoid D(x)"};
    figure_heatmaps(task->figures, &text, &maps);
    free(map);
}

void gan_figures(Model *model, const Task *task)
{
    Gan *gan = (Gan *)model;
    const GanShape *shape = &gan->discriminator.shape;
    draw_game(task);
    draw_training(gan, task);
    if (gan->diary->modes > 0)
        draw_modes(gan, task);
    if (gan->dims == 2 && shape->pack == 1 && shape->classes == 0)
        draw_discriminator(gan, task);
}
