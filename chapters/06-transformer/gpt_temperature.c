#include "06-transformer/gpt_temperature.h"

#include "06-transformer/gpt_generate.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>

enum { TEMPERATURES = 61, POSITIONS = 2000 };

/* Scores of the next token at held-out positions: [positions, vocabulary]; at most POSITIONS. */
static real *held_out_scores(Gpt *gpt, const Task *task, int *positions)
{
    int n = gpt->context, v = gpt->vocabulary;
    size_t all = task->data->count[task->split];
    size_t wanted = (size_t)(POSITIONS / n + 1);
    size_t rows = wanted < all ? wanted : all;
    tape_reset(task->tape);
    model_bind(&gpt->model, task->tape);
    Tensor *x = tensor_new_matrix(task->tape, (int)rows, task->data->dims);
    dataset_fetch_range(task->data, task->split, 0, rows, NULL, x->value, NULL, NULL);
    GptBatch batch = gpt_batch_next(x);
    Tensor *h = gpt_hidden(gpt, &batch, NULL, NULL);
    h = tensor_gather(tensor_reshape(h, 2, (int[]){-1, gpt->width}), batch.at, batch.count);
    Tensor *logits = gpt_logits(gpt, h);
    *positions = batch.count < POSITIONS ? batch.count : POSITIONS;
    real *score = memory_new((size_t)*positions * (size_t)v, sizeof *score);
    for (size_t i = 0; i < (size_t)*positions * (size_t)v; i++)
        score[i] = logits->value[i];
    return score;
}

void gpt_temperature_figure(Gpt *gpt, const Task *task)
{
    int positions, v = gpt->vocabulary;
    real *score = held_out_scores(gpt, task, &positions);
    double temperature[TEMPERATURES], entropy[TEMPERATURES] = {0}, slope[TEMPERATURES] = {0};
    double *p = memory_new((size_t)v, sizeof *p);
    for (int k = 0; k < TEMPERATURES; k++) {
        double t = temperature[k] = pow(10, -1 + 2.0 * k / (TEMPERATURES - 1));
        for (int i = 0; i < positions; i++) {
            const real *row = score + (size_t)i * (size_t)v;
            categorical_cut(row, v, (CategoricalCut){t, 0, 1}, p);
            entropy[k] += categorical_entropy(p, v) / positions;
            slope[k] += categorical_energy_variance(row, p, v) / (t * t) / positions;
        }
    }
    FigureCurve curve[2] = {{.label = "entropy H", .y = entropy},
                            {.label = "T dH/dT = Var(E) / T^2 (heat capacity)", .y = slope}};
    FigureLevel level = {log(v), "all tokens alike"};
    figure_lines(task->figures,
                 &(FigureText){.name = "temperature",
                               .title = "The next token as a physical system",
                               .x_label = "temperature T",
                               .y_label = "nats"},
                 &(FigureLines){.x = temperature,
                                .n = TEMPERATURES,
                                .curve = curve,
                                .curves = 2,
                                .level = &level,
                                .levels = 1,
                                .log_x = true});
    free(p);
    free(score);
}

const OptionSpec gpt_temperature_options[] = {
    {"prompt", OPTION_TEXT, NULL, "TEXT", "what the texts begin with", 0, 1, NULL},
    {"length", OPTION_INT, "150", "N", "tokens of each text", 1, 1e6, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

void gpt_temperature_command(Model *model, const Task *task)
{
    static const double shown[] = {0, 0.3, 0.6, 0.8, 1, 1.2, 1.5, 2};
    Gpt *gpt = (Gpt *)model;
    gpt_need_decoder(gpt, "temperature");
    gpt_temperature_figure(gpt, task);
    uint16_t *prompt = memory_new((size_t)gpt->context, sizeof *prompt);
    int n = gpt_prompt_tokens(gpt, options_text(task->options, "prompt"), "--prompt", prompt);
    GptWish wish = {
        .cut = {1, 0, 1}, .length = options_int(task->options, "length"), .cached = true};
    uint16_t *token = memory_new((size_t)wish.length + (size_t)n, sizeof *token);
    bool begun = gpt_prompt_begun(gpt, options_text(task->options, "prompt"));
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        Rng noise = task->noise; /* the same uniform numbers at every temperature */
        long written;
        GptWriter *writer = gpt_writer_create(gpt, 1, wish.cached);
        wish.cut.temperature = shown[i];
        gpt_write(writer, &wish, &noise, prompt, n, token, &written);
        char *text = tokens_decode(gpt->tokens, token + begun, (size_t)written - begun);
        printf("---- T = %g\n%s\n", shown[i], text);
        free(text);
        gpt_writer_free(writer);
    }
    free(token);
    free(prompt);
}
