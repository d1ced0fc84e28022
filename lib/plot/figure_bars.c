#include "plot/figure.h"
#include "plot/range.h"
#include "plot/script.h"
#include "plot/style.h"
#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>

enum { WIDTH = 900, HEIGHT = 540, TITLE_LETTERS = 85, LETTERS_ACROSS = 95, BINS = 40 };

static bool has_error(const FigureBar *bar)
{
    return range_can_hold(bar->value, false) && range_can_hold(bar->error, true);
}

static FigureRange bars_range(const FigureBars *bars)
{
    FigureRange span = range_none();
    for (int i = 0; i < bars->bars; i++) {
        const FigureBar *bar = &bars->bar[i];
        double error = has_error(bar) ? bar->error : 0;
        range_take(&span, bar->value - error, false);
        range_take(&span, bar->value + error, false);
    }
    if (range_is_empty(span))
        return range_choose(bars->y_range, span, 0, false);
    range_take(&span, 0, false);
    FigureRange chosen = range_choose(bars->y_range, span, 0.1, false);
    bool wished = bars->y_range.low < bars->y_range.high;
    if (!wished && span.low >= 0 && span.high > 0)
        chosen.low = 0;
    if (!wished && span.high <= 0 && span.low < 0)
        chosen.high = 0;
    return chosen;
}

static void set_names(FILE *gp, const FigureBars *bars)
{
    int longest = 0;
    for (int i = 0; i < bars->bars; i++) {
        int letters = script_letters(bars->bar[i].label);
        longest = letters > longest ? letters : longest;
    }
    bool crowded = (longest + 2) * bars->bars > LETTERS_ACROSS;
    if (crowded) /* the first name leans out to the left, for which gnuplot keeps no room */
        fprintf(gp, "set lmargin at screen %.4f\n", fmin(0.4, 0.06 + longest * 0.0075));
    fprintf(gp, "set xtics noenhanced scale 0%s (", crowded ? " rotate by 35 right" : "");
    for (int i = 0; i < bars->bars; i++) {
        fputs(i > 0 ? ", " : "", gp);
        script_tick(gp, bars->bar[i].label);
        fprintf(gp, " %d", i);
    }
    fputs(")\n", gp);
}

/* A bar without a value says so. */
static void name_missing(FILE *gp, const FigureBars *bars, FigureRange range)
{
    double lift = range.low < 0 && range.high <= 0 ? -0.7 : 0.7;
    for (int i = 0; i < bars->bars; i++)
        if (!range_can_hold(bars->bar[i].value, false))
            fprintf(gp, "set label 'none' at %d, 0 center offset 0, %g front\n", i, lift);
}

/* The numbers of bars that go up stand above them, those of the others below. Error bars are arrows
 * with flat heads: yerrorbars would rub out the bar around a point. */
static void plot_bars(const Script *script, const FigureBars *bars)
{
    const char *name = script->name;
    bool errors = false, up = false, down = false;
    for (int i = 0; i < bars->bars; i++) {
        const FigureBar *bar = &bars->bar[i];
        errors = errors || has_error(bar);
        up = up || (range_can_hold(bar->value, false) && bar->value >= 0);
        down = down || (range_can_hold(bar->value, false) && bar->value < 0);
    }
    fprintf(script->gp,
            "plot '%s.csv' skip 1 using 1:2 with boxes fc lt 1 fs solid 0.75 noborder notitle",
            name);
    if (up)
        fprintf(script->gp,
                ", \\\n    '%s.csv' skip 1 using 1:($2 >= 0 ? $2 + $3 : NaN):"
                "(sprintf('%%.4g', $2)) with labels offset 0, 0.6 notitle",
                name);
    if (down)
        fprintf(script->gp,
                ", \\\n    '%s.csv' skip 1 using 1:($2 < 0 ? $2 - $3 : NaN):"
                "(sprintf('%%.4g', $2)) with labels offset 0, -0.6 notitle",
                name);
    if (errors) /* gnuplot 5.4 crashes on arrows none of which can be drawn */
        fprintf(script->gp,
                ", \\\n    '%s.csv' skip 1 using 1:($3 > 0 ? $2 - $3 : NaN):(0):(2 * $3) "
                "with vectors heads nofilled size screen 0.005,90 lw 1.6 lc rgb '#222222' notitle",
                name);
    fputc('\n', script->gp);
}

bool figure_bars(Figures *figures, const FigureText *text, const FigureBars *bars)
{
    Script *script = script_begin(figures, text, "csv");
    FILE *gp = script->gp;
    fputs("bar,value,error,label\n", script->data);
    bool empty = true;
    for (int i = 0; i < bars->bars; i++) {
        const FigureBar *bar = &bars->bar[i];
        fprintf(script->data, "%d,", i);
        script_number(script->data, bar->value);
        fputc(',', script->data);
        script_number(script->data, has_error(bar) ? bar->error : 0);
        fputc(',', script->data);
        script_field(script->data, bar->label);
        fputc('\n', script->data);
        empty = empty && !range_can_hold(bar->value, false);
    }
    script_png(script, WIDTH, HEIGHT);
    script_title(gp, text->title, TITLE_LETTERS, NULL);
    script_label(gp, "x", text->x_label);
    script_label(gp, "y", text->y_label);
    script_range(gp, "x", (FigureRange){-0.6, bars->bars - 0.4});
    FigureRange range = bars_range(bars);
    script_range(gp, "y", range);
    name_missing(gp, bars, range);
    fputs("set boxwidth 0.65\nset grid noxtics ytics\nset xzeroaxis lt 1 lw 1 lc rgb '#555555'\n",
          gp);
    set_names(gp, bars);
    if (empty) {
        script_nothing(gp, text);
        fputs("plot NaN notitle\n", gp);
    } else {
        plot_bars(script, bars);
    }
    return script_end(script);
}

static FigureRange sample_range(const FigureHistogram *histogram)
{
    FigureRange span = range_none();
    for (int i = 0; i < histogram->samples; i++)
        for (size_t k = 0; k < histogram->sample[i].n; k++)
            range_take(&span, histogram->sample[i].value[k], false);
    return range_choose(histogram->x_range, span, 0, false);
}

/* The density of a sample in each bin, over its finite values. Returns how many of them lie in the
 * range. */
static size_t count(const FigureSample *sample, FigureRange range, int bins, double *density)
{
    double width = (range.high - range.low) / bins;
    size_t finite = 0;
    size_t inside = 0;
    for (size_t k = 0; k < sample->n; k++) {
        double value = sample->value[k];
        finite += isfinite(value) != 0;
        if (!(value >= range.low && value <= range.high))
            continue;
        int bin = (int)((value - range.low) / width);
        density[bin < bins ? bin : bins - 1] += 1;
        inside++;
    }
    for (int bin = 0; bin < bins && finite > 0; bin++)
        density[bin] /= (double)finite * width;
    return inside;
}

static void write_histogram(FILE *data, const FigureHistogram *histogram, FigureRange range,
                            int bins, const double *density)
{
    fputs("bin centre", data);
    for (int i = 0; i < histogram->samples; i++) {
        fputc(',', data);
        script_field(data, histogram->sample[i].label);
    }
    fputc('\n', data);
    double width = (range.high - range.low) / bins;
    for (int bin = 0; bin < bins; bin++) {
        script_number(data, range.low + (bin + 0.5) * width);
        for (int i = 0; i < histogram->samples; i++) {
            fputc(',', data);
            script_number(data, density[i * bins + bin]);
        }
        fputc('\n', data);
    }
}

static void plot_histogram(const Script *script, const FigureHistogram *histogram)
{
    fputs("plot NaN notitle", script->gp);
    for (int i = 0; i < histogram->samples; i++) {
        int type = i % STYLE_COLOURS + 1;
        fprintf(script->gp,
                ", \\\n    '%s.csv' skip 1 using 1:%d with boxes fc lt %d fs transparent solid 0.3 "
                "noborder notitle",
                script->name, i + 2, type);
        fprintf(script->gp, ", \\\n    '%s.csv' skip 1 using 1:%d with histeps lt %d", script->name,
                i + 2, type);
        script_legend(script->gp, histogram->sample[i].label);
    }
    fputc('\n', script->gp);
}

bool figure_histogram(Figures *figures, const FigureText *text, const FigureHistogram *histogram)
{
    int bins = histogram->bins > 0 ? histogram->bins : BINS;
    Script *script = script_begin(figures, text, "csv");
    FigureRange range = sample_range(histogram);
    double *density = memory_new((size_t)histogram->samples * (size_t)bins, sizeof *density);
    size_t inside = 0;
    FigureRange height = {0, 0};
    for (int i = 0; i < histogram->samples; i++)
        inside += count(&histogram->sample[i], range, bins, density + i * bins);
    for (int i = 0; i < histogram->samples * bins; i++)
        range_take(&height, density[i], false);
    write_histogram(script->data, histogram, range, bins, density);
    script_png(script, WIDTH, HEIGHT);
    script_title(script->gp, text->title, TITLE_LETTERS, NULL);
    script_label(script->gp, "x", text->x_label);
    script_label(script->gp, "y", text->y_label != NULL ? text->y_label : "density");
    script_range(script->gp, "x", range);
    script_range(script->gp, "y", (FigureRange){0, height.high > 0 ? 1.08 * height.high : 1});
    fputs("set boxwidth 1 relative\n", script->gp);
    if (inside == 0)
        script_nothing(script->gp, text);
    plot_histogram(script, histogram);
    free(density);
    return script_end(script);
}
