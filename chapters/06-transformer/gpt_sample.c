/* What `sample` writes: texts token by token, an encoder's texts place by place, images pixel by
 * pixel. */
#include "06-transformer/gpt_generate.h"

#include "support/fail.h"
#include "support/file.h"
#include "support/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const OptionSpec gpt_sample_options[] = {
    {"prompt", OPTION_TEXT, NULL, "TEXT", "what the text begins with", 0, 1, NULL},
    {"prompt-file", OPTION_TEXT, NULL, "FILE", "a file that holds it", 0, 1, NULL},
    {"length", OPTION_INT, "500", "N", "tokens to write at most", 1, 1e7, NULL},
    {"temperature", OPTION_REAL, "1", "T", "0: always the likeliest; 1: as learnt", 0, 1e6, NULL},
    {"top-k", OPTION_INT, NULL, "K", "of the K likeliest alone", 1, 1e6, NULL},
    {"top-p", OPTION_REAL, "1", "P", "of the likeliest that hold this share", 1e-9, 1, NULL},
    {"no-cache", OPTION_FLAG, NULL, NULL, "compute all positions anew for every token", 0, 0, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static char *prompt_of(const Options *o)
{
    if (options_set(o, "prompt") && options_set(o, "prompt-file"))
        refuse_usage("--prompt and --prompt-file: give one of them");
    if (options_set(o, "prompt"))
        return memory_text(options_text(o, "prompt"));
    size_t bytes;
    return options_set(o, "prompt-file") ? file_read(options_text(o, "prompt-file"), &bytes) : NULL;
}

GptWish gpt_wish_of(const Options *o)
{
    GptWish wish = {{1, 0, 1}, 500, true, NULL};
    if (o == NULL || !options_known(o, "temperature"))
        return wish;
    wish.cut.temperature = options_real(o, "temperature");
    wish.cut.top_k = options_set(o, "top-k") ? (int)options_int(o, "top-k") : 0;
    wish.cut.top_p = options_real(o, "top-p");
    wish.length = options_int(o, "length");
    wish.cached = !options_flag(o, "no-cache");
    wish.prompt = prompt_of(o);
    return wish;
}

void gpt_need_decoder(const Gpt *gpt, const char *command)
{
    if (gpt->objective != GPT_NEXT)
        refuse("%s: this run is an encoder (--objective masked), which gives no next token; use a "
               "run of --objective next",
               command);
}

/* ---------------------------------------------------------------- prompts */

static _Noreturn void refuse_gap(const Gpt *gpt, const TokensGap *gap, const char *option)
{
    bool words = gpt->tokens->kind == TOKENS_WORDS;
    if (gap->symbol[0] == '\0')
        refuse_usage("%s: byte %zu is not UTF-8; give text in UTF-8, or train with --tokens bytes",
                     option, gap->at);
    refuse_usage("%s: '%s' (byte %zu) is not among the %d %s of the text that was learnt; leave it "
                 "out, or train with --tokens bytes",
                 option, gap->symbol, gap->at, gpt->tokens->count, words ? "words" : "characters");
}

int gpt_prompt_tokens(const Gpt *gpt, const char *prompt, const char *option, uint16_t *token)
{
    bool begins = gpt->text->newline >= 0 && (gpt->text->lines || prompt == NULL);
    size_t bytes = prompt != NULL ? strlen(prompt) : 0;
    uint16_t *all = memory_new(bytes + 1, sizeof *all);
    TokensGap gap;
    if (begins)
        all[0] = (uint16_t)gpt->text->newline;
    long n = tokens_encode(gpt->tokens, prompt != NULL ? prompt : "", bytes, all + begins, &gap);
    if (n < 0)
        refuse_gap(gpt, &gap, option);
    n += begins;
    if (n == 0)
        refuse_usage(
            "%s: empty, and the text that was learnt has no line break to begin with; give "
            "at least one symbol",
            option);
    if (n > gpt->context)
        refuse_usage("%s: %ld tokens, but the network sees %d at once; shorten it", option, n,
                     gpt->context);
    memcpy(token, all, (size_t)n * sizeof *token);
    free(all);
    return (int)n;
}

/* ---------------------------------------------------------------- a decoder's texts */

void gpt_write(GptWriter *writer, const GptWish *wish, Rng *noise, const uint16_t *prompt,
               int prompt_tokens, uint16_t *token, long *n)
{
    const Gpt *gpt = gpt_writer_model(writer);
    int sequences = gpt_writer_sequences(writer), running = sequences;
    size_t room = (size_t)wish->length + (size_t)prompt_tokens;
    int *next = memory_new((size_t)sequences, sizeof *next);
    double *probability = memory_new((size_t)gpt->vocabulary, sizeof *probability);
    bool *ended = memory_new((size_t)sequences, sizeof *ended);
    for (int t = 0; t < prompt_tokens; t++) {
        for (int s = 0; s < sequences; s++) {
            next[s] = prompt[t];
            token[(size_t)s * room + (size_t)t] = prompt[t];
        }
        gpt_writer_add(writer, next);
    }
    for (int s = 0; s < sequences; s++)
        n[s] = prompt_tokens;
    for (long t = 0; t < wish->length && running > 0; t++) {
        const real *score = gpt_writer_scores(writer);
        for (int s = 0; s < sequences; s++) {
            double u = rng_uniform_one(noise); /* also of ended ones: a text does not depend on its
                                                  neighbours */
            if (ended[s])
                continue;
            categorical_cut(score + (size_t)s * (size_t)gpt->vocabulary, gpt->vocabulary, wish->cut,
                            probability);
            next[s] = categorical_pick(probability, gpt->vocabulary, u);
            token[(size_t)s * room + (size_t)n[s]++] = (uint16_t)next[s];
            ended[s] = gpt->text->lines && next[s] == gpt->text->newline;
            running -= ended[s];
        }
        if (t + 1 < wish->length && running > 0)
            gpt_writer_add(writer, next);
    }
    free(ended);
    free(probability);
    free(next);
}

/* Without the '\n' that began a line. */
static void print_text(const Gpt *gpt, const uint16_t *token, long n, bool begun, FILE *out)
{
    char *text = tokens_decode(gpt->tokens, token + begun, (size_t)(n - begun));
    fputs(text, out);
    if (n == begun || token[n - 1] != gpt->text->newline)
        fputc('\n', out);
    free(text);
}

static void sample_decoder(Gpt *gpt, Rng *noise, int texts, const GptWish *wish, FILE *out)
{
    uint16_t *prompt = memory_new((size_t)gpt->context, sizeof *prompt);
    int prompt_tokens = gpt_prompt_tokens(gpt, wish->prompt, "--prompt", prompt);
    size_t room = (size_t)wish->length + (size_t)prompt_tokens;
    uint16_t *token = memory_new((size_t)texts * room, sizeof *token);
    long *n = memory_new((size_t)texts, sizeof *n);
    GptWriter *writer = gpt_writer_create(gpt, texts, wish->cached);
    gpt_write(writer, wish, noise, prompt, prompt_tokens, token, n);
    bool begun = gpt->text->lines || wish->prompt == NULL;
    for (int s = 0; s < texts; s++) {
        if (s > 0 && !gpt->text->lines)
            fputs("---------------\n", out);
        print_text(gpt, token + (size_t)s * room, n[s], begun && gpt->text->newline >= 0, out);
    }
    gpt_writer_free(writer);
    free(n);
    free(token);
    free(prompt);
}

/* ---------------------------------------------------------------- an encoder's */

/* A text of hidden tokens whose places are filled in a random order, each from all that is there.
 * Source: Wang & Cho (2019), arXiv:1902.04094, sec. 3, in one pass. */
static void fill_places(Gpt *gpt, Tape *tape, Rng *noise, const GptWish *wish, uint16_t *token)
{
    int places = gpt->context;
    uint32_t *order = memory_new((size_t)places, sizeof *order);
    int *seen = memory_new((size_t)places, sizeof *seen);
    double *probability = memory_new((size_t)gpt->vocabulary, sizeof *probability);
    rng_permutation(noise, order, (size_t)places);
    for (int t = 0; t < places; t++)
        seen[t] = gpt->vocabulary;
    for (int t = 0; t < places; t++) {
        tape_reset(tape);
        model_bind(&gpt->model, tape);
        GptBatch batch = {.batch = 1, .positions = places, .seen = seen};
        Tensor *h = gpt_hidden(gpt, &batch, NULL, NULL);
        int place = (int)order[t];
        Tensor *logits = gpt_logits(gpt, tensor_slice(h, 1, place, place + 1));
        categorical_cut(logits->value, gpt->vocabulary, wish->cut, probability);
        seen[place] = categorical_pick(probability, gpt->vocabulary, rng_uniform_one(noise));
    }
    for (int t = 0; t < places; t++)
        token[t] = (uint16_t)seen[t];
    free(probability);
    free(seen);
    free(order);
}

static void sample_encoder(Gpt *gpt, Tape *tape, Rng *noise, int texts, const GptWish *wish,
                           FILE *out)
{
    uint16_t *token = memory_new((size_t)gpt->context, sizeof *token);
    if (wish->prompt != NULL)
        refuse_usage("--prompt: is for decoders; this encoder fills hidden places in any order; "
                     "leave it out");
    for (int s = 0; s < texts; s++) {
        long n = gpt->context;
        fill_places(gpt, tape, noise, wish, token);
        for (long t = gpt->context - 1; t >= 0 && gpt->text->lines; t--)
            n = token[t] == gpt->text->newline ? t + 1 : n;
        if (s > 0 && !gpt->text->lines)
            fputs("---------------\n", out);
        print_text(gpt, token, n, false, out);
    }
    free(token);
}

void gpt_sample_text(Model *model, Tape *tape, Rng *noise, const SampleRequest *request, FILE *out)
{
    Gpt *gpt = (Gpt *)model;
    GptWish wish = gpt_wish_of(request->options);
    if (gpt->objective == GPT_NEXT)
        sample_decoder(gpt, noise, request->n, &wish, out);
    else
        sample_encoder(gpt, tape, noise, request->n, &wish, out);
    free((char *)wish.prompt);
}

/* ---------------------------------------------------------------- images */

void gpt_draw_rows(const Gpt *gpt, Tape *tape, Rng *noise, int n, int first_row, bool means,
                   real *x)
{
    int row = gpt->row, dims = row * gpt->context;
    Tensor *so_far = tensor_from(tape, 2, (int[]){n, dims}, x);
    Tensor *now = tensor_new_matrix(tape, n, row);
    for (int t = first_row; t < gpt->context; t++) {
        TapeMark mark = tape_mark(tape);
        Tensor *h = tensor_slice(gpt_rows_hidden(gpt, so_far, NULL), 1, t, t + 1);
        h = tensor_reshape(h, 2, (int[]){n, gpt->width});
        memset(now->value, 0, now->size * sizeof *now->value);
        for (int j = 0; j < row; j++) {
            TapeMark inner = tape_mark(tape);
            Tensor *p = tensor_sigmoid(gpt_row_logits(gpt, now, h));
            for (int i = 0; i < n; i++) {
                real chance = p->value[(size_t)i * (size_t)row + (size_t)j];
                real bit = rng_uniform_one(noise) < (double)chance ? 1 : 0;
                size_t at = (size_t)i * (size_t)dims + (size_t)(t * row + j);
                now->value[(size_t)i * (size_t)row + (size_t)j] = bit;
                so_far->value[at] = bit;
                x[at] = means ? chance : bit;
            }
            tape_release(tape, inner);
        }
        tape_release(tape, mark);
    }
}

void gpt_sample_rows(Model *model, Tape *tape, Rng *noise, const SampleRequest *request, real *out)
{
    const Gpt *gpt = (const Gpt *)model;
    memset(out, 0, (size_t)request->n * (size_t)(gpt->row * gpt->context) * sizeof *out);
    gpt_draw_rows(gpt, tape, noise, request->n, 0, request->mean, out);
}
