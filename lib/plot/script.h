/* A figure while it is being written: the text of its script and of its data, and how the two
 * become files and a picture. Private to lib/plot.
 *
 *     Script *script = script_begin(figures, text, "csv");
 *     fprintf(script->gp, ...);
 *     fprintf(script->data, ...);
 *     return script_end(script); */
#ifndef PLOT_SCRIPT_H
#define PLOT_SCRIPT_H

#include "plot/figure.h"

#include <stdio.h>

struct Figures {
    char *dir;
    bool gnuplot;   /* found on PATH and not given up */
    bool noticed;   /* its absence was told           */
    double seconds; /* gnuplot's limit for a figure   */
    char **path;    /* [drawn] pictures made          */
    int drawn, room;
};

typedef struct Script {
    Figures *figures;
    const FigureText *text;
    char *name;         /* as the files have it                             */
    const char *ending; /* of the data file: "csv", "bin"                   */
    FILE *gp, *data;    /* written in memory first                          */
    char *gp_text, *data_text;
    size_t gp_bytes, data_bytes;
    bool animated;  /* the script makes a GIF too                       */
    bool has_plain; /* a PNG without title is already there             */
} Script;

/* Opens the texts and writes the script's head: how to run it, the style. */
Script *script_begin(Figures *figures, const FigureText *text, const char *ending);

/* Path of a file of the figure: DIR/NAME.ENDING. Free with free(). */
char *script_path(const Script *script, const char *ending);

/* The terminal and its output file. The size is in pixels. */
void script_png(Script *script, int width, int height);
void script_gif(Script *script, int width, int height, double seconds);

/* Writes the files, runs gnuplot, looks at what it made, tells what went wrong, frees the script.
 * Returns whether the PNG is there. */
bool script_end(Script *script);

/* ---- pieces of gnuplot's language ---- */

/* A text as a string constant in which nothing has a meaning. NULL is the empty text. */
void script_quote(FILE *gp, const char *text);

/* A text over lines of at most that many letters, as a string expression. Returns the number of
 * lines. */
int script_wrapped(FILE *gp, const char *text, int letters);

/* set title, over lines of at most that many letters, and behind it, when not NULL, an expression
 * of gnuplot for a text. Returns the number of lines, 0 without a title. */
int script_title(FILE *gp, const char *title, int letters, const char *expression);

/* The array label[1 .. frames] for the titles of an animation: each continues the title. */
void script_frame_labels(FILE *gp, const char *title, const char *const *label, int frames);

/* set xlabel and the like, when there is a label. axis: "x", "y", "cb". */
void script_label(FILE *gp, const char *axis, const char *label);

/* set xrange and the like. */
void script_range(FILE *gp, const char *axis, FigureRange range);

/* The same for a logarithmic axis, with tick labels of its own where decades would be too few. */
void script_log_range(FILE *gp, const char *axis, FigureRange range);

/* Says in the middle of the frame that there is nothing to see, and warns. The script must still
 * plot NaN. */
void script_nothing(FILE *gp, const FigureText *text);

/* ", title 'text' noenhanced" or ", notitle", without the comma. */
void script_legend(FILE *gp, const char *label);

/* A number for a data file: enough digits for a float; NaN, inf and -inf as gnuplot and Python read
 * them. */
void script_number(FILE *data, double value);

/* A text as a field of a CSV file. */
void script_field(FILE *data, const char *text);

/* Letters of a text (UTF-8), for estimating its width. */
int script_letters(const char *text);

/* How many lines so many letters may take: words leave a line shorter than it could be. */
int script_lines(int letters, int letters_a_line);

#endif
