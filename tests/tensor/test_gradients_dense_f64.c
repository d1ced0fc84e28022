/* Derivatives of matrix products, the fused linear layer, reductions and softmax. */
#include "tensor/gradient_check.h"

static Tensor *build_matmul(Tensor *const *in, int arg)
{
    (void)arg;
    return tensor_matmul(in[0], in[1]);
}

static Tensor *build_transposed(Tensor *const *in, int arg)
{
    (void)arg;
    return tensor_matmul_transposed(in[0], in[1]);
}

/* A A and A A^T: both operands are the same tensor. */
static Tensor *build_matmul_square(Tensor *const *in, int arg)
{
    (void)arg;
    return tensor_matmul(in[0], in[0]);
}

static Tensor *build_gram(Tensor *const *in, int arg)
{
    (void)arg;
    return tensor_matmul_transposed(in[0], in[0]);
}

static Tensor *build_linear(Tensor *const *in, int activation)
{
    return tensor_linear(in[0], in[1], in[2], (Activation)activation);
}

static Tensor *build_linear_bare(Tensor *const *in, int activation)
{
    return tensor_linear(in[0], in[1], NULL, (Activation)activation);
}

/* x, weight and bias all come from one input. */
static Tensor *build_linear_self(Tensor *const *in, int activation)
{
    Tensor *bias = tensor_reshape(tensor_slice(in[0], 0, 0, 1), 1, (int[]){-1});
    return tensor_linear(in[0], in[0], bias, (Activation)activation);
}

/* Two layers that share weight and bias. */
static Tensor *build_linear_tied(Tensor *const *in, int activation)
{
    Tensor *hidden = tensor_linear(in[0], in[1], in[2], (Activation)activation);
    return tensor_linear(hidden, in[1], in[2], (Activation)activation);
}

static Tensor *build_sum(Tensor *const *in, int arg)
{
    (void)arg;
    return tensor_sum(tensor_square(in[0]));
}

static Tensor *build_mean(Tensor *const *in, int arg)
{
    (void)arg;
    return tensor_mean(tensor_square(in[0]));
}

static Tensor *build_sum_axis(Tensor *const *in, int axis)
{
    return tensor_sum_axis(in[0], axis);
}

static Tensor *build_mean_axis(Tensor *const *in, int axis)
{
    return tensor_mean_axis(in[0], axis);
}

static Tensor *build_log_sum_exp(Tensor *const *in, int arg)
{
    (void)arg;
    return tensor_log_sum_exp(in[0]);
}

static Tensor *build_softmax(Tensor *const *in, int arg)
{
    (void)arg;
    return tensor_softmax(in[0]);
}

static Tensor *build_log_softmax(Tensor *const *in, int arg)
{
    (void)arg;
    return tensor_log_softmax(in[0]);
}

/* Labels 0, 3, 6, ... modulo the classes; moved by arg. */
static Tensor *build_cross_entropy(Tensor *const *in, int arg)
{
    int label[512] = {0}, rows = tensor_rows(in[0]), classes = tensor_columns(in[0]);
    for (int i = 0; i < rows; i++)
        label[i] = (3 * i + arg) % classes;
    return tensor_cross_entropy(in[0], label);
}

static const CheckRow product_table[] = {
    {"tensor_matmul", "one number", build_matmul, 0, -2, 2, 2, {{2, {1, 1}}, {2, {1, 1}}}},
    {"tensor_matmul", "[3,4] [4,2]", build_matmul, 0, -2, 2, 2, {{2, {3, 4}}, {2, {4, 2}}}},
    {"tensor_matmul", "square", build_matmul, 0, -2, 2, 2, {{2, {3, 3}}, {2, {3, 3}}}},
    {"tensor_matmul", "row, column", build_matmul, 0, -2, 2, 2, {{2, {1, 5}}, {2, {5, 1}}}},
    {"tensor_matmul", "column, row", build_matmul, 0, -2, 2, 2, {{2, {5, 1}}, {2, {1, 3}}}},
    {"tensor_matmul", "batch", build_matmul, 0, -2, 2, 2, {{3, {2, 3, 4}}, {3, {2, 4, 2}}}},
    {"tensor_matmul", "batch of 1", build_matmul, 0, -2, 2, 2, {{3, {1, 2, 3}}, {3, {1, 3, 4}}}},
    {"tensor_matmul", "squares", build_matmul, 0, -2, 2, 2, {{3, {3, 2, 2}}, {3, {3, 2, 2}}}},
    {"tensor_matmul", "A A", build_matmul_square, 0, -2, 2, 1, {{2, {3, 3}}}},
    {"tensor_matmul", "batched A A", build_matmul_square, 0, -2, 2, 1, {{3, {2, 3, 3}}}},
    {"tensor_matmul", "long", build_matmul, 0, -2, 2, 2, {{2, {131, 19}}, {2, {19, 137}}}},
    {"tensor_matmul_transposed",
     "[3,4] [2,4]^T",
     build_transposed,
     0,
     -2,
     2,
     2,
     {{2, {3, 4}}, {2, {2, 4}}}},
    {"tensor_matmul_transposed",
     "square",
     build_transposed,
     0,
     -2,
     2,
     2,
     {{2, {3, 3}}, {2, {3, 3}}}},
    {"tensor_matmul_transposed", "rows", build_transposed, 0, -2, 2, 2, {{2, {1, 5}}, {2, {1, 5}}}},
    {"tensor_matmul_transposed",
     "columns",
     build_transposed,
     0,
     -2,
     2,
     2,
     {{2, {4, 1}}, {2, {3, 1}}}},
    {"tensor_matmul_transposed",
     "batch",
     build_transposed,
     0,
     -2,
     2,
     2,
     {{3, {2, 3, 4}}, {3, {2, 5, 4}}}},
    {"tensor_matmul_transposed", "A A^T", build_gram, 0, -2, 2, 1, {{2, {3, 4}}}},
    {"tensor_matmul_transposed", "batched A A^T", build_gram, 0, -2, 2, 1, {{3, {2, 3, 2}}}},
};

/* Each row runs with every activation. */
static const CheckRow linear_table[] = {
    {"tensor_linear", "rank 1", build_linear, 0, -1, 1, 3, {{1, {4}}, {2, {4, 3}}, {1, {3}}}},
    {"tensor_linear", "rank 2", build_linear, 0, -1, 1, 3, {{2, {5, 4}}, {2, {4, 3}}, {1, {3}}}},
    {"tensor_linear", "rank 3", build_linear, 0, -1, 1, 3, {{3, {2, 3, 4}}, {2, {4, 2}}, {1, {2}}}},
    {"tensor_linear", "1 to 1", build_linear, 0, -1, 1, 3, {{2, {3, 1}}, {2, {1, 1}}, {1, {1}}}},
    {"tensor_linear", "bare, rank 2", build_linear_bare, 0, -1, 1, 2, {{2, {5, 4}}, {2, {4, 3}}}},
    {"tensor_linear",
     "bare, rank 3",
     build_linear_bare,
     0,
     -1,
     1,
     2,
     {{3, {2, 3, 4}}, {2, {4, 2}}}},
    {"tensor_linear", "of itself", build_linear_self, 0, -1, 1, 1, {{2, {3, 3}}}},
    {"tensor_linear", "tied", build_linear_tied, 0, -1, 1, 3, {{2, {4, 3}}, {2, {3, 3}}, {1, {3}}}},
    {"tensor_linear",
     "strips",
     build_linear,
     0,
     -1,
     1,
     3,
     {{2, {2, 2}}, {2, {2, 131}}, {1, {131}}}},
    {"tensor_linear",
     "long",
     build_linear,
     0,
     -1,
     1,
     3,
     {{2, {131, 7}}, {2, {7, 130}}, {1, {130}}}},
};

static const CheckRow reduction_table[] = {
    {"tensor_sum", "scalar", build_sum, 0, -2, 2, 1, {{1, {1}}}},
    {"tensor_sum", "rank 1", build_sum, 0, -2, 2, 1, {{1, {7}}}},
    {"tensor_sum", "rank 5", build_sum, 0, -2, 2, 1, {{5, {2, 1, 2, 3, 2}}}},
    {"tensor_sum", "long", build_sum, 0, -0.5, 0.5, 1, {{2, {131, 127}}}},
    {"tensor_mean", "scalar", build_mean, 0, -2, 2, 1, {{1, {1}}}},
    {"tensor_mean", "rank 3", build_mean, 0, -2, 2, 1, {{3, {2, 3, 4}}}},
    {"tensor_mean", "long", build_mean, 0, -2, 2, 1, {{2, {131, 127}}}},
    {"tensor_sum_axis", "rank 1", build_sum_axis, 0, -2, 2, 1, {{1, {5}}}},
    {"tensor_sum_axis", "rank 2, axis 0", build_sum_axis, 0, -2, 2, 1, {{2, {3, 4}}}},
    {"tensor_sum_axis", "rank 2, axis 1", build_sum_axis, 1, -2, 2, 1, {{2, {3, 4}}}},
    {"tensor_sum_axis", "rank 4, axis 2", build_sum_axis, 2, -2, 2, 1, {{4, {2, 3, 2, 3}}}},
    {"tensor_sum_axis", "axis of 1", build_sum_axis, 1, -2, 2, 1, {{3, {2, 1, 3}}}},
    {"tensor_sum_axis", "rank 5, axis 4", build_sum_axis, 4, -2, 2, 1, {{5, {2, 1, 2, 2, 3}}}},
    {"tensor_sum_axis", "long, axis 0", build_sum_axis, 0, -2, 2, 1, {{2, {131, 127}}}},
    {"tensor_sum_axis", "long, axis 1", build_sum_axis, 1, -2, 2, 1, {{2, {131, 127}}}},
    {"tensor_mean_axis", "rank 2, axis 0", build_mean_axis, 0, -2, 2, 1, {{2, {3, 4}}}},
    {"tensor_mean_axis", "rank 3, axis 1", build_mean_axis, 1, -2, 2, 1, {{3, {2, 3, 4}}}},
    {"tensor_mean_axis", "rank 3, axis 2", build_mean_axis, 2, -2, 2, 1, {{3, {2, 3, 4}}}},
};

static const CheckRow softmax_table[] = {
    {"tensor_log_sum_exp", "scalar", build_log_sum_exp, 0, -2, 2, 1, {{1, {1}}}},
    {"tensor_log_sum_exp", "rank 1", build_log_sum_exp, 0, -2, 2, 1, {{1, {6}}}},
    {"tensor_log_sum_exp", "rank 2", build_log_sum_exp, 0, -5, 5, 1, {{2, {3, 4}}}},
    {"tensor_log_sum_exp", "column", build_log_sum_exp, 0, -2, 2, 1, {{2, {4, 1}}}},
    {"tensor_log_sum_exp", "rank 4", build_log_sum_exp, 0, -2, 2, 1, {{4, {2, 2, 1, 3}}}},
    {"tensor_log_sum_exp", "large numbers", build_log_sum_exp, 0, 700, 710, 1, {{2, {2, 3}}}},
    {"tensor_log_sum_exp", "long", build_log_sum_exp, 0, -2, 2, 1, {{2, {129, 131}}}},
    {"tensor_softmax", "rank 1", build_softmax, 0, -2, 2, 1, {{1, {6}}}},
    {"tensor_softmax", "rank 2", build_softmax, 0, -5, 5, 1, {{2, {3, 4}}}},
    {"tensor_softmax", "column", build_softmax, 0, -2, 2, 1, {{2, {4, 1}}}},
    {"tensor_softmax", "rank 3", build_softmax, 0, -2, 2, 1, {{3, {2, 3, 4}}}},
    {"tensor_softmax", "long", build_softmax, 0, -2, 2, 1, {{2, {129, 131}}}},
    {"tensor_log_softmax", "rank 1", build_log_softmax, 0, -2, 2, 1, {{1, {6}}}},
    {"tensor_log_softmax", "rank 2", build_log_softmax, 0, -5, 5, 1, {{2, {3, 4}}}},
    {"tensor_log_softmax", "column", build_log_softmax, 0, -2, 2, 1, {{2, {4, 1}}}},
    {"tensor_log_softmax", "rank 3", build_log_softmax, 0, -2, 2, 1, {{3, {2, 3, 4}}}},
    {"tensor_log_softmax", "long", build_log_softmax, 0, -2, 2, 1, {{2, {129, 131}}}},
    {"tensor_cross_entropy", "rank 1", build_cross_entropy, 2, -2, 2, 1, {{1, {5}}}},
    {"tensor_cross_entropy", "rank 2", build_cross_entropy, 0, -2, 2, 1, {{2, {4, 5}}}},
    {"tensor_cross_entropy", "rank 3", build_cross_entropy, 1, -2, 2, 1, {{3, {2, 3, 4}}}},
    {"tensor_cross_entropy", "one class", build_cross_entropy, 0, -2, 2, 1, {{2, {3, 1}}}},
    {"tensor_cross_entropy", "long", build_cross_entropy, 0, -2, 2, 1, {{2, {129, 131}}}},
};

static void check_linear(double (*check)(const CheckRow *row))
{
    for (int a = ACTIVATION_NONE; a <= ACTIVATION_LEAKY_RELU; a++)
        for (size_t i = 0; i < sizeof linear_table / sizeof *linear_table; i++) {
            CheckRow row = linear_table[i];
            row.arg = a;
            check_table(&row, 1, check);
        }
}

static void check_all(double (*check)(const CheckRow *row))
{
    check_table(CHECK_ROWS(product_table), check);
    check_linear(check);
    check_table(CHECK_ROWS(reduction_table), check);
    check_table(CHECK_ROWS(softmax_table), check);
}

static void test_reverse(void)
{
    check_all(check_reverse);
}

static void test_shared(void)
{
    check_all(check_shared);
}

static void test_alone(void)
{
    check_all(check_alone);
}

static void test_forward(void)
{
    check_all(check_forward);
}

static void test_second(void)
{
    check_all(check_second);
}

const Suite suite = {"tensor/gradients of products, sums and softmax",
                     {{"reverse mode", test_reverse},
                      {"two consumers: write, then add", test_shared},
                      {"gradients of one input alone", test_alone},
                      {"forward mode", test_forward},
                      {"reverse over forward", test_second},
                      {NULL, NULL}}};
