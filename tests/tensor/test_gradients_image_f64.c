/* Derivatives of the normalisations and of the operations on images. */
#include "tensor/gradient_check.h"

/* Not linear in y: the moving operations get a second derivative. */
static Tensor *bent(Tensor *y)
{
    return tensor_mul(y, tensor_tanh(y));
}

static Tensor *build_group_norm(Tensor *const *in, int groups)
{
    return tensor_group_norm(in[0], in[1], in[2], groups);
}

static Tensor *build_group_norm_silu(Tensor *const *in, int groups)
{
    return tensor_group_norm_silu(in[0], in[1], in[2], groups);
}

/* One tensor is gain and bias. */
static Tensor *build_group_norm_tied(Tensor *const *in, int groups)
{
    return tensor_group_norm_silu(tensor_tanh(in[0]), in[1], in[1], groups);
}

static Tensor *build_layer_norm(Tensor *const *in, int arg)
{
    (void)arg;
    return tensor_layer_norm(in[0], in[1], in[2]);
}

static Tensor *build_layer_norm_tied(Tensor *const *in, int arg)
{
    (void)arg;
    return tensor_layer_norm(in[0], in[1], tensor_tanh(in[1]));
}

/* They have no tangent rule: three checks. */
static const CheckRow norm_table[] = {
    {"tensor_group_norm",
     "rank 2",
     build_group_norm,
     2,
     -2,
     2,
     3,
     {{2, {3, 6}}, {1, {6}}, {1, {6}}}},
    {"tensor_group_norm",
     "rank 3",
     build_group_norm,
     3,
     -2,
     2,
     3,
     {{3, {2, 7, 3}}, {1, {3}}, {1, {3}}}},
    {"tensor_group_norm",
     "rank 4, one group",
     build_group_norm,
     1,
     -2,
     2,
     3,
     {{4, {2, 3, 2, 4}}, {1, {4}}, {1, {4}}}},
    {"tensor_group_norm",
     "rank 5",
     build_group_norm,
     2,
     -2,
     2,
     3,
     {{5, {2, 2, 1, 3, 4}}, {1, {4}}, {1, {4}}}},
    {"tensor_group_norm",
     "far from zero",
     build_group_norm,
     2,
     99,
     101,
     3,
     {{3, {2, 5, 4}}, {1, {4}}, {1, {4}}}},
    {"tensor_group_norm",
     "long",
     build_group_norm,
     8,
     -2,
     2,
     3,
     {{4, {5, 14, 13, 24}}, {1, {24}}, {1, {24}}}},
    {"tensor_group_norm_silu",
     "rank 2",
     build_group_norm_silu,
     2,
     -2,
     2,
     3,
     {{2, {3, 6}}, {1, {6}}, {1, {6}}}},
    {"tensor_group_norm_silu",
     "rank 4",
     build_group_norm_silu,
     2,
     -2,
     2,
     3,
     {{4, {2, 3, 3, 4}}, {1, {4}}, {1, {4}}}},
    {"tensor_group_norm_silu",
     "tied",
     build_group_norm_tied,
     2,
     -2,
     2,
     2,
     {{3, {2, 3, 4}}, {1, {4}}}},
    {"tensor_group_norm_silu",
     "long",
     build_group_norm_silu,
     8,
     -2,
     2,
     3,
     {{4, {5, 14, 13, 24}}, {1, {24}}, {1, {24}}}},
    {"tensor_layer_norm", "rank 1", build_layer_norm, 0, -2, 2, 3, {{1, {7}}, {1, {7}}, {1, {7}}}},
    {"tensor_layer_norm",
     "rank 2",
     build_layer_norm,
     0,
     -2,
     2,
     3,
     {{2, {5, 6}}, {1, {6}}, {1, {6}}}},
    {"tensor_layer_norm",
     "rank 3, more rows than a block",
     build_layer_norm,
     0,
     -2,
     2,
     3,
     {{3, {5, 7, 3}}, {1, {3}}, {1, {3}}}},
    {"tensor_layer_norm", "tied", build_layer_norm_tied, 0, -2, 2, 2, {{3, {2, 3, 4}}, {1, {4}}}},
    {"tensor_layer_norm",
     "long",
     build_layer_norm,
     0,
     -2,
     2,
     3,
     {{2, {257, 67}}, {1, {67}}, {1, {67}}}},
};

static Tensor *build_upsample(Tensor *const *in, int factor)
{
    return bent(tensor_upsample(in[0], factor));
}

static Tensor *build_average_pool(Tensor *const *in, int size)
{
    return bent(tensor_average_pool(in[0], size));
}

static Tensor *build_space_to_depth(Tensor *const *in, int block)
{
    return bent(tensor_space_to_depth(in[0], block));
}

static Tensor *build_depth_to_space(Tensor *const *in, int block)
{
    return bent(tensor_depth_to_space(in[0], block));
}

static const CheckRow image_table[] = {
    {"tensor_upsample", "by 1", build_upsample, 1, -2, 2, 1, {{4, {2, 2, 3, 2}}}},
    {"tensor_upsample", "by 2", build_upsample, 2, -2, 2, 1, {{4, {2, 2, 3, 2}}}},
    {"tensor_upsample", "by 3", build_upsample, 3, -2, 2, 1, {{4, {1, 2, 2, 1}}}},
    {"tensor_upsample", "long", build_upsample, 2, -2, 2, 1, {{4, {3, 11, 13, 17}}}},
    {"tensor_average_pool", "by 1", build_average_pool, 1, -2, 2, 1, {{4, {2, 2, 3, 2}}}},
    {"tensor_average_pool", "by 2", build_average_pool, 2, -2, 2, 1, {{4, {2, 4, 6, 2}}}},
    {"tensor_average_pool", "whole", build_average_pool, 3, -2, 2, 1, {{4, {3, 3, 3, 3}}}},
    {"tensor_average_pool", "long", build_average_pool, 2, -2, 2, 1, {{4, {3, 22, 26, 17}}}},
    {"tensor_space_to_depth", "by 1", build_space_to_depth, 1, -2, 2, 1, {{4, {2, 2, 3, 2}}}},
    {"tensor_space_to_depth", "by 2", build_space_to_depth, 2, -2, 2, 1, {{4, {2, 4, 6, 2}}}},
    {"tensor_space_to_depth", "by 3", build_space_to_depth, 3, -2, 2, 1, {{4, {2, 3, 6, 1}}}},
    {"tensor_space_to_depth", "long", build_space_to_depth, 2, -2, 2, 1, {{4, {3, 22, 26, 17}}}},
    {"tensor_depth_to_space", "by 1", build_depth_to_space, 1, -2, 2, 1, {{4, {2, 2, 3, 2}}}},
    {"tensor_depth_to_space", "by 2", build_depth_to_space, 2, -2, 2, 1, {{4, {2, 2, 3, 8}}}},
    {"tensor_depth_to_space", "by 3", build_depth_to_space, 3, -2, 2, 1, {{4, {2, 1, 2, 9}}}},
    {"tensor_depth_to_space", "long", build_depth_to_space, 2, -2, 2, 1, {{4, {3, 11, 13, 68}}}},
};

static void check_both(double (*check)(const CheckRow *row))
{
    check_table(CHECK_ROWS(norm_table), check);
    check_table(CHECK_ROWS(image_table), check);
}

static void test_reverse(void)
{
    check_both(check_reverse);
}

static void test_shared(void)
{
    check_both(check_shared);
}

static void test_alone(void)
{
    check_both(check_alone);
}

static void test_forward(void)
{
    check_table(CHECK_ROWS(image_table), check_forward);
}

static void test_second(void)
{
    check_table(CHECK_ROWS(image_table), check_second);
}

const Suite suite = {"tensor/gradients of normalisation and images",
                     {{"reverse mode", test_reverse},
                      {"two consumers: write, then add", test_shared},
                      {"gradients of one input alone", test_alone},
                      {"forward mode", test_forward},
                      {"reverse over forward", test_second},
                      {NULL, NULL}}};
