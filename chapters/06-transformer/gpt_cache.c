/* The command `cache`: what a token costs at each length, with the keys and values kept and
 * without. */
#include "06-transformer/gpt_commands.h"
#include "06-transformer/gpt_generate.h"
#include "support/memory.h"
#include "tensor/profile.h"

#include <math.h>
#include <stdlib.h>

const OptionSpec gpt_cache_options[] = {
    {"sequences", OPTION_INT, "1", "N", "written side by side", 1, 1024, NULL},
    {"repeats", OPTION_INT, "5", "N", "times that each is measured; the least counts", 1, 1000,
     NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

/* Milliseconds of each token 1 .. context: the least over the repeats. */
static void measure(Gpt *gpt, int sequences, bool cached, long repeats, double *least,
                    size_t *bytes)
{
    int *token = memory_new((size_t)sequences, sizeof *token);
    for (int t = 0; t < gpt->context; t++)
        least[t] = INFINITY;
    for (long r = 0; r < repeats; r++) {
        GptWriter *writer = gpt_writer_create(gpt, sequences, cached);
        for (int t = 0; t < gpt->context; t++) {
            double start = profile_seconds();
            for (int s = 0; s < sequences; s++)
                token[s] = (t + s) % gpt->vocabulary;
            gpt_writer_add(writer, token);
            gpt_writer_scores(writer);
            least[t] = fmin(least[t], 1e3 * (profile_seconds() - start));
        }
        *bytes = gpt_writer_bytes(writer);
        gpt_writer_free(writer);
    }
    free(token);
}

static double sum_of(const double *value, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += value[i];
    return sum;
}

void gpt_cache_command(Model *model, const Task *task)
{
    Gpt *gpt = (Gpt *)model;
    int n = gpt->context, sequences = (int)options_int(task->options, "sequences");
    long repeats = options_int(task->options, "repeats");
    size_t bytes = 0, none = 0;
    double *with = memory_new((size_t)n, sizeof *with),
           *length = memory_new((size_t)n, sizeof *with);
    double *without = memory_new((size_t)n, sizeof *without);
    gpt_need_decoder(gpt, "cache");
    measure(gpt, sequences, true, repeats, with, &bytes);
    measure(gpt, sequences, false, repeats, without, &none);
    for (int t = 0; t < n; t++)
        length[t] = t + 1;
    printf("%8s %14s %14s %12s\n", "length", "with (ms)", "without (ms)", "kept (KiB)");
    for (int t = 1; t <= n; t *= 2)
        printf("%8d %14.4f %14.4f %12.1f\n", t, with[t - 1], without[t - 1],
               (double)bytes / 1024 * t / n);
    printf("a whole context of %d tokens, %d side by side: %.1f ms with the cache (%.0f tokens/s), "
           "%.1f ms without (%.0f tokens/s)\n",
           n, sequences, sum_of(with, n), 1e3 * n * sequences / sum_of(with, n), sum_of(without, n),
           1e3 * n * sequences / sum_of(without, n));
    FigureCurve curve[2] = {{.label = "with the cache", .y = with},
                            {.label = "all positions anew", .y = without}};
    figure_lines(task->figures,
                 &(FigureText){.name = "cache",
                               .title = "What the next token costs",
                               .x_label = "tokens before it",
                               .y_label = "milliseconds"},
                 &(FigureLines){.x = length, .n = (size_t)n, .curve = curve, .curves = 2});
    free(without);
    free(length);
    free(with);
}
