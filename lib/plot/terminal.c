#include "plot/terminal.h"

#include "plot/gnuplot.h"
#include "plot/lines.h"
#include "plot/mosaic.h"
#include "plot/script.h"
#include "support/fail.h"

#include <math.h>
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
    fputs("set tics nomirror\nset border 3\nset key outside bottom center horizontal\n", gp);
    script_title(gp, text->title, columns - 4, NULL);
    lines_script(gp, text, lines, "$data", true);
}

/* All of a file from its start, without form feeds (gnuplot begins with one), blanks at the ends of
 * lines, and empty lines at the start. */
static char *read_back(FILE *file)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *copy = open_memstream(&text, &bytes);
    if (copy == NULL)
        return NULL;
    rewind(file);
    int blanks = 0;
    bool begun = false;
    for (int letter; (letter = fgetc(file)) != EOF;) {
        if (letter == ' ') {
            blanks++;
            continue;
        }
        if (letter == '\f' || (letter == '\n' && !begun)) {
            blanks = 0;
            continue;
        }
        if (letter != '\n')
            fprintf(copy, "%*s", blanks, "");
        blanks = 0;
        begun = true;
        fputc(letter, copy);
    }
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
    size_t length = strlen(picture);
    if (length == 0 || picture[length - 1] != '\n') /* gnuplot's last line may have no end */
        fputc('\n', out);
    free(picture);
    return true;
}

/* Images seen through squares of side x side pixels, one for each dot that is drawn. */
typedef struct Dots {
    const FigureImages *images;
    int side;
    int width, height; /* of an image, in dots */
} Dots;

/* The mean over a square, 0 .. 255; black where there is no pixel or image. */
static int dot(const Dots *dots, int image, int x, int y, int channel)
{
    const FigureImages *images = dots->images;
    if (image >= images->n)
        return 0;
    size_t first = (size_t)image * (size_t)images->height;
    double sum = 0;
    int count = 0;
    for (int row = y * dots->side; row < (y + 1) * dots->side && row < images->height; row++) {
        for (int column = x * dots->side; column < (x + 1) * dots->side && column < images->width;
             column++) {
            size_t pixel = (first + (size_t)row) * (size_t)images->width + (size_t)column;
            size_t at = pixel * (size_t)images->channels + (size_t)channel;
            double value = (double)images->pixel[at];
            sum += value > 0 ? fmin(value, 1) : 0;
            count++;
        }
    }
    return count > 0 ? (int)(255 * sum / count + 0.5) : 0;
}

/* The index of a colour among the 6 x 6 x 6 colours and 24 greys that terminals share. */
static int dot_colour(const Dots *dots, int image, int x, int y)
{
    int red = dot(dots, image, x, y, 0);
    if (dots->images->channels == 1)
        return red > 246 ? 231 : 232 + red * 23 / 246;
    int green = dot(dots, image, x, y, 1);
    int blue = dot(dots, image, x, y, 2);
    return 16 + 36 * ((red * 5 + 127) / 255) + 6 * ((green * 5 + 127) / 255) +
           (blue * 5 + 127) / 255;
}

/* A character for two dots above each other. */
static char dot_shade(const Dots *dots, int image, int x, int y)
{
    static const char dark_to_light[] = " .:-=+*#%@";
    int channels = dots->images->channels;
    bool pair = y + 1 < dots->height;
    int sum = 0;
    for (int channel = 0; channel < channels; channel++) {
        sum += dot(dots, image, x, y, channel);
        sum += pair ? dot(dots, image, x, y + 1, channel) : 0;
    }
    int most = (pair ? 2 : 1) * 255 * channels;
    return dark_to_light[(sum * 9 + most / 2) / most];
}

static void write_line(FILE *out, const Dots *dots, int row, int y, bool colour)
{
    for (int column = 0; column < dots->images->columns; column++) {
        int image = row * dots->images->columns + column;
        for (int x = 0; x < dots->width; x++) {
            if (colour)
                fprintf(out, "\033[38;5;%d;48;5;%dm\u2580", dot_colour(dots, image, x, y),
                        dot_colour(dots, image, x, y + 1));
            else
                fputc(dot_shade(dots, image, x, y), out);
        }
        fputs(colour ? "\033[0m " : " ", out);
    }
    fputc('\n', out);
}

char *plot_terminal_images_text(const FigureText *text, const FigureImages *images, int columns,
                                bool colour)
{
    mosaic_check(text, images);
    Dots dots = {.images = images, .side = 0};
    do {
        dots.side++;
        dots.width = (images->width + dots.side - 1) / dots.side;
    } while (dots.width > 1 && images->columns * (dots.width + 1) > columns);
    dots.height = (images->height + dots.side - 1) / dots.side;
    char *picture = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&picture, &bytes);
    if (out == NULL)
        refuse("figure %s: no memory for it; choose fewer images", text->name);
    for (int row = 0; row < images->rows; row++) {
        if (row > 0)
            fputc('\n', out);
        for (int y = 0; y < dots.height; y += 2)
            write_line(out, &dots, row, y, colour);
    }
    fclose(out);
    return picture;
}

void plot_terminal_images(FILE *out, const FigureText *text, const FigureImages *images,
                          int columns)
{
    char *picture = plot_terminal_images_text(text, images, columns, plot_terminal_colour(out));
    fputs(picture, out);
    free(picture);
}
