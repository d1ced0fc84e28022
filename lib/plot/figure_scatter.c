#include "plot/figure.h"
#include "plot/range.h"
#include "plot/script.h"
#include "plot/style.h"
#include "support/fail.h"
#include "support/memory.h"

#include <stdlib.h>

enum { WIDTH = 760, HEIGHT = 620, TITLE_LETTERS = 58 };
enum { GIF_WIDTH = 560, GIF_HEIGHT = 460, GIF_TITLE_LETTERS = 50 };

static void check(const FigureText *text, const FigureScatter *scatter)
{
    for (size_t i = 0; scatter->group != NULL && i < scatter->n; i++)
        if (scatter->group[i] < 0 || scatter->group[i] >= scatter->groups)
            fail("figure %s: point %zu is in group %d; groups are 0 to %d", text->name, i,
                 scatter->group[i], scatter->groups - 1);
}

static bool is_coloured(const FigureScatter *scatter)
{
    return scatter->group == NULL && scatter->value != NULL;
}

/* Smaller when there are more of them. */
static double point_size(size_t n)
{
    if (n <= 200)
        return 0.8;
    return n <= 2000 ? 0.5 : 0.3;
}

static void write_columns(FILE *data, const FigureScatter *scatter, bool frames)
{
    fprintf(data, "x,y,%s%s\n", scatter->group != NULL ? "group" : "value", frames ? ",frame" : "");
}

/* frame < 0: there is no such column. */
static void write_points(FILE *data, const FigureScatter *scatter, int frame)
{
    for (size_t i = 0; i < scatter->n; i++) {
        script_number(data, (double)scatter->point[2 * i]);
        fputc(',', data);
        script_number(data, (double)scatter->point[2 * i + 1]);
        fputc(',', data);
        if (scatter->group != NULL)
            fprintf(data, "%d", scatter->group[i]);
        else
            script_number(data, scatter->value != NULL ? scatter->value[i] : 0);
        if (frame >= 0)
            fprintf(data, ",%d", frame);
        fputc('\n', data);
    }
}

typedef struct Extent {
    FigureRange x, y, value;
} Extent;

static void take_points(Extent *extent, const FigureScatter *scatter)
{
    for (size_t i = 0; i < scatter->n; i++) {
        double x = (double)scatter->point[2 * i];
        double y = (double)scatter->point[2 * i + 1];
        if (!range_can_hold(x, false) || !range_can_hold(y, false))
            continue;
        if (is_coloured(scatter) && !range_can_hold(scatter->value[i], false))
            continue;
        range_take(&extent->x, x, false);
        range_take(&extent->y, y, false);
        if (is_coloured(scatter))
            range_take(&extent->value, scatter->value[i], false);
    }
}

static void set_axes(FILE *gp, const FigureText *text, const FigureScatter *scatter, Extent extent)
{
    script_label(gp, "x", text->x_label);
    script_label(gp, "y", text->y_label);
    script_range(gp, "x", range_choose(scatter->x_range, extent.x, 0.05, false));
    script_range(gp, "y", range_choose(scatter->y_range, extent.y, 0.05, false));
    if (is_coloured(scatter)) {
        script_label(gp, "cb", text->z_label);
        script_range(gp, "cb", range_choose(scatter->value_range, extent.value, 0, false));
    }
    if (scatter->equal_axes)
        fputs("set size ratio -1\n", gp);
    if (range_is_empty(extent.x))
        script_nothing(gp, text);
}

/* Points keep the order of the data, so that no group hides another; hence a legend of its own.
 * x: the first column, or an expression for it. */
static void plot_points(const Script *script, const FigureScatter *scatter, const char *x, size_t n)
{
    FILE *gp = script->gp;
    fputs("plot NaN notitle", gp);
    if (n > 0) {
        const char *colour = "2 with points pt 7 lt 1";
        if (scatter->group != NULL)
            colour = "2:($3 + 1) with points pt 7 lc variable";
        else if (scatter->value != NULL)
            colour = "2:3 with points pt 7 lc palette";
        fprintf(gp, ", \\\n    '%s.csv' skip 1 using %s:%s ps %g notitle", script->name, x, colour,
                point_size(n));
    }
    for (int i = 0; scatter->group != NULL && i < scatter->groups; i++) {
        fprintf(gp, ", \\\n    keyentry with points pt 7 ps 1.2 lc %d", i % STYLE_COLOURS + 1);
        char *number = memory_format("%d", i);
        script_legend(gp, scatter->group_name != NULL ? scatter->group_name[i] : number);
        free(number);
    }
    fputc('\n', gp);
}

bool figure_scatter(Figures *figures, const FigureText *text, const FigureScatter *scatter)
{
    check(text, scatter);
    Script *script = script_begin(figures, text, "csv");
    write_columns(script->data, scatter, false);
    write_points(script->data, scatter, -1);
    Extent extent = {range_none(), range_none(), range_none()};
    take_points(&extent, scatter);
    script_png(script, WIDTH, HEIGHT);
    script_title(script->gp, text->title, TITLE_LETTERS, NULL);
    set_axes(script->gp, text, scatter, extent);
    plot_points(script, scatter, "1", scatter->n);
    return script_end(script);
}

static void plot_frame(const Script *script, const FigureScatter *frame, int letters, size_t most)
{
    script_title(script->gp, script->text->title, letters, "label[frame + 1]");
    plot_points(script, frame, "($4 == frame ? $1 : NaN)", most);
}

bool figure_scatter_gif(Figures *figures, const FigureText *text, const FigureScatter *frame,
                        int frames, const char *const *frame_label, double seconds)
{
    if (frames < 1)
        fail("figure %s: an animation of %d frames; it needs at least 1", text->name, frames);
    Script *script = script_begin(figures, text, "csv");
    Extent extent = {range_none(), range_none(), range_none()};
    size_t most = 0;
    write_columns(script->data, &frame[0], true);
    for (int i = 0; i < frames; i++) {
        check(text, &frame[i]);
        write_points(script->data, &frame[i], i);
        take_points(&extent, &frame[i]);
        most = frame[i].n > most ? frame[i].n : most;
    }
    script_frame_labels(script->gp, text->title, frame_label, frames);
    set_axes(script->gp, text, &frame[0], extent);
    script_gif(script, GIF_WIDTH, GIF_HEIGHT, seconds);
    fprintf(script->gp, "do for [frame=0:%d] {\n", frames - 1);
    plot_frame(script, &frame[0], GIF_TITLE_LETTERS, most);
    fputs("}\nunset output\n", script->gp);
    script_png(script, WIDTH, HEIGHT);
    fprintf(script->gp, "frame = %d\n", frames - 1);
    plot_frame(script, &frame[0], TITLE_LETTERS, most);
    return script_end(script);
}
