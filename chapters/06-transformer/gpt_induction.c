/* The command `induction`: random tokens, and the same once more. A head that looks from a token to
 * what followed it the first time can copy; such pairs of heads do much of in-context learning.
 * Source: Elhage et al. (2021), "A mathematical framework for transformer circuits"; Olsson et al.
 * (2022), arXiv:2209.11895, sec. "Induction heads". */
#include "06-transformer/gpt_commands.h"
#include "06-transformer/gpt_generate.h"
#include "06-transformer/gpt_look.h"
#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>

const OptionSpec gpt_induction_options[] = {
    {"sequences", OPTION_INT, "50", "N", "random sequences", 1, 100000, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

/* Sums over sequences. */
typedef struct Induction {
    int half;      /* random tokens, then the same again */
    double *score; /* [blocks, heads]: attention to what followed the same token before */
    double *nats;  /* [2 half]: -log p by position                                       */
} Induction;

static void add_sequence(Gpt *gpt, const Task *task, Rng *noise, Induction *sum)
{
    int n = 2 * sum->half, begin = gpt->text->lines && gpt->text->newline >= 0 ? 1 : 0;
    int *token = memory_new((size_t)(n + 1), sizeof *token);
    if (begin)
        token[0] = gpt->text->newline;
    for (int t = 0; t < sum->half; t++) {
        do
            token[begin + t] = (int)rng_below(noise, (uint64_t)gpt->vocabulary);
        while (token[begin + t] == gpt->text->newline);
        token[begin + t + sum->half] = token[begin + t];
    }
    GptLook look = gpt_look(gpt, task->tape, token, begin + n);
    double *p = memory_new((size_t)gpt->vocabulary, sizeof *p);
    for (int t = 1 - begin; t < n; t++) {
        const real *score = look.logits->value + (size_t)(begin + t - 1) * (size_t)gpt->vocabulary;
        categorical_cut(score, gpt->vocabulary, (CategoricalCut){1, 0, 1}, p);
        sum->nats[t] -= log(fmax(p[token[begin + t]], 1e-300));
    }
    for (int b = 0; b < gpt->blocks; b++)
        for (int h = 0; h < gpt->heads; h++) {
            const real *weight = gpt_look_head(&look, b, h);
            for (int t = sum->half; t < n - 1; t++) {
                int here = begin + t, followed = here - sum->half + 1;
                sum->score[b * gpt->heads + h] +=
                    (double)weight[here * look.n + followed] / (sum->half - 1);
            }
        }
    free(p);
    free(token);
}

/* -log p a token of one who knows no more than that a newline is never drawn. */
static double chance(const Gpt *gpt)
{
    return log(gpt->vocabulary - (gpt->text->newline >= 0 ? 1 : 0));
}

static void draw(const Gpt *gpt, const Task *task, const Induction *mean)
{
    int n = 2 * mean->half;
    double *place = memory_new((size_t)n, sizeof *place);
    for (int t = 0; t < n; t++)
        place[t] = t + 1;
    FigureCurve curve = {.y = mean->nats};
    FigureLevel level = {chance(gpt), "chance"};
    figure_lines(task->figures,
                 &(FigureText){.name = "induction-loss",
                               .title = "Random tokens, then the same again",
                               .x_label = "position",
                               .y_label = "-log p (nats)"},
                 &(FigureLines){.x = place,
                                .n = (size_t)n,
                                .curve = &curve,
                                .curves = 1,
                                .level = &level,
                                .levels = 1});
    FigurePanel panel = {.title = "", .density = mean->score};
    if (gpt->blocks > 1 && gpt->heads > 1)
        figure_heatmaps(task->figures,
                        &(FigureText){.name = "induction-heads",
                                      .title = "Attention to what followed the last time",
                                      .x_label = "head",
                                      .y_label = "block",
                                      .z_label = "share"},
                        &(FigureHeatmaps){.panel = &panel,
                                          .panels = 1,
                                          .nx = gpt->heads,
                                          .ny = gpt->blocks,
                                          .x = {0.5, gpt->heads + 0.5},
                                          .y = {0.5, gpt->blocks + 0.5},
                                          .density = {0, 1}});
    free(place);
}

void gpt_induction_command(Model *model, const Task *task)
{
    Gpt *gpt = (Gpt *)model;
    long sequences = options_int(task->options, "sequences");
    Induction sum = {.half = (gpt->context - 1) / 2};
    gpt_need_decoder(gpt, "induction");
    if (sum.half < 2 || gpt->vocabulary < 3)
        refuse("induction: needs a context of at least 5 tokens and 3 different ones");
    sum.score = memory_new((size_t)(gpt->blocks * gpt->heads), sizeof *sum.score);
    sum.nats = memory_new((size_t)(2 * sum.half), sizeof *sum.nats);
    Rng noise = task->noise;
    for (long s = 0; s < sequences; s++)
        add_sequence(gpt, task, &noise, &sum);
    double first = 0, second = 0;
    for (int t = 0; t < 2 * sum.half; t++)
        sum.nats[t] /= (double)sequences;
    if (!gpt->text->lines)
        sum.nats[0] = NAN; /* nothing stands before it */
    for (int t = 1; t < sum.half; t++) {
        first += sum.nats[t] / (sum.half - 1);
        second += sum.nats[sum.half + t] / (sum.half - 1);
    }
    printf("%d random tokens, then the same again: -log p %.3f nats a token, then %.3f (chance "
           "%.3f)\nattention to what followed the same token before, by head:\n",
           sum.half, first, second, chance(gpt));
    for (int b = 0; b < gpt->blocks; b++) {
        printf("  block %d:", b + 1);
        for (int h = 0; h < gpt->heads; h++) {
            sum.score[b * gpt->heads + h] /= (double)sequences;
            printf(" %.3f", sum.score[b * gpt->heads + h]);
        }
        printf("\n");
    }
    draw(gpt, task, &sum);
    free(sum.nats);
    free(sum.score);
}
