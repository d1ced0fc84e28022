/* What stops the program in normalisation, in the operations on images and in attention. */
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

#define LINE_RULE "; gain and bias have one number for each channel (the last dimension)"
#define GROUP_RULE(n)                                                                              \
    "; [batch, ..., channels], and the number of groups (" n ") divides the channels"

static const ShapeCase norm_case[] = {
    {2, {2, 6}, 1, {5}, group_norm, "group_norm: 'left' is [2, 6] and 'right' is [5]" LINE_RULE},
    {2,
     {2, 6},
     2,
     {1, 6},
     group_norm_bias,
     "group_norm_silu: 'left' is [2, 6] and 'right' is [1, 6]" LINE_RULE},
    {3, {2, 3, 6}, 1, {6}, group_norm_groups, "group_norm: 'left' is [2, 3, 6]" GROUP_RULE("4")},
    {2, {2, 6}, 1, {6}, group_norm_none, "group_norm_silu: 'left' is [2, 6]" GROUP_RULE("0")},
    {1, {6}, 1, {6}, group_norm, "group_norm: 'left' is [6]" GROUP_RULE("2")},
    {2, {2, 6}, 1, {2}, layer_norm, "layer_norm: 'left' is [2, 6] and 'right' is [2]" LINE_RULE},
    {2,
     {2, 6},
     1,
     {2},
     layer_norm_bias,
     "layer_norm: 'left' is [2, 6] and 'right' is [2]" LINE_RULE},
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

#define UPSAMPLE_RULE "; it must be [batch, height, width, channel], the factor at least 1"
#define BLOCK_RULE "; it must be [batch, height, width, channel], height and width divisible by 2"

static const ShapeCase image_case[] = {
    {3, {2, 3, 4}, 0, {0}, upsample, "upsample: 'left' is [2, 3, 4]" UPSAMPLE_RULE},
    {4, {1, 2, 3, 4}, 0, {0}, upsample_never, "upsample: 'left' is [1, 2, 3, 4]" UPSAMPLE_RULE},
    {4, {1, 2, 3, 4}, 0, {0}, average_pool, "average_pool: 'left' is [1, 2, 3, 4]" BLOCK_RULE},
    {4, {1, 3, 2, 4}, 0, {0}, space_to_depth, "space_to_depth: 'left' is [1, 3, 2, 4]" BLOCK_RULE},
    {2, {4, 4}, 0, {0}, space_to_depth, "space_to_depth: 'left' is [4, 4]" BLOCK_RULE},
    {4,
     {1, 2, 3, 6},
     0,
     {0},
     depth_to_space,
     "depth_to_space: 'left' is [1, 2, 3, 6]; it must be [batch, height, width, channel], the "
     "channels "
     "divisible by 2 x 2"},
};

static void attention(Tensor *left, Tensor *right)
{
    tensor_attention(left, right, right, 2, false, NULL);
}

static void attention_values(Tensor *left, Tensor *right)
{
    tensor_attention(left, left, right, 2, false, NULL);
}

static void attention_heads(Tensor *left, Tensor *right)
{
    tensor_attention(left, right, right, 4, false, NULL);
}

static void attention_causal(Tensor *left, Tensor *right)
{
    tensor_attention(left, right, right, 2, true, NULL);
}

static void attention_packed(Tensor *left, Tensor *right)
{
    (void)right;
    tensor_attention_packed(left, 4, false, NULL);
}

/* The first example sees its second key alone, the second example none. */
static void attention_blind(Tensor *left, Tensor *right)
{
    tensor_attention(left, right, right, 2, false, (int[]){0, 1, 0, 0});
}

/* Where position 0 may look at itself only. */
static void attention_blind_first(Tensor *left, Tensor *right)
{
    tensor_attention(left, right, right, 2, true, (int[]){1, 1, 0, 1});
}

#define BLIND "attention: the mask of example 1 leaves a query with nothing to look at"

static const ShapeCase attention_case[] = {
    {3,
     {2, 2, 6},
     3,
     {2, 2, 4},
     attention,
     "attention: 'left' is [2, 2, 6] and 'right' is [2, 2, 4]; both [batch, positions, width], of "
     "equal batch and width"},
    {2,
     {2, 6},
     2,
     {2, 6},
     attention,
     "attention: 'left' is [2, 6] and 'right' is [2, 6]; both [batch, positions, width], of equal "
     "batch and width"},
    {3,
     {2, 2, 6},
     3,
     {2, 3, 6},
     attention_values,
     "attention: 'left' is [2, 2, 6] and 'right' is [2, 3, 6]; keys and values have one shape"},
    {3,
     {2, 2, 6},
     3,
     {2, 2, 6},
     attention_heads,
     "attention: 'left' is [2, 2, 6]; the number of heads must divide the width"},
    {3,
     {2, 2, 6},
     3,
     {2, 3, 6},
     attention_causal,
     "attention: 'left' is [2, 2, 6] and 'right' is [2, 3, 6]; causal attention has as many "
     "queries as keys"},
    {3,
     {2, 2, 6},
     0,
     {0},
     attention_packed,
     "attention_packed: 'left' is [2, 2, 6]; it must be [batch, positions, 3 width], the number "
     "of heads a divisor of width"},
    {3, {2, 2, 6}, 3, {2, 2, 6}, attention_blind, BLIND},
    {3, {2, 2, 6}, 3, {2, 2, 6}, attention_blind_first, BLIND},
};

static void test_attention(void)
{
    shape_cases_check(SHAPE_CASES(attention_case));
}

static void test_norms(void)
{
    shape_cases_check(SHAPE_CASES(norm_case));
}

static void test_images(void)
{
    shape_cases_check(SHAPE_CASES(image_case));
}

const Suite suite = {"tensor/shapes of normalisation and images",
                     {{"normalisation", test_norms},
                      {"images", test_images},
                      {"attention", test_attention},
                      {NULL, NULL}}};
