#include "prob/gaussian.h"

#include "tensor/tape.h"

static const real LOG_TWO_PI = (real)1.8378770664093454836;

Tensor *gaussian_noise(Tape *tape, int rank, const int *shape, Rng *rng)
{
    Tensor *noise = tensor_name(tensor_new(tape, rank, shape), "noise");
    rng_normal(rng, noise->value, noise->size);
    return noise;
}

Tensor *gaussian_sample_with(Gaussian q, Tensor *epsilon)
{
    Tensor *sigma = tensor_exp(tensor_scale(q.logvar, (real)0.5));
    return tensor_add(q.mean, tensor_mul(sigma, epsilon));
}

Tensor *gaussian_sample(Gaussian q, Rng *rng)
{
    return gaussian_sample_with(q, gaussian_noise(q.mean->tape, q.mean->rank, q.mean->shape, rng));
}

/* -1/2 sum_j (a_j + log 2 pi) for a [n, dim] -> [n, 1] */
static Tensor *minus_half_sum(Tensor *a)
{
    real constant = (real)-0.5 * LOG_TWO_PI * (real)tensor_columns(a);
    return tensor_shift(tensor_scale(tensor_sum_axis(a, 1), (real)-0.5), constant);
}

Tensor *gaussian_log_prob(Gaussian p, Tensor *x)
{
    Tensor *precision = tensor_exp(tensor_neg(p.logvar));
    Tensor *distance = tensor_mul(tensor_square(tensor_sub(x, p.mean)), precision);
    return minus_half_sum(tensor_add(distance, p.logvar));
}

Tensor *gaussian_log_prob_standard(Tensor *x)
{
    return minus_half_sum(tensor_square(x));
}

/* 1/2 sum_j (sigma_j^2 + mu_j^2 - 1 - log sigma_j^2) */
Tensor *gaussian_kl_to_standard(Gaussian q)
{
    Tensor *moments = tensor_add(tensor_exp(q.logvar), tensor_square(q.mean));
    Tensor *each = tensor_sub(tensor_shift(moments, -1), q.logvar);
    return tensor_scale(tensor_sum_axis(each, 1), (real)0.5);
}

/* 1/2 sum_j ((sigma_q^2 + (mu_q - mu_p)^2) / sigma_p^2 - 1 + log sigma_p^2 - log sigma_q^2) */
Tensor *gaussian_kl(Gaussian q, Gaussian p)
{
    Tensor *moments = tensor_add(tensor_exp(q.logvar), tensor_square(tensor_sub(q.mean, p.mean)));
    Tensor *scaled = tensor_mul(moments, tensor_exp(tensor_neg(p.logvar)));
    Tensor *each = tensor_add(tensor_shift(scaled, -1), tensor_sub(p.logvar, q.logvar));
    return tensor_scale(tensor_sum_axis(each, 1), (real)0.5);
}

Tensor *gaussian_entropy(Gaussian q)
{
    real constant = (real)0.5 * (LOG_TWO_PI + 1) * (real)tensor_columns(q.logvar);
    return tensor_shift(tensor_scale(tensor_sum_axis(q.logvar, 1), (real)0.5), constant);
}

Gaussian gaussian_repeat(Gaussian q, int times)
{
    return (Gaussian){tensor_repeat_rows(q.mean, times), tensor_repeat_rows(q.logvar, times)};
}

Gaussian gaussian_detach(Gaussian q)
{
    return (Gaussian){tensor_detach(q.mean), tensor_detach(q.logvar)};
}
