#include "03-flow/flow_model.h"

#include "prob/gaussian.h"

#include <string.h>

FlowDensity flow_density(const FlowModel *model, Tensor *x)
{
    FlowResult in = flow_units_forward(&model->units, x);
    FlowResult out = flow_forward(&model->flow, in.value);
    FlowDensity d = {.latent = out.value};
    d.log_latent = gaussian_log_prob_standard(out.value);
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

void flow_latent_to_data(const FlowModel *model, Tensor *z, real *out)
{
    const Tensor *x = flow_inverse(&model->flow, z).value;
    memcpy(out, x->value, x->size * sizeof *out);
    flow_units_inverse(&model->units, out, z->shape[0]);
}
