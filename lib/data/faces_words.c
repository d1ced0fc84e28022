/* Captions of faces. What stands out becomes a list of things said, and a phrasing strings them
 * together; nothing is said of sliders in the middle, nor of glasses that are not there. */
#include "data/faces.h"
#include "support/fail.h"

#include <stdbool.h>
#include <string.h>

static const double SAID = 0.75; /* of what stands out */

/* One thing that can be said. In Korean its predicate takes three endings: before another predicate
 * ("and"), before the word for face ("who"), at the end of a sentence ("is"). With a subject it is
 * something a face has ("with long hair"), without one what the face is ("an old face"). */
typedef struct Phrase {
    FaceFactor factor;
    double from, to;              /* said of values from <= value < to */
    const char *english, *second; /* a second wording, as often, or NULL */
    const char *subject;
    const char *and, *who, *is;
} Phrase;

static const Phrase PHRASES[] = {
    {FACE_AGE, -1, 0.3, "young", NULL, NULL, "젊고", "젊은", "젊다"},
    {FACE_AGE, 0.7, 2, "old", NULL, NULL, "늙고", "늙은", "늙었다"},
    {FACE_SMILE, -1, 0.3, "sad", NULL, NULL, NULL, "슬픈", "슬퍼 보인다"},
    {FACE_SMILE, 0.7, 2, "smiling", NULL, NULL, NULL, "웃는", "웃고 있다"},
    {FACE_HEAD, -1, 0.3, "narrow", NULL, NULL, "갸름하고", "갸름한", "갸름하다"},
    {FACE_HEAD, 0.7, 2, "round", "wide", NULL, "둥글고", "둥근", "둥글다"},
    {FACE_BEARD, -1, 0.1, "no beard", NULL, "수염이", "없고", "없는", "없다"},
    {FACE_BEARD, 0.1, 0.3, "a short beard", NULL, "수염이", "짧고", "짧은", "짧다"},
    {FACE_BEARD, 0.7, 2, "a long beard", NULL, "수염이", "길고", "긴", "길다"},
    {FACE_HAIR, -1, 0.1, "no hair", NULL, "머리카락이", "없고", "없는", "없다"},
    {FACE_HAIR, 0.1, 0.3, "short hair", NULL, "머리가", "짧고", "짧은", "짧다"},
    {FACE_HAIR, 0.7, 2, "long hair", NULL, "머리가", "길고", "긴", "길다"},
    {FACE_EYES, -1, 0.3, "small eyes", NULL, "눈이", "작고", "작은", "작다"},
    {FACE_EYES, 0.7, 2, "large eyes", "big eyes", "눈이", "크고", "큰", "크다"},
    {FACE_SKIN, -1, 0.3, "light skin", NULL, "피부가", "밝고", "밝은", "밝다"},
    {FACE_SKIN, 0.7, 2, "dark skin", NULL, "피부가", "어둡고", "어두운", "어둡다"},
    {FACE_GLASSES, 0.5, 2, "glasses", NULL, "안경을", "쓰고", "쓴", "썼다"},
};

const char *const face_words[] = {
    "a",      "an",     "this",   "face",       "with",     "that",   "is",       "has",
    "and",    "young",  "old",    "sad",        "smiling",  "narrow", "round",    "wide",
    "no",     "short",  "long",   "beard",      "hair",     "small",  "large",    "big",
    "eyes",   "light",  "dark",   "skin",       "glasses",  "얼굴",   "이",       "얼굴은",
    "젊고",   "젊은",   "젊다",   "늙고",       "늙은",     "늙었다", "슬픈",     "슬퍼",
    "보인다", "웃는",   "웃고",   "있다",       "갸름하고", "갸름한", "갸름하다", "둥글고",
    "둥근",   "둥글다", "수염이", "머리카락이", "머리가",   "눈이",   "피부가",   "안경을",
    "없고",   "없는",   "없다",   "짧고",       "짧은",     "짧다",   "길고",     "긴",
    "길다",   "작고",   "작은",   "작다",       "크고",     "큰",     "크다",     "밝고",
    "밝은",   "밝다",   "어둡고", "어두운",     "어둡다",   "쓰고",   "쓴",       "썼다",
    NULL};

/* What a caption says, in its order. */
typedef struct Said {
    int qualities, nouns;
    const Phrase *quality[FACE_FACTORS], *noun[FACE_FACTORS];
} Said;

static void shuffle(const Phrase **phrase, int n, Rng *rng)
{
    for (int i = n - 1; i > 0; i--) {
        int j = (int)rng_below(rng, (uint64_t)i + 1);
        const Phrase *kept = phrase[i];
        phrase[i] = phrase[j];
        phrase[j] = kept;
    }
}

static Said choose(const Face *face, Rng *rng)
{
    Said said = {0};
    for (size_t i = 0; i < sizeof PHRASES / sizeof *PHRASES; i++) {
        const Phrase *phrase = &PHRASES[i];
        double value = face->value[phrase->factor];
        if (value < phrase->from || value >= phrase->to || rng_uniform_one(rng) >= SAID)
            continue;
        if (phrase->subject != NULL)
            said.noun[said.nouns++] = phrase;
        else
            said.quality[said.qualities++] = phrase;
    }
    shuffle(said.quality, said.qualities, rng);
    shuffle(said.noun, said.nouns, rng);
    return said;
}

/* Adds a word, or words, with a blank before all but the first. */
static void say(char *text, const char *words)
{
    size_t used = strlen(text), more = strlen(words);
    if (used + more + 2 > CAPTION_BYTES)
        fail("faces: a caption of more than %d bytes", CAPTION_BYTES);
    if (used > 0)
        text[used++] = ' ';
    memcpy(text + used, words, more + 1);
}

/* ---------------------------------------------------------------- English */

static const char *wording(const Phrase *phrase, Rng *rng)
{
    bool second = phrase->second != NULL && rng_below(rng, 2) == 1;
    return second ? phrase->second : phrase->english;
}

static void say_qualities(char *text, const Said *said, Rng *rng, bool with_and)
{
    for (int i = 0; i < said->qualities; i++) {
        if (with_and && i > 0)
            say(text, "and");
        say(text, wording(said->quality[i], rng));
    }
}

static void say_nouns(char *text, const Said *said, const char *before, Rng *rng)
{
    for (int i = 0; i < said->nouns; i++) {
        say(text, i == 0 ? before : "and");
        say(text, wording(said->noun[i], rng));
    }
}

static void say_an(char *text, const Said *said)
{
    bool vowel = said->qualities > 0 && strchr("aeiou", said->quality[0]->english[0]) != NULL;
    say(text, vowel ? "an" : "a");
}

/* "an old smiling face with large eyes and glasses" */
static void english_with(char *text, const Said *said, Rng *rng)
{
    say_an(text, said);
    say_qualities(text, said, rng, false);
    say(text, "face");
    say_nouns(text, said, "with", rng);
}

/* "a face that is old and smiling and has large eyes and glasses" */
static void english_that(char *text, const Said *said, Rng *rng)
{
    say(text, "a face that");
    if (said->qualities > 0)
        say(text, "is");
    say_qualities(text, said, rng, true);
    if (said->qualities > 0 && said->nouns > 0)
        say(text, "and");
    say_nouns(text, said, "has", rng);
}

/* "this old smiling face has large eyes and glasses" */
static void english_this(char *text, const Said *said, Rng *rng)
{
    say(text, "this");
    if (said->nouns > 0)
        say_qualities(text, said, rng, false);
    say(text, "face");
    say_nouns(text, said, "has", rng);
    if (said->nouns == 0) {
        say(text, "is");
        say_qualities(text, said, rng, true);
    }
}

/* ---------------------------------------------------------------- Korean */

static void say_subject(char *text, const Phrase *phrase)
{
    if (phrase->subject != NULL)
        say(text, phrase->subject);
}

/* Predicates joined by "and", the last one before the word for face. */
static void say_chain(char *text, const Phrase *const *phrase, int n)
{
    for (int i = 0; i < n; i++) {
        say_subject(text, phrase[i]);
        say(text, i < n - 1 ? phrase[i]->and : phrase[i]->who);
    }
}

/* Takes what is said of the smile out of the qualities: an expression is not chained to age and
 * shape ("웃는 늙은 얼굴", not "늙고 웃는 얼굴"), so it needs no "and". NULL where nothing is. */
static const Phrase *take_smile(Said *said)
{
    const Phrase *smile = NULL;
    int kept = 0;
    for (int i = 0; i < said->qualities; i++)
        if (said->quality[i]->factor == FACE_SMILE)
            smile = said->quality[i];
        else
            said->quality[kept++] = said->quality[i];
    said->qualities = kept;
    return smile;
}

/* "눈이 크고 안경을 쓴 웃는 늙은 얼굴" */
static void korean_face(char *text, Said said)
{
    const Phrase *smile = take_smile(&said);
    say_chain(text, said.noun, said.nouns);
    if (smile != NULL)
        say(text, smile->who);
    say_chain(text, said.quality, said.qualities);
    say(text, "얼굴");
}

/* "이 얼굴은 눈이 크고 안경을 쓰고 늙었다"; a smile comes last. */
static void korean_sentence(char *text, Said said)
{
    const Phrase *smile = take_smile(&said), *all[FACE_FACTORS];
    int n = 0;
    for (int i = 0; i < said.qualities; i++)
        all[n++] = said.quality[i];
    for (int i = 0; i < said.nouns; i++)
        all[n++] = said.noun[i];
    if (smile != NULL)
        all[n++] = smile;
    say(text, "이 얼굴은");
    for (int i = 0; i < n; i++) {
        say_subject(text, all[i]);
        say(text, i < n - 1 ? all[i]->and : all[i]->is);
    }
}

/* ---------------------------------------------------------------- both */

void face_caption(const Face *face, Language language, Rng *rng, char text[CAPTION_BYTES])
{
    Said said = choose(face, rng);
    uint64_t phrasing = rng_below(rng, 4);
    bool nothing = said.qualities + said.nouns == 0;
    text[0] = '\0';
    if (language == LANGUAGE_KOREAN) {
        if (phrasing == 0 && !nothing)
            korean_sentence(text, said);
        else
            korean_face(text, said);
        return;
    }
    if (phrasing == 0 && !nothing)
        english_that(text, &said, rng);
    else if (phrasing == 1 && !nothing)
        english_this(text, &said, rng);
    else
        english_with(text, &said, rng);
}
