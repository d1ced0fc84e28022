/* Tokens: what a text becomes and back, pairs that can be joined by hand, gaps and their places. */
#include "data/tokens.h"
#include "data/tokens_internal.h"
#include "harness/suite.h"
#include "support/memory.h"
#include "support/rng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Tokens *tokens_of(TokensKind kind, int most, const char *text, size_t bytes)
{
    return tokens_create(kind, most, text, bytes, bytes, "text");
}

/* Whether the text comes back whole, out of tokens that are all there. */
static bool comes_back(const Tokens *tokens, const char *text, size_t bytes)
{
    uint16_t *token = memory_new(bytes, sizeof *token);
    TokensGap gap;
    long n = tokens_encode(tokens, text, bytes, token, &gap);
    bool right = n >= 0 && (size_t)n <= bytes;
    for (long i = 0; right && i < n; i++)
        right = token[i] < tokens->count;
    char *back = right ? tokens_decode(tokens, token, (size_t)n) : memory_text("");
    right = right && memcmp(back, text, bytes) == 0 && back[bytes] == '\0';
    free(back);
    free(token);
    return right;
}

static const char ENGLISH[] = "the cat saw the cats\nand the dog\n\nthe cats  ran\t away \r\n";
static const char KOREAN[] = "나는 책을 읽는다.\n너는 책을 쓴다.\n책과 책 사이\n";
static const char CANONICAL[] = "the cat saw the cats\nthe dog\n\nran 책을 읽는다\n";

static void test_texts_come_back(void)
{
    const char *const texts[] = {ENGLISH, KOREAN, CANONICAL, "", "x", "\n", " ", "a\n\n \n b "};
    const TokensKind kinds[] = {TOKENS_CHARACTERS, TOKENS_BYTES, TOKENS_PAIRS};
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            Tokens *tokens = tokens_of(kinds[k], 300, texts[t], strlen(texts[t]));
            CU_ASSERT(comes_back(tokens, texts[t], strlen(texts[t])));
            CU_ASSERT(kinds[k] == TOKENS_CHARACTERS || comes_back(tokens, KOREAN, strlen(KOREAN)));
            tokens_free(tokens);
        }
    Tokens *tokens = tokens_of(TOKENS_WORDS, 0, CANONICAL, strlen(CANONICAL));
    CU_ASSERT_EQUAL(tokens->count, 9); /* eight words and the line break */
    CU_ASSERT(comes_back(tokens, CANONICAL, strlen(CANONICAL)));
    tokens_free(tokens);
}

/* Bytes of all values, with and without structure: nothing is lost. */
static void test_any_bytes_come_back(void)
{
    enum { BYTES = 20000 };
    char *text = memory_new(BYTES, 1), *other = memory_new(BYTES, 1);
    Rng rng = rng_stream(1, "bytes");
    for (int i = 0; i < BYTES; i++) {
        text[i] = (char)rng_below(&rng, 256);
        other[i] = (char)(i / 3000 % 2 == 0 ? rng_below(&rng, 3) + 0x80 : rng_below(&rng, 256));
    }
    for (int most = 256; most <= 1024; most *= 2) {
        Tokens *tokens = tokens_of(TOKENS_PAIRS, most, other, BYTES);
        CU_ASSERT_EQUAL(tokens->count, most);
        CU_ASSERT(comes_back(tokens, text, BYTES));
        CU_ASSERT(comes_back(tokens, other, BYTES));
        tokens_free(tokens);
    }
    Tokens *tokens = tokens_of(TOKENS_BYTES, 0, text, BYTES);
    CU_ASSERT_EQUAL(tokens->count, 256);
    CU_ASSERT(comes_back(tokens, text, BYTES));
    tokens_free(tokens);
    free(other);
    free(text);
}

static void test_order_of_pieces(void)
{
    const char text[] = "b글a한\nb";
    Tokens *tokens = tokens_of(TOKENS_CHARACTERS, 0, text, strlen(text));
    const char *const piece[] = {"\n", "a", "b", "글", "한"};
    CU_ASSERT_EQUAL_FATAL(tokens->count, 5);
    for (int t = 0; t < 5; t++)
        CU_ASSERT_STRING_EQUAL(tokens->piece[t], piece[t]);
    CU_ASSERT_EQUAL(tokens_find(tokens, '\n'), 0);
    CU_ASSERT_EQUAL(tokens_find(tokens, 'b'), 2);
    CU_ASSERT_EQUAL(tokens_find(tokens, 'c'), -1);
    tokens_free(tokens);
    tokens = tokens_of(TOKENS_WORDS, 0, "be a bee  a\n", 12);
    const char *const word[] = {"\n", "a", "be", "bee"};
    CU_ASSERT_EQUAL_FATAL(tokens->count, 4);
    for (int t = 0; t < 4; t++)
        CU_ASSERT_STRING_EQUAL(tokens->piece[t], word[t]);
    tokens_free(tokens);
}

/* ---------------------------------------------------------------- pairs */

typedef struct Known {
    const char *text;
    const char *tokens; /* the tokens after 255, each behind a bar */
    const char *shows;  /* the text in its tokens                   */
} Known;

static const Known KNOWN[] = {
    /* four times ab; then nothing is there twice */
    {"abab ab\nab", "|ab", "|ab|ab|_|ab|\\n|ab"},
    /* three pairs twice: the lowest numbers first, and 'dc' before '_b' with 'a' */
    {"dc dc ba ba", "|_b|dc|_ba", "|dc|_|dc|_ba|_ba"},
    /* pairs that overlap are joined from the left */
    {"aaaa aaa", "|aa", "|aa|aa|_|aa|a"},
    /* a blank belongs to the word behind it, a second one and one at the end do not */
    {"xy  xy xy ", "|xy|_xy", "|xy|_|_xy|_xy|_"},
    /* no pair reaches over a line break */
    {"a\na\na\na\n", "", "|a|\\n|a|\\n|a|\\n|a|\\n"},
    /* tokens are joined like letters: ew before ne and we, all three times; 261 tokens are enough
     */
    {"newest newest newer", "|ew|new|newe|_newe|st", "|newe|st|_newe|st|_newe|r"},
    {"", "", ""},
};

static void append_shown(const Tokens *tokens, int token, char *text)
{
    char shown[TOKENS_SHOWN];
    strcat(strcat(text, "|"), tokens_show(tokens, token, shown));
}

static void test_pairs_by_hand(void)
{
    for (size_t k = 0; k < sizeof KNOWN / sizeof *KNOWN; k++) {
        size_t bytes = strlen(KNOWN[k].text);
        Tokens *tokens = tokens_of(TOKENS_PAIRS, 261, KNOWN[k].text, bytes);
        char learnt[256] = "", shows[256] = "";
        uint16_t token[32];
        TokensGap gap;
        for (int t = 256; t < tokens->count; t++)
            append_shown(tokens, t, learnt);
        CU_ASSERT_STRING_EQUAL(learnt, KNOWN[k].tokens);
        long n = tokens_encode(tokens, KNOWN[k].text, bytes, token, &gap);
        for (long i = 0; i < n; i++)
            append_shown(tokens, token[i], shows);
        CU_ASSERT_STRING_EQUAL(shows, KNOWN[k].shows);
        tokens_free(tokens);
    }
}

/* Where the pieces of the slow encoder begin: text of a, b, blanks and line breaks, words of at
 * most TOKENS_LONGEST. */
static bool begins_piece(const char *text, size_t at)
{
    return at == 0 || text[at] == ' ' || text[at] == '\n' || text[at - 1] == '\n';
}

/* A text in tokens, and where the pieces begin. */
typedef struct Slow {
    int *token;
    bool *begins;
    size_t n;
} Slow;

static void slow_join(Slow *slow, int left, int right, int made)
{
    size_t kept = 0;
    for (size_t i = 0; i < slow->n; i++, kept++) {
        bool joins = i + 1 < slow->n && slow->token[i] == left && slow->token[i + 1] == right &&
                     !slow->begins[i + 1];
        slow->begins[kept] = slow->begins[i];
        slow->token[kept] = joins ? made : slow->token[i];
        i += joins;
    }
    slow->n = kept;
}

/* The most frequent pair, of equal ones the lowest; whether any is there twice. */
static bool slow_best(const Slow *slow, int tokens, int best[2])
{
    int *count = memory_new((size_t)tokens * (size_t)tokens, sizeof *count), most = 1;
    for (size_t i = 0; i + 1 < slow->n; i++)
        count[slow->token[i] * tokens + slow->token[i + 1]] += !slow->begins[i + 1];
    for (int p = 0; p < tokens * tokens; p++)
        if (count[p] > most) {
            most = count[p];
            best[0] = p / tokens;
            best[1] = p % tokens;
        }
    free(count);
    return most > 1;
}

/* The definition, counted anew for each join, gives the same joins and the same tokens. */
static void test_pairs_as_defined(void)
{
    enum { BYTES = 3000, MOST = 320, TEXTS = 4 };
    static const char letters[] = "abaabb \n";
    for (int t = 0; t < TEXTS; t++) {
        char *text = memory_new(BYTES, 1);
        uint16_t *token = memory_new(BYTES, sizeof *token);
        Slow slow = {memory_new(BYTES, sizeof(int)), memory_new(BYTES, sizeof(bool)), BYTES};
        Rng rng = rng_stream((uint64_t)t, "text");
        TokensGap gap;
        for (size_t i = 0; i < BYTES; i++) {
            text[i] = letters[rng_below(&rng, (uint64_t)(t < 2 ? 8 : 7))];
            slow.token[i] = (unsigned char)text[i];
            slow.begins[i] = begins_piece(text, i);
        }
        Tokens *tokens = tokens_of(TOKENS_PAIRS, MOST, text, BYTES);
        bool same = tokens->count > 280;
        for (int made = 256; same && made < tokens->count; made++) {
            int best[2] = {0};
            same = slow_best(&slow, made, best) && best[0] == tokens->merge[made - 256][0] &&
                   best[1] == tokens->merge[made - 256][1];
            slow_join(&slow, best[0], best[1], made);
        }
        CU_ASSERT(same);
        CU_ASSERT_EQUAL(tokens_encode(tokens, text, BYTES, token, &gap), (long)slow.n);
        for (size_t i = 0; same && i < slow.n; i++)
            same = token[i] == slow.token[i];
        CU_ASSERT(same);
        tokens_free(tokens);
        free(slow.token);
        free(slow.begins);
        free(token);
        free(text);
    }
}

/* Words without end: tokens stay short, characters stay whole at the cuts. */
static void test_long_words(void)
{
    enum { LENGTH = 1000 };
    char text[3 * LENGTH];
    memset(text, 'a', sizeof text);
    Tokens *tokens = tokens_of(TOKENS_PAIRS, 1000, text, sizeof text);
    CU_ASSERT_EQUAL(tokens->count, 262); /* 2, 4 .. 64 letters */
    CU_ASSERT_EQUAL(tokens->length[261], TOKENS_LONGEST);
    CU_ASSERT(comes_back(tokens, text, sizeof text));
    tokens_free(tokens);
    for (int i = 0; i < LENGTH; i++)
        memcpy(text + (ptrdiff_t)3 * i, "한", 3);
    tokens = tokens_of(TOKENS_PAIRS, 1000, text, sizeof text);
    for (int t = 257; t < tokens->count; t++) /* the first is half a character */
        CU_ASSERT_EQUAL(tokens->length[t] % 3, 0);
    CU_ASSERT(comes_back(tokens, text, sizeof text));
    tokens_free(tokens);
}

static void test_boundaries(void)
{
    const char text[] = "a한b\x80\x80\x80\x80\x80";
    const size_t wanted[] = {0, 1, 1, 1, 4, 4, 4, 4, 8, 9};
    for (size_t at = 0; at < sizeof wanted / sizeof *wanted; at++)
        CU_ASSERT_EQUAL(tokens_boundary(text, at), wanted[at]);
}

static void learn_too_few(void *context)
{
    (void)context;
    tokens_of(TOKENS_PAIRS, 255, "ab", 2);
}

static void test_too_few_pairs(void)
{
    ChildResult result = child_run(learn_too_few, NULL);
    CU_ASSERT(child_said(&result, 128 + 6, "255 tokens; there are from 256 to 32768"));
    Tokens *tokens = tokens_of(TOKENS_PAIRS, 256, "abab", 4);
    CU_ASSERT_EQUAL(tokens->count, 256);
    tokens_free(tokens);
}

/* ---------------------------------------------------------------- gaps */

typedef struct Gap {
    TokensKind kind;
    const char *known, *text;
    size_t at;
    const char *symbol;
} Gap;

#define LONG_WORD "0123456789012345678901234567890123456789012345678901234567890123"

static const Gap GAPS[] = {
    {TOKENS_CHARACTERS, "abc\n", "abcabd", 5, "d"},
    {TOKENS_CHARACTERS, "ab한", "a한b글", 5, "글"},
    {TOKENS_CHARACTERS, "ab한", "ab\xed\x95", 2, ""},
    {TOKENS_CHARACTERS, "ab한", "a\x9c", 1, ""},
    {TOKENS_WORDS, "the cat\n", "the  dog", 5, "dog"},
    {TOKENS_WORDS, "the cat\n", "the\ncat", 7, NULL},
    {TOKENS_WORDS, "the cat", "the\ncat", 3, "\n"},
    {TOKENS_WORDS, "the cat", "the " LONG_WORD "4 cat", 4, LONG_WORD},
    {TOKENS_BYTES, "", "\xff\xfe", 0, NULL},
};

static void test_gaps(void)
{
    for (size_t g = 0; g < sizeof GAPS / sizeof *GAPS; g++) {
        const Gap *row = &GAPS[g];
        uint16_t token[128];
        TokensGap gap = {0};
        Tokens *tokens = tokens_of(row->kind, 0, row->known, strlen(row->known));
        long n = tokens_encode(tokens, row->text, strlen(row->text), token, &gap);
        CU_ASSERT_EQUAL(n < 0, row->symbol != NULL);
        if (row->symbol != NULL) {
            CU_ASSERT_EQUAL(gap.at, row->at);
            CU_ASSERT_STRING_EQUAL(gap.symbol, row->symbol);
        }
        tokens_free(tokens);
    }
}

static void create_characters(void *text)
{
    tokens_of(TOKENS_CHARACTERS, 0, text, strlen(text));
}

static void create_words(void *text)
{
    tokens_of(TOKENS_WORDS, 0, text, strlen(text));
}

static void test_refused_texts(void)
{
    char latin[] = "caf\xe9 ol\xe9", word[] = "one " LONG_WORD "4";
    ChildResult result = child_run(create_characters, latin);
    CU_ASSERT(child_said(&result, 1,
                         "text: byte 3 is not UTF-8; save the file as UTF-8, or use "
                         "--tokens bytes"));
    result = child_run(create_words, word);
    CU_ASSERT(child_said(&result, 1, "text: byte 4 begins a word of more than 64 bytes"));
}

static void test_shown(void)
{
    const char text[] = "a \n\t한\xed\x95";
    const char *const shown[] = {"a", "_", "\\n", "<09>", "<ED>", "<95>", "<9C>"};
    Tokens *tokens = tokens_of(TOKENS_BYTES, 0, "", 0);
    char out[TOKENS_SHOWN];
    for (int i = 0; i < 7; i++)
        CU_ASSERT_STRING_EQUAL(tokens_show(tokens, (unsigned char)text[i], out), shown[i]);
    tokens_free(tokens);
    tokens = tokens_of(TOKENS_WORDS, 0, "한글 x", 8);
    CU_ASSERT_STRING_EQUAL(tokens_show(tokens, 1, out), "한글");
    tokens_free(tokens);
}

const Suite suite = {"data/tokens",
                     {{"texts come back", test_texts_come_back},
                      {"any bytes come back", test_any_bytes_come_back},
                      {"order of pieces", test_order_of_pieces},
                      {"pairs by hand", test_pairs_by_hand},
                      {"pairs as defined", test_pairs_as_defined},
                      {"long words", test_long_words},
                      {"boundaries", test_boundaries},
                      {"too few pairs", test_too_few_pairs},
                      {"gaps", test_gaps},
                      {"refused texts", test_refused_texts},
                      {"shown", test_shown},
                      {NULL, NULL}}};
