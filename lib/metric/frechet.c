#include "metric/frechet.h"

#include "metric/rows.h"
#include "support/fail.h"
#include "support/memory.h"

#include <gsl/gsl_blas.h>
#include <gsl/gsl_eigen.h>
#include <gsl/gsl_matrix.h>
#include <math.h>
#include <stdlib.h>

void frechet_moments(const real *features, int n, int dim, double *mean, double *covariance)
{
    if (n < 2)
        fail("frechet: a covariance of %d rows; at least 2 are needed", n);
    double *centred = rows_copy(features, n, dim);
    size_t d = (size_t)dim;
    for (size_t c = 0; c < d; c++) {
        double sum = 0;
        for (size_t i = 0; i < (size_t)n; i++)
            sum += centred[i * d + c];
        mean[c] = sum / n;
        for (size_t i = 0; i < (size_t)n; i++)
            centred[i * d + c] -= mean[c];
    }
    gsl_matrix_view x = gsl_matrix_view_array(centred, (size_t)n, d);
    gsl_matrix_view s = gsl_matrix_view_array(covariance, d, d);
    gsl_blas_dgemm(CblasTrans, CblasNoTrans, 1.0 / (n - 1), &x.matrix, &x.matrix, 0, &s.matrix);
    free(centred);
}

/* Eigenvalues of a symmetric matrix, which is destroyed; vectors in columns, or NULL. */
static void eigen(gsl_matrix *matrix, gsl_vector *value, gsl_matrix *vectors)
{
    if (vectors == NULL) {
        gsl_eigen_symm_workspace *work = gsl_eigen_symm_alloc(matrix->size1);
        gsl_eigen_symm(matrix, value, work);
        gsl_eigen_symm_free(work);
    } else {
        gsl_eigen_symmv_workspace *work = gsl_eigen_symmv_alloc(matrix->size1);
        gsl_eigen_symmv(matrix, value, vectors, work);
        gsl_eigen_symmv_free(work);
    }
}

/* S^(1/2) = V diag(sqrt(l)) V^T of a positive semidefinite S, which is destroyed. */
static void square_root(gsl_matrix *s, gsl_matrix *root)
{
    size_t dim = s->size1;
    gsl_vector *value = gsl_vector_alloc(dim);
    gsl_matrix *vectors = gsl_matrix_alloc(dim, dim);
    eigen(s, value, vectors);
    for (size_t c = 0; c < dim; c++) {
        gsl_vector_view column = gsl_matrix_column(vectors, c);
        gsl_vector_scale(&column.vector, sqrt(sqrt(fmax(gsl_vector_get(value, c), 0))));
    }
    gsl_blas_dgemm(CblasNoTrans, CblasTrans, 1, vectors, vectors, 0, root);
    gsl_matrix_free(vectors);
    gsl_vector_free(value);
}

/* Tr (S1 S2)^(1/2). S1 S2 is similar to the symmetric S1^(1/2) S2 S1^(1/2), whose eigenvalues need
 * no complex arithmetic and are >= 0. */
static double trace_of_root(const gsl_matrix *s1, const gsl_matrix *s2)
{
    size_t dim = s1->size1;
    gsl_matrix *root = gsl_matrix_alloc(dim, dim), *half = gsl_matrix_alloc(dim, dim);
    gsl_matrix *product = gsl_matrix_alloc(dim, dim);
    gsl_vector *value = gsl_vector_alloc(dim);
    double trace = 0;
    gsl_matrix_memcpy(product, s1);
    square_root(product, root);
    gsl_blas_dgemm(CblasNoTrans, CblasNoTrans, 1, root, s2, 0, half);
    gsl_blas_dgemm(CblasNoTrans, CblasNoTrans, 1, half, root, 0, product);
    eigen(product, value, NULL);
    for (size_t c = 0; c < dim; c++)
        trace += sqrt(fmax(gsl_vector_get(value, c), 0));
    gsl_vector_free(value);
    gsl_matrix_free(product);
    gsl_matrix_free(half);
    gsl_matrix_free(root);
    return trace;
}

double frechet_gaussians(const double *mean_a, const double *covariance_a, const double *mean_b,
                         const double *covariance_b, int dim)
{
    size_t d = (size_t)dim;
    gsl_matrix_const_view a = gsl_matrix_const_view_array(covariance_a, d, d);
    gsl_matrix_const_view b = gsl_matrix_const_view_array(covariance_b, d, d);
    double traces = 0;
    for (size_t c = 0; c < d; c++)
        traces += covariance_a[c * d + c] + covariance_b[c * d + c];
    return rows_squared_distance(mean_a, mean_b, dim) + traces -
           2 * trace_of_root(&a.matrix, &b.matrix);
}

double frechet_distance(const real *a, int n_a, const real *b, int n_b, int dim)
{
    size_t d = (size_t)dim;
    double *mean = memory_new(2 * d, sizeof *mean);
    double *covariance = memory_new(2 * d * d, sizeof *covariance);
    frechet_moments(a, n_a, dim, mean, covariance);
    frechet_moments(b, n_b, dim, mean + d, covariance + d * d);
    double distance = frechet_gaussians(mean, covariance, mean + d, covariance + d * d, dim);
    free(covariance);
    free(mean);
    return distance;
}
