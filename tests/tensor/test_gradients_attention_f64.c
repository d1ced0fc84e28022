/* Derivatives of attention. */
#include "tensor/gradient_check.h"

/* arg: the number of heads, negative: causal. */
static Tensor *build_attention(Tensor *const *in, int arg)
{
    return tensor_attention(in[0], in[1], in[2], arg < 0 ? -arg : arg, arg < 0, NULL);
}

static Tensor *build_masked(Tensor *const *in, int heads)
{
    static const int mask[8] = {1, 0, 1, 1, 0, 0, 1, 0};
    return tensor_attention(in[0], in[1], in[2], heads, false, mask);
}

/* Queries, keys and values are one tensor. */
static Tensor *build_self(Tensor *const *in, int heads)
{
    return tensor_attention(in[0], in[0], in[0], heads, false, NULL);
}

static Tensor *build_packed(Tensor *const *in, int arg)
{
    return tensor_attention_packed(in[0], arg < 0 ? -arg : arg, arg < 0, NULL);
}

static Tensor *build_rotary(Tensor *const *in, int heads)
{
    return tensor_rotary(in[0], heads, 3);
}

static const CheckRow rows[] = {
    {"tensor_attention",
     "two heads, fewer keys",
     build_attention,
     2,
     -1,
     1,
     3,
     {{3, {2, 3, 4}}, {3, {2, 5, 4}}, {3, {2, 5, 4}}}},
    {"tensor_attention",
     "causal",
     build_attention,
     -1,
     -1,
     1,
     3,
     {{3, {1, 4, 3}}, {3, {1, 4, 3}}, {3, {1, 4, 3}}}},
    {"tensor_attention",
     "masked keys",
     build_masked,
     1,
     -1,
     1,
     3,
     {{3, {2, 3, 4}}, {3, {2, 4, 4}}, {3, {2, 4, 4}}}},
    {"tensor_attention", "one tensor", build_self, 2, -1, 1, 1, {{3, {2, 4, 6}}}},
    {"tensor_attention",
     "long",
     build_attention,
     4,
     -1,
     1,
     3,
     {{3, {3, 33, 64}}, {3, {3, 21, 64}}, {3, {3, 21, 64}}}},
    {"tensor_attention_packed", "two heads", build_packed, 2, -1, 1, 1, {{3, {2, 4, 12}}}},
    {"tensor_rotary", "two heads", build_rotary, 2, -1, 1, 1, {{3, {2, 3, 24}}}},
    {"tensor_rotary", "long", build_rotary, 4, -1, 1, 1, {{3, {4, 40, 192}}}},
    {"tensor_attention_packed", "causal, long", build_packed, -4, -1, 1, 1, {{3, {4, 40, 192}}}},
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

const Suite suite = {"tensor/gradients of attention",
                     {{"reverse mode", test_reverse},
                      {"two consumers: write, then add", test_shared},
                      {"gradients of one input alone", test_alone},
                      {NULL, NULL}}};
