#include "plot/terminal.h"

#include "plot/gnuplot.h"
#include "plot/lines.h"
#include "plot/mosaic.h"
#include "plot/script.h"
#include "support/fail.h"
#include "support/memory.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double LIMIT_SECONDS = 5;

bool plot_terminal_colour(FILE *out)
{
    const char *none = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    bool refused = none != NULL && *none != '\0';
    bool dumb = terminal == NULL || strcmp(terminal, "dumb") == 0;
    return !refused && !dumb && isatty(fileno(out));
}

static void write_script(FILE *gp, const FigureText *text, const FigureLines *lines, int columns,
                         int rows, bool colour)
{
    fputs("set datafile separator comma\n$data << END_OF_DATA\n", gp);
    lines_data(gp, text, lines);
    fprintf(gp, "END_OF_DATA\nset terminal dumb nofeed size %d,%d %s\n", columns, rows,
            colour ? "ansi256" : "mono");
    fputs("set tics nomirror\nset border 3\nset key top right\n", gp);
    script_title(gp, text->title, columns - 4, NULL);
    lines_script(gp, text, lines, "$data", true);
}

/* All of a file from its start, without the form feed that gnuplot begins with. */
static char *read_back(FILE *file)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *copy = open_memstream(&text, &bytes);
    if (copy == NULL)
        return NULL;
    rewind(file);
    for (int letter; (letter = fgetc(file)) != EOF;)
        if (letter != '\f')
            fputc(letter, copy);
    fclose(copy);
    return text;
}

char *plot_terminal_lines_text(const FigureText *text, const FigureLines *lines, int columns,
                               int rows, bool colour)
{
    lines_check(text, lines);
    if (!gnuplot_found())
        return NULL;
    FILE *script = tmpfile();
    FILE *drawn = tmpfile();
    char *picture = NULL;
    if (script != NULL && drawn != NULL) {
        write_script(script, text, lines, columns, rows, colour);
        rewind(script);
        GnuplotCall call = {
            .input = fileno(script), .output = fileno(drawn), .seconds = LIMIT_SECONDS};
        if (gnuplot_run(&call) == GNUPLOT_DONE)
            picture = read_back(drawn);
    }
    if (script != NULL)
        fclose(script);
    if (drawn != NULL)
        fclose(drawn);
    return picture;
}

bool plot_terminal_lines(FILE *out, const FigureText *text, const FigureLines *lines, int columns,
                         int rows)
{
    char *picture = plot_terminal_lines_text(text, lines, columns, rows, plot_terminal_colour(out));
    if (picture == NULL)
        return false;
    fputs(picture, out);
    free(picture);
    return true;
}

/* The mean over a square of the mosaic, cut at its edges; 255 below the last row. */
static int mean_of(const Mosaic *mosaic, int left, int top, int side, int channel)
{
    long sum = 0;
    long count = 0;
    for (int y = top; y < top + side && y < mosaic->height; y++) {
        for (int x = left; x < left + side && x < mosaic->width; x++) {
            sum += mosaic->byte[(y * mosaic->width + x) * mosaic->channels + channel];
            count++;
        }
    }
    return count > 0 ? (int)(sum / count) : 255;
}

/* The index of a colour among the 6 x 6 x 6 colours and 24 greys that terminals share. */
static int terminal_colour(const Mosaic *mosaic, int left, int top, int side)
{
    int red = mean_of(mosaic, left, top, side, 0);
    if (mosaic->channels == 1)
        return red > 246 ? 231 : 232 + red * 23 / 246;
    int green = mean_of(mosaic, left, top, side, 1);
    int blue = mean_of(mosaic, left, top, side, 2);
    return 16 + 36 * ((red * 5 + 127) / 255) + 6 * ((green * 5 + 127) / 255) +
           (blue * 5 + 127) / 255;
}

static char shade(const Mosaic *mosaic, int left, int top, int side)
{
    static const char dark_to_light[] = " .:-=+*#%@";
    int sum = 0;
    for (int channel = 0; channel < mosaic->channels; channel++)
        sum += mean_of(mosaic, left, top, side, channel);
    return dark_to_light[sum * 9 / (255 * mosaic->channels)];
}

char *plot_terminal_images_text(const FigureText *text, const FigureImages *images, int columns,
                                bool colour)
{
    if (columns < 1)
        fail("figure %s: %d characters wide; it needs at least 1", text->name, columns);
    Mosaic mosaic = mosaic_new(text, images);
    int side = (mosaic.width + columns - 1) / columns;
    char *picture = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&picture, &bytes);
    if (out == NULL)
        refuse("figure %s: no memory for it; choose fewer images", text->name);
    for (int top = 0; top < mosaic.height; top += 2 * side) {
        for (int left = 0; left < mosaic.width; left += side) {
            if (colour)
                fprintf(out, "\033[38;5;%d;48;5;%dm\u2580",
                        terminal_colour(&mosaic, left, top, side),
                        terminal_colour(&mosaic, left, top + side, side));
            else
                fputc(shade(&mosaic, left, top, side), out);
        }
        fputs(colour ? "\033[0m\n" : "\n", out);
    }
    fclose(out);
    free(mosaic.byte);
    return picture;
}

void plot_terminal_images(FILE *out, const FigureText *text, const FigureImages *images,
                          int columns)
{
    char *picture = plot_terminal_images_text(text, images, columns, plot_terminal_colour(out));
    fputs(picture, out);
    free(picture);
}
