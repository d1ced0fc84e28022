/* The command `chat`: what is typed and what is written share one growing text. */
#include "06-transformer/gpt_commands.h"
#include "06-transformer/gpt_generate.h"
#include "support/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const OptionSpec gpt_chat_options[] = {
    {"length", OPTION_INT, "200", "N", "tokens of a reply at most", 1, 1e6, NULL},
    {"temperature", OPTION_REAL, "0.8", "T", "0: always the likeliest; 1: as learnt", 0, 1e6, NULL},
    {"top-k", OPTION_INT, NULL, "K", "of the K likeliest alone", 1, 1e6, NULL},
    {"top-p", OPTION_REAL, "1", "P", "of the likeliest that hold this share", 1e-9, 1, NULL},
    {"seed", OPTION_INT, "1", "N", "of the replies", 0, 1e15, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

/* The text so far as tokens, of which the last `context` are seen. */
typedef struct Talk {
    uint16_t *token;
    size_t n, room;
} Talk;

static void talk_add(Talk *talk, const uint16_t *token, size_t n)
{
    if (talk->n + n > talk->room) {
        size_t room = 2 * (talk->n + n);
        uint16_t *grown = memory_new(room, sizeof *grown);
        if (talk->n > 0)
            memcpy(grown, talk->token, talk->n * sizeof *grown);
        free(talk->token);
        talk->token = grown;
        talk->room = room;
    }
    memcpy(talk->token + talk->n, token, n * sizeof *token);
    talk->n += n;
}

/* What was typed joins the talk; false, with one line that says why, where it has other symbols. A
 * line of a set of lines starts afresh and is not ended; nor is one where no text has line breaks.
 */
static bool hear(const Gpt *gpt, Talk *talk, char *line)
{
    size_t bytes = strlen(line);
    uint16_t *token = memory_new(bytes + 1, sizeof *token);
    TokensGap gap;
    if (gpt->text->lines || gpt->text->newline < 0) {
        line[strcspn(line, "\n")] = '\0';
        bytes = strlen(line);
    }
    if (gpt->text->lines) {
        uint16_t begin = (uint16_t)gpt->text->newline;
        talk->n = 0;
        talk_add(talk, &begin, 1);
    }
    long n = tokens_encode(gpt->tokens, line, bytes, token, &gap);
    if (n < 0 && gap.symbol[0] != '\0')
        printf("('%s' was never seen in the text that was learnt; try without it)\n", gap.symbol);
    else if (n < 0)
        printf("(that is not UTF-8)\n");
    else
        talk_add(talk, token, (size_t)n);
    free(token);
    return n >= 0;
}

static void reply(Gpt *gpt, Talk *talk, const GptWish *wish, Rng *noise)
{
    size_t context = (size_t)gpt->context, kept = talk->n < context ? talk->n : context;
    uint16_t *token = memory_new((size_t)wish->length + kept, sizeof *token);
    long n;
    GptWriter *writer = gpt_writer_create(gpt, 1, true);
    gpt_write(writer, wish, noise, talk->token + talk->n - kept, (int)kept, token, &n);
    size_t written = (size_t)n - kept;
    char *text = tokens_decode(gpt->tokens, token + kept, written);
    printf("%s%s", text, written > 0 && token[n - 1] == gpt->text->newline ? "" : "\n");
    fflush(stdout);
    talk_add(talk, token + kept, written);
    free(text);
    gpt_writer_free(writer);
    free(token);
}

void gpt_chat_command(Model *model, const Task *task)
{
    Gpt *gpt = (Gpt *)model;
    const Options *o = task->options;
    GptWish wish = {.cut = gpt_cut_of(o), .length = options_int(o, "length"), .cached = true};
    Rng noise = rng_stream((uint64_t)options_int(o, "seed"), "chat");
    Talk talk = {0};
    char *line = NULL;
    size_t room = 0;
    bool terminal = isatty(STDIN_FILENO);
    gpt_need_decoder(gpt, "chat");
    if (terminal)
        printf("type a beginning and Enter; Ctrl-D ends\n");
    for (;;) {
        if (terminal) {
            printf("> ");
            fflush(stdout);
        }
        if (getline(&line, &room, stdin) < 0)
            break;
        if (hear(gpt, &talk, line) && talk.n > 0)
            reply(gpt, &talk, &wish, &noise);
    }
    if (terminal)
        printf("\n");
    free(line);
    free(talk.token);
}
