/* The pictures of the chapter: what the weights look for, what Gibbs sampling does, what
 * temperature does, how near data and samples are, how AIS converges. */
#include "01-boltzmann/rbm_figures.h"

#include "support/memory.h"
#include "train/pictures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* n images in the range 0 .. 1 as a grid. */
static void picture(const Task *task, const char *name, const char *title, const real *pixel,
                    int rows, int columns, const char *const *row_label,
                    const char *const *column_label)
{
    const Dataset *data = task->data;
    FigureImages images = {pixel, rows * columns, data->height, data->width, data->channels,
                           rows,  columns,        row_label,    column_label};
    figure_images(task->figures, &(FigureText){.name = name, .title = title}, &images);
}

static void begin(const Rbm *rbm, const Task *task)
{
    tape_reset(task->tape);
    model_bind((Model *)&rbm->model, task->tape);
}

/* ---------------------------------------------------------------- filters */

/* Columns of W. */
static void draw_filters(const Rbm *rbm, const Task *task)
{
    FigureText text = {.name = "filters",
                       .title = "What the hidden units look for: weights, grey is zero"};
    pictures_weights(task->data, task->figures, &text, rbm->weight->value, rbm->hidden, 1,
                     (size_t)rbm->hidden);
}

/* ---------------------------------------------------------------- Gibbs chains */

enum { CHAINS = 10, MOST_MOMENTS = 8 };

void rbm_draw_gibbs(const Rbm *rbm, const Task *task, double temperature, int steps)
{
    int moment[MOST_MOMENTS] = {0}, moments = 1, done = 0;
    char text[MOST_MOMENTS][24];
    const char *column[MOST_MOMENTS];
    for (int m = 1; m < steps && moments < MOST_MOMENTS - 1; m *= moments < 3 ? 10 : 4)
        moment[moments++] = m;
    moment[moments++] = steps;
    size_t dims = (size_t)rbm->visible;
    real *pixel = memory_new((size_t)(CHAINS * moments) * dims, sizeof *pixel);
    Rng rng = rng_at(task->noise, 1);
    begin(rbm, task);
    Tempered at = rbm_at_temperature(rbm, task->tape, temperature);
    Tensor *v = rbm_noise(rbm, task->tape, CHAINS, &rng);
    for (int m = 0; m < moments; m++) {
        rbm_gibbs(rbm, v, moment[m] - done, at, &rng);
        done = moment[m];
        snprintf(text[m], sizeof *text, "%d", done);
        column[m] = text[m];
        for (size_t r = 0; r < CHAINS; r++)
            memcpy(pixel + (r * (size_t)moments + (size_t)m) * dims, v->value + r * dims,
                   dims * sizeof *pixel);
    }
    char *title = memory_format("Chains from noise after so many Gibbs steps, T = %g", temperature);
    picture(task, "gibbs", title, pixel, CHAINS, moments, NULL, column);
    free(title);
    free(pixel);
}

/* v at the end of chains at other temperatures than the one that was trained. */
static void draw_temperatures(const Rbm *rbm, const Task *task, int steps)
{
    static const double temperature[] = {0.25, 0.5, 0.8, 1, 1.25, 2, 10};
    enum { ROWS = sizeof temperature / sizeof *temperature };
    size_t block = CHAINS * (size_t)rbm->visible;
    real *pixel = memory_new(ROWS * block, sizeof *pixel);
    char text[ROWS][24];
    const char *label[ROWS];
    for (int t = 0; t < ROWS; t++) {
        Rng rng = rng_at(task->noise, 2);
        begin(rbm, task);
        Tempered at = rbm_at_temperature(rbm, task->tape, temperature[t]);
        Tensor *v = rbm_noise(rbm, task->tape, CHAINS, &rng);
        rbm_gibbs(rbm, v, steps, at, &rng);
        memcpy(pixel + (size_t)t * block, v->value, block * sizeof *pixel);
        snprintf(text[t], sizeof *text, "T = %g", temperature[t]);
        label[t] = text[t];
    }
    picture(task, "temperatures", "Cold and hot: the same chains at other temperatures", pixel,
            ROWS, CHAINS, label, NULL);
    free(pixel);
}

/* ---------------------------------------------------------------- free energies */

static void energies_of(const Rbm *rbm, const Task *task, Split split, int n, double *energy)
{
    Rng rng = rng_at(task->noise, 3 + (uint64_t)split);
    begin(rbm, task);
    Tensor *v = tensor_new_matrix(task->tape, n, rbm->visible);
    dataset_fetch_spread(task->data, split, (size_t)n, &rng, v->value, NULL, NULL);
    rbm_free_energy(rbm, v, energy);
}

/* F of training and of held-out examples: apart, the machine has learned examples by heart (Hinton
 * 2010, sec. 6); and of samples: apart from both, it has learned something else. */
static void draw_free_energies(const Rbm *rbm, const Task *task, int steps)
{
    enum { MOST = 1000 };
    int held =
        (int)(task->data->count[SPLIT_VALIDATION] < MOST ? task->data->count[SPLIT_VALIDATION]
                                                         : MOST);
    double train[MOST], valid[MOST], drawn[MOST];
    energies_of(rbm, task, SPLIT_TRAIN, MOST, train);
    energies_of(rbm, task, SPLIT_VALIDATION, held, valid);
    Rng rng = rng_at(task->noise, 8);
    int samples = rbm->visible < 100 ? MOST : 200;
    begin(rbm, task);
    Tempered at = rbm_at_temperature(rbm, task->tape, 1);
    Tensor *v = rbm_noise(rbm, task->tape, samples, &rng);
    rbm_gibbs(rbm, v, steps, at, &rng);
    rbm_free_energy(rbm, v, drawn);
    FigureSample sample[] = {{"training", train, MOST},
                             {"held out", valid, (size_t)held},
                             {"samples", drawn, (size_t)samples}};
    FigureHistogram histogram = {.sample = sample, .samples = 3};
    figure_histogram(task->figures,
                     &(FigureText){.name = "free-energy",
                                   .title = "Free energies: -log p(v) up to log Z",
                                   .x_label = "F(v) (nats)",
                                   .y_label = "density"},
                     &histogram);
}

/* ---------------------------------------------------------------- AIS */

/* What figure and table hold: [points] each. */
typedef struct Sandwich {
    double at[AIS_MOST_POINTS];
    double value[2][AIS_MOST_POINTS], low[2][AIS_MOST_POINTS], high[2][AIS_MOST_POINTS];
} Sandwich;

static void print_line(int temperatures, AisResult below, AisResult above, double exact)
{
    printf("%12d %12.3f %8.3f %10.1f %12.3f %8.3f %10.1f", temperatures, below.log_z, below.se,
           below.effective, above.log_z, above.se, above.effective);
    if (isfinite(exact))
        printf(" %12.3f", exact);
    printf("\n");
}

void rbm_draw_ais(const Rbm *rbm, const Task *task, int chains, int burn_in,
                  const int *temperatures, int points)
{
    Sandwich s;
    bool few = rbm_is_small(rbm);
    double exact = few ? rbm_exact_log_z(rbm, task->tape) : NAN;
    real *start = memory_new((size_t)chains * (size_t)rbm->visible, sizeof *start);
    Rng rng = rng_at(task->noise, 9);
    int distinct = ais_start(rbm, task->tape, chains, burn_in, &rng, start);
    if (!task->quiet)
        printf("%12s %12s %8s %10s %12s %8s %10s%s\n", "temperatures", "log Z, AIS", "se",
               "effective", "reverse", "se", "effective", few ? "        exact" : "");
    for (int p = 0; p < points; p++) {
        AisPlan plan = {.chains = chains, .temperatures = temperatures[p], .quiet = true};
        AisResult way[2];
        way[0] = ais_forward(rbm, task->tape, plan, &rng);
        plan.distinct = distinct;
        way[1] = ais_reverse(rbm, task->tape, plan, start, &rng);
        s.at[p] = temperatures[p];
        for (int w = 0; w < 2; w++) {
            s.value[w][p] = way[w].log_z;
            s.low[w][p] = way[w].log_z - 3 * way[w].se;
            s.high[w][p] = way[w].log_z + 3 * way[w].se;
        }
        if (!task->quiet)
            print_line(temperatures[p], way[0], way[1], exact);
    }
    FigureCurve curve[] = {
        {.label = "AIS", .y = s.value[0], .low = s.low[0], .high = s.high[0]},
        {.label = "reverse", .y = s.value[1], .low = s.low[1], .high = s.high[1]}};
    FigureLevel level = {exact, "exact"};
    FigureLines lines = {.x = s.at,
                         .n = (size_t)points,
                         .curve = curve,
                         .curves = 2,
                         .level = &level,
                         .levels = few ? 1 : 0,
                         .log_x = true};
    figure_lines(
        task->figures,
        &(FigureText){.name = "ais",
                      .title = "log Z from below and from above, bands of 3 standard errors",
                      .x_label = "temperatures",
                      .y_label = "log Z (nats)"},
        &lines);
    free(start);
}

void rbm_figures(Model *model, const Task *task)
{
    static const int temperatures[] = {10, 30, 100, 300, 1000};
    const Rbm *rbm = (const Rbm *)model;
    Task quiet = *task;
    quiet.quiet = true;
    draw_filters(rbm, task);
    rbm_draw_gibbs(rbm, task, 1, 1000);
    draw_temperatures(rbm, task, 500);
    draw_free_energies(rbm, task, 500);
    rbm_draw_ais(rbm, &quiet, 100, 200, temperatures, 5);
}
