#include "plot/figure.h"
#include "plot/range.h"
#include "plot/script.h"

#include <math.h>

enum { WIDTH = 760, HEIGHT = 620, TITLE_LETTERS = 58 };

static double number(const real *pair, size_t i, int side)
{
    return (double)pair[2 * i + (size_t)side];
}

static void write_row(FILE *data, const char *kind, const double value[4])
{
    fputs(kind, data);
    for (int i = 0; i < 4; i++) {
        fputc(',', data);
        script_number(data, value[i]);
    }
    fputc('\n', data);
}

static void write_data(FILE *data, const FigureArrows *arrows)
{
    fputs("kind,x,y,dx,dy\n", data);
    for (size_t i = 0; i < arrows->points; i++)
        write_row(data, "0",
                  (double[]){number(arrows->point, i, 0), number(arrows->point, i, 1), 0, 0});
    for (size_t i = 0; i < arrows->n; i++)
        write_row(data, "1",
                  (double[]){number(arrows->at, i, 0), number(arrows->at, i, 1),
                             number(arrows->step, i, 0), number(arrows->step, i, 1)});
}

typedef struct Extent {
    FigureRange x, y, length;
} Extent;

static void take_place(Extent *extent, double x, double y)
{
    if (!range_can_hold(x, false) || !range_can_hold(y, false))
        return;
    range_take(&extent->x, x, false);
    range_take(&extent->y, y, false);
}

static Extent extent_of(const FigureArrows *arrows)
{
    Extent extent = {range_none(), range_none(), range_none()};
    for (size_t i = 0; i < arrows->points; i++)
        take_place(&extent, number(arrows->point, i, 0), number(arrows->point, i, 1));
    for (size_t i = 0; i < arrows->n; i++) {
        double dx = number(arrows->step, i, 0);
        double dy = number(arrows->step, i, 1);
        if (!range_can_hold(dx, false) || !range_can_hold(dy, false))
            continue;
        double x = number(arrows->at, i, 0);
        double y = number(arrows->at, i, 1);
        take_place(&extent, x, y);
        take_place(&extent, x + dx, y + dy);
        range_take(&extent.length, hypot(dx, dy), false);
    }
    return extent;
}

bool figure_arrows(Figures *figures, const FigureText *text, const FigureArrows *arrows)
{
    Script *script = script_begin(figures, text, "csv");
    FILE *gp = script->gp;
    Extent extent = extent_of(arrows);
    write_data(script->data, arrows);
    script_png(script, WIDTH, HEIGHT);
    script_title(gp, text->title, TITLE_LETTERS, NULL);
    script_label(gp, "x", text->x_label);
    script_label(gp, "y", text->y_label);
    script_label(gp, "cb", text->z_label);
    script_range(gp, "x", range_choose(arrows->x_range, extent.x, 0.05, false));
    script_range(gp, "y", range_choose(arrows->y_range, extent.y, 0.05, false));
    FigureRange from_zero = {0, extent.length.high};
    script_range(gp, "cb", range_choose(from_zero, extent.length, 0, false));
    if (arrows->equal_axes)
        fputs("set size ratio -1\n", gp);
    if (range_is_empty(extent.x))
        script_nothing(gp, text);
    fputs("plot NaN notitle", gp);
    if (arrows->points > 0)
        fprintf(gp,
                ", \\\n    '%s.csv' skip 1 using ($1 == 0 ? $2 : NaN):3 with points pt 7 ps 0.4 "
                "lc rgb '#bbbbbb' notitle",
                script->name);
    if (arrows->n > 0)
        fprintf(gp,
                ", \\\n    '%s.csv' skip 1 using ($1 == 1 ? $2 : NaN):3:4:5:(sqrt($4**2 + $5**2)) "
                "with vectors head filled size screen 0.008,20,60 lw 1.5 lc palette notitle",
                script->name);
    fputc('\n', gp);
    return script_end(script);
}
