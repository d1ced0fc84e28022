/* What stops the program in normalisation and in the operations on images. */
#include "tensor/shape_cases.h"

/* Gain and bias of that many numbers. */
static Tensor *row(Tensor *left, int numbers, const char *name)
{
    return tensor_name(tensor_fill(left->tape, 1, &numbers, 1), name);
}

static void group_norm(Tensor *left, Tensor *right)
{
    tensor_group_norm(left, right, row(left, 6, "bias"), 2);
}

static void group_norm_bias(Tensor *left, Tensor *right)
{
    tensor_group_norm_silu(left, row(left, 6, "gain"), right, 2);
}

static void group_norm_groups(Tensor *left, Tensor *right)
{
    tensor_group_norm(left, right, right, 4);
}

static void group_norm_none(Tensor *left, Tensor *right)
{
    tensor_group_norm_silu(left, right, right, 0);
}

static void layer_norm(Tensor *left, Tensor *right)
{
    tensor_layer_norm(left, right, row(left, 6, "bias"));
}

static void layer_norm_bias(Tensor *left, Tensor *right)
{
    tensor_layer_norm(left, row(left, 6, "gain"), right);
}

#define GAIN_RULE "; the gain must have one number for each channel (last dimension)"
#define BIAS_RULE "; the bias must have one number for each channel (last dimension)"
#define GROUP_RULE "; the channels (last dimension) must be a multiple of the groups"

static const ShapeCase norm_case[] = {
    {2, {2, 6}, 1, {5}, group_norm, "group_norm: 'left' is [2, 6] and 'right' is [5]" GAIN_RULE},
    {2,
     {2, 6},
     2,
     {1, 6},
     group_norm_bias,
     "group_norm_silu: 'left' is [2, 6] and 'right' is [1, 6]" BIAS_RULE},
    {3, {2, 3, 6}, 1, {6}, group_norm_groups, "group_norm: 'left' is [2, 3, 6]" GROUP_RULE},
    {2, {2, 6}, 1, {6}, group_norm_none, "group_norm_silu: 'left' is [2, 6]" GROUP_RULE},
    {1, {6}, 1, {6}, group_norm, "group_norm: 'left' is [6]; it must be [n, ..., channels]"},
    {2, {2, 6}, 1, {2}, layer_norm, "layer_norm: 'left' is [2, 6] and 'right' is [2]" GAIN_RULE},
    {2,
     {2, 6},
     1,
     {2},
     layer_norm_bias,
     "layer_norm: 'left' is [2, 6] and 'right' is [2]" BIAS_RULE},
};

static void upsample(Tensor *left, Tensor *right)
{
    (void)right;
    tensor_upsample(left, 2);
}

static void upsample_never(Tensor *left, Tensor *right)
{
    (void)right;
    tensor_upsample(left, 0);
}

static void average_pool(Tensor *left, Tensor *right)
{
    (void)right;
    tensor_average_pool(left, 2);
}

static void space_to_depth(Tensor *left, Tensor *right)
{
    (void)right;
    tensor_space_to_depth(left, 2);
}

static void depth_to_space(Tensor *left, Tensor *right)
{
    (void)right;
    tensor_depth_to_space(left, 2);
}

#define RANK_RULE "; it must be [n, height, width, channels]"
#define BLOCK_RULE "; height and width must be multiples of the factor"

static const ShapeCase image_case[] = {
    {3, {2, 3, 4}, 0, {0}, upsample, "upsample: 'left' is [2, 3, 4]" RANK_RULE},
    {4,
     {1, 2, 3, 4},
     0,
     {0},
     upsample_never,
     "upsample: 'left' is [1, 2, 3, 4]; the factor must be at least 1"},
    {4, {1, 2, 3, 4}, 0, {0}, average_pool, "average_pool: 'left' is [1, 2, 3, 4]" BLOCK_RULE},
    {4, {1, 3, 2, 4}, 0, {0}, space_to_depth, "space_to_depth: 'left' is [1, 3, 2, 4]" BLOCK_RULE},
    {2, {4, 4}, 0, {0}, space_to_depth, "space_to_depth: 'left' is [4, 4]" RANK_RULE},
    {4,
     {1, 2, 3, 6},
     0,
     {0},
     depth_to_space,
     "depth_to_space: 'left' is [1, 2, 3, 6]; the channels must be a multiple of the block's "
     "pixels"},
};

static void test_norms(void)
{
    shape_cases_check(SHAPE_CASES(norm_case));
}

static void test_images(void)
{
    shape_cases_check(SHAPE_CASES(image_case));
}

const Suite suite = {"tensor/shapes of normalisation and images",
                     {{"normalisation", test_norms}, {"images", test_images}, {NULL, NULL}}};
