/* The model: sections 2.1 to 2.4 of Kingma & Welling (2014), and the bound of Burda et al. (2016).
 */
#include "02-vae/vae.h"

#include "prob/bernoulli.h"
#include "prob/logistic.h"

#include <math.h>

/* Behind the hidden layers: mean and log variance. */
static Gaussian heads_forward(const GaussianNet *net, Tensor *hidden)
{
    return (Gaussian){linear_forward(&net->mean, hidden), linear_forward(&net->logvar, hidden)};
}

static Gaussian net_forward(const GaussianNet *net, Tensor *x)
{
    return heads_forward(net, mlp_forward(&net->hidden, x));
}

/* ---------------------------------------------------------------- q(h|x), the encoder */

Tensor *vae_input(const Vae *vae, Tensor *x)
{
    Tensor *unit = vae->levels > 2 ? tensor_scale(x, 1 / (real)(vae->levels - 1)) : x;
    return tensor_sub(unit, vae->center);
}

Gaussian vae_encode(const Vae *vae, Tensor *x)
{
    return net_forward(&vae->encoder[0], vae_input(vae, x));
}

Tensor *vae_flow_context(const Vae *vae, Tensor *x)
{
    return mlp_forward(&vae->encoder[0].hidden, vae_input(vae, x));
}

/* Each layer: h = mean + sigma * epsilon, so that gradients reach the encoder through h (sec. 2.4).
 */
VaeDraw vae_draw(const Vae *vae, Tensor *x, int k, Rng *noise)
{
    VaeDraw draw = {0};
    Tensor *hidden = vae_flow_context(vae, x);
    draw.q[0] = gaussian_repeat(heads_forward(&vae->encoder[0], hidden), k);
    draw.h[0] = gaussian_sample(draw.q[0], noise);
    if (vae->flow.layers > 0) {
        FlowResult moved = flow_forward_given(&vae->flow, draw.h[0], tensor_repeat_rows(hidden, k));
        draw.start = draw.h[0];
        draw.h[0] = moved.value;
        draw.log_det = moved.log_det;
    }
    if (vae->layers == 2) {
        draw.q[1] = net_forward(&vae->encoder[1], draw.h[0]);
        draw.h[1] = gaussian_sample(draw.q[1], noise);
    }
    return draw;
}

Tensor *vae_log_posterior(const VaeDraw *draw)
{
    Tensor *log_q = gaussian_log_prob(draw->q[0], draw->start != NULL ? draw->start : draw->h[0]);
    if (draw->log_det != NULL)
        log_q = tensor_sub(log_q, draw->log_det);
    return draw->h[1] == NULL ? log_q
                              : tensor_add(log_q, gaussian_log_prob(draw->q[1], draw->h[1]));
}

/* ---------------------------------------------------------------- p(h) p(x|h), the decoder */

Tensor *vae_log_prior(const Vae *vae, Tensor *const *h)
{
    if (vae->layers == 1)
        return gaussian_log_prob_standard(h[0]);
    Tensor *below = gaussian_log_prob(net_forward(&vae->prior, h[1]), h[0]);
    return tensor_add(below, gaussian_log_prob_standard(h[1]));
}

Tensor *vae_log_likelihood(const Vae *vae, Tensor *x, Tensor *h0)
{
    Tensor *hidden = mlp_forward(&vae->decoder, h0);
    Tensor *out = linear_forward(&vae->out, hidden);
    if (vae->kind == DATA_BINARY)
        return bernoulli_log_prob(x, out);
    Tensor *scale = linear_forward(&vae->scale, hidden);
    if (vae->kind == DATA_POINTS)
        return gaussian_log_prob((Gaussian){out, scale},
                                 tensor_repeat_rows(x, tensor_rows(out) / tensor_rows(x)));
    return logistic_log_prob((Logistic){out, scale}, x, vae->levels);
}

Gaussian vae_decode_gaussian(const Vae *vae, Tensor *h0)
{
    Tensor *hidden = mlp_forward(&vae->decoder, h0);
    return (Gaussian){linear_forward(&vae->out, hidden), linear_forward(&vae->scale, hidden)};
}

Tensor *vae_mean(const Vae *vae, Tensor *h0)
{
    Tensor *out = linear_forward(&vae->out, mlp_forward(&vae->decoder, h0));
    if (vae->kind == DATA_BINARY)
        return tensor_sigmoid(out);
    if (vae->kind == DATA_POINTS)
        return out;
    return tensor_scale(tensor_clamp(out, 0, 1), (real)(vae->levels - 1));
}

Tensor *vae_draw_data(const Vae *vae, Tensor *h0, Rng *noise)
{
    Tensor *hidden = mlp_forward(&vae->decoder, h0);
    Tensor *out = linear_forward(&vae->out, hidden);
    if (vae->kind == DATA_BINARY)
        return bernoulli_sample(out, noise);
    Tensor *scale = linear_forward(&vae->scale, hidden);
    if (vae->kind == DATA_POINTS)
        return gaussian_sample((Gaussian){out, scale}, noise);
    return logistic_sample((Logistic){out, scale}, vae->levels, noise);
}

Tensor *vae_descend(const Vae *vae, Tensor *top, Rng *noise)
{
    if (vae->layers == 1)
        return top;
    Gaussian p = net_forward(&vae->prior, top);
    return noise != NULL ? gaussian_sample(p, noise) : p.mean;
}

Tensor *vae_top_mean(const Vae *vae, Tensor *x)
{
    Tensor *hidden = vae_flow_context(vae, x);
    Gaussian q = heads_forward(&vae->encoder[0], hidden);
    if (vae->flow.layers > 0)
        return flow_forward_given(&vae->flow, q.mean, hidden).value;
    return vae->layers == 1 ? q.mean : net_forward(&vae->encoder[1], q.mean).mean;
}

/* ---------------------------------------------------------------- the bounds */

/* L(x) = E_q[log p(x|h)] - KL(q(h|x) || p(h))                       K&W eq. 3, one sample of h (eq.
 * 7) */
VaeBound vae_elbo(const Vae *vae, Tensor *x, double beta, Rng *noise)
{
    VaeBound b;
    VaeDraw draw = vae_draw(vae, x, 1, noise);
    b.fit = vae_log_likelihood(vae, x, draw.h[0]);
    if (vae->layers == 1 && vae->flow.layers == 0)
        b.kl = gaussian_kl_to_standard(draw.q[0]); /* in closed form: appendix B */
    else
        b.kl = tensor_sub(vae_log_posterior(&draw), vae_log_prior(vae, draw.h));
    b.bound = tensor_sub(b.fit, tensor_scale(b.kl, (real)beta));
    return b;
}

static Tensor *log_weights(const Vae *vae, Tensor *x, const VaeDraw *draw)
{
    Tensor *log_joint =
        tensor_add(vae_log_likelihood(vae, x, draw->h[0]), vae_log_prior(vae, draw->h));
    Tensor *log_w = tensor_sub(log_joint, vae_log_posterior(draw));
    return tensor_reshape(log_w, 2, (int[]){tensor_rows(x), -1});
}

Tensor *vae_log_weights(const Vae *vae, Tensor *x, int k, Rng *noise)
{
    VaeDraw draw = vae_draw(vae, x, k, noise);
    return log_weights(vae, x, &draw);
}

/* L_k(x) = E[log 1/k sum_i w_i]                                                          IWAE eq. 8
 */
Tensor *vae_iwae(Tensor *log_weights)
{
    return tensor_shift(tensor_log_sum_exp(log_weights), -(real)log(tensor_columns(log_weights)));
}

static Linear without_history(Linear linear)
{
    linear.weight = tensor_detach(linear.weight);
    linear.bias = tensor_detach(linear.bias);
    return linear;
}

/* The same network, through which gradients reach its input but not its weights. */
static GaussianNet weights_stopped(GaussianNet net)
{
    for (int i = 0; i < net.hidden.layers; i++)
        net.hidden.layer[i] = without_history(net.hidden.layer[i]);
    net.mean = without_history(net.mean);
    net.logvar = without_history(net.logvar);
    return net;
}

/* Decoder: sum_k w~_k d log w_k.   Encoder: sum_k w~_k^2 (d log w_k / d h_k) (d h_k / d phi),  with
 * w~_k = w_k / sum w, and log q's own dependence on phi left out                          DReG eq.
 * 8 */
Tensor *vae_dreg_backward(const Vae *vae, Tensor *x, int k, Rng *noise)
{
    VaeDraw draw = vae_draw(vae, x, k, noise), stopped = {0};
    stopped.q[0] = gaussian_detach(draw.q[0]);
    for (int i = 0; i < vae->layers; i++)
        stopped.h[i] = tensor_watch(tensor_detach(draw.h[i]));
    if (vae->layers == 2) {
        GaussianNet top = weights_stopped(vae->encoder[1]);
        stopped.q[1] = net_forward(&top, stopped.h[0]);
    }
    Tensor *log_w = log_weights(vae, x, &stopped);
    Tensor *bound = vae_iwae(log_w);
    tape_backward(
        tensor_neg(tensor_mean(bound))); /* decoder; and w~_k d log w_k / d h_k at the h_k */
    Tensor *w = tensor_reshape(tensor_softmax(tensor_detach(log_w)), 2, (int[]){-1, 1});
    Tensor *path = NULL;
    for (int i = 0; i < vae->layers; i++) {
        Tensor *slope = tensor_from(x->tape, 2, stopped.h[i]->shape, stopped.h[i]->grad);
        Tensor *along = tensor_sum(tensor_mul(draw.h[i], tensor_mul(slope, w)));
        path = path == NULL ? along : tensor_add(path, along);
    }
    tape_backward(path);
    return bound;
}
