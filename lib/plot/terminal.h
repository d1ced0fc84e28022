/* Pictures made of characters, for looking at a run in the terminal (--live). */
#ifndef PLOT_TERMINAL_H
#define PLOT_TERMINAL_H

#include "plot/figure.h"

#include <stdio.h>

/* Whether colours may be written there: a terminal, NO_COLOR not set, TERM not "dumb". */
bool plot_terminal_colour(FILE *out);

/* The curves, drawn by gnuplot over so many characters; nothing is kept on disk. Returns whether
 * they were drawn: not without gnuplot, and not when it fails. It takes about 50 ms. */
bool plot_terminal_lines(FILE *out, const FigureText *text, const FigureLines *lines, int columns,
                         int rows);

/* The same as a text. Free with free(). NULL when it cannot be drawn. */
char *plot_terminal_lines_text(const FigureText *text, const FigureLines *lines, int columns,
                               int rows, bool colour);

/* A grid of images, at most so many characters wide, without gnuplot: two pixels above each other
 * are one character, in grey or colour where the terminal has it, else by shades. Larger images are
 * averaged down. */
void plot_terminal_images(FILE *out, const FigureText *text, const FigureImages *images,
                          int columns);

/* The same as a text. Free with free(). */
char *plot_terminal_images_text(const FigureText *text, const FigureImages *images, int columns,
                                bool colour);

#endif
