#include "07-clip-ldm/sentence.h"

#include "support/fail.h"
#include "support/memory.h"
#include "support/options.h"
#include "support/utf8.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sentence_check_data(const Dataset *data)
{
    if (data->world == NULL)
        refuse("--data %s: its pictures have no sentences; choose --data shapes or --data faces",
               data->name);
}

int sentence_words(const World *world)
{
    int words = 0;
    while (world->words[words] != NULL)
        words++;
    return words;
}

/* 1 + its place in the table, 0 where it is not there. */
static int number_of(const World *world, const char *word)
{
    for (int i = 0; world->words[i] != NULL; i++)
        if (strcmp(world->words[i], word) == 0)
            return i + 1;
    return 0;
}

Sentence sentence_of(const World *world, const char *caption)
{
    Sentence sentence = {.count = 0};
    char copy[CAPTION_BYTES], *rest = copy;
    snprintf(copy, sizeof copy, "%s", caption);
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        int number = number_of(world, word);
        if (number == 0)
            fail("sentence: '%s' of the caption '%s' is not in the world's table", word, caption);
        if (sentence.count == CAPTION_WORDS)
            fail("sentence: '%s' has more than %d words", caption, CAPTION_WORDS);
        sentence.word[sentence.count++] = number;
    }
    return sentence;
}

static bool is_mark(char c)
{
    return strchr(",.;:!?\"'()", c) != NULL || isspace((unsigned char)c);
}

/* "unknown: 'pink' (did you mean 'ring'?), 'dog'" grows by a word. */
static void add_unknown(char *list, size_t size, const World *world, const char *word)
{
    size_t used = strlen(list);
    /* every short word is near to another */
    const char *nearest = strlen(word) >= 5 ? options_nearest(word, world->words) : NULL;
    snprintf(list + used, size - used, "%s'%s'", used > 0 ? ", " : "", word);
    used = strlen(list);
    if (nearest != NULL)
        snprintf(list + used, size - used, " (near: '%s')", nearest);
}

Sentence sentence_typed(const World *world, const char *text)
{
    Sentence sentence = {.count = 0};
    char unknown[1024] = "";
    if (!utf8_valid(text, strlen(text)))
        refuse_usage("the sentence is not valid UTF-8; type it in a UTF-8 terminal");
    char *copy = memory_text(text), *rest = copy;
    for (char *c = copy; *c != '\0'; c++)
        *c = is_mark(*c) ? ' ' : (char)tolower((unsigned char)*c);
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        if (*word == '\0')
            continue;
        int number = number_of(world, word);
        if (number == 0) {
            add_unknown(unknown, sizeof unknown, world, word);
            continue;
        }
        if (sentence.count == CAPTION_WORDS)
            refuse_usage("the sentence has more than %d known words; say less", CAPTION_WORDS);
        sentence.word[sentence.count++] = number;
    }
    free(copy);
    if (sentence.count == 0 && *unknown == '\0')
        refuse_usage("the sentence is empty; say what to draw, as in \"a red circle\"");
    if (sentence.count == 0)
        refuse_usage(
            "no word of the sentence is known: %s; the words are those of the captions, as "
            "in \"a big blue square at the bottom\" or \"왼쪽 위에 작은 빨간 원\"",
            unknown);
    if (*unknown != '\0')
        warn("never seen in training, left out: %s", unknown);
    return sentence;
}
