#include "08-compare/compare_baselines.h"

#include "metric/kde.h"
#include "support/fail.h"
#include "support/memory.h"
#include "tensor/profile.h"

#include <gsl/gsl_blas.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_math.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FIT = 20000, KERNEL_POINTS = 10000, KERNEL_HELD = 2000, DRAWS = 16 };

static int at_most(size_t count, int most)
{
    return count < (size_t)most ? (int)count : most;
}

static real *rows_of(const Dataset *data, Split split, int n)
{
    real *x = memory_new((size_t)n * (size_t)data->dims, sizeof *x);
    Rng rng = rng_stream(1, "baselines");
    dataset_fetch_range(data, split, 0, (size_t)n, &rng, x, NULL, NULL);
    return x;
}

/* Test examples evenly spread, as every family is asked (train/measure.h). */
static real *asked_rows(const Dataset *data, int examples)
{
    real *x = memory_new((size_t)examples * (size_t)data->dims, sizeof *x);
    dataset_fetch_spread(data, SPLIT_TEST, (size_t)examples, NULL, x, NULL, NULL);
    return x;
}

Baseline baseline_resampled(const Dataset *data, int samples)
{
    Baseline b = {.name = "training data",
                  .parameters = data->count[SPLIT_TRAIN] * (size_t)data->dims};
    uint32_t *index = memory_new((size_t)samples, sizeof *index);
    Rng rng = rng_stream(2, "resampled"), draws = rng_stream(2, "resampled bits");
    double start = profile_seconds();
    b.sample = memory_new((size_t)samples * (size_t)data->dims, sizeof *b.sample);
    uint32_t *order = memory_new(data->count[SPLIT_TRAIN], sizeof *order);
    rng_permutation(&rng, order, data->count[SPLIT_TRAIN]);
    for (int i = 0; i < samples; i++)
        index[i] = order[(size_t)i % data->count[SPLIT_TRAIN]];
    free(order);
    dataset_fetch(data, SPLIT_TRAIN, index, (size_t)samples, &draws, b.sample, NULL, NULL);
    b.sample_seconds_per_1000 = (profile_seconds() - start) * 1000 / samples;
    free(index);
    return b;
}

/* ---------------------------------------------------------------- the normal distribution */

/* N(mean, L L') with L lower triangular. */
typedef struct Normal {
    int dims;
    double *mean; /* [dims] */
    gsl_matrix *l;
    double log_det; /* of L L' */
} Normal;

static void add_uniform(real *x, size_t numbers, Rng *rng)
{
    for (size_t i = 0; i < numbers; i++)
        x[i] += (real)rng_uniform_one(rng);
}

/* Moments by the first n rows of x. A direction in which points do not vary at all gets a variance
 * that is small beside the others', or there would be no density. */
static Normal normal_fit(const real *x, int n, int dims)
{
    size_t d = (size_t)dims;
    Normal normal = {.dims = dims, .mean = memory_new(d, sizeof(double))};
    double trace = 0;
    gsl_matrix *centred = gsl_matrix_alloc((size_t)n, d);
    normal.l = gsl_matrix_calloc(d, d);
    for (size_t i = 0; i < (size_t)n; i++)
        for (size_t c = 0; c < d; c++)
            normal.mean[c] += (double)x[i * d + c] / n;
    for (size_t i = 0; i < (size_t)n; i++)
        for (size_t c = 0; c < d; c++)
            gsl_matrix_set(centred, i, c, (double)x[i * d + c] - normal.mean[c]);
    gsl_blas_dsyrk(CblasLower, CblasTrans, 1.0 / (n - 1), centred, 0, normal.l);
    for (size_t c = 0; c < d; c++)
        trace += gsl_matrix_get(normal.l, c, c);
    for (size_t c = 0; c < d; c++)
        gsl_matrix_set(normal.l, c, c, gsl_matrix_get(normal.l, c, c) + 1e-9 * trace / dims);
    gsl_error_handler_t *before = gsl_set_error_handler_off();
    int status = gsl_linalg_cholesky_decomp1(normal.l);
    gsl_set_error_handler(before);
    if (status != GSL_SUCCESS)
        refuse("the Gaussian baseline: the covariance of the training examples is not positive");
    for (size_t c = 0; c < d; c++)
        normal.log_det += 2 * log(gsl_matrix_get(normal.l, c, c));
    gsl_matrix_free(centred);
    return normal;
}

static void normal_free(Normal *normal)
{
    free(normal->mean);
    gsl_matrix_free(normal->l);
}

/* log N(x) of rows x [n, dims]: L v = x - mean, |v|^2 for all rows in one triangular solution. */
static void normal_log_density(const Normal *normal, const real *x, int n, double *out)
{
    size_t d = (size_t)normal->dims;
    gsl_matrix *v = gsl_matrix_alloc((size_t)n, d);
    for (size_t i = 0; i < (size_t)n; i++)
        for (size_t c = 0; c < d; c++)
            gsl_matrix_set(v, i, c, (double)x[i * d + c] - normal->mean[c]);
    gsl_blas_dtrsm(CblasRight, CblasLower, CblasTrans, CblasNonUnit, 1, normal->l, v);
    for (size_t i = 0; i < (size_t)n; i++) {
        double square = 0;
        for (size_t c = 0; c < d; c++)
            square += gsl_pow_2(gsl_matrix_get(v, i, c));
        out[i] = -0.5 * (square + normal->log_det + normal->dims * (M_LN2 + M_LNPI));
    }
    gsl_matrix_free(v);
}

/* The mean of log N(x + u) over draws of u, and the tighter log of the mean of N(x + u). */
static void dequantised(const Normal *normal, const Dataset *data, const real *x, int n,
                        LikelihoodReport *report)
{
    Likelihood *bound = likelihood_report_add(report, "dequantised", LIKELIHOOD_LOWER_BOUND);
    Likelihood *tight = likelihood_report_add(report, "dequantised-tight", LIKELIHOOD_LOWER_BOUND);
    size_t numbers = (size_t)n * (size_t)data->dims;
    real *y = memory_new(numbers, sizeof *y);
    double *value = memory_new((size_t)n, sizeof *value);
    LogMean *mean = memory_new((size_t)n, sizeof *mean);
    Rng rng = rng_stream(1, "Gaussian baseline");
    for (int draw = 0; draw < DRAWS; draw++) {
        memcpy(y, x, numbers * sizeof *y);
        add_uniform(y, numbers, &rng);
        normal_log_density(normal, y, n, value);
        for (int i = 0; i < n; i++) {
            bound->log_prob[i] += value[i] / DRAWS;
            log_mean_add(&mean[i], value[i]);
        }
    }
    for (int i = 0; i < n; i++)
        tight->log_prob[i] = log_mean_value(&mean[i]);
    bound->se_estimator = tight->se_estimator = NAN;
    free(mean);
    free(value);
    free(y);
}

static real *normal_samples(const Normal *normal, const Dataset *data, int n)
{
    size_t d = (size_t)normal->dims;
    real *x = memory_new((size_t)n * d, sizeof *x);
    gsl_matrix *v = gsl_matrix_alloc((size_t)n, d);
    Rng rng = rng_stream(1, "Gaussian samples");
    for (size_t i = 0; i < (size_t)n; i++)
        for (size_t c = 0; c < d; c++)
            gsl_matrix_set(v, i, c, rng_normal_one(&rng));
    gsl_blas_dtrmm(CblasRight, CblasLower, CblasTrans, CblasNonUnit, 1, normal->l, v);
    for (size_t i = 0; i < (size_t)n; i++)
        for (size_t c = 0; c < d; c++) {
            double value = normal->mean[c] + gsl_matrix_get(v, i, c);
            if (data->levels > 0)
                value = fmin(fmax(floor(value), 0), data->levels - 1);
            x[i * d + c] = (real)value;
        }
    gsl_matrix_free(v);
    return x;
}

/* The probe's points [n, dims], and room for the density at each in the baseline's map. */
static real *open_map(Baseline *b, const Dataset *probe, int *n)
{
    *n = (int)probe->count[SPLIT_TEST];
    real *x = memory_new((size_t)*n * (size_t)probe->dims, sizeof *x);
    dataset_fetch_range(probe, SPLIT_TEST, 0, (size_t)*n, NULL, x, NULL, NULL);
    b->map = memory_new((size_t)*n, sizeof *b->map);
    return x;
}

static LikelihoodReport report_of(const Dataset *data, int examples)
{
    return (LikelihoodReport){
        .examples = examples, .dims = data->dims, .discrete = data->levels > 0};
}

Baseline baseline_gaussian(const Dataset *data, int samples, int examples, const Dataset *probe)
{
    size_t d = (size_t)data->dims;
    Baseline b = {.name = "Gaussian", .parameters = d + d * (d + 1) / 2};
    int n = at_most(data->count[SPLIT_TRAIN], MOST_FIT), cells;
    bool discrete = data->levels > 0;
    double start = profile_seconds();
    real *train = rows_of(data, SPLIT_TRAIN, n), *test = asked_rows(data, examples);
    Rng rng = rng_stream(1, "Gaussian fit");
    if (discrete)
        add_uniform(train, (size_t)n * d, &rng);
    Normal normal = normal_fit(train, n, data->dims);
    b.train_seconds = profile_seconds() - start;
    b.report = report_of(data, examples);
    if (discrete) {
        dequantised(&normal, data, test, examples, &b.report);
    } else {
        Likelihood *exact = likelihood_report_add(&b.report, "exact", LIKELIHOOD_EXACT);
        exact->se_estimator = NAN;
        normal_log_density(&normal, test, examples, exact->log_prob);
    }
    if (probe != NULL) {
        real *at = open_map(&b, probe, &cells);
        normal_log_density(&normal, at, cells, b.map);
        free(at);
    }
    start = profile_seconds();
    b.sample = normal_samples(&normal, data, samples);
    b.sample_seconds_per_1000 = (profile_seconds() - start) * 1000 / samples;
    normal_free(&normal);
    free(train);
    free(test);
    return b;
}

Baseline baseline_kernel(const Dataset *data, int samples, int examples, const Dataset *probe)
{
    int n = at_most(data->count[SPLIT_TRAIN], KERNEL_POINTS), cells;
    int held = at_most(data->count[SPLIT_VALIDATION], KERNEL_HELD);
    Baseline b = {.name = "kernel estimate", .parameters = (size_t)n * (size_t)data->dims + 1};
    double start = profile_seconds();
    real *train = rows_of(data, SPLIT_TRAIN, n), *held_out = rows_of(data, SPLIT_VALIDATION, held);
    real *test = asked_rows(data, examples);
    double *scratch = memory_new((size_t)held, sizeof *scratch);
    Kde kde = kde_fit(train, n, data->dims, held_out, held, scratch);
    b.train_seconds = profile_seconds() - start;
    b.report = report_of(data, examples);
    Likelihood *exact = likelihood_report_add(&b.report, "exact", LIKELIHOOD_EXACT);
    exact->se_estimator = NAN;
    kde_mean_log_density(&kde, test, examples, exact->log_prob);
    if (probe != NULL) {
        real *at = open_map(&b, probe, &cells);
        kde_mean_log_density(&kde, at, cells, b.map);
        free(at);
    }
    start = profile_seconds();
    b.sample = memory_new((size_t)samples * (size_t)data->dims, sizeof *b.sample);
    Rng rng = rng_stream(1, "kernel samples");
    for (int i = 0; i < samples; i++) {
        size_t row = rng_below(&rng, (uint64_t)n);
        for (int d = 0; d < data->dims; d++)
            b.sample[i * data->dims + d] = train[row * (size_t)data->dims + (size_t)d] +
                                           (real)(kde.bandwidth * rng_normal_one(&rng));
    }
    b.sample_seconds_per_1000 = (profile_seconds() - start) * 1000 / samples;
    free(scratch);
    free(test);
    free(held_out);
    free(train);
    return b;
}

void baseline_free(Baseline *b)
{
    free(b->sample);
    free(b->map);
    likelihood_report_clear(&b->report);
}
