#include "plot/lines.h"
#include "plot/range.h"
#include "plot/script.h"
#include "plot/style.h"
#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>

enum { WIDTH = 900, HEIGHT = 540, TITLE_LETTERS = 85, FEW_POINTS = 30 };

void lines_check(const FigureText *text, const FigureLines *lines)
{
    for (int i = 0; i < lines->curves; i++) {
        const FigureCurve *curve = &lines->curve[i];
        if ((curve->low == NULL) != (curve->high == NULL))
            fail("figure %s: curve %d has one edge of a band; it needs low and high, or neither",
                 text->name, i);
        if (curve->y == NULL && lines->n > 0)
            fail("figure %s: curve %d has no values", text->name, i);
    }
}

static double x_at(const FigureLines *lines, size_t i)
{
    return lines->x != NULL ? lines->x[i] : (double)i;
}

static void name_column(FILE *data, const FigureCurve *curve, int number, const char *edge)
{
    char *plain = memory_format("curve %d", number + 1);
    char *name = memory_format("%s%s", curve->label != NULL ? curve->label : plain, edge);
    fputc(',', data);
    script_field(data, name);
    free(name);
    free(plain);
}

void lines_data(FILE *data, const FigureText *text, const FigureLines *lines)
{
    script_field(data, text->x_label != NULL ? text->x_label : "x");
    for (int i = 0; i < lines->curves; i++) {
        name_column(data, &lines->curve[i], i, "");
        if (lines->curve[i].low != NULL) {
            name_column(data, &lines->curve[i], i, " low");
            name_column(data, &lines->curve[i], i, " high");
        }
    }
    fputc('\n', data);
    for (size_t row = 0; row < lines->n; row++) {
        script_number(data, x_at(lines, row));
        for (int i = 0; i < lines->curves; i++) {
            const FigureCurve *curve = &lines->curve[i];
            fputc(',', data);
            if (!curve->sparse || !isnan(curve->y[row])) /* an empty field does not part a line */
                script_number(data, curve->y[row]);
            if (curve->low == NULL)
                continue;
            fputc(',', data);
            script_number(data, curve->low[row]);
            fputc(',', data);
            script_number(data, curve->high[row]);
        }
        fputc('\n', data);
    }
}

typedef struct Extent {
    FigureRange x, y;
} Extent;

/* What the curves, bands and levels span where both coordinates can be drawn. Levels alone show
 * nothing. */
static Extent extent_of(const FigureLines *lines)
{
    Extent extent = {range_none(), range_none()};
    for (size_t row = 0; row < lines->n; row++) {
        double x = x_at(lines, row);
        if (!range_can_hold(x, lines->log_x))
            continue;
        for (int i = 0; i < lines->curves; i++) {
            const FigureCurve *curve = &lines->curve[i];
            if (!range_can_hold(curve->y[row], lines->log_y))
                continue;
            range_take(&extent.x, x, lines->log_x);
            range_take(&extent.y, curve->y[row], lines->log_y);
            if (curve->low != NULL) {
                range_take(&extent.y, curve->low[row], lines->log_y);
                range_take(&extent.y, curve->high[row], lines->log_y);
            }
        }
    }
    for (int i = 0; i < lines->levels && !range_is_empty(extent.y); i++)
        range_take(&extent.y, lines->level[i].y, lines->log_y);
    return extent;
}

static void set_axis(FILE *gp, const char *axis, FigureRange range, bool log)
{
    if (log)
        script_log_range(gp, axis, range);
    else
        script_range(gp, axis, range);
}

/* Names in the place of numbers on x. */
static void set_ticks(FILE *gp, const FigureLines *lines)
{
    fputs("set xtics noenhanced (", gp);
    for (size_t i = 0; i < lines->n; i++) {
        fputs(i > 0 ? ", " : "", gp);
        script_tick(gp, lines->tick[i]);
        fprintf(gp, " %zu", i);
    }
    fputs(")\n", gp);
}

/* One curve is "with lines"; few points also get dots, or a single one would not be seen. */
static const char *curve_drawing(const FigureLines *lines, const FigureCurve *curve, bool plain)
{
    bool dotted = curve->sparse || lines->n <= FEW_POINTS || lines->tick != NULL;
    return dotted && !plain ? "linespoints ps 0.7" : "lines";
}

static void plot_bands(FILE *gp, const FigureLines *lines, const char *source)
{
    int column = 2;
    for (int i = 0; i < lines->curves; i++) {
        if (lines->curve[i].low == NULL) {
            column++;
            continue;
        }
        fprintf(gp,
                ", \\\n    %s skip 1 using 1:%d:%d with filledcurves fc lt %d "
                "fs transparent solid 0.2 noborder notitle",
                source, column + 1, column + 2, i % STYLE_COLOURS + 1);
        column += 3;
    }
}

static void plot_curves(FILE *gp, const FigureLines *lines, const char *source, bool plain)
{
    int column = 2;
    for (int i = 0; i < lines->curves; i++) {
        const FigureCurve *curve = &lines->curve[i];
        fprintf(gp, ", \\\n    %s skip 1 using 1:%d with %s lt %d", source, column,
                curve_drawing(lines, curve, plain), i % STYLE_COLOURS + 1);
        script_legend(gp, curve->label);
        column += curve->low != NULL ? 3 : 1;
    }
}

static void plot_levels(FILE *gp, const FigureLines *lines, bool plain)
{
    for (int i = 0; i < lines->levels; i++) {
        if (!range_can_hold(lines->level[i].y, lines->log_y))
            continue;
        fprintf(gp, ", \\\n    %.10g with lines", lines->level[i].y);
        if (plain)
            fprintf(gp, " lt %d", lines->curves + i + 1);
        else
            fprintf(gp, " lw 1.5 dt %d lc rgb '#444444'", i % 4 + 2);
        script_legend(gp, lines->level[i].label);
    }
}

void lines_script(FILE *gp, const FigureText *text, const FigureLines *lines, const char *source,
                  bool plain)
{
    Extent extent = extent_of(lines);
    bool empty = range_is_empty(extent.y);
    script_label(gp, "x", text->x_label);
    script_label(gp, "y", text->y_label);
    set_axis(gp, "x", range_choose(lines->x_range, extent.x, 0.02, lines->log_x), lines->log_x);
    set_axis(gp, "y", range_choose(lines->y_range, extent.y, 0.05, lines->log_y), lines->log_y);
    if (lines->tick != NULL)
        set_ticks(gp, lines);
    if (empty)
        script_nothing(gp, text);
    fputs("plot NaN notitle", gp); /* so that what follows may be nothing */
    if (!empty) {
        if (!plain)
            plot_bands(gp, lines, source);
        plot_levels(gp, lines, plain);
        plot_curves(gp, lines, source, plain);
    }
    fputc('\n', gp);
}

bool figure_lines(Figures *figures, const FigureText *text, const FigureLines *lines)
{
    lines_check(text, lines);
    Script *script = script_begin(figures, text, "csv");
    lines_data(script->data, text, lines);
    script_png(script, WIDTH, HEIGHT);
    script_title(script->gp, text->title, TITLE_LETTERS, NULL);
    char *source = memory_format("'%s.csv'", script->name);
    lines_script(script->gp, text, lines, source, false);
    free(source);
    return script_end(script);
}
