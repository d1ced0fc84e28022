/* Looking into the network at one sequence. */
#ifndef GPT_LOOK_H
#define GPT_LOOK_H

#include "06-transformer/gpt.h"

/* What the network computes for token [n]: valid until the tape is reset. */
typedef struct GptLook {
    int n;
    Tensor *logits;                     /* [n, vocabulary]: behind each position               */
    Tensor *attention[GPT_MOST_BLOCKS]; /* weights of each block: tensor_attention_weights */
} GptLook;

GptLook gpt_look(Gpt *gpt, Tape *tape, const int *token, int n);

/* Attention of a block's head: [n, n], row t: how much position t looks at each. */
const real *gpt_look_head(const GptLook *look, int block, int head);

/* The prompt of --prompt, or the first tokens of the data's split, at most `most` (at most the
 * context); -> how many. */
int gpt_look_tokens(const Gpt *gpt, const Task *task, int most, int *token);

/* Figure NAME: attention of all heads between the tokens, a row of pictures a block, a column a
 * head. */
void gpt_look_figure(const Gpt *gpt, const GptLook *look, const int *token, Figures *figures,
                     const char *name);

/* Figure NAME: the likeliest next tokens behind the last position, as bars. Prints them too when
 * out is not NULL. */
void gpt_next_figure(const Gpt *gpt, const GptLook *look, Figures *figures, const char *name,
                     double temperature, FILE *out);

#endif
