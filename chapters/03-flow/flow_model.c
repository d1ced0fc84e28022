#include "03-flow/flow_model.h"

#include "prob/gaussian.h"

#include <gsl/gsl_math.h>
#include <math.h>
#include <string.h>

FlowDensity flow_density(const FlowModel *model, Tensor *x)
{
    FlowResult in = flow_units_forward(&model->units, x);
    FlowResult out = model->objective == OBJECTIVE_REVERSE ? flow_inverse(&model->flow, in.value)
                                                           : flow_forward(&model->flow, in.value);
    FlowDensity d = {.latent = out.value};
    d.log_latent = model->latent == LATENT_NORMAL
                       ? gaussian_log_prob_standard(out.value)
                       : tensor_fill(x->tape, 2, (int[]){x->shape[0], 1}, (real)-log(4 * M_PI));
    d.log_det = tensor_add(in.log_det, out.log_det);
    d.log_prob = tensor_add(d.log_latent, d.log_det);
    return d;
}

/* What the convolutions, or of odd sides the linear layers, make of pixels [n, dims] in -1 .. 1: s
 * without its bound, and t. */
static void noise_network(const FlowModel *model, Tensor *x, Tensor **s, Tensor **t)
{
    FlowShape im = model->image;
    int c = 4 * im.channels, folded[3] = {im.height / 2, im.width / 2, c};
    if (model->dense_noise[0].weight != NULL) {
        Tensor *both =
            linear_forward(&model->dense_noise[1], linear_forward(&model->dense_noise[0], x));
        *s = tensor_slice(both, 1, 0, model->dims);
        *t = tensor_slice(both, 1, model->dims, 2 * model->dims);
        return;
    }
    Tensor *image = tensor_reshape(x, 4, (int[]){x->shape[0], im.height, im.width, im.channels});
    Tensor *h = conv2d_forward(&model->noise[0], tensor_space_to_depth(image, 2));
    h = conv2d_forward(&model->noise[1], h);
    Tensor **part[2] = {s, t};
    for (int k = 0; k < 2; k++) {
        Tensor *cell = tensor_slice(h, 3, k * c, (k + 1) * c);
        cell = tensor_reshape(cell, 4, (int[]){x->shape[0], folded[0], folded[1], c});
        *part[k] = tensor_reshape(tensor_depth_to_space(cell, 2), 2, x->shape);
    }
}

/* s and t of every pixel [n, dims], s within -2 and 2. */
static void noise_parameters(const FlowModel *model, Tensor *x, Tensor **s, Tensor **t)
{
    Tensor *unit = tensor_shift(tensor_scale(x, 2 / (real)(model->levels - 1)), -1);
    noise_network(model, unit, s, t);
    *s = tensor_scale(tensor_tanh(tensor_scale(*s, (real)0.5)), 2);
}

/* So that l + u stays below l + 1 in single precision, up to l = 255. */
#define LEAST_NOISE ((real)1e-5)
#define INNER_NOISE (1 - 2 * LEAST_NOISE)

/* u = c + (1 - 2c) sigmoid(a), a = e^s v + t, and v is logistic without its outermost parts of c
 * each. log q(u|x) = log l(v) - s - log sigmoid'(a) - 2 log(1 - 2c) of each pixel, l the logistic
 * density; logarithms of sigmoids are taken as softplus. */
static Tensor *learned_noise(const FlowModel *model, Tensor *x, Rng *noise, Tensor **log_q)
{
    Tensor *s, *t, *v = tensor_like(x);
    noise_parameters(model, x, &s, &t);
    rng_uniform(noise, v->value, v->size);
    for (size_t i = 0; i < v->size; i++) {
        double u = (double)(LEAST_NOISE + INNER_NOISE * v->value[i]);
        v->value[i] = (real)log(u / (1 - u));
    }
    Tensor *a = tensor_add(tensor_mul(tensor_exp(s), v), t);
    Tensor *log_u = tensor_neg(tensor_softplus(tensor_neg(a)));
    Tensor *log_rest = tensor_neg(tensor_softplus(a));
    Tensor *log_l = tensor_neg(tensor_add(v, tensor_scale(tensor_softplus(tensor_neg(v)), 2)));
    Tensor *each = tensor_sub(tensor_sub(log_l, s), tensor_add(log_u, log_rest));
    double narrower = -2 * log1p(-2 * (double)LEAST_NOISE) * model->dims;
    *log_q = tensor_shift(tensor_sum_axis(each, 1), (real)narrower);
    return tensor_add(x, tensor_shift(tensor_scale(tensor_sigmoid(a), INNER_NOISE), LEAST_NOISE));
}

/* l + u rounds to l + 1 where u is too near to 1: then the single-precision number
 * before it. */
static real below_next(real y, real next)
{
    return y < next ? y : (real)nextafterf((float)next, 0);
}

Tensor *flow_dequantise(const FlowModel *model, Tensor *x, Rng *noise, Tensor **log_q)
{
    Tensor *unused;
    log_q = log_q != NULL ? log_q : &unused;
    *log_q = NULL;
    if (model->kind == DATA_POINTS)
        return x;
    if (model->learned_noise)
        return learned_noise(model, x, noise, log_q);
    Tensor *y = tensor_like(x);
    rng_uniform(noise, y->value, y->size);
    for (size_t i = 0; i < y->size; i++)
        y->value[i] = below_next(x->value[i] + y->value[i], x->value[i] + 1);
    return y;
}

Tensor *flow_bound(const FlowModel *model, Tensor *x, Rng *noise, FlowDensity *density)
{
    Tensor *log_q, *y = flow_dequantise(model, x, noise, &log_q);
    *density = flow_density(model, y);
    return log_q != NULL ? tensor_sub(density->log_prob, log_q) : density->log_prob;
}

Tensor *flow_draw_latent(const FlowModel *model, Tape *tape, int n, double temperature, Rng *noise)
{
    Tensor *z = gaussian_noise(tape, 2, (int[]){n, model->dims}, noise);
    if (model->latent == LATENT_NORMAL)
        return tensor_scale(z, (real)temperature);
    Tensor *length = tensor_sqrt(tensor_sum_axis(tensor_square(z), 1));
    return tensor_div(z, length);
}

Tensor *flow_layer_input(const FlowModel *model, Tensor *x, Rng *noise)
{
    if (model->objective == OBJECTIVE_REVERSE)
        return flow_draw_latent(model, x->tape, x->shape[0], 1, noise);
    return flow_units_forward(&model->units, flow_dequantise(model, x, noise, NULL)).value;
}

void flow_latent_to_data(const FlowModel *model, Tensor *z, real *out)
{
    const Tensor *x = model->objective == OBJECTIVE_REVERSE ? flow_forward(&model->flow, z).value
                                                            : flow_inverse(&model->flow, z).value;
    memcpy(out, x->value, x->size * sizeof *out);
    flow_units_inverse(&model->units, out, z->shape[0]);
}
