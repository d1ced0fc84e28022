/* Derivatives of operations on images that move or average pixels. */
#include "tensor/gradient_check.h"

static Tensor *build_upsample(Tensor *const *in, int factor)
{
    return tensor_upsample(in[0], factor);
}

static Tensor *build_pool(Tensor *const *in, int size)
{
    return tensor_average_pool(in[0], size);
}

static Tensor *build_fold(Tensor *const *in, int block)
{
    return tensor_space_to_depth(in[0], block);
}

static Tensor *build_unfold(Tensor *const *in, int block)
{
    return tensor_depth_to_space(in[0], block);
}

static const CheckRow rows[] = {
    {"tensor_upsample", "by 2", build_upsample, 2, -1, 1, 1, {{4, {2, 2, 3, 3}}}},
    {"tensor_upsample", "by 3, long", build_upsample, 3, -1, 1, 1, {{4, {4, 5, 7, 40}}}},
    {"tensor_average_pool", "2x2", build_pool, 2, -1, 1, 1, {{4, {2, 4, 6, 3}}}},
    {"tensor_average_pool", "3x3, long", build_pool, 3, -1, 1, 1, {{4, {4, 9, 12, 40}}}},
    {"tensor_space_to_depth", "2x2", build_fold, 2, -1, 1, 1, {{4, {2, 4, 6, 3}}}},
    {"tensor_space_to_depth", "2x2, long", build_fold, 2, -1, 1, 1, {{4, {20, 28, 28, 2}}}},
    {"tensor_depth_to_space", "3x3", build_unfold, 3, -1, 1, 1, {{4, {2, 2, 3, 18}}}},
};

static void check_all(double (*check)(const CheckRow *row))
{
    check_table(CHECK_ROWS(rows), check);
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

const Suite suite = {"tensor/gradients of resampling",
                     {{"reverse mode", test_reverse},
                      {"two consumers: write, then add", test_shared},
                      {"gradients of one input alone", test_alone},
                      {"forward mode", test_forward},
                      {"reverse over forward", test_second},
                      {NULL, NULL}}};
