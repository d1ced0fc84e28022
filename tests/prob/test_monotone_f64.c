/* Increasing maps of each number in double: identity at zero, slopes against finite differences,
 * the inverse, derivatives of the result and of the log-determinant. */
#include "prob/monotone.h"
#include "tensor/gradient_check.h"

static const Monotone maps[] = {
    {MONOTONE_AFFINE, 0, 1}, {MONOTONE_SPLINE, 2, 1.5}, {MONOTONE_SPLINE, 7, 1.5}};
enum { MAPS = 3, N = 6, D = 5 };

/* x between -2 and 2, so that some lie outside the splines' bound; parameters between -2 and 2. */
static void draw(Tape *tape, const Monotone *map, Tensor **x, Tensor **raw)
{
    Rng rng = rng_stream(3, "monotone");
    *x = tensor_new_matrix(tape, N, D);
    *raw = tensor_new_matrix(tape, N, D * monotone_parameters(map));
    rng_uniform(&rng, (*x)->value, (*x)->size);
    rng_uniform(&rng, (*raw)->value, (*raw)->size);
    for (size_t i = 0; i < (*x)->size; i++)
        (*x)->value[i] = 4 * (*x)->value[i] - 2;
    for (size_t i = 0; i < (*raw)->size; i++)
        (*raw)->value[i] = 4 * (*raw)->value[i] - 2;
}

static void test_identity(void)
{
    Tape *tape = tape_create(kernels_best());
    for (int m = 0; m < MAPS; m++) {
        Tensor *x, *raw, *y;
        draw(tape, &maps[m], &x, &raw);
        y = monotone_forward(&maps[m], x, tensor_scale(raw, 0));
        for (int r = 0; r < N; r++) {
            CU_ASSERT(fabs(y->value[r * (D + 1) + D]) < 1e-12);
            for (int j = 0; j < D; j++)
                CU_ASSERT(fabs(y->value[r * (D + 1) + j] - x->value[r * D + j]) < 1e-12);
        }
    }
    tape_free(tape);
}

/* The log-determinant is the sum of the logarithms of dy_j / dx_j by central differences. */
static void test_slopes(void)
{
    Tape *tape = tape_create(kernels_best());
    for (int m = 0; m < MAPS; m++) {
        Tensor *x, *raw;
        draw(tape, &maps[m], &x, &raw);
        Tensor *y = monotone_forward(&maps[m], x, raw);
        Tensor *up = monotone_forward(&maps[m], tensor_shift(x, 1e-6), raw);
        Tensor *down = monotone_forward(&maps[m], tensor_shift(x, -1e-6), raw);
        for (int r = 0; r < N; r++) {
            double sum = 0;
            for (int j = 0; j < D; j++)
                sum += log((up->value[r * (D + 1) + j] - down->value[r * (D + 1) + j]) / 2e-6);
            CU_ASSERT(fabs(sum - y->value[r * (D + 1) + D]) < 1e-6);
        }
    }
    tape_free(tape);
}

static void test_inverse(void)
{
    Tape *tape = tape_create(kernels_best());
    for (int m = 0; m < MAPS; m++) {
        Tensor *x, *raw;
        draw(tape, &maps[m], &x, &raw);
        Tensor *y = monotone_forward(&maps[m], x, raw);
        Tensor *back = monotone_inverse(&maps[m], tensor_slice(y, 1, 0, D), raw);
        for (int r = 0; r < N; r++) {
            CU_ASSERT(fabs(back->value[r * (D + 1) + D] + y->value[r * (D + 1) + D]) < 1e-9);
            for (int j = 0; j < D; j++)
                CU_ASSERT(fabs(back->value[r * (D + 1) + j] - x->value[r * D + j]) < 1e-9);
        }
    }
    tape_free(tape);
}

/* A spline joins the identity outside its bound; a scale stays within e^+-bound. */
static void test_bounds(void)
{
    Tape *tape = tape_create(kernels_best());
    Tensor *x, *raw;
    draw(tape, &maps[2], &x, &raw);
    for (int j = 0; j < D; j++)
        x->value[j] = j % 2 == 0 ? 1.5 : -7;
    Tensor *y = monotone_forward(&maps[2], x, raw);
    for (int j = 0; j < D; j++)
        CU_ASSERT(fabs(y->value[j] - x->value[j]) < 1e-12);
    CU_ASSERT(fabs(y->value[D]) < 1e-12);
    Tensor *wild = tensor_fill(tape, 2, (int[]){1, 2}, 1e4);
    Tensor *affine = monotone_forward(&maps[0], tensor_fill(tape, 2, (int[]){1, 1}, 0), wild);
    CU_ASSERT(fabs(affine->value[1] - 1) < 1e-12);
    tape_free(tape);
}

static Tensor *build(Tensor *const *in, int arg)
{
    return monotone_forward(&maps[arg], in[0], in[1]);
}

static const CheckRow rows[] = {
    {"monotone_forward", "affine", build, 0, -2, 2, 2, {{2, {4, 3}}, {2, {4, 6}}}},
    {"monotone_forward", "affine, threaded", build, 0, -2, 2, 2, {{2, {300, 70}}, {2, {300, 140}}}},
    {"monotone_forward", "2 bins", build, 1, -2, 2, 2, {{2, {3, 2}}, {2, {3, 10}}}},
    {"monotone_forward", "7 bins", build, 2, -1, 1, 2, {{2, {5, 1}}, {2, {5, 20}}}},
    {"monotone_forward", "7 bins, wide", build, 2, -1, 1, 2, {{2, {1, 6}}, {2, {1, 120}}}},
    {"monotone_forward", "threaded", build, 2, -1, 1, 2, {{2, {45, 21}}, {2, {45, 420}}}},
};

static void test_reverse(void)
{
    check_table(CHECK_ROWS(rows), check_reverse);
    check_table(CHECK_ROWS(rows), check_shared);
    check_table(CHECK_ROWS(rows), check_alone);
}

const Suite suite = {"prob/monotone",
                     {{"no parameters, no change", test_identity},
                      {"log-determinant is the slopes'", test_slopes},
                      {"inverse", test_inverse},
                      {"bounds", test_bounds},
                      {"reverse mode", test_reverse},
                      {NULL, NULL}}};
