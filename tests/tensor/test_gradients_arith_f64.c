/* Derivatives of the elementwise operations: two operands with every kind of broadcasting, one
 * operand, activations. */
#include "tensor/gradient_check.h"

/* ---------------------------------------------------------------- two operands */

typedef Tensor *(*Pair)(Tensor *a, Tensor *b);

typedef struct PairOp {
    const char *name;
    Pair op;
    double low; /* inputs lie between this and 2 */
} PairOp;

static const PairOp pair_op[] = {
    {"tensor_add", tensor_add, -2},
    {"tensor_sub", tensor_sub, -2},
    {"tensor_mul", tensor_mul, -2},
    {"tensor_div", tensor_div, 0.7},
};

enum { PAIR_OPS = sizeof pair_op / sizeof *pair_op };

static Tensor *build_pair(Tensor *const *in, int op)
{
    return pair_op[op].op(in[0], in[1]);
}

static Tensor *build_same(Tensor *const *in, int op)
{
    return pair_op[op].op(in[0], in[0]);
}

/* A tensor and a row of itself: both operands are tied to the same input. */
static Tensor *build_row_of_itself(Tensor *const *in, int op)
{
    return pair_op[op].op(tensor_slice(in[0], 0, 1, 2), in[0]);
}

static Tensor *build_itself_and_row(Tensor *const *in, int op)
{
    return pair_op[op].op(in[0], tensor_slice(in[0], 0, 1, 2));
}

/* Rows without a name: check_pairs runs each with the four operations. */
static const CheckRow pair_table[] = {
    {NULL, "scalars", build_pair, 0, 0, 0, 2, {{1, {1}}, {1, {1}}}},
    {NULL, "rank 1", build_pair, 0, 0, 0, 2, {{1, {7}}, {1, {7}}}},
    {NULL, "scalar on the left", build_pair, 0, 0, 0, 2, {{1, {1}}, {1, {5}}}},
    {NULL, "scalar on the right", build_pair, 0, 0, 0, 2, {{1, {5}}, {1, {1}}}},
    {NULL, "equal matrices", build_pair, 0, 0, 0, 2, {{2, {3, 4}}, {2, {3, 4}}}},
    {NULL, "row on the right", build_pair, 0, 0, 0, 2, {{2, {3, 4}}, {2, {1, 4}}}},
    {NULL, "row on the left", build_pair, 0, 0, 0, 2, {{2, {1, 4}}, {2, {3, 4}}}},
    {NULL, "column on the right", build_pair, 0, 0, 0, 2, {{2, {3, 4}}, {2, {3, 1}}}},
    {NULL, "column on the left", build_pair, 0, 0, 0, 2, {{2, {3, 1}}, {2, {3, 4}}}},
    {NULL, "column and row", build_pair, 0, 0, 0, 2, {{2, {3, 1}}, {2, {1, 4}}}},
    {NULL, "row and column", build_pair, 0, 0, 0, 2, {{2, {1, 4}}, {2, {3, 1}}}},
    {NULL, "one number, rank 3", build_pair, 0, 0, 0, 2, {{3, {2, 3, 2}}, {3, {1, 1, 1}}}},
    {NULL, "middle dimension", build_pair, 0, 0, 0, 2, {{3, {2, 3, 4}}, {3, {2, 1, 4}}}},
    {NULL, "crossed, rank 3", build_pair, 0, 0, 0, 2, {{3, {2, 1, 4}}, {3, {1, 3, 4}}}},
    {NULL, "channels, rank 4", build_pair, 0, 0, 0, 2, {{4, {2, 3, 2, 3}}, {4, {1, 1, 1, 3}}}},
    {NULL, "images, rank 4", build_pair, 0, 0, 0, 2, {{4, {2, 1, 1, 3}}, {4, {2, 3, 2, 3}}}},
    {NULL, "zipped, rank 5", build_pair, 0, 0, 0, 2, {{5, {2, 1, 3, 1, 2}}, {5, {1, 2, 1, 3, 2}}}},
    {NULL, "ones at ends", build_pair, 0, 0, 0, 2, {{5, {1, 2, 1, 3, 1}}, {5, {1, 2, 1, 1, 1}}}},
    {NULL, "all ones", build_pair, 0, 0, 0, 2, {{5, {1, 1, 1, 1, 1}}, {5, {1, 1, 1, 1, 1}}}},
    {NULL, "same operand", build_same, 0, 0, 0, 1, {{2, {3, 4}}}},
    {NULL, "a row of itself first", build_row_of_itself, 0, 0, 0, 1, {{2, {3, 4}}}},
    {NULL, "a row of itself second", build_itself_and_row, 0, 0, 0, 1, {{2, {3, 4}}}},
    {NULL, "long", build_pair, 0, 0, 0, 2, {{1, {16411}}, {1, {16411}}}},
    {NULL, "long and a number", build_pair, 0, 0, 0, 2, {{1, {16411}}, {1, {1}}}},
    {NULL, "long and a row", build_pair, 0, 0, 0, 2, {{2, {1, 67}}, {2, {251, 67}}}},
    {NULL, "long and a column", build_pair, 0, 0, 0, 2, {{2, {251, 67}}, {2, {251, 1}}}},
};

static void check_pairs(double (*check)(const CheckRow *row))
{
    for (int op = 0; op < PAIR_OPS; op++)
        for (size_t i = 0; i < sizeof pair_table / sizeof *pair_table; i++) {
            CheckRow row = pair_table[i];
            row.name = pair_op[op].name;
            row.arg = op;
            row.low = pair_op[op].low;
            row.high = 2;
            check_table(&row, 1, check);
        }
}

/* ---------------------------------------------------------------- one operand */

typedef Tensor *(*Single)(Tensor *a);

typedef struct SingleOp {
    const char *name;
    Single op;
    double low, high;
} SingleOp;

static Tensor *scaled(Tensor *a)
{
    return tensor_scale(a, -1.7);
}

static Tensor *shifted(Tensor *a)
{
    return tensor_shift(a, 0.3);
}

static Tensor *clamped(Tensor *a)
{
    return tensor_clamp(a, -0.9, 1.1);
}

static Tensor *clamped_below(Tensor *a)
{
    return tensor_clamp(a, -0.5, INFINITY);
}

static const SingleOp single_op[] = {
    {"tensor_neg", tensor_neg, -2, 2},
    {"tensor_scale", scaled, -2, 2},
    {"tensor_shift", shifted, -2, 2},
    {"tensor_exp", tensor_exp, -2, 2},
    {"tensor_log", tensor_log, 0.3, 3},
    {"tensor_sqrt", tensor_sqrt, 0.3, 3},
    {"tensor_square", tensor_square, -2, 2},
    {"tensor_abs", tensor_abs, -2, 2},
    {"tensor_tanh", tensor_tanh, -2, 2},
    {"tensor_sigmoid", tensor_sigmoid, -4, 4},
    {"tensor_softplus", tensor_softplus, -4, 4},
    {"tensor_silu", tensor_silu, -4, 4},
    {"tensor_gelu", tensor_gelu, -4, 4},
    {"tensor_relu", tensor_relu, -2, 2},
    {"tensor_leaky_relu", tensor_leaky_relu, -2, 2},
    {"tensor_clamp", clamped, -2, 2},
    {"tensor_clamp", clamped_below, -2, 2},
};

enum { SINGLE_OPS = sizeof single_op / sizeof *single_op };

static Tensor *build_single(Tensor *const *in, int op)
{
    return single_op[op].op(in[0]);
}

/* op(x) op(tanh x): an interior operand with two consumers. */
static Tensor *build_inside(Tensor *const *in, int op)
{
    Tensor *bent = tensor_shift(tensor_scale(tensor_tanh(in[0]), 0.4), 0.8);
    return tensor_mul(single_op[op].op(bent), tensor_square(bent));
}

static const CheckRow single_table[] = {
    {NULL, "scalar", build_single, 0, 0, 0, 1, {{1, {1}}}},
    {NULL, "rank 1", build_single, 0, 0, 0, 1, {{1, {37}}}},
    {NULL, "rank 2", build_single, 0, 0, 0, 1, {{2, {5, 3}}}},
    {NULL, "rank 5", build_single, 0, 0, 0, 1, {{5, {2, 1, 3, 2, 2}}}},
    {NULL, "inside", build_inside, 0, 0, 0, 1, {{2, {3, 4}}}},
    {NULL, "long", build_single, 0, 0, 0, 1, {{2, {131, 127}}}},
};

static void check_singles(double (*check)(const CheckRow *row))
{
    for (int op = 0; op < SINGLE_OPS; op++)
        for (size_t i = 0; i < sizeof single_table / sizeof *single_table; i++) {
            CheckRow row = single_table[i];
            row.name = single_op[op].name;
            row.arg = op;
            row.low = single_op[op].low;
            row.high = single_op[op].high;
            check_table(&row, 1, check);
        }
}

/* ---------------------------------------------------------------- several consumers */

/* Interior tensors and leaves that two and three operations read. */
static Tensor *build_fan_out(Tensor *const *in, int arg)
{
    (void)arg;
    Tensor *product = tensor_mul(in[0], in[1]);
    Tensor *bent = tensor_tanh(product);
    Tensor *sum = tensor_add(tensor_mul(bent, product), tensor_div(bent, in[1]));
    return tensor_add(tensor_add(sum, in[0]), tensor_mul(bent, bent));
}

static const CheckRow fan_out_table[] = {
    {"tensor_mul", "fan out", build_fan_out, 0, 0.5, 2, 2, {{2, {3, 4}}, {2, {1, 4}}}},
    {"tensor_mul", "fan out, both sides", build_fan_out, 0, 0.5, 2, 2, {{2, {3, 1}}, {2, {1, 4}}}},
};

static void check_all(double (*check)(const CheckRow *row))
{
    check_pairs(check);
    check_singles(check);
    check_table(CHECK_ROWS(fan_out_table), check);
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

const Suite suite = {"tensor/gradients of elementwise operations",
                     {{"reverse mode", test_reverse},
                      {"two consumers: write, then add", test_shared},
                      {"gradients of one input alone", test_alone},
                      {"forward mode", test_forward},
                      {"reverse over forward", test_second},
                      {NULL, NULL}}};
