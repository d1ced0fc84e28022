/* Cartoon faces: what each slider does to the picture, captions against the truth, and the set. */
#include "data/dataset.h"
#include "data/faces.h"
#include "harness/suite.h"
#include "support/utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FACES = 200, STEPS = 10, CAPTIONS = 20000 };

static double mean_change(const uint8_t *a, const uint8_t *b)
{
    double sum = 0;
    for (int i = 0; i < FACE_LEVELS; i++)
        sum += abs(a[i] - b[i]);
    return sum / FACE_LEVELS;
}

/* Mean change of level from slider 0 to steps of it, over faces that are alike but for it:
 * change [STEPS + 1]; and the least change from 0 to 1 of any face. */
static double changes_of(int factor, double *change)
{
    double least = INFINITY;
    memset(change, 0, (STEPS + 1) * sizeof *change);
    for (int n = 0; n < FACES; n++) {
        Rng rng = rng_at(rng_stream(4, "faces"), (uint64_t)n);
        Face face = face_random(&rng);
        uint8_t first[FACE_LEVELS], level[FACE_LEVELS];
        face.value[factor] = 0;
        face_draw(&face, first);
        double last = 0;
        for (int s = 1; s <= STEPS; s++) {
            face.value[factor] = (double)s / STEPS;
            face_draw(&face, level);
            last = mean_change(first, level);
            change[s] += last / FACES;
        }
        least = last < least ? last : least;
    }
    return least;
}

/* Every slider alters the picture of every face, the more the farther it is moved. */
static void test_sliders(void)
{
    for (int f = 0; f < FACE_FACTORS; f++) {
        double change[STEPS + 1], least = changes_of(f, change);
        bool grows = true;
        for (int s = 1; s <= STEPS; s++)
            grows = grows && change[s] > change[s - 1];
        if (!grows || least < 1 || change[STEPS] < 2)
            printf("slider %s: least change %g, mean %g\n", face_factor_name[f], least,
                   change[STEPS]);
        CU_ASSERT(grows);
        CU_ASSERT(least > 1);
        CU_ASSERT(change[STEPS] > 2);
    }
}

/* A hundredth of a slider never jumps; most is the end of long dark hair on the light ground. */
static void test_smooth(void)
{
    double most = 0;
    for (int n = 0; n < FACES; n++) {
        Rng rng = rng_at(rng_stream(5, "faces"), (uint64_t)n);
        Face face = face_random(&rng);
        uint8_t before[FACE_LEVELS], after[FACE_LEVELS];
        int f = n % FACE_FACTORS;
        face.value[f] *= 0.99;
        face_draw(&face, before);
        face.value[f] += 0.01;
        face_draw(&face, after);
        double change = mean_change(before, after);
        most = change > most ? change : most;
    }
    CU_ASSERT(most > 0 && most < 1.5);
}

/* Sliders beyond their range are those at its end. */
static void test_beyond(void)
{
    for (int f = 0; f < FACE_FACTORS; f++)
        for (int end = 0; end < 2; end++) {
            Face face = face_of(SPLIT_TEST, (size_t)f);
            uint8_t at[FACE_LEVELS], beyond[FACE_LEVELS];
            face.value[f] = end;
            face_draw(&face, at);
            face.value[f] = end == 0 ? -3 : 4;
            face_draw(&face, beyond);
            CU_ASSERT_EQUAL(memcmp(at, beyond, sizeof at), 0);
        }
}

/* Left and right alike, the corner is the light ground whatever the face. */
static void test_symmetric(void)
{
    bool same = true;
    for (size_t n = 0; n < FACES; n++) {
        Face face = face_of(SPLIT_TRAIN, n);
        uint8_t level[FACE_LEVELS];
        face_draw(&face, level);
        for (int r = 0; r < FACE_SIDE; r++)
            for (int c = 0; c < FACE_SIDE; c++)
                same = same && memcmp(level + 3 * (r * FACE_SIDE + c),
                                      level + 3 * (r * FACE_SIDE + FACE_SIDE - 1 - c), 3) == 0;
        CU_ASSERT(level[0] > 150 && level[1] > 150 && level[2] > 150);
    }
    CU_ASSERT(same);
}

/* ---------------------------------------------------------------- captions */

static bool in_words(const char *word, size_t length)
{
    for (const char *const *known = face_words; *known != NULL; known++)
        if (strlen(*known) == length && memcmp(*known, word, length) == 0)
            return true;
    return false;
}

/* Words parted by single blanks, all of them known; how many. -1: not so. */
static int words_of(const char *text)
{
    int words = 0;
    for (const char *at = text;; at++) {
        size_t length = strcspn(at, " ");
        if (!in_words(at, length))
            return -1;
        words++;
        at += length;
        if (*at == '\0')
            return words;
    }
}

typedef struct Claim {
    const char *says; /* in a text with a blank before and behind */
    FaceFactor factor;
    double from, to;
} Claim;

static const Claim CLAIMS[] = {
    {" young ", FACE_AGE, 0, 0.3},
    {" old ", FACE_AGE, 0.7, 1},
    {" sad ", FACE_SMILE, 0, 0.3},
    {" smiling ", FACE_SMILE, 0.7, 1},
    {" narrow ", FACE_HEAD, 0, 0.3},
    {" round ", FACE_HEAD, 0.7, 1},
    {" wide ", FACE_HEAD, 0.7, 1},
    {" no beard ", FACE_BEARD, 0, 0.1},
    {" a short beard ", FACE_BEARD, 0.1, 0.3},
    {" a long beard ", FACE_BEARD, 0.7, 1},
    {" no hair ", FACE_HAIR, 0, 0.1},
    {" short hair ", FACE_HAIR, 0.1, 0.3},
    {" long hair ", FACE_HAIR, 0.7, 1},
    {" small eyes ", FACE_EYES, 0, 0.3},
    {" large eyes ", FACE_EYES, 0.7, 1},
    {" big eyes ", FACE_EYES, 0.7, 1},
    {" light skin ", FACE_SKIN, 0, 0.3},
    {" dark skin ", FACE_SKIN, 0.7, 1},
    {" glasses ", FACE_GLASSES, 1, 1},
    {" 젊", FACE_AGE, 0, 0.3},
    {" 늙", FACE_AGE, 0.7, 1},
    {" 슬", FACE_SMILE, 0, 0.3},
    {" 웃", FACE_SMILE, 0.7, 1},
    {" 갸름", FACE_HEAD, 0, 0.3},
    {" 둥", FACE_HEAD, 0.7, 1},
    {" 수염이 없", FACE_BEARD, 0, 0.1},
    {" 수염이 짧", FACE_BEARD, 0.1, 0.3},
    {" 수염이 길", FACE_BEARD, 0.7, 1},
    {" 수염이 긴", FACE_BEARD, 0.7, 1},
    {" 머리카락이 없", FACE_HAIR, 0, 0.1},
    {" 머리가 짧", FACE_HAIR, 0.1, 0.3},
    {" 머리가 길", FACE_HAIR, 0.7, 1},
    {" 머리가 긴", FACE_HAIR, 0.7, 1},
    {" 눈이 작", FACE_EYES, 0, 0.3},
    {" 눈이 크", FACE_EYES, 0.7, 1},
    {" 눈이 큰", FACE_EYES, 0.7, 1},
    {" 피부가 밝", FACE_SKIN, 0, 0.3},
    {" 피부가 어", FACE_SKIN, 0.7, 1},
    {" 안경을 ", FACE_GLASSES, 1, 1},
};

/* How many claims a text makes; -1 where one is not true of the face. */
static int claims_of(const char *text, const Face *face)
{
    char blanks[CAPTION_BYTES + 2];
    int claims = 0;
    snprintf(blanks, sizeof blanks, " %s ", text);
    for (size_t i = 0; i < sizeof CLAIMS / sizeof *CLAIMS; i++) {
        const Claim *claim = &CLAIMS[i];
        double value = face->value[claim->factor];
        if (strstr(blanks, claim->says) == NULL)
            continue;
        if (value < claim->from || value > claim->to)
            return -1;
        claims++;
    }
    return claims;
}

static int notable(const Face *face)
{
    int count = face->value[FACE_GLASSES] == 1;
    for (int f = 0; f < FACE_FACTORS; f++)
        count += f != FACE_GLASSES && (face->value[f] < 0.3 || face->value[f] > 0.7);
    return count;
}

static bool says_nothing(const char *text)
{
    return strcmp(text, "a face") == 0 || strcmp(text, "얼굴") == 0;
}

/* 20,000 captions a language: known words, nothing untrue, three quarters of what stands out (the
 * standard error of that share is 0.0015), "a face" where nothing is said. */
static void check_captions(Language language)
{
    bool known = true, right = true, whole = true;
    double said = 0, could = 0;
    int longest = 0;
    for (size_t i = 0; i < CAPTIONS; i++) {
        Face face = face_of(SPLIT_TRAIN, i);
        Rng rng = rng_at(rng_stream(6, "captions"), i);
        char text[CAPTION_BYTES];
        face_caption(&face, language, &rng, text);
        int words = words_of(text), claims = claims_of(text, &face);
        known = known && words > 0;
        right = right && claims >= 0;
        whole = whole && utf8_valid(text, strlen(text)) && (claims == 0) == says_nothing(text);
        longest = words > longest ? words : longest;
        said += claims;
        could += notable(&face);
    }
    CU_ASSERT(known);
    CU_ASSERT(right);
    CU_ASSERT(whole);
    CU_ASSERT(fabs(said / could - 0.75) < 0.008);
    CU_ASSERT(longest > 8 && longest <= CAPTION_WORDS);
}

static void test_captions(void)
{
    check_captions(LANGUAGE_ENGLISH);
    check_captions(LANGUAGE_KOREAN);
}

/* Of a face of which everything stands out, whatever is said. */
static void test_longest_caption(void)
{
    int longest[LANGUAGES] = {0};
    Face face;
    for (int f = 0; f < FACE_FACTORS; f++)
        face.value[f] = f == FACE_BEARD ? 0.2 : 1;
    for (uint64_t i = 0; i < CAPTIONS; i++)
        for (int language = 0; language < LANGUAGES; language++) {
            char text[CAPTION_BYTES];
            Rng rng = rng_at(rng_stream(7, "captions"), i);
            face_caption(&face, (Language)language, &rng, text);
            int words = words_of(text);
            longest[language] = words > longest[language] ? words : longest[language];
        }
    CU_ASSERT_EQUAL(longest[LANGUAGE_ENGLISH], 25);
    CU_ASSERT_EQUAL(longest[LANGUAGE_KOREAN], 16);
}

/* Each known word once, each in use, fewer than a hundred. */
static void test_words(void)
{
    int count = 0;
    for (; face_words[count] != NULL; count++)
        for (int i = 0; i < count; i++)
            CU_ASSERT(strcmp(face_words[i], face_words[count]) != 0);
    CU_ASSERT(count > 50 && count < 100);
    bool used[100] = {false};
    for (size_t i = 0; i < CAPTIONS; i++) {
        Face face = face_of(SPLIT_TRAIN, i);
        Rng rng = rng_at(rng_stream(8, "captions"), i);
        char text[CAPTION_BYTES];
        face_caption(&face, i % 2 == 0 ? LANGUAGE_ENGLISH : LANGUAGE_KOREAN, &rng, text);
        for (char *rest = text, *word; (word = strtok_r(rest, " ", &rest)) != NULL;)
            for (int w = 0; w < count; w++)
                used[w] = used[w] || strcmp(word, face_words[w]) == 0;
    }
    for (int w = 0; w < count; w++)
        CU_ASSERT(used[w]);
}

static void test_plain_face(void)
{
    Face face = {{0.5, 0.5, 0.5, 0.5, 0.5, 0, 0.5, 0.5}};
    Rng rng = rng_stream(1, "plain");
    char text[CAPTION_BYTES];
    for (int i = 0; i < 20; i++) {
        face_caption(&face, LANGUAGE_ENGLISH, &rng, text);
        CU_ASSERT_STRING_EQUAL(text, "a face");
        face_caption(&face, LANGUAGE_KOREAN, &rng, text);
        CU_ASSERT_STRING_EQUAL(text, "얼굴");
    }
}

/* ---------------------------------------------------------------- the set */

static void test_set(void)
{
    Dataset *dataset = dataset_load("faces");
    CU_ASSERT_EQUAL(dataset->kind, DATA_COLOUR);
    CU_ASSERT_EQUAL(dataset->dims, FACE_LEVELS);
    CU_ASSERT_EQUAL(dataset->levels, 256);
    CU_ASSERT_EQUAL(dataset->factors, FACE_FACTORS);
    CU_ASSERT_EQUAL(dataset->count[SPLIT_TRAIN], 50000);
    CU_ASSERT_EQUAL(dataset->count[SPLIT_VALIDATION], 2000);
    CU_ASSERT_EQUAL(dataset->count[SPLIT_TEST], 2000);
    CU_ASSERT_FATAL(dataset->world != NULL);
    double mean[FACE_FACTORS] = {0};
    bool range = true;
    for (int f = 0; f < FACE_FACTORS; f++) {
        CU_ASSERT_STRING_EQUAL(dataset->factor_name[f], face_factor_name[f]);
        for (size_t i = 0; i < 54000; i++) {
            double value = dataset->factor[i * FACE_FACTORS + (size_t)f];
            range = range && value >= 0 && value <= 1 &&
                    (f != FACE_GLASSES || value == 0 || value == 1);
            mean[f] += value / 54000;
        }
        CU_ASSERT(fabs(mean[f] - 0.5) < 0.011); /* five standard errors of a coin */
    }
    CU_ASSERT(range);
    dataset_free(dataset);
}

/* A fetched example is the drawing of its face, twice the same, with the true sliders beside it. */
static void test_fetch(void)
{
    enum { N = 3 };
    Dataset *dataset = dataset_load("faces");
    static real x[N * FACE_LEVELS], again[N * FACE_LEVELS], factor[N * FACE_FACTORS];
    const uint32_t index[N] = {1999, 0, 7};
    bool same = true;
    for (int s = 0; s < SPLITS; s++) {
        dataset_fetch(dataset, (Split)s, index, N, NULL, x, NULL, factor);
        dataset_fetch(dataset, (Split)s, index, N, NULL, again, NULL, NULL);
        CU_ASSERT_EQUAL(memcmp(x, again, sizeof x), 0);
        for (int i = 0; i < N; i++) {
            Face face = face_of((Split)s, index[i]);
            uint8_t level[FACE_LEVELS];
            face_draw(&face, level);
            for (int d = 0; d < FACE_LEVELS; d++)
                same = same && x[i * FACE_LEVELS + d] == (real)level[d];
            for (int f = 0; f < FACE_FACTORS; f++)
                same = same && factor[i * FACE_FACTORS + f] == (real)(float)face.value[f];
        }
    }
    CU_ASSERT(same);
    dataset_free(dataset);
}

static void test_splits_differ(void)
{
    for (size_t i = 0; i < 100; i++)
        for (size_t j = 0; j < 100; j++)
            for (int f = 0; f < FACE_FACTORS; f++) {
                Face train = face_of(SPLIT_TRAIN, i), test = face_of(SPLIT_TEST, j);
                Face validation = face_of(SPLIT_VALIDATION, j);
                CU_ASSERT(f == FACE_GLASSES || train.value[f] != test.value[f]);
                CU_ASSERT(f == FACE_GLASSES || train.value[f] != validation.value[f]);
                CU_ASSERT(f == FACE_GLASSES || i == j ||
                          train.value[f] != face_of(SPLIT_TRAIN, j).value[f]);
            }
}

/* The world's own doors give the same picture and a true sentence. */
static void test_world(void)
{
    Dataset *dataset = dataset_load("faces");
    const World *world = dataset->world;
    uint8_t level[FACE_LEVELS], own[FACE_LEVELS];
    char text[CAPTION_BYTES];
    Rng rng = rng_stream(2, "world");
    Face face = face_of(SPLIT_TEST, 11);
    world->picture(SPLIT_TEST, 11, level);
    face_draw(&face, own);
    CU_ASSERT_EQUAL(memcmp(level, own, sizeof level), 0);
    CU_ASSERT(world->words == face_words);
    for (int i = 0; i < 50; i++) {
        world->caption(SPLIT_TEST, 11, (Language)(i % LANGUAGES), &rng, text);
        CU_ASSERT(claims_of(text, &face) >= 0 && words_of(text) > 0);
    }
    dataset_free(dataset);
}

const Suite suite = {"data/faces",
                     {{"sliders", test_sliders},
                      {"smooth", test_smooth},
                      {"beyond the range", test_beyond},
                      {"symmetric", test_symmetric},
                      {"captions", test_captions},
                      {"longest caption", test_longest_caption},
                      {"words", test_words},
                      {"plain face", test_plain_face},
                      {"the set", test_set},
                      {"fetch", test_fetch},
                      {"splits differ", test_splits_differ},
                      {"world", test_world},
                      {NULL, NULL}}};
