/* Tokens: the whole numbers that a text becomes, and back.
 *
 *     characters   the code points of the corpus, in their order                (65 in Shakespeare)
 *     words        its words; blanks stand between them                         (the grammar)
 *     bytes        256 of them: any text at all                                 (Korean too)
 *     pairs        bytes, and the pairs of tokens that are most frequent in the training text,
 *                  joined again and again (Sennrich, Haddow & Birch 2016, arXiv:1508.07909, sec. 3)
 *
 * A text has one canonical sequence of tokens. Through pairs it has other ones too, so that the
 * probability of the canonical one is a lower bound of the text's. */
#ifndef DATA_TOKENS_H
#define DATA_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum TokensKind { TOKENS_CHARACTERS, TOKENS_WORDS, TOKENS_BYTES, TOKENS_PAIRS } TokensKind;

enum { TOKENS_MOST = 32768, TOKENS_LONGEST = 64 };

typedef struct Tokens {
    TokensKind kind;
    int count;       /* token t is 0 .. count-1                                     */
    char **piece;    /* [count]: its bytes ...                                          */
    int *length;     /* ... and how many there are                                     */
    int (*merge)[2]; /* [count - 256], of pairs: token 256 + i is these two; else NULL      */
} Tokens;

/* Of the corpus text [bytes], whose first `train` bytes are for training: characters and words are
 * those of all of it (a model must be able to give each a probability), pairs are learnt from the
 * training text until there are `most` tokens or no pair is there twice. Refuses text that is not
 * UTF-8 where characters are asked for, and more than TOKENS_MOST tokens; name is for the message.
 * Free with tokens_free. */
Tokens *tokens_create(TokensKind kind, int most, const char *text, size_t bytes, size_t train,
                      const char *name);
void tokens_free(Tokens *tokens);

/* Where a text can't be written with these tokens. */
typedef struct TokensGap {
    size_t at;                       /* its byte */
    char symbol[TOKENS_LONGEST + 1]; /* what was never seen, of a longer word the beginning; ""
                                        where the bytes are no UTF-8 */
} TokensGap;

/* text [bytes] -> token [at most bytes]; returns how many, or -1 and fills gap. */
long tokens_encode(const Tokens *tokens, const char *text, size_t bytes, uint16_t *token,
                   TokensGap *gap);

/* The bytes of n tokens, with a zero byte behind them; free with free(). */
char *tokens_decode(const Tokens *tokens, const uint16_t *token, size_t n);

/* The token of a single byte such as '\n', or -1. */
int tokens_find(const Tokens *tokens, char byte);

/* A token as people can read it, for axes and bars: \n, a blank as a low line, bytes that are no
 * text as <E2>; into text, which is returned. */
enum { TOKENS_SHOWN = 4 * TOKENS_LONGEST + 1 };
char *tokens_show(const Tokens *tokens, int token, char text[TOKENS_SHOWN]);

/* "characters", "words", "bytes", "pairs" */
const char *tokens_kind_name(TokensKind kind);

#endif
