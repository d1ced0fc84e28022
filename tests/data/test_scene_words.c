/* Sentences about scenes: what is written is read back as what was meant, in both languages. */
#include "data/scene.h"
#include "harness/suite.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { DRAWS = 20000 };

static Rng test_rng(const char *name)
{
    return rng_stream(7, name);
}

/* Any attributes: sentences do not care for what can be drawn. */
static Scene random_scene(Rng *rng, int objects)
{
    Scene scene = {.objects = objects, .ground = (int)rng_below(rng, SCENE_GROUNDS)};
    for (int i = 0; i < objects; i++)
        scene.object[i] =
            (SceneObject){(int)rng_below(rng, SCENE_SHAPES), (int)rng_below(rng, SCENE_COLOURS),
                          (int)rng_below(rng, SCENE_SIZES), (int)rng_below(rng, SCENE_PLACES)};
    return scene;
}

static bool same_object(const SceneObject *a, const SceneObject *b)
{
    return a->shape == b->shape && a->colour == b->colour && a->size == b->size &&
           a->place == b->place;
}

static bool same(const Scene *a, const Scene *b)
{
    bool is = a->objects == b->objects && a->ground == b->ground;
    for (int i = 0; is && i < a->objects; i++)
        is = same_object(&a->object[i], &b->object[i]);
    return is;
}

/* Whether the sentence says just that; names it when not. */
static bool says(const char *text, const Scene *meant)
{
    Scene read;
    if (scene_parse(text, &read) && same(&read, meant))
        return true;
    printf("\n    not read as it was meant: %s\n", text);
    return false;
}

static bool is_word(const char *text, size_t bytes)
{
    for (int i = 0; scene_words[i] != NULL; i++)
        if (strlen(scene_words[i]) == bytes && memcmp(scene_words[i], text, bytes) == 0)
            return true;
    return false;
}

/* Its number of words; 0 where one is unknown or blanks are not single. */
static int count_words(const char *text)
{
    for (int words = 1;; words++) {
        size_t bytes = strcspn(text, " ");
        if (!is_word(text, bytes))
            return 0;
        if (text[bytes] == '\0')
            return words;
        text += bytes + 1;
    }
}

/* ---------------------------------------------------------------- captions */

static void test_captions_are_read_back(void)
{
    for (int language = 0; language < LANGUAGES; language++) {
        Rng rng = test_rng("captions");
        bool right = true;
        for (int i = 0; right && i < DRAWS; i++) {
            Scene scene = random_scene(&rng, 1 + i % SCENE_MOST), said;
            char text[CAPTION_BYTES];
            scene_caption(&scene, (Language)language, &rng, text, &said);
            right = says(text, &said) && count_words(text) > 0;
        }
        CU_ASSERT(right);
    }
}

/* Every object said is one of the scene, each once. */
static void test_captions_are_true(void)
{
    Rng rng = test_rng("true");
    bool right = true, turned = false;
    for (int i = 0; i < DRAWS; i++) {
        Scene scene = random_scene(&rng, SCENE_MOST), said;
        char text[CAPTION_BYTES];
        for (int k = 0; k < SCENE_MOST; k++)
            scene.object[k].shape = k;
        scene_caption(&scene, (Language)(i % LANGUAGES), &rng, text, &said);
        bool seen[SCENE_MOST] = {false};
        for (int k = 0; k < SCENE_MOST; k++) {
            SceneObject *object = &said.object[k], *other = &scene.object[object->shape];
            right = right && (object->colour == SCENE_ANY || object->colour == other->colour) &&
                    (object->size == SCENE_ANY || object->size == other->size) &&
                    (object->place == SCENE_ANY || object->place == other->place) &&
                    !seen[object->shape];
            seen[object->shape] = true;
            turned = turned || object->shape != k;
        }
        right = right && (said.ground == SCENE_ANY || said.ground == scene.ground);
    }
    CU_ASSERT(right);
    CU_ASSERT(turned);
}

/* Three objects in the corner of the longest name. */
static void test_longest_captions(void)
{
    for (int language = 0; language < LANGUAGES; language++) {
        Rng rng = test_rng("longest");
        int most_words = 0;
        size_t most_bytes = 0;
        for (int i = 0; i < DRAWS; i++) {
            Scene scene = random_scene(&rng, SCENE_MOST);
            char text[CAPTION_BYTES];
            for (int k = 0; k < SCENE_MOST; k++)
                scene.object[k].place = 8;
            scene_caption(&scene, (Language)language, &rng, text, NULL);
            int words = count_words(text);
            most_words = words > most_words ? words : most_words;
            most_bytes = strlen(text) > most_bytes ? strlen(text) : most_bytes;
        }
        CU_ASSERT(most_words <= CAPTION_WORDS);
        CU_ASSERT(most_bytes < CAPTION_BYTES / 2);
        CU_ASSERT_EQUAL(most_words, language == LANGUAGE_ENGLISH ? 30 : 23);
    }
}

/* Whether a count of DRAWS is within 5 standard deviations: a false alarm in 1.7 million. */
static bool near(int count, double share)
{
    bool is = fabs(count - DRAWS * share) < 5 * sqrt(DRAWS * share * (1 - share));
    if (!is)
        printf("\n    share %.4f instead of %.4f\n", (double)count / DRAWS, share);
    return is;
}

/* A caption says all with 0.35, otherwise each attribute with its own probability. */
static double share(double says)
{
    return 0.35 + 0.65 * says;
}

static void test_shares_of_said(void)
{
    for (int language = 0; language < LANGUAGES; language++) {
        Rng rng = test_rng("shares");
        int shape = 0, colour = 0, size = 0, place = 0, ground = 0, all = 0, nothing = 0;
        for (int i = 0; i < DRAWS; i++) {
            Scene scene = random_scene(&rng, 1), said;
            char text[CAPTION_BYTES];
            scene_caption(&scene, (Language)language, &rng, text, &said);
            const SceneObject *object = &said.object[0];
            shape += object->shape != SCENE_ANY;
            colour += object->colour != SCENE_ANY;
            size += object->size != SCENE_ANY;
            place += object->place != SCENE_ANY;
            ground += said.ground != SCENE_ANY;
            all += same(&scene, &said);
            nothing += object->shape == SCENE_ANY && object->colour == SCENE_ANY &&
                       object->size == SCENE_ANY && object->place == SCENE_ANY;
        }
        CU_ASSERT(near(shape, share(1 - 0.08 * (1 - 0.15 * 0.35 * 0.35))));
        CU_ASSERT(near(colour, share(0.85)));
        CU_ASSERT(near(size, share(0.65)));
        CU_ASSERT(near(place, share(0.65)));
        CU_ASSERT(near(ground, share(0.35)));
        CU_ASSERT(near(all, share(0.92 * 0.85 * 0.65 * 0.65 * 0.35)));
        CU_ASSERT_EQUAL(nothing, 0);
    }
}

static void test_several_objects_say_their_shapes(void)
{
    Rng rng = test_rng("shapes");
    int silent = 0;
    for (int i = 0; i < DRAWS; i++) {
        Scene scene = random_scene(&rng, 2 + i % 2), said;
        char text[CAPTION_BYTES];
        scene_caption(&scene, (Language)(i / 2 % LANGUAGES), &rng, text, &said);
        for (int k = 0; k < said.objects; k++)
            silent += said.object[k].shape == SCENE_ANY;
    }
    CU_ASSERT_EQUAL(silent, 0);
}

/* ---------------------------------------------------------------- plain sentences */

/* Of the fully said scene those attributes whose bit is set. */
static Scene subset(const Scene *full, int bits)
{
    Scene scene = *full;
    for (int i = 0; i < scene.objects; i++) {
        SceneObject *object = &scene.object[i];
        object->shape = bits & 1 ? object->shape : SCENE_ANY;
        object->colour = bits & 2 ? object->colour : SCENE_ANY;
        object->size = bits & 4 ? object->size : SCENE_ANY;
        object->place = bits & 8 ? object->place : SCENE_ANY;
    }
    scene.ground = bits & 16 ? scene.ground : SCENE_ANY;
    return scene;
}

static bool said_is_read(const Scene *scene, Language language)
{
    char text[CAPTION_BYTES];
    scene_say(scene, language, text);
    int words = count_words(text);
    return words > 0 && words <= CAPTION_WORDS && says(text, scene);
}

/* All scenes of one object, every subset of their attributes. */
static void test_every_scene_of_one_object(void)
{
    const int scenes = SCENE_SHAPES * SCENE_COLOURS * SCENE_SIZES * SCENE_PLACES * SCENE_GROUNDS;
    bool right = true;
    for (int i = 0; i < scenes; i++) {
        int n = i;
        Scene full = {.objects = 1};
        full.object[0].shape = n % SCENE_SHAPES, n /= SCENE_SHAPES;
        full.object[0].colour = n % SCENE_COLOURS, n /= SCENE_COLOURS;
        full.object[0].size = n % SCENE_SIZES, n /= SCENE_SIZES;
        full.object[0].place = n % SCENE_PLACES, n /= SCENE_PLACES;
        full.ground = n;
        for (int bits = 0; right && bits < 32; bits++) {
            Scene scene = subset(&full, bits);
            right = said_is_read(&scene, LANGUAGE_ENGLISH) && said_is_read(&scene, LANGUAGE_KOREAN);
        }
    }
    CU_ASSERT(right);
}

/* Each object with its own silences, all of them at times. */
static void test_plain_sentences_of_several_objects(void)
{
    Rng rng = test_rng("several");
    bool right = true;
    for (int i = 0; right && i < DRAWS; i++) {
        Scene scene = random_scene(&rng, 2 + i % 2);
        for (int k = 0; k < scene.objects; k++) {
            Scene one = {.objects = 1, .object = {scene.object[k]}, .ground = 0};
            scene.object[k] = subset(&one, (int)rng_below(&rng, 16)).object[0];
        }
        right = said_is_read(&scene, LANGUAGE_ENGLISH) && said_is_read(&scene, LANGUAGE_KOREAN);
    }
    CU_ASSERT(right);
}

static bool is_said(const Scene *scene, int language, const char *expected)
{
    char text[CAPTION_BYTES];
    scene_say(scene, (Language)language, text);
    if (strcmp(text, expected) == 0)
        return true;
    printf("\n    '%s' instead of '%s'\n", text, expected);
    return false;
}

/* A value that writer and reader both had wrong would still be read back. */
static void test_names_of_values(void)
{
    static const char *const shape[LANGUAGES][SCENE_SHAPES] = {
        {"a circle", "a square", "a triangle", "a cross"}, {"원", "네모", "세모", "십자"}};
    static const char *const colour[LANGUAGES][SCENE_COLOURS] = {
        {"something red", "something orange", "something yellow", "something green",
         "something blue", "something purple"},
        {"빨간 것", "주황색 것", "노란 것", "초록색 것", "파란 것", "보라색 것"}};
    static const char *const size[LANGUAGES][SCENE_SIZES] = {{"something small", "something big"},
                                                             {"작은 것", "큰 것"}};
    static const char *const place[LANGUAGES][SCENE_PLACES] = {
        {"something at the top left", "something at the top", "something at the top right",
         "something on the left", "something in the middle", "something on the right",
         "something at the bottom left", "something at the bottom",
         "something at the bottom right"},
        {"왼쪽 위에 뭔가", "위쪽에 뭔가", "오른쪽 위에 뭔가", "왼쪽에 뭔가", "가운데에 뭔가",
         "오른쪽에 뭔가", "왼쪽 아래에 뭔가", "아래쪽에 뭔가", "오른쪽 아래에 뭔가"}};
    static const char *const ground[LANGUAGES][SCENE_GROUNDS] = {
        {"something on a white background", "something on a grey background",
         "something on a black background"},
        {"흰 배경에 뭔가", "회색 배경에 뭔가", "검은 배경에 뭔가"}};
    for (int language = 0; language < LANGUAGES; language++) {
        for (int i = 0; i < SCENE_SHAPES; i++)
            CU_ASSERT(is_said(&(Scene){1, {{i, -1, -1, -1}}, -1}, language, shape[language][i]));
        for (int i = 0; i < SCENE_COLOURS; i++)
            CU_ASSERT(is_said(&(Scene){1, {{-1, i, -1, -1}}, -1}, language, colour[language][i]));
        for (int i = 0; i < SCENE_SIZES; i++)
            CU_ASSERT(is_said(&(Scene){1, {{-1, -1, i, -1}}, -1}, language, size[language][i]));
        for (int i = 0; i < SCENE_PLACES; i++)
            CU_ASSERT(is_said(&(Scene){1, {{-1, -1, -1, i}}, -1}, language, place[language][i]));
        for (int i = 0; i < SCENE_GROUNDS; i++)
            CU_ASSERT(is_said(&(Scene){1, {{-1, -1, -1, -1}}, i}, language, ground[language][i]));
    }
}

static void test_plainest_phrasings(void)
{
    static const struct {
        Scene scene;
        const char *text[LANGUAGES];
    } row[] = {
        {{1, {{0, 0, 0, 0}}, 0},
         {"a small red circle at the top left on a white background",
          "흰 배경에 왼쪽 위에 작은 빨간 원"}},
        {{1, {{2, 1, -1, 4}}, -1}, {"an orange triangle in the middle", "가운데에 주황색 세모"}},
        {{1, {{-1, 4, 1, -1}}, -1}, {"something big and blue", "큰 파란 것"}},
        {{1, {{-1, -1, -1, 5}}, -1}, {"something on the right", "오른쪽에 뭔가"}},
        {{1, {{-1, -1, -1, -1}}, -1}, {"something", "뭔가"}},
        {{3, {{1, 3, -1, -1}, {3, -1, 0, 7}, {0, 5, -1, 1}}, 2},
         {"a green square and a small cross at the bottom and a purple circle at the top on a "
          "black background",
          "검은 배경에 초록색 네모와 아래쪽에 작은 십자와 위쪽에 보라색 원"}},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        for (int language = 0; language < LANGUAGES; language++)
            CU_ASSERT(is_said(&row[i].scene, language, row[i].text[language]));
}

/* Another colour in the place of the first of a caption: only that changes. */
static void test_exchanged_colours(void)
{
    static const char *const colour[LANGUAGES][2] = {{"red", "blue"}, {"빨간", "파란"}};
    Rng rng = test_rng("exchanged");
    int exchanged = 0;
    bool right = true;
    for (int i = 0; i < DRAWS; i++) {
        int language = i % LANGUAGES;
        Scene scene = random_scene(&rng, 1 + i % SCENE_MOST), said, read;
        char text[CAPTION_BYTES], other[CAPTION_BYTES + 8];
        for (int k = 0; k < scene.objects; k++)
            scene.object[k].colour = 0;
        scene_caption(&scene, (Language)language, &rng, text, &said);
        const char *old = colour[language][0], *found = strstr(text, old);
        if (found == NULL)
            continue;
        exchanged++;
        snprintf(other, sizeof other, "%.*s%s%s", (int)(found - text), text, colour[language][1],
                 found + strlen(old));
        right = right && scene_parse(other, &read) && !same(&read, &said);
        for (int k = 0; k < said.objects && right; k++)
            if (said.object[k].colour != SCENE_ANY) {
                said.object[k].colour = 4;
                break;
            }
        right = right && same(&read, &said);
    }
    CU_ASSERT(right);
    CU_ASSERT(exchanged > DRAWS * 3 / 4);
}

/* ---------------------------------------------------------------- words */

static void test_words(void)
{
    bool seen[128] = {false};
    int count = 0;
    for (; scene_words[count] != NULL; count++)
        for (int i = 0; i < count; i++)
            CU_ASSERT_STRING_NOT_EQUAL(scene_words[i], scene_words[count]);
    CU_ASSERT_FATAL(count < 100);
    Rng rng = test_rng("words");
    for (int i = 0; i < DRAWS; i++) {
        Scene scene = random_scene(&rng, 1 + i % SCENE_MOST);
        char text[CAPTION_BYTES];
        scene_caption(&scene, (Language)(i / SCENE_MOST % LANGUAGES), &rng, text, NULL);
        for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " "))
            for (int k = 0; k < count; k++)
                seen[k] = seen[k] || strcmp(scene_words[k], word) == 0;
    }
    /* Captions name the shapes of several objects; only scene_say joins objects without one. */
    for (int k = 0; k < count; k++) {
        bool rare = strcmp(scene_words[k], "것과") == 0 || strcmp(scene_words[k], "뭔가와") == 0;
        if (seen[k] == rare)
            printf("\n    %s: %s\n", rare ? "said after all" : "never said", scene_words[k]);
        CU_ASSERT(seen[k] != rare);
    }
}

static void test_samples_repeat(void)
{
    Rng a = test_rng("again"), b = test_rng("again");
    for (int i = 0; i < 100; i++) {
        Scene one = random_scene(&a, 1 + i % 3), two = random_scene(&b, 1 + i % 3);
        char text[2][CAPTION_BYTES];
        scene_caption(&one, (Language)(i % LANGUAGES), &a, text[0], NULL);
        scene_caption(&two, (Language)(i % LANGUAGES), &b, text[1], NULL);
        CU_ASSERT_STRING_EQUAL(text[0], text[1]);
    }
}

const Suite suite = {
    "data/scene words",
    {{"captions are read back", test_captions_are_read_back},
     {"captions are true", test_captions_are_true},
     {"longest captions", test_longest_captions},
     {"shares of what is said", test_shares_of_said},
     {"several objects say their shapes", test_several_objects_say_their_shapes},
     {"every scene of one object", test_every_scene_of_one_object},
     {"plain sentences of several objects", test_plain_sentences_of_several_objects},
     {"names of values", test_names_of_values},
     {"plainest phrasings", test_plainest_phrasings},
     {"exchanged colours", test_exchanged_colours},
     {"words", test_words},
     {"the same draws, the same captions", test_samples_repeat},
     {NULL, NULL}}};
