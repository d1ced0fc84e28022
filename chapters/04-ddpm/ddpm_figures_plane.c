/* Pictures of a diffusion model on the plane. */
#include "04-ddpm/ddpm_figures.h"
#include "04-ddpm/ddpm_ode.h"

#include "support/memory.h"
#include "train/truth.h"

#include <gsl/gsl_math.h>
#include <math.h>
#include <stdlib.h>

static const double REACH = 4.5;

static void draw_density(const Ddpm *ddpm, const Task *task)
{
    enum { CELLS = 60, ALL = CELLS * CELLS };
    double *model = memory_new(ALL, sizeof *model), x[2];
    real *at = memory_new(2 * ALL, sizeof *at);
    for (int cell = 0; cell < ALL; cell++) {
        truth_cell(cell, CELLS, REACH, x);
        for (int d = 0; d < 2; d++)
            at[2 * cell + d] =
                (real)((x[d] - (double)ddpm->center->value[d]) / (double)ddpm->scale->value[d]);
    }
    DdpmPredictor own = ddpm_predictor(ddpm, 0);
    OdeRule rule = {.predictor = &own.predictor, .tolerance = 1e-3, .exact = true};
    ddpm_begin(ddpm, task);
    bool recording = tape_record(task->tape, true);
    ode_log_prob(&rule, task->tape, task->noise, at, NULL, ALL, model, NULL);
    tape_record(task->tape, recording);
    for (int cell = 0; cell < ALL; cell++)
        model[cell] = exp(model[cell] + ddpm_log_volume(ddpm));
    truth_draw_density(task, "model, by the ODE", model, CELLS, REACH);
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
    ddpm_begin(ddpm, task);
    Tensor *noised = tensor_new_matrix(task->tape, ALL, 2);
    for (int cell = 0; cell < ALL; cell++) {
        truth_cell(cell, SIDE, REACH, x);
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

/* Where a few points were at every step. */
typedef struct Trails {
    SamplerObserver observer;
    const Ddpm *ddpm;
    real *point;   /* [most, 2] in the data's units */
    double *noise; /* [most]: log10 of sigma / alpha */
    size_t count, most;
} Trails;

static void trails_see(SamplerObserver *observer, const SamplerView *view)
{
    Trails *trails = (Trails *)observer;
    for (int i = 0; i < view->n && trails->count < trails->most; i++, trails->count++) {
        for (int d = 0; d < 2; d++)
            trails->point[2 * trails->count + (size_t)d] =
                view->x[2 * i + d] * trails->ddpm->scale->value[d] + trails->ddpm->center->value[d];
        trails->noise[trails->count] = fmax(view->level, -5) / M_LN10;
    }
}

/* The probability flow: each point of the noise has its own way to the data, and no two cross at
 * the same time. */
static void draw_trajectories(const Ddpm *ddpm, const Task *task)
{
    enum { N = 60, STEPS = 150, MOST = N * (STEPS + 1) };
    real x[2 * N];
    Rng noise = task->noise;
    Trails trails = {.observer = {trails_see}, .ddpm = ddpm, .most = MOST};
    trails.point = memory_new(2 * MOST, sizeof *trails.point);
    trails.noise = memory_new(MOST, sizeof *trails.noise);
    DdpmPredictor own = ddpm_predictor(ddpm, 0);
    Sampler sampler = ddpm_sampler(ddpm, &own.predictor, NULL);
    sampler.steps = STEPS;
    sampler.observer = &trails.observer;
    ddpm_begin(ddpm, task);
    sampler_run(&sampler, task->tape, &noise, N, NULL, x);
    FigureScatter scatter = {.point = trails.point,
                             .n = trails.count,
                             .value = trails.noise,
                             .equal_axes = true,
                             .x_range = {-REACH, REACH},
                             .y_range = {-REACH, REACH}};
    FigureText text = {.name = "trajectories",
                       .title = "From noise to data along the probability flow",
                       .x_label = "x1",
                       .y_label = "x2",
                       .z_label = "log10 of sigma / alpha"};
    figure_scatter(task->figures, &text, &scatter);
    free(trails.point);
    free(trails.noise);
}

static void draw_points_gif(const Ddpm *ddpm, const Task *task)
{
    enum { N = 1000 };
    FigureScatter frame[FILM_MOST_FRAMES];
    char *label[FILM_MOST_FRAMES];
    Film film = film_samples(ddpm, task, N, NULL, 0);
    film_labels(&film, "noise ", label);
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
    film_free_labels(label, film.frames);
    film_free(&film);
}

void ddpm_draw_plane(const Ddpm *ddpm, const Task *task)
{
    draw_density(ddpm, task);
    draw_score(ddpm, task);
    draw_trajectories(ddpm, task);
    draw_points_gif(ddpm, task);
}
