/* Values of the normalisations and of the operations on images against their definitions, number by
 * number, in double. */
#include "harness/suite.h"
#include "support/rng.h"
#include "tensor/tape.h"

#include <math.h>

static Tensor *uniform(Tape *tape, int rank, const int *shape, double low, double high)
{
    Tensor *a = tensor_new(tape, rank, shape);
    Rng rng = rng_stream((uint64_t)rank, "values");
    rng_uniform(&rng, a->value, a->size);
    for (size_t i = 0; i < a->size; i++)
        a->value[i] = low + (high - low) * a->value[i];
    return a;
}

/* ---------------------------------------------------------------- normalisation */

/* The definition, for example n, position p and channel j of x seen as [examples, positions, c]. */
static double normalised(const Tensor *x, int positions, int groups, int n, int p, int j)
{
    int c = tensor_columns(x), width = c / groups, first = j / width * width;
    const double *example = x->value + (size_t)n * (size_t)positions * (size_t)c;
    double mean = 0, variance = 0, count = (double)width * positions;
    for (int q = 0; q < positions; q++)
        for (int k = first; k < first + width; k++)
            mean += example[q * c + k] / count;
    for (int q = 0; q < positions; q++)
        for (int k = first; k < first + width; k++)
            variance += (example[q * c + k] - mean) * (example[q * c + k] - mean) / count;
    return (example[p * c + j] - mean) / sqrt(variance + 1e-5);
}

/* Entries of y and of its silu that are not the definition. */
static int wrong_norms(const Tensor *x, const Tensor *y, const Tensor *silu, const Tensor *gain,
                       const Tensor *bias, int examples, int groups)
{
    int c = tensor_columns(x), positions = (int)x->size / examples / c, wrong = 0;
    for (size_t i = 0; i < x->size; i++) {
        int j = (int)i % c, p = (int)i / c % positions, n = (int)i / c / positions;
        double z = normalised(x, positions, groups, n, p, j) * gain->value[j] + bias->value[j];
        wrong += !(fabs(y->value[i] - z) < 1e-12);
        wrong += silu != NULL && !(fabs(silu->value[i] - z / (1 + exp(-z))) < 1e-12);
    }
    return wrong;
}

static void test_norms(void)
{
    static const int shape[5] = {3, 2, 5, 3, 6};
    Tape *tape = tape_create(&kernels_portable);
    Tensor *gain = uniform(tape, 1, (int[]){6}, -2, 2), *bias = uniform(tape, 1, (int[]){6}, -1, 1);
    int wrong = 0;
    for (int rank = 2; rank <= 5; rank++)
        for (int groups = 1; groups <= 6; groups++) {
            if (6 % groups != 0)
                continue;
            Tensor *x = uniform(tape, rank, shape + 5 - rank, 3, 7);
            wrong += wrong_norms(x, tensor_group_norm(x, gain, bias, groups),
                                 tensor_group_norm_silu(x, gain, bias, groups), gain, bias,
                                 x->shape[0], groups);
        }
    for (int rank = 1; rank <= 5; rank++) {
        Tensor *x = uniform(tape, rank, shape + 5 - rank, 3, 7);
        wrong +=
            wrong_norms(x, tensor_layer_norm(x, gain, bias), NULL, gain, bias, tensor_rows(x), 1);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    tape_free(tape);
}

/* 1, 3 | 5, 9 in groups of two channels: means 2 and 7, sd 1 and 2. */
static void test_norm_by_hand(void)
{
    Tape *tape = tape_create(&kernels_portable);
    Tensor *x = tensor_from(tape, 2, (int[]){1, 4}, (real[]){1, 3, 5, 9});
    Tensor *gain = tensor_from(tape, 1, (int[]){4}, (real[]){1, 2, 1, 3});
    Tensor *bias = tensor_from(tape, 1, (int[]){4}, (real[]){0, 0, 10, 0});
    const Tensor *y = tensor_group_norm(x, gain, bias, 2);
    const double want[4] = {-1 / sqrt(1 + 1e-5), 2 / sqrt(1 + 1e-5), 10 - 2 / sqrt(4 + 1e-5),
                            6 / sqrt(4 + 1e-5)};
    for (int j = 0; j < 4; j++)
        CU_ASSERT(fabs(y->value[j] - want[j]) < 1e-14);
    tape_free(tape);
}

/* Neither the values nor the gradients of gain and bias depend on the number of threads. */
static void test_threads_agree(void)
{
    enum { C = 24, KINDS = 3 };
    int threads = kernels_threads(), differ = 0;
    double gradient[2][KINDS][2 * C];
    for (int t = 0; t < 2; t++) {
        Tape *tape = tape_create(&kernels_portable);
        Tensor *x = tensor_watch(uniform(tape, 4, (int[]){7, 9, 13, C}, -1, 3));
        Tensor *gain = tensor_watch(uniform(tape, 1, (int[]){C}, 1, 2));
        Tensor *bias = tensor_watch(tensor_fill(tape, 1, (int[]){C}, 0.5)), *g[2];
        kernels_set_threads(t == 0 ? 1 : 3);
        Tensor *y[KINDS] = {tensor_group_norm(x, gain, bias, 8),
                            tensor_group_norm_silu(x, gain, bias, 8),
                            tensor_layer_norm(x, gain, bias)};
        for (int k = 0; k < KINDS; k++) {
            tape_gradient(tensor_sum(tensor_square(y[k])), NULL, (Tensor *[]){gain, bias}, 2, g);
            for (int j = 0; j < C; j++) {
                gradient[t][k][j] = g[0]->value[j];
                gradient[t][k][C + j] = g[1]->value[j];
            }
        }
        tape_free(tape);
    }
    kernels_set_threads(threads);
    for (int k = 0; k < KINDS; k++)
        for (int j = 0; j < 2 * C; j++)
            differ += gradient[0][k][j] != gradient[1][k][j];
    CU_ASSERT_EQUAL(differ, 0);
}

/* ---------------------------------------------------------------- images */

static double pixel(const Tensor *x, int n, int i, int j, int k)
{
    return x->value[((n * x->shape[1] + i) * x->shape[2] + j) * x->shape[3] + k];
}

static double block_mean(const Tensor *x, int block, int n, int i, int j, int k)
{
    double sum = 0;
    for (int p = 0; p < block; p++)
        for (int q = 0; q < block; q++)
            sum += pixel(x, n, i * block + p, j * block + q, k);
    return sum / (block * block);
}

/* Each result at each of its pixels. */
static int wrong_pixels(Tensor *x, int b)
{
    int wrong = 0, c = x->shape[3];
    const Tensor *large = tensor_upsample(x, b), *small = tensor_average_pool(x, b);
    Tensor *deep = tensor_space_to_depth(x, b);
    const Tensor *back = tensor_depth_to_space(deep, b);
    for (int n = 0; n < x->shape[0]; n++) {
        for (int i = 0; i < large->shape[1]; i++)
            for (int j = 0; j < large->shape[2]; j++)
                for (int k = 0; k < c; k++)
                    wrong += pixel(large, n, i, j, k) != pixel(x, n, i / b, j / b, k);
        for (int i = 0; i < small->shape[1]; i++)
            for (int j = 0; j < small->shape[2]; j++) {
                for (int k = 0; k < c; k++)
                    wrong +=
                        !(fabs(pixel(small, n, i, j, k) - block_mean(x, b, n, i, j, k)) < 1e-14);
                for (int k = 0; k < b * b * c; k++)
                    wrong += pixel(deep, n, i, j, k) !=
                             pixel(x, n, i * b + k / c / b, j * b + k / c % b, k % c);
            }
    }
    wrong += !tensor_same_shape(back, x);
    for (size_t i = 0; i < x->size; i++)
        wrong += back->value[i] != x->value[i];
    return wrong;
}

static void test_images(void)
{
    Tape *tape = tape_create(&kernels_portable);
    CU_ASSERT_EQUAL(wrong_pixels(uniform(tape, 4, (int[]){2, 6, 12, 3}, -1, 1), 1), 0);
    CU_ASSERT_EQUAL(wrong_pixels(uniform(tape, 4, (int[]){2, 6, 12, 3}, -1, 1), 2), 0);
    CU_ASSERT_EQUAL(wrong_pixels(uniform(tape, 4, (int[]){2, 6, 12, 1}, -1, 1), 3), 0);
    CU_ASSERT_EQUAL(wrong_pixels(uniform(tape, 4, (int[]){8, 28, 28, 5}, -1, 1), 2), 0);
    tape_free(tape);
}

const Suite suite = {"tensor/values of normalisation and images",
                     {{"normalisation = its definition", test_norms},
                      {"a group norm by hand", test_norm_by_hand},
                      {"gradients do not depend on threads", test_threads_agree},
                      {"images, pixel by pixel", test_images},
                      {NULL, NULL}}};
