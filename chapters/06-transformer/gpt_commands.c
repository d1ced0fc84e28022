#include "06-transformer/gpt_commands.h"

#include "06-transformer/gpt_generate.h"
#include "06-transformer/gpt_look.h"
#include "06-transformer/gpt_temperature.h"
#include "support/memory.h"

#include <stdlib.h>

const FamilyCommand gpt_commands[] = {
    {"chat", "write on behind what you type", DATA_TOKENS, gpt_chat_options, gpt_chat_command},
    {"look", "attention of every head and the next token for a prompt", DATA_TOKENS,
     gpt_look_options, gpt_look_command},
    {"temperature", "entropy of the next token, and the text, at each temperature", DATA_TOKENS,
     gpt_temperature_options, gpt_temperature_command},
    {"cache", "time and memory of writing with the key-value cache and without", DATA_TOKENS,
     gpt_cache_options, gpt_cache_command},
    {"induction", "heads that find what followed the last time", DATA_TOKENS, gpt_induction_options,
     gpt_induction_command},
    {"scaling", "train narrower networks and fit loss against weights", DATA_TOKENS,
     gpt_scaling_options, gpt_scaling_command},
    {NULL, NULL, 0, NULL, NULL}};

/* An encoder gives no next token, but can be trained in other sizes. */
bool gpt_offers(const Model *model, const FamilyCommand *command)
{
    return ((const Gpt *)model)->objective == GPT_NEXT || command->run == gpt_scaling_command;
}

/* ---------------------------------------------------------------- look */

const OptionSpec gpt_look_options[] = {
    {"prompt", OPTION_TEXT, NULL, "TEXT", "what the network reads (default: a test example)", 0, 1,
     NULL},
    {"temperature", OPTION_REAL, "1", "T", "of the next token", 0, 1e6, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

/* For each head: the two positions that the last one looks at most. */
static void print_heads(const Gpt *gpt, const GptLook *look, const int *token)
{
    char shown[TOKENS_SHOWN];
    printf("\nthe last token, '%s', looks at (position from 1, share):\n",
           tokens_show(gpt->tokens, token[look->n - 1], shown));
    for (int b = 0; b < gpt->blocks; b++)
        for (int h = 0; h < gpt->heads; h++) {
            const real *row = gpt_look_head(look, b, h) + (size_t)(look->n - 1) * (size_t)look->n;
            int first = 0, second = -1;
            for (int t = 1; t < look->n; t++)
                first = row[t] > row[first] ? t : first;
            for (int t = 0; t < look->n; t++)
                if (t != first && (second < 0 || row[t] > row[second]))
                    second = t;
            printf("  block %d head %d:  '%s' at %d %.2f", b + 1, h + 1,
                   tokens_show(gpt->tokens, token[first], shown), first + 1, (double)row[first]);
            if (second >= 0)
                printf("  '%s' at %d %.2f", tokens_show(gpt->tokens, token[second], shown),
                       second + 1, (double)row[second]);
            printf("\n");
        }
}

void gpt_look_command(Model *model, const Task *task)
{
    enum { SHOWN = 48 };
    Gpt *gpt = (Gpt *)model;
    int *token = memory_new((size_t)gpt->context, sizeof *token);
    int n = gpt_look_tokens(gpt, task, SHOWN, token);
    gpt_need_decoder(gpt, "look");
    GptLook look = gpt_look(gpt, task->tape, token, n);
    gpt_look_figure(gpt, &look, token, task->figures, "look-attention");
    printf("next token:\n");
    gpt_next_figure(gpt, &look, task->figures, "look-next",
                    options_real(task->options, "temperature"), stdout);
    print_heads(gpt, &look, token);
    free(token);
}
