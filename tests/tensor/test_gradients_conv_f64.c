/* Derivatives of convolutions. */
#include "tensor/gradient_check.h"

/* arg: 10 * stride + padding. */
static Tensor *build_conv(Tensor *const *in, int arg)
{
    return tensor_conv2d(in[0], in[1], in[2], arg / 10, arg % 10, ACTIVATION_NONE);
}

static Tensor *build_bare(Tensor *const *in, int arg)
{
    return tensor_conv2d(in[0], in[1], NULL, arg / 10, arg % 10, ACTIVATION_NONE);
}

static Tensor *build_active(Tensor *const *in, int activation)
{
    return tensor_conv2d(in[0], in[1], in[2], 1, 1, (Activation)activation);
}

/* Two layers that share weight and bias, and a sum that uses the image again. */
static Tensor *build_tied(Tensor *const *in, int activation)
{
    Tensor *hidden = tensor_conv2d(in[0], in[1], in[2], 1, 1, (Activation)activation);
    return tensor_add(tensor_conv2d(hidden, in[1], in[2], 1, 1, (Activation)activation), in[0]);
}

/* A weight that is the result of an operation. */
static Tensor *build_made(Tensor *const *in, int arg)
{
    return tensor_conv2d(in[0], tensor_square(in[1]), in[2], arg / 10, arg % 10, ACTIVATION_NONE);
}

static const CheckRow rows[] = {
    {"tensor_conv2d",
     "1x1",
     build_conv,
     10,
     -1,
     1,
     3,
     {{4, {2, 3, 3, 2}}, {4, {1, 1, 2, 3}}, {1, {3}}}},
    {"tensor_conv2d",
     "3x3, padded",
     build_conv,
     11,
     -1,
     1,
     3,
     {{4, {2, 4, 3, 2}}, {4, {3, 3, 2, 3}}, {1, {3}}}},
    {"tensor_conv2d",
     "stride 2",
     build_conv,
     21,
     -1,
     1,
     3,
     {{4, {1, 5, 6, 2}}, {4, {3, 3, 2, 2}}, {1, {2}}}},
    {"tensor_conv2d",
     "stride 3, 2x3 kernel",
     build_conv,
     31,
     -1,
     1,
     3,
     {{4, {1, 6, 5, 1}}, {4, {2, 3, 1, 2}}, {1, {2}}}},
    {"tensor_conv2d", "no bias", build_bare, 10, -1, 1, 2, {{4, {2, 4, 4, 2}}, {4, {3, 3, 2, 2}}}},
    {"tensor_conv2d",
     "tanh",
     build_active,
     ACTIVATION_TANH,
     -1,
     1,
     3,
     {{4, {1, 3, 3, 2}}, {4, {3, 3, 2, 2}}, {1, {2}}}},
    {"tensor_conv2d",
     "sigmoid",
     build_active,
     ACTIVATION_SIGMOID,
     -1,
     1,
     3,
     {{4, {1, 3, 3, 2}}, {4, {3, 3, 2, 2}}, {1, {2}}}},
    {"tensor_conv2d",
     "leaky relu, above",
     build_active,
     ACTIVATION_LEAKY_RELU,
     0.1,
     1,
     3,
     {{4, {1, 3, 3, 2}}, {4, {3, 3, 2, 2}}, {1, {2}}}},
    {"tensor_conv2d",
     "leaky relu, both sides",
     build_active,
     ACTIVATION_LEAKY_RELU,
     -1,
     1,
     3,
     {{4, {1, 3, 3, 1}}, {4, {3, 3, 1, 2}}, {1, {2}}}},
    {"tensor_conv2d",
     "shared weights",
     build_tied,
     ACTIVATION_TANH,
     -0.5,
     0.5,
     3,
     {{4, {1, 4, 4, 2}}, {4, {3, 3, 2, 2}}, {1, {2}}}},
    {"tensor_conv2d",
     "a weight that was computed",
     build_made,
     11,
     -1,
     1,
     3,
     {{4, {1, 4, 4, 2}}, {4, {3, 3, 2, 2}}, {1, {2}}}},
    {"tensor_conv2d",
     "long",
     build_conv,
     11,
     -1,
     1,
     3,
     {{4, {3, 14, 14, 16}}, {4, {3, 3, 16, 20}}, {1, {20}}}},
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

const Suite suite = {"tensor/gradients of convolutions",
                     {{"reverse mode", test_reverse},
                      {"two consumers: write, then add", test_shared},
                      {"gradients of one input alone", test_alone},
                      {"forward mode", test_forward},
                      {"reverse over forward", test_second},
                      {NULL, NULL}}};
