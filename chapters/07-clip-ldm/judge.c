#include "07-clip-ldm/judge.h"

#include "metric/frechet.h"
#include "metric/prdc.h"
#include "support/fail.h"
#include "support/memory.h"

#include <gsl/gsl_eigen.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void judge_check(const Painter *painter)
{
    if (strcmp(painter->run->data->name, "shapes") != 0)
        refuse(
            "%s: was trained on %s, whose pictures can't be read back; this needs a run on shapes",
            painter->dir, painter->run->data->name);
}

Scene *judge_scenes(Rng *rng, int n, int objects, SceneWorld which)
{
    Scene *scene = memory_new((size_t)n, sizeof *scene);
    for (int i = 0; i < n; i++)
        scene[i] = scene_random(rng, objects, which);
    return scene;
}

Sentence *judge_sentences(const World *world, const Scene *scene, int n, bool both)
{
    Sentence *sentence = memory_new((size_t)n, sizeof *sentence);
    for (int i = 0; i < n; i++) {
        char text[CAPTION_BYTES];
        scene_say(&scene[i], both && i % 2 == 1 ? LANGUAGE_KOREAN : LANGUAGE_ENGLISH, text);
        sentence[i] = sentence_of(world, text);
    }
    return sentence;
}

real *judge_real(const Scene *scene, int n, Rng *rng)
{
    real *picture = memory_new((size_t)n * SCENE_LEVELS, sizeof *picture);
    uint8_t level[SCENE_LEVELS];
    for (int i = 0; i < n; i++) {
        scene_draw(&scene[i], rng, level);
        for (int d = 0; d < SCENE_LEVELS; d++)
            picture[(size_t)i * SCENE_LEVELS + (size_t)d] = (real)level[d];
    }
    return picture;
}

/* Right and asked of one attribute. */
typedef struct Tally {
    int right, asked;
} Tally;

static void count(Tally *tally, int score)
{
    tally->right += score == 1;
    tally->asked += score >= 0;
}

static double share(Tally tally)
{
    return tally.asked > 0 ? (double)tally.right / tally.asked : NAN;
}

Judgement judge_pictures(const real *picture, const Scene *said, int n)
{
    Judgement j = {.n = n};
    Tally shape = {0}, colour = {0}, size = {0}, place = {0}, ground = {0};
    int all = 0, unread = 0;
    for (int i = 0; i < n; i++) {
        Scene read;
        bool could = scene_read(picture + (size_t)i * SCENE_LEVELS, &read);
        unread += !could;
        all += could && scene_satisfies(&read, &said[i]);
        if (said[i].objects != 1)
            continue;
        if (!could)
            read.objects = 0; /* nothing counts as right */
        SceneScore score = scene_score(&read, &said[i]);
        count(&shape, score.shape);
        count(&colour, score.colour);
        count(&size, score.size);
        count(&place, score.place);
        count(&ground, score.ground);
    }
    j.all = (double)all / n;
    j.all_se = sqrt(j.all * (1 - j.all) / n);
    j.unread = (double)unread / n;
    j.shape = share(shape);
    j.colour = share(colour);
    j.size = share(size);
    j.place = share(place);
    j.ground = share(ground);
    return j;
}

/* ---------------------------------------------------------------- features that steer nothing */

enum { SMALL_SIDE = SCENE_SIDE / 2, SMALL = 3 * SMALL_SIDE * SMALL_SIDE };

struct Plain {
    double mean[SMALL];
    double axis[PLAIN_FEATURES][SMALL]; /* of length 1 */
};

/* Cells of 2 x 2 pixels averaged, 0 .. 1. */
static void shrink(const real *picture, double *small)
{
    for (int row = 0; row < SMALL_SIDE; row++)
        for (int column = 0; column < SMALL_SIDE; column++)
            for (int c = 0; c < 3; c++) {
                const real *at = picture + (2 * row * SCENE_SIDE + 2 * column) * 3 + c;
                double sum = (double)at[0] + (double)at[3] + (double)at[3 * SCENE_SIDE] +
                             (double)at[3 * SCENE_SIDE + 3];
                small[(row * SMALL_SIDE + column) * 3 + c] = sum / (4 * 255);
            }
}

Plain *plain_create(const real *picture, int n)
{
    Plain *plain = memory_new(1, sizeof *plain);
    real *small = memory_new((size_t)n * SMALL, sizeof *small);
    double *covariance = memory_new((size_t)SMALL * SMALL, sizeof *covariance), one[SMALL];
    for (int i = 0; i < n; i++) {
        shrink(picture + (size_t)i * SCENE_LEVELS, one);
        for (int d = 0; d < SMALL; d++)
            small[(size_t)i * SMALL + (size_t)d] = (real)one[d];
    }
    frechet_moments(small, n, SMALL, plain->mean, covariance);
    gsl_matrix_view matrix = gsl_matrix_view_array(covariance, SMALL, SMALL);
    gsl_vector *value = gsl_vector_alloc(SMALL);
    gsl_matrix *vector = gsl_matrix_alloc(SMALL, SMALL);
    gsl_eigen_symmv_workspace *work = gsl_eigen_symmv_alloc(SMALL);
    gsl_eigen_symmv(&matrix.matrix, value, vector, work);
    gsl_eigen_symmv_sort(value, vector, GSL_EIGEN_SORT_VAL_DESC);
    for (int f = 0; f < PLAIN_FEATURES; f++)
        for (int d = 0; d < SMALL; d++)
            plain->axis[f][d] = gsl_matrix_get(vector, (size_t)d, (size_t)f);
    gsl_eigen_symmv_free(work);
    gsl_matrix_free(vector);
    gsl_vector_free(value);
    free(covariance);
    free(small);
    return plain;
}

void plain_free(Plain *plain)
{
    free(plain);
}

real *plain_features(const Plain *plain, const real *picture, int n)
{
    real *feature = memory_new((size_t)n * PLAIN_FEATURES, sizeof *feature);
    double small[SMALL];
    for (int i = 0; i < n; i++) {
        shrink(picture + (size_t)i * SCENE_LEVELS, small);
        for (int f = 0; f < PLAIN_FEATURES; f++) {
            double sum = 0;
            for (int d = 0; d < SMALL; d++)
                sum += plain->axis[f][d] * (small[d] - plain->mean[d]);
            feature[i * PLAIN_FEATURES + f] = (real)sum;
        }
    }
    return feature;
}

PlainQuality plain_compare(const Plain *plain, const real *reals, const real *samples, int n)
{
    real *a = plain_features(plain, reals, n), *b = plain_features(plain, samples, n);
    Prdc manifold = prdc(a, n, b, n, PLAIN_FEATURES, PRDC_MANIFOLD_K);
    Prdc dense = prdc(a, n, b, n, PLAIN_FEATURES, PRDC_DENSITY_K);
    PlainQuality quality = {frechet_distance(a, n, b, n, PLAIN_FEATURES), manifold.recall,
                            dense.coverage, manifold.precision, dense.density};
    free(a);
    free(b);
    return quality;
}
