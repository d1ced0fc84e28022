/* What judges drawn pictures, on pictures whose contents are known. */
#include "07-clip-ldm/judge.h"
#include "harness/suite.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 60 };

static void test_right(void)
{
    for (int objects = 1; objects <= SCENE_MOST; objects++) {
        Rng rng = rng_stream(1, "test");
        Scene *scene = judge_scenes(&rng, N, objects, SCENE_WHOLE);
        real *picture = judge_real(scene, N, &rng);
        Judgement j = judge_pictures(picture, scene, N);
        CU_ASSERT(j.all == 1 && j.all_se == 0 && j.unread == 0);
        CU_ASSERT(objects > 1 ? isnan(j.shape) : j.shape == 1 && j.ground == 1);
        free(picture);
        free(scene);
    }
}

/* Every second colour is another: the colour is wrong there, and the whole. */
static void test_wrong(void)
{
    Rng rng = rng_stream(2, "test");
    Scene *scene = judge_scenes(&rng, N, 1, SCENE_WHOLE);
    real *picture = judge_real(scene, N, &rng);
    for (int i = 0; i < N; i += 2)
        scene[i].object[0].colour = (scene[i].object[0].colour + 1) % SCENE_COLOURS;
    Judgement j = judge_pictures(picture, scene, N);
    CU_ASSERT_DOUBLE_EQUAL(j.colour, 0.5, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(j.all, 0.5, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(j.all_se, 0.5 / sqrt(N), 1e-12);
    CU_ASSERT(j.shape == 1 && j.size == 1 && j.place == 1);
    scene[1].object[0].colour = SCENE_ANY; /* one less is asked for */
    CU_ASSERT_DOUBLE_EQUAL(judge_pictures(picture, scene, N).colour, 29.0 / 59, 1e-12);
    free(picture);
    free(scene);
}

/* Of a blank picture nothing is right, its ground neither. */
static void test_blank(void)
{
    Rng rng = rng_stream(3, "test");
    Scene *scene = judge_scenes(&rng, 1, 1, SCENE_WHOLE);
    real *blank = memory_new(SCENE_LEVELS, sizeof *blank);
    for (int i = 0; i < SCENE_LEVELS; i++)
        blank[i] = scene_ground_colour[scene->ground][i % 3];
    Judgement j = judge_pictures(blank, scene, 1);
    CU_ASSERT(j.all == 0 && j.unread == 1);
    CU_ASSERT(j.shape == 0 && j.colour == 0 && j.size == 0 && j.place == 0 && j.ground == 0);
    free(blank);
    free(scene);
}

/* Two pictures that are taken for the wrong shape and one that can't be read stand in their cells.
 */
static void test_confusion(void)
{
    enum { COLUMNS = SCENE_SHAPES + 1 };
    int confusion[SCENE_SHAPES * COLUMNS], sum = 0;
    Rng rng = rng_stream(4, "test");
    Scene *scene = judge_scenes(&rng, N, 1, SCENE_WHOLE);
    for (int i = 0; i < N; i++)
        scene[i].object[0].shape = i % SCENE_SHAPES;
    real *picture = judge_real(scene, N, &rng);
    scene[0].object[0].shape = 1; /* is a circle */
    scene[4].object[0].shape = 1;
    memset(picture + 7 * SCENE_LEVELS, 0, SCENE_LEVELS * sizeof *picture);
    judge_confusion(picture, scene, N, confusion);
    CU_ASSERT_EQUAL(confusion[1 * COLUMNS + 0], 2);
    CU_ASSERT_EQUAL(confusion[3 * COLUMNS + SCENE_SHAPES], 1);
    CU_ASSERT_EQUAL(confusion[0], N / 4 - 2);
    CU_ASSERT_EQUAL(confusion[3 * COLUMNS + 3], N / 4 - 1);
    for (int i = 0; i < SCENE_SHAPES * COLUMNS; i++)
        sum += confusion[i];
    CU_ASSERT_EQUAL(sum, N);
    free(picture);
    free(scene);
}

/* Equal sets are 0 apart and cover each other; darker pictures are far. */
static void test_plain(void)
{
    enum { MANY = 100 };
    Rng rng = rng_stream(5, "test");
    Scene *scene = judge_scenes(&rng, MANY, 1, SCENE_SEEN);
    real *picture = judge_real(scene, MANY, &rng);
    real *dark = memory_new((size_t)MANY * SCENE_LEVELS, sizeof *dark);
    for (int i = 0; i < MANY * SCENE_LEVELS; i++)
        dark[i] = picture[i] / 2;
    Principal *plain = plain_create(picture, MANY);
    PlainQuality same = plain_compare(plain, picture, picture, MANY);
    PlainQuality far = plain_compare(plain, picture, dark, MANY);
    CU_ASSERT(fabs(same.frechet) < 1e-3 && same.coverage == 1 && same.recall == 1);
    CU_ASSERT(far.frechet > 1 && far.coverage < 0.9);
    principal_free(plain);
    free(dark);
    free(picture);
    free(scene);
}

const Suite suite = {"chapters/judge",
                     {{"right pictures", test_right},
                      {"wrong colours", test_wrong},
                      {"a blank picture", test_blank},
                      {"shapes taken for others", test_confusion},
                      {"plain features", test_plain},
                      {NULL, NULL}}};
