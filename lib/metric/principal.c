#include "metric/principal.h"

#include "metric/frechet.h"
#include "support/fail.h"
#include "support/memory.h"

#include <gsl/gsl_eigen.h>
#include <stdlib.h>

Principal *principal_fit(const real *row, int n, int dim, int axes)
{
    if (n < 2 || axes < 1 || axes > dim)
        fail("principal: %d axes of %d rows of %d numbers; at least 2 rows, 1 to %d axes", axes, n,
             dim, dim);
    size_t size = (size_t)dim;
    Principal *principal = memory_new(1, sizeof *principal);
    principal->dim = dim;
    principal->axes = axes;
    principal->mean = memory_new(size, sizeof(double));
    principal->axis = memory_new((size_t)axes * size, sizeof(double));
    double *covariance = memory_new(size * size, sizeof *covariance);
    frechet_moments(row, n, dim, principal->mean, covariance);
    gsl_matrix_view matrix = gsl_matrix_view_array(covariance, size, size);
    gsl_vector *value = gsl_vector_alloc(size);
    gsl_matrix *vector = gsl_matrix_alloc(size, size);
    gsl_eigen_symmv_workspace *work = gsl_eigen_symmv_alloc(size);
    gsl_eigen_symmv(&matrix.matrix, value, vector, work);
    gsl_eigen_symmv_sort(value, vector, GSL_EIGEN_SORT_VAL_DESC);
    for (size_t a = 0; a < (size_t)axes; a++)
        for (size_t d = 0; d < size; d++)
            principal->axis[a * size + d] = gsl_matrix_get(vector, d, a);
    gsl_eigen_symmv_free(work);
    gsl_matrix_free(vector);
    gsl_vector_free(value);
    free(covariance);
    return principal;
}

void principal_free(Principal *principal)
{
    if (principal == NULL)
        return;
    free(principal->mean);
    free(principal->axis);
    free(principal);
}

void principal_project(const Principal *principal, const real *row, int n, real *point)
{
    size_t dim = (size_t)principal->dim, axes = (size_t)principal->axes;
    for (size_t i = 0; i < (size_t)n; i++)
        for (size_t a = 0; a < axes; a++) {
            const double *axis = principal->axis + a * dim;
            double sum = 0;
            for (size_t d = 0; d < dim; d++)
                sum += axis[d] * ((double)row[i * dim + d] - principal->mean[d]);
            point[i * axes + a] = (real)sum;
        }
}
