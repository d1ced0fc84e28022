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

/* What the tokens 1 .. context cost: milliseconds, the least over the repeats, and KiB in use. */
typedef struct Cost {
    double *time, *memory;
} Cost;

static Cost measure(Gpt *gpt, int sequences, bool cached, long repeats)
{
    size_t n = (size_t)gpt->context;
    Cost cost = {memory_new(n, sizeof(double)), memory_new(n, sizeof(double))};
    int *token = memory_new((size_t)sequences, sizeof *token);
    for (size_t t = 0; t < n; t++)
        cost.time[t] = INFINITY;
    for (long r = 0; r < repeats; r++) {
        GptWriter *writer = gpt_writer_create(gpt, sequences, cached);
        for (size_t t = 0; t < n; t++) {
            double start = profile_seconds();
            for (int s = 0; s < sequences; s++)
                token[s] = ((int)t + s) % gpt->vocabulary;
            gpt_writer_add(writer, token);
            gpt_writer_scores(writer);
            cost.time[t] = fmin(cost.time[t], 1e3 * (profile_seconds() - start));
            cost.memory[t] = (double)gpt_writer_bytes(writer) / 1024;
        }
        gpt_writer_free(writer);
    }
    free(token);
    return cost;
}

static void cost_free(Cost *cost)
{
    free(cost->time);
    free(cost->memory);
}

static double sum_of(const double *value, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += value[i];
    return sum;
}

static void draw(const Task *task, int n, const char *name, const char *title, const char *unit,
                 const double *with, const double *without)
{
    double *length = memory_new((size_t)n, sizeof *length);
    for (int t = 0; t < n; t++)
        length[t] = t + 1;
    FigureCurve curve[2] = {{.label = "with the cache", .y = with},
                            {.label = "all positions anew", .y = without}};
    figure_lines(
        task->figures,
        &(FigureText){.name = name, .title = title, .x_label = "tokens so far", .y_label = unit},
        &(FigureLines){.x = length, .n = (size_t)n, .curve = curve, .curves = 2});
    free(length);
}

void gpt_cache_command(Model *model, const Task *task)
{
    Gpt *gpt = (Gpt *)model;
    int n = gpt->context, sequences = (int)options_int(task->options, "sequences");
    long repeats = options_int(task->options, "repeats");
    gpt_need_decoder(gpt, "cache");
    Cost with = measure(gpt, sequences, true, repeats);
    Cost without = measure(gpt, sequences, false, repeats);
    printf("%8s %27s %27s\n%8s %14s %12s %14s %12s\n", "", "with the cache", "all positions anew",
           "length", "ms a token", "KiB", "ms a token", "KiB");
    for (int t = 1; t <= n; t *= 2)
        printf("%8d %14.4f %12.1f %14.4f %12.1f\n", t, with.time[t - 1], with.memory[t - 1],
               without.time[t - 1], without.memory[t - 1]);
    printf("a whole context of %d tokens, %d side by side: %.1f ms with the cache (%.0f tokens/s), "
           "%.1f ms without (%.0f tokens/s)\n",
           n, sequences, sum_of(with.time, n), 1e3 * n * sequences / sum_of(with.time, n),
           sum_of(without.time, n), 1e3 * n * sequences / sum_of(without.time, n));
    draw(task, n, "cache", "What the next token costs", "milliseconds", with.time, without.time);
    draw(task, n, "cache-memory", "What the network keeps while it writes", "KiB", with.memory,
         without.memory);
    cost_free(&with);
    cost_free(&without);
}
