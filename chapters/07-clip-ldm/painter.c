#include "07-clip-ldm/painter.h"

#include "07-clip-ldm/stages.h"
#include "support/fail.h"

#include <math.h>
#include <string.h>

Painter painter_open(const char *dir)
{
    Painter painter = {.run = stage_open(dir, &latent_family), .dir = dir};
    painter.model = (const LatentDiffusion *)painter.run->model;
    painter.tape = tape_create(kernels_best());
    return painter;
}

void painter_close(Painter *painter)
{
    tape_free(painter->tape);
    run_close(painter->run);
}

/* A fresh tape that records nothing, with the weights on it. */
static Tape *fresh(const Painter *painter)
{
    tape_reset(painter->tape);
    model_bind(painter->run->model, painter->tape);
    tape_record(painter->tape, false);
    return painter->tape;
}

/* Rows first .. first + n-1 of pictures, on the tape. */
static Tensor *pictures_on(Tape *tape, const real *picture, int first, int n)
{
    return tensor_from(tape, 2, (int[]){n, WORLD_MOST_LEVELS},
                       picture + (size_t)first * WORLD_MOST_LEVELS);
}

static void keep_levels(const Tensor *pictures, real *out)
{
    for (size_t i = 0; i < pictures->size; i++)
        out[i] = (real)fmin(fmax((double)pictures->value[i], 0), 255);
}

/* ---------------------------------------------------------------- drawing */

static Condition condition_of(const Painter *painter, Tape *tape, const Wish *wish, int first,
                              int n)
{
    if (wish->sentence != NULL)
        return condition_of_sentences(painter->model, tape, wish->sentence + first, n);
    if (wish->picture != NULL)
        return condition_of_pictures(painter->model, pictures_on(tape, wish->picture, first, n));
    return (Condition){0};
}

static void draw_part(const Painter *painter, const Wish *wish, int first, int n,
                      const DrawHow *how, Rng *noise, real *out)
{
    const LatentDiffusion *m = painter->model;
    Tape *tape = fresh(painter);
    Condition condition = condition_of(painter, tape, wish, first, n);
    bool free_of = wish->sentence == NULL && wish->picture == NULL;
    LatentPredictor predictor = latent_predictor(m, &condition, free_of ? 0 : how->guidance);
    Sampler sampler = {.kind = SAMPLER_DDIM,
                       .predictor = &predictor.predictor,
                       .schedule = m->schedule,
                       .steps = how->steps,
                       .observer = how->observer};
    Tensor *z = tensor_new_matrix(tape, n, LATENT_DIMS);
    if (how->start != NULL) {
        sampler.from = how->from;
        memcpy(z->value, latent_of_pictures(m, pictures_on(tape, how->start, first, n))->value,
               z->size * sizeof(real));
        sampler_noise(&sampler, how->from, noise, n, z->value);
    }
    sampler_run(&sampler, tape, noise, n, NULL, z->value);
    keep_levels(latent_to_pictures(m, z), out);
}

void painter_draw(const Painter *painter, const Wish *wish, int n, const DrawHow *how, Rng *noise,
                  real *out)
{
    if (how->observer != NULL && n > PAINTER_PART)
        fail("painter: %d pictures to look at; at most %d", n, PAINTER_PART);
    for (int first = 0; first < n; first += PAINTER_PART) {
        int rows = n - first < PAINTER_PART ? n - first : PAINTER_PART;
        draw_part(painter, wish, first, rows, how, noise, out + (size_t)first * WORLD_MOST_LEVELS);
    }
}

void painter_decode(const Painter *painter, const real *z0, int n, real *out)
{
    for (int first = 0; first < n; first += PAINTER_PART) {
        int rows = n - first < PAINTER_PART ? n - first : PAINTER_PART;
        Tape *tape = fresh(painter);
        Tensor *z =
            tensor_from(tape, 2, (int[]){rows, LATENT_DIMS}, z0 + (size_t)first * LATENT_DIMS);
        keep_levels(latent_to_pictures(painter->model, z), out + (size_t)first * WORLD_MOST_LEVELS);
    }
}

void painter_reconstruct(const Painter *painter, const real *picture, int n, real *out)
{
    for (int first = 0; first < n; first += PAINTER_PART) {
        int rows = n - first < PAINTER_PART ? n - first : PAINTER_PART;
        Tensor *x = pictures_on(fresh(painter), picture, first, rows);
        keep_levels(latent_to_pictures(painter->model, latent_of_pictures(painter->model, x)),
                    out + (size_t)first * WORLD_MOST_LEVELS);
    }
}

/* ---------------------------------------------------------------- CLIP's vectors */

void painter_image_vectors(const Painter *painter, const real *picture, int n, real *vector)
{
    int shared = painter->model->clip.shared;
    for (int first = 0; first < n; first += PAINTER_PART) {
        int rows = n - first < PAINTER_PART ? n - first : PAINTER_PART;
        Tensor *x = pictures_on(fresh(painter), picture, first, rows);
        const Tensor *u = clip_image(&painter->model->clip, x);
        memcpy(vector + (size_t)first * (size_t)shared, u->value, u->size * sizeof(real));
    }
}

void painter_text_vectors(const Painter *painter, const Sentence *sentence, int n, real *vector)
{
    int shared = painter->model->clip.shared;
    for (int first = 0; first < n; first += PAINTER_PART) {
        int rows = n - first < PAINTER_PART ? n - first : PAINTER_PART;
        ClipText text = clip_text(&painter->model->clip, fresh(painter), sentence + first, rows);
        memcpy(vector + (size_t)first * (size_t)shared, text.embedding->value,
               text.embedding->size * sizeof(real));
    }
}
