/* Writes sentences about scenes. What is said is chosen first, then how; scene_parse.c reads all of
 * it. */
#include "data/scene_lexicon.h"

#include "support/fail.h"

#include <string.h>

/* Shares of captions that say all, and of what the others say. */
static const double SAYS_ALL = 0.35, SAYS_SHAPE = 0.92, SAYS_COLOUR = 0.85, SAYS_SIZE = 0.65,
                    SAYS_PLACE = 0.65, SAYS_GROUND = 0.35;

/*                 English               Korean
 *   BARE          X                     X
 *   THERE_IS      there is X            X이 있다
 *   PICTURE_OF    a picture of X        X이 있는 그림
 *   X_IS_AT       X is at the top       X이 위쪽에 있다     one object whose place is said */
typedef enum Frame { BARE, THERE_IS, PICTURE_OF, X_IS_AT } Frame;

/* How it is said; all zero: plainly. */
typedef struct Phrasing {
    Frame frame;
    bool ground_first; /* English; Korean always begins with it          */
    bool place_first;  /* English; Korean: place 있는 X, instead of place X */
    bool corner;       /* in the top left corner, 왼쪽 위 구석에         */
} Phrasing;

typedef struct Writer {
    char *text;
    size_t bytes;
    Language language;
    Rng *rng; /* chooses among words of one meaning; NULL: the first */
    Phrasing how;
} Writer;

/* ---------------------------------------------------------------- words */

static void put_text(Writer *writer, const char *word)
{
    size_t length = strlen(word);
    if (writer->bytes + length + 2 > CAPTION_BYTES)
        fail("scene: a caption of more than %d bytes", CAPTION_BYTES);
    if (writer->bytes > 0)
        writer->text[writer->bytes++] = ' ';
    memcpy(writer->text + writer->bytes, word, length + 1);
    writer->bytes += length;
}

static const char *choose(const Writer *writer, SceneKind kind, int value, SceneForm form)
{
    return scene_word_choose(writer->language, kind, value, form, writer->rng);
}

static void put_form(Writer *writer, SceneKind kind, int value, SceneForm form)
{
    put_text(writer, choose(writer, kind, value, form));
}

static void put(Writer *writer, SceneKind kind, int value)
{
    put_form(writer, kind, value, FORM_PLAIN);
}

/* ---------------------------------------------------------------- English */

static void put_english_ground(Writer *writer, int ground)
{
    put(writer, WORD_PREPOSITION, ON);
    put_text(writer, "a");
    put(writer, WORD_GROUND, ground);
    put(writer, WORD_BACKGROUND, 0);
}

/* at the top, at the top left, on the left, in the middle, in the top left corner */
static void put_english_place(Writer *writer, int place)
{
    int row = place / 3, column = place % 3;
    bool corner = writer->how.corner && row != 1 && column != 1;
    bool in = corner || place == 4;
    put(writer, WORD_PREPOSITION, in ? IN : row == 1 ? ON : AT);
    put(writer, WORD_THE, 0);
    if (row != 1)
        put(writer, WORD_ROW, row);
    if (column != 1)
        put(writer, WORD_COLUMN, column);
    if (place == 4)
        put(writer, WORD_MIDDLE, 0);
    if (corner)
        put(writer, WORD_CORNER, 0);
}

/* something small and red */
static void put_something(Writer *writer, const SceneObject *object)
{
    put(writer, WORD_SOMETHING, 0);
    if (object->size != SCENE_ANY)
        put(writer, WORD_SIZE, object->size);
    if (object->size != SCENE_ANY && object->colour != SCENE_ANY)
        put(writer, WORD_AND, 0);
    if (object->colour != SCENE_ANY)
        put(writer, WORD_COLOUR, object->colour);
}

/* a small red circle, an orange circle */
static void put_english_noun(Writer *writer, const SceneObject *object)
{
    const char *word[3];
    int n = 0;
    if (object->size != SCENE_ANY)
        word[n++] = choose(writer, WORD_SIZE, object->size, FORM_PLAIN);
    if (object->colour != SCENE_ANY)
        word[n++] = choose(writer, WORD_COLOUR, object->colour, FORM_PLAIN);
    word[n++] = choose(writer, WORD_SHAPE, object->shape, FORM_PLAIN);
    put_text(writer, strchr("aeiou", word[0][0]) != NULL ? "an" : "a");
    for (int i = 0; i < n; i++)
        put_text(writer, word[i]);
}

static void put_english_object(Writer *writer, const SceneObject *object, bool first)
{
    bool placed = object->place != SCENE_ANY, place_first = placed && writer->how.place_first;
    if (place_first)
        put_english_place(writer, object->place);
    if (first && writer->how.frame == THERE_IS) {
        put(writer, WORD_THERE, 0);
        put(writer, WORD_IS, 0);
    }
    if (object->shape == SCENE_ANY)
        put_something(writer, object);
    else
        put_english_noun(writer, object);
    if (writer->how.frame == X_IS_AT)
        put(writer, WORD_IS, 0);
    if (placed && !place_first)
        put_english_place(writer, object->place);
}

static void put_english(Writer *writer, const Scene *said)
{
    bool ground = said->ground != SCENE_ANY;
    if (ground && writer->how.ground_first)
        put_english_ground(writer, said->ground);
    if (writer->how.frame == PICTURE_OF) {
        put_text(writer, "a");
        put(writer, WORD_PICTURE, 0);
        put(writer, WORD_OF, 0);
    }
    for (int i = 0; i < said->objects; i++) {
        if (i > 0)
            put(writer, WORD_AND, 0);
        put_english_object(writer, &said->object[i], i == 0);
    }
    if (ground && !writer->how.ground_first)
        put_english_ground(writer, said->ground);
}

/* ---------------------------------------------------------------- Korean */

/* 위쪽에, 왼쪽에, 왼쪽 위에, 가운데에, 왼쪽 위 구석에 */
static void put_korean_place(Writer *writer, int place)
{
    int row = place / 3, column = place % 3;
    if (place == 4) {
        put_form(writer, WORD_MIDDLE, 0, FORM_HERE);
    } else if (row == 1) {
        put_form(writer, WORD_COLUMN, column, FORM_HERE);
    } else if (column == 1) {
        put_form(writer, WORD_ROW, row, FORM_HERE);
    } else {
        put(writer, WORD_COLUMN, column);
        put_form(writer, WORD_ROW, row, writer->how.corner ? FORM_PLAIN : FORM_BEHIND);
        if (writer->how.corner)
            put_form(writer, WORD_CORNER, 0, FORM_HERE);
    }
}

/* 원, 원과, 원이; 빨간 것, 왼쪽에 있는 것, but 왼쪽에 뭔가. 뭔가 takes no 가. */
static void put_korean_noun(Writer *writer, const SceneObject *object, SceneForm form, bool being)
{
    if (object->shape != SCENE_ANY)
        put_form(writer, WORD_SHAPE, object->shape, form);
    else if (being || object->size != SCENE_ANY || object->colour != SCENE_ANY)
        put_form(writer, WORD_THING, 0, form);
    else
        put_form(writer, WORD_SOMETHING, 0, form == FORM_SUBJECT ? FORM_PLAIN : form);
}

static void put_korean_object(Writer *writer, const SceneObject *object, SceneForm form)
{
    bool placed = object->place != SCENE_ANY && writer->how.frame != X_IS_AT;
    bool being = placed && writer->how.place_first;
    if (placed)
        put_korean_place(writer, object->place);
    if (being)
        put(writer, WORD_BEING, 0);
    if (object->size != SCENE_ANY)
        put(writer, WORD_SIZE, object->size);
    if (object->colour != SCENE_ANY)
        put(writer, WORD_COLOUR, object->colour);
    put_korean_noun(writer, object, form, being);
}

static void put_korean(Writer *writer, const Scene *said)
{
    Frame frame = writer->how.frame;
    if (said->ground != SCENE_ANY) {
        put(writer, WORD_GROUND, said->ground);
        put_form(writer, WORD_BACKGROUND, 0, FORM_HERE);
    }
    for (int i = 0; i < said->objects; i++) {
        SceneForm last = frame == BARE ? FORM_PLAIN : FORM_SUBJECT;
        put_korean_object(writer, &said->object[i], i + 1 < said->objects ? FORM_JOINED : last);
    }
    if (frame == X_IS_AT)
        put_korean_place(writer, said->object[0].place);
    if (frame == PICTURE_OF) {
        put(writer, WORD_BEING, 0);
        put(writer, WORD_PICTURE, 0);
    } else if (frame != BARE) {
        put(writer, WORD_IS, 0);
    }
}

/* ---------------------------------------------------------------- what is said */

static bool chance(Rng *rng, double probability)
{
    return rng_uniform_one(rng) < probability;
}

static void silence(Rng *rng, int *value, double says)
{
    if (!chance(rng, says))
        *value = SCENE_ANY;
}

/* An object says something of itself; among others, its shape, so that one knows which it is. */
static SceneObject choose_object(const SceneObject *object, bool alone, Rng *rng)
{
    SceneObject said = *object;
    silence(rng, &said.shape, SAYS_SHAPE);
    silence(rng, &said.colour, SAYS_COLOUR);
    silence(rng, &said.size, SAYS_SIZE);
    silence(rng, &said.place, SAYS_PLACE);
    if (!alone || (said.colour == SCENE_ANY && said.size == SCENE_ANY && said.place == SCENE_ANY))
        said.shape = object->shape;
    return said;
}

static Scene choose_what(const Scene *scene, Rng *rng)
{
    Scene said = {.objects = scene->objects, .ground = scene->ground};
    uint32_t order[SCENE_MOST];
    bool all = chance(rng, SAYS_ALL);
    rng_permutation(rng, order, (size_t)scene->objects);
    for (int i = 0; i < scene->objects; i++) {
        const SceneObject *object = &scene->object[order[i]];
        said.object[i] = all ? *object : choose_object(object, scene->objects == 1, rng);
    }
    if (!all)
        silence(rng, &said.ground, SAYS_GROUND);
    return said;
}

/* ---------------------------------------------------------------- how it is said */

static bool all_placed(const Scene *said)
{
    for (int i = 0; i < said->objects; i++)
        if (said->object[i].place == SCENE_ANY)
            return false;
    return true;
}

static Phrasing choose_how(const Scene *said, Language language, Rng *rng)
{
    static const Frame frames[] = {BARE, BARE, BARE, THERE_IS, PICTURE_OF, X_IS_AT};
    Phrasing how = {.frame = frames[rng_below(rng, sizeof frames / sizeof *frames)]};
    how.corner = chance(rng, 0.25);
    how.place_first = chance(rng, 0.25);
    how.ground_first = chance(rng, 0.35);
    if (how.frame == X_IS_AT && (said->objects > 1 || !all_placed(said)))
        how.frame = BARE;
    if (said->objects == SCENE_MOST && language == LANGUAGE_ENGLISH) {
        /* Three objects with all they have are 30 words. */
        how.frame = BARE;
        how.corner = false;
    }
    bool english = language == LANGUAGE_ENGLISH;
    /* 왼쪽에 있는 원이 있다 says "is" twice; "on the left a circle and a square" says too much. */
    if (english ? how.frame == PICTURE_OF || how.frame == X_IS_AT || !all_placed(said)
                : how.frame != BARE)
        how.place_first = false;
    if (how.place_first || how.frame == PICTURE_OF)
        how.ground_first = false;
    return how;
}

static void write_scene(const Scene *said, Language language, Phrasing how, Rng *rng, char *text)
{
    Writer writer = {.text = text, .language = language, .rng = rng, .how = how};
    text[0] = '\0';
    if (language == LANGUAGE_ENGLISH)
        put_english(&writer, said);
    else
        put_korean(&writer, said);
}

void scene_caption(const Scene *scene, Language language, Rng *rng, char text[CAPTION_BYTES],
                   Scene *said)
{
    Scene what = choose_what(scene, rng);
    write_scene(&what, language, choose_how(&what, language, rng), rng, text);
    if (said != NULL)
        *said = what;
}

void scene_say(const Scene *said, Language language, char text[CAPTION_BYTES])
{
    write_scene(said, language, (Phrasing){.frame = BARE}, NULL, text);
}
