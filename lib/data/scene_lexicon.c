#include "data/scene_lexicon.h"

#include "support/fail.h"

#include <string.h>

/* Every word once: text, language, kind, value, form. Of words that mean the same the plainest is
 * first. It is a macro because two tables are made of it, with and without the meaning; the order
 * is that of the embeddings of trained models, so new words belong at the end. */
/* clang-format off */
#define WORDS(W) \
    W("circle", LANGUAGE_ENGLISH, WORD_SHAPE, 0, FORM_PLAIN) \
    W("square", LANGUAGE_ENGLISH, WORD_SHAPE, 1, FORM_PLAIN) \
    W("triangle", LANGUAGE_ENGLISH, WORD_SHAPE, 2, FORM_PLAIN) \
    W("cross", LANGUAGE_ENGLISH, WORD_SHAPE, 3, FORM_PLAIN) \
    W("red", LANGUAGE_ENGLISH, WORD_COLOUR, 0, FORM_PLAIN) \
    W("orange", LANGUAGE_ENGLISH, WORD_COLOUR, 1, FORM_PLAIN) \
    W("yellow", LANGUAGE_ENGLISH, WORD_COLOUR, 2, FORM_PLAIN) \
    W("green", LANGUAGE_ENGLISH, WORD_COLOUR, 3, FORM_PLAIN) \
    W("blue", LANGUAGE_ENGLISH, WORD_COLOUR, 4, FORM_PLAIN) \
    W("purple", LANGUAGE_ENGLISH, WORD_COLOUR, 5, FORM_PLAIN) \
    W("small", LANGUAGE_ENGLISH, WORD_SIZE, 0, FORM_PLAIN) \
    W("little", LANGUAGE_ENGLISH, WORD_SIZE, 0, FORM_PLAIN) \
    W("big", LANGUAGE_ENGLISH, WORD_SIZE, 1, FORM_PLAIN) \
    W("large", LANGUAGE_ENGLISH, WORD_SIZE, 1, FORM_PLAIN) \
    W("white", LANGUAGE_ENGLISH, WORD_GROUND, 0, FORM_PLAIN) \
    W("grey", LANGUAGE_ENGLISH, WORD_GROUND, 1, FORM_PLAIN) \
    W("gray", LANGUAGE_ENGLISH, WORD_GROUND, 1, FORM_PLAIN) \
    W("black", LANGUAGE_ENGLISH, WORD_GROUND, 2, FORM_PLAIN) \
    W("top", LANGUAGE_ENGLISH, WORD_ROW, 0, FORM_PLAIN) \
    W("bottom", LANGUAGE_ENGLISH, WORD_ROW, 2, FORM_PLAIN) \
    W("left", LANGUAGE_ENGLISH, WORD_COLUMN, 0, FORM_PLAIN) \
    W("right", LANGUAGE_ENGLISH, WORD_COLUMN, 2, FORM_PLAIN) \
    W("middle", LANGUAGE_ENGLISH, WORD_MIDDLE, 0, FORM_PLAIN) \
    W("centre", LANGUAGE_ENGLISH, WORD_MIDDLE, 0, FORM_PLAIN) \
    W("center", LANGUAGE_ENGLISH, WORD_MIDDLE, 0, FORM_PLAIN) \
    W("corner", LANGUAGE_ENGLISH, WORD_CORNER, 0, FORM_PLAIN) \
    W("background", LANGUAGE_ENGLISH, WORD_BACKGROUND, 0, FORM_PLAIN) \
    W("something", LANGUAGE_ENGLISH, WORD_SOMETHING, 0, FORM_PLAIN) \
    W("a", LANGUAGE_ENGLISH, WORD_ARTICLE, 0, FORM_PLAIN) \
    W("an", LANGUAGE_ENGLISH, WORD_ARTICLE, 0, FORM_PLAIN) \
    W("at", LANGUAGE_ENGLISH, WORD_PREPOSITION, AT, FORM_PLAIN) \
    W("in", LANGUAGE_ENGLISH, WORD_PREPOSITION, IN, FORM_PLAIN) \
    W("on", LANGUAGE_ENGLISH, WORD_PREPOSITION, ON, FORM_PLAIN) \
    W("the", LANGUAGE_ENGLISH, WORD_THE, 0, FORM_PLAIN) \
    W("and", LANGUAGE_ENGLISH, WORD_AND, 0, FORM_PLAIN) \
    W("there", LANGUAGE_ENGLISH, WORD_THERE, 0, FORM_PLAIN) \
    W("is", LANGUAGE_ENGLISH, WORD_IS, 0, FORM_PLAIN) \
    W("of", LANGUAGE_ENGLISH, WORD_OF, 0, FORM_PLAIN) \
    W("picture", LANGUAGE_ENGLISH, WORD_PICTURE, 0, FORM_PLAIN) \
    W("원", LANGUAGE_KOREAN, WORD_SHAPE, 0, FORM_PLAIN) \
    W("원과", LANGUAGE_KOREAN, WORD_SHAPE, 0, FORM_JOINED) \
    W("원이", LANGUAGE_KOREAN, WORD_SHAPE, 0, FORM_SUBJECT) \
    W("네모", LANGUAGE_KOREAN, WORD_SHAPE, 1, FORM_PLAIN) \
    W("네모와", LANGUAGE_KOREAN, WORD_SHAPE, 1, FORM_JOINED) \
    W("네모가", LANGUAGE_KOREAN, WORD_SHAPE, 1, FORM_SUBJECT) \
    W("사각형", LANGUAGE_KOREAN, WORD_SHAPE, 1, FORM_PLAIN) \
    W("사각형과", LANGUAGE_KOREAN, WORD_SHAPE, 1, FORM_JOINED) \
    W("사각형이", LANGUAGE_KOREAN, WORD_SHAPE, 1, FORM_SUBJECT) \
    W("세모", LANGUAGE_KOREAN, WORD_SHAPE, 2, FORM_PLAIN) \
    W("세모와", LANGUAGE_KOREAN, WORD_SHAPE, 2, FORM_JOINED) \
    W("세모가", LANGUAGE_KOREAN, WORD_SHAPE, 2, FORM_SUBJECT) \
    W("삼각형", LANGUAGE_KOREAN, WORD_SHAPE, 2, FORM_PLAIN) \
    W("삼각형과", LANGUAGE_KOREAN, WORD_SHAPE, 2, FORM_JOINED) \
    W("삼각형이", LANGUAGE_KOREAN, WORD_SHAPE, 2, FORM_SUBJECT) \
    W("십자", LANGUAGE_KOREAN, WORD_SHAPE, 3, FORM_PLAIN) \
    W("십자와", LANGUAGE_KOREAN, WORD_SHAPE, 3, FORM_JOINED) \
    W("십자가", LANGUAGE_KOREAN, WORD_SHAPE, 3, FORM_SUBJECT) \
    W("것", LANGUAGE_KOREAN, WORD_THING, 0, FORM_PLAIN) \
    W("것과", LANGUAGE_KOREAN, WORD_THING, 0, FORM_JOINED) \
    W("것이", LANGUAGE_KOREAN, WORD_THING, 0, FORM_SUBJECT) \
    W("뭔가", LANGUAGE_KOREAN, WORD_SOMETHING, 0, FORM_PLAIN) \
    W("뭔가와", LANGUAGE_KOREAN, WORD_SOMETHING, 0, FORM_JOINED) \
    W("빨간", LANGUAGE_KOREAN, WORD_COLOUR, 0, FORM_PLAIN) \
    W("빨간색", LANGUAGE_KOREAN, WORD_COLOUR, 0, FORM_PLAIN) \
    W("주황색", LANGUAGE_KOREAN, WORD_COLOUR, 1, FORM_PLAIN) \
    W("노란", LANGUAGE_KOREAN, WORD_COLOUR, 2, FORM_PLAIN) \
    W("노란색", LANGUAGE_KOREAN, WORD_COLOUR, 2, FORM_PLAIN) \
    W("초록색", LANGUAGE_KOREAN, WORD_COLOUR, 3, FORM_PLAIN) \
    W("녹색", LANGUAGE_KOREAN, WORD_COLOUR, 3, FORM_PLAIN) \
    W("파란", LANGUAGE_KOREAN, WORD_COLOUR, 4, FORM_PLAIN) \
    W("파란색", LANGUAGE_KOREAN, WORD_COLOUR, 4, FORM_PLAIN) \
    W("보라색", LANGUAGE_KOREAN, WORD_COLOUR, 5, FORM_PLAIN) \
    W("작은", LANGUAGE_KOREAN, WORD_SIZE, 0, FORM_PLAIN) \
    W("큰", LANGUAGE_KOREAN, WORD_SIZE, 1, FORM_PLAIN) \
    W("흰", LANGUAGE_KOREAN, WORD_GROUND, 0, FORM_PLAIN) \
    W("흰색", LANGUAGE_KOREAN, WORD_GROUND, 0, FORM_PLAIN) \
    W("회색", LANGUAGE_KOREAN, WORD_GROUND, 1, FORM_PLAIN) \
    W("검은", LANGUAGE_KOREAN, WORD_GROUND, 2, FORM_PLAIN) \
    W("검은색", LANGUAGE_KOREAN, WORD_GROUND, 2, FORM_PLAIN) \
    W("위", LANGUAGE_KOREAN, WORD_ROW, 0, FORM_PLAIN) \
    W("위쪽에", LANGUAGE_KOREAN, WORD_ROW, 0, FORM_HERE) \
    W("위에", LANGUAGE_KOREAN, WORD_ROW, 0, FORM_BEHIND) \
    W("아래", LANGUAGE_KOREAN, WORD_ROW, 2, FORM_PLAIN) \
    W("아래쪽에", LANGUAGE_KOREAN, WORD_ROW, 2, FORM_HERE) \
    W("아래에", LANGUAGE_KOREAN, WORD_ROW, 2, FORM_BEHIND) \
    W("왼쪽", LANGUAGE_KOREAN, WORD_COLUMN, 0, FORM_PLAIN) \
    W("왼쪽에", LANGUAGE_KOREAN, WORD_COLUMN, 0, FORM_HERE) \
    W("오른쪽", LANGUAGE_KOREAN, WORD_COLUMN, 2, FORM_PLAIN) \
    W("오른쪽에", LANGUAGE_KOREAN, WORD_COLUMN, 2, FORM_HERE) \
    W("가운데에", LANGUAGE_KOREAN, WORD_MIDDLE, 0, FORM_HERE) \
    W("중앙에", LANGUAGE_KOREAN, WORD_MIDDLE, 0, FORM_HERE) \
    W("구석에", LANGUAGE_KOREAN, WORD_CORNER, 0, FORM_HERE) \
    W("배경에", LANGUAGE_KOREAN, WORD_BACKGROUND, 0, FORM_HERE) \
    W("있다", LANGUAGE_KOREAN, WORD_IS, 0, FORM_PLAIN) \
    W("그림", LANGUAGE_KOREAN, WORD_PICTURE, 0, FORM_PLAIN) \
    W("있는", LANGUAGE_KOREAN, WORD_BEING, 0, FORM_PLAIN)
/* clang-format on */

#define ENTRY(text, language, kind, value, form) {text, language, kind, value, form},
#define TEXT(text, language, kind, value, form) text,

static const SceneWord LEXICON[] = {WORDS(ENTRY)};

const char *const scene_words[] = {WORDS(TEXT) NULL};

enum { COUNT = sizeof LEXICON / sizeof *LEXICON };

const SceneWord *scene_word_find(const char *text, size_t bytes)
{
    for (int i = 0; i < COUNT; i++)
        if (strlen(LEXICON[i].text) == bytes && memcmp(LEXICON[i].text, text, bytes) == 0)
            return &LEXICON[i];
    return NULL;
}

const char *scene_word_choose(Language language, SceneKind kind, int value, SceneForm form,
                              Rng *rng)
{
    const char *found[COUNT];
    int n = 0;
    for (int i = 0; i < COUNT; i++) {
        const SceneWord *word = &LEXICON[i];
        if (word->language == language && word->kind == kind && word->value == value &&
            word->form == form)
            found[n++] = word->text;
    }
    if (n == 0)
        fail("scene: no word of language %d, kind %d, value %d, form %d", (int)language, (int)kind,
             value, (int)form);
    return found[rng == NULL || n == 1 ? 0 : rng_below(rng, (uint64_t)n)];
}
