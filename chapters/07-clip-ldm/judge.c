#include "07-clip-ldm/judge.h"

#include "metric/frechet.h"
#include "metric/prdc.h"
#include "support/fail.h"
#include "support/memory.h"

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
    Judgement j = {0};
    Tally shape = {0}, colour = {0}, size = {0}, place = {0}, ground = {0};
    int all = 0, unread = 0;
    for (int i = 0; i < n; i++) {
        Scene read;
        bool could = scene_read(picture + (size_t)i * SCENE_LEVELS, &read);
        unread += !could;
        all += could && scene_satisfies(&read, &said[i]);
        if (said[i].objects != 1)
            continue;
        if (!could) { /* nothing counts as right */
            read.objects = 0;
            read.ground = SCENE_ANY;
        }
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

void judge_confusion(const real *picture, const Scene *scene, int n, int *confusion)
{
    enum { COLUMNS = SCENE_SHAPES + 1 };
    for (int i = 0; i < SCENE_SHAPES * COLUMNS; i++)
        confusion[i] = 0;
    for (int i = 0; i < n; i++) {
        Scene read;
        bool could = scene_read(picture + (size_t)i * SCENE_LEVELS, &read) && read.objects == 1;
        int as = could ? read.object[0].shape : SCENE_SHAPES;
        confusion[scene[i].object[0].shape * COLUMNS + as]++;
    }
}

/* ---------------------------------------------------------------- features that steer nothing */

enum { SMALL_SIDE = SCENE_SIDE / 2, SMALL = 3 * SMALL_SIDE * SMALL_SIDE };

/* n pictures, cells of 2 x 2 pixels averaged, 0 .. 1: [n, SMALL]; free with free(). */
static real *shrunk(const real *picture, int n)
{
    real *small = memory_new((size_t)n * SMALL, sizeof *small);
    for (int i = 0; i < n * SMALL; i++) {
        int c = i % 3, column = i / 3 % SMALL_SIDE, row = i / (3 * SMALL_SIDE) % SMALL_SIDE;
        const real *at = picture + (size_t)(i / SMALL) * SCENE_LEVELS +
                         (2 * row * SCENE_SIDE + 2 * column) * 3 + c;
        small[i] = (at[0] + at[3] + at[3 * SCENE_SIDE] + at[3 * SCENE_SIDE + 3]) / (4 * 255);
    }
    return small;
}

Principal *plain_create(const real *picture, int n)
{
    real *small = shrunk(picture, n);
    Principal *plain = principal_fit(small, n, SMALL, PLAIN_FEATURES);
    free(small);
    return plain;
}

/* [n, PLAIN_FEATURES]; free with free(). */
static real *features_of(const Principal *plain, const real *picture, int n)
{
    real *feature = memory_new((size_t)n * PLAIN_FEATURES, sizeof *feature);
    real *small = shrunk(picture, n);
    principal_project(plain, small, n, feature);
    free(small);
    return feature;
}

PlainQuality plain_compare(const Principal *plain, const real *reals, const real *samples, int n)
{
    real *a = features_of(plain, reals, n), *b = features_of(plain, samples, n);
    PlainQuality quality = {
        .frechet = frechet_distance(a, n, b, n, PLAIN_FEATURES),
        .recall = prdc(a, n, b, n, PLAIN_FEATURES, PRDC_MANIFOLD_K).recall,
        .coverage = prdc(a, n, b, n, PLAIN_FEATURES, PRDC_DENSITY_K).coverage,
    };
    free(a);
    free(b);
    return quality;
}
