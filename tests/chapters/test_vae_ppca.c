/* A linear VAE with one noise variance is probabilistic PCA: trained on the ELBO by the chapter's
 * objective and the library's Adam, in float, it must reach PCA's maximum likelihood, which is
 * known in closed form, and no more.
 *
 *     log-likelihood an example = -1/2 (d log 2 pi + sum_(j<=q) log l_j + (d - q) log s + d),
 *     s = mean of the d - q smallest eigenvalues l_j of the data's covariance
 *
 * Sources: Tipping & Bishop (1999), "Probabilistic principal component analysis", eqs. 4, 7 and 8;
 * Lucas et al. (2019), arXiv:1911.02469: with a diagonal q the ELBO's maximum is the same.
 */
#include "chapters/small_vae.h"
#include "harness/suite.h"
#include "support/memory.h"

#include <gsl/gsl_eigen.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_sort_vector.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 300, DIMS = 6, WIDTH = 2, STEPS = 4000 };

/* x = z W + b + noise with fixed W: strong, weak and no directions. */
static void draw_data(real *x)
{
    static const double w[WIDTH][DIMS] = {{1.5, -0.8, 0.3, 0, 1, 0.5}, {0, 0.9, 0.6, -1.1, 0, 0.4}};
    static const double b[DIMS] = {0.5, -1, 0, 2, 0.2, -0.4};
    Rng rng = rng_stream(17, "data");
    for (int i = 0; i < N; i++) {
        double z[WIDTH] = {rng_normal_one(&rng), rng_normal_one(&rng)};
        for (int d = 0; d < DIMS; d++)
            x[i * DIMS + d] =
                (real)(b[d] + z[0] * w[0][d] + z[1] * w[1][d] + 0.6 * rng_normal_one(&rng));
    }
}

typedef struct Moments {
    double mean[DIMS], cov[DIMS * DIMS];
} Moments;

static Moments moments_of(const real *x)
{
    Moments m = {0};
    for (int i = 0; i < N; i++)
        for (int d = 0; d < DIMS; d++)
            m.mean[d] += (double)x[i * DIMS + d] / N;
    for (int i = 0; i < N; i++)
        for (int a = 0; a < DIMS; a++)
            for (int b = 0; b < DIMS; b++)
                m.cov[a * DIMS + b] += ((double)x[i * DIMS + a] - m.mean[a]) *
                                       ((double)x[i * DIMS + b] - m.mean[b]) / N;
    return m;
}

/* The closed form; q latents. */
static double most_likely(const Moments *m, int q, double *noise)
{
    Moments copy = *m;
    gsl_matrix_view cov = gsl_matrix_view_array(copy.cov, DIMS, DIMS);
    gsl_vector *value = gsl_vector_alloc(DIMS);
    gsl_eigen_symm_workspace *space = gsl_eigen_symm_alloc(DIMS);
    gsl_eigen_symm(&cov.matrix, value, space);
    gsl_sort_vector(value); /* rising */
    double log_det = 0;
    *noise = 0;
    for (int j = 0; j < DIMS - q; j++)
        *noise += gsl_vector_get(value, (size_t)j) / (DIMS - q);
    for (int j = DIMS - q; j < DIMS; j++)
        log_det += log(gsl_vector_get(value, (size_t)j));
    log_det += (DIMS - q) * log(*noise);
    gsl_eigen_symm_free(space);
    gsl_vector_free(value);
    return -0.5 * (DIMS * log(2 * M_PI) + log_det + DIMS);
}

/* -1/2 (d log 2 pi + log |C| + tr(C^-1 M)), M the data's second moments about the model's mean. */
static double log_likelihood(const Moments *m, const Vae *vae)
{
    double c[DIMS * DIMS], about[DIMS * DIMS], sum = DIMS * log(2 * M_PI);
    const real *w = vae->out.weight->value;
    for (int a = 0; a < DIMS; a++)
        for (int b = 0; b < DIMS; b++) {
            double gap_a = m->mean[a] - (double)vae->out.bias->value[a];
            double gap_b = m->mean[b] - (double)vae->out.bias->value[b];
            about[a * DIMS + b] = m->cov[a * DIMS + b] + gap_a * gap_b;
            c[a * DIMS + b] = a == b ? exp((double)vae->scale.bias->value[a]) : 0;
            for (int j = 0; j < WIDTH; j++)
                c[a * DIMS + b] += (double)w[j * DIMS + a] * (double)w[j * DIMS + b];
        }
    gsl_matrix_view factor = gsl_matrix_view_array(c, DIMS, DIMS);
    gsl_linalg_cholesky_decomp1(&factor.matrix);
    for (size_t a = 0; a < DIMS; a++) {
        gsl_vector_view column = gsl_vector_view_array_with_stride(about + a, DIMS, DIMS);
        sum += 2 * log(gsl_matrix_get(&factor.matrix, a, a));
        gsl_linalg_cholesky_svx(&factor.matrix, &column.vector);
        sum += about[a * DIMS + a];
    }
    return -0.5 * sum;
}

/* ---------------------------------------------------------------- training */

static void no_gradient(Tensor *weight)
{
    memset(weight->grad, 0, weight->size * sizeof(real));
}

/* PCA has one variance for all dimensions: each bias takes the mean of the gradients, so that equal
 * values stay equal. */
static void tie(Tensor *bias)
{
    double sum = 0;
    for (size_t d = 0; d < bias->size; d++)
        sum += (double)bias->grad[d];
    for (size_t d = 0; d < bias->size; d++)
        bias->grad[d] = (real)(sum / (double)bias->size);
}

static void prepare(Vae *vae)
{
    Tensor *zero[3] = {vae->scale.weight, vae->scale.bias, vae->encoder[0].logvar.weight};
    for (int i = 0; i < 3; i++)
        memset(zero[i]->value, 0, zero[i]->size * sizeof(real));
}

static void train(Vae *vae, Tape *tape, const real *data)
{
    Rng stream = rng_stream(5, "noise");
    for (int step = 0; step < STEPS; step++) {
        Rng noise = rng_at(stream, (uint64_t)step);
        small_begin(vae, tape);
        Tensor *x = tensor_from(tape, 2, (int[]){N, DIMS}, data);
        tape_backward(tensor_neg(tensor_mean(vae_elbo(vae, x, 1, &noise).bound)));
        no_gradient(vae->scale.weight);
        tie(vae->scale.bias);
        optimizer_update(vae->model.part[0].optimizer,
                         0.02 * 0.5 * (1 + cos(M_PI * step / STEPS)) + 1e-5);
    }
}

/* The ELBO without noise: log p(x|z) is quadratic in z, so its mean over the four points
 * mean +- sqrt(2) sigma e_j is its mean over q. */
static double mean_elbo(const Vae *vae, Tape *tape, const real *data)
{
    tape_record(tape, false);
    small_begin(vae, tape);
    Tensor *x = tensor_from(tape, 2, (int[]){N, DIMS}, data);
    Gaussian q = vae_encode(vae, x);
    double elbo = -(double)tensor_item(tensor_mean(gaussian_kl_to_standard(q)));
    for (int point = 0; point < 2 * WIDTH; point++) {
        Tensor *epsilon = tensor_fill(tape, 2, (int[]){N, WIDTH}, 0);
        for (int i = 0; i < N; i++)
            epsilon->value[i * WIDTH + point / 2] =
                (real)(point % 2 == 0 ? sqrt(WIDTH) : -sqrt(WIDTH));
        Tensor *fit = vae_log_likelihood(vae, x, gaussian_sample_with(q, epsilon));
        elbo += (double)tensor_item(tensor_mean(fit)) / (2 * WIDTH);
    }
    tape_record(tape, true);
    return elbo;
}

/* Noise and mean are PCA's; W's rows are orthogonal, as a diagonal posterior needs. */
static void check_solution(const Vae *vae, const Moments *moments, double noise)
{
    for (int d = 0; d < DIMS; d++) {
        CU_ASSERT_EQUAL(vae->scale.bias->value[d], vae->scale.bias->value[0]);
        CU_ASSERT(fabs(exp((double)vae->scale.bias->value[d]) / noise - 1) < 0.02);
        CU_ASSERT(fabs((double)vae->out.bias->value[d] - moments->mean[d]) < 0.05);
    }
    double dot = 0, square[WIDTH] = {0};
    for (int d = 0; d < DIMS; d++) {
        double a = (double)vae->out.weight->value[d], b = (double)vae->out.weight->value[DIMS + d];
        dot += a * b;
        square[0] += a * a;
        square[1] += b * b;
    }
    CU_ASSERT(fabs(dot) / sqrt(square[0] * square[1]) < 0.1);
}

/* Tolerance 0.01 nats below the maximum for log p and for the ELBO, which is below log p; never
 * above it but for rounding. */
static void test_reaches_pca(void)
{
    real *data = memory_new(N * DIMS, sizeof *data);
    Tape *tape = tape_create(kernels_best());
    SmallVae s = {DATA_POINTS, DIMS, 0, 1, {WIDTH}, 0};
    Vae vae = small_vae(s, 4);
    draw_data(data);
    Moments moments = moments_of(data);
    double noise, fewer, best = most_likely(&moments, WIDTH, &noise);
    CU_ASSERT(best - most_likely(&moments, WIDTH - 1, &fewer) > 0.1); /* both latents matter */
    prepare(&vae);
    CU_ASSERT(log_likelihood(&moments, &vae) < best - 1);
    train(&vae, tape, data);
    double log_p = log_likelihood(&moments, &vae), elbo = mean_elbo(&vae, tape, data);
    CU_ASSERT(log_p <= best + 1e-5);
    CU_ASSERT(log_p > best - 0.01);
    CU_ASSERT(elbo <= log_p + 1e-5);
    CU_ASSERT(elbo > best - 0.01);
    check_solution(&vae, &moments, noise);
    tape_free(tape);
    model_free_parts(&vae.model);
    free(data);
}

const Suite suite = {"chapters/vae ppca", {{"reaches PCA", test_reaches_pca}, {NULL, NULL}}};
