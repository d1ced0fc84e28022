#include "plot/figure.h"
#include "plot/range.h"
#include "plot/script.h"
#include "support/fail.h"

#include <math.h>

/* Pixels of the screen. */
enum { INNER = 340, LONE_INNER = 480, LEFT = 80, GAP = 56, RIGHT = 130, BOTTOM = 66 };
enum { TOP = 30, TITLE_LINE = 26, TITLE_LETTER = 10, PANEL_LETTERS = 34 };
enum { MOST_PANELS = 6, MOST_NUMBERED = 16 };

static void check(const FigureText *text, const FigureHeatmaps *maps)
{
    if (maps->panels < 1 || maps->panels > MOST_PANELS)
        fail("figure %s: %d panels; there can be 1 to %d", text->name, maps->panels, MOST_PANELS);
    if (maps->nx < 2 || maps->ny < 2)
        fail("figure %s: %d x %d cells; each must be at least 2", text->name, maps->nx, maps->ny);
    if (!(maps->x.low < maps->x.high) || !(maps->y.low < maps->y.high))
        fail("figure %s: the map spans x from %g to %g, y from %g to %g; it needs low < high",
             text->name, maps->x.low, maps->x.high, maps->y.low, maps->y.high);
}

/* Numbers that stand for a point in the file: x, y, and those of its arrow. */
static size_t numbers_a_point(const FigurePanel *panel)
{
    return panel->step != NULL ? 4 : 2;
}

static void write_points(FILE *data, const FigurePanel *panel)
{
    for (size_t i = 0; i < panel->points; i++)
        for (size_t k = 0; k < numbers_a_point(panel); k++) {
            const real *from = k < 2 ? panel->point : panel->step;
            float stored = (float)from[2 * i + k % 2];
            fwrite(&stored, sizeof stored, 1, data);
        }
}

/* All maps as 4-byte floats, then all points as pairs of them, or as fours with their arrows.
 * Returns what the maps span. */
static FigureRange write_data(FILE *data, const FigureHeatmaps *maps)
{
    FigureRange span = range_none();
    size_t cells = (size_t)maps->nx * (size_t)maps->ny;
    for (int i = 0; i < maps->panels; i++) {
        for (size_t cell = 0; cell < cells; cell++) {
            double value = maps->panel[i].density[cell];
            float stored = range_can_hold(value, false) ? (float)value : NAN;
            range_take(&span, (double)stored, false);
            fwrite(&stored, sizeof stored, 1, data);
        }
    }
    for (int i = 0; i < maps->panels; i++)
        write_points(data, &maps->panel[i]);
    return span;
}

typedef struct Canvas {
    int width, height, top;
    int inner_w, inner_h; /* of one panel */
} Canvas;

static Canvas canvas_of(const FigureText *text, const FigureHeatmaps *maps)
{
    Canvas canvas = {.inner_w = maps->panels == 1 ? LONE_INNER : INNER};
    double ratio = (maps->y.high - maps->y.low) / (maps->x.high - maps->x.low);
    ratio = fmin(fmax(ratio, 0.4), 1.6);
    canvas.inner_h = (int)(canvas.inner_w * ratio + 0.5);
    canvas.width = LEFT + maps->panels * (canvas.inner_w + GAP) - GAP + RIGHT;
    int panel_lines = 0;
    for (int i = 0; i < maps->panels; i++) {
        int lines = script_lines(script_letters(maps->panel[i].title), PANEL_LETTERS);
        panel_lines = lines > panel_lines ? lines : panel_lines;
    }
    int lines = script_lines(script_letters(text->title), canvas.width / TITLE_LETTER);
    canvas.top = TOP + (lines + panel_lines) * TITLE_LINE;
    canvas.height = canvas.top + canvas.inner_h + BOTTOM;
    return canvas;
}

static void place_panel(FILE *gp, const Canvas *canvas, int i)
{
    double width = canvas->width;
    double height = canvas->height;
    int left = LEFT + i * (canvas->inner_w + GAP);
    fprintf(gp, "set lmargin at screen %.6f\n", left / width);
    fprintf(gp, "set rmargin at screen %.6f\n", (left + canvas->inner_w) / width);
    fprintf(gp, "set tmargin at screen %.6f\n", 1 - canvas->top / height);
    fprintf(gp, "set bmargin at screen %.6f\n", BOTTOM / height);
}

/* Cells as wide as the unit are numbered one by one, where they are few. */
static void number_cells(FILE *gp, const char *axis, FigureRange range, int cells)
{
    if (cells <= MOST_NUMBERED && fabs(range.high - range.low - cells) < 1e-9)
        fprintf(gp, "set %stics 1\n", axis);
}

/* One colour scale for all, beside the last panel. */
static void place_colourbox(FILE *gp, const Canvas *canvas)
{
    double width = canvas->width;
    double height = canvas->height;
    fprintf(gp, "set colorbox user origin screen %.6f, %.6f size screen %.6f, %.6f\n",
            (canvas->width - RIGHT + 20) / width, BOTTOM / height, 16 / width,
            canvas->inner_h / height);
}

static void plot_panel(const Script *script, const FigureHeatmaps *maps, int i,
                       size_t numbers_before)
{
    FILE *gp = script->gp;
    const FigurePanel *panel = &maps->panel[i];
    size_t cells = (size_t)maps->nx * (size_t)maps->ny;
    double dx = (maps->x.high - maps->x.low) / maps->nx;
    double dy = (maps->y.high - maps->y.low) / maps->ny;
    fprintf(gp,
            "plot '%s.bin' binary skip=%zu array=(%d,%d) format='%%float32' "
            "origin=(%.10g,%.10g) dx=%.10g dy=%.10g with image notitle",
            script->name, (size_t)i * cells * sizeof(float), maps->nx, maps->ny,
            maps->x.low + dx / 2, maps->y.low + dy / 2, dx, dy);
    size_t skip = ((size_t)maps->panels * cells + numbers_before) * sizeof(float);
    if (panel->points > 0 && panel->step != NULL)
        fprintf(gp,
                ", \\\n    '%s.bin' binary skip=%zu record=%zu "
                "format='%%float32%%float32%%float32%%float32' using 1:2:3:4 with vectors head "
                "filled size screen 0.006,20,60 lw 1 lc rgb '#ffffff' notitle",
                script->name, skip, panel->points);
    else if (panel->points > 0)
        fprintf(gp,
                ", \\\n    '%s.bin' binary skip=%zu record=%zu format='%%float32%%float32' "
                "using 1:2 with points pt 7 ps 0.3 lc rgb '#50ffffff' notitle",
                script->name, skip, panel->points);
    fputc('\n', gp);
}

static void plot_panels(Script *script, const FigureHeatmaps *maps, const Canvas *canvas,
                        bool empty)
{
    FILE *gp = script->gp;
    size_t numbers_before = 0;
    for (int i = 0; i < maps->panels; i++) {
        place_panel(gp, canvas, i);
        if (i == maps->panels - 1)
            fputs("set colorbox\n", gp);
        script_title(gp, maps->panel[i].title, PANEL_LETTERS, NULL);
        if (i == 1)
            fputs("set ylabel ''\n", gp);
        if (empty)
            fputs("plot NaN notitle\n", gp);
        else
            plot_panel(script, maps, i, numbers_before);
        numbers_before += numbers_a_point(&maps->panel[i]) * maps->panel[i].points;
        fputs("unset title\n", gp);
    }
}

bool figure_heatmaps(Figures *figures, const FigureText *text, const FigureHeatmaps *heatmaps)
{
    check(text, heatmaps);
    Script *script = script_begin(figures, text, "bin");
    FILE *gp = script->gp;
    FigureRange span = write_data(script->data, heatmaps);
    Canvas canvas = canvas_of(text, heatmaps);
    script_png(script, canvas.width, canvas.height);
    script_label(gp, "x", text->x_label);
    script_label(gp, "y", text->y_label);
    script_label(gp, "cb", text->z_label);
    fputs("set cblabel offset 0.8, 0\n", gp);
    script_range(gp, "x", heatmaps->x);
    script_range(gp, "y", heatmaps->y);
    number_cells(gp, "x", heatmaps->x, heatmaps->nx);
    number_cells(gp, "y", heatmaps->y, heatmaps->ny);
    script_range(gp, "cb", range_choose(heatmaps->density, span, 0, false));
    place_colourbox(gp, &canvas);
    fputs("unset colorbox\nunset grid\n", gp);
    if (range_is_empty(span))
        script_nothing(gp, text);
    fputs("set multiplot", gp);
    if (text->title != NULL) {
        fputs(" title ", gp);
        script_wrapped(gp, text->title, canvas.width / TITLE_LETTER);
        fputs(" noenhanced font ',13'", gp);
    }
    fputc('\n', gp);
    plot_panels(script, heatmaps, &canvas, range_is_empty(span));
    fputs("unset multiplot\n", gp);
    return script_end(script);
}
