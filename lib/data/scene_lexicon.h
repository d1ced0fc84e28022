/* Inside the sentences about scenes: their words, shared by the writer (scene_words.c) and the
 * reader (scene_parse.c). */
#ifndef DATA_SCENE_LEXICON_H
#define DATA_SCENE_LEXICON_H

#include "data/scene.h"

typedef enum SceneKind {
    WORD_END, /* behind the last word of a sentence; no word is of it */
    WORD_SHAPE,
    WORD_COLOUR,
    WORD_SIZE,
    WORD_GROUND,
    WORD_ROW,    /* value 0 top, 2 bottom                   */
    WORD_COLUMN, /* value 0 left, 2 right                   */
    WORD_MIDDLE,
    WORD_CORNER,
    WORD_BACKGROUND,
    WORD_SOMETHING,   /* something; 뭔가, which needs no adjective   */
    WORD_THING,       /* 것, which does                              */
    WORD_ARTICLE,     /* a, an                                       */
    WORD_PREPOSITION, /* value: ScenePreposition                     */
    WORD_THE,
    WORD_AND,
    WORD_THERE,
    WORD_IS, /* is; 있다 */
    WORD_OF,
    WORD_PICTURE,
    WORD_BEING /* 있는: that is (there) */
} SceneKind;

typedef enum ScenePreposition { AT, IN, ON } ScenePreposition;

/* Korean particles are part of the word. */
typedef enum SceneForm {
    FORM_PLAIN,
    FORM_JOINED,  /* with 과, 와: another object follows */
    FORM_SUBJECT, /* with 이, 가                         */
    FORM_HERE,    /* with 에                             */
    FORM_BEHIND   /* with 에, behind another word of the place */
} SceneForm;

typedef struct SceneWord {
    const char *text;
    Language language;
    SceneKind kind;
    int value;
    SceneForm form;
} SceneWord;

/* NULL if it is no word of the sentences. */
const SceneWord *scene_word_find(const char *text, size_t bytes);

/* One of the words that mean this, or the first of them without rng. */
const char *scene_word_choose(Language language, SceneKind kind, int value, SceneForm form,
                              Rng *rng);

#endif
