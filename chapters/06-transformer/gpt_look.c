#include "06-transformer/gpt_look.h"

#include "06-transformer/gpt_generate.h"
#include "support/memory.h"
#include "tensor/op.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

GptLook gpt_look(Gpt *gpt, Tape *tape, const int *token, int n)
{
    GptLook look = {.n = n};
    tape_reset(tape);
    model_bind(&gpt->model, tape);
    int *seen = op_memory(tensor_new(tape, 1, &(int){1}), (size_t)n, sizeof *seen);
    memcpy(seen, token, (size_t)n * sizeof *seen);
    GptBatch batch = {.batch = 1, .positions = n, .seen = seen};
    Tensor *h = gpt_hidden(gpt, &batch, NULL, look.attention);
    look.logits = gpt_logits(gpt, tensor_reshape(h, 2, (int[]){n, gpt->width}));
    return look;
}

const real *gpt_look_head(const GptLook *look, int block, int head)
{
    return tensor_attention_weights(look->attention[block]) +
           (size_t)head * (size_t)look->n * (size_t)look->n;
}

int gpt_look_tokens(const Gpt *gpt, const Task *task, int most, int *token)
{
    const Text *text = gpt->text;
    int n = 0;
    if (options_known(task->options, "prompt") && options_set(task->options, "prompt")) {
        uint16_t *prompt = memory_new((size_t)gpt->context, sizeof *prompt);
        n = gpt_prompt_tokens(gpt, options_text(task->options, "prompt"), "--prompt", prompt);
        for (int t = 0; t < n; t++)
            token[t] = prompt[t];
        free(prompt);
        return n;
    }
    real *x = memory_new((size_t)task->data->dims, sizeof *x);
    uint32_t first = 0;
    dataset_fetch(task->data, task->split, &first, 1, NULL, x, NULL, NULL);
    int begin = gpt->objective == GPT_MASKED || !text->lines ? 1 : 0;
    for (int t = begin; t < task->data->dims && x[t] >= 0 && n < most && n < gpt->context; t++)
        token[n++] = (int)x[t];
    if (text->lines && gpt->objective == GPT_NEXT && n > 1)
        n--; /* its '\n' is what is to be said next */
    free(x);
    return n;
}

/* The tokens as one line; free with free(). */
static char *line_of(const Gpt *gpt, const int *token, int n)
{
    char shown[TOKENS_SHOWN], *line = memory_new((size_t)n * (TOKENS_SHOWN + 1) + 1, 1),
                              *end = line;
    for (int t = 0; t < n; t++)
        end += sprintf(end, "%s%s", gpt->tokens->kind == TOKENS_WORDS && t > 0 ? " " : "",
                       tokens_show(gpt->tokens, token[t], shown));
    return line;
}

void gpt_look_figure(const Gpt *gpt, const GptLook *look, const int *token, Figures *figures,
                     const char *name)
{
    char *read = line_of(gpt, token, look->n);
    char *below = memory_format("position looked at, from the left, in: %s", read);
    int n = look->n, heads = gpt->blocks * gpt->heads;
    size_t each = (size_t)n * (size_t)n;
    real *pixel = memory_new((size_t)heads * each, sizeof *pixel);
    char **row = memory_new((size_t)gpt->blocks, sizeof *row);
    char **column = memory_new((size_t)gpt->heads, sizeof *column);
    for (int b = 0; b < gpt->blocks; b++) {
        row[b] = memory_format("block %d", b + 1);
        for (int h = 0; h < gpt->heads; h++)
            memcpy(pixel + (size_t)(b * gpt->heads + h) * each, gpt_look_head(look, b, h),
                   each * sizeof *pixel);
    }
    for (int h = 0; h < gpt->heads; h++)
        column[h] = memory_format("head %d", h + 1);
    FigureImages images = {.pixel = pixel,
                           .n = heads,
                           .height = n,
                           .width = n,
                           .channels = 1,
                           .rows = gpt->blocks,
                           .columns = gpt->heads,
                           .row_label = (const char *const *)row,
                           .column_label = (const char *const *)column};
    figure_images(figures,
                  &(FigureText){.name = name,
                                .title = "What each head looks at (white: all of it)",
                                .x_label = below,
                                .y_label = "position that looks, from the top"},
                  &images);
    for (int b = 0; b < gpt->blocks; b++)
        free(row[b]);
    for (int h = 0; h < gpt->heads; h++)
        free(column[h]);
    free(column);
    free(below);
    free(read);
    free(row);
    free(pixel);
}

void gpt_next_figure(const Gpt *gpt, const GptLook *look, Figures *figures, const char *name,
                     double temperature, FILE *out)
{
    enum { SHOWN = 8 };
    int v = gpt->vocabulary, shown = v < SHOWN ? v : SHOWN;
    const real *score = look->logits->value + (size_t)(look->n - 1) * (size_t)v;
    double *p = memory_new((size_t)v, sizeof *p);
    FigureBar bar[SHOWN];
    char label[SHOWN][TOKENS_SHOWN];
    categorical_cut(score, v, (CategoricalCut){temperature, 0, 1}, p);
    double entropy = categorical_entropy(p, v);
    for (int i = 0; i < shown; i++) {
        int best = 0;
        for (int k = 1; k < v; k++)
            best = p[k] > p[best] ? k : best;
        bar[i] = (FigureBar){tokens_show(gpt->tokens, best, label[i]), p[best], 0};
        if (out != NULL)
            fprintf(out, "  %-12s %.4f\n", label[i], p[best]);
        p[best] = -1;
    }
    if (out != NULL)
        fprintf(out, "entropy %.4f nats at temperature %g\n", entropy, temperature);
    char *title =
        memory_format("The next token: the %d likeliest (entropy %.2f nats)", shown, entropy);
    figure_bars(
        figures,
        &(FigureText){.name = name, .title = title, .x_label = "token", .y_label = "probability"},
        &(FigureBars){.bar = bar, .bars = shown});
    free(title);
    free(p);
}
