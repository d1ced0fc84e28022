/* unseen: can it draw what it never saw? And what does it make of nonsense? */
#include "07-clip-ldm/experiment.h"
#include "07-clip-ldm/gallery.h"
#include "07-clip-ldm/judge.h"
#include "support/memory.h"

#include <stdio.h>
#include <stdlib.h>

static const OptionSpec unseen_options[] = {
    DRAW_OPTIONS,
    {"n", OPTION_INT, "400", "N", "pictures of either kind", 24, 100000, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static Judgement judged(const Painter *painter, SceneWorld which, int n, const DrawHow *how,
                        Rng *rng)
{
    Scene *scene = judge_scenes(rng, n, 1, which);
    real *picture = experiment_drawn(painter, scene, n, how, rng);
    Judgement j = judge_pictures(picture, scene, n);
    free(picture);
    free(scene);
    return j;
}

static void print_judgement(const char *name, const Judgement *j)
{
    printf("%-10s %6.3f +- %.3f %7.3f %7.3f %7.3f %7.3f %7.3f %8.3f\n", name, j->all, j->all_se,
           j->shape, j->colour, j->size, j->place, j->ground, j->unread);
}

/* A row a sentence, eight pictures each: two combinations seen, four that are held out, and
 * nonsense. */
static void unseen_grid(const Painter *painter, const DrawHow *how, Figures *figures, Rng *rng)
{
    enum { ROWS = 8, COLUMNS = 8 };
    static const char *const row[ROWS] = {"a red circle at the bottom",
                                          "a big blue square at the top",
                                          "a red circle at the top left",
                                          "a yellow square in the middle",
                                          "a green triangle at the bottom",
                                          "a blue cross at the top",
                                          "on the the on a",
                                          "red blue red blue"};
    Sentence sentence[ROWS * COLUMNS];
    real *picture = memory_new((size_t)ROWS * COLUMNS * SCENE_LEVELS, sizeof *picture);
    for (int i = 0; i < ROWS * COLUMNS; i++)
        sentence[i] = sentence_of(painter->model->world, row[i / COLUMNS]);
    painter_draw(painter, &(Wish){.sentence = sentence}, ROWS * COLUMNS, how, rng, picture);
    gallery_figure(figures,
                   &(FigureText){.name = "unseen",
                                 .title = "Seen; never seen (four rows); nonsense (two rows)"},
                   picture, ROWS, COLUMNS, row, NULL);
    free(picture);
}

static void unseen(const Call *call)
{
    Painter painter = painter_open(call->dir);
    judge_check(&painter);
    DrawHow how = experiment_how(call, &painter);
    int n = (int)options_int(call->options, "n");
    Rng rng = rng_stream((uint64_t)options_int(call->options, "seed"), "unseen");
    Figures *figures = experiment_figures(call);
    Judgement seen = judged(&painter, SCENE_SEEN, n, &how, &rng);
    Judgement never = judged(&painter, SCENE_UNSEEN, n, &how, &rng);
    printf("share of %d pictures each in which the reader finds what was asked for\n", n);
    printf("%-10s %-15s %7s %7s %7s %7s %7s %8s\n", "sentences", "   all", "shape", "colour",
           "size", "place", "ground", "unread");
    print_judgement("seen", &seen);
    print_judgement("unseen", &never);
    FigureBar bar[] = {
        {"all: seen", seen.all, seen.all_se}, {"unseen", never.all, never.all_se},
        {"shape: seen", seen.shape, 0},       {"unseen", never.shape, 0},
        {"colour: seen", seen.colour, 0},     {"unseen", never.colour, 0},
    };
    figure_bars(figures,
                &(FigureText){.name = "seen-unseen",
                              .title = "Combinations seen in training and held out",
                              .y_label = "share of pictures that are right"},
                &(FigureBars){.bar = bar, .bars = 6, .y_range = {0, 1.1}});
    unseen_grid(&painter, &how, figures, &rng);
    experiment_end(figures);
    painter_close(&painter);
}

const LdmCommand command_unseen = {
    "unseen", "can it draw what it never saw? And what of nonsense?", NULL, 0, 0, unseen_options,
    unseen};
