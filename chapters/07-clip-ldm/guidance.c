/* guidance: what it costs. Right pictures and diversity against w. */
#include "07-clip-ldm/experiment.h"
#include "07-clip-ldm/gallery.h"
#include "07-clip-ldm/judge.h"
#include "support/memory.h"

#include <stdio.h>
#include <stdlib.h>

static const OptionSpec guidance_options[] = {
    {"steps", OPTION_INT, "50", "N", "of the sampler", 1, 1000, NULL},
    {"seed", OPTION_INT, "1", "N", "of the noise", 0, 1e15, NULL},
    {"n", OPTION_INT, "300", "N", "pictures at each guidance", 50, 100000, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

enum { SWEEP = 7 };
static const double SWEPT[SWEEP] = {0, 0.5, 1, 2, 4, 8, 16};

/* A row a guidance, the same noise in a column. */
static void guidance_grid(const Painter *painter, DrawHow how, Figures *figures, uint64_t seed)
{
    enum { COLUMNS = 8 };
    static const char *const row[SWEEP] = {"w = 0", "0.5", "1", "2", "4", "8", "16"};
    Sentence sentence[COLUMNS];
    real *picture = memory_new((size_t)SWEEP * COLUMNS * SCENE_LEVELS, sizeof *picture);
    for (int i = 0; i < COLUMNS; i++)
        sentence[i] = sentence_of(painter->model->world, "a green circle");
    for (int g = 0; g < SWEEP; g++) {
        Rng noise = rng_stream(seed, "guidance grid");
        how.guidance = SWEPT[g];
        painter_draw(painter, &(Wish){.sentence = sentence}, COLUMNS, &how, &noise,
                     picture + (size_t)g * COLUMNS * SCENE_LEVELS);
    }
    gallery_figure(figures,
                   &(FigureText){.name = "guidance-grid",
                                 .title = "\"a green circle\" at rising guidance, equal noise"},
                   picture, SWEEP, COLUMNS, row, NULL);
    free(picture);
}

/* Diversity is measured on sentences that leave something open: shape and colour are said. */
static void guidance(const Call *call)
{
    Painter painter = painter_open(call->dir);
    judge_check(&painter);
    int n = (int)options_int(call->options, "n");
    DrawHow how = experiment_how(call, &painter);
    uint64_t seed = (uint64_t)options_int(call->options, "seed");
    Figures *figures = experiment_figures(call);
    Rng rng = rng_stream(seed, "guidance");
    Scene *scene = judge_scenes(&rng, n, 1, SCENE_SEEN);
    real *reals = judge_real(scene, n, &rng);
    Principal *plain = plain_create(reals, n);
    for (int i = 0; i < n; i++) {
        scene[i].object[0].size = scene[i].object[0].place = SCENE_ANY;
        scene[i].ground = SCENE_ANY;
    }
    double right[SWEEP], coverage[SWEEP], recall[SWEEP];
    printf("%8s %8s %10s %8s %10s\n", "guidance", "right", "coverage", "recall", "Frechet");
    for (int g = 0; g < SWEEP; g++) {
        Rng noise = rng_stream(seed, "guidance noise");
        how.guidance = SWEPT[g];
        real *picture = experiment_drawn(&painter, scene, n, &how, &noise);
        PlainQuality quality = plain_compare(plain, reals, picture, n);
        right[g] = judge_pictures(picture, scene, n).all;
        coverage[g] = quality.coverage;
        recall[g] = quality.recall;
        printf("%8g %8.3f %10.3f %8.3f %10.4f\n", SWEPT[g], right[g], coverage[g], recall[g],
               quality.frechet);
        fflush(stdout);
        free(picture);
    }
    FigureCurve curve[] = {{.label = "shape and colour as said", .y = right},
                           {.label = "coverage", .y = coverage},
                           {.label = "recall", .y = recall}};
    figure_lines(
        figures,
        &(FigureText){.name = "guidance",
                      .title = "What guidance costs",
                      .x_label = "guidance w",
                      .y_label = "share"},
        &(FigureLines){.x = SWEPT, .n = SWEEP, .curve = curve, .curves = 3, .y_range = {0, 1}});
    guidance_grid(&painter, how, figures, seed);
    experiment_end(figures);
    principal_free(plain);
    free(reals);
    free(scene);
    painter_close(&painter);
}

const LdmCommand command_guidance = {
    "guidance", "what does guidance cost? Right pictures and diversity against w",
    NULL,       0,
    0,          guidance_options,
    guidance};
