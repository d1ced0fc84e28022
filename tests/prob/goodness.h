/* Goodness of fit of samples. Every limit stands for a false-alarm rate of 1e-4 a test; the seeds
 * are fixed, so a test either always passes or always fails. */
#ifndef PROB_GOODNESS_H
#define PROB_GOODNESS_H

#include "support/real.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

/* P(K > 2.2254) = 1e-4 for the Kolmogorov distribution. */
#define KOLMOGOROV_LIMIT 2.2254

static inline int goodness_ascending(const void *a, const void *b)
{
    real x = *(const real *)a, y = *(const real *)b;
    return (x > y) - (x < y);
}

/* sqrt(n) times the largest distance between the empirical distribution function of the draws,
 * which are sorted, and that of N(mean, sigma^2). */
static inline double kolmogorov_normal(real *draw, size_t n, double mean, double sigma)
{
    qsort(draw, n, sizeof *draw, goodness_ascending);
    double largest = 0;
    for (size_t i = 0; i < n; i++) {
        double p = gsl_cdf_gaussian_P((double)draw[i] - mean, sigma);
        largest = fmax(largest, fmax(p - (double)i / (double)n, (double)(i + 1) / (double)n - p));
    }
    return largest * sqrt((double)n);
}

/* P(chi-square at least as large) for counts of n draws over cells with these probabilities; cells
 * where fewer than 5 are expected are joined with the next. */
static inline double chi_square_tail(const long *count, const double *p, int cells, double n)
{
    double sum = 0, expected = 0, seen = 0;
    int used = 0;
    for (int i = 0; i < cells; i++) {
        expected += n * p[i];
        seen += (double)count[i];
        if (expected < 5 && i < cells - 1)
            continue;
        sum += (seen - expected) * (seen - expected) / fmax(expected, 1e-300);
        expected = seen = 0;
        used++;
    }
    return gsl_cdf_chisq_Q(sum, used - 1);
}

#endif
