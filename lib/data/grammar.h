/* Sentences of a small English whose probabilities are known: a probabilistic context-free grammar,
 * for models of sequences that are to be compared with the truth. n, m: singular or plural; d: how
 * many relative clauses a phrase is in.
 *
 *     S         -> NP_n(0) VP_n(0) line break
 *     NP_n(d)   -> Det_n N_n  |  Det_n Adj N_n
 *                | Det_n N_n that VP_n(d+1)  |  Det_n N_n that NP_m(d+1) Vt_m
 *     VP_n(d)   -> Vi_n  |  Vt_n NP_m(d)
 *
 * The number of a noun phrase is drawn, that of a verb is its subject's, however far away. At the
 * depth GRAMMAR_DEPTH the two rules with a relative clause have probability 0, so that sentences
 * end and sums over them are finite. The word classes and the numbers within a class, adjectives
 * excepted, have no word in common, and one word ahead tells which rule comes: the grammar is
 * LL(1). So a sentence has one derivation, and the probability of its words is that of its
 * derivation. */
#ifndef DATA_GRAMMAR_H
#define DATA_GRAMMAR_H

#include "support/rng.h"

#include <stddef.h>

/* The longest sentence: tokens (the line break is one), and more bytes than it has. */
enum { GRAMMAR_DEPTH = 4, GRAMMAR_LONGEST = 40, GRAMMAR_BYTES = 400 };

/* log probability, nats, of words with one blank between them, with or without the line break
 * behind; -INFINITY for what is no sentence. */
double grammar_log_prob(const char *sentence, size_t bytes);

/* A sentence with its line break into text, not ended by a zero byte; how many bytes it has. */
size_t grammar_draw(Rng *rng, char text[GRAMMAR_BYTES]);

/* The entropy of a sentence, nats, exact; the expected number of its tokens, the line break
 * included. */
double grammar_entropy(void);
double grammar_words(void);

#endif
