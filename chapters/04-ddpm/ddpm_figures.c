/* Pictures of a trained diffusion model: noise becoming data, and on the plane its density. */
#include "04-ddpm/ddpm.h"
#include "04-ddpm/ddpm_ode.h"

#include "support/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FRAMES = 12 };

/* What an observer keeps of a sampler's way: x and the guess of x0 at a few of its steps. */
typedef struct Film {
    SamplerObserver observer;
    int frames, every;
    size_t numbers;
    real *x[MOST_FRAMES], *x0[MOST_FRAMES];
    double noise[MOST_FRAMES]; /* sigma / alpha */
} Film;

static void film_see(SamplerObserver *observer, const SamplerView *view)
{
    Film *film = (Film *)observer;
    bool last = view->step == view->steps;
    if ((view->step % film->every != 0 && !last) || film->frames == MOST_FRAMES)
        return;
    int f = film->frames++;
    film->numbers = (size_t)view->n * (size_t)view->dims;
    film->x[f] = memory_new(film->numbers, sizeof(real));
    film->x0[f] = memory_new(film->numbers, sizeof(real));
    memcpy(film->x[f], view->x, film->numbers * sizeof(real));
    memcpy(film->x0[f], view->x0 != NULL ? view->x0 : view->x, film->numbers * sizeof(real));
    film->noise[f] = exp(view->level);
}

/* n samples by the chapter's usual sampler for such data, filmed in about ten frames. */
static Film film_samples(const Ddpm *ddpm, const Task *task, int n, const int *label,
                         double guidance)
{
    Film film = {.observer = {film_see}};
    DdpmPredictor own = ddpm_predictor(ddpm, guidance);
    Sampler sampler = ddpm_sampler(ddpm, &own.predictor, NULL);
    Rng noise = task->noise;
    real *x = memory_new((size_t)n * (size_t)ddpm->dims, sizeof *x);
    film.every = sampler.steps > 10 ? sampler.steps / 10 : 1;
    sampler.observer = &film.observer;
    tape_reset(task->tape);
    params_bind(ddpm->model.part[0].params, task->tape);
    sampler_run(&sampler, task->tape, &noise, n, label, x);
    free(x);
    return film;
}

static void film_free(Film *film)
{
    for (int f = 0; f < film->frames; f++) {
        free(film->x[f]);
        free(film->x0[f]);
    }
}

/* "1.5": sigma / alpha of each frame, behind a word; free each with free(). */
static void frame_labels(const Film *film, const char *word, char *label[MOST_FRAMES])
{
    for (int f = 0; f < film->frames; f++)
        label[f] = film->noise[f] == 0   ? memory_text("data")
                   : film->noise[f] > 99 ? memory_format("%s> 99", word)
                                         : memory_format("%s%.2g", word, film->noise[f]);
}

static void free_labels(char *label[MOST_FRAMES], int n)
{
    for (int i = 0; i < n; i++)
        free(label[i]);
}

/* ---------------------------------------------------------------- images */

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
    char *label[MOST_FRAMES];
    real *pixel = memory_new((size_t)(2 * SAMPLES * film->frames) * dims, sizeof *pixel);
    for (int s = 0; s < SAMPLES; s++)
        for (int f = 0; f < film->frames; f++)
            for (int kind = 0; kind < 2; kind++)
                to_unit(pixel + (size_t)((2 * s + kind) * film->frames + f) * dims,
                        (kind == 0 ? film->x[f] : film->x0[f]) + (size_t)s * dims, dims);
    frame_labels(film, "", label);
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
    free_labels(label, film->frames);
    free(pixel);
}

static void draw_reverse_gif(const Ddpm *ddpm, const Task *task, const Film *film, int n,
                             int columns)
{
    FigureImages frame[MOST_FRAMES];
    char *label[MOST_FRAMES];
    size_t dims = (size_t)ddpm->dims;
    frame_labels(film, "noise ", label);
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
    free_labels(label, film->frames);
}

/* Test images at steps 0, T/10 ... T of the forward process. */
static void draw_noising(const Ddpm *ddpm, const Task *task)
{
    enum { ROWS = 4, COLUMNS = 11 };
    const Dataset *data = task->data;
    size_t dims = (size_t)ddpm->dims;
    uint32_t index[ROWS];
    real *x0 = memory_new(ROWS * dims, sizeof *x0);
    real *pixel = memory_new(ROWS * COLUMNS * dims, sizeof *pixel), *at = pixel;
    char text_of[COLUMNS][24];
    const char *label[COLUMNS];
    Rng noise = task->noise;
    for (int i = 0; i < ROWS; i++)
        index[i] = (uint32_t)i;
    dataset_fetch(data, SPLIT_TEST, index, ROWS, &noise, x0, NULL, NULL);
    for (int i = 0; i < ROWS; i++)
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
                           .n = ROWS * COLUMNS,
                           .height = data->height,
                           .width = data->width,
                           .channels = data->channels,
                           .rows = ROWS,
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

/* ---------------------------------------------------------------- points */

static const double REACH = 4.5;

static void cell_centre(int cell, int cells, double x[2])
{
    x[0] = REACH * ((2 * (cell % cells) + 1.0) / cells - 1);
    x[1] = REACH * ((2 * (cell / cells) + 1.0) / cells - 1);
}

static void draw_density(const Ddpm *ddpm, const Task *task)
{
    enum { CELLS = 60, ALL = CELLS * CELLS };
    bool known = task->data->log_density != NULL;
    double *model = memory_new(2 * ALL, sizeof *model), *truth = model + ALL, x[2];
    real *at = memory_new(2 * ALL, sizeof *at);
    for (int cell = 0; cell < ALL; cell++) {
        cell_centre(cell, CELLS, x);
        truth[cell] = known ? exp(task->data->log_density(task->data, x)) : 0;
        for (int d = 0; d < 2; d++)
            at[2 * cell + d] =
                (real)((x[d] - (double)ddpm->center->value[d]) / (double)ddpm->scale->value[d]);
    }
    DdpmPredictor own = ddpm_predictor(ddpm, 0);
    OdeRule rule = {.predictor = &own.predictor, .tolerance = 1e-3, .exact = true};
    tape_reset(task->tape);
    params_bind(ddpm->model.part[0].params, task->tape);
    bool recording = tape_record(task->tape, true);
    ode_log_prob(&rule, task->tape, task->noise, at, NULL, ALL, model, NULL);
    tape_record(task->tape, recording);
    for (int cell = 0; cell < ALL; cell++)
        model[cell] = exp(model[cell] + ddpm_log_volume(ddpm));
    FigurePanel panel[2] = {{.title = "model, by the ODE", .density = model},
                            {.title = "true", .density = truth}};
    FigureHeatmaps maps = {.panel = panel,
                           .panels = known ? 2 : 1,
                           .nx = CELLS,
                           .ny = CELLS,
                           .x = {-REACH, REACH},
                           .y = {-REACH, REACH}};
    FigureText text = {
        .name = "density", .title = "Density", .x_label = "x1", .y_label = "x2", .z_label = "p(x)"};
    figure_heatmaps(task->figures, &text, &maps);
    free(at);
    free(model);
}

/* The score of the data with a little noise: every arrow points to where data are. */
static void draw_score(const Ddpm *ddpm, const Task *task)
{
    enum { SIDE = 22, ALL = SIDE * SIDE };
    const double level = log(0.3);
    double x[2], levels[ALL];
    real at[2 * ALL], step[2 * ALL];
    tape_reset(task->tape);
    params_bind(ddpm->model.part[0].params, task->tape);
    Tensor *noised = tensor_new_matrix(task->tape, ALL, 2);
    for (int cell = 0; cell < ALL; cell++) {
        cell_centre(cell, SIDE, x);
        levels[cell] = level;
        for (int d = 0; d < 2; d++) {
            double unit = (x[d] - (double)ddpm->center->value[d]) / (double)ddpm->scale->value[d];
            at[2 * cell + d] = (real)x[d];
            noised->value[2 * cell + d] = (real)(level_alpha(level) * unit);
        }
    }
    DdpmPredictor own = ddpm_predictor(ddpm, 0);
    Tensor *score = predictor_score(&own.predictor, noised, levels, NULL);
    for (int i = 0; i < 2 * ALL; i++)
        step[i] = (real)(0.06 * (double)score->value[i]);
    FigureArrows arrows = {.at = at, .step = step, .n = ALL, .equal_axes = true};
    figure_arrows(task->figures,
                  &(FigureText){.name = "score",
                                .title = "The score at noise 0.3: where to go to be more probable",
                                .x_label = "x1",
                                .y_label = "x2"},
                  &arrows);
}

static void draw_points_gif(const Ddpm *ddpm, const Task *task)
{
    enum { N = 1000 };
    FigureScatter frame[MOST_FRAMES];
    char *label[MOST_FRAMES];
    Film film = film_samples(ddpm, task, N, NULL, 0);
    frame_labels(&film, "noise ", label);
    for (int f = 0; f < film.frames; f++) {
        for (int i = 0; i < 2 * N; i++)
            film.x[f][i] = film.x[f][i] * ddpm->scale->value[i % 2] + ddpm->center->value[i % 2];
        frame[f] = (FigureScatter){.point = film.x[f],
                                   .n = N,
                                   .equal_axes = true,
                                   .x_range = {-REACH, REACH},
                                   .y_range = {-REACH, REACH}};
    }
    FigureText text = {
        .name = "denoising", .title = "Noise becomes structure", .x_label = "x1", .y_label = "x2"};
    figure_scatter_gif(task->figures, &text, frame, film.frames, (const char *const *)label, 0.4);
    free_labels(label, film.frames);
    film_free(&film);
}

void ddpm_figures(Model *model, const Task *task)
{
    const Ddpm *ddpm = (const Ddpm *)model;
    if (ddpm->kind != DATA_POINTS) {
        draw_images(ddpm, task);
    } else if (ddpm->dims == 2) {
        draw_density(ddpm, task);
        draw_score(ddpm, task);
        draw_points_gif(ddpm, task);
    }
}

const FamilyCommand ddpm_commands[] = {{NULL, NULL, 0, NULL, NULL}};
