/* Principal components: the directions in which rows spread most. Of equal eigenvalues and of signs
 * nothing is promised. */
#ifndef METRIC_PRINCIPAL_H
#define METRIC_PRINCIPAL_H

#include "support/real.h"

typedef struct Principal {
    int dim, axes;
    double *mean; /* [dim]                                                              */
    double *axis; /* [axes, dim], of length 1, the one of largest variance first        */
} Principal;

/* Of rows [n, dim], n >= 2, by the eigenvectors of their covariance; 1 <= axes <= dim. Cost about
 * dim^2 (n + 10 dim). Free with principal_free. */
Principal *principal_fit(const real *row, int n, int dim, int axes);
void principal_free(Principal *principal);

/* Each row less the mean, along each axis: [n, dim] -> point [n, axes]. */
void principal_project(const Principal *principal, const real *row, int n, real *point);

#endif
