/* A kernel density estimate: what a model without learning gets from so many points, the ruler that
 * a model of points has to beat.
 *
 *     p(x) = 1/n sum_i N(x; x_i, h^2 I)
 *
 * Sources: Parzen (1962); the bandwidth that maximises held-out likelihood. */
#ifndef METRIC_KDE_H
#define METRIC_KDE_H

#include "support/real.h"

typedef struct Kde {
    const real *point; /* [n, dims], the caller's */
    int n, dims;
    double bandwidth; /* h, in the data's units  */
} Kde;

/* log p(x) of x [dims], nats. */
double kde_log_density(const Kde *kde, const real *x);

/* The mean over x [n, dims]; each value into log_density[n]. */
double kde_mean_log_density(const Kde *kde, const real *x, int n, double *log_density);

/* The estimate with the bandwidth that is best for held-out points [held, dims], of 31 from 1/25 to
 * 2.7 times the data's spread times n^(-1/(dims+4)), each 1.15 of the last. scratch [held]. */
Kde kde_fit(const real *point, int n, int dims, const real *held_out, int held, double *scratch);

#endif
