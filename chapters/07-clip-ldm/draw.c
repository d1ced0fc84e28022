/* draw, edit, vary, rank: from sentences and pictures to pictures, and back to a number. */
#include "07-clip-ldm/experiment.h"
#include "07-clip-ldm/gallery.h"
#include "data/scene.h"
#include "support/fail.h"
#include "support/memory.h"
#include "tensor/profile.h"
#include "train/progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the sentence is one of the grammar of scenes: how many of the pictures show what it says.
 */
static void say_right(const Painter *painter, const char *typed, const real *picture, int n)
{
    Scene said, read;
    int right = 0;
    if (strcmp(painter->run->data->name, "shapes") != 0 || !scene_parse(typed, &said))
        return;
    for (int i = 0; i < n; i++)
        right +=
            scene_read(picture + (size_t)i * SCENE_LEVELS, &read) && scene_satisfies(&read, &said);
    printf("the reader finds all that the sentence says in %d of %d\n", right, n);
}

/* ---------------------------------------------------------------- draw */

static const OptionSpec draw_options[] = {
    DRAW_OPTIONS,
    {"n", OPTION_INT, "16", "N", "pictures", 1, 10000, NULL},
    {"out", OPTION_TEXT, "drawn.png", "FILE.png", "the pictures in a grid", 0, 0, NULL},
    {"each", OPTION_FLAG, NULL, NULL,
     "also each picture alone, as FILE-1.png ... (for edit, vary and rank)", 0, 0, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static void draw(const Call *call)
{
    const Options *o = call->options;
    int n = (int)options_int(o, "n");
    Painter painter = painter_open(call->dir);
    DrawHow how = experiment_how(call, &painter);
    Sentence *sentence = experiment_typed(&painter, call->word[0], n);
    real *picture = memory_new((size_t)n * WORLD_MOST_LEVELS, sizeof *picture);
    Rng noise = rng_stream((uint64_t)options_int(o, "seed"), "draw");
    double start = profile_seconds();
    painter_draw(&painter, &(Wish){.sentence = sentence}, n, &how, &noise, picture);
    printf("drawn in %s\n", progress_duration(profile_seconds() - start, (char[32]){0}));
    say_right(&painter, call->word[0], picture, n);
    gallery_grid(options_text(o, "out"), call->word[0], picture, n);
    if (options_flag(o, "each"))
        gallery_each(options_text(o, "out"), picture, n);
    free(picture);
    free(sentence);
    painter_close(&painter);
}

const LdmCommand command_draw = {"draw", "pictures of a sentence", "SENTENCE", 1, 1, draw_options,
                                 draw};

/* ---------------------------------------------------------------- edit */

static const OptionSpec edit_options[] = {
    DRAW_OPTIONS,
    {"strength", OPTION_REAL, "0.7", "SHARE",
     "of the way to pure noise that the picture is taken: 0 keeps it, 1 forgets it", 0, 1, NULL},
    {"n", OPTION_INT, "7", "N", "pictures", 1, 10000, NULL},
    {"out", OPTION_TEXT, "edited.png", "FILE.png", "the picture, then what became of it", 0, 0,
     NULL},
    {"each", OPTION_FLAG, NULL, NULL, "also each picture alone, as FILE-1.png ...", 0, 0, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

/* The picture of a file n times over. */
static real *copies(const Painter *painter, const char *path, int n)
{
    real *picture = memory_new((size_t)n * WORLD_MOST_LEVELS, sizeof *picture);
    dataset_read_image(painter->run->data, path, picture);
    for (int i = 1; i < n; i++)
        memcpy(picture + (size_t)i * WORLD_MOST_LEVELS, picture, WORLD_MOST_LEVELS * sizeof(real));
    return picture;
}

/* The first picture and what became of it, in one grid. */
static void show_changed(const Call *call, const char *title, const real *before, const real *after,
                         int n)
{
    real *all = memory_new((size_t)(n + 1) * WORLD_MOST_LEVELS, sizeof *all);
    memcpy(all, before, WORLD_MOST_LEVELS * sizeof(real));
    memcpy(all + WORLD_MOST_LEVELS, after, (size_t)n * WORLD_MOST_LEVELS * sizeof(real));
    gallery_grid(options_text(call->options, "out"), title, all, n + 1);
    if (options_flag(call->options, "each"))
        gallery_each(options_text(call->options, "out"), after, n);
    free(all);
}

/* The picture of the first word n times anew: steered by the sentence `typed`, begun with the
 * picture after that share of the way to noise; or, typed NULL, begun with noise and steered by the
 * picture.
 */
static void change(const Call *call, const char *title, const char *typed, double strength)
{
    const Options *o = call->options;
    int n = (int)options_int(o, "n");
    Painter painter = painter_open(call->dir);
    DrawHow how = experiment_how(call, &painter);
    real *before = copies(&painter, call->word[0], n);
    real *after = memory_new((size_t)n * WORLD_MOST_LEVELS, sizeof *after);
    Sentence *sentence = typed != NULL ? experiment_typed(&painter, typed, n) : NULL;
    Wish wish = {.sentence = sentence, .picture = before};
    Rng noise = rng_stream((uint64_t)options_int(o, "seed"), typed != NULL ? "edit" : "vary");
    if (typed != NULL) {
        how.start = before;
        how.from = (int)lround(strength * how.steps);
    }
    if (typed != NULL && how.from == 0)
        painter_reconstruct(&painter, before, n, after);
    else
        painter_draw(&painter, &wish, n, &how, &noise, after);
    if (typed != NULL)
        say_right(&painter, typed, after, n);
    show_changed(call, title, before, after, n);
    free(sentence);
    free(after);
    free(before);
    painter_close(&painter);
}

static void edit(const Call *call)
{
    change(call, call->word[1], call->word[1], options_real(call->options, "strength"));
}

const LdmCommand command_edit = {
    "edit",
    "a picture changed to fit a sentence (SDEdit, Meng et al. 2022, arXiv:2108.01073)",
    "PICTURE.png SENTENCE",
    2,
    2,
    edit_options,
    edit};

/* ---------------------------------------------------------------- vary */

static const OptionSpec vary_options[] = {
    DRAW_OPTIONS,
    {"n", OPTION_INT, "15", "N", "pictures", 1, 10000, NULL},
    {"out", OPTION_TEXT, "varied.png", "FILE.png", "the picture, then its variations", 0, 0, NULL},
    {"each", OPTION_FLAG, NULL, NULL, "also each picture alone, as FILE-1.png ...", 0, 0, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static void vary(const Call *call)
{
    change(call, "A picture, and others of the same CLIP vector", NULL, 0);
}

const LdmCommand command_vary = {
    "vary", "other pictures of a picture's CLIP vector", "PICTURE.png", 1, 1, vary_options, vary};

/* ---------------------------------------------------------------- rank */

static const OptionSpec rank_options[] = {{NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

typedef struct Ranked {
    const char *path;
    double cosine;
} Ranked;

static int best_first(const void *a, const void *b)
{
    double x = ((const Ranked *)a)->cosine, y = ((const Ranked *)b)->cosine;
    return (x < y) - (x > y);
}

static void rank(const Call *call)
{
    int n = call->words - 1;
    Painter painter = painter_open(call->dir);
    int shared = painter.model->clip.shared;
    real *picture = memory_new((size_t)n * WORLD_MOST_LEVELS, sizeof *picture);
    real *image = memory_new((size_t)(n + 1) * (size_t)shared, sizeof *image);
    real *text = image + (size_t)n * (size_t)shared;
    Ranked *ranked = memory_new((size_t)n, sizeof *ranked);
    Sentence sentence = sentence_typed(painter.model->world, call->word[0]);
    for (int i = 0; i < n; i++)
        dataset_read_image(painter.run->data, call->word[1 + i],
                           picture + (size_t)i * WORLD_MOST_LEVELS);
    painter_image_vectors(&painter, picture, n, image);
    painter_text_vectors(&painter, &sentence, 1, text);
    for (int i = 0; i < n; i++) {
        ranked[i].path = call->word[1 + i];
        for (int d = 0; d < shared; d++)
            ranked[i].cosine +=
                (double)image[(size_t)i * (size_t)shared + (size_t)d] * (double)text[d];
    }
    qsort(ranked, (size_t)n, sizeof *ranked, best_first);
    printf("cosine of each picture's vector and that of \"%s\"\n", call->word[0]);
    for (int i = 0; i < n; i++)
        printf("%8.4f  %s\n", ranked[i].cosine, ranked[i].path);
    free(ranked);
    free(image);
    free(picture);
    painter_close(&painter);
}

const LdmCommand command_rank = {"rank",
                                 "pictures by how well they fit a sentence",
                                 "SENTENCE PICTURE.png ...",
                                 2,
                                 1000,
                                 rank_options,
                                 rank};
