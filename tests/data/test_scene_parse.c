/* Sentences about scenes that are given, not drawn: what they say, and what is no sentence. */
#include "data/scene.h"
#include "harness/suite.h"

#include <stdio.h>
#include <string.h>

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

static void test_known_sentences(void)
{
    static const struct {
        const char *text;
        Scene scene;
    } row[] = {
        {"a red circle", {1, {{0, 0, -1, -1}}, -1}},
        {"red circle", {1, {{0, 0, -1, -1}}, -1}},
        {"A Large RED Circle, in the top left corner.", {1, {{0, 0, 1, 0}}, -1}},
        {"something red", {1, {{-1, 0, -1, -1}}, -1}},
        {"something little and green in the center", {1, {{-1, 3, 0, 4}}, -1}},
        {"there is a green cross on the right", {1, {{3, 3, -1, 5}}, -1}},
        {"at the bottom there is an orange square", {1, {{1, 1, -1, 7}}, -1}},
        {"a picture of a big yellow circle in the centre", {1, {{0, 2, 1, 4}}, -1}},
        {"a big yellow circle is at the top on a gray background", {1, {{0, 2, 1, 1}}, 1}},
        {"on a black background a small red circle and a blue square",
         {2, {{0, 0, 0, -1}, {1, 4, -1, -1}}, 2}},
        {"a red circle, a blue square and a cross",
         {3, {{0, 0, -1, -1}, {1, 4, -1, -1}, {3, -1, -1, -1}}, -1}},
        {"at the top left a circle and at the bottom right a square on a white background",
         {2, {{0, -1, -1, 0}, {1, -1, -1, 8}}, 0}},
        {"빨간 것", {1, {{-1, 0, -1, -1}}, -1}},
        {"뭔가 가운데에 있다.", {1, {{-1, -1, -1, 4}}, -1}},
        {"왼쪽 위 구석에 있는 작은 빨간색 원", {1, {{0, 0, 0, 0}}, -1}},
        {"작은 빨간 원이 왼쪽 위에 있다", {1, {{0, 0, 0, 0}}, -1}},
        {"중앙에 녹색 삼각형이 있다", {1, {{2, 3, -1, 4}}, -1}},
        {"아래쪽에 큰 파란 사각형이 있는 그림", {1, {{1, 4, 1, 7}}, -1}},
        {"노란 세모 그림", {1, {{2, 2, -1, -1}}, -1}},
        {"흰 배경에 왼쪽 위에 작은 빨간 원과 오른쪽에 큰 파란 네모",
         {2, {{0, 0, 0, 0}, {1, 4, 1, 5}}, 0}},
        {"검은색 배경에 네모와 세모와 보라색 십자가 있다",
         {3, {{1, -1, -1, -1}, {2, -1, -1, -1}, {3, 5, -1, -1}}, 2}},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        CU_ASSERT(says(row[i].text, &row[i].scene));
}

static void test_synonyms(void)
{
    static const char *const row[][2] = {
        {"a little circle", "a small circle"},
        {"a large circle", "a big circle"},
        {"a circle in the centre", "a circle in the middle"},
        {"a circle in the center", "a circle in the middle"},
        {"a circle on a gray background", "a circle on a grey background"},
        {"사각형", "네모"},
        {"사각형과 삼각형", "네모와 세모"},
        {"사각형이 있다", "네모가 있다"},
        {"삼각형과 원", "세모와 원"},
        {"삼각형이 있다", "세모가 있다"},
        {"빨간색 원", "빨간 원"},
        {"노란색 원", "노란 원"},
        {"녹색 원", "초록색 원"},
        {"파란색 원", "파란 원"},
        {"중앙에 원", "가운데에 원"},
        {"위에 원", "위쪽에 원"},
        {"아래에 원", "아래쪽에 원"},
        {"왼쪽 위쪽에 원", "왼쪽 위에 원"},
        {"흰색 배경에 원", "흰 배경에 원"},
        {"검은색 배경에 원", "검은 배경에 원"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        Scene plain;
        CU_ASSERT(scene_parse(row[i][1], &plain));
        CU_ASSERT(says(row[i][0], &plain));
    }
}

static void test_refused_sentences(void)
{
    static const char *const text[] = {
        "",
        " ",
        ".",
        "a",
        "red",
        "a red",
        "a red on the left",
        "a pink circle",
        "a red blue circle",
        "a small big circle",
        "a red circle circle",
        "a red circle and",
        "and a red circle",
        "a circle red",
        "a red circle at the",
        "a red circle at the left top",
        "a red circle at the left corner",
        "a red circle at the left at the top",
        "at the left a red circle at the top",
        "at the left",
        "a red circle is",
        "a red circle is and a cross",
        "there a red circle",
        "a picture a red circle",
        "a picture of",
        "on a white background",
        "a circle on a red background",
        "a circle in a white background",
        "a circle on a white",
        "on a white background a circle on a black background",
        "a circle and a circle and a circle and a circle",
        "a red circle 원",
        "빨간 circle",
        "빨간",
        "것",
        "왼쪽에 것",
        "왼쪽에 있는 동그라미",
        "있는 원",
        "빨간 파란 원",
        "빨간 원과",
        "빨간 원이",
        "원과 네모와 세모와 십자",
        "원 네모",
        "왼쪽 원",
        "왼쪽 위 원",
        "왼쪽에 위쪽에 원",
        "왼쪽에 원이 위쪽에 있다",
        "원과 네모가 왼쪽에 있다",
        "원과 네모 있다",
        "흰 원",
        "흰 배경에",
        "원이 있는",
        "왼쪽에 있다",
    };
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        Scene read;
        bool refused = !scene_parse(text[i], &read);
        if (!refused)
            printf("\n    not refused: %s\n", text[i]);
        CU_ASSERT(refused);
    }
}

/* No sentence is read beyond its words: the caller's text may be of any length. */
static void test_long_texts(void)
{
    char text[4096] = "a red circle";
    Scene read;
    for (int i = 0; i < 200; i++)
        strcat(text, " and a circle");
    CU_ASSERT_FALSE(scene_parse(text, &read));
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    CU_ASSERT_FALSE(scene_parse(text, &read));
    memset(text, ' ', sizeof text - 1);
    CU_ASSERT_FALSE(scene_parse(text, &read));
    memcpy(text + 4000, "a circle", 8);
    CU_ASSERT(scene_parse(text, &read));
}

static void test_swapped_attributes(void)
{
    Scene a, b;
    CU_ASSERT(scene_parse("a red circle and a blue square", &a));
    CU_ASSERT(scene_parse("a blue circle and a red square", &b));
    CU_ASSERT_FALSE(same(&a, &b));
    CU_ASSERT(scene_parse("빨간 원과 파란 네모", &b));
    CU_ASSERT(same(&a, &b));
    CU_ASSERT(scene_parse("파란 원과 빨간 네모", &b));
    CU_ASSERT_FALSE(same(&a, &b));
}

const Suite suite = {"data/scene parse",
                     {{"known sentences", test_known_sentences},
                      {"synonyms", test_synonyms},
                      {"refused sentences", test_refused_sentences},
                      {"long texts", test_long_texts},
                      {"swapped attributes", test_swapped_attributes},
                      {NULL, NULL}}};
