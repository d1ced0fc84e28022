/* The range of an axis, from the data: gnuplot's own choice fails on constant and empty data.
 * Private to lib/plot. */
#ifndef PLOT_RANGE_H
#define PLOT_RANGE_H

#include "plot/figure.h"

#include <stdbool.h>

/* A range that holds nothing yet. */
FigureRange range_none(void);

bool range_is_empty(FigureRange range);

/* Whether gnuplot can place the value: finite, not absurdly large, above 0 on a log axis. */
bool range_can_hold(double value, bool log);

/* Widens the range to the value where it can be placed. */
void range_take(FigureRange *range, double value, bool log);

/* What an axis shows: the wish where its low and high differ; else the data's range with a margin
 * of that share of its width on either side, and never a width of 0. Nothing seen: 0 to 1 (log: 1
 * to 10). */
FigureRange range_choose(FigureRange wish, FigureRange data, double margin, bool log);

#endif
