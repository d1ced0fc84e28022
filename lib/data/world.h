/* Pictures drawn by code that know what they show and can say it, in English and in Korean: the
 * data of chapter 7. A data set with a world keeps no pixels; every picture is drawn when it is
 * asked for, from (the set's seed, split, number) alone. */
#ifndef DATA_WORLD_H
#define DATA_WORLD_H

#include "data/dataset.h"

typedef enum Language { LANGUAGE_ENGLISH, LANGUAGE_KOREAN, LANGUAGES } Language;

/* Room for the longest caption in UTF-8, with its end; and its words. */
enum { CAPTION_BYTES = 512, CAPTION_WORDS = 32 };

/* Numbers of the largest picture: 32 x 32 in three colours. */
enum { WORLD_MOST_LEVELS = 3072 };

struct World {
    /* The picture of an example: level [height, width, 3], 0 .. 255, red green blue. */
    void (*picture)(Split split, size_t example, uint8_t *level);

    /* A true sentence about it in one of several phrasings, not all of which say everything: lower
     * case, words parted by single blanks, no other marks. */
    void (*caption)(Split split, size_t example, Language language, Rng *rng,
                    char text[CAPTION_BYTES]);

    /* Every word that a caption may hold, in both languages, each once; NULL-terminated. Their
     * order is that of the text tower's table. */
    const char *const *words;
};

#endif
