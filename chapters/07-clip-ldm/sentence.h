/* Sentences as the text tower reads them: words by their number in the world's table, from 1 on; 0
 * fills up. */
#ifndef CLIP_LDM_SENTENCE_H
#define CLIP_LDM_SENTENCE_H

#include "data/world.h"

typedef struct Sentence {
    int word[CAPTION_WORDS]; /* 1 + place in World.words; 0 behind the last */
    int count;
} Sentence;

/* Refuses data whose pictures have no sentences. */
void sentence_check_data(const Dataset *data);

/* Words of a world. */
int sentence_words(const World *world);

/* A caption of the world, or part of one; a word that is not in the table is a programmer's
 * mistake.
 */
Sentence sentence_of(const World *world, const char *caption);

/* What a user typed: case, commas, full stops and quotes do not matter. Words that the world does
 * not know are named in a warning (with the nearest known one) and left out; a sentence of which
 * nothing is left, an empty one, one of too many words and one that is not UTF-8 are refused. */
Sentence sentence_typed(const World *world, const char *text);

#endif
