#include "data/text.h"

#include "data/sources.h"
#include "data/tokens_internal.h"
#include "support/fail.h"
#include "support/file.h"
#include "support/memory.h"

#include <stdlib.h>
#include <string.h>

Dataset *text_dataset(const char *name, char *byte, const size_t first[SPLITS + 1], bool lines,
                      TokensKind suits)
{
    Dataset *dataset = dataset_new(name, DATA_TOKENS, 1, 1, 1, 0);
    Text *text = memory_new(1, sizeof *text);
    text->byte = byte;
    text->bytes = first[SPLITS];
    memcpy(text->first, first, sizeof text->first);
    text->lines = lines;
    text->suits = suits;
    dataset->text = text;
    return dataset;
}

void text_free(Text *text)
{
    if (text == NULL)
        return;
    free(text->byte);
    free(text->log_prob);
    tokens_free(text->tokens);
    free(text->token);
    free(text->begin);
    free(text);
}

/* ---------------------------------------------------------------- cutting */

static bool between_words(char c)
{
    return c == '\n' || tokens_is_blank(c);
}

/* A running text is split by position, and a split that begins within a word begins behind it. */
static void split_between_words(Text *text)
{
    for (int s = 1; s < SPLITS; s++) {
        size_t *first = &text->first[s];
        while (*first > 0 && *first < text->bytes && !between_words(text->byte[*first - 1]) &&
               !between_words(text->byte[*first]))
            (*first)++;
    }
}

static void encode_splits(Dataset *dataset)
{
    Text *text = dataset->text;
    TokensGap gap;
    text->token = memory_new(text->bytes, sizeof *text->token);
    for (int s = 0; s < SPLITS; s++) { /* by themselves: no pair reaches from one into the next */
        long n =
            tokens_encode(text->tokens, text->byte + text->first[s],
                          text->first[s + 1] - text->first[s], text->token + text->count, &gap);
        if (n < 0)
            fail("text_cut: byte %zu of the %d. split of '%s' is no token", gap.at, s + 1,
                 dataset->name);
        if (n == 0)
            refuse("%s: too short: nothing is left for one of train, validation and test; give a "
                   "longer text",
                   dataset->name);
        text->token_first[s] = text->count;
        text->count += (size_t)n;
    }
    text->token_first[SPLITS] = text->count;
}

/* Finds the lines, and the longest. */
static size_t find_lines(Dataset *dataset)
{
    Text *text = dataset->text;
    size_t lines = 0, longest = 0;
    text->begin = memory_new(text->count + 1, sizeof *text->begin);
    for (int s = 0; s < SPLITS; s++) {
        size_t before = lines;
        for (size_t i = text->token_first[s]; i < text->token_first[s + 1]; i++) {
            if (text->token[i] != text->newline)
                continue;
            text->begin[++lines] = i + 1;
            size_t length = i + 1 - text->begin[lines - 1];
            longest = length > longest ? length : longest;
        }
        dataset->count[s] = lines - before;
    }
    return longest;
}

void text_cut(Dataset *dataset, Tokens *tokens, int context)
{
    Text *text = dataset->text;
    if (text->tokens != NULL)
        fail("text_cut: '%s' is cut already", dataset->name);
    if (context < 1 && !text->lines)
        fail("text_cut: a running text needs a context of at least 1");
    text->tokens = tokens;
    if (tokens->kind == TOKENS_WORDS && !text->lines)
        split_between_words(text);
    encode_splits(dataset);
    text->newline = tokens_find(tokens, '\n');
    if (text->lines) {
        size_t longest = find_lines(dataset);
        if (context > 0 && longest > (size_t)context)
            refuse("%s: its longest line has %zu tokens, more than --context %d; choose --context "
                   "%zu or more",
                   dataset->name, longest, context, longest);
        dataset->dims = (context > 0 ? context : (int)longest) + 1;
        return;
    }
    size_t width = (size_t)context;
    for (int s = 0; s < SPLITS; s++) {
        size_t n = text->token_first[s + 1] - text->token_first[s];
        if (s == SPLIT_TRAIN && n <= width)
            refuse(
                "%s: %zu tokens to train on; --context %d needs more than that; choose a smaller "
                "context or a longer text",
                dataset->name, n, context);
        dataset->count[s] = s == SPLIT_TRAIN ? n - width : (n + width - 1) / width;
    }
    dataset->dims = context + 1;
}

/* An example: its tokens from first on, of which the first is not predicted. In a set of lines the
 * token before is the '\n' of the line before, or a made one. */
typedef struct Window {
    size_t first; /* the first predicted token */
    size_t n;     /* how many are predicted     */
} Window;

static Window window_of(const Dataset *dataset, Split split, size_t example)
{
    const Text *text = dataset->text;
    size_t width = (size_t)dataset->dims - 1, first = text->token_first[split];
    if (text->lines) {
        size_t line = dataset_first(dataset, split) + example;
        return (Window){text->begin[line], text->begin[line + 1] - text->begin[line]};
    }
    if (split == SPLIT_TRAIN)
        return (Window){first + example + 1, width};
    size_t at = first + example * width, left = text->token_first[split + 1] - at;
    return (Window){at, left < width ? left : width};
}

int text_predicted(const Dataset *dataset, Split split, size_t example)
{
    return (int)window_of(dataset, split, example).n;
}

size_t text_bytes(const Dataset *dataset, Split split, size_t example)
{
    const Text *text = dataset->text;
    const Tokens *tokens = text->tokens;
    Window w = window_of(dataset, split, example);
    size_t bytes = 0;
    for (size_t i = w.first; i < w.first + w.n; i++) {
        bool word = tokens->kind == TOKENS_WORDS && text->token[i] != text->newline;
        bool blank = word && i > 0 && text->token[i - 1] != text->newline; /* before it */
        bytes += (size_t)tokens->length[text->token[i]] + blank;
    }
    return bytes;
}

void text_fetch(const Dataset *dataset, Split split, size_t example, real *x)
{
    const Text *text = dataset->text;
    Window w = window_of(dataset, split, example);
    x[0] = (real)(text->lines ? text->newline : text->token[w.first - 1]);
    for (size_t i = 0; i < (size_t)dataset->dims - 1; i++)
        x[i + 1] = i < w.n ? (real)text->token[w.first + i] : -1;
}

/* ---------------------------------------------------------------- files */

/* The next beginning of a line from a byte on; where there is none, of a word, or of a character.
 */
static size_t border(const char *byte, size_t from, size_t end)
{
    const char *before = memchr(byte + from, '\n', end - from);
    if (before == NULL)
        before = memchr(byte + from, ' ', end - from);
    return before != NULL ? (size_t)(before - byte) + 1 : tokens_boundary(byte, from);
}

/* Splits of a running text by position: the last tenth is the test, as in nanoGPT. A twentieth from
 * the middle is for choosing: taken from right before the test, it would leave nothing of the play
 * that the test is from to be learnt. */
static Dataset *running_text(const char *name, char *byte, size_t bytes)
{
    size_t test = tokens_boundary(byte, bytes * 90 / 100);
    size_t begin = bytes * 425 / 1000, end = bytes * 475 / 1000;
    begin = begin < test ? begin : test; /* in a text of a few bytes */
    end = end < test ? end : test;
    size_t from = border(byte, begin, test), to = border(byte, end, test);
    if (from == to) { /* no line begins between them: a short text */
        from = tokens_boundary(byte, begin);
        to = tokens_boundary(byte, end);
    }
    from = from < to ? from : to;
    size_t held = to - from;
    char *validation = memory_new(held + 1, 1);
    memcpy(validation, byte + from, held);
    memmove(byte + from, byte + to, test - to);
    memcpy(byte + test - held, validation, held);
    free(validation);
    size_t first[SPLITS + 1] = {0, test - held, test, bytes};
    return text_dataset(name, byte, first, false, TOKENS_CHARACTERS);
}

Dataset *text_read(const char *path)
{
    size_t bytes;
    char *byte = file_read(path, &bytes);
    if (bytes == 0)
        refuse("%s: empty; give a text to learn from", path);
    return running_text(path, byte, bytes);
}

Dataset *text_load(const char *name)
{
    size_t bytes;
    char *byte = NULL;
    if (strcmp(name, "shakespeare") == 0)
        byte =
            source_file(name, "tinyshakespeare.txt",
                        "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed", &bytes);
    else if (strcmp(name, "bible") == 0)
        byte =
            source_file(name, "bible.txt",
                        "cd45f0c9cedab8e4439bd6486c8952c77cc8b0ecc5d1f6ae3513f2039f47229d", &bytes);
    return byte != NULL ? running_text(name, byte, bytes) : NULL;
}
