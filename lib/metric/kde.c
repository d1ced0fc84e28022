#include "metric/kde.h"

#include "support/fail.h"
#include "support/vecmath.h"

#include <gsl/gsl_math.h>
#include <math.h>
#include <stddef.h>

enum { CANDIDATES = 31, COARSE = 4, BLOCK = 512 };

/* |x - x_i|^2 in units of the bandwidth, of points first .. first + count - 1. */
static void distances(const Kde *kde, const real *x, int first, int count, double *distance)
{
    size_t dims = (size_t)kde->dims;
    const real *point = kde->point + (size_t)first * dims;
    double scale = 1 / kde->bandwidth;
    for (int k = 0; k < count; k++)
        distance[k] = 0;
    for (size_t d = 0; d < dims; d++)
#pragma omp simd
        for (int k = 0; k < count; k++) {
            double gap = ((double)x[d] - (double)point[(size_t)k * dims + d]) * scale;
            distance[k] += gap * gap;
        }
}

/* log sum_i exp(-d_i / 2), the nearest point taken out first, so that nothing vanishes. */
double kde_log_density(const Kde *kde, const real *x)
{
    double nearest = INFINITY, sum = 0, distance[BLOCK];
    real term[BLOCK];
    for (int first = 0; first < kde->n; first += BLOCK) {
        int count = kde->n - first < BLOCK ? kde->n - first : BLOCK;
        distances(kde, x, first, count, distance);
        for (int k = 0; k < count; k++)
            nearest = fmin(nearest, distance[k]);
    }
    for (int first = 0; first < kde->n; first += BLOCK) {
        int count = kde->n - first < BLOCK ? kde->n - first : BLOCK;
        distances(kde, x, first, count, distance);
        for (int k = 0; k < count; k++)
            term[k] = vec_exp_falling((real)(0.5 * (nearest - distance[k])));
        for (int k = 0; k < count; k++)
            sum += (double)term[k];
    }
    return -0.5 * nearest + log(sum / kde->n) -
           kde->dims * (log(kde->bandwidth) + 0.5 * (M_LN2 + M_LNPI));
}

double kde_mean_log_density(const Kde *kde, const real *x, int n, double *log_density)
{
    double sum = 0;
#pragma omp parallel for schedule(static) if (n >= 16)
    for (int i = 0; i < n; i++)
        log_density[i] = kde_log_density(kde, x + (size_t)i * (size_t)kde->dims);
    for (int i = 0; i < n; i++)
        sum += log_density[i];
    return sum / n;
}

/* Root of the mean variance over the dimensions. */
static double spread(const real *point, int n, int dims)
{
    double variance = 0;
    for (int d = 0; d < dims; d++) {
        double sum = 0, square = 0;
        for (int i = 0; i < n; i++) {
            double v = (double)point[(size_t)i * (size_t)dims + (size_t)d];
            sum += v;
            square += v * v;
        }
        variance += (square / n - sum / n * (sum / n)) / dims;
    }
    return sqrt(variance);
}

static double candidate(double scale, int c)
{
    return scale * pow(1.15, c - CANDIDATES + 8);
}

Kde kde_fit(const real *point, int n, int dims, const real *held_out, int held, double *scratch)
{
    Kde kde = {point, n, dims, 1};
    if (n < 2 || held < 1)
        fail("kde_fit: %d points and %d held out; at least 2 and 1", n, held);
    double scale = spread(point, n, dims) * pow(n, -1.0 / (dims + 4));
    double best = -INFINITY;
    int best_at = 0;
    /* every fourth, then the neighbours of the best: the held-out likelihood has one maximum */
    for (int fine = 0; fine < 2; fine++) {
        int first = fine ? best_at - COARSE + 1 : 0,
            last = fine ? best_at + COARSE - 1 : CANDIDATES - 1;
        for (int c = first; c <= last; c += fine ? 1 : COARSE) {
            if (c < 0 || c >= CANDIDATES || (fine && c % COARSE == 0))
                continue;
            kde.bandwidth = candidate(scale, c);
            double mean = kde_mean_log_density(&kde, held_out, held, scratch);
            if (mean > best) {
                best = mean;
                best_at = c;
            }
        }
    }
    kde.bandwidth = candidate(scale, best_at);
    return kde;
}
