#include "train/traverse.h"

#include "metric/ruler.h"
#include "support/memory.h"
#include "train/pictures.h"
#include "train/schedule.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES = 5, SHOWN_LATENTS = 10, SHOWN_VALUES = 9, BASES = 100 };

/* ---------------------------------------------------------------- the reader */

typedef struct Reader {
    const Dataset *data;
    Params *params;
    Ruler net; /* outputs: factors in their own units of spread, then logits of the classes */
    double mean[DATA_FACTORS], sd[DATA_FACTORS];
} Reader;

static void measure_factors(Reader *reader)
{
    const Dataset *data = reader->data;
    size_t n = data->count[SPLIT_TRAIN];
    for (int f = 0; f < data->factors; f++) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < n; i++) {
            double value = (double)data->factor[i * (size_t)data->factors + (size_t)f];
            sum += value;
            squares += value * value;
        }
        reader->mean[f] = sum / (double)n;
        reader->sd[f] = sqrt(squares / (double)n - reader->mean[f] * reader->mean[f]);
    }
}

/* Images x [n, dims] in the data's units -> [n, factors + classes]. */
static Tensor *read_images(const Reader *reader, Tensor *x)
{
    Tensor *unit = tensor_scale(x, 1 / (real)(reader->data->levels - 1));
    return ruler_logits(&reader->net, ruler_features(&reader->net, unit));
}

static Tensor *reader_loss(const Reader *reader, Tensor *out, const real *factor, const int *label)
{
    int n = tensor_rows(out), factors = reader->data->factors, all = tensor_columns(out);
    Tensor *wanted = tensor_new_matrix(out->tape, n, factors);
    for (int i = 0; i < n * factors; i++)
        wanted->value[i] =
            (real)(((double)factor[i] - reader->mean[i % factors]) / reader->sd[i % factors]);
    Tensor *guess = tensor_slice(out, 1, 0, factors);
    Tensor *loss = tensor_mean(tensor_square(tensor_sub(guess, wanted)));
    if (all == factors)
        return loss;
    Tensor *class = tensor_cross_entropy(tensor_slice(out, 1, factors, all), label);
    return tensor_add(loss, tensor_mean(class));
}

static Reader reader_train(const Dataset *data, Tape *tape)
{
    enum { STEPS = 1000, BATCH = 100 };
    Reader reader = {.data = data, .params = params_create()};
    Rng weights = rng_stream(1, "reader weights"), choice = rng_stream(1, "reader batches");
    real factor[BATCH * DATA_FACTORS];
    int label[BATCH];
    uint32_t index[BATCH];
    measure_factors(&reader);
    reader.net = ruler_create(reader.params, data->height, data->width,
                              data->factors + data->classes, &weights);
    Optimizer *adam = optimizer_create(reader.params, optimizer_adam());
    const Schedule schedule = {.peak = 2e-3, .cosine = true, .steps = STEPS};
    for (int s = 0; s < STEPS; s++) {
        tape_reset(tape);
        params_bind(reader.params, tape);
        for (int i = 0; i < BATCH; i++)
            index[i] = (uint32_t)rng_below(&choice, data->count[SPLIT_TRAIN]);
        Tensor *x = tensor_new_matrix(tape, BATCH, data->dims);
        dataset_fetch(data, SPLIT_TRAIN, index, BATCH, &choice, x->value,
                      data->classes > 0 ? label : NULL, factor);
        tape_backward(reader_loss(&reader, read_images(&reader, x), factor, label));
        optimizer_update(adam, schedule_rate(&schedule, s));
    }
    optimizer_free(adam);
    return reader;
}

/* How well it reads validation images. */
static void reader_check(const Reader *reader, Tape *tape, double explained[TRAVERSE_MOST_CAUSES])
{
    enum { N = 1000 };
    const Dataset *data = reader->data;
    int n = data->count[SPLIT_VALIDATION] < N ? (int)data->count[SPLIT_VALIDATION] : N;
    int factors = data->factors, all = factors + data->classes, *label;
    real *factor = memory_new((size_t)(n * factors), sizeof *factor);
    Rng rng = rng_stream(1, "reader check");
    label = memory_new((size_t)n, sizeof *label);
    tape_reset(tape);
    params_bind(reader->params, tape);
    Tensor *x = tensor_new_matrix(tape, n, data->dims);
    dataset_fetch_range(data, SPLIT_VALIDATION, 0, (size_t)n, &rng, x->value,
                        data->classes > 0 ? label : NULL, factor);
    const Tensor *out = read_images(reader, x);
    for (int c = 0; c <= factors; c++)
        explained[c] = c < factors ? 1 : 0;
    for (int i = 0; i < n; i++) {
        const real *row = out->value + (size_t)i * (size_t)all;
        for (int f = 0; f < factors; f++) {
            double truth = ((double)factor[i * factors + f] - reader->mean[f]) / reader->sd[f];
            explained[f] -= pow((double)row[f] - truth, 2) / n;
        }
        if (data->classes > 0)
            explained[factors] +=
                ruler_class(row + factors, data->classes) == label[i] ? 1.0 / n : 0;
    }
    free(factor);
    free(label);
}

/* ---------------------------------------------------------------- moving a latent */

static double value_of(int v, int values)
{
    return 4.0 * v / (values - 1) - 2;
}

/* Row (base, v) is base `base` with latent j at its value v. */
static Tensor *moved(Tape *tape, const real *base, int bases, int width, int j, int values)
{
    Tensor *z = tensor_new_matrix(tape, bases * values, width);
    for (int r = 0; r < bases * values; r++) {
        real *row = z->value + (size_t)r * (size_t)width;
        memcpy(row, base + (size_t)(r / values) * (size_t)width, (size_t)width * sizeof *row);
        row[j] = (real)value_of(r % values, values);
    }
    return z;
}

/* Mean over the bases of the variance of column c of out over the five values. */
static double variance_of(const Tensor *out, int c)
{
    size_t columns = (size_t)tensor_columns(out);
    double sum = 0;
    for (size_t b = 0; b < BASES; b++) {
        double mean = 0, squares = 0;
        for (size_t v = 0; v < VALUES; v++) {
            double value = (double)out->value[(b * VALUES + v) * columns + (size_t)c];
            mean += value / VALUES;
            squares += value * value / VALUES;
        }
        sum += squares - mean * mean;
    }
    return sum / BASES;
}

/* The chance that two of the five are read as different classes. */
static double class_changes(const Tensor *out, int factors, int classes)
{
    double changed = 0;
    int read[VALUES];
    for (int b = 0; b < BASES; b++) {
        for (int v = 0; v < VALUES; v++)
            read[v] = ruler_class(
                out->value + (size_t)((b * VALUES + v) * (factors + classes) + factors), classes);
        for (int v = 0; v < VALUES; v++)
            for (int w = 0; w < VALUES; w++)
                changed += read[v] != read[w];
    }
    return changed / (BASES * VALUES * VALUES);
}

double traverse_participation(const double *share, int n)
{
    double sum = 0, squares = 0;
    for (int i = 0; i < n; i++) {
        sum += share[i];
        squares += share[i] * share[i];
    }
    return squares > 0 ? sum * sum / squares : NAN;
}

static void measure_latent(const LatentDecoder *decoder, const Reader *reader, Tape *tape,
                           const real *base, int j, Traverse *t)
{
    const Dataset *data = reader->data;
    TapeMark mark = tape_mark(tape);
    Tensor *x = decoder->decode(decoder->model, moved(tape, base, BASES, t->width, j, VALUES));
    double range = data->levels - 1;
    for (int d = 0; d < data->dims; d++)
        t->pixel[j] += variance_of(x, d) / (range * range * data->dims);
    if (t->causes > 0) {
        const Tensor *out = read_images(reader, x);
        double *share = t->share + (size_t)j * (size_t)t->causes;
        for (int f = 0; f < data->factors; f++)
            share[f] = variance_of(out, f);
        if (data->classes > 0)
            share[data->factors] =
                class_changes(out, data->factors, data->classes) / (1 - 1.0 / data->classes);
    }
    tape_release(tape, mark);
}

static void name_causes(const Dataset *data, Traverse *t)
{
    if (data->factors == 0)
        return;
    for (int f = 0; f < data->factors; f++)
        t->cause[t->causes++] = data->factor_name[f];
    if (data->classes > 0)
        t->cause[t->causes++] = "class";
}

static real *draw_bases(const LatentDecoder *decoder, const char *stream, int n)
{
    Rng noise = rng_stream(1, stream);
    real *base = memory_new((size_t)n * (size_t)decoder->width, sizeof *base);
    rng_normal(&noise, base, (size_t)n * (size_t)decoder->width);
    return base;
}

Traverse traverse_measure(const LatentDecoder *decoder, const Task *task)
{
    const Dataset *data = task->data;
    Traverse t = {.width = decoder->width};
    Reader reader = {.data = data, .params = NULL};
    Model *model = (Model *)decoder->model;
    name_causes(data, &t);
    bool recording = tape_record(task->tape, true);
    if (t.causes > 0)
        reader = reader_train(data, task->tape);
    tape_record(task->tape, false);
    if (t.causes > 0)
        reader_check(&reader, task->tape, t.reader);
    t.share = memory_new((size_t)(t.width * t.causes) + 1, sizeof *t.share);
    t.pixel = memory_new((size_t)t.width, sizeof *t.pixel);
    real *base = draw_bases(decoder, "traverse bases", BASES);
    tape_reset(task->tape);
    model_bind(model, task->tape);
    if (reader.params != NULL)
        params_bind(reader.params, task->tape);
    double weight = 0, sum = 0;
    for (int j = 0; j < t.width; j++) {
        measure_latent(decoder, &reader, task->tape, base, j, &t);
        double all = 0;
        const double *share = t.share + (size_t)j * (size_t)t.causes;
        for (int c = 0; c < t.causes; c++)
            all += share[c];
        sum += all > 0 ? all * traverse_participation(share, t.causes) : 0;
        weight += all;
    }
    t.moved = weight > 0 ? sum / weight : NAN;
    tape_record(task->tape, recording);
    free(base);
    if (reader.params != NULL)
        params_free(reader.params);
    return t;
}

void traverse_free(Traverse *traverse)
{
    free(traverse->share);
    free(traverse->pixel);
}

/* ---------------------------------------------------------------- showing */

/* The latents that move most, most first: by all causes, or by pixels where none are known. */
static int rank(const Traverse *t, int order[SHOWN_LATENTS])
{
    int shown = t->width < SHOWN_LATENTS ? t->width : SHOWN_LATENTS;
    bool *taken = memory_new((size_t)t->width, sizeof *taken);
    for (int k = 0; k < shown; k++) {
        double most = -1;
        for (int j = 0; j < t->width; j++) {
            double effect = t->causes > 0 ? 0 : t->pixel[j];
            for (int c = 0; c < t->causes; c++)
                effect += t->share[j * t->causes + c];
            if (!taken[j] && effect > most) {
                most = effect;
                order[k] = j;
            }
        }
        taken[order[k]] = true;
    }
    free(taken);
    return shown;
}

static void print_table(const Traverse *t, const int *order, int shown)
{
    printf("%-26s", "share of variance moved by");
    for (int c = 0; c < t->causes; c++)
        printf(" %9s", t->cause[c]);
    printf(" %9s\n", "moves");
    for (int k = 0; k < shown; k++) {
        const double *share = t->share + order[k] * t->causes;
        printf("latent %-19d", order[k] + 1);
        for (int c = 0; c < t->causes; c++)
            printf(" %9.3f", share[c]);
        printf(" %9.2f\n", traverse_participation(share, t->causes));
    }
    printf("%-26s", "the reader sees");
    for (int c = 0; c < t->causes; c++)
        printf(" %9.3f", t->reader[c]);
    printf("\none latent moves %.2f of %d causes, the mean over all %d latents by their effect\n",
           t->moved, t->causes, t->width);
}

static void draw_effects(const Traverse *t, const int *order, int shown, const Task *task)
{
    FigureBar bar[SHOWN_LATENTS];
    char label[SHOWN_LATENTS][16];
    for (int k = 0; k < shown; k++) {
        snprintf(label[k], sizeof label[k], "z%d", order[k] + 1);
        bar[k] = (FigureBar){
            .label = label[k],
            .value = traverse_participation(t->share + order[k] * t->causes, t->causes)};
    }
    FigureText text = {.name = "effects",
                       .title = "How many known causes a latent moves",
                       .x_label = "latent, the one that moves most first",
                       .y_label = "causes"};
    figure_bars(task->figures, &text,
                &(FigureBars){.bar = bar, .bars = shown, .y_range = {0, t->causes}});
}

static void draw_pictures(const LatentDecoder *decoder, const Task *task, const int *order,
                          int shown)
{
    const Dataset *data = task->data;
    size_t row = (size_t)SHOWN_VALUES * (size_t)data->dims;
    real *pixel = memory_new((size_t)shown * row, sizeof *pixel);
    real *base = draw_bases(decoder, "traverse pictures", 1);
    const char *row_label[SHOWN_LATENTS], *column_label[SHOWN_VALUES];
    char text[SHOWN_LATENTS + SHOWN_VALUES][16];
    tape_reset(task->tape);
    model_bind((Model *)decoder->model, task->tape);
    for (int k = 0; k < shown; k++) {
        Tensor *z = moved(task->tape, base, 1, decoder->width, order[k], SHOWN_VALUES);
        const Tensor *x = decoder->decode(decoder->model, z);
        memcpy(pixel + (size_t)k * row, x->value, row * sizeof *pixel);
        snprintf(text[k], sizeof text[k], "z%d", order[k] + 1);
        row_label[k] = text[k];
    }
    for (int v = 0; v < SHOWN_VALUES; v++) {
        snprintf(text[SHOWN_LATENTS + v], sizeof text[0], "%.1f", value_of(v, SHOWN_VALUES));
        column_label[v] = text[SHOWN_LATENTS + v];
    }
    pictures_to_unit(data, pixel, (size_t)shown * row);
    FigureImages images = {pixel, shown * SHOWN_VALUES, data->height, data->width, data->channels,
                           shown, SHOWN_VALUES,         row_label,    column_label};
    FigureText title = {.name = "traverse",
                        .title = "One latent moves at a time; the one that moves most first"};
    figure_images(task->figures, &title, &images);
    free(base);
    free(pixel);
}

void traverse_show(const LatentDecoder *decoder, const Task *task)
{
    int order[SHOWN_LATENTS] = {0};
    Traverse t = traverse_measure(decoder, task);
    int shown = rank(&t, order);
    if (t.causes > 0) {
        print_table(&t, order, shown);
        draw_effects(&t, order, shown, task);
    } else {
        printf("%s: its causes are not known, so none are counted\n", task->data->name);
    }
    draw_pictures(decoder, task, order, shown);
    traverse_free(&t);
}
