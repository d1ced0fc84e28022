/* Texts as data sets: splits, windows, lines, and what is refused. */
#include "data/text.h"
#include "harness/suite.h"
#include "support/file.h"
#include "support/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A user's text, read from a file and cut. */
static Dataset *text_of(const char *text, size_t bytes)
{
    char folder[256];
    folder_make(folder);
    char *path = memory_format("%s/text.txt", folder);
    CU_ASSERT_PTR_NULL(file_write(path, text, bytes));
    Dataset *dataset = dataset_load(path);
    free(path);
    folder_remove(folder);
    return dataset;
}

static void cut(Dataset *dataset, TokensKind kind, int most, int context)
{
    const Text *text = dataset->text;
    Tokens *tokens =
        tokens_create(kind, most, text->byte, text->bytes, text->first[SPLIT_VALIDATION], "text");
    text_cut(dataset, tokens, context);
}

/* n letters without order, of an alphabet. */
static char *letters(size_t n, const char *alphabet)
{
    char *text = memory_new(n + 1, 1);
    Rng rng = rng_stream(2, "letters");
    for (size_t i = 0; i < n; i++)
        text[i] = alphabet[rng_below(&rng, strlen(alphabet))];
    return text;
}

static const char PROSE[] = "abcdefgh   \n";

/* ---------------------------------------------------------------- running text */

/* Cut out of the middle, where lines begin when there are any: before and after it is training. */
static void check_validation(const Text *text, const char *whole, size_t bytes)
{
    const size_t *first = text->first;
    size_t held = first[2] - first[1], from = bytes * 425 / 1000, end = bytes * 475 / 1000;
    while (from < first[2] && whole[from] != '\n')
        from++;
    while (end < first[2] && whole[end] != '\n')
        end++;
    if (from < end && end < first[2]) {
        CU_ASSERT_EQUAL(held, end - from);
        CU_ASSERT_EQUAL(memcmp(text->byte + first[1], whole + from + 1, held), 0);
        CU_ASSERT_EQUAL(memcmp(text->byte, whole, from + 1), 0);
        CU_ASSERT_EQUAL(memcmp(text->byte + from + 1, whole + end + 1, first[2] - end - 1), 0);
    }
    CU_ASSERT(held > 0 && (bytes < 1000 || fabs((double)held / (double)bytes - 0.05) < 0.02));
    CU_ASSERT_EQUAL(memcmp(text->byte + first[2], whole + first[2], bytes - first[2]), 0);
}

static void test_splits_by_position(void)
{
    const size_t sizes[] = {100, 1000, 1115394, 37};
    for (int i = 0; i < 4; i++) {
        char *text = letters(sizes[i], PROSE);
        Dataset *dataset = text_of(text, sizes[i]);
        const size_t *first = dataset->text->first;
        CU_ASSERT(dataset->kind == DATA_TOKENS && !dataset->text->lines);
        CU_ASSERT_EQUAL(first[0], 0);
        CU_ASSERT_EQUAL(first[2], (size_t)floor(0.9 * (double)sizes[i]));
        CU_ASSERT_EQUAL(first[3], sizes[i]);
        check_validation(dataset->text, text, sizes[i]);
        CU_ASSERT(isnan(dataset->entropy) && dataset->text->log_prob == NULL);
        dataset_free(dataset);
        free(text);
    }
}

/* Whatever the length, no split begins within a character, and all of them can be read. */
static void test_splits_between_characters(void)
{
    enum { MOST = 140 };
    char text[4 * MOST + 1];
    for (int n = 80; n < MOST; n++) {
        size_t bytes = 0;
        for (int i = 0; i < n; i++) {
            const char *character = i % 3 == 0 ? "한" : i % 3 == 1 ? "é" : "😀";
            memcpy(text + bytes, character, strlen(character));
            bytes += strlen(character);
        }
        Dataset *dataset = text_of(text, bytes);
        for (int s = 1; s < SPLITS; s++)
            CU_ASSERT(((unsigned char)dataset->text->byte[dataset->text->first[s]] & 0xc0) != 0x80);
        size_t at = dataset->text->first[SPLIT_TEST], plain = bytes * 90 / 100;
        CU_ASSERT(at <= plain && at + 3 >= plain);
        cut(dataset, TOKENS_CHARACTERS, 0, 4);
        CU_ASSERT_EQUAL(dataset->text->count, (size_t)n);
        dataset_free(dataset);
    }
}

/* Held-out windows: the token before, then the split's tokens, each predicted once. */
static void check_held_out(const Dataset *dataset, Split split)
{
    const Text *text = dataset->text;
    size_t at = text->token_first[split], dims = (size_t)dataset->dims;
    real *x = memory_new(dims, sizeof *x);
    bool right = true;
    for (size_t i = 0; i < dataset->count[split]; i++) {
        size_t n = (size_t)text_predicted(dataset, split, i);
        dataset_fetch_range(dataset, split, i, 1, NULL, x, NULL, NULL);
        right = right && n > 0 && (n == dims - 1 || i + 1 == dataset->count[split]);
        right = right && x[0] == (real)text->token[at - 1];
        for (size_t d = 1; right && d < dims; d++)
            right = x[d] == (d <= n ? (real)text->token[at + d - 1] : -1);
        at += n;
    }
    CU_ASSERT(right);
    CU_ASSERT_EQUAL(at, text->token_first[split + 1]);
    free(x);
}

/* Training windows: one from every token that has as many behind it as the context is long. */
static void check_train(const Dataset *dataset)
{
    const Text *text = dataset->text;
    size_t dims = (size_t)dataset->dims, n = dataset->count[SPLIT_TRAIN];
    real *x = memory_new(n * dims, sizeof *x);
    bool right = true;
    dataset_fetch_range(dataset, SPLIT_TRAIN, 0, n, NULL, x, NULL, NULL);
    for (size_t i = 0; i < n; i++) {
        right = right && text_predicted(dataset, SPLIT_TRAIN, i) == dataset->dims - 1;
        for (size_t d = 0; right && d < dims; d++)
            right = x[i * dims + d] == (real)text->token[i + d];
    }
    CU_ASSERT(right);
    CU_ASSERT_EQUAL(n + dims - 1, text->token_first[SPLIT_VALIDATION]);
    free(x);
}

static void test_windows(void)
{
    static const TokensKind kinds[] = {TOKENS_CHARACTERS, TOKENS_WORDS, TOKENS_BYTES, TOKENS_PAIRS};
    static const int contexts[] = {1, 2, 7, 50, 64};
    char *text = letters(2000, PROSE);
    for (size_t k = 0; k < 4; k++)
        for (size_t c = 0; c < 5; c++) {
            Dataset *dataset = text_of(text, 2000);
            cut(dataset, kinds[k], 300, contexts[c]);
            CU_ASSERT_EQUAL(dataset->dims, contexts[c] + 1);
            check_train(dataset);
            check_held_out(dataset, SPLIT_VALIDATION);
            check_held_out(dataset, SPLIT_TEST);
            dataset_free(dataset);
        }
    free(text);
}

/* The bytes of all windows are those of the split; of words, those that its tokens spell. */
static void test_bytes(void)
{
    char *text = letters(2000, PROSE);
    for (int kind = TOKENS_CHARACTERS; kind <= TOKENS_PAIRS; kind++) {
        Dataset *dataset = text_of(text, 2000);
        const Text *cut_text = dataset->text;
        cut(dataset, (TokensKind)kind, 300, 7);
        size_t first = cut_text->token_first[SPLIT_TEST], bytes = 0;
        for (size_t i = 0; i < dataset->count[SPLIT_TEST]; i++)
            bytes += text_bytes(dataset, SPLIT_TEST, i);
        char *before = tokens_decode(cut_text->tokens, cut_text->token, first);
        char *whole = tokens_decode(cut_text->tokens, cut_text->token, cut_text->count);
        CU_ASSERT_EQUAL(bytes, strlen(whole) - strlen(before));
        if (kind != TOKENS_WORDS)
            CU_ASSERT_EQUAL(bytes, 200);
        free(before);
        free(whole);
        dataset_free(dataset);
    }
    free(text);
}

/* A border that falls into a word: all splits can be read; where they meet, halves of words may. */
static void test_splits_between_words(void)
{
    enum { LINES = 20, WORDS = 14 };
    static const char line[] =
        "one two three four five six seven eight nine ten eleven twelve thirteen\n";
    char text[LINES * sizeof line] = "";
    for (int i = 0; i < LINES; i++)
        strcat(text, line);
    strcat(text, "one two");
    Dataset *dataset = text_of(text, strlen(text));
    size_t test = dataset->text->first[SPLIT_TEST];
    CU_ASSERT_EQUAL(test, strlen(text) * 90 / 100);
    CU_ASSERT_EQUAL(memcmp(dataset->text->byte + test, "o three", 7), 0);
    cut(dataset, TOKENS_WORDS, 0, 4);
    const Text *t = dataset->text;
    CU_ASSERT_EQUAL(t->first[SPLIT_VALIDATION] + 69,
                    test); /* a line but for "one", which joins "tw" */
    CU_ASSERT(t->count >= LINES * WORDS + 1 && t->count <= LINES * WORDS + 3);
    CU_ASSERT(t->tokens->count <= WORDS + 2); /* where splits meet, halves of words may */
    dataset_free(dataset);
}

/* ---------------------------------------------------------------- lines */

static Dataset *lines_of(const char *text, size_t train, size_t validation, size_t test)
{
    const size_t count[SPLITS] = {train, validation, test};
    return text_lines("lines", memory_text(text), count, TOKENS_CHARACTERS);
}

static void test_lines(void)
{
    Dataset *dataset = lines_of("ab\n\nabc\nb\nca\n", 2, 1, 2);
    const real wanted[][5] = {
        {0, 1, 2, 0, -1}, {0, 0, -1, -1, -1}, {0, 1, 2, 3, 0}, {0, 2, 0, -1, -1}, {0, 3, 1, 0, -1}};
    const int predicted[] = {3, 1, 4, 2, 3};
    cut(dataset, TOKENS_CHARACTERS, 0, 0);
    CU_ASSERT_EQUAL_FATAL(dataset->dims, 5); /* the longest line has four tokens */
    CU_ASSERT(dataset->count[0] == 2 && dataset->count[1] == 1 && dataset->count[2] == 2);
    for (int s = 0, line = 0; s < SPLITS; s++)
        for (uint32_t i = 0; i < dataset->count[s]; i++, line++) {
            real x[5];
            dataset_fetch(dataset, (Split)s, &i, 1, NULL, x, NULL, NULL);
            for (int d = 0; d < 5; d++)
                CU_ASSERT_EQUAL(x[d], wanted[line][d]);
            CU_ASSERT_EQUAL(text_predicted(dataset, (Split)s, i), predicted[line]);
            CU_ASSERT_EQUAL(text_bytes(dataset, (Split)s, i), (size_t)predicted[line]);
        }
    dataset_free(dataset);
    dataset = lines_of("a\nb\nc\n", 1, 1, 1);
    cut(dataset, TOKENS_CHARACTERS, 0, 9);
    CU_ASSERT_EQUAL(dataset->dims, 10);
    dataset_free(dataset);
}

static void test_lines_of_words(void)
{
    Dataset *dataset = lines_of("the cat ran\nhe ran\nthe cat\n", 1, 1, 1);
    const size_t bytes[] = {12, 7, 8};
    cut(dataset, TOKENS_WORDS, 0, 0);
    CU_ASSERT_EQUAL(dataset->dims, 5);
    for (int s = 0; s < SPLITS; s++)
        CU_ASSERT_EQUAL(text_bytes(dataset, (Split)s, 0), bytes[s]);
    CU_ASSERT_EQUAL(text_predicted(dataset, SPLIT_VALIDATION, 0), 3);
    char *line = dataset_describe(dataset);
    CU_ASSERT_STRING_EQUAL(line, "lines: sequences of at most 4 tokens; 1 to train, 1 to validate, "
                                 "1 to test");
    free(line);
    dataset_free(dataset);
}

/* ---------------------------------------------------------------- refused */

static void cut_short_context(void *context)
{
    (void)context;
    cut(lines_of("ab\nabcd\nb\n", 1, 1, 1), TOKENS_CHARACTERS, 0, 4);
}

static void cut_short_text(void *context)
{
    (void)context;
    cut(text_of("abcdefghijabcdefghij", 20), TOKENS_CHARACTERS, 0, 17);
}

static void cut_no_validation(void *context)
{
    (void)context;
    cut(text_of("abcde", 5), TOKENS_CHARACTERS, 0, 2);
}

static void cut_no_context(void *context)
{
    (void)context;
    cut(text_of("abcdefghij", 10), TOKENS_CHARACTERS, 0, 0);
}

static void cut_twice(void *context)
{
    Dataset *dataset = lines_of("ab\nabcd\nb\n", 1, 1, 1);
    (void)context;
    cut(dataset, TOKENS_CHARACTERS, 0, 0);
    cut(dataset, TOKENS_CHARACTERS, 0, 0);
}

/* Files of one to six bytes, valid or not: refused, or read. */
static void load_tiny(void *context)
{
    const char *text = context;
    cut(text_of(text, strlen(text)), TOKENS_BYTES, 0, 1);
}

static void test_tiny(void)
{
    static const char *const tiny[] = {"a",
                                       "\n",
                                       "ab",
                                       "\xed\x95\x9c",
                                       "\xf0\x9f\x98\x80",
                                       "a\xf0\x9f\x98\x80",
                                       "\n\x80\x80\x80",
                                       "\n\n\n\n\n\n"};
    for (size_t i = 0; i < sizeof tiny / sizeof *tiny; i++) {
        ChildResult result = child_run(load_tiny, (void *)tiny[i]);
        CU_ASSERT(child_said(&result, 1, "too short") || result.status == 0);
    }
}

static void load_empty(void *context)
{
    (void)context;
    text_of("", 0);
}

typedef struct Mistake {
    void (*make)(void *context);
    int status;
    const char *says;
} Mistake;

static void test_refused(void)
{
    static const Mistake mistakes[] = {
        {cut_short_context, 1,
         "lines: its longest line has 5 tokens, more than --context 4; choose --context 5 or more"},
        {cut_short_text, 1, "17 tokens to train on; --context 17 needs more than that"},
        {cut_no_validation, 1, "too short: nothing is left for one of train, validation and test"},
        {cut_no_context, 128 + 6, "a running text needs a context of at least 1"},
        {cut_twice, 128 + 6, "'lines' is cut already"},
        {load_empty, 1, "text.txt: empty; give a text to learn from"},
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        ChildResult result = child_run(mistakes[i].make, NULL);
        CU_ASSERT(child_said(&result, mistakes[i].status, mistakes[i].says));
    }
}

static void load(void *name)
{
    dataset_load(name);
}

/* Fetched sets that are not there, and files that are not the published ones. */
static void test_fetched(void)
{
    static const char *const sets[][3] = {{"shakespeare", "shakespeare", "tinyshakespeare.txt"},
                                          {"bible", "bible", "bible.txt"},
                                          {"names", "names", "names.txt"},
                                          {"names-unique", "names", "names.txt"}};
    char folder[256], *kept = getenv("LAB_DATA");
    kept = kept != NULL ? memory_text(kept) : NULL;
    folder_make(folder);
    setenv("LAB_DATA", folder, 1);
    for (int i = 0; i < 4; i++) {
        char *path = memory_format("%s/%s", folder, sets[i][1]);
        char *file = memory_format("%s/%s", path, sets[i][2]);
        char *get =
            memory_format("%s: not found. Get it with: make data DATA=%s", file, sets[i][1]);
        char *again = memory_format("%s: not the published file (its SHA-256 is a63d8014", file);
        ChildResult result = child_run(load, (char *)sets[i][0]);
        CU_ASSERT(child_said(&result, 1, get));
        file_make_folder(path);
        CU_ASSERT_PTR_NULL(file_write(file, "ab\n", 3));
        result = child_run(load, (char *)sets[i][0]);
        CU_ASSERT(child_said(&result, 1, again));
        remove(file);
        free(path);
        free(file);
        free(get);
        free(again);
    }
    if (kept != NULL)
        setenv("LAB_DATA", kept, 1);
    else
        unsetenv("LAB_DATA");
    free(kept);
    folder_remove(folder);
}

const Suite suite = {"data/text",
                     {{"splits by position", test_splits_by_position},
                      {"splits between characters", test_splits_between_characters},
                      {"windows", test_windows},
                      {"bytes", test_bytes},
                      {"splits between words", test_splits_between_words},
                      {"lines", test_lines},
                      {"lines of words", test_lines_of_words},
                      {"refused", test_refused},
                      {"files of a few bytes", test_tiny},
                      {"fetched", test_fetched},
                      {NULL, NULL}}};
