/* What a flow can learn from besides the likelihood of data. */
#include "03-flow/flow_model.h"

#include "prob/gaussian.h"
#include "support/fail.h"
#include "tensor/op.h"

#include <math.h>

Tensor *flow_matching_loss(const FlowModel *model, Tensor *x, Rng *noise)
{
    int n = x->shape[0];
    Tensor *start = flow_units_forward(&model->units, x).value;
    Tensor *end = gaussian_noise(x->tape, 2, start->shape, noise);
    Tensor *time = tensor_new_matrix(x->tape, n, 1);
    for (int i = 0; i < n; i++) /* stratified: row i in the i-th of n equal parts */
        time->value[i] = (real)((i + rng_uniform_one(noise)) / n);
    Tensor *way = tensor_sub(end, start);
    Tensor *at = tensor_add(start, tensor_mul(time, way));
    Tensor *guess = flow_ode_velocity(model->flow.layer[0], at, time);
    return tensor_mean_axis(tensor_square(tensor_sub(guess, way)), 1);
}

FlowDraws flow_draws(const FlowModel *model, const Dataset *target, Tape *tape, int n, Rng *noise)
{
    FlowDraws d;
    double point[DATA_POINT_DIMS], log_scale = 0;
    Tensor *z = flow_draw_latent(model, tape, n, 1, noise);
    FlowResult y = flow_forward(&model->flow, z);
    for (int j = 0; j < model->dims; j++)
        log_scale += log((double)model->units.scale->value[j]);
    d.x = tensor_add(tensor_mul(y.value, model->units.scale), model->units.center);
    d.log_q = tensor_shift(tensor_sub(gaussian_log_prob_standard(z), y.log_det), (real)-log_scale);
    d.log_target = op_memory(d.x, (size_t)n, sizeof *d.log_target);
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < model->dims; j++)
            point[j] = (double)d.x->value[i * model->dims + j];
        d.log_target[i] = log(FLOW_TARGET_FACTOR) + target->log_density(target, point);
    }
    return d;
}

Tensor *flow_reverse_loss(const FlowDraws *d, const Dataset *target)
{
    const double step = 1e-5;
    int n = d->x->shape[0], dims = d->x->shape[1];
    Tensor *slope = tensor_like(d->x);
    double point[DATA_POINT_DIMS];
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < dims; j++)
            point[j] = (double)d->x->value[i * dims + j];
        for (int j = 0; j < dims; j++) {
            double kept = point[j];
            point[j] = kept + step;
            double up = target->log_density(target, point);
            point[j] = kept - step;
            double down = target->log_density(target, point);
            point[j] = kept;
            double found = (up - down) / (2 * step);
            if (!isfinite(found))
                refuse("flow: the true density of %s is 0 where the flow drew a point; the reverse "
                       "objective needs one that is positive everywhere: 8gaussians, moons, "
                       "circles, rings",
                       target->name);
            slope->value[i * dims + j] = (real)found;
        }
    }
    /* d log target = slope . dx: the slope itself is held constant. */
    Tensor *log_target = tensor_sum_axis(tensor_mul(slope, d->x), 1);
    return tensor_mean(tensor_sub(d->log_q, log_target));
}
