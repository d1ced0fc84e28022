/* Derivatives of the operations that move numbers. */
#include "tensor/gradient_check.h"

/* The square behind each gives the linear operations a second derivative to get right. */
static Tensor *bent(Tensor *y)
{
    return tensor_mul(y, tensor_tanh(y));
}

static Tensor *build_flatten(Tensor *const *in, int arg)
{
    (void)arg;
    return bent(tensor_reshape(in[0], 1, (int[]){-1}));
}

/* Splits the first dimension into [arg, whatever is left, 1]. */
static Tensor *build_reshape(Tensor *const *in, int arg)
{
    return bent(tensor_reshape(in[0], 3, (int[]){arg, -1, 1}));
}

/* The tensor and a reshape of it, both read. */
static Tensor *build_reshape_twice(Tensor *const *in, int arg)
{
    (void)arg;
    Tensor *a = tensor_tanh(in[0]);
    Tensor *other = tensor_reshape(a, 2, (int[]){a->shape[1], a->shape[0]});
    return tensor_matmul(a, tensor_mul(other, other));
}

/* The dimensions turned by arg places: 0 1 2 -> 1 2 0. */
static Tensor *build_turn(Tensor *const *in, int arg)
{
    int order[TENSOR_MOST_DIMS];
    for (int i = 0; i < in[0]->rank; i++)
        order[i] = (i + arg) % in[0]->rank;
    return bent(tensor_permute(in[0], order));
}

static Tensor *build_permute(Tensor *const *in, int arg)
{
    (void)arg;
    return bent(tensor_permute(in[0], (int[]){3, 0, 4, 2, 1}));
}

static Tensor *build_concat(Tensor *const *in, int axis)
{
    return bent(tensor_concat(in, 3, axis));
}

static Tensor *build_concat_one(Tensor *const *in, int axis)
{
    return bent(tensor_concat(in, 1, axis));
}

/* A tensor twice and something that has no gradient between. */
static Tensor *build_concat_mixed(Tensor *const *in, int axis)
{
    Tensor *fixed = tensor_fill(in[0]->tape, in[0]->rank, in[0]->shape, 0.7);
    Tensor *part[3] = {in[0], fixed, in[0]};
    return bent(tensor_concat(part, 3, axis));
}

/* Without the first and the last along an axis. */
static Tensor *build_slice(Tensor *const *in, int axis)
{
    return bent(tensor_slice(in[0], axis, 1, in[0]->shape[axis] - 1));
}

static Tensor *build_slice_whole(Tensor *const *in, int axis)
{
    return bent(tensor_slice(in[0], axis, 0, in[0]->shape[axis]));
}

/* Two overlapping slices, multiplied. */
static Tensor *build_slices(Tensor *const *in, int axis)
{
    int n = in[0]->shape[axis];
    return tensor_mul(tensor_slice(in[0], axis, 0, n - 1), tensor_slice(in[0], axis, 1, n));
}

static Tensor *build_gather(Tensor *const *in, int arg)
{
    (void)arg;
    return bent(tensor_gather(in[0], (int[]){2, 0, 2, 2, 1, 0}, 6));
}

static Tensor *build_gather_one(Tensor *const *in, int arg)
{
    return bent(tensor_gather(in[0], &arg, 1));
}

static Tensor *build_repeat_rows(Tensor *const *in, int times)
{
    return bent(tensor_repeat_rows(in[0], times));
}

/* Each dimension of 1 becomes arg. */
static Tensor *build_broadcast(Tensor *const *in, int arg)
{
    int shape[TENSOR_MOST_DIMS];
    for (int i = 0; i < in[0]->rank; i++)
        shape[i] = in[0]->shape[i] == 1 ? arg : in[0]->shape[i];
    return bent(tensor_broadcast(in[0], in[0]->rank, shape));
}

static const CheckRow table[] = {
    {"tensor_reshape", "scalar", build_flatten, 0, -2, 2, 1, {{1, {1}}}},
    {"tensor_reshape", "5 to 1", build_flatten, 0, -2, 2, 1, {{5, {2, 1, 3, 2, 2}}}},
    {"tensor_reshape", "with -1", build_reshape, 2, -2, 2, 1, {{2, {6, 2}}}},
    {"tensor_reshape", "with -1 for 1", build_reshape, 6, -2, 2, 1, {{1, {6}}}},
    {"tensor_reshape", "and itself", build_reshape_twice, 0, -2, 2, 1, {{2, {2, 3}}}},
    {"tensor_reshape", "long", build_reshape, 7, -2, 2, 1, {{2, {7, 2999}}}},
    {"tensor_permute", "rank 1", build_turn, 0, -2, 2, 1, {{1, {5}}}},
    {"tensor_permute", "rank 2", build_turn, 1, -2, 2, 1, {{2, {3, 4}}}},
    {"tensor_permute", "rank 2, left alone", build_turn, 0, -2, 2, 1, {{2, {3, 4}}}},
    {"tensor_permute", "rank 3, by 1", build_turn, 1, -2, 2, 1, {{3, {2, 3, 4}}}},
    {"tensor_permute", "rank 3, by 2", build_turn, 2, -2, 2, 1, {{3, {2, 3, 4}}}},
    {"tensor_permute", "rank 4", build_turn, 3, -2, 2, 1, {{4, {2, 1, 3, 4}}}},
    {"tensor_permute", "rank 5", build_permute, 0, -2, 2, 1, {{5, {2, 3, 2, 3, 2}}}},
    {"tensor_permute", "cube", build_turn, 1, -2, 2, 1, {{3, {3, 3, 3}}}},
    {"tensor_permute", "long", build_turn, 1, -2, 2, 1, {{3, {29, 31, 19}}}},
    {"tensor_concat", "rank 1", build_concat, 0, -2, 2, 3, {{1, {2}}, {1, {1}}, {1, {4}}}},
    {"tensor_concat",
     "axis 0",
     build_concat,
     0,
     -2,
     2,
     3,
     {{3, {1, 2, 3}}, {3, {2, 2, 3}}, {3, {3, 2, 3}}}},
    {"tensor_concat",
     "axis 1",
     build_concat,
     1,
     -2,
     2,
     3,
     {{3, {2, 3, 2}}, {3, {2, 1, 2}}, {3, {2, 2, 2}}}},
    {"tensor_concat",
     "axis 2",
     build_concat,
     2,
     -2,
     2,
     3,
     {{3, {2, 3, 1}}, {3, {2, 3, 4}}, {3, {2, 3, 2}}}},
    {"tensor_concat",
     "rank 5, axis 3",
     build_concat,
     3,
     -2,
     2,
     3,
     {{5, {1, 2, 1, 2, 2}}, {5, {1, 2, 1, 1, 2}}, {5, {1, 2, 1, 3, 2}}}},
    {"tensor_concat", "of one", build_concat_one, 1, -2, 2, 1, {{2, {3, 4}}}},
    {"tensor_concat", "one twice, axis 0", build_concat_mixed, 0, -2, 2, 1, {{2, {3, 4}}}},
    {"tensor_concat", "one twice, axis 1", build_concat_mixed, 1, -2, 2, 1, {{2, {3, 4}}}},
    {"tensor_slice", "rank 1", build_slice, 0, -2, 2, 1, {{1, {6}}}},
    {"tensor_slice", "axis 0", build_slice, 0, -2, 2, 1, {{3, {4, 3, 3}}}},
    {"tensor_slice", "axis 1", build_slice, 1, -2, 2, 1, {{3, {3, 4, 3}}}},
    {"tensor_slice", "axis 2", build_slice, 2, -2, 2, 1, {{3, {3, 3, 4}}}},
    {"tensor_slice", "rank 5, axis 3", build_slice, 3, -2, 2, 1, {{5, {2, 1, 2, 4, 3}}}},
    {"tensor_slice", "whole", build_slice_whole, 1, -2, 2, 1, {{2, {3, 4}}}},
    {"tensor_slice", "overlapping, axis 0", build_slices, 0, -2, 2, 1, {{2, {4, 3}}}},
    {"tensor_slice", "overlapping, axis 1", build_slices, 1, -2, 2, 1, {{2, {3, 4}}}},
    {"tensor_gather", "repeated rows", build_gather, 0, -2, 2, 1, {{2, {4, 3}}}},
    {"tensor_gather", "column", build_gather, 0, -2, 2, 1, {{2, {3, 1}}}},
    {"tensor_gather", "one row", build_gather_one, 3, -2, 2, 1, {{2, {4, 3}}}},
    {"tensor_gather", "one number", build_gather_one, 0, -2, 2, 1, {{2, {1, 1}}}},
    {"tensor_repeat_rows", "3 times", build_repeat_rows, 3, -2, 2, 1, {{2, {4, 3}}}},
    {"tensor_repeat_rows", "once", build_repeat_rows, 1, -2, 2, 1, {{2, {2, 3}}}},
    {"tensor_repeat_rows", "one row", build_repeat_rows, 5, -2, 2, 1, {{2, {1, 3}}}},
    {"tensor_repeat_rows", "long", build_repeat_rows, 64, -2, 2, 1, {{2, {19, 17}}}},
    {"tensor_broadcast", "scalar", build_broadcast, 4, -2, 2, 1, {{1, {1}}}},
    {"tensor_broadcast", "row", build_broadcast, 3, -2, 2, 1, {{2, {1, 4}}}},
    {"tensor_broadcast", "column", build_broadcast, 3, -2, 2, 1, {{2, {4, 1}}}},
    {"tensor_broadcast", "every other", build_broadcast, 2, -2, 2, 1, {{5, {1, 3, 1, 2, 1}}}},
    {"tensor_broadcast", "already there", build_broadcast, 2, -2, 2, 1, {{2, {3, 4}}}},
    {"tensor_broadcast", "long", build_broadcast, 131, -2, 2, 1, {{2, {1, 127}}}},
};

static void check_all(double (*check)(const CheckRow *row))
{
    check_table(CHECK_ROWS(table), check);
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

const Suite suite = {"tensor/gradients of operations that move numbers",
                     {{"reverse mode", test_reverse},
                      {"two consumers: write, then add", test_shared},
                      {"gradients of one input alone", test_alone},
                      {"forward mode", test_forward},
                      {"reverse over forward", test_second},
                      {NULL, NULL}}};
