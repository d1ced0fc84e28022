#include "metric/kde.h"

#include "support/fail.h"

#include <gsl/gsl_math.h>
#include <math.h>
#include <stddef.h>

enum { CANDIDATES = 31 };

/* |x - x_i|^2 in units of the bandwidth. */
static double distance(const Kde *kde, const real *x, int i)
{
    const real *point = kde->point + (size_t)i * (size_t)kde->dims;
    double sum = 0;
    for (int d = 0; d < kde->dims; d++) {
        double gap = ((double)x[d] - (double)point[d]) / kde->bandwidth;
        sum += gap * gap;
    }
    return sum;
}

/* log sum_i exp(-d_i / 2), the nearest point taken out first, so that nothing vanishes. */
double kde_log_density(const Kde *kde, const real *x)
{
    double nearest = INFINITY, sum = 0;
    for (int i = 0; i < kde->n; i++)
        nearest = fmin(nearest, distance(kde, x, i));
    for (int i = 0; i < kde->n; i++) {
        double beyond = distance(kde, x, i) - nearest;
        sum += beyond < 80 ? exp(-0.5 * beyond) : 0;
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

Kde kde_fit(const real *point, int n, int dims, const real *held_out, int held, double *scratch)
{
    Kde kde = {point, n, dims, 1};
    if (n < 2 || held < 1)
        fail("kde_fit: %d points and %d held out; at least 2 and 1", n, held);
    double scale = spread(point, n, dims) * pow(n, -1.0 / (dims + 4));
    double best = -INFINITY, best_bandwidth = scale;
    for (int c = 0; c < CANDIDATES; c++) {
        kde.bandwidth = scale * pow(1.15, c - CANDIDATES + 8);
        double mean = kde_mean_log_density(&kde, held_out, held, scratch);
        if (mean > best) {
            best = mean;
            best_bandwidth = kde.bandwidth;
        }
    }
    kde.bandwidth = best_bandwidth;
    return kde;
}
