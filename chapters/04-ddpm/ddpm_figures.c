/* Pictures of a trained diffusion model: images on their way from noise, and the bound by step. */
#include "04-ddpm/ddpm_figures.h"
#include "04-ddpm/ddpm_bound.h"

#include "support/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Network units to 0 .. 1, clipped when drawn. */
static void to_unit(real *pixel, const real *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        pixel[i] = (x[i] + 1) / 2;
}

/* Three samples on their way, x_t above and the guess of x0 below. */
static void draw_reverse_strip(const Ddpm *ddpm, const Task *task, const Film *film)
{
    enum { SAMPLES = 3 };
    static const char *const row[2 * SAMPLES] = {"x_t",          "guess of x_0", "x_t",
                                                 "guess of x_0", "x_t",          "guess of x_0"};
    size_t dims = (size_t)ddpm->dims;
    char *label[FILM_MOST_FRAMES];
    real *pixel = memory_new((size_t)(2 * SAMPLES * film->frames) * dims, sizeof *pixel);
    for (int s = 0; s < SAMPLES; s++)
        for (int f = 0; f < film->frames; f++)
            for (int kind = 0; kind < 2; kind++)
                to_unit(pixel + (size_t)((2 * s + kind) * film->frames + f) * dims,
                        (kind == 0 ? film->x[f] : film->x0[f]) + (size_t)s * dims, dims);
    film_labels(film, "", label);
    FigureImages images = {.pixel = pixel,
                           .n = 2 * SAMPLES * film->frames,
                           .height = task->data->height,
                           .width = task->data->width,
                           .channels = task->data->channels,
                           .rows = 2 * SAMPLES,
                           .columns = film->frames,
                           .row_label = row,
                           .column_label = (const char *const *)label};
    FigureText text = {.name = "reverse",
                       .title = "From noise to data: where it is, and what it will be",
                       .x_label = "noise: sigma / alpha"};
    figure_images(task->figures, &text, &images);
    film_free_labels(label, film->frames);
    free(pixel);
}

static void draw_reverse_gif(const Ddpm *ddpm, const Task *task, const Film *film, int n,
                             int columns)
{
    FigureImages frame[FILM_MOST_FRAMES];
    char *label[FILM_MOST_FRAMES];
    size_t dims = (size_t)ddpm->dims;
    film_labels(film, "noise ", label);
    for (int f = 0; f < film->frames; f++) {
        real *pixel = memory_new((size_t)n * dims, sizeof *pixel);
        to_unit(pixel, film->x[f], (size_t)n * dims);
        frame[f] = (FigureImages){.pixel = pixel,
                                  .n = n,
                                  .height = task->data->height,
                                  .width = task->data->width,
                                  .channels = task->data->channels,
                                  .rows = n / columns,
                                  .columns = columns};
    }
    FigureText text = {.name = "denoising", .title = "Noise becomes structure"};
    figure_images_gif(task->figures, &text, frame, film->frames, (const char *const *)label, 0.4);
    for (int f = 0; f < film->frames; f++)
        free((real *)frame[f].pixel);
    film_free_labels(label, film->frames);
}

/* Test images at steps 0, T/10 ... T of the forward process. */
static void draw_noising(const Ddpm *ddpm, const Task *task)
{
    enum { ROWS = 4, COLUMNS = 11 };
    const Dataset *data = task->data;
    size_t dims = (size_t)ddpm->dims;
    int rows = data->count[SPLIT_TEST] < ROWS ? (int)data->count[SPLIT_TEST] : ROWS;
    real *x0 = memory_new(ROWS * dims, sizeof *x0);
    real *pixel = memory_new(ROWS * COLUMNS * dims, sizeof *pixel), *at = pixel;
    char text_of[COLUMNS][24];
    const char *label[COLUMNS];
    Rng noise = task->noise;
    dataset_fetch_range(data, SPLIT_TEST, 0, (size_t)rows, &noise, x0, NULL, NULL);
    for (int i = 0; i < rows; i++)
        for (int c = 0; c < COLUMNS; c++, at += dims) {
            int t = c * ddpm->schedule->steps / (COLUMNS - 1);
            double alpha = noise_alpha(ddpm->schedule, t), sigma = noise_sigma(ddpm->schedule, t);
            rng_normal(&noise, at, dims);
            for (size_t d = 0; d < dims; d++) {
                double unit = ((double)x0[(size_t)i * dims + d] - (double)ddpm->center->value[d]) /
                              (double)ddpm->scale->value[d];
                at[d] = (real)((alpha * unit + sigma * (double)at[d] + 1) / 2);
            }
            snprintf(text_of[c], sizeof text_of[c], "t = %d", t);
            label[c] = text_of[c];
        }
    FigureImages images = {.pixel = pixel,
                           .n = rows * COLUMNS,
                           .height = data->height,
                           .width = data->width,
                           .channels = data->channels,
                           .rows = rows,
                           .columns = COLUMNS,
                           .column_label = label};
    figure_images(task->figures,
                  &(FigureText){.name = "noising", .title = "The forward process: data to noise"},
                  &images);
    free(x0);
    free(pixel);
}

/* The same noise at growing guidance, a class each column. */
static void draw_guidance(const Ddpm *ddpm, const Task *task)
{
    enum { ROWS = 4 };
    static const double weight[ROWS] = {0, 1, 3, 8};
    static const char *const row[ROWS] = {"w = 0", "w = 1", "w = 3", "w = 8"};
    int classes = ddpm->classes < 16 ? ddpm->classes : 16, wanted[16];
    size_t each = (size_t)classes * (size_t)ddpm->dims;
    real *pixel = memory_new(ROWS * each, sizeof *pixel);
    for (int c = 0; c < classes; c++)
        wanted[c] = c;
    for (int r = 0; r < ROWS; r++) {
        Film film = film_samples(ddpm, task, classes, wanted, weight[r]);
        to_unit(pixel + (size_t)r * each, film.x[film.frames - 1], each);
        film_free(&film);
    }
    FigureImages images = {.pixel = pixel,
                           .n = ROWS * classes,
                           .height = task->data->height,
                           .width = task->data->width,
                           .channels = task->data->channels,
                           .rows = ROWS,
                           .columns = classes,
                           .row_label = row};
    figure_images(task->figures,
                  &(FigureText){.name = "guidance",
                                .title = "Classes in turn, the same noise, more and more guidance"},
                  &images);
    free(pixel);
}

static void draw_images(const Ddpm *ddpm, const Task *task)
{
    enum { N = 40, COLUMNS = 8 };
    int turns[N];
    for (int i = 0; i < N; i++)
        turns[i] = ddpm->classes > 0 ? i % ddpm->classes : 0;
    Film film = film_samples(ddpm, task, N, ddpm->classes > 0 ? turns : NULL, 0);
    draw_noising(ddpm, task);
    draw_reverse_strip(ddpm, task, &film);
    draw_reverse_gif(ddpm, task, &film, N, COLUMNS);
    film_free(&film);
    if (ddpm->classes > 0)
        draw_guidance(ddpm, task);
}

/* ---------------------------------------------------------------- the bound */

/* The bound of the first test examples, with so many steps each. */
static Bound measure_bound(const Ddpm *ddpm, const Task *task, int most, int strata)
{
    size_t all = task->data->count[SPLIT_TEST];
    int n = all < (size_t)most ? (int)all : most;
    real *x = memory_new((size_t)n * (size_t)ddpm->dims, sizeof *x);
    Rng noise = task->noise;
    dataset_fetch_range(task->data, SPLIT_TEST, 0, (size_t)n, &noise, x, NULL, NULL);
    ddpm_begin(ddpm, task);
    Tensor *in = tensor_from(task->tape, 2, (int[]){n, ddpm->dims}, x);
    Tensor *x0 = ddpm_to_network(ddpm, in, &noise);
    DdpmPredictor own = ddpm_predictor(ddpm, 0);
    BoundRule rule = {.predictor = &own.predictor,
                      .schedule = ddpm->schedule,
                      .variance = ddpm->variance,
                      .clip = ddpm_clip(ddpm),
                      .levels = ddpm->levels,
                      .strata = strata};
    Bound bound = bound_measure(&rule, task->tape, noise, x0->value, NULL, n);
    free(x);
    return bound;
}

/* Means over steps first .. end-1, in bins that grow geometrically, so that the first steps, which
 * weigh most, stand alone. */
void ddpm_draw_bound(const Ddpm *ddpm, const Task *task)
{
    enum { IMAGES = 200, POINTS = 2000, BINS = 40, STRATA = 50 };
    int steps = ddpm->schedule->steps, bins = 0, first = 2;
    Bound bound = measure_bound(ddpm, task, ddpm->kind == DATA_POINTS ? POINTS : IMAGES, STRATA);
    double step[BINS], term[BINS];
    for (int bin = 0; bin < BINS && first <= steps; bin++) {
        int end = 1 + (int)ceil(pow(steps, (bin + 1.0) / BINS));
        double sum = 0;
        long count = 0;
        if (end <= first)
            continue;
        for (int t = first; t < end && t <= steps; t++) {
            sum += bound.step_sum[t];
            count += bound.step_count[t];
        }
        step[bins] = sqrt((double)first * (end - 1));
        term[bins++] = count > 0 ? sum / (double)count : NAN;
        first = end;
    }
    FigureCurve curve = {.label = "KL of step t", .y = term};
    FigureText text = {.name = "bound-by-step",
                       .title = "Where the bound is lost: little noise costs most",
                       .x_label = "step t",
                       .y_label = "nats a step"};
    figure_lines(task->figures, &text,
                 &(FigureLines){.x = step,
                                .n = (size_t)bins,
                                .curve = &curve,
                                .curves = 1,
                                .log_x = true,
                                .log_y = true});
    bound_free(&bound);
}

void ddpm_figures(Model *model, const Task *task)
{
    const Ddpm *ddpm = (const Ddpm *)model;
    if (ddpm->kind == DATA_POINTS || ddpm->input == INPUT_GRID)
        ddpm_draw_bound(ddpm, task);
    if (ddpm->kind != DATA_POINTS)
        draw_images(ddpm, task);
    else if (ddpm->dims == 2)
        ddpm_draw_plane(ddpm, task);
}
