/* Writing: the next token is drawn, joins what the network sees, and so on. */
#ifndef GPT_GENERATE_H
#define GPT_GENERATE_H

#include "06-transformer/gpt.h"
#include "prob/categorical.h"

/* Several sequences of equal length, side by side. */
typedef struct GptWriter GptWriter;

/* cached: keys and values of the positions before are kept, so that a token costs one position
 * instead of all of them; the numbers are the same up to rounding. Free with gpt_writer_free. */
GptWriter *gpt_writer_create(Gpt *gpt, int sequences, bool cached);
void gpt_writer_free(GptWriter *writer);

/* Appends a token to each sequence: token [sequences]. A full context starts again from its last
 * half, with or without the cache. */
void gpt_writer_add(GptWriter *writer, const int *token);

/* Scores of the next token of each sequence [sequences, vocabulary], valid until the next call. */
const real *gpt_writer_scores(GptWriter *writer);

Gpt *gpt_writer_model(const GptWriter *writer);
int gpt_writer_sequences(const GptWriter *writer);

/* Bytes in use: of the keys and values so far, or without the cache of the memory that all
 * positions go through. */
size_t gpt_writer_bytes(const GptWriter *writer);

/* ---------------------------------------------------------------- what a user asks for */

/* Refuses an encoder for a command that writes. */
void gpt_need_decoder(const Gpt *gpt, const char *command);

typedef struct GptWish {
    CategoricalCut cut;
    long length; /* tokens at most */
    long sweeps; /* of an encoder: draws of each place */
    bool cached;
    const char *prompt; /* NULL: none */
    const char *option; /* that it came from, for messages */
} GptWish;

/* From the options temperature, top-k and top-p. */
CategoricalCut gpt_cut_of(const Options *options);

/* From sample's options; NULL: as they are when nothing is typed. */
GptWish gpt_wish_of(const Options *options);

/* The tokens of a prompt: token [context] -> how many. Lines begin with a '\n', and so does a
 * running text without a prompt. Refuses symbols that were never seen, text that is not UTF-8, and
 * more tokens than the network sees; option is the word for the message. */
int gpt_prompt_tokens(const Gpt *gpt, const char *prompt, const char *option, uint16_t *token);

/* Whether its first token is a '\n' that nobody typed. */
bool gpt_prompt_begun(const Gpt *gpt, const char *prompt);

/* stream [sequences]: what each draws from. Draws on from the tokens so far, which every sequence
 * begins with: token [sequences, length + prompt], n [sequences]: how many there are then, the
 * prompt's included. A line ends behind its '\n'. */
void gpt_write(GptWriter *writer, const GptWish *wish, Rng *stream, const uint16_t *prompt,
               int prompt_tokens, uint16_t *token, long *n);

/* Fills rows first_row .. of n images x [n, pixels], whose rows before are given; means: their
 * pixels' probabilities instead of draws, given what was drawn before them. */
void gpt_draw_rows(const Gpt *gpt, Tape *tape, Rng *noise, int n, int first_row, bool means,
                   real *x);

#endif
