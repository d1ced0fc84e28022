/* Scenes and their pictures, and the set "shapes" of them. */
#include "data/dataset.h"
#include "data/scene.h"
#include "data/scene_internal.h"
#include "harness/suite.h"

#include <math.h>
#include <string.h>

enum { MANY = 20000 };

static double contrast(const uint8_t a[3], const uint8_t b[3])
{
    double sum = 0;
    for (int c = 0; c < 3; c++)
        sum += (a[c] - b[c]) * (a[c] - b[c]);
    return sqrt(sum);
}

static void test_colours_differ(void)
{
    for (int a = 0; a < SCENE_COLOURS; a++) {
        for (int b = 0; b < a; b++)
            CU_ASSERT(contrast(scene_colour[a], scene_colour[b]) > 100);
        for (int g = 0; g < SCENE_GROUNDS; g++)
            CU_ASSERT(contrast(scene_colour[a], scene_ground_colour[g]) > 120);
    }
}

/* One in nine; of no two values do more than one of the third lack. */
static void test_held_out(void)
{
    int place_colour[SCENE_PLACES][SCENE_COLOURS] = {{0}},
        place_shape[SCENE_PLACES][SCENE_SHAPES] = {{0}};
    for (int s = 0; s < SCENE_SHAPES; s++)
        for (int c = 0; c < SCENE_COLOURS; c++) {
            int of_pair = 0;
            for (int p = 0; p < SCENE_PLACES; p++) {
                bool held = scene_held_out(s, c, p);
                of_pair += held;
                place_colour[p][c] += held;
                place_shape[p][s] += held;
            }
            CU_ASSERT_EQUAL(of_pair, 1);
        }
    for (int p = 0; p < SCENE_PLACES; p++) {
        for (int c = 0; c < SCENE_COLOURS; c++)
            CU_ASSERT(place_colour[p][c] <= 1);
        for (int s = 0; s < SCENE_SHAPES; s++)
            CU_ASSERT(place_shape[p][s] <= 1);
    }
}

static int held_objects(const Scene *scene)
{
    int held = 0;
    for (int i = 0; i < scene->objects; i++)
        held +=
            scene_held_out(scene->object[i].shape, scene->object[i].colour, scene->object[i].place);
    return held;
}

/* No training, validation or test scene shows a held-out combination; numbers of objects are 60,
 * 30, 10 per cent (standard error 0.35 % at most). */
static void test_splits(void)
{
    for (int split = 0; split < SPLITS; split++) {
        int held = 0, count[SCENE_MOST + 1] = {0};
        for (size_t i = 0; i < MANY; i++) {
            Scene scene = scene_of((Split)split, i);
            held += held_objects(&scene);
            count[scene.objects]++;
        }
        CU_ASSERT_EQUAL(held, 0);
        CU_ASSERT(fabs(count[1] / (double)MANY - 0.6) < 0.015);
        CU_ASSERT(fabs(count[2] / (double)MANY - 0.3) < 0.015);
        CU_ASSERT(fabs(count[3] / (double)MANY - 0.1) < 0.01);
    }
}

static void test_worlds(void)
{
    Rng rng = rng_stream(1, "test");
    int all = 0, held = 0, seen = 0, unseen = 0;
    for (int i = 0; i < MANY; i++) {
        Scene scene = scene_random(&rng, 1 + i % 3, SCENE_WHOLE);
        all += scene.objects;
        held += held_objects(&scene);
        scene = scene_random(&rng, 1 + i % 3, SCENE_SEEN);
        seen += held_objects(&scene);
        scene = scene_random(&rng, 1 + i % 3, SCENE_UNSEEN);
        unseen += scene.objects - held_objects(&scene);
    }
    CU_ASSERT_EQUAL(seen, 0);
    CU_ASSERT_EQUAL(unseen, 0);
    CU_ASSERT(fabs(held / (double)all - 1.0 / 9) < 5 * sqrt(1.0 / 9 * 8 / 9 / all));
}

/* Shapes and colours seen at a place, of 24. */
static int seen_at(int place)
{
    int seen = 0;
    for (int i = 0; i < SCENE_SHAPES * SCENE_COLOURS; i++)
        seen += !scene_held_out(i % SCENE_SHAPES, i / SCENE_SHAPES, place);
    return seen;
}

/* Of single objects every value of every attribute is as frequent as the others. */
static void test_attributes_are_even(void)
{
    Rng rng = rng_stream(2, "test");
    int pair[SCENE_SHAPES][SCENE_COLOURS] = {{0}}, size[SCENE_SIZES] = {0}, place[9] = {0};
    int ground[SCENE_GROUNDS] = {0};
    for (int i = 0; i < MANY; i++) {
        Scene scene = scene_random(&rng, 1, SCENE_SEEN);
        pair[scene.object[0].shape][scene.object[0].colour]++;
        size[scene.object[0].size]++;
        place[scene.object[0].place]++;
        ground[scene.ground]++;
    }
    for (int s = 0; s < SCENE_SHAPES; s++)
        for (int c = 0; c < SCENE_COLOURS; c++)
            CU_ASSERT(fabs(pair[s][c] - MANY / 24.0) < 5 * 29);
    for (int p = 0; p < SCENE_PLACES; p++)
        CU_ASSERT(fabs(place[p] - MANY * seen_at(p) / 192.0) < 5 * 45);
    for (int g = 0; g < SCENE_GROUNDS; g++)
        CU_ASSERT(fabs(ground[g] - MANY / 3.0) < 5 * 67);
    CU_ASSERT(fabs(size[0] - MANY / 2.0) < 5 * 71);
}

/* Parts that hang together by the sides of their pixels, of what is not ground. */
static int components(const uint8_t *level, const uint8_t ground[3])
{
    int label[SCENE_PIXELS] = {0}, found = 0;
    for (int start = 0; start < SCENE_PIXELS; start++) {
        if (label[start] != 0 || memcmp(level + 3 * start, ground, 3) == 0)
            continue;
        int stack[SCENE_PIXELS], waiting = 1;
        stack[0] = start;
        label[start] = ++found;
        while (waiting > 0) {
            int p = stack[--waiting], x = p % SCENE_SIDE, y = p / SCENE_SIDE;
            for (int i = 0; i < 4; i++) {
                int u = x + (i == 0) - (i == 1), v = y + (i == 2) - (i == 3);
                int q = v * SCENE_SIDE + u;
                if (u < 0 || v < 0 || u >= SCENE_SIDE || v >= SCENE_SIDE || label[q] != 0 ||
                    memcmp(level + 3 * q, ground, 3) == 0)
                    continue;
                label[q] = found;
                stack[waiting++] = q;
            }
        }
    }
    return found;
}

/* Objects do not overlap: what differs by half from the ground falls into as many parts as there
 * are objects. */
static void test_nothing_overlaps(void)
{
    Rng rng = rng_stream(3, "test");
    int wrong = 0;
    for (int i = 0; i < MANY; i++) {
        Scene scene = scene_random(&rng, 1 + i % 3, SCENE_WHOLE);
        uint8_t level[SCENE_LEVELS];
        scene_draw(&scene, &rng, level);
        const uint8_t *ground = scene_ground_colour[scene.ground];
        for (int p = 0; p < SCENE_PIXELS; p++) /* edges that are less than half covered */
            if (contrast(level + 3 * p, ground) < 60)
                memcpy(level + 3 * p, ground, 3);
        wrong += components(level, ground) != scene.objects;
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void test_same_rng_same_picture(void)
{
    Scene scene = scene_of(SPLIT_TRAIN, 5);
    Rng one = rng_stream(4, "test"), two = one;
    uint8_t a[SCENE_LEVELS], b[SCENE_LEVELS];
    scene_draw(&scene, &one, a);
    scene_draw(&scene, &two, b);
    CU_ASSERT(memcmp(a, b, sizeof a) == 0);
    CU_ASSERT_EQUAL(one.next, two.next);
    scene_draw(&scene, &two, b); /* another place of the same stream: jitter differs */
    CU_ASSERT(memcmp(a, b, sizeof a) != 0);
}

/* Area of a figure on the pixels, over several sub-pixel centres, against that of the plane. Cover
 * by distance from the edge is a little much at the sharp corners of a small triangle. */
static void test_areas(void)
{
    const double unit[SCENE_SHAPES] = {M_PI, 4 * SCENE_SQUARE * SCENE_SQUARE,
                                       0.75 * sqrt(3) * SCENE_TRIANGLE * SCENE_TRIANGLE,
                                       8 * SCENE_CROSS - 4 * SCENE_CROSS * SCENE_CROSS};
    const double within[SCENE_SHAPES] = {0.025, 1e-4, 0.07, 1e-4};
    for (int shape = 0; shape < SCENE_SHAPES; shape++)
        for (double r = 2.9; r < 5.65; r += 0.3)
            for (double shift = 0; shift < 1; shift += 0.3) {
                double sum = 0;
                for (int p = 0; p < SCENE_PIXELS; p++)
                    sum +=
                        (double)scene_cover(shape, (float)r, (float)(p % SCENE_SIDE - 16 + shift),
                                            (float)(p / SCENE_SIDE - 16 + shift / 2));
                CU_ASSERT(fabs(sum / (unit[shape] * r * r) - 1) < within[shape]);
            }
}

/* No figure is wider or higher than 2 r, and what is drawn has the colours asked for. */
static void test_extent_and_colour(void)
{
    Rng rng = rng_stream(5, "test");
    for (int i = 0; i < SCENE_SHAPES * SCENE_COLOURS * SCENE_GROUNDS; i++) {
        Scene scene = {1, {{i % 4, i / 4 % 6, 1, 4}}, i / 24};
        uint8_t level[SCENE_LEVELS];
        scene_draw(&scene, &rng, level);
        const uint8_t *middle = level + 3 * (16 * SCENE_SIDE + 16);
        CU_ASSERT(memcmp(middle, scene_colour[scene.object[0].colour], 3) == 0);
        for (int p = 0; p < SCENE_PIXELS; p++) {
            int x = p % SCENE_SIDE, y = p / SCENE_SIDE;
            if (x < 9 || y < 9 || x > 22 || y > 22)
                CU_ASSERT(memcmp(level + 3 * p, scene_ground_colour[scene.ground], 3) == 0);
        }
    }
}

/* A scene that scene_random never makes is drawn all the same. */
static void test_crowded(void)
{
    Rng rng = rng_stream(6, "test");
    Scene scene = {3, {{1, 0, 1, 3}, {1, 4, 1, 4}, {1, 0, 1, 5}}, 0};
    uint8_t level[SCENE_LEVELS];
    scene_draw(&scene, &rng, level);
    for (int i = 0; i < 3; i++)
        CU_ASSERT(memcmp(level + 3 * (16 * SCENE_SIDE + 6 + 10 * i),
                         scene_colour[scene.object[i].colour], 3) == 0);
}

static void test_set(void)
{
    Dataset *dataset = dataset_load("shapes");
    CU_ASSERT_EQUAL(dataset->kind, DATA_COLOUR);
    CU_ASSERT_EQUAL(dataset->dims, SCENE_LEVELS);
    CU_ASSERT_PTR_NOT_NULL_FATAL(dataset->world);
    static real x[4 * SCENE_LEVELS], y[SCENE_LEVELS], other[SPLITS][SCENE_LEVELS];
    const uint32_t index[4] = {7, 0, 49999, 7};
    dataset_fetch(dataset, SPLIT_TRAIN, index, 4, NULL, x, NULL, NULL);
    CU_ASSERT(memcmp(x, x + 3 * SCENE_LEVELS, sizeof y) == 0);
    dataset_fetch_range(dataset, SPLIT_TRAIN, 7, 1, NULL, y, NULL, NULL);
    CU_ASSERT(memcmp(x, y, sizeof y) == 0);
    uint8_t level[SCENE_LEVELS];
    dataset->world->picture(SPLIT_TRAIN, 7, level);
    bool same = true;
    for (int i = 0; i < SCENE_LEVELS; i++)
        same = same && x[i] == level[i];
    CU_ASSERT(same);
    for (int s = 0; s < SPLITS; s++)
        dataset_fetch_range(dataset, (Split)s, 11, 1, NULL, other[s], NULL, NULL);
    CU_ASSERT(memcmp(other[0], other[1], sizeof y) != 0);
    CU_ASSERT(memcmp(other[0], other[2], sizeof y) != 0);
    CU_ASSERT(memcmp(other[1], other[2], sizeof y) != 0);
    dataset_free(dataset);
}

const Suite suite = {"data/scene",
                     {{"colours differ", test_colours_differ},
                      {"held-out combinations", test_held_out},
                      {"splits", test_splits},
                      {"worlds", test_worlds},
                      {"attributes are even", test_attributes_are_even},
                      {"nothing overlaps", test_nothing_overlaps},
                      {"same rng, same picture", test_same_rng_same_picture},
                      {"areas", test_areas},
                      {"extent and colour", test_extent_and_colour},
                      {"crowded", test_crowded},
                      {"the set shapes", test_set},
                      {NULL, NULL}}};
