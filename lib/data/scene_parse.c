/* Reads what scene_words.c writes, and a little more: by recursive descent over words whose kinds
 * are looked up first. Where a part may be missing, its reader answers true and leaves the scene as
 * it is; false is a sentence that is none. */
#include "data/scene_lexicon.h"

enum { MOST_WORDS = 48 }; /* more than a caption has: phrasings can be combined */

typedef struct Reader {
    const SceneWord *word[MOST_WORDS + 2]; /* two ends, so that one can look ahead */
    int words, at;
} Reader;

static SceneKind kind_ahead(const Reader *reader, int ahead)
{
    return reader->word[reader->at + ahead]->kind;
}

static bool next_is(const Reader *reader, SceneKind kind, SceneForm form)
{
    return kind_ahead(reader, 0) == kind && reader->word[reader->at]->form == form;
}

/* Takes the next word if it is of the kind. */
static bool take(Reader *reader, SceneKind kind)
{
    bool is = kind_ahead(reader, 0) == kind;
    reader->at += is;
    return is;
}

static bool take_value(Reader *reader, SceneKind kind, int *value)
{
    if (kind_ahead(reader, 0) != kind)
        return false;
    *value = reader->word[reader->at++]->value;
    return true;
}

static bool take_form(Reader *reader, SceneKind kind, SceneForm form, int *value)
{
    return next_is(reader, kind, form) && take_value(reader, kind, value);
}

/* A new object of which nothing is said yet; NULL where there are too many. */
static SceneObject *add_object(Scene *scene)
{
    if (scene->objects == SCENE_MOST)
        return NULL;
    SceneObject *object = &scene->object[scene->objects++];
    *object = (SceneObject){SCENE_ANY, SCENE_ANY, SCENE_ANY, SCENE_ANY};
    return object;
}

/* ---------------------------------------------------------------- English */

/* [on a GROUND background] */
static bool english_ground(Reader *reader, Scene *scene)
{
    if (kind_ahead(reader, 0) != WORD_PREPOSITION || kind_ahead(reader, 1) != WORD_ARTICLE)
        return true;
    return scene->ground == SCENE_ANY && reader->word[reader->at++]->value == ON &&
           take(reader, WORD_ARTICLE) && take_value(reader, WORD_GROUND, &scene->ground) &&
           take(reader, WORD_BACKGROUND);
}

/* [at the ROW COLUMN [corner] | at the ROW | at the COLUMN | at the middle], also with in, on. A
 * second place is left for the next object. */
static bool english_place(Reader *reader, SceneObject *object)
{
    int row = 1, column = 1;
    if (kind_ahead(reader, 0) != WORD_PREPOSITION || kind_ahead(reader, 1) != WORD_THE ||
        object->place != SCENE_ANY)
        return true;
    reader->at += 2;
    bool has_row = take_value(reader, WORD_ROW, &row);
    bool has_column = take_value(reader, WORD_COLUMN, &column);
    if (!has_row && !has_column && !take(reader, WORD_MIDDLE))
        return false;
    if (has_row && has_column)
        take(reader, WORD_CORNER);
    object->place = 3 * row + column;
    return true;
}

/* something [SIZE] [[and] COLOUR] | [a] [SIZE] [COLOUR] SHAPE */
static bool english_noun(Reader *reader, SceneObject *object)
{
    bool something = take(reader, WORD_SOMETHING);
    if (!something)
        take(reader, WORD_ARTICLE);
    bool sized = take_value(reader, WORD_SIZE, &object->size);
    if (something && sized && kind_ahead(reader, 1) == WORD_COLOUR)
        take(reader, WORD_AND);
    take_value(reader, WORD_COLOUR, &object->colour);
    return something || take_value(reader, WORD_SHAPE, &object->shape);
}

/* [place] [there is] noun [[is] place] */
static bool english_object(Reader *reader, SceneObject *object)
{
    if (object == NULL || !english_place(reader, object))
        return false;
    if (take(reader, WORD_THERE) && !take(reader, WORD_IS))
        return false;
    if (!english_noun(reader, object))
        return false;
    if (take(reader, WORD_IS) && kind_ahead(reader, 0) != WORD_PREPOSITION)
        return false;
    return english_place(reader, object);
}

/* Between objects stands "and", or a comma, which is not seen here. */
static bool english_more(Reader *reader)
{
    return take(reader, WORD_AND) || kind_ahead(reader, 0) == WORD_ARTICLE;
}

/* [ground] [a picture of] object [and object ...] [ground] */
static bool english_sentence(Reader *reader, Scene *scene)
{
    if (!english_ground(reader, scene))
        return false;
    if (kind_ahead(reader, 1) == WORD_PICTURE &&
        !(take(reader, WORD_ARTICLE) && take(reader, WORD_PICTURE) && take(reader, WORD_OF)))
        return false;
    do {
        if (!english_object(reader, add_object(scene)))
            return false;
    } while (english_more(reader));
    return english_ground(reader, scene);
}

/* ---------------------------------------------------------------- Korean */

/* [GROUND 배경에] */
static bool korean_ground(Reader *reader, Scene *scene)
{
    return !take_value(reader, WORD_GROUND, &scene->ground) || take(reader, WORD_BACKGROUND);
}

/* 위쪽에, 위에, or the same of 아래 */
static bool korean_row(Reader *reader, int *row)
{
    return take_form(reader, WORD_ROW, FORM_HERE, row) ||
           take_form(reader, WORD_ROW, FORM_BEHIND, row);
}

/* [왼쪽 위에 | 왼쪽 위 구석에 | 왼쪽에 | 위쪽에 | 가운데에] */
static bool korean_place(Reader *reader, SceneObject *object)
{
    int row = 1, column = 1;
    if (take_form(reader, WORD_COLUMN, FORM_PLAIN, &column)) {
        bool corner = take_form(reader, WORD_ROW, FORM_PLAIN, &row);
        if (corner ? !take(reader, WORD_CORNER) : !korean_row(reader, &row))
            return false;
    } else if (!take_form(reader, WORD_COLUMN, FORM_HERE, &column) && !korean_row(reader, &row) &&
               !take(reader, WORD_MIDDLE)) {
        return true;
    }
    object->place = 3 * row + column;
    return true;
}

/* [place [있는]] [SIZE] [COLOUR] SHAPE, 것 or 뭔가; *noun: that last word. */
static bool korean_object(Reader *reader, SceneObject *object, const SceneWord **noun)
{
    if (object == NULL || !korean_place(reader, object))
        return false;
    bool described = object->place != SCENE_ANY && take(reader, WORD_BEING);
    described |= take_value(reader, WORD_SIZE, &object->size);
    described |= take_value(reader, WORD_COLOUR, &object->colour);
    *noun = reader->word[reader->at];
    return take_value(reader, WORD_SHAPE, &object->shape) || take(reader, WORD_SOMETHING) ||
           (described && take(reader, WORD_THING));
}

/* Behind a subject: [place] 있다 | [place] 있는 그림. Of two objects a place would be that of
 * both. */
static bool korean_predicate(Reader *reader, Scene *scene)
{
    SceneObject *object = &scene->object[0];
    if (scene->objects == 1 && object->place == SCENE_ANY && !korean_place(reader, object))
        return false;
    return take(reader, WORD_IS) || (take(reader, WORD_BEING) && take(reader, WORD_PICTURE));
}

/* [ground] object과 object, and 이 있다 or 이 있는 그림 or [그림] behind the last. 뭔가 is its own
 * subject. */
static bool korean_sentence(Reader *reader, Scene *scene)
{
    const SceneWord *noun;
    if (!korean_ground(reader, scene))
        return false;
    do {
        if (!korean_object(reader, add_object(scene), &noun))
            return false;
    } while (noun->form == FORM_JOINED);
    bool ends = kind_ahead(reader, 0) == WORD_END || kind_ahead(reader, 0) == WORD_PICTURE;
    if (noun->form == FORM_SUBJECT || (noun->kind == WORD_SOMETHING && !ends))
        return korean_predicate(reader, scene);
    take(reader, WORD_PICTURE);
    return true;
}

/* ---------------------------------------------------------------- words */

static bool parts_words(char c)
{
    return c == ' ' || c == ',' || c == '.' || c == '\t' || c == '\n' || c == '\r';
}

/* The word that begins there, in any case; its length. */
static const SceneWord *look_up(const char *text, size_t *bytes)
{
    char lower[32];
    for (*bytes = 0; text[*bytes] != '\0' && !parts_words(text[*bytes]); (*bytes)++) {
        if (*bytes == sizeof lower)
            return NULL;
        char c = text[*bytes];
        lower[*bytes] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    return scene_word_find(lower, *bytes);
}

/* false where there is none, one is unknown or there are too many. */
static bool read_words(const char *text, Reader *reader)
{
    static const SceneWord end = {NULL, LANGUAGES, WORD_END, 0, FORM_PLAIN};
    while (true) {
        while (parts_words(*text))
            text++;
        if (*text == '\0')
            break;
        size_t bytes;
        const SceneWord *word = reader->words < MOST_WORDS ? look_up(text, &bytes) : NULL;
        if (word == NULL)
            return false;
        reader->word[reader->words++] = word;
        text += bytes;
    }
    reader->word[reader->words] = reader->word[reader->words + 1] = &end;
    return reader->words > 0;
}

/* Kinds are shared by the languages, so that mixtures would be read in part. */
static bool of_one_language(const Reader *reader)
{
    for (int i = 1; i < reader->words; i++)
        if (reader->word[i]->language != reader->word[0]->language)
            return false;
    return true;
}

bool scene_parse(const char *text, Scene *said)
{
    Reader reader = {0};
    *said = (Scene){.ground = SCENE_ANY};
    if (!read_words(text, &reader) || !of_one_language(&reader))
        return false;
    bool read = reader.word[0]->language == LANGUAGE_ENGLISH ? english_sentence(&reader, said)
                                                             : korean_sentence(&reader, said);
    return read && reader.at == reader.words;
}
