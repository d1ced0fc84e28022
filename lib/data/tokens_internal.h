/* What tokens.c, tokens_pairs.c and text.c share. */
#ifndef DATA_TOKENS_INTERNAL_H
#define DATA_TOKENS_INTERNAL_H

#include "data/tokens.h"

/* Appends a token with a copy of its bytes. */
void tokens_add(Tokens *tokens, const char *piece, int length);

/* What stands between words on a line. */
bool tokens_is_blank(char c);

/* at, or the beginning of the UTF-8 character that a cut there would divide. In bytes that are no
 * UTF-8 at most 3 before. */
size_t tokens_boundary(const char *text, size_t at);

/* Joins pairs of the training text until there are `most` tokens (256 .. TOKENS_MOST) or none is
 * there twice. The most frequent pair comes first, and of equally frequent ones that of the lower
 * numbers; a token has at most TOKENS_LONGEST bytes. Two tokens may have the same bytes where they
 * were joined in different ways.
 *
 * The text is cut into pieces first, over whose borders no pair reaches:
 *     a line break;
 *     a word, with the blank before it where there is one;
 *     any other blank.
 * What is longer than TOKENS_LONGEST bytes is cut at the last character's beginning within them,
 * and the rest is cut in the same way. */
void tokens_learn_pairs(Tokens *tokens, int most, const char *text, size_t bytes);

/* As tokens_encode; every text can be written. Within a piece the joins are made in the order in
 * which they were learnt, which is how the training text was joined. */
long tokens_encode_pairs(const Tokens *tokens, const char *text, size_t bytes, uint16_t *token);

#endif
