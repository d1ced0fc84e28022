/* What a trained model can do with images that are there: vary them, fill them in, go from one to
 * another. All of it is ddim or ddpm steps from another start than pure noise. */
#include "04-ddpm/ddpm_figures.h"

#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 6, DRAWS = 8 };

/* The images of a use, a row of its figure each. */
typedef struct Start {
    int rows;
    real *x;    /* [rows, dims] in network units                  */
    int *label; /* [rows], or NULL: the network is told no class  */
} Start;

static void start_free(Start *start)
{
    free(start->x);
    free(start->label);
}

/* From the data's units, in place, as the run was trained: with its noise where it is dequantised.
 */
static void to_network(const Ddpm *ddpm, const Task *task, real *x, int rows)
{
    Rng rng = rng_at(task->noise, 1);
    ddpm_begin(ddpm, task);
    Tensor *in = tensor_from(task->tape, 2, (int[]){rows, ddpm->dims}, x);
    memcpy(x, ddpm_to_network(ddpm, in, &rng)->value, in->size * sizeof *x);
}

/* Test images by their numbers. */
static Start start_test(const Ddpm *ddpm, const Task *task, const uint32_t *index, int rows)
{
    Start start = {.rows = rows};
    Rng rng = task->noise;
    start.x = memory_new((size_t)rows * (size_t)ddpm->dims, sizeof *start.x);
    start.label = ddpm->classes > 0 ? memory_new((size_t)rows, sizeof *start.label) : NULL;
    dataset_fetch(task->data, SPLIT_TEST, index, (size_t)rows, &rng, start.x, start.label, NULL);
    to_network(ddpm, task, start.x, rows);
    return start;
}

/* The same image in every row: a file has no class of its own. */
static Start start_file(const Ddpm *ddpm, const Task *task, const char *path)
{
    Start start = {.rows = ROWS};
    size_t dims = (size_t)ddpm->dims;
    start.x = memory_new(ROWS * dims, sizeof *start.x);
    dataset_read_image(task->data, path, start.x);
    for (int i = 1; i < ROWS; i++)
        memcpy(start.x + (size_t)i * dims, start.x, dims * sizeof *start.x);
    to_network(ddpm, task, start.x, ROWS);
    return start;
}

/* The run of test images that starts at from->first. */
static Start start_row(const Ddpm *ddpm, const Task *task, const Originals *from)
{
    uint32_t index[ROWS];
    size_t all = task->data->count[SPLIT_TEST];
    int rows = all < ROWS ? (int)all : ROWS;
    if ((size_t)(from->first + rows) > all)
        refuse_usage("--index %d: the test images of %s are 0 to %zu, and %d in a row are drawn; "
                     "at most --index %zu",
                     from->first, task->data->name, all - 1, rows, all - (size_t)rows);
    for (int i = 0; i < rows; i++)
        index[i] = (uint32_t)(from->first + i);
    return start_test(ddpm, task, index, rows);
}

static Start start_from(const Ddpm *ddpm, const Task *task, const Originals *from)
{
    Start start =
        from->path != NULL ? start_file(ddpm, task, from->path) : start_row(ddpm, task, from);
    if (from->label >= 0 && start.label == NULL)
        start.label = memory_new((size_t)start.rows, sizeof *start.label);
    for (int i = 0; from->label >= 0 && i < start.rows; i++)
        start.label[i] = from->label;
    return start;
}

/* The grid of a figure: rows of the start, so many columns, on 0 .. 1. */
typedef struct Sheet {
    int rows, columns;
    size_t dims;
    real *pixel;
} Sheet;

static Sheet sheet_new(const Start *start, int columns, int dims)
{
    Sheet sheet = {start->rows, columns, (size_t)dims, NULL};
    sheet.pixel = memory_new((size_t)(start->rows * columns) * sheet.dims, sizeof *sheet.pixel);
    return sheet;
}

/* Network units into a column. */
static void sheet_put(Sheet *sheet, int column, const real *x)
{
    for (int row = 0; row < sheet->rows; row++)
        for (size_t d = 0; d < sheet->dims; d++)
            sheet->pixel[(size_t)(row * sheet->columns + column) * sheet->dims + d] =
                (x[(size_t)row * sheet->dims + d] + 1) / 2;
}

static void sheet_draw(Sheet *sheet, const Task *task, const FigureText *text,
                       const char *const *column_label)
{
    FigureImages images = {.pixel = sheet->pixel,
                           .n = sheet->rows * sheet->columns,
                           .height = task->data->height,
                           .width = task->data->width,
                           .channels = task->data->channels,
                           .rows = sheet->rows,
                           .columns = sheet->columns,
                           .column_label = column_label};
    figure_images(task->figures, text, &images);
    free(sheet->pixel);
}

static Sampler use_sampler(const Ddpm *ddpm, const DdpmPredictor *own, const Originals *from)
{
    return (Sampler){.kind = SAMPLER_DDIM,
                     .predictor = &own->predictor,
                     .schedule = ddpm->schedule,
                     .clip = ddpm_clip(ddpm),
                     .steps = from->steps};
}

/* ---------------------------------------------------------------- variations */

void ddpm_draw_variations(const Ddpm *ddpm, const Task *task, const Originals *from,
                          double strength)
{
    Start start = start_from(ddpm, task, from);
    Sheet sheet = sheet_new(&start, DRAWS + 1, ddpm->dims);
    size_t numbers = (size_t)start.rows * sheet.dims;
    DdpmPredictor own = ddpm_predictor(ddpm, from->guidance);
    Sampler sampler = use_sampler(ddpm, &own, from);
    real *x = memory_new(numbers, sizeof *x);
    char text_of[DRAWS + 1][24] = {"original"};
    const char *label[DRAWS + 1] = {text_of[0]};
    Rng noise = task->noise;
    sheet_put(&sheet, 0, start.x);
    ddpm_begin(ddpm, task);
    for (int c = 1; c <= DRAWS; c++) {
        double now = strength > 0 ? strength : (double)c / DRAWS;
        int k = (int)lround(now * sampler.steps);
        sampler.from = k > 0 ? k : 1;
        snprintf(text_of[c], sizeof text_of[c], "%.3g", now);
        label[c] = text_of[c];
        memcpy(x, start.x, numbers * sizeof *x);
        sampler_noise(&sampler, sampler.from, &noise, start.rows, x);
        sampler_run(&sampler, task->tape, &noise, start.rows, start.label, x);
        sheet_put(&sheet, c, x);
    }
    FigureText text = {.name = "vary",
                       .title = "Forward a part of the way, and back again",
                       .x_label = "strength: the part of the way"};
    sheet_draw(&sheet, task, &text, label);
    free(x);
    start_free(&start);
}

/* ---------------------------------------------------------------- filling in */

static bool is_hidden(HiddenPart part, int row, int column, int height, int width)
{
    switch (part) {
    case HIDE_LEFT:
        return column < width / 2;
    case HIDE_RIGHT:
        return column >= width / 2;
    case HIDE_TOP:
        return row < height / 2;
    case HIDE_BOTTOM:
        return row >= height / 2;
    case HIDE_MIDDLE:
        return row >= height / 4 && row < height - height / 4 && column >= width / 4 &&
               column < width - width / 4;
    }
    fail("inpainting: part %d is none of HiddenPart", (int)part);
}

/* 1 where the image is known, n images. */
static real *known_mask(const Dataset *data, HiddenPart hidden, int n)
{
    real *mask = memory_new((size_t)n * (size_t)data->dims, sizeof *mask), *at = mask;
    for (int i = 0; i < n; i++)
        for (int row = 0; row < data->height; row++)
            for (int column = 0; column < data->width; column++)
                for (int c = 0; c < data->channels; c++)
                    *at++ = is_hidden(hidden, row, column, data->height, data->width) ? 0 : 1;
    return mask;
}

/* Ancestral steps (ddim with eta 1), since the noise of each is what lets the two parts agree. All
 * draws run as one batch: draw c of row r is row c * rows + r. */
void ddpm_draw_inpainting(const Ddpm *ddpm, const Task *task, const Originals *from,
                          HiddenPart hidden, int repeats)
{
    static const char *const label[DRAWS + 2] = {"original", "known", "", "", "",
                                                 "",         "",      "", "", ""};
    Start start = start_from(ddpm, task, from);
    Sheet sheet = sheet_new(&start, DRAWS + 2, ddpm->dims);
    size_t numbers = (size_t)start.rows * sheet.dims;
    int all = DRAWS * start.rows;
    DdpmPredictor own = ddpm_predictor(ddpm, from->guidance);
    Sampler sampler = use_sampler(ddpm, &own, from);
    real *mask = known_mask(task->data, hidden, all);
    real *known = memory_new(DRAWS * numbers, sizeof *known);
    real *x = memory_new(DRAWS * numbers, sizeof *x);
    int *class = start.label != NULL ? memory_new((size_t)all, sizeof *class) : NULL;
    Rng noise = task->noise;
    for (int c = 0; c < DRAWS; c++)
        memcpy(known + (size_t)c * numbers, start.x, numbers * sizeof *known);
    for (int i = 0; class != NULL && i < all; i++)
        class[i] = start.label[i % start.rows];
    for (size_t i = 0; i < numbers; i++)
        x[i] = mask[i] * start.x[i]; /* 0 is the middle grey */
    sheet_put(&sheet, 0, start.x);
    sheet_put(&sheet, 1, x);
    sampler.eta = 1;
    sampler.known = known;
    sampler.mask = mask;
    sampler.repeats = repeats;
    ddpm_begin(ddpm, task);
    sampler_run(&sampler, task->tape, &noise, all, class, x);
    for (int c = 0; c < DRAWS; c++)
        sheet_put(&sheet, c + 2, x + (size_t)c * numbers);
    FigureText text = {.name = "inpaint", .title = "The hidden part, filled in several times"};
    sheet_draw(&sheet, task, &text, label);
    free(class);
    free(known);
    free(mask);
    free(x);
    start_free(&start);
}

/* ---------------------------------------------------------------- interpolation */

/* Pairs of test images from `first` on: of labelled runs two of one class, a class after another.
 * Fills index [2, ROWS]; returns how many pairs there are. */
static int find_pairs(const Ddpm *ddpm, const Task *task, int first, uint32_t index[2][ROWS])
{
    enum { SEARCHED = 1000 };
    const Dataset *data = task->data;
    size_t all = data->count[SPLIT_TEST], left = all - (size_t)first;
    uint32_t n = (uint32_t)(left < SEARCHED ? left : SEARCHED);
    int *label = memory_new(n, sizeof *label), pairs = 0, classes = ddpm->classes;
    real *x = memory_new((size_t)n * (size_t)ddpm->dims, sizeof *x);
    Rng rng = task->noise;
    dataset_fetch_range(data, SPLIT_TEST, (size_t)first, n, &rng, x, classes > 0 ? label : NULL,
                        NULL);
    for (int class = 0; class < classes && pairs < ROWS; class ++) {
        int found = 0;
        for (uint32_t i = 0; i < n && found < 2; i++)
            if (label[i] == class)
                index[found++][pairs] = (uint32_t)first + i;
        pairs += found == 2;
    }
    for (uint32_t i = 0; i + 1 < n && pairs < ROWS && classes == 0; i += 2, pairs++) {
        index[0][pairs] = (uint32_t)first + i;
        index[1][pairs] = (uint32_t)first + i + 1;
    }
    free(x);
    free(label);
    return pairs;
}

void ddpm_draw_interpolations(const Ddpm *ddpm, const Task *task, const Originals *from)
{
    enum { SHARES = 9, COLUMNS = SHARES + 2 };
    uint32_t index[2][ROWS];
    if ((size_t)from->first + 2 > task->data->count[SPLIT_TEST])
        refuse_usage("--index %d: the test images of %s are 0 to %zu, and two are needed",
                     from->first, task->data->name, task->data->count[SPLIT_TEST] - 1);
    int rows = find_pairs(ddpm, task, from->first, index);
    if (rows == 0)
        refuse_usage("--index %d: no two test images behind it have one class; start earlier",
                     from->first);
    Start end[2] = {start_test(ddpm, task, index[0], rows), start_test(ddpm, task, index[1], rows)};
    Sheet sheet = sheet_new(&end[0], COLUMNS, ddpm->dims);
    size_t numbers = (size_t)rows * sheet.dims;
    DdpmPredictor own = ddpm_predictor(ddpm, 0);
    Sampler sampler = use_sampler(ddpm, &own, from);
    real *x = memory_new(numbers, sizeof *x);
    static const char *const label[COLUMNS] = {"image", "rebuilt", "", "",        "",     "half",
                                               "",      "",        "", "rebuilt", "image"};
    Rng unused = task->noise; /* eta 0 draws nothing */
    ddpm_begin(ddpm, task);
    for (int e = 0; e < 2; e++) {
        sheet_put(&sheet, e * (COLUMNS - 1), end[e].x);
        sampler_invert(&sampler, task->tape, rows, end[e].label, end[e].x);
    }
    sampler.from = sampler.steps;
    for (int c = 0; c < SHARES; c++) {
        for (int row = 0; row < rows; row++)
            sampler_between(end[0].x + (size_t)row * sheet.dims,
                            end[1].x + (size_t)row * sheet.dims, ddpm->dims,
                            (double)c / (SHARES - 1), x + (size_t)row * sheet.dims);
        sampler_run(&sampler, task->tape, &unused, rows, end[0].label, x);
        sheet_put(&sheet, c + 1, x);
    }
    FigureText text = {.name = "interpolate",
                       .title = "Between two test images, along the great circle of their latents"};
    sheet_draw(&sheet, task, &text, label);
    free(x);
    start_free(&end[0]);
    start_free(&end[1]);
}
