/* binding: two objects, and whose colour is whose. */
#include "07-clip-ldm/experiment.h"
#include "07-clip-ldm/gallery.h"
#include "07-clip-ldm/judge.h"
#include "support/memory.h"

#include <stdio.h>
#include <stdlib.h>

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
             said->object[0].colour == said->object[1].colour);
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
        whole[i] = scene_random(rng, 2, SCENE_WHOLE); /* its sizes, places and ground */
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

/* How many of the objects said, by shape and colour, are in a picture. */
static int objects_found(const Scene *read, const Scene *said)
{
    int found = 0;
    for (int i = 0; i < said->objects; i++)
        for (int k = 0; k < read->objects; k++)
            if (read->object[k].shape == said->object[i].shape &&
                read->object[k].colour == said->object[i].colour) {
                found++;
                break;
            }
    return found;
}

static void binding(const Call *call)
{
    enum { SHOWN = 16, COLUMNS = 8 };
    Painter painter = painter_open(call->dir);
    judge_check(&painter);
    DrawHow how = experiment_how(call, &painter);
    int n = (int)options_int(call->options, "n"), right = 0, wrong = 0, number = 0;
    int own = 0, other = 0;
    Rng rng = rng_stream((uint64_t)options_int(call->options, "seed"), "binding");
    Scene *said = memory_new((size_t)n, sizeof *said),
          *swapped = memory_new((size_t)n, sizeof *said);
    for (int i = 0; i < n; i++)
        two_objects(&rng, &said[i], &swapped[i]);
    real *picture = experiment_drawn(&painter, said, n, &how, &rng);
    for (int i = 0; i < n; i++) {
        Scene read;
        bool could = scene_read(picture + (size_t)i * SCENE_LEVELS, &read);
        right += could && scene_satisfies(&read, &said[i]);
        wrong += could && scene_satisfies(&read, &swapped[i]);
        number += could && read.objects != 2;
        own += could ? objects_found(&read, &said[i]) : 0;
        other += could ? objects_found(&read, &swapped[i]) : 0;
    }
    printf("\"a red circle and a blue square\": %d sentences with two shapes and two colours\n", n);
    printf("as said          %.3f\ncolours swapped  %.3f\nnot two objects  %.3f\nanything else    "
           "%.3f\n",
           (double)right / n, (double)wrong / n, (double)number / n,
           (double)(n - right - wrong - number) / n);
    printf(
        "of the objects said, in the picture with their own colour %.3f, with the other's %.3f\n",
        own / (2.0 * n), other / (2.0 * n));
    printf("CLIP prefers the right sentence to the swapped one for %.3f of real pictures (chance "
           "0.5)\n",
           clip_binds(&painter, said, swapped, n, &rng));
    Figures *figures = experiment_figures(call);
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
    real *shown = experiment_drawn(&painter, pair, SHOWN, &how, &rng);
    gallery_figure(figures,
                   &(FigureText){.name = "binding", .title = "Two objects: which colour is whose?"},
                   shown, 2, COLUMNS, row, NULL);
    experiment_end(figures);
    free(shown);
    free(picture);
    free(said);
    free(swapped);
    painter_close(&painter);
}

const LdmCommand command_binding = {
    "binding", "two objects: does each get its own colour?", NULL, 0, 0, binding_options, binding};
