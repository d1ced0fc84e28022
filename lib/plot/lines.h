/* The script of figure_lines in pieces, shared with the terminal's plot. Private to lib/plot. */
#ifndef PLOT_LINES_H
#define PLOT_LINES_H

#include "plot/figure.h"

#include <stdio.h>

/* Fails on a description that makes no sense. */
void lines_check(const FigureText *text, const FigureLines *lines);

/* The data: a line of column names, then a row per x. */
void lines_data(FILE *data, const FigureText *text, const FigureLines *lines);

/* Axes and the plot command. source: the data as gnuplot names it ('loss.csv' with quotes, or
 * $data). plain: for characters instead of a picture: no bands, dots or dashes. */
void lines_script(FILE *gp, const FigureText *text, const FigureLines *lines, const char *source,
                  bool plain);

#endif
