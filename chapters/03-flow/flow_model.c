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

Tensor *flow_dequantise(const FlowModel *model, Tensor *x, Rng *noise)
{
    if (model->kind == DATA_POINTS)
        return x;
    Tensor *y = tensor_like(x);
    rng_uniform(noise, y->value, y->size);
    for (size_t i = 0; i < y->size; i++)
        y->value[i] += x->value[i];
    return y;
}

Tensor *flow_draw_latent(const FlowModel *model, Tape *tape, int n, double temperature, Rng *noise)
{
    Tensor *z = gaussian_noise(tape, 2, (int[]){n, model->dims}, noise);
    if (model->latent == LATENT_NORMAL)
        return tensor_scale(z, (real)temperature);
    Tensor *length = tensor_sqrt(tensor_sum_axis(tensor_square(z), 1));
    return tensor_div(z, length);
}

void flow_latent_to_data(const FlowModel *model, Tensor *z, real *out)
{
    const Tensor *x = model->objective == OBJECTIVE_REVERSE ? flow_forward(&model->flow, z).value
                                                            : flow_inverse(&model->flow, z).value;
    memcpy(out, x->value, x->size * sizeof *out);
    flow_units_inverse(&model->units, out, z->shape[0]);
}
