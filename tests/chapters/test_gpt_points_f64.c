/* The transformer of points in double: a density whose integral is 1, the order of its coordinates,
 * its own samples against its own entropies, where coordinates are cut, what training gains. */
#include "chapters/small_gpt.h"

#include "06-transformer/gpt_points.h"
#include "prob/categorical.h"

#include <gsl/gsl_integration.h>
#include <math.h>

#define TINY " --layers 2 --width 8 --heads 2 --cells 5 "

/* A csv of n points [n, dims]; free with dataset_free. */
static Dataset *own_points(const double *x, int n, int dims)
{
    char folder[256];
    folder_make(folder);
    char *path = memory_format("%s/own.csv", folder);
    FILE *file = fopen(path, "w");
    for (int i = 0; file != NULL && i < n * dims; i++)
        fprintf(file, "%.9g%c", x[i], (i + 1) % dims == 0 ? '\n' : ',');
    CU_ASSERT_FATAL(file != NULL && fclose(file) == 0);
    Dataset *data = dataset_load(path);
    folder_remove(folder);
    free(path);
    return data;
}

/* Correlated normal coordinates. */
static Dataset *normal_points(int n, int dims)
{
    double *x = memory_new((size_t)n * (size_t)dims, sizeof *x);
    Rng rng = rng_stream(3, "normal points");
    for (int i = 0; i < n; i++)
        for (int j = 0; j < dims; j++)
            x[i * dims + j] = rng_normal_one(&rng) + (j > 0 ? x[i * dims + j - 1] : 0);
    Dataset *data = own_points(x, n, dims);
    free(x);
    return data;
}

/* log p of each coordinate of x [n, dims] given those before it. */
static const real *log_prob_of(SmallGpt *g, const real *x, int n)
{
    tape_reset(g->tape);
    model_bind(&g->gpt->model, g->tape);
    Tensor *points = tensor_from(g->tape, 2, (int[]){n, g->gpt->context}, x);
    return gpt_points_log_prob(g->gpt, points, NULL)->value;
}

/* ---------------------------------------------------------------- the integral */

enum { IN_TAIL = 64, NODES = 5 + 2 * IN_TAIL };

/* Places and weights of a quadrature over the whole line: the midpoint of each cell, where the
 * density is constant, and Gauss and Legendre's places in the tails, as far as e^-40 of them. */
static void quadrature(const GptAxis *axis, double place[NODES], double weight[NODES])
{
    gsl_integration_glfixed_table *table = gsl_integration_glfixed_table_alloc(IN_TAIL);
    double width = (axis->high - axis->low) / axis->cells;
    int n = 0;
    for (int c = 0; c < axis->cells; c++, n++) {
        place[n] = axis->low + (c + 0.5) * width;
        weight[n] = width;
    }
    for (size_t i = 0; i < IN_TAIL; i++) {
        double distance, share;
        gsl_integration_glfixed_point(0, 40, i, &distance, &share, table);
        place[n] = axis->low - distance * axis->mean_below;
        weight[n++] = share * axis->mean_below;
        place[n] = axis->high + distance * axis->mean_above;
        weight[n++] = share * axis->mean_above;
    }
    gsl_integration_glfixed_table_free(table);
}

static void integral_is_one(const char *words)
{
    SmallGpt g = small_gpt_of(dataset_load("moons"), words);
    double place[2][NODES], weight[2][NODES], sum = 0;
    real *x = memory_new(2 * NODES * NODES, sizeof *x);
    small_gpt_shake(&g, 0.5);
    for (int j = 0; j < 2; j++) {
        GptAxis axis = gpt_axis(g.gpt, j);
        CU_ASSERT_EQUAL_FATAL(axis.cells, 5);
        quadrature(&axis, place[j], weight[j]);
    }
    for (int i = 0; i < NODES * NODES; i++) {
        x[2 * i] = (real)place[0][i / NODES];
        x[2 * i + 1] = (real)place[1][i % NODES];
    }
    const real *each = log_prob_of(&g, x, NODES * NODES);
    for (int i = 0; i < NODES * NODES; i++)
        sum += exp((double)each[2 * i] + (double)each[2 * i + 1]) * weight[0][i / NODES] *
               weight[1][i % NODES];
    CU_ASSERT(fabs(sum - 1) < 1e-10);
    free(x);
    small_gpt_free(&g);
}

static void test_integral(void)
{
    integral_is_one(TINY);
    integral_is_one(TINY "--positions rotary");
}

/* ---------------------------------------------------------------- the order */

/* Coordinate j moves no conditional before its own, and all behind it. */
static void test_order(void)
{
    enum { DIMS = 4 };
    SmallGpt g = small_gpt_of(normal_points(300, DIMS), TINY);
    real x[DIMS] = {0}, before[DIMS];
    small_gpt_shake(&g, 0.5);
    for (int j = 0; j < DIMS; j++) {
        GptAxis axis = gpt_axis(g.gpt, j);
        x[j] = (real)(axis.low + 0.1 * (axis.high - axis.low));
    }
    memcpy(before, log_prob_of(&g, x, 1), sizeof before);
    for (int j = 0; j < DIMS; j++) {
        GptAxis axis = gpt_axis(g.gpt, j);
        real moved[DIMS];
        memcpy(moved, x, sizeof moved);
        moved[j] = (real)(axis.low + 0.7 * (axis.high - axis.low));
        const real *after = log_prob_of(&g, moved, 1);
        for (int k = 0; k < DIMS; k++) {
            double change = fabs((double)(after[k] - before[k]));
            CU_ASSERT(k < j ? change == 0 : change > 1e-6);
        }
    }
    small_gpt_free(&g);
}

/* ---------------------------------------------------------------- own samples */

/* What a draw of coordinate j costs on average, given the cells before it: the entropy of its cell
 * and of the place within. score [cells + 2]. */
static double entropy_of(const GptAxis *axis, const real *score)
{
    double p[7], width = (axis->high - axis->low) / axis->cells;
    categorical_cut(score, 7, (CategoricalCut){1, 0, 1}, p);
    return categorical_entropy(p, 7) + p[0] * (1 + log(axis->mean_below)) +
           p[6] * (1 + log(axis->mean_above)) + (1 - p[0] - p[6]) * log(width);
}

/* E[-log p(x)] over the model's own samples is E[sum_j H(x_j | x_<j)]. The two differ by a mean of
 * 4,000 independent terms of mean 0: five of its standard errors fail once in 1.7e6 seeds. */
static void test_own_samples(void)
{
    enum { N = 4000, DIMS = 3 };
    SmallGpt g = small_gpt_of(normal_points(300, DIMS), TINY);
    real *x = memory_new(N * DIMS, sizeof *x);
    Rng noise = rng_stream(4, "own samples");
    small_gpt_shake(&g, 0.5);
    gpt_family.sample(&g.gpt->model, g.tape, &noise, &(SampleRequest){.n = N}, x);
    double *difference = memory_new(N, sizeof *difference), inside = 0, in_cells = 0, square = 0;
    const real *each = log_prob_of(&g, x, N);
    for (int i = 0; i < N * DIMS; i++)
        difference[i / DIMS] -= (double)each[i];
    Tensor *points = tensor_from(g.tape, 2, (int[]){N, DIMS}, x);
    GptBatch batch = gpt_points_batch(g.gpt, points);
    const real *score = gpt_logits(g.gpt, gpt_hidden(g.gpt, &batch, NULL, NULL))->value;
    for (int i = 0; i < N * DIMS; i++) {
        GptAxis axis = gpt_axis(g.gpt, i % DIMS);
        double at = ((double)x[i] - axis.low) / (axis.high - axis.low) * axis.cells;
        difference[i / DIMS] -= entropy_of(&axis, score + 7 * i);
        if (batch.wanted[i] > 0 && batch.wanted[i] < 6) {
            inside += at - floor(at);
            square += pow(at - floor(at), 2);
            in_cells++;
        }
    }
    CU_ASSERT(fabs(likelihood_mean(difference, N)) < 5 * likelihood_se(difference, N));
    CU_ASSERT(likelihood_se(difference, N) > 0.005);
    CU_ASSERT(in_cells > N && in_cells < DIMS * N - N / 10); /* tails are drawn from too */
    CU_ASSERT(fabs(inside / in_cells - 0.5) < 5 / sqrt(12 * in_cells)); /* uniform in a cell */
    CU_ASSERT(fabs(square / in_cells - 1.0 / 3) < 5 * sqrt(4.0 / 45 / in_cells));
    free(difference);
    free(x);
    small_gpt_free(&g);
}

/* ---------------------------------------------------------------- where coordinates are cut */

/* A value far out does not take the cells of all others; a number that does not vary has cells; the
 * density is finite wherever a point lies. */
static void test_edges(void)
{
    enum { N = 200 };
    double x[3 * N];
    for (int i = 0; i < N; i++) {
        x[3 * i] = i % 50 / 50.0;
        x[3 * i + 1] = i == 7 ? 1e6 : i % 50 / 50.0;
        x[3 * i + 2] = -3;
    }
    SmallGpt g = small_gpt_of(own_points(x, N, 3), TINY);
    GptAxis plain = gpt_axis(g.gpt, 0), far = gpt_axis(g.gpt, 1), still = gpt_axis(g.gpt, 2);
    CU_ASSERT(plain.low == 0 && fabs(plain.high - 0.98) < 1e-6);
    CU_ASSERT(fabs(plain.mean_above - 0.98 / 5) < 1e-6); /* none lies beyond: a cell */
    CU_ASSERT(far.low == 0 && far.high < 3 && far.mean_above > 1e5);
    CU_ASSERT(still.low < -3 && still.high > -3);
    const real points[6] = {(real)-1e4, (real)1e6, -3, (real)0.5, (real)0.5, (real)1e4};
    const real *each = log_prob_of(&g, points, 2);
    for (int i = 0; i < 6; i++)
        CU_ASSERT(isfinite(each[i]));
    CU_ASSERT_EQUAL(gpt_axis_cell(&plain, plain.high), 5);
    CU_ASSERT_EQUAL(gpt_axis_cell(&plain, plain.low), 1);
    CU_ASSERT_EQUAL(gpt_axis_cell(&plain, -1e-9), 0);
    CU_ASSERT_EQUAL(gpt_axis_cell(&plain, 1), 6);
    small_gpt_free(&g);
}

/* ---------------------------------------------------------------- training */

static void train(SmallGpt *g, int steps, int batch, double rate)
{
    for (int s = 0; s < steps; s++) {
        double logged[FAMILY_MOST_COLUMNS];
        tape_reset(g->tape);
        model_bind(&g->gpt->model, g->tape);
        Step step = {.tape = g->tape,
                     .x = tensor_new_matrix(g->tape, batch, g->data->dims),
                     .learning_rate = rate * (1 - (double)s / steps),
                     .noise = rng_at(rng_stream(9, "small gpt"), (uint64_t)s)};
        dataset_fetch_range(g->data, SPLIT_TRAIN, (size_t)s * (size_t)batch, (size_t)batch, NULL,
                            step.x->value, NULL, NULL);
        gpt_family.train_step(&g->gpt->model, &step, logged);
    }
}

/* The mean log density, over points x [n, 2], of the Gaussian with their own mean and covariance:
 * the best that a single one can do. */
static double gaussian_log_density(const real *x, int n)
{
    double mean[2] = {0}, c[3] = {0};
    for (int i = 0; i < 2 * n; i++)
        mean[i % 2] += (double)x[i] / n;
    for (int i = 0; i < n; i++) {
        double a = (double)x[2 * i] - mean[0], b = (double)x[2 * i + 1] - mean[1];
        c[0] += a * a / n;
        c[1] += a * b / n;
        c[2] += b * b / n;
    }
    return -0.5 * log(c[0] * c[2] - c[1] * c[1]) - log(2 * M_PI) - 1;
}

static void test_training(void)
{
    enum { N = 2000 };
    kernels_set_threads(1);
    SmallGpt g = small_gpt_of(dataset_load("moons"), "--layers 1 --width 16 --heads 2 --cells 32");
    real x[2 * N];
    double log_prob = 0;
    train(&g, 300, 64, 1e-2);
    dataset_fetch_range(g.data, SPLIT_TEST, 0, N, NULL, x, NULL, NULL);
    const real *each = log_prob_of(&g, x, N);
    for (int i = 0; i < 2 * N; i++)
        log_prob += (double)each[i] / N;
    double gaussian = gaussian_log_density(x, N);
    CU_ASSERT(log_prob > gaussian + 0.2);
    small_gpt_free(&g);
}

const Suite suite = {"chapters/transformer of points",
                     {{"the density's integral is 1", test_integral},
                      {"a coordinate moves no conditional before it", test_order},
                      {"own samples cost their entropies", test_own_samples},
                      {"where coordinates are cut", test_edges},
                      {"better than a Gaussian", test_training},
                      {NULL, NULL}}};
