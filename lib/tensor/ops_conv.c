/* Convolution fused with bias and activation. Arithmetic is behind kernels.h. */
#include "tensor/fused.h"

#include <stdio.h>

static Conv conv_of(const Tensor *x, const Tensor *weight, int stride, int padding)
{
    Conv c = {.n = x->shape[0],
              .height = x->shape[1],
              .width = x->shape[2],
              .in = x->shape[3],
              .kernel_height = weight->shape[0],
              .kernel_width = weight->shape[1],
              .stride = stride,
              .padding = padding,
              .out = weight->shape[3]};
    c.out_height = (c.height + 2 * padding - c.kernel_height) / stride + 1;
    c.out_width = (c.width + 2 * padding - c.kernel_width) / stride + 1;
    return c;
}

static ConvWeight weight_of(const Tensor *weight)
{
    return (ConvWeight){weight->value, weight->version, weight->op != NULL};
}

static double flops_of(const Conv *c)
{
    return 2.0 * c->n * c->out_height * c->out_width * c->out * c->in * c->kernel_height *
           c->kernel_width;
}

/* A kernel writes; where something is there already it writes elsewhere, and this adds. */
static real *place(const Tensor *y, Grad g, size_t n)
{
    return g.data != NULL && !g.add ? g.data : op_memory(y, n, sizeof(real));
}

static void settle(Grad g, const real *written, size_t n)
{
    real *data = g.data;
    if (data == NULL || data == written)
        return;
#pragma omp parallel for simd schedule(static) if (parallel : n >= OP_PARALLEL_FROM)
    for (size_t i = 0; i < n; i++)
        data[i] += written[i];
}

/* conv2d   Z = X * W + b, Y = act(Z)    Z' = act'(Y) Y'
 *          X'_n(s i + k - p)(s j + l - p)c += sum_o Z'_nijo W_klco
 *          W'_klco += sum_nij X_n(s i + k - p)(s j + l - p)c Z'_nijo    b'_o += sum_nij Z'_nijo
 * Source: Goodfellow, Bengio & Courville (2016), "Deep Learning", eq. 9.9 to 9.13. */
static void conv2d_backward(Tensor *y)
{
    Tensor *x = y->parent[0], *w = y->parent[1], *bias = y->parents == 3 ? y->parent[2] : NULL;
    const Grad none = {NULL, false};
    const Kernels *kernels = tape_kernels(y->tape);
    Backend *backend = tape_backend(y->tape);
    Conv c = conv_of(x, w, y->attr.conv.stride, y->attr.conv.padding);
    real *dz = y->grad;
    if (y->attr.conv.activation != ACTIVATION_NONE) {
        dz = op_memory(y, y->size, sizeof *dz);
        fused_backward(y, y->attr.conv.activation, dz, none);
    }
    Grad gw = grad_open(w), gb = bias != NULL ? grad_open(bias) : none;
    if (gw.data != NULL || gb.data != NULL) {
        real *dw = place(y, gw, w->size);
        real *db = gb.data != NULL ? place(y, gb, (size_t)c.out) : NULL;
        profile_count(tape_profile(y->tape), flops_of(&c));
        kernels->conv_backward_weight(backend, &c, x->value, dz, dw, db);
        settle(gw, dw, w->size);
        settle(gb, db, (size_t)c.out);
    }
    Grad gx = grad_open(x);
    if (gx.data != NULL) {
        real *dx = place(y, gx, x->size);
        profile_count(tape_profile(y->tape), flops_of(&c));
        kernels->conv_backward_data(backend, &c, weight_of(w), dz, dx);
        settle(gx, dx, x->size);
    }
}

/* dZ = dX * W + X * dW + db; dY = act'(Y) dZ */
static Tensor *conv2d_tangent(Tensor *y, Tensor *const *dx)
{
    Tensor *dz = NULL;
    int stride = y->attr.conv.stride, padding = y->attr.conv.padding;
    if (dx[0] != NULL)
        dz = tensor_conv2d(dx[0], y->parent[1], NULL, stride, padding, ACTIVATION_NONE);
    if (dx[1] != NULL)
        dz = op_sum_of(dz,
                       tensor_conv2d(y->parent[0], dx[1], NULL, stride, padding, ACTIVATION_NONE));
    if (y->parents == 3 && dx[2] != NULL)
        dz = op_sum_of(dz, fused_bias_tangent(y, dx[2]));
    return fused_tangent(y, y->attr.conv.activation, dz);
}

static const Op conv2d_op = {"conv2d", conv2d_backward, conv2d_tangent};

static void check_shapes(const Tensor *x, const Tensor *weight, const Tensor *bias, int stride,
                         int padding)
{
    char rule[160];
    if (x->rank != 4 || weight->rank != 4 || x->shape[3] != weight->shape[2])
        op_fail2("conv2d", x, weight,
                 "[batch, height, width, in] and [kernel height, kernel width, in, out] with the "
                 "same number of channels in");
    if (bias != NULL && (bias->rank != 1 || bias->shape[0] != weight->shape[3]))
        op_fail2("conv2d", weight, bias,
                 "the bias must have one number for each output channel of the weight");
    snprintf(rule, sizeof rule,
             "the stride (%d) must be at least 1, the padding (%d) at least 0 and smaller than the "
             "kernel, and the kernel no larger than the padded image",
             stride, padding);
    bool larger = weight->shape[0] > x->shape[1] + 2 * padding ||
                  weight->shape[1] > x->shape[2] + 2 * padding;
    bool outside = padding >= weight->shape[0] || padding >= weight->shape[1];
    if (stride < 1 || padding < 0 || outside || larger)
        op_fail2("conv2d", x, weight, rule);
}

Tensor *tensor_conv2d(Tensor *x, Tensor *weight, Tensor *bias, int stride, int padding,
                      Activation activation)
{
    check_shapes(x, weight, bias, stride, padding);
    Conv c = conv_of(x, weight, stride, padding);
    Tensor *y = op_result(&conv2d_op, 4, (int[]){c.n, c.out_height, c.out_width, c.out},
                          bias == NULL ? 2 : 3, (Tensor *[]){x, weight, bias});
    y->attr.conv.stride = stride;
    y->attr.conv.padding = padding;
    y->attr.conv.activation = activation;
    profile_count(tape_profile(y->tape), flops_of(&c));
    tape_kernels(y->tape)->conv_forward(tape_backend(y->tape), &c, x->value, weight_of(weight),
                                        bias != NULL ? bias->value : NULL, y->value);
    fused_finish(y, activation, NULL);
    return y;
}
