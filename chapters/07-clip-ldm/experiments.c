/* Questions that people ask of such models, each a command and a figure. */
#include "07-clip-ldm/commands.h"

#include "07-clip-ldm/gallery.h"
#include "07-clip-ldm/judge.h"
#include "07-clip-ldm/zero_shot.h"
#include "support/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Figures *figures_of(const Call *call)
{
    char *folder = run_path(call->dir, "figures");
    Figures *figures = figures_open(folder);
    free(folder);
    return figures;
}

static void end_figures(Figures *figures)
{
    for (int i = 0; i < figures_drawn(figures); i++)
        printf("%s\n", figures_path(figures, i));
    figures_close(figures);
}

static DrawHow how_of(const Call *call)
{
    return (DrawHow){.guidance = options_real(call->options, "guidance"),
                     .steps = (int)options_int(call->options, "steps")};
}

/* Pictures of n scenes by English and Korean sentences in turn; free with free(). */
static real *drawn(const Painter *painter, const Scene *scene, int n, const DrawHow *how,
                   Rng *noise)
{
    Sentence *sentence = judge_sentences(painter->model->world, scene, n, true);
    real *picture = memory_new((size_t)n * SCENE_LEVELS, sizeof *picture);
    painter_draw(painter, &(Wish){.sentence = sentence}, n, how, noise, picture);
    free(sentence);
    return picture;
}

/* ---------------------------------------------------------------- unseen */

static const OptionSpec unseen_options[] = {
    DRAW_OPTIONS,
    {"n", OPTION_INT, "400", "N", "pictures of either kind", 24, 100000, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static Judgement judged(const Painter *painter, SceneWorld which, int n, const DrawHow *how,
                        Rng *rng)
{
    Scene *scene = judge_scenes(rng, n, 1, which);
    real *picture = drawn(painter, scene, n, how, rng);
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

/* A row a sentence, eight pictures each: two combinations seen, the four held out, and nonsense. */
static void unseen_grid(const Painter *painter, const DrawHow *how, Figures *figures, Rng *rng)
{
    enum { ROWS = 8, COLUMNS = 8 };
    static const char *const row[ROWS] = {"a red circle",    "a big blue square", "a blue circle",
                                          "a yellow square", "a red triangle",    "a green cross",
                                          "on the the on a", "red blue red blue"};
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
    DrawHow how = how_of(call);
    int n = (int)options_int(call->options, "n");
    Rng rng = rng_stream((uint64_t)options_int(call->options, "seed"), "unseen");
    Figures *figures = figures_of(call);
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
                &(FigureBars){.bar = bar, .bars = 6, .y_range = {0, 1}});
    unseen_grid(&painter, &how, figures, &rng);
    end_figures(figures);
    painter_close(&painter);
}

const LdmCommand command_unseen = {
    "unseen", "can it draw what it never saw? And what of nonsense?", NULL, 0, 0, unseen_options,
    unseen};

/* ---------------------------------------------------------------- guidance */

static const OptionSpec guidance_options[] = {
    {"steps", OPTION_INT, "50", "N", "of the sampler", 1, 1000, NULL},
    {"seed", OPTION_INT, "1", "N", "of the noise", 0, 1e15, NULL},
    {"n", OPTION_INT, "300", "N", "pictures at each guidance", 50, 100000, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

enum { SWEEP = 7 };
static const double SWEPT[SWEEP] = {0, 0.5, 1, 2, 4, 8, 16};

/* A row a guidance, the same noise in a column. */
static void guidance_grid(const Painter *painter, int steps, Figures *figures, uint64_t seed)
{
    enum { COLUMNS = 8 };
    static const char *const row[SWEEP] = {"w = 0", "0.5", "1", "2", "4", "8", "16"};
    Sentence sentence[COLUMNS];
    real *picture = memory_new((size_t)SWEEP * COLUMNS * SCENE_LEVELS, sizeof *picture);
    for (int i = 0; i < COLUMNS; i++)
        sentence[i] = sentence_of(painter->model->world, "a green circle");
    for (int g = 0; g < SWEEP; g++) {
        Rng noise = rng_stream(seed, "guidance grid");
        DrawHow how = {.guidance = SWEPT[g], .steps = steps};
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
    int n = (int)options_int(call->options, "n"), steps = (int)options_int(call->options, "steps");
    uint64_t seed = (uint64_t)options_int(call->options, "seed");
    Figures *figures = figures_of(call);
    Rng rng = rng_stream(seed, "guidance");
    Scene *scene = judge_scenes(&rng, n, 1, SCENE_SEEN);
    real *reals = judge_real(scene, n, &rng);
    Plain *plain = plain_create(reals, n);
    for (int i = 0; i < n; i++) {
        scene[i].object[0].size = scene[i].object[0].place = SCENE_ANY;
        scene[i].ground = SCENE_ANY;
    }
    double right[SWEEP], coverage[SWEEP], recall[SWEEP];
    printf("%8s %8s %10s %8s %10s\n", "guidance", "right", "coverage", "recall", "Frechet");
    for (int g = 0; g < SWEEP; g++) {
        Rng noise = rng_stream(seed, "guidance noise");
        real *picture =
            drawn(&painter, scene, n, &(DrawHow){.guidance = SWEPT[g], .steps = steps}, &noise);
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
    guidance_grid(&painter, steps, figures, seed);
    end_figures(figures);
    plain_free(plain);
    free(reals);
    free(scene);
    painter_close(&painter);
}

const LdmCommand command_guidance = {
    "guidance", "what does guidance cost? Right pictures and diversity against w",
    NULL,       0,
    0,          guidance_options,
    guidance};

/* ---------------------------------------------------------------- binding */

static const OptionSpec binding_options[] = {
    DRAW_OPTIONS,
    {"n", OPTION_INT, "400", "N", "pictures", 16, 100000, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

/* Two objects with their shapes and colours said, all four different; in `swapped` the colours have
 * changed places. */
static void two_objects(Rng *rng, Scene *said, Scene *swapped)
{
    do {
        *said = scene_random(rng, 2, SCENE_SEEN);
        *swapped = *said;
        swapped->object[0].colour = said->object[1].colour;
        swapped->object[1].colour = said->object[0].colour;
    } while (said->object[0].shape == said->object[1].shape ||
             said->object[0].colour == said->object[1].colour ||
             scene_held_out(swapped->object[0].shape, swapped->object[0].colour) ||
             scene_held_out(swapped->object[1].shape, swapped->object[1].colour));
    for (int i = 0; i < 2; i++) {
        said->object[i].size = said->object[i].place = SCENE_ANY;
        swapped->object[i].size = swapped->object[i].place = SCENE_ANY;
    }
    said->ground = swapped->ground = SCENE_ANY;
}

/* Share of real pictures of two objects whose vector is nearer to their sentence than to the
 * swapped one. */
static double clip_binds(const Painter *painter, const Scene *said, const Scene *swapped, int n,
                         Rng *rng)
{
    int shared = painter->model->clip.shared, right = 0;
    size_t size = (size_t)n * (size_t)shared;
    real *image = memory_new(3 * size, sizeof *image), *text = image + size;
    real *other = text + size;
    Scene *whole = memory_new((size_t)n, sizeof *whole);
    for (int i = 0; i < n; i++) {
        whole[i] = scene_random(rng, 2, SCENE_SEEN); /* its sizes, places and ground */
        for (int k = 0; k < 2; k++) {
            whole[i].object[k].shape = said[i].object[k].shape;
            whole[i].object[k].colour = said[i].object[k].colour;
        }
    }
    real *picture = judge_real(whole, n, rng);
    Sentence *own = judge_sentences(painter->model->world, said, n, false);
    Sentence *false_one = judge_sentences(painter->model->world, swapped, n, false);
    painter_image_vectors(painter, picture, n, image);
    painter_text_vectors(painter, own, n, text);
    painter_text_vectors(painter, false_one, n, other);
    for (int i = 0; i < n; i++) {
        double difference = 0;
        for (int d = 0; d < shared; d++) {
            size_t at = (size_t)i * (size_t)shared + (size_t)d;
            difference += (double)image[at] * ((double)text[at] - (double)other[at]);
        }
        right += difference > 0;
    }
    free(own);
    free(false_one);
    free(picture);
    free(whole);
    free(image);
    return (double)right / n;
}

static void binding(const Call *call)
{
    enum { SHOWN = 16, COLUMNS = 8 };
    Painter painter = painter_open(call->dir);
    judge_check(&painter);
    DrawHow how = how_of(call);
    int n = (int)options_int(call->options, "n"), right = 0, wrong = 0, number = 0;
    Rng rng = rng_stream((uint64_t)options_int(call->options, "seed"), "binding");
    Scene *said = memory_new((size_t)n, sizeof *said),
          *swapped = memory_new((size_t)n, sizeof *said);
    for (int i = 0; i < n; i++)
        two_objects(&rng, &said[i], &swapped[i]);
    real *picture = drawn(&painter, said, n, &how, &rng);
    for (int i = 0; i < n; i++) {
        Scene read;
        bool could = scene_read(picture + (size_t)i * SCENE_LEVELS, &read);
        right += could && scene_satisfies(&read, &said[i]);
        wrong += could && scene_satisfies(&read, &swapped[i]);
        number += could && read.objects != 2;
    }
    printf("\"a red circle and a blue square\": %d sentences with two shapes and two colours\n", n);
    printf("as said          %.3f\ncolours swapped  %.3f\nnot two objects  %.3f\nanything else    "
           "%.3f\n",
           (double)right / n, (double)wrong / n, (double)number / n,
           (double)(n - right - wrong - number) / n);
    printf("CLIP prefers the right sentence to the swapped one for %.3f of real pictures (chance "
           "0.5)\n",
           clip_binds(&painter, said, swapped, n, &rng));
    Figures *figures = figures_of(call);
    Scene one = {.objects = 2,
                 .ground = SCENE_ANY,
                 .object = {{0, 0, SCENE_ANY, SCENE_ANY}, {1, 4, SCENE_ANY, SCENE_ANY}}};
    Scene pair[SHOWN];
    for (int i = 0; i < SHOWN; i++) {
        pair[i] = one;
        if (i >= COLUMNS) {
            pair[i].object[0].shape = 1;
            pair[i].object[1].shape = 0;
            pair[i].object[0].colour = 0;
            pair[i].object[1].colour = 5;
        }
    }
    static const char *const row[] = {"red circle, blue square", "red square, purple circle"};
    real *shown = drawn(&painter, pair, SHOWN, &how, &rng);
    gallery_figure(figures,
                   &(FigureText){.name = "binding", .title = "Two objects: which colour is whose?"},
                   shown, 2, COLUMNS, row, NULL);
    end_figures(figures);
    free(shown);
    free(picture);
    free(said);
    free(swapped);
    painter_close(&painter);
}

const LdmCommand command_binding = {
    "binding", "two objects: does each get its own colour?", NULL, 0, 0, binding_options, binding};

/* ---------------------------------------------------------------- denoise */

static const OptionSpec denoise_options[] = {DRAW_OPTIONS,
                                             {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

enum { FRAMES = 16, SEEN_AT_ONCE = 8 };

/* Keeps the latents and the guesses of what they will become, at every few steps. */
typedef struct Film {
    SamplerObserver observer;
    real *z, *z0; /* [FRAMES, SEEN_AT_ONCE, LATENT_DIMS] */
    int frames, every;
} Film;

static void see(SamplerObserver *observer, const SamplerView *view)
{
    Film *film = (Film *)observer;
    bool last = view->step == view->steps;
    if (film->frames >= FRAMES || (view->step % film->every != 0 && !last))
        return;
    size_t numbers = (size_t)view->n * (size_t)view->dims;
    size_t at = (size_t)film->frames++ * SEEN_AT_ONCE * LATENT_DIMS;
    memcpy(film->z + at, view->x, numbers * sizeof(real));
    memcpy(film->z0 + at, view->x0 != NULL ? view->x0 : view->x, numbers * sizeof(real));
}

/* The first three of four channels as red, green and blue, four times as large. */
static void latent_pixels(const real *z, real *picture)
{
    for (int i = 0; i < SCENE_PIXELS; i++) {
        int row = i / SCENE_SIDE / 4, column = i % SCENE_SIDE / 4;
        for (int c = 0; c < 3; c++) {
            double value = (double)z[(row * LATENT_SIDE + column) * LATENT_CHANNELS + c];
            picture[i * 3 + c] = (real)fmin(fmax(127.5 + 50 * value, 0), 255);
        }
    }
}

static void denoise(const Call *call)
{
    Painter painter = painter_open(call->dir);
    Sentence sentence[SEEN_AT_ONCE];
    for (int i = 0; i < SEEN_AT_ONCE; i++)
        sentence[i] = sentence_typed(painter.model->world, call->word[0]);
    size_t numbers = (size_t)FRAMES * SEEN_AT_ONCE;
    Film film = {.observer = {see}, .every = 1};
    DrawHow how = how_of(call);
    film.every = (how.steps + FRAMES - 2) / (FRAMES - 1);
    film.z = memory_new(2 * numbers * LATENT_DIMS, sizeof(real));
    film.z0 = film.z + numbers * LATENT_DIMS;
    how.observer = &film.observer;
    real *last = memory_new(SEEN_AT_ONCE * (size_t)SCENE_LEVELS, sizeof *last);
    Rng noise = rng_stream((uint64_t)options_int(call->options, "seed"), "denoise");
    painter_draw(&painter, &(Wish){.sentence = sentence}, SEEN_AT_ONCE, &how, &noise, last);

    int shown = film.frames;
    real *now = memory_new(numbers * SCENE_LEVELS, sizeof *now);
    real *guess = memory_new(numbers * SCENE_LEVELS, sizeof *guess);
    painter_decode(&painter, film.z, shown * SEEN_AT_ONCE, now);
    painter_decode(&painter, film.z0, shown * SEEN_AT_ONCE, guess);
    /* A strip: every second frame; latents, what they decode to, what they will become. */
    enum { COLUMNS = FRAMES / 2 };
    int columns = shown / 2;
    real *strip = memory_new(3 * COLUMNS * (size_t)SCENE_LEVELS, sizeof *strip);
    for (int i = 0; i < columns; i++) {
        int frame = (shown - 1) * i / (columns > 1 ? columns - 1 : 1);
        size_t from = (size_t)frame * SEEN_AT_ONCE;
        latent_pixels(film.z + from * LATENT_DIMS, strip + (size_t)i * SCENE_LEVELS);
        memcpy(strip + (size_t)(columns + i) * SCENE_LEVELS, now + from * SCENE_LEVELS,
               SCENE_LEVELS * sizeof(real));
        memcpy(strip + (size_t)(2 * columns + i) * SCENE_LEVELS, guess + from * SCENE_LEVELS,
               SCENE_LEVELS * sizeof(real));
    }
    static const char *const row[] = {"latent", "decoded", "guessed end"};
    Figures *figures = figures_of(call);
    char *title = memory_format("From noise to \"%s\"", call->word[0]);
    gallery_figure(figures, &(FigureText){.name = "denoise-strip", .title = title}, strip, 3,
                   columns, row, NULL);
    FigureImages frame[FRAMES];
    for (size_t i = 0; i < (size_t)shown * SEEN_AT_ONCE * SCENE_LEVELS; i++)
        now[i] /= 255;
    for (int f = 0; f < shown; f++)
        frame[f] = (FigureImages){.pixel = now + (size_t)f * SEEN_AT_ONCE * SCENE_LEVELS,
                                  .n = SEEN_AT_ONCE,
                                  .height = SCENE_SIDE,
                                  .width = SCENE_SIDE,
                                  .channels = 3,
                                  .rows = 2,
                                  .columns = SEEN_AT_ONCE / 2};
    figure_images_gif(figures, &(FigureText){.name = "denoise", .title = title}, frame, shown, NULL,
                      0.25);
    end_figures(figures);
    free(title);
    free(strip);
    free(guess);
    free(now);
    free(last);
    free(film.z);
    painter_close(&painter);
}

const LdmCommand command_denoise = {
    "denoise",  "a sentence's pictures coming out of noise, as a strip and a GIF",
    "SENTENCE", 1,
    1,          denoise_options,
    denoise};
