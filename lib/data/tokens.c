#include "data/tokens.h"

#include "data/tokens_internal.h"
#include "support/fail.h"
#include "support/memory.h"
#include "support/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *tokens_kind_name(TokensKind kind)
{
    static const char *const name[] = {"characters", "words", "bytes", "pairs"};
    return name[kind];
}

void tokens_add(Tokens *tokens, const char *piece, int length)
{
    if (tokens->count == TOKENS_MOST)
        fail("tokens: more than %d", TOKENS_MOST);
    char *kept = memory_new((size_t)length + 1, 1);
    memcpy(kept, piece, (size_t)length);
    tokens->piece[tokens->count] = kept;
    tokens->length[tokens->count++] = length;
}

bool tokens_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

size_t tokens_boundary(const char *text, size_t at)
{
    enum { MOST_BEHIND = 3 };
    for (size_t back = 0; back <= MOST_BEHIND && back <= at; back++)
        if (((unsigned char)text[at - back] & 0xc0) != 0x80)
            return at - back;
    return at;
}

/* ---------------------------------------------------------------- characters and words */

/* Bytes of the code point that begins here, or 0 where there is none. */
static int character_length(const char *text, size_t left)
{
    unsigned char lead = (unsigned char)text[0];
    int length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    return (size_t)length <= left && utf8_valid(text, (size_t)length) ? length : 0;
}

/* The next piece at *at, whose end becomes *at; its length, 0 at the end of the text, -1 where it
 * is no UTF-8 or a word is too long. Blanks between words are passed over. */
static int next_piece(TokensKind kind, const char *text, size_t bytes, size_t *at,
                      const char **piece)
{
    while (kind == TOKENS_WORDS && *at < bytes && tokens_is_blank(text[*at]))
        (*at)++;
    if (*at == bytes)
        return 0;
    int length = 1;
    *piece = text + *at;
    if (kind == TOKENS_CHARACTERS)
        length = character_length(*piece, bytes - *at);
    else if (text[*at] != '\n')
        while (*at + (size_t)length < bytes && !tokens_is_blank(text[*at + (size_t)length]) &&
               text[*at + (size_t)length] != '\n')
            length++;
    if (length == 0 || length > TOKENS_LONGEST)
        return -1;
    *at += (size_t)length;
    return length;
}

/* Order of the pieces: by their bytes, which for UTF-8 is the order of code points. */
static int compare(const char *a, int a_length, const char *b, int b_length)
{
    int common = a_length < b_length ? a_length : b_length;
    int order = memcmp(a, b, (size_t)common);
    return order != 0 ? order : a_length - b_length;
}

/* The place of a piece among the sorted ones, or where it would stand. */
static int place_of(const Tokens *tokens, const char *piece, int length, bool *found)
{
    int low = 0, high = tokens->count;
    while (low < high) {
        int middle = (low + high) / 2;
        if (compare(tokens->piece[middle], tokens->length[middle], piece, length) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *found =
        low < tokens->count && compare(tokens->piece[low], tokens->length[low], piece, length) == 0;
    return low;
}

static void insert(Tokens *tokens, int place, const char *piece, int length)
{
    tokens_add(tokens, piece, length);
    int last = tokens->count - 1;
    char *kept = tokens->piece[last];
    for (int i = last; i > place; i--) {
        tokens->piece[i] = tokens->piece[i - 1];
        tokens->length[i] = tokens->length[i - 1];
    }
    tokens->piece[place] = kept;
    tokens->length[place] = length;
}

static void collect(Tokens *tokens, const char *text, size_t bytes, const char *name)
{
    const char *piece;
    size_t at = 0;
    int length;
    while ((length = next_piece(tokens->kind, text, bytes, &at, &piece)) > 0) {
        bool found;
        int place = place_of(tokens, piece, length, &found);
        if (!found && tokens->count == TOKENS_MOST)
            refuse("%s: more than %d different %s; use --tokens pairs", name, TOKENS_MOST,
                   tokens->kind == TOKENS_WORDS ? "words" : "characters");
        if (!found)
            insert(tokens, place, piece, length);
    }
    if (length < 0 && tokens->kind == TOKENS_WORDS)
        refuse("%s: byte %zu begins a word of more than %d bytes; use --tokens characters", name,
               at, TOKENS_LONGEST);
    if (length < 0)
        refuse("%s: byte %zu is not UTF-8; save the file as UTF-8, or use --tokens bytes", name,
               at);
}

/* ---------------------------------------------------------------- all kinds */

Tokens *tokens_create(TokensKind kind, int most, const char *text, size_t bytes, size_t train,
                      const char *name)
{
    Tokens *tokens = memory_new(1, sizeof *tokens);
    tokens->kind = kind;
    tokens->piece = memory_new(TOKENS_MOST, sizeof *tokens->piece);
    tokens->length = memory_new(TOKENS_MOST, sizeof *tokens->length);
    if (kind == TOKENS_CHARACTERS || kind == TOKENS_WORDS)
        collect(tokens, text, bytes, name);
    else
        for (int b = 0; b < 256; b++)
            tokens_add(tokens, &(char){(char)b}, 1);
    if (kind == TOKENS_PAIRS)
        tokens_learn_pairs(tokens, most, text, train);
    return tokens;
}

void tokens_free(Tokens *tokens)
{
    if (tokens == NULL)
        return;
    for (int t = 0; t < tokens->count; t++)
        free(tokens->piece[t]);
    free(tokens->piece);
    free(tokens->length);
    free(tokens->merge);
    free(tokens);
}

static void fill_gap(TokensGap *gap, size_t at, const char *piece, int length)
{
    gap->at = at;
    memcpy(gap->symbol, piece, (size_t)length);
    gap->symbol[length] = '\0';
}

static long encode_pieces(const Tokens *tokens, const char *text, size_t bytes, uint16_t *token,
                          TokensGap *gap)
{
    const char *piece = "";
    size_t at = 0;
    long n = 0;
    int length;
    while ((length = next_piece(tokens->kind, text, bytes, &at, &piece)) > 0) {
        bool found;
        int place = place_of(tokens, piece, length, &found);
        if (!found) {
            fill_gap(gap, at - (size_t)length, piece, length);
            return -1;
        }
        token[n++] = (uint16_t)place;
    }
    if (length < 0 && tokens->kind == TOKENS_WORDS) /* longer than any, and never seen */
        fill_gap(gap, at, text + at, (int)tokens_boundary(text + at, TOKENS_LONGEST));
    else if (length < 0)
        fill_gap(gap, at, "", 0);
    return length < 0 ? -1 : n;
}

long tokens_encode(const Tokens *tokens, const char *text, size_t bytes, uint16_t *token,
                   TokensGap *gap)
{
    if (tokens->kind == TOKENS_CHARACTERS || tokens->kind == TOKENS_WORDS)
        return encode_pieces(tokens, text, bytes, token, gap);
    if (tokens->kind == TOKENS_PAIRS)
        return tokens_encode_pairs(tokens, text, bytes, token);
    for (size_t i = 0; i < bytes; i++)
        token[i] = (unsigned char)text[i];
    return (long)bytes;
}

static bool is_newline(const Tokens *tokens, int token)
{
    return tokens->length[token] == 1 && tokens->piece[token][0] == '\n';
}

char *tokens_decode(const Tokens *tokens, const uint16_t *token, size_t n)
{
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++)
        bytes += (size_t)tokens->length[token[i]] + 1;
    char *text = memory_new(bytes + 1, 1), *end = text;
    for (size_t i = 0; i < n; i++) {
        if (tokens->kind == TOKENS_WORDS && i > 0 && !is_newline(tokens, token[i]) &&
            !is_newline(tokens, token[i - 1]))
            *end++ = ' ';
        memcpy(end, tokens->piece[token[i]], (size_t)tokens->length[token[i]]);
        end += tokens->length[token[i]];
    }
    *end = '\0';
    return text;
}

int tokens_find(const Tokens *tokens, char byte)
{
    for (int t = 0; t < tokens->count; t++)
        if (tokens->length[t] == 1 && tokens->piece[t][0] == byte)
            return t;
    return -1;
}

char *tokens_show(const Tokens *tokens, int token, char text[TOKENS_SHOWN])
{
    const char *piece = tokens->piece[token];
    int length = tokens->length[token];
    char *end = text;
    bool readable = utf8_valid(piece, (size_t)length);
    for (int i = 0; i < length; i++) {
        unsigned char c = (unsigned char)piece[i];
        if (c == '\n')
            end += sprintf(end, "\\n");
        else if (c == ' ')
            end += sprintf(end, "_");
        else if (c < 0x20 || c == 0x7f || (c >= 0x80 && !readable))
            end += sprintf(end, "<%02X>", c);
        else
            *end++ = (char)c;
    }
    *end = '\0';
    return text;
}
