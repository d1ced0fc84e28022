#include "08-compare/compare_figures.h"

#include "08-compare/compare_one.h"
#include "08-compare/compare_probe.h"
#include "support/fail.h"
#include "support/memory.h"
#include "train/pictures.h"
#include "train/record.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 10, PANELS = 3, MOMENTS = 120 };

static const char *const names[][4] = {{"samples", "samples-2", "samples-3", "samples-4"},
                                       {"density", "density-2", "density-3", "density-4"}};

static void add(Pictures *pictures, const char *name, char *caption)
{
    if (pictures->count == PICTURES_MOST)
        fail("compare: more than %d pictures", PICTURES_MOST);
    pictures->picture[pictures->count++] = (Picture){name, caption};
}

void compare_pictures_free(Pictures *pictures)
{
    for (int i = 0; i < pictures->count; i++)
        free(pictures->picture[i].caption);
}

/* ---------------------------------------------------------------- images */

static void copy_images(const Rows *rows, const real *sample, real *to)
{
    size_t numbers = COLUMNS * (size_t)rows->data->dims;
    memcpy(to, sample, numbers * sizeof *to);
    pictures_to_unit(rows->data, to, numbers);
}

static void draw_images(const Contest *contest, Figures *figures, Pictures *pictures)
{
    const Rows *rows = contest->rows;
    const Dataset *data = rows->data;
    const char *label[ROWS_MOST + 1] = {"test examples"};
    size_t row_numbers = COLUMNS * (size_t)data->dims;
    real *pixel = memory_new((ROWS_MOST + 1) * row_numbers, sizeof *pixel);
    real *test = memory_new(row_numbers, sizeof *test);
    int shown = 1;
    dataset_fetch_spread(data, SPLIT_TEST, COLUMNS, NULL, test, NULL, NULL);
    copy_images(rows, test, pixel);
    for (int r = 0; r < rows->count; r++) {
        if (rows->row[r].sample == NULL)
            continue;
        label[shown] = rows->row[r].label;
        copy_images(rows, rows->row[r].sample, pixel + (size_t)shown++ * row_numbers);
    }
    FigureText text = {.name = names[0][0], .title = "Samples of every family, one seed"};
    FigureImages images = {pixel, shown * COLUMNS, data->height, data->width, data->channels,
                           shown, COLUMNS,         label,        NULL};
    figure_images(figures, &text, &images);
    add(pictures, names[0][0],
        memory_format("Samples, a row a family, the first %d of seed 1; above them test examples. "
                      "Families that know classes draw them in turn.",
                      COLUMNS));
    free(test);
    free(pixel);
}

/* ---------------------------------------------------------------- the plane */

/* Panels of one colour range, three a figure. */
static void draw_panels(const Contest *contest, Figures *figures, Pictures *pictures, int which,
                        const FigurePanel *panel, int panels, int cells, const char *title,
                        const char *z_label, const char *about)
{
    const Cells *box = &contest->rows->yardstick->cells;
    FigureRange range = {0, 0};
    for (int p = 0; p < panels; p++)
        for (int c = 0; c < cells * cells; c++)
            if (isfinite(panel[p].density[c]))
                range.high = fmax(range.high, panel[p].density[c]);
    for (int first = 0, part = 0; first < panels && part < 4; first += PANELS, part++) {
        FigureHeatmaps maps = {.panel = panel + first,
                               .panels = panels - first < PANELS ? panels - first : PANELS,
                               .nx = cells,
                               .ny = cells,
                               .x = {box->low[0], box->high[0]},
                               .y = {box->low[1], box->high[1]},
                               .density = range};
        char *full = memory_format("%s%s", title, part > 0 ? ", continued" : "");
        figure_heatmaps(figures,
                        &(FigureText){.name = names[which][part],
                                      .title = full,
                                      .x_label = "x1",
                                      .y_label = "x2",
                                      .z_label = z_label},
                        &maps);
        char *list = memory_text("");
        for (int p = first; p < first + maps.panels; p++) {
            char *longer = memory_format("%s%s%s", list, p > first ? ", " : "", panel[p].title);
            free(list);
            list = longer;
        }
        add(pictures, names[which][part], memory_format("%s: %s. %s", full, list, about));
        free(list);
        free(full);
    }
}

/* How dense points lie in cells: shares over the cells' area. */
static double *counted(const Rows *rows, const real *x)
{
    Cells cells = rows->yardstick->cells;
    size_t count = (size_t)cells.across * (size_t)cells.across;
    double area = (cells.high[0] - cells.low[0]) * (cells.high[1] - cells.low[1]) / (double)count;
    double *share = memory_new(count + 1, sizeof *share);
    cells_count(&cells, x, rows->yardstick->n, 2, 0, share);
    for (size_t c = 0; c < count; c++)
        share[c] /= area;
    return share;
}

static void draw_points(const Contest *contest, Figures *figures, Pictures *pictures)
{
    const Rows *rows = contest->rows;
    FigurePanel panel[ROWS_MOST + 1];
    double *map[ROWS_MOST + 1];
    int panels = 0;
    map[panels] = counted(rows, rows->yardstick->test);
    panel[panels] = (FigurePanel){.title = "test examples", .density = map[panels]};
    panels++;
    for (int r = 0; r < rows->count; r++) {
        if (rows->row[r].sample == NULL)
            continue;
        map[panels] = counted(rows, rows->row[r].sample);
        panel[panels] = (FigurePanel){.title = rows->row[r].label, .density = map[panels]};
        panels++;
    }
    draw_panels(contest, figures, pictures, 0, panel, panels, rows->yardstick->cells.across,
                "Where samples fall", "share a unit of area",
                "The same number of points each, in one range of colours.");
    for (int p = 0; p < panels; p++)
        free(map[p]);
}

static void draw_densities(const Contest *contest, Figures *figures, Pictures *pictures)
{
    enum { CELLS = ONE_MAP_CELLS * ONE_MAP_CELLS };
    const Rows *rows = contest->rows;
    const Dataset *data = rows->data;
    Cells cells = rows->yardstick->cells;
    FigurePanel panel[ROWS_MOST + 1];
    double *map[ROWS_MOST + 1];
    int panels = 0;
    cells.across = ONE_MAP_CELLS;
    if (data->log_density != NULL) {
        map[panels] = memory_new(CELLS, sizeof(double));
        for (int c = 0; c < CELLS; c++) {
            double x[2];
            cells_centre(&cells, c, x);
            map[panels][c] = exp(data->log_density(data, x));
        }
        panel[panels] = (FigurePanel){.title = "true", .density = map[panels]};
        panels++;
    }
    for (int r = 0; r < rows->count; r++) {
        if (rows->row[r].map == NULL)
            continue;
        map[panels] = memory_new(CELLS, sizeof(double));
        for (int c = 0; c < CELLS; c++)
            map[panels][c] = exp(rows->row[r].map[c]);
        panel[panels] = (FigurePanel){.title = rows->row[r].label, .density = map[panels]};
        panels++;
    }
    if (panels > 0)
        draw_panels(contest, figures, pictures, 1, panel, panels, ONE_MAP_CELLS, "Densities",
                    "p(x)",
                    "One range of colours; of bounds the exponential of the bound. A family "
                    "without a likelihood has none.");
    for (int p = 0; p < panels; p++)
        free(map[p]);
}

/* ---------------------------------------------------------------- curves */

/* The last value at or before each moment; NaN before the first. */
static void follow(const double *seconds, const double *value, size_t n, const double *moment,
                   double *out)
{
    size_t at = 0;
    double last = NAN;
    for (int k = 0; k < MOMENTS; k++) {
        for (; at < n && seconds[at] <= moment[k]; at++)
            if (isfinite(value[at]))
                last = value[at];
        out[k] = at < n || (n > 0 && moment[k] <= seconds[n - 1] * 1.02) ? last : NAN;
    }
}

static void draw_curves(const Contest *contest, Figures *figures, Pictures *pictures)
{
    const Rows *rows = contest->rows;
    double moment[MOMENTS], *y = memory_new(ROWS_MOST * MOMENTS, sizeof *y), longest = 0;
    FigureCurve curve[ROWS_MOST];
    RecordTable table[ROWS_MOST];
    const Row *of[ROWS_MOST];
    int curves = 0, tables = 0;
    for (int r = 0; r < rows->count; r++) {
        const Row *row = &rows->row[r];
        /* other losses can't share the axis */
        if (row->dir == NULL || !row->family->validates_nats || row->headline < 0 ||
            !isfinite(row->train_seconds))
            continue;
        table[tables] = record_read(row->dir);
        of[tables] = row;
        const double *seconds = record_column(&table[tables], "seconds");
        if (seconds != NULL && table[tables].rows > 0)
            longest = fmax(longest, seconds[table[tables].rows - 1]);
        tables++;
    }
    for (int k = 0; k < MOMENTS; k++)
        moment[k] = longest * pow(10, 2.5 * ((double)(k + 1) / MOMENTS - 1));
    for (int t = 0; t < tables; t++) {
        const double *seconds = record_column(&table[t], "seconds");
        const double *valid = record_column(&table[t], "valid");
        double *line = y + (size_t)curves * MOMENTS;
        if (seconds == NULL || valid == NULL)
            continue;
        follow(seconds, valid, table[t].rows, moment, line);
        curve[curves++] = (FigureCurve){.label = of[t]->label, .y = line};
    }
    if (curves > 0 && longest > 0) {
        figure_lines(
            figures,
            &(FigureText){.name = "curves",
                          .title = "Held-out loss against time",
                          .x_label = "seconds of training",
                          .y_label = "nats an example"},
            &(FigureLines){
                .x = moment, .n = MOMENTS, .curve = curve, .curves = curves, .log_x = true});
        add(pictures, "curves",
            memory_text("The loss on validation examples against seconds of training, for the "
                        "families whose training loss is (a bound on) -log p in nats; the others "
                        "train on something else."));
    }
    for (int t = 0; t < tables; t++)
        record_table_free(&table[t]);
    free(y);
}

/* ---------------------------------------------------------------- quality */

static double worst_of(const Rows *rows, int m)
{
    bool up = rows->yardstick->metric[m].up;
    double worst = rows->yardstick->floor[m];
    for (int r = 0; r < rows->count; r++) {
        double value = rows->row[r].samples.value[m];
        if (rows->row[r].failure == NULL && isfinite(value))
            worst = up ? fmin(worst, value) : fmax(worst, value);
    }
    return worst;
}

static void draw_quality(const Contest *contest, Figures *figures, Pictures *pictures)
{
    const Rows *rows = contest->rows;
    const Yardstick *yard = rows->yardstick;
    double *y = memory_new(ROWS_MOST * YARDSTICK_MOST, sizeof *y);
    const char *tick[YARDSTICK_MOST];
    FigureCurve curve[ROWS_MOST];
    FigureLevel level = {1, "other real data"};
    int curves = 0;
    for (int m = 0; m < yard->metrics; m++)
        tick[m] = yard->metric[m].name;
    for (int r = 0; r < rows->count; r++) {
        const Row *row = &rows->row[r];
        double *line = y + (size_t)curves * YARDSTICK_MOST;
        if (row->failure != NULL)
            continue;
        for (int m = 0; m < yard->metrics; m++)
            line[m] = yardstick_goodness(yard, m, row->samples.value[m], worst_of(rows, m));
        curve[curves++] = (FigureCurve){.label = row->label, .y = line};
    }
    figure_lines(figures,
                 &(FigureText){.name = "quality",
                               .title = "Quality of samples",
                               .y_label = "0: the worst here, 1: other real data"},
                 &(FigureLines){.n = (size_t)yard->metrics,
                                .curve = curve,
                                .curves = curves,
                                .level = &level,
                                .levels = 1,
                                .y_range = {-0.05, 1.15},
                                .tick = tick});
    add(pictures, "quality",
        memory_text("Parallel coordinates: every metric on its own scale from the worst of these "
                    "rows (0) to other real data (1), linear for shares and logarithmic for "
                    "distances. No sum is taken: the axes can't be added up."));
    free(y);
}

Pictures compare_figures(const Contest *contest, Figures *figures)
{
    Pictures pictures = {.count = 0};
    if (contest->rows->yardstick->kind == YARDSTICK_PLANE) {
        draw_densities(contest, figures, &pictures);
        draw_points(contest, figures, &pictures);
    } else {
        draw_images(contest, figures, &pictures);
    }
    draw_quality(contest, figures, &pictures);
    draw_curves(contest, figures, &pictures);
    return pictures;
}
