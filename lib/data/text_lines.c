/* Sets of lines: first names, and two that are drawn by code. */
#include "data/sources.h"
#include "data/text.h"
#include "support/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Dataset *text_lines(const char *name, char *byte, const size_t count[SPLITS], TokensKind suits)
{
    size_t first[SPLITS + 1] = {0}, at = 0;
    for (int s = 0; s < SPLITS; s++) {
        for (size_t line = 0; line < count[s]; line++)
            while (byte[at++] != '\n') {
            }
        first[s + 1] = at;
    }
    return text_dataset(name, byte, first, true, suits);
}

static void split_lines(size_t lines, size_t count[SPLITS])
{
    size_t train = lines * 80 / 100, held = lines * 90 / 100;
    count[SPLIT_TRAIN] = train;
    count[SPLIT_VALIDATION] = held - train;
    count[SPLIT_TEST] = lines - held;
}

/* Every line equally probable. */
static void set_log_prob(Dataset *dataset, size_t lines, double log_prob)
{
    dataset->text->log_prob = memory_new(lines, sizeof *dataset->text->log_prob);
    for (size_t i = 0; i < lines; i++)
        dataset->text->log_prob[i] = log_prob;
    dataset->entropy = -log_prob;
}

/* ---------------------------------------------------------------- names */

typedef struct Line {
    const char *text;
    size_t length; /* without the '\n' */
    size_t number; /* its place in the file */
} Line;

static Line *find_lines(const char *byte, size_t bytes, size_t *lines)
{
    Line *line = memory_new(bytes, sizeof *line);
    *lines = 0;
    for (size_t at = 0; at < bytes;) {
        const char *end = memchr(byte + at, '\n', bytes - at);
        size_t length = end != NULL ? (size_t)(end - byte) - at : bytes - at;
        line[*lines] = (Line){byte + at, length, *lines};
        (*lines)++;
        at += length + 1;
    }
    return line;
}

static int compare_texts(const Line *a, const Line *b)
{
    size_t common = a->length < b->length ? a->length : b->length;
    int order = memcmp(a->text, b->text, common);
    return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}

static int by_text(const void *left, const void *right)
{
    const Line *a = left, *b = right;
    int order = compare_texts(a, b);
    return order != 0 ? order : (a->number > b->number) - (a->number < b->number);
}

static int by_number(const void *left, const void *right)
{
    const Line *a = left, *b = right;
    return (a->number > b->number) - (a->number < b->number);
}

/* Keeps the first of equal lines, in the file's order; how many are left. */
static size_t keep_distinct(Line *line, size_t lines)
{
    size_t kept = 0;
    qsort(line, lines, sizeof *line, by_text);
    for (size_t i = 0; i < lines; i++)
        if (i == 0 || compare_texts(&line[kept - 1], &line[i]) != 0)
            line[kept++] = line[i];
    qsort(line, kept, sizeof *line, by_number);
    return kept;
}

/* The lines in a random order that depends on the set's name alone. */
static char *shuffle(const char *name, const Line *line, size_t lines)
{
    size_t bytes = 0;
    uint32_t *order = memory_new(lines, sizeof *order);
    Rng rng = rng_stream(DATASET_SEED, name);
    rng_permutation(&rng, order, lines);
    for (size_t i = 0; i < lines; i++)
        bytes += line[i].length + 1;
    char *byte = memory_new(bytes, 1), *end = byte;
    for (size_t i = 0; i < lines; i++) {
        const Line *next = &line[order[i]];
        memcpy(end, next->text, next->length);
        end += next->length;
        *end++ = '\n';
    }
    free(order);
    return byte;
}

Dataset *text_names(const char *name, const char *byte, size_t bytes, bool distinct)
{
    size_t lines, count[SPLITS];
    Line *line = find_lines(byte, bytes, &lines);
    if (distinct)
        lines = keep_distinct(line, lines);
    split_lines(lines, count);
    Dataset *dataset = text_lines(name, shuffle(name, line, lines), count, TOKENS_CHARACTERS);
    free(line);
    return dataset;
}

static Dataset *names_load(const char *name, bool distinct)
{
    size_t bytes;
    char *byte =
        source_file("names", "names.txt",
                    "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d", &bytes);
    Dataset *dataset = text_names(name, byte, bytes, distinct);
    free(byte);
    return dataset;
}

/* ---------------------------------------------------------------- sums */

/* Every sum of two numbers below 100, once. */
static Dataset *arithmetic_load(const char *name)
{
    enum { BELOW = 100, LINES = BELOW * BELOW, MOST = sizeof "99+99=198\n" };
    char *byte = memory_new(LINES, MOST), *end = byte;
    size_t lines, count[SPLITS];
    for (int a = 0; a < BELOW; a++)
        for (int b = 0; b < BELOW; b++)
            end += sprintf(end, "%d+%d=%d\n", a, b, a + b);
    Line *line = find_lines(byte, (size_t)(end - byte), &lines);
    split_lines(lines, count);
    Dataset *dataset = text_lines(name, shuffle(name, line, lines), count, TOKENS_CHARACTERS);
    set_log_prob(dataset, lines, -log(LINES));
    dataset->text->answer_after = '=';
    free(line);
    free(byte);
    return dataset;
}

/* ---------------------------------------------------------------- repeats */

/* Letters that nothing predicts, and the same again: what a model can learn is to look back. */
static Dataset *repeats_load(const char *name)
{
    enum { LETTERS = 16, LENGTH = 12, WIDTH = 2 * LENGTH + 1 };
    static const size_t count[SPLITS] = {50000, 2000, 2000};
    size_t lines = count[0] + count[1] + count[2];
    char *byte = memory_new(lines, WIDTH);
    Rng stream = rng_stream(DATASET_SEED, name);
    for (size_t i = 0; i < lines; i++) {
        Rng rng = rng_at(stream, i);
        char *line = byte + i * WIDTH;
        for (int j = 0; j < LENGTH; j++)
            line[j] = (char)('a' + rng_below(&rng, LETTERS));
        memcpy(line + LENGTH, line, LENGTH);
        line[WIDTH - 1] = '\n';
    }
    Dataset *dataset = text_lines(name, byte, count, TOKENS_CHARACTERS);
    set_log_prob(dataset, lines, -LENGTH * log(LETTERS));
    return dataset;
}

Dataset *lines_load(const char *name)
{
    if (strcmp(name, "names") == 0)
        return names_load(name, false);
    if (strcmp(name, "names-unique") == 0)
        return names_load(name, true);
    if (strcmp(name, "arithmetic") == 0)
        return arithmetic_load(name);
    if (strcmp(name, "repeats") == 0)
        return repeats_load(name);
    return NULL;
}
