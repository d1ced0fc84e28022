/* Derivatives of normalisation. */
#include "tensor/gradient_check.h"

static Tensor *build_group(Tensor *const *in, int groups)
{
    return tensor_group_norm(in[0], in[1], in[2], groups);
}

static Tensor *build_group_silu(Tensor *const *in, int groups)
{
    return tensor_group_norm_silu(in[0], in[1], in[2], groups);
}

static Tensor *build_layer(Tensor *const *in, int arg)
{
    (void)arg;
    return tensor_layer_norm(in[0], in[1], in[2]);
}

static const CheckRow rows[] = {
    {"tensor_group_norm",
     "two groups",
     build_group,
     2,
     -1,
     1,
     3,
     {{4, {2, 2, 3, 4}}, {1, {4}}, {1, {4}}}},
    {"tensor_group_norm",
     "a group a channel",
     build_group,
     3,
     -1,
     1,
     3,
     {{3, {2, 5, 3}}, {1, {3}}, {1, {3}}}},
    {"tensor_group_norm",
     "one group, no positions",
     build_group,
     1,
     -1,
     1,
     3,
     {{2, {3, 5}}, {1, {5}}, {1, {5}}}},
    {"tensor_group_norm_silu",
     "two groups",
     build_group_silu,
     2,
     -1,
     1,
     3,
     {{4, {2, 2, 3, 4}}, {1, {4}}, {1, {4}}}},
    {"tensor_group_norm_silu",
     "long",
     build_group_silu,
     8,
     -1,
     1,
     3,
     {{4, {4, 10, 10, 48}}, {1, {48}}, {1, {48}}}},
    {"tensor_layer_norm", "rows", build_layer, 0, -1, 1, 3, {{3, {2, 3, 5}}, {1, {5}}, {1, {5}}}},
    {"tensor_layer_norm",
     "long",
     build_layer,
     0,
     -1,
     1,
     3,
     {{2, {150, 128}}, {1, {128}}, {1, {128}}}},
    {"tensor_group_norm",
     "far from zero",
     build_group,
     2,
     99,
     101,
     3,
     {{3, {2, 5, 4}}, {1, {4}}, {1, {4}}}},
    {"tensor_group_norm",
     "long, threaded",
     build_group,
     8,
     -2,
     2,
     3,
     {{4, {5, 14, 13, 24}}, {1, {24}}, {1, {24}}}},
    {"tensor_group_norm_silu",
     "long, threaded",
     build_group_silu,
     8,
     -2,
     2,
     3,
     {{4, {5, 14, 13, 24}}, {1, {24}}, {1, {24}}}},
    {"tensor_layer_norm",
     "more rows than share a sum",
     build_layer,
     0,
     -2,
     2,
     3,
     {{3, {5, 7, 3}}, {1, {3}}, {1, {3}}}},
    {"tensor_layer_norm",
     "long, threaded",
     build_layer,
     0,
     -2,
     2,
     3,
     {{2, {257, 67}}, {1, {67}}, {1, {67}}}},
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

const Suite suite = {"tensor/gradients of normalisation",
                     {{"reverse mode", test_reverse},
                      {"two consumers: write, then add", test_shared},
                      {"gradients of one input alone", test_alone},
                      {NULL, NULL}}};
