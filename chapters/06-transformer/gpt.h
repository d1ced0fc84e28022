/* The transformer of this chapter: tokens of a text, the rows of a binary image, or the coordinates
 * of a point (gpt_points.h), one after the other.
 *
 * Decoder (objective "next"): log p(x) = sum_t log p(x_t | x_<t), exact.
 * Encoder (objective "masked"): p(x_t | all others) for tokens that were hidden; no likelihood.
 * Sources: Vaswani et al. (2017), arXiv:1706.03762; Radford et al. (2018), "Improving language
 * understanding by generative pre-training"; Devlin et al. (2019), arXiv:1810.04805, sec. 3.1;
 * within a row Germain et al. (2015), arXiv:1502.03509. */
#ifndef GPT_H
#define GPT_H

#include "data/text.h"
#include "nn/embedding.h"
#include "nn/masked.h"
#include "nn/transformer.h"
#include "train/family.h"

typedef enum GptObjective { GPT_NEXT, GPT_MASKED } GptObjective;
typedef enum GptPositions { GPT_LEARNED, GPT_ROTARY } GptPositions;

enum { GPT_MOST_BLOCKS = 32 };

typedef struct Gpt {
    Model model;
    GptObjective objective;
    int context; /* positions: of tokens, the rows of an image, or a point's coordinates */
    int width, blocks, heads;
    real dropout;
    /* A text: */
    const Text *text;     /* the data's; NULL of images                                          */
    const Tokens *tokens; /* of the text */
    int vocabulary;
    Embedding symbol; /* and one entry more, for hidden tokens, of an encoder                 */
    Linear out;       /* weight NULL: tied to the symbols                                         */
    /* An image: */
    int row; /* pixels of a row */
    Linear row_in;
    Masked row_hidden[MLP_MOST_LAYERS],
        row_out; /* pixel j from the row's pixels before it, and h */
    int row_layers;
    /* A point, whose cells are the vocabulary, with `symbol` and `out`: */
    Tensor *edges; /* [context, 4], a buffer, see gpt_axis; NULL of others */
    Tensor *waves; /* [waves, vocabulary], a buffer: `out` gives their amplitudes */
    real jitter;   /* noise on training points: its standard deviation, in cells */
    /* All: */
    Tensor *position; /* [context, width]; NULL where positions are rotary */
    TransformerBlock block[GPT_MOST_BLOCKS];
    LayerNorm norm;
} Gpt;

extern const Family gpt_family;

/* ---------------------------------------------------------------- texts */

/* What a network sees and what it is to say. */
typedef struct GptBatch {
    int batch, positions; /* as many as the longest example has                                 */
    int *seen; /* [batch positions]: tokens; 0 behind an example's end                         */
    int *key_mask; /* [batch positions]: 0 behind the end; NULL: none, or all is causal       */
    int *at;       /* [count]: the positions whose answer counts                                  */
    int *wanted;   /* [count]: the answer                                                         */
    int count;
} GptBatch;

/* x [batch, context + 1] of a text's examples: each token from those before it. Memory of x's tape.
 */
GptBatch gpt_batch_next(const Tensor *x);

/* All tokens as they are, with the mask of what is behind the end; nothing is wanted yet. And one
 * of them hidden, to be guessed. */
GptBatch gpt_batch_whole(const Tensor *x);
void gpt_batch_hide(const Gpt *gpt, GptBatch *batch, int place);

/* Tokens hidden at random, for an encoder: 15 % of them are to be guessed, of which 80 % are
 * replaced by the entry for hidden tokens, 10 % by any token, 10 % stay. Source: Devlin et al.
 * (2019), arXiv:1810.04805, sec. 3.1 and appendix A.1. */
GptBatch gpt_batch_masked(const Gpt *gpt, const Tensor *x, Rng *noise);

/* What the network makes of the tokens that are seen: [batch, positions, width] behind the last
 * norm. noise: for dropout; NULL: none. attention [blocks]: filled when not NULL. */
Tensor *gpt_hidden(const Gpt *gpt, const GptBatch *batch, Rng *noise, Tensor **attention);

/* Scores of the next token (or the hidden one): h [..., width] -> [..., vocabulary]. */
Tensor *gpt_logits(const Gpt *gpt, Tensor *h);

/* -log p of each wanted token, nats -> [count, 1]. */
Tensor *gpt_neg_log_prob(const Gpt *gpt, const GptBatch *batch, Rng *noise);

/* ---------------------------------------------------------------- images by rows */

/* x [n, pixels] of 0 and 1: what each row is told of the rows above it -> [n, rows, width]. */
Tensor *gpt_rows_hidden(const Gpt *gpt, Tensor *x, Rng *noise);

/* Logits of the pixels of rows from the pixels before them and h: row [m, w], h [m, width] ->
 * [m, w]. */
Tensor *gpt_row_logits(const Gpt *gpt, Tensor *row, Tensor *h);

/* log P(x), exact -> [n, 1], nats. */
Tensor *gpt_rows_log_prob(const Gpt *gpt, Tensor *x, Rng *noise);

/* ---------------------------------------------------------------- parts of the family */

extern const OptionSpec gpt_options[], gpt_eval_options[], gpt_sample_options[];
extern const OptionValue gpt_quick_eval[];
extern const FamilyCommand gpt_commands[];
bool gpt_offers(const Model *model, const FamilyCommand *command);

void gpt_defaults(Options *options, const Dataset *data);
void gpt_prepare(const Options *options, Dataset *data);
Model *gpt_create(const Options *options, const Dataset *data, uint64_t seed);
void gpt_destroy(Model *model);
void gpt_evaluate(Model *model, const Task *task, LikelihoodReport *report);
void gpt_sample_rows(Model *model, Tape *tape, Rng *noise, const SampleRequest *request, real *out);
void gpt_sample_text(Model *model, Tape *tape, Rng *noise, const SampleRequest *request, FILE *out);
void gpt_figures(Model *model, const Task *task);

#endif
