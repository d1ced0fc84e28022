/* generations: what happens when a model learns from its own pictures. Each generation draws
 * pictures of the training sentences, and the next one is trained on them; with --fresh a share of
 * every batch are true pictures.
 *
 * Source: Shumailov et al. (2024), Nature 631, 755-759 ("model collapse"); Alemohammad et al.
 * (2023), arXiv:2307.01850 (with and without fresh data). */
#include "07-clip-ldm/experiment.h"
#include "07-clip-ldm/gallery.h"
#include "07-clip-ldm/judge.h"
#include "support/memory.h"
#include "train/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const OptionSpec options[] = {
    DRAW_OPTIONS,
    {"generations", OPTION_INT, "4", "N", "models, the first being the run's own", 2, 20, NULL},
    {"pictures", OPTION_INT, "1000", "N", "that each model leaves to the next", 64, 100000, NULL},
    {"train", OPTION_INT, "400", "STEPS", "of each next model, from the one before", 1, 100000,
     NULL},
    {"lr", OPTION_REAL, "3e-4", "RATE", "of these steps", 0, 1, NULL},
    {"fresh", OPTION_REAL, "0.5", "SHARE", "of true pictures in the second line of models", 0, 1,
     NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

enum { MOST = 20, SHOWN = 8, BATCH = 64, JUDGED = 300, LINES = 3 };

/* A line of models: everything of it. */
typedef struct Descent {
    Painter painter;
    const Call *call;
    double fresh; /* share of true pictures */
    int n;
    uint32_t *example; /* [n]: whose sentences the pictures are of */
    real *picture;     /* [n, 3072]                                 */
    double right[MOST], frechet[MOST], coverage[MOST];
    real *shown; /* [generations, SHOWN, 3072] */
} Descent;

static Rng stream_of(const Descent *d, const char *name, int generation)
{
    uint64_t seed = (uint64_t)options_int(d->call->options, "seed");
    return rng_at(rng_stream(seed, name), (uint64_t)generation);
}

/* Pictures of all scenes, by the model as it is. All is said that is true of a scene, so that
 * whatever is said of its picture later was asked for. */
static void draw_all(Descent *d, int generation)
{
    Scene *scene = memory_new((size_t)d->n, sizeof *scene);
    Rng rng = stream_of(d, "generations draw", generation);
    for (int i = 0; i < d->n; i++)
        scene[i] = scene_of(SPLIT_TRAIN, d->example[i]);
    DrawHow how = experiment_how(d->call, &d->painter);
    free(d->picture);
    d->picture = experiment_drawn(&d->painter, scene, d->n, &how, &rng);
    free(scene);
}

/* Right attributes, distance and coverage of one-object pictures. */
static void judge(Descent *d, const Principal *plain, const real *reals, int generation)
{
    Rng rng = stream_of(d, "generations judge", 0);
    Scene *scene = judge_scenes(&rng, JUDGED, 1, SCENE_SEEN);
    DrawHow how = experiment_how(d->call, &d->painter);
    real *picture = experiment_drawn(&d->painter, scene, JUDGED, &how, &rng);
    PlainQuality quality = plain_compare(plain, reals, picture, JUDGED);
    d->right[generation] = judge_pictures(picture, scene, JUDGED).all;
    d->frechet[generation] = quality.frechet;
    d->coverage[generation] = quality.coverage;
    memcpy(d->shown + (size_t)generation * SHOWN * SCENE_LEVELS, picture,
           SHOWN * SCENE_LEVELS * sizeof *picture);
    printf("%10d %8.2f %8.3f %10.4f %10.3f\n", generation + 1, d->fresh, d->right[generation],
           d->frechet[generation], d->coverage[generation]);
    fflush(stdout);
    free(picture);
    free(scene);
}

/* The next model: some steps of stage 3 on the pictures of the one before. */
static void train_on(Descent *d, int generation)
{
    Model *model = d->painter.run->model;
    const Dataset *data = d->painter.run->data;
    Tape *tape = d->painter.tape;
    long steps = options_int(d->call->options, "train");
    Rng order = stream_of(d, "generations order", generation);
    Rng noise = stream_of(d, "generations noise", 0);
    Progress progress =
        progress_start("train", "steps", 0, steps, options_flag(d->call->options, "quiet"));
    tape_record(tape, true);
    for (long s = 0; s < steps; s++) {
        uint32_t example[BATCH];
        double logged[FAMILY_MOST_COLUMNS];
        tape_reset(tape);
        model_bind(model, tape);
        Step step = {.tape = tape, .example = example, .index = s, .steps = steps};
        step.learning_rate = options_real(d->call->options, "lr");
        step.noise = rng_at(noise, (uint64_t)(generation * steps + s));
        step.x = tensor_new_matrix(tape, BATCH, SCENE_LEVELS);
        for (int i = 0; i < BATCH; i++) {
            int from = (int)rng_below(&order, (uint64_t)d->n);
            real *x = step.x->value + (size_t)i * SCENE_LEVELS;
            example[i] = d->example[from];
            if (rng_uniform_one(&order) < d->fresh) /* whatever the row: times rise with it */
                dataset_fetch(data, SPLIT_TRAIN, &example[i], 1, NULL, x, NULL, NULL);
            else
                memcpy(x, d->picture + (size_t)from * SCENE_LEVELS, SCENE_LEVELS * sizeof *x);
        }
        model->family->train_step(model, &step, logged);
        progress_show(&progress, s + 1, "");
    }
    progress_end(&progress, "");
}

static void descend(Descent *d, const Principal *plain, const real *reals, int generations)
{
    d->painter = painter_open(d->call->dir);
    judge_check(&d->painter);
    for (int g = 0; g < generations; g++) {
        judge(d, plain, reals, g);
        if (g + 1 == generations)
            break;
        draw_all(d, g);
        train_on(d, g);
    }
    painter_close(&d->painter);
}

static void draw_figures(const Call *call, const Descent *d, int generations)
{
    double number[MOST];
    Figures *figures = experiment_figures(call);
    for (int g = 0; g < generations; g++)
        number[g] = g + 1;
    char *fresh = memory_format("%g %% true pictures", 100 * d[1].fresh);
    const char *label[LINES] = {"its own pictures alone", fresh, "true pictures alone"};
    FigureCurve right[LINES], frechet[LINES], coverage[LINES];
    for (int line = 0; line < LINES; line++) {
        right[line] = (FigureCurve){.label = label[line], .y = d[line].right};
        frechet[line] = (FigureCurve){.label = label[line], .y = d[line].frechet};
        coverage[line] = (FigureCurve){.label = label[line], .y = d[line].coverage};
    }
    FigureLines lines = {.x = number, .n = (size_t)generations, .curves = LINES};
    lines.curve = right;
    lines.y_range = (FigureRange){0, 1};
    figure_lines(figures,
                 &(FigureText){.name = "generations-right",
                               .title = "Learning from its own pictures: attributes right",
                               .x_label = "generation",
                               .y_label = "share of pictures"},
                 &lines);
    lines.curve = coverage;
    figure_lines(figures,
                 &(FigureText){.name = "generations-coverage",
                               .title = "Learning from its own pictures: coverage",
                               .x_label = "generation",
                               .y_label = "coverage"},
                 &lines);
    lines.curve = frechet;
    lines.y_range = (FigureRange){0, 0};
    figure_lines(figures,
                 &(FigureText){.name = "generations-frechet",
                               .title = "Learning from its own pictures: distance",
                               .x_label = "generation",
                               .y_label = "Frechet distance, plain features"},
                 &lines);
    char numbered[MOST][24];
    const char *row[MOST];
    for (int g = 0; g < generations; g++) {
        snprintf(numbered[g], sizeof numbered[g], "generation %d", g + 1);
        row[g] = numbered[g];
    }
    gallery_figure(figures,
                   &(FigureText){.name = "generations",
                                 .title = "The same sentences, each model trained on the last's "
                                          "pictures alone"},
                   d[0].shown, generations, SHOWN, row, NULL);
    experiment_end(figures);
    free(fresh);
}

static void run(const Call *call)
{
    int generations = (int)options_int(call->options, "generations");
    int n = (int)options_int(call->options, "pictures");
    Rng rng = rng_stream((uint64_t)options_int(call->options, "seed"), "generations real");
    Scene *scene = judge_scenes(&rng, JUDGED, 1, SCENE_SEEN);
    real *reals = judge_real(scene, JUDGED, &rng);
    Principal *plain = plain_create(reals, JUDGED);
    Descent d[LINES];
    printf("%10s %8s %8s %10s %10s\n", "generation", "fresh", "right", "Frechet", "coverage");
    for (int line = 0; line < LINES; line++) {
        d[line] = (Descent){
            .call = call,
            .fresh = line == 0   ? 0
                     : line == 1 ? options_real(call->options, "fresh")
                                 : 1,
            .n = n,
            .example = memory_new((size_t)n, sizeof(uint32_t)),
            .shown = memory_new((size_t)generations * SHOWN * SCENE_LEVELS, sizeof(real))};
        for (int i = 0; i < n; i++)
            d[line].example[i] = (uint32_t)i;
        descend(&d[line], plain, reals, generations);
    }
    draw_figures(call, d, generations);
    for (int line = 0; line < LINES; line++) {
        free(d[line].example);
        free(d[line].picture);
        free(d[line].shown);
    }
    principal_free(plain);
    free(reals);
    free(scene);
}

const LdmCommand command_generations = {"generations",
                                        "what happens when a model learns from its own pictures?",
                                        NULL,
                                        0,
                                        0,
                                        options,
                                        run};
