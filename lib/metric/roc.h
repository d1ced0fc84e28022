/* How well a score tells strange examples from usual ones.
 *
 * Source: Fawcett (2006), Pattern Recognition Letters 27: the curve of true against false positives
 * over all thresholds, and the area below it, which is the probability that a strange example
 * scores higher than a usual one (ties count half). */
#ifndef METRIC_ROC_H
#define METRIC_ROC_H

/* usual [n], strange [m], finite; n, m at least 1 -> 0 .. 1. */
double roc_area(const double *usual, int n, const double *strange, int m);

/* The share of strange examples above the threshold that `points` shares of the usual ones are
 * above: 0, 1/(points-1), ... 1 -> found [points]. */
void roc_curve(const double *usual, int n, const double *strange, int m, int points, double *found);

#endif
