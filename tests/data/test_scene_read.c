/* The reader of scenes against their painter, and against what is no scene. */
#include "data/scene.h"
#include "data/scene_internal.h"
#include "harness/suite.h"

#include <math.h>
#include <string.h>

typedef enum Harm { NOTHING, NOISE, BLUR, NOISE_THEN_BLUR, BLUR_THEN_NOISE, BLUR_TWICE } Harm;

static void noise(real *x, double sd, Rng *rng)
{
    real normal[SCENE_LEVELS];
    rng_normal(rng, normal, SCENE_LEVELS);
    for (int i = 0; i < SCENE_LEVELS; i++)
        x[i] += (real)sd * normal[i];
}

static int inside(int i)
{
    return i < 0 ? 0 : i >= SCENE_SIDE ? SCENE_SIDE - 1 : i;
}

/* 1/4, 1/2, 1/4 across and down. */
static void blur(real *x)
{
    static const int weight[3] = {1, 2, 1};
    real out[SCENE_LEVELS];
    for (int i = 0; i < SCENE_LEVELS; i++) {
        int c = i % 3, column = i / 3 % SCENE_SIDE, row = i / 3 / SCENE_SIDE;
        real sum = 0;
        for (int k = 0; k < 9; k++) {
            int at = inside(row + k / 3 - 1) * SCENE_SIDE + inside(column + k % 3 - 1);
            sum += (real)(weight[k / 3] * weight[k % 3]) * x[3 * at + c];
        }
        out[i] = sum / 16;
    }
    memcpy(x, out, sizeof out);
}

static void harm(real *x, Harm how, Rng *rng)
{
    if (how >= BLUR && how != NOISE_THEN_BLUR)
        blur(x);
    if (how == BLUR_TWICE)
        blur(x);
    if (how != NOTHING && how != BLUR)
        noise(x, 8, rng);
    if (how == NOISE_THEN_BLUR)
        blur(x);
}

static void draw(const Scene *scene, Rng *rng, real *x)
{
    uint8_t level[SCENE_LEVELS];
    scene_draw(scene, rng, level);
    for (int i = 0; i < SCENE_LEVELS; i++)
        x[i] = (real)level[i];
}

/* Of n pictures of one to three objects, those that can't be read or are read wrongly. */
static void count_wrong(Harm how, int n, int *unread, int *wrong)
{
    Rng rng = rng_stream(1, "test");
    *unread = *wrong = 0;
    for (int i = 0; i < n; i++) {
        Scene scene = scene_random(&rng, 1 + i % 3, SCENE_WHOLE), read;
        real x[SCENE_LEVELS];
        draw(&scene, &rng, x);
        harm(x, how, &rng);
        bool could = scene_read(x, &read);
        *unread += !could;
        *wrong += could && !scene_satisfies(&read, &scene);
    }
}

static void test_reads_what_was_painted(void)
{
    int unread, wrong;
    count_wrong(NOTHING, 10000, &unread, &wrong);
    CU_ASSERT_EQUAL(unread, 0);
    CU_ASSERT_EQUAL(wrong, 0);
}

/* Noise of 8 levels, a blur, both. Of 20,000 other pictures of each kind none was unread or wrong,
 * but 41 (0.2 %) of those blurred twice, whose shape was: small crosses and squares
 * taken for circles, or the other way round. */
static void test_harmed_pictures(void)
{
    static const struct {
        Harm how;
        int most;
    } row[] = {{NOISE, 0}, {BLUR, 0}, {NOISE_THEN_BLUR, 0}, {BLUR_THEN_NOISE, 0}, {BLUR_TWICE, 12}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        int unread, wrong;
        count_wrong(row[i].how, 2000, &unread, &wrong);
        CU_ASSERT(unread + wrong <= row[i].most);
    }
}

/* Colours a little off, as an autoencoder's are: 15 % of the contrast lost, 8 levels added or
 * taken.
 */
static void test_pale_pictures(void)
{
    Rng rng = rng_stream(2, "test");
    int wrong = 0;
    for (int i = 0; i < 1000; i++) {
        Scene scene = scene_random(&rng, 1 + i % 3, SCENE_WHOLE), read;
        real x[SCENE_LEVELS];
        draw(&scene, &rng, x);
        for (int j = 0; j < SCENE_LEVELS; j++) {
            real ground = scene_ground_colour[scene.ground][j % 3];
            x[j] = ground + (real)0.85 * (x[j] - ground) + (j % 3 == 1 ? 8 : -8);
        }
        wrong += !scene_read(x, &read) || !scene_satisfies(&read, &scene);
    }
    CU_ASSERT(wrong <= 2);
}

static void test_blank(void)
{
    for (int g = 0; g < SCENE_GROUNDS; g++) {
        real x[SCENE_LEVELS];
        Scene read;
        Rng rng = rng_stream(3, "test");
        for (int i = 0; i < SCENE_LEVELS; i++)
            x[i] = scene_ground_colour[g][i % 3];
        CU_ASSERT_FALSE(scene_read(x, &read));
        CU_ASSERT_EQUAL(read.ground, g);
        CU_ASSERT_EQUAL(read.objects, 0);
        noise(x, 8, &rng);
        x[300] += 200; /* a speck is no object */
        CU_ASSERT_FALSE(scene_read(x, &read));
        CU_ASSERT_EQUAL(read.objects, 0);
    }
}

static void test_noise_alone(void)
{
    Rng rng = rng_stream(4, "test");
    int told = 0;
    for (int i = 0; i < 300; i++) {
        real x[SCENE_LEVELS];
        Scene read;
        for (int j = 0; j < SCENE_LEVELS; j++)
            x[j] = (real)(i < 100   ? 255 * rng_uniform_one(&rng)
                          : i < 200 ? 128 + 60 * rng_normal_one(&rng)
                                    : 128);
        if (i >= 200) { /* smooth clouds */
            noise(x, 400, &rng);
            for (int b = 0; b < 8; b++)
                blur(x);
        }
        told += scene_read(x, &read);
    }
    CU_ASSERT_EQUAL(told, 0);
    real nan[SCENE_LEVELS];
    Scene read;
    for (int j = 0; j < SCENE_LEVELS; j++)
        nan[j] = (real)NAN;
    CU_ASSERT_FALSE(scene_read(nan, &read));
}

static void fill(real *x, const uint8_t colour[3], int left, int right, int top, int bottom)
{
    for (int p = 0; p < SCENE_PIXELS; p++)
        for (int c = 0; c < 3; c++)
            if (p % SCENE_SIDE >= left && p % SCENE_SIDE < right && p / SCENE_SIDE >= top &&
                p / SCENE_SIDE < bottom)
                x[3 * p + c] = colour[c];
}

static bool reads(const real *x)
{
    Scene read;
    return scene_read(x, &read);
}

/* Things of the palette's colours that are no figures: bars, a corner, a ring, two halves of
 * different colours, a colour of no name, a filled half; four objects are too many. */
static void test_no_figures(void)
{
    real x[SCENE_LEVELS];
    const uint8_t *white = scene_ground_colour[0], *red = scene_colour[0], *blue = scene_colour[4];
    fill(x, white, 0, 32, 0, 32);
    fill(x, red, 2, 30, 14, 17);
    CU_ASSERT_FALSE(reads(x)); /* a bar */
    fill(x, white, 0, 32, 0, 32);
    fill(x, red, 12, 15, 11, 21);
    CU_ASSERT_FALSE(reads(x)); /* a short one */
    fill(x, red, 12, 21, 18, 21);
    CU_ASSERT_FALSE(reads(x)); /* a corner */
    fill(x, red, 11, 21, 11, 21);
    CU_ASSERT(reads(x)); /* a square at last */
    fill(x, white, 13, 19, 13, 19);
    CU_ASSERT_FALSE(reads(x)); /* a ring */
    fill(x, red, 11, 16, 11, 21);
    fill(x, blue, 16, 21, 11, 21);
    CU_ASSERT_FALSE(reads(x)); /* half and half */
    fill(x, (const uint8_t[3]){90, 60, 20}, 11, 21, 11, 21);
    CU_ASSERT_FALSE(reads(x)); /* brown */
    fill(x, red, 0, 16, 0, 32);
    CU_ASSERT_FALSE(reads(x)); /* half of the picture */
    fill(x, white, 0, 32, 0, 32);
    for (int i = 0; i < 4; i++)
        fill(x, blue, 3 + 20 * (i % 2), 9 + 20 * (i % 2), 3 + 20 * (i / 2), 9 + 20 * (i / 2));
    CU_ASSERT_FALSE(reads(x)); /* four squares */
    fill(x, white, 0, 16, 0, 16);
    CU_ASSERT(reads(x)); /* three */
}

/* Every attribute changed by itself makes a scene that the picture does not satisfy. */
static void test_planted_mistakes(void)
{
    Rng rng = rng_stream(5, "test");
    int missed = 0;
    for (int i = 0; i < 500; i++) {
        Scene scene = scene_random(&rng, 1 + i % 3, SCENE_WHOLE), read;
        real x[SCENE_LEVELS];
        draw(&scene, &rng, x);
        CU_ASSERT_FATAL(scene_read(x, &read));
        for (int mistake = 0; mistake < 6; mistake++) {
            Scene other = scene;
            SceneObject *object = &other.object[scene.objects - 1];
            object->shape = (object->shape + (mistake == 0)) % SCENE_SHAPES;
            object->colour = (object->colour + (mistake == 1)) % SCENE_COLOURS;
            object->size = (object->size + (mistake == 2)) % SCENE_SIZES;
            object->place = (object->place + (mistake == 3)) % SCENE_PLACES;
            other.ground = (other.ground + (mistake == 4)) % SCENE_GROUNDS;
            other.objects += mistake != 5 ? 0 : other.objects == SCENE_MOST ? -1 : 1;
            missed += scene_satisfies(&read, &other);
        }
    }
    CU_ASSERT_EQUAL(missed, 0);
}

static void test_order_and_silence(void)
{
    Scene read = {3, {{0, 1, 0, 0}, {0, 1, 1, 4}, {2, 3, 0, 8}}, 1};
    Scene said = {3, {{2, 3, 0, 8}, {0, 1, 0, 0}, {0, 1, 1, 4}}, 1};
    CU_ASSERT(scene_satisfies(&read, &said));
    said.object[1] = (SceneObject){SCENE_ANY, SCENE_ANY, SCENE_ANY, SCENE_ANY};
    said.ground = SCENE_ANY;
    CU_ASSERT(scene_satisfies(&read, &said));
    said.object[1].shape = 2; /* two triangles are said, one is there */
    CU_ASSERT_FALSE(scene_satisfies(&read, &said));
    said.objects = 2; /* three are there */
    said.object[1].shape = SCENE_ANY;
    CU_ASSERT_FALSE(scene_satisfies(&read, &said));
    /* The object that has both attributes must be one and the same. */
    Scene swapped = {2, {{0, 4, SCENE_ANY, SCENE_ANY}, {1, 0, SCENE_ANY, SCENE_ANY}}, SCENE_ANY};
    Scene red_circle = {2, {{0, 0, 0, 0}, {1, 4, 0, 1}}, 0};
    CU_ASSERT_FALSE(scene_satisfies(&red_circle, &swapped));
}

static void test_score(void)
{
    const Scene said = {1, {{0, 4, SCENE_ANY, 3}}, SCENE_ANY};
    Scene read = {1, {{0, 4, 1, 3}}, 2};
    SceneScore score = scene_score(&read, &said);
    CU_ASSERT(score.objects == 1 && score.shape == 1 && score.colour == 1 && score.place == 1);
    CU_ASSERT(score.size == -1 && score.ground == -1);
    read = (Scene){1, {{0, 3, 1, 4}}, 2};
    score = scene_score(&read, &said);
    CU_ASSERT(score.objects == 1 && score.shape == 1 && score.colour == 0 && score.place == 0);
    read = (Scene){2, {{1, 2, 1, 0}, {0, 4, 1, 3}}, 2}; /* one too many; the right one counts */
    score = scene_score(&read, &said);
    CU_ASSERT(score.objects == 0 && score.shape == 1 && score.colour == 1 && score.place == 1);
    read = (Scene){.objects = 0, .ground = 2}; /* nothing was read: all that was said is wrong */
    score = scene_score(&read, &said);
    CU_ASSERT(score.objects == 0 && score.shape == 0 && score.colour == 0 && score.place == 0);
    CU_ASSERT(score.size == -1 && score.ground == -1);
}

const Suite suite = {"data/scene_read",
                     {{"reads what was painted", test_reads_what_was_painted},
                      {"harmed pictures", test_harmed_pictures},
                      {"pale pictures", test_pale_pictures},
                      {"blank", test_blank},
                      {"noise alone", test_noise_alone},
                      {"no figures", test_no_figures},
                      {"planted mistakes", test_planted_mistakes},
                      {"order and silence", test_order_and_silence},
                      {"score", test_score},
                      {NULL, NULL}}};
