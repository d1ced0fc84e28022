/* denoise: pictures coming out of noise, as a strip and a GIF. */
#include "07-clip-ldm/experiment.h"
#include "07-clip-ldm/gallery.h"
#include "07-clip-ldm/judge.h"
#include "support/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    Sentence *sentence = experiment_typed(&painter, call->word[0], SEEN_AT_ONCE);
    size_t numbers = (size_t)FRAMES * SEEN_AT_ONCE;
    Film film = {.observer = {see}, .every = 1};
    DrawHow how = experiment_how(call, &painter);
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
    /* A strip: half of the frames, evenly spread; latents, what they decode to, what they will
     * become. */
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
    Figures *figures = experiment_figures(call);
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
    experiment_end(figures);
    free(sentence);
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
