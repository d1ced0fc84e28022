/* What `sample` writes: texts token by token, an encoder's texts place by place, images pixel by
 * pixel. */
#include "06-transformer/gpt_generate.h"
#include "06-transformer/gpt_points.h"

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
    {"sweeps", OPTION_INT, "4", "N",
     "encoder: how often each place is hidden and drawn anew; 0: noise", 0, 1e6, NULL},
    {"no-cache", OPTION_FLAG, NULL, NULL, "compute all positions anew for every token", 0, 0, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

/* The prompt of either option, and which it was. */
static void read_prompt(const Options *o, GptWish *wish)
{
    size_t bytes = 0;
    if (options_set(o, "prompt") && options_set(o, "prompt-file"))
        refuse_usage("--prompt and --prompt-file: give one of them");
    if (options_set(o, "prompt"))
        wish->prompt = memory_text(options_text(o, "prompt"));
    if (!options_set(o, "prompt-file"))
        return;
    char *text = file_read(options_text(o, "prompt-file"), &bytes);
    wish->prompt = text;
    wish->option = "--prompt-file";
    if (strlen(text) != bytes)
        refuse("--prompt-file: %s holds a zero byte, so it is no text",
               options_text(o, "prompt-file"));
}

CategoricalCut gpt_cut_of(const Options *o)
{
    return (CategoricalCut){options_real(o, "temperature"),
                            options_set(o, "top-k") ? (int)options_int(o, "top-k") : 0,
                            options_real(o, "top-p")};
}

static GptWish usual_wish(void)
{
    const OptionSpec *tables[] = {gpt_sample_options, NULL};
    char *line[] = {"sample", NULL};
    Options *usual = options_parse("sample", "", tables, 1, line);
    GptWish wish = gpt_wish_of(usual);
    options_free(usual);
    return wish;
}

GptWish gpt_wish_of(const Options *o)
{
    if (o == NULL)
        return usual_wish();
    GptWish wish = {.cut = gpt_cut_of(o),
                    .length = options_int(o, "length"),
                    .sweeps = options_int(o, "sweeps"),
                    .cached = !options_flag(o, "no-cache"),
                    .option = "--prompt"};
    read_prompt(o, &wish);
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

/* Bytes of the prompt; of a set of lines without the line break at its end. */
static size_t prompt_bytes(const Gpt *gpt, const char *prompt, const char *option)
{
    size_t bytes = prompt != NULL ? strlen(prompt) : 0;
    if (!gpt->text->lines || bytes == 0)
        return bytes;
    bytes -= prompt[bytes - 1] == '\n';
    if (memchr(prompt, '\n', bytes) != NULL)
        refuse_usage("%s: has more than one line, but every example of this set is one; give one",
                     option);
    return bytes;
}

bool gpt_prompt_begun(const Gpt *gpt, const char *prompt)
{
    return gpt->text->newline >= 0 && (gpt->text->lines || prompt == NULL);
}

int gpt_prompt_tokens(const Gpt *gpt, const char *prompt, const char *option, uint16_t *token)
{
    const Text *text = gpt->text;
    size_t bytes = prompt_bytes(gpt, prompt, option);
    bool begins = text->lines || prompt == NULL;
    uint16_t *all = memory_new(bytes + 1, sizeof *all);
    TokensGap gap;
    if (begins) /* a text without line breaks begins as the one that was learnt */
        all[0] = text->newline >= 0 ? (uint16_t)text->newline : text->token[0];
    long n = tokens_encode(gpt->tokens, prompt != NULL ? prompt : "", bytes, all + begins, &gap);
    if (n < 0)
        refuse_gap(gpt, &gap, option);
    n += begins;
    if (n == 0)
        refuse_usage("%s: empty; give at least one symbol, or leave it out", option);
    if (n > gpt->context)
        refuse_usage("%s: %ld tokens, but the network sees %d at once; shorten it", option, n,
                     gpt->context);
    memcpy(token, all, (size_t)n * sizeof *token);
    free(all);
    return (int)n;
}

/* ---------------------------------------------------------------- a decoder's texts */

void gpt_write(GptWriter *writer, const GptWish *wish, Rng *stream, const uint16_t *prompt,
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
            if (ended[s])
                continue;
            categorical_cut(score + (size_t)s * (size_t)gpt->vocabulary, gpt->vocabulary, wish->cut,
                            probability);
            next[s] = categorical_pick(probability, gpt->vocabulary, rng_uniform_one(&stream[s]));
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

/* Texts first .. first + count - 1, each from a stream of its own: it does not depend on how many
 * there are. */
static void sample_some(Gpt *gpt, Rng noise, int first, int count, const GptWish *wish, FILE *out)
{
    uint16_t *prompt = memory_new((size_t)gpt->context, sizeof *prompt);
    int prompt_tokens = gpt_prompt_tokens(gpt, wish->prompt, wish->option, prompt);
    size_t room = (size_t)wish->length + (size_t)prompt_tokens;
    uint16_t *token = memory_new((size_t)count * room, sizeof *token);
    long *n = memory_new((size_t)count, sizeof *n);
    Rng *stream = memory_new((size_t)count, sizeof *stream);
    for (int s = 0; s < count; s++)
        stream[s] = rng_at(noise, (uint64_t)(first + s));
    GptWriter *writer = gpt_writer_create(gpt, count, wish->cached);
    gpt_write(writer, wish, stream, prompt, prompt_tokens, token, n);
    bool begun = gpt_prompt_begun(gpt, wish->prompt);
    for (int s = 0; s < count; s++) {
        if (first + s > 0 && !gpt->text->lines)
            fputs("---------------\n", out);
        print_text(gpt, token + (size_t)s * room, n[s], begun, out);
    }
    gpt_writer_free(writer);
    free(stream);
    free(n);
    free(token);
    free(prompt);
}

static void sample_decoder(Gpt *gpt, Rng noise, int texts, const GptWish *wish, FILE *out)
{
    enum { AT_ONCE = 128 };
    for (int first = 0; first < texts; first += AT_ONCE)
        sample_some(gpt, noise, first, texts - first < AT_ONCE ? texts - first : AT_ONCE, wish,
                    out);
}

/* ---------------------------------------------------------------- an encoder's */

/* As many tokens as a line of the training text, drawn at random, or a whole context. */
static int places_of(const Gpt *gpt, Rng *noise)
{
    const Text *text = gpt->text;
    size_t lines = 0;
    if (!text->lines)
        return gpt->context;
    while (text->begin[lines] < text->token_first[SPLIT_VALIDATION])
        lines++;
    size_t line = (size_t)rng_below(noise, lines);
    return (int)(text->begin[line + 1] - text->begin[line]);
}

/* Gibbs sampling by the encoder's conditionals: the text begins as tokens drawn from the training
 * text at random, and in each sweep every place, in a random order, is hidden and drawn anew from
 * all others. (Begun with all places hidden, of which it learnt nothing, an encoder writes capitals
 * and stays with them.) A line ends with its '\n'. Returns how many there are. Source: Wang & Cho
 * (2019), arXiv:1902.04094, sec. 3. */
static int sample_places(Gpt *gpt, Tape *tape, Rng *noise, const GptWish *wish, uint16_t *token)
{
    const Text *text = gpt->text;
    const uint64_t known = text->token_first[SPLIT_VALIDATION];
    int places = places_of(gpt, noise), given = text->lines ? 1 : 0;
    uint32_t *order = memory_new((size_t)places, sizeof *order);
    int *seen = memory_new((size_t)places, sizeof *seen);
    double *probability = memory_new((size_t)gpt->vocabulary, sizeof *probability);
    for (int t = 0; t < places; t++)
        seen[t] = given && t == places - 1 ? text->newline : text->token[rng_below(noise, known)];
    for (long draw = 0; draw < wish->sweeps * (places - given); draw++) {
        const int t = (int)(draw % (places - given));
        if (t == 0)
            rng_permutation(noise, order, (size_t)(places - given));
        const int place = (int)order[t];
        seen[place] = gpt->vocabulary;
        tape_reset(tape);
        model_bind(&gpt->model, tape);
        GptBatch batch = {.batch = 1, .positions = places, .seen = seen};
        Tensor *h = gpt_hidden(gpt, &batch, NULL, NULL);
        Tensor *logits = gpt_logits(gpt, tensor_slice(h, 1, place, place + 1));
        categorical_cut(logits->value, gpt->vocabulary, wish->cut, probability);
        seen[place] = categorical_pick(probability, gpt->vocabulary, rng_uniform_one(noise));
    }
    for (int t = 0; t < places; t++)
        token[t] = (uint16_t)seen[t];
    free(probability);
    free(seen);
    free(order);
    return places;
}

static void sample_encoder(Gpt *gpt, Tape *tape, Rng *noise, int texts, const GptWish *wish,
                           FILE *out)
{
    uint16_t *token = memory_new((size_t)gpt->context, sizeof *token);
    if (wish->prompt != NULL)
        refuse_usage(
            "%s: is for decoders; this encoder draws every place from all others; leave it "
            "out",
            wish->option);
    for (int s = 0; s < texts; s++) {
        int n = sample_places(gpt, tape, noise, wish, token);
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
    if (gpt->objective == GPT_NEXT && request->options != NULL &&
        options_typed(request->options, "sweeps"))
        refuse_usage(
            "--sweeps: is for encoders; this decoder writes each token once; leave it out");
    if (gpt->objective == GPT_NEXT)
        sample_decoder(gpt, *noise, request->n, &wish, out);
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

/* What only texts know. */
static void refuse_text_options(const Options *o, const char *learnt)
{
    for (const OptionSpec *own = gpt_sample_options; o != NULL && own->name != NULL; own++)
        if (options_typed(o, own->name))
            refuse_usage("--%s: is for texts, and this run learnt %s; leave it out", own->name,
                         learnt);
}

void gpt_sample_rows(Model *model, Tape *tape, Rng *noise, const SampleRequest *request, real *out)
{
    Gpt *gpt = (Gpt *)model;
    refuse_text_options(request->options, gpt->edges != NULL ? "points" : "images");
    if (gpt->edges != NULL) {
        gpt_points_sample(gpt, noise, request, out);
        return;
    }
    memset(out, 0, (size_t)request->n * (size_t)(gpt->row * gpt->context) * sizeof *out);
    gpt_draw_rows(gpt, tape, noise, request->n, 0, request->mean, out);
}
