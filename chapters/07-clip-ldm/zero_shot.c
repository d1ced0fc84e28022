#include "07-clip-ldm/zero_shot.h"

#include "support/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PROMPTS = 100 };

static int attribute_values(int attribute)
{
    static const int values[ATTRIBUTES] = {SCENE_SHAPES, SCENE_COLOURS, SCENE_SIZES, SCENE_PLACES,
                                           SCENE_GROUNDS};
    return values[attribute];
}

int *attribute_of(Scene *scene, int attribute)
{
    SceneObject *object = &scene->object[0];
    int *const at[ATTRIBUTES] = {&object->shape, &object->colour, &object->size, &object->place,
                                 &scene->ground};
    return at[attribute];
}

static double dot(const real *a, const real *b, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* The mean vector of a value's prompts, of length 1. */
static void prompt_vector(const Painter *painter, int attribute, int value, Language language,
                          real *mean)
{
    int shared = painter->model->clip.shared;
    Rng rng = rng_stream(1, "prompts"); /* the same surroundings for all values */
    Sentence sentence[PROMPTS];
    real *vector = memory_new((size_t)PROMPTS * (size_t)shared, sizeof *vector);
    for (int i = 0; i < PROMPTS; i++) {
        char text[CAPTION_BYTES];
        Scene scene = scene_random(&rng, 1, SCENE_WHOLE);
        for (int a = 0; a < ATTRIBUTES; a++)
            if (rng_below(&rng, 2) == 0)
                *attribute_of(&scene, a) = SCENE_ANY;
        *attribute_of(&scene, attribute) = value;
        scene_say(&scene, language, text);
        sentence[i] = sentence_of(painter->model->world, text);
    }
    painter_text_vectors(painter, sentence, PROMPTS, vector);
    double square = 0;
    for (int d = 0; d < shared; d++) {
        double sum = 0;
        for (int i = 0; i < PROMPTS; i++)
            sum += (double)vector[(size_t)i * (size_t)shared + (size_t)d];
        mean[d] = (real)sum;
        square += sum * sum;
    }
    for (int d = 0; d < shared; d++)
        mean[d] /= (real)sqrt(square);
    free(vector);
}

void zero_shot(const Painter *painter, const real *picture, const Scene *scene, int n,
               Language language, double accuracy[ATTRIBUTES])
{
    int shared = painter->model->clip.shared;
    real *image = memory_new((size_t)n * (size_t)shared, sizeof *image);
    real *prompt = memory_new((size_t)SCENE_PLACES * (size_t)shared, sizeof *prompt);
    painter_image_vectors(painter, picture, n, image);
    for (int a = 0; a < ATTRIBUTES; a++) {
        int values = attribute_values(a), right = 0;
        for (int v = 0; v < values; v++)
            prompt_vector(painter, a, v, language, prompt + (size_t)v * (size_t)shared);
        for (int i = 0; i < n; i++) {
            Scene copy = scene[i];
            int best = 0;
            double highest = -INFINITY;
            for (int v = 0; v < values; v++) {
                double near = dot(image + (size_t)i * (size_t)shared,
                                  prompt + (size_t)v * (size_t)shared, shared);
                if (near > highest) {
                    highest = near;
                    best = v;
                }
            }
            right += best == *attribute_of(&copy, a);
        }
        accuracy[a] = (double)right / n;
    }
    free(prompt);
    free(image);
}

/* ---------------------------------------------------------------- retrieval */

/* Shares of the n rows of a whose own row of b is the nearest, or one of the five nearest. */
static void shares_found(const real *a, const real *b, int n, int dim, double *at_1, double *at_5)
{
    int first = 0, five = 0;
    for (int i = 0; i < n; i++) {
        const real *row = a + (size_t)i * (size_t)dim;
        double own = dot(row, b + (size_t)i * (size_t)dim, dim);
        int nearer = 0;
        for (int j = 0; j < n; j++)
            nearer += j != i && dot(row, b + (size_t)j * (size_t)dim, dim) >= own;
        first += nearer < 1;
        five += nearer < 5;
    }
    *at_1 = (double)first / n;
    *at_5 = (double)five / n;
}

Retrieval retrieval(const Painter *painter, const real *picture, const Scene *scene, int n,
                    Language language)
{
    int shared = painter->model->clip.shared;
    real *image = memory_new((size_t)n * (size_t)shared, sizeof *image);
    real *text = memory_new((size_t)n * (size_t)shared, sizeof *text);
    Sentence *sentence = memory_new((size_t)n, sizeof *sentence);
    Retrieval found;
    for (int i = 0; i < n; i++) {
        char said[CAPTION_BYTES];
        scene_say(&scene[i], language, said);
        sentence[i] = sentence_of(painter->model->world, said);
    }
    painter_image_vectors(painter, picture, n, image);
    painter_text_vectors(painter, sentence, n, text);
    shares_found(image, text, n, shared, &found.text_at_1, &found.text_at_5);
    shares_found(text, image, n, shared, &found.image_at_1, &found.image_at_5);
    free(sentence);
    free(text);
    free(image);
    return found;
}

static bool same_scene(const Scene *a, const Scene *b)
{
    return memcmp(&a->object[0], &b->object[0], sizeof a->object[0]) == 0 && a->ground == b->ground;
}

Scene *distinct_scenes(Rng *rng, int n, SceneWorld which)
{
    Scene *scene = memory_new((size_t)n, sizeof *scene);
    for (int i = 0; i < n;) {
        scene[i] = scene_random(rng, 1, which);
        bool fresh = true;
        for (int j = 0; j < i && fresh; j++)
            fresh = !same_scene(&scene[i], &scene[j]);
        i += fresh;
    }
    return scene;
}
