/* Texts: data sets of kind DATA_TOKENS. A text is bytes; which tokens they are read as is the
 * model's choice, so a loaded text has no examples until text_cut makes them.
 *
 * Running text is one stream. TRAIN examples are its windows of `context` + 1 tokens, from every
 * position; VALIDATION and TEST are cut into windows that do not overlap, each with the token
 * before it, so that every token is predicted once. (The first window has before it what is stored
 * there: the end of the split before.)
 *
 * In a set of lines every line with its '\n' is an example, behind a '\n' that begins it.
 *
 * An example is dims = context + 1 numbers: tokens, and -1 behind the last one. */
#ifndef DATA_TEXT_H
#define DATA_TEXT_H

#include "data/dataset.h"
#include "data/tokens.h"

typedef struct Text {
    char *byte; /* the corpus, training text first, then validation, then test */
    size_t bytes;
    size_t first[SPLITS + 1]; /* the splits' first bytes, and the end                         */
    bool lines;
    TokensKind suits;  /* the tokens to read it as, where the user does not say                   */
    double *log_prob;  /* [lines]: of each line under the true distribution; NULL: unknown        */
    char answer_after; /* behind this byte the rest of a line is right or wrong; 0: there is none */

    /* Set by text_cut. */
    Tokens *tokens;
    uint16_t *token; /* [count] */
    size_t count;
    size_t token_first[SPLITS + 1]; /* the splits' first tokens, and the end */
    size_t *begin; /* [lines + 1]: the first token of each line, and the end; NULL if running */
    int newline;   /* the token of '\n', -1 if there is none                                      */
} Text;

/* A set of that name made of a text, whose splits end at first[1 .. 3]. Takes the bytes over. */
Dataset *text_dataset(const char *name, char *byte, const size_t first[SPLITS + 1], bool lines,
                      TokensKind suits);
void text_free(Text *text);

/* A set of lines, each ended by '\n': the first count[0] are for training, the next count[1] for
 * validation, the last count[2] are the test. Takes the bytes over. */
Dataset *text_lines(const char *name, char *byte, const size_t count[SPLITS], TokensKind suits);

/* Names, one a line: shuffled, but always the same way for a set's name; 80 % to train, 10 % to
 * validate, 10 % to test. distinct: of equal lines only the first. */
Dataset *text_names(const char *name, const char *byte, size_t bytes, bool distinct);

/* Reads the text as tokens, which it takes over, and sets dims and count; once. Refuses lines of
 * more tokens than the context, and splits without a token. context 0: as long as the longest line
 * (lines only). Words of a running text: a split that begins within a word begins behind it. */
void text_cut(Dataset *dataset, Tokens *tokens, int context);

/* How many tokens an example predicts, and the bytes they stand for; of words, with the blank
 * between a word and the word before it. */
int text_predicted(const Dataset *dataset, Split split, size_t example);
size_t text_bytes(const Dataset *dataset, Split split, size_t example);

/* Called by dataset_fetch. */
void text_fetch(const Dataset *dataset, Split split, size_t example, real *x);

/* FILE.txt: running text. The last 10 % is the test, 5 % from the middle on are to validate,
 * beginning and ending with a line where there are lines, the rest is to train; a border within a
 * UTF-8 character is moved before it. */
Dataset *text_read(const char *path);

#endif
