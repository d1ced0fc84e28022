#include "train/pictures.h"

#include "data/text.h"
#include "support/fail.h"
#include "support/file.h"
#include "support/memory.h"
#include "support/npy.h"
#include "train/record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GRID = 10, POINTS_SHOWN = 2000, SAMPLES = GRID * GRID };

void pictures_to_unit(const Dataset *data, real *value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        value[i] /= (real)(data->levels - 1);
}

real *pictures_samples(Run *run, uint64_t seed, const SampleRequest *request)
{
    enum { AT_ONCE = 256 };
    int n = request->n;
    size_t dims = (size_t)run->data->dims;
    real *sample = memory_new((size_t)n * dims, sizeof *sample);
    int *turns =
        request->label == NULL ? family_labels_in_turn(run->model, run->data->classes, n) : NULL;
    const int *label = turns != NULL ? turns : request->label;
    Rng noise = rng_stream(seed, "sample");
    Tape *tape = tape_create(kernels_best());
    tape_record(tape, false);
    for (int at = 0; at < n; at += AT_ONCE) {
        SampleRequest part = *request;
        part.n = n - at < AT_ONCE ? n - at : AT_ONCE;
        part.label = label != NULL ? label + at : NULL;
        tape_reset(tape);
        model_bind(run->model, tape);
        run->family->sample(run->model, tape, &noise, &part, sample + (size_t)at * dims);
    }
    tape_free(tape);
    free(turns);
    return sample;
}

char *pictures_texts(Run *run, uint64_t seed, const SampleRequest *request)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    Rng noise = rng_stream(seed, "sample");
    Tape *tape = tape_create(kernels_best());
    if (out == NULL)
        refuse("sample: no memory for the text");
    tape_record(tape, false);
    run->family->sample_text(run->model, tape, &noise, request, out);
    tape_free(tape);
    fclose(out);
    return text;
}

void pictures_write_npy(const Run *run, const char *path, const real *sample, int n)
{
    const Dataset *data = run->data;
    long shape[4] = {n, data->height, data->width, data->channels};
    bool points = data->kind == DATA_POINTS;
    if (points)
        shape[1] = data->dims;
    NpyType type = sizeof(real) == sizeof(float) ? NPY_FLOAT32 : NPY_FLOAT64;
    const char *reason = npy_write(path, type, sample, points ? 2 : 4, shape);
    if (reason != NULL)
        refuse("%s: not written: %s", path, reason);
}

/* The first n examples of a split. */
static real *examples_of(const Dataset *data, Split split, int n)
{
    uint32_t *index = memory_new((size_t)n, sizeof *index);
    real *x = memory_new((size_t)n * (size_t)data->dims, sizeof *x);
    Rng rng = rng_stream(0, "pictures");
    for (int i = 0; i < n; i++)
        index[i] = (uint32_t)((size_t)i % data->count[split]);
    dataset_fetch(data, split, index, (size_t)n, &rng, x, NULL, NULL);
    free(index);
    return x;
}

/* Where a point is shown: at its first two coordinates; of a single one in a strip of its own, the
 * i-th of n a little higher than the one before. */
static void place_point(real *to, const real *x, size_t dims, double strip, double share)
{
    to[0] = x[0];
    to[1] = dims > 1 ? x[1] : (real)(1.2 * strip + share);
}

/* Model and data over each other. */
static void points_figure(Run *run, Figures *figures, const char *name, const real *sample, int n)
{
    static const char *const group_name[] = {"data", "model"};
    size_t dims = (size_t)run->data->dims;
    real *data = examples_of(run->data, SPLIT_TEST, n);
    real *point = memory_new((size_t)n * 4, sizeof *point);
    int *group = memory_new((size_t)n * 2, sizeof *group);
    for (size_t i = 0; i < (size_t)n; i++) {
        double share = (double)i / n;
        place_point(point + 2 * i, data + i * dims, dims, 0, share);
        place_point(point + 2 * ((size_t)n + i), sample + i * dims, dims, 1, share);
        group[(size_t)n + i] = 1;
    }
    FigureText text = {.name = name,
                       .title = "Samples of the model over the data",
                       .x_label = "x1",
                       .y_label = dims > 1 ? "x2" : "one point after the other"};
    FigureScatter scatter = {.point = point,
                             .n = 2 * (size_t)n,
                             .group = group,
                             .groups = 2,
                             .group_name = group_name,
                             .equal_axes = dims > 1};
    figure_scatter(figures, &text, &scatter);
    free(data);
    free(point);
    free(group);
}

void pictures_sample_figure(Run *run, Figures *figures, const char *name, const real *sample, int n)
{
    const Dataset *data = run->data;
    if (data->kind == DATA_POINTS) {
        points_figure(run, figures, name, sample, n);
        return;
    }
    size_t size = (size_t)n * (size_t)data->dims;
    real *pixel = memory_new(size, sizeof *pixel);
    memcpy(pixel, sample, size * sizeof *pixel);
    pictures_to_unit(data, pixel, size);
    int columns = (int)ceil(sqrt((double)n));
    FigureImages images = {
        pixel,   n,    data->height, data->width, data->channels, (n + columns - 1) / columns,
        columns, NULL, NULL};
    char *title = memory_format("Samples of the %s trained on %s", run->family->name, data->name);
    figure_images(figures, &(FigureText){.name = name, .title = title}, &images);
    free(title);
    free(pixel);
}

/* The loss of training and of held-out data; and the family's other columns in a second figure. */
static void loss_figures(Run *run, Figures *figures)
{
    RecordTable table = record_read(run->dir);
    const double *step = record_column(&table, "step");
    const char *const *name = run->family->columns;
    const char *unit = run->family->loss_unit != NULL ? run->family->loss_unit : "nats an example";
    int columns = family_columns(run->family), parts = 0;
    if (step == NULL || table.rows == 0) {
        record_table_free(&table);
        return;
    }
    FigureCurve loss[2] = {
        {.label = "training", .y = record_column(&table, name[0])},
        {.label = "held out", .y = record_column(&table, "valid"), .sparse = true}};
    FigureCurve part[FAMILY_MOST_COLUMNS];
    size_t skip = table.rows / 50; /* the fall from the initial weights would hide the rest */
    for (int i = 0; i < 2; i++)
        loss[i].y += skip;
    for (int c = 1; c < columns; c++) {
        const double *y = record_column(&table, name[c]);
        if (y != NULL && isfinite(y[table.rows - 1]))
            part[parts++] = (FigureCurve){.label = name[c], .y = y + skip};
    }
    FigureText text = {.name = "loss",
                       .title = "Loss over training",
                       .x_label = "step",
                       .y_label = memory_format("%s (%s)", name[0], unit)};
    FigureLines lines = {.x = step + skip,
                         .n = table.rows - skip,
                         .curve = loss,
                         .curves = loss[1].y != NULL ? 2 : 1};
    figure_lines(figures, &text, &lines);
    free((char *)text.y_label);
    if (parts > 0) {
        FigureText part_text = {.name = "loss-parts",
                                .title = "The parts of the loss",
                                .x_label = "step",
                                .y_label = unit};
        FigureLines part_lines = {
            .x = step + skip, .n = table.rows - skip, .curve = part, .curves = parts};
        figure_lines(figures, &part_text, &part_lines);
    }
    record_table_free(&table);
}

static void draw_samples(Run *run, Figures *figures, uint64_t seed)
{
    char *npy = run_path(run->dir, "samples.npy");
    bool points = run->data->kind == DATA_POINTS;
    int n = points ? POINTS_SHOWN : SAMPLES;
    real *drawn = pictures_samples(run, seed, &(SampleRequest){.n = n});
    pictures_write_npy(run, npy, drawn, n);
    if (!points) { /* the mean of p(x|z) shows what the model means without pixel noise */
        free(drawn);
        drawn = pictures_samples(run, seed, &(SampleRequest){.n = n, .mean = true});
    }
    pictures_sample_figure(run, figures, "samples", drawn, n);
    free(drawn);
    free(npy);
}

/* samples.txt, and its beginning on the terminal. */
static void write_texts(Run *run, uint64_t seed)
{
    enum { SHOWN = 600 };
    char *path = run_path(run->dir, "samples.txt");
    char *text = pictures_texts(run, seed, &(SampleRequest){.n = run->data->text->lines ? 100 : 1});
    const char *reason = file_write(path, text, strlen(text));
    if (reason != NULL)
        warn("%s: not written: %s", path, reason);
    int shown = strlen(text) > SHOWN ? SHOWN : (int)strlen(text);
    while (shown > 0 && ((unsigned char)text[shown] & 0xc0) == 0x80) /* within a character */
        shown--;
    printf("\nwritten by the model (%s):\n%.*s%s\n", path, shown, text,
           text[shown] != '\0' ? " ..." : "");
    free(text);
    free(path);
}

Figures *pictures_draw(Run *run, bool quiet)
{
    char *folder = run_path(run->dir, "figures");
    Figures *figures = figures_open(folder);
    uint64_t seed = (uint64_t)options_int(run->options, "seed");
    loss_figures(run, figures);
    if (run->data->kind == DATA_TOKENS)
        write_texts(run, seed);
    else if (run->family->sample != NULL)
        draw_samples(run, figures, seed);
    Tape *tape = tape_create(kernels_best());
    tape_record(tape, false);
    Task task = {.data = run->data,
                 .split = SPLIT_TEST,
                 .tape = tape,
                 .figures = figures,
                 .dir = run->dir,
                 .options = run->options,
                 .quiet = quiet};
    task.noise = rng_stream(seed, "figures");
    if (run->family->figures != NULL)
        run->family->figures(run->model, &task);
    tape_free(tape);
    free(folder);
    return figures;
}

void pictures_list(const Figures *figures, const char *dir)
{
    if (figures_drawn(figures) > 0)
        printf("pictures:\n");
    else if (!figures_have_gnuplot(figures)) /* else there was nothing to draw */
        printf("no pictures were drawn; scripts and data are in %s/figures\n", dir);
    for (int i = 0; i < figures_drawn(figures); i++)
        printf("  %s\n", figures_path(figures, i));
}

/* A unit and how strong its weights are. */
typedef struct Strength {
    double norm;
    int unit;
} Strength;

static int strongest_first(const void *a, const void *b)
{
    const Strength *x = a, *y = b;
    return x->norm != y->norm ? (x->norm < y->norm) - (x->norm > y->norm) : x->unit - y->unit;
}

void pictures_weights(const Dataset *data, Figures *figures, const FigureText *text,
                      const real *weight, int units, size_t unit_stride, size_t pixel_stride)
{
    enum { SIDE = 10 };
    size_t dims = (size_t)data->dims;
    int shown = units < SIDE * SIDE ? units : SIDE * SIDE;
    int columns = (int)ceil(sqrt((double)shown));
    Strength *order = memory_new((size_t)units, sizeof *order);
    real *pixel = memory_new((size_t)shown * dims, sizeof *pixel);
    for (int j = 0; j < units; j++) {
        const real *own = weight + (size_t)j * unit_stride;
        order[j].unit = j;
        for (size_t d = 0; d < dims; d++)
            order[j].norm += (double)own[d * pixel_stride] * (double)own[d * pixel_stride];
    }
    qsort(order, (size_t)units, sizeof *order, strongest_first);
    for (int s = 0; s < shown; s++) {
        const real *own = weight + (size_t)order[s].unit * unit_stride;
        double largest = 1e-12;
        for (size_t d = 0; d < dims; d++)
            largest = fmax(largest, fabs((double)own[d * pixel_stride]));
        for (size_t d = 0; d < dims; d++)
            pixel[(size_t)s * dims + d] =
                (real)(0.5 + 0.5 * (double)own[d * pixel_stride] / largest);
    }
    FigureImages images = {.pixel = pixel,
                           .n = shown,
                           .height = data->height,
                           .width = data->width,
                           .channels = data->channels,
                           .rows = (shown + columns - 1) / columns,
                           .columns = columns};
    figure_images(figures, text, &images);
    free(pixel);
    free(order);
}
