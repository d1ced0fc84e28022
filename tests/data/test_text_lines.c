/* Names, sums and repeats: what their lines are, and how they are split. */
#include "data/text.h"
#include "harness/suite.h"
#include "support/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void cut(Dataset *dataset)
{
    const Text *text = dataset->text;
    Tokens *tokens =
        tokens_create(text->suits, 0, text->byte, text->bytes, text->first[1], dataset->name);
    text_cut(dataset, tokens, 0);
}

static size_t lines_of(const Dataset *dataset)
{
    return dataset->count[0] + dataset->count[1] + dataset->count[2];
}

/* ---------------------------------------------------------------- names */

enum { NAMES = 1000, REPEATED = 100 };

/* n0 .. n999, and n0 .. n99 again after every tenth; no line break at the end. */
static char *many_names(void)
{
    char *byte = memory_new(NAMES + REPEATED, 8), *end = byte;
    for (int i = 0; i < NAMES; i++) {
        end += sprintf(end, "n%d\n", i);
        if (i % 10 == 9)
            end += sprintf(end, "n%d\n", i / 10);
    }
    end[-1] = '\0';
    return byte;
}

/* How often each name is in the set; in how many splits it is. Returns whether all are names. */
static bool count_names(const Dataset *dataset, int times[NAMES], int splits[NAMES])
{
    const Text *text = dataset->text;
    bool right = true;
    memset(times, 0, NAMES * sizeof *times);
    memset(splits, 0, NAMES * sizeof *splits);
    for (int s = 0; s < SPLITS; s++) {
        bool here[NAMES] = {false};
        size_t lines = 0;
        for (size_t at = text->first[s]; at < text->first[s + 1]; lines++) {
            char *end;
            long name = strtol(text->byte + at + 1, &end, 10);
            right = right && text->byte[at] == 'n' && name >= 0 && name < NAMES && *end == '\n';
            if (!right)
                return false;
            times[name]++;
            splits[name] += !here[name];
            here[name] = true;
            at = (size_t)(end - text->byte) + 1;
        }
        right = right && lines == dataset->count[s];
    }
    return right;
}

static void test_names(void)
{
    int times[NAMES], splits[NAMES];
    char *byte = many_names();
    Dataset *dataset = text_names("names", byte, strlen(byte), false);
    Dataset *again = text_names("names", byte, strlen(byte), false);
    CU_ASSERT_EQUAL(dataset->text->bytes, strlen(byte) + 1);
    CU_ASSERT_EQUAL(memcmp(dataset->text->byte, again->text->byte, strlen(byte) + 1), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(dataset->text->byte, byte, 100), 0);
    cut(dataset);
    CU_ASSERT(dataset->count[0] == 880 && dataset->count[1] == 110 && dataset->count[2] == 110);
    CU_ASSERT(dataset->text->lines && dataset->text->suits == TOKENS_CHARACTERS);
    CU_ASSERT(isnan(dataset->entropy) && dataset->text->log_prob == NULL);
    CU_ASSERT(count_names(dataset, times, splits));
    bool right = true;
    for (int i = 0; i < NAMES; i++)
        right = right && times[i] == (i < REPEATED ? 2 : 1);
    CU_ASSERT(right);
    dataset_free(dataset);
    dataset_free(again);
    free(byte);
}

static void test_distinct_names(void)
{
    int times[NAMES], splits[NAMES];
    char *byte = many_names();
    Dataset *dataset = text_names("names-unique", byte, strlen(byte), true);
    cut(dataset);
    CU_ASSERT(dataset->count[0] == 800 && dataset->count[1] == 100 && dataset->count[2] == 100);
    CU_ASSERT(count_names(dataset, times, splits));
    bool right = true;
    for (int i = 0; i < NAMES; i++)
        right = right && times[i] == 1 && splits[i] == 1;
    CU_ASSERT(right);
    dataset_free(dataset);
    /* the first of each is kept, in their order: without repeats the same set comes out */
    const char twice[] = "b\na\nb\nc\na\nd\ne\nf\nc\ng\nh\ni\nj\n",
               once[] = "b\na\nc\nd\ne\nf\ng\nh\ni\nj";
    dataset = text_names("names-unique", twice, strlen(twice), true);
    Dataset *same = text_names("names-unique", once, strlen(once), false);
    CU_ASSERT_EQUAL(dataset->text->bytes, 20);
    CU_ASSERT_EQUAL(same->text->bytes, 20);
    CU_ASSERT_EQUAL(memcmp(dataset->text->byte, same->text->byte, 20), 0);
    dataset_free(dataset);
    dataset_free(same);
    free(byte);
}

/* ---------------------------------------------------------------- sums */

static void test_sums(void)
{
    static bool seen[100][100];
    Dataset *dataset = dataset_load("arithmetic");
    const Text *text = dataset->text;
    size_t lines = 0, ordered = 0, longest = 0;
    int last = -1;
    bool right = true;
    for (const char *at = text->byte; at < text->byte + text->bytes; lines++) {
        int a, b, sum, bytes;
        char plain[16];
        right = right && sscanf(at, "%d+%d=%d%n", &a, &b, &sum, &bytes) == 3 && at[bytes] == '\n';
        if (!right || a < 0 || a > 99 || b < 0 || b > 99 || seen[a][b])
            break;
        seen[a][b] = true;
        snprintf(plain, sizeof plain, "%d+%d=%d\n", a, b, a + b);
        right = sum == a + b && strncmp(at, plain, strlen(plain)) == 0;
        ordered += 100 * a + b == last + 1;
        last = 100 * a + b;
        longest = strlen(plain) > longest ? strlen(plain) : longest;
        at += bytes + 1;
    }
    CU_ASSERT(right);
    CU_ASSERT_EQUAL(lines, 10000); /* so that each pair is there once */
    CU_ASSERT(ordered < 20);       /* a permutation keeps 1 on average */
    cut(dataset);
    CU_ASSERT(dataset->count[0] == 8000 && dataset->count[1] == 1000 && dataset->count[2] == 1000);
    CU_ASSERT_EQUAL(dataset->dims, (int)longest + 1);
    CU_ASSERT_EQUAL(text->tokens->count, 13); /* ten digits, + = and the line break */
    CU_ASSERT_EQUAL(text->answer_after, '=');
    CU_ASSERT_DOUBLE_EQUAL(dataset->entropy, log(10000), 1e-12);
    for (size_t i = 0; right && i < lines; i++)
        right = text->log_prob[i] == -dataset->entropy;
    CU_ASSERT(right);
    dataset_free(dataset);
}

/* ---------------------------------------------------------------- repeats */

/* Counts at each of the 12 places: of 54,000 draws 3,375 for each letter with a standard deviation
 * of 56. That one of 192 is off by 5 of them has probability 1e-4; the seed is fixed. */
static void test_repeats(void)
{
    enum { LETTERS = 16, LENGTH = 12, WIDTH = 25, LINES = 54000 };
    static int seen[LENGTH][LETTERS];
    Dataset *dataset = dataset_load("repeats");
    const Text *text = dataset->text;
    cut(dataset);
    CU_ASSERT(dataset->count[0] == 50000 && dataset->count[1] == 2000 && dataset->count[2] == 2000);
    CU_ASSERT_EQUAL(dataset->dims, WIDTH + 1);
    CU_ASSERT_EQUAL_FATAL(text->bytes, (size_t)LINES * WIDTH);
    CU_ASSERT_EQUAL(text->tokens->count, LETTERS + 1);
    CU_ASSERT_DOUBLE_EQUAL(dataset->entropy, 12 * log(16), 1e-12);
    bool right = true;
    for (size_t i = 0; right && i < lines_of(dataset); i++) {
        const char *line = text->byte + i * WIDTH;
        right = memcmp(line, line + LENGTH, LENGTH) == 0 && line[WIDTH - 1] == '\n' &&
                text->log_prob[i] == -dataset->entropy;
        for (int j = 0; right && j < LENGTH; j++) {
            right = line[j] >= 'a' && line[j] <= 'p';
            seen[j][right ? line[j] - 'a' : 0]++;
        }
    }
    CU_ASSERT(right);
    for (int j = 0; j < LENGTH; j++)
        for (int c = 0; c < LETTERS; c++)
            CU_ASSERT(abs(seen[j][c] - LINES / LETTERS) < 5 * 56);
    dataset_free(dataset);
}

const Suite suite = {"data/text_lines",
                     {{"names", test_names},
                      {"distinct names", test_distinct_names},
                      {"sums", test_sums},
                      {"repeats", test_repeats},
                      {NULL, NULL}}};
