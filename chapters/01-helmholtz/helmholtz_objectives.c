/* What a training step climbs. The draws are fixed when the losses are made; no gradient goes
 * through a draw of 0 or 1.
 *
 * wake-sleep   wake: x from the data, h ~ q(h|x): p follows grad log p(x, h).
 *              sleep: x, h ~ p(x, h), a dream: q follows grad log q(h|x).
 *
 * reweighted   wake: h_1 .. h_K ~ q(h|x), weights w~ = softmax(log p(x, h_k) - log q(h_k|x)):
 *              p follows sum_k w~_k grad log p(x, h_k), q follows sum_k w~_k grad log q(h_k|x).
 *              sleep: as above.
 *              In a warm-up the weights are p(x|h_1) (p(h) / q(h|x))^odds, odds rising from 0
 *              to 1: a layer learns to speak about x before it must pay for what it says.
 *
 * REINFORCE    q follows (log p(x, h) - log q(h|x) - baseline) grad log q(h|x), the ELBO's
 *              gradient, unbiased, and noisy.
 *
 * VIMCO        the same of L_K = log 1/K sum_k w_k, each sample's baseline made of the others.
 *
 * Wake-sleep's two phases climb different things: wake lowers KL(q(h|x) || p(h|x)) with respect to
 * p, sleep lowers KL(p(h|x) || q(h|x)) over dreams with respect to q. */
#include "01-helmholtz/helmholtz.h"

#include <math.h>

Tensor *helmholtz_importance(Tensor *log_w)
{
    Tensor *weight = tensor_softmax(tensor_detach(log_w));
    return tensor_detach(tensor_reshape(weight, 2, (int[]){(int)log_w->size, 1}));
}

/* log sum_i exp a_i, where a_j counts as `instead`. */
static double log_sum_with(const real *a, int k, int j, double instead)
{
    double largest = -INFINITY, sum = 0;
    for (int i = 0; i < k; i++)
        largest = fmax(largest, i == j ? instead : (double)a[i]);
    for (int i = 0; i < k; i++)
        sum += exp((i == j ? instead : (double)a[i]) - largest);
    return largest + log(sum);
}

Tensor *helmholtz_vimco_signal(Tensor *log_w)
{
    int n = tensor_rows(log_w), k = tensor_columns(log_w);
    Tensor *signal = tensor_new_matrix(log_w->tape, n * k, 1);
    for (int i = 0; i < n; i++) {
        const real *a = log_w->value + (size_t)i * (size_t)k;
        double sum = 0, all = log_sum_with(a, k, 0, (double)a[0]);
        for (int j = 0; j < k; j++)
            sum += (double)a[j];
        for (int j = 0; j < k; j++) {
            double others = (sum - (double)a[j]) / (k - 1); /* log of their geometric mean */
            signal->value[i * k + j] = (real)(all - log_sum_with(a, k, j, others));
        }
    }
    return signal;
}

/* sum_r weight_r value_r / n: the mean over n examples of a weighted sum over samples. */
static Tensor *weighted(Tensor *weight, Tensor *value, int n)
{
    return tensor_scale(tensor_sum(tensor_mul(weight, value)), (real)(1.0 / n));
}

/* -L_K averaged over the batch. */
static double neg_bound(const Tensor *log_w)
{
    int n = tensor_rows(log_w), k = tensor_columns(log_w);
    double sum = 0;
    for (int i = 0; i < n; i++) {
        LogMean mean = {0};
        for (int j = 0; j < k; j++)
            log_mean_add(&mean, (double)log_w->value[i * k + j]);
        sum += log_mean_value(&mean);
    }
    return -sum / n;
}

/* The signal of REINFORCE, centred and scaled by its running mean and deviation (Mnih & Gregor
 * 2014); with several samples each is centred by the mean of the others. */
static Tensor *reinforce_signal(const Helmholtz *machine, Tensor *log_w, HelmholtzLosses *losses)
{
    int n = tensor_rows(log_w), k = tensor_columns(log_w);
    double mean = (double)machine->baseline->value[0];
    double sd = fmax(sqrt((double)machine->baseline->value[1]), 1);
    Tensor *signal = tensor_new_matrix(log_w->tape, n * k, 1);
    for (int i = 0; i < n; i++) {
        double sum = 0;
        for (int j = 0; j < k; j++)
            sum += (double)log_w->value[i * k + j];
        for (int j = 0; j < k; j++) {
            double own = (double)log_w->value[i * k + j];
            double baseline = k > 1 ? (sum - own) / (k - 1) : mean;
            signal->value[i * k + j] = (real)((own - baseline) / (k > 1 ? k : sd));
            losses->signal += own / (n * k);
            losses->signal_square += own * own / (n * k);
        }
    }
    return signal;
}

void helmholtz_follow_signal(const Helmholtz *machine, const HelmholtzLosses *losses)
{
    enum { MEMORY = 20 }; /* steps */
    real *kept = machine->baseline->value;
    double mean = losses->signal, variance = fmax(losses->signal_square - mean * mean, 0);
    kept[0] += (real)((mean - (double)kept[0]) / MEMORY);
    kept[1] += (real)((variance - (double)kept[1]) / MEMORY);
}

HelmholtzLosses helmholtz_losses(const Helmholtz *machine, Tensor *x, Rng *noise)
{
    HelmholtzLosses losses = {0};
    int n = tensor_rows(x), k = machine->k;
    HelmholtzObjective objective = machine->objective;

    /* Awake: what might have made x? */
    Tensor *log_q;
    States awake = helmholtz_infer(machine, x, k, noise, &log_q);
    Tensor *log_prior = helmholtz_log_prior(machine, &awake);
    Tensor *log_data = helmholtz_log_data(machine, &awake);
    Tensor *log_p = tensor_add(log_prior, log_data);
    Tensor *log_odds = tensor_detach(tensor_sub(log_prior, log_q));
    Tensor *log_w = tensor_reshape(tensor_add(tensor_detach(log_data), log_odds), 2, (int[]){n, k});
    Tensor *weight = objective == REINFORCE
                         ? tensor_fill(x->tape, 2, (int[]){n * k, 1}, (real)1 / (real)k)
                         : helmholtz_importance(log_w);
    if (objective == REWEIGHTED_WAKE_SLEEP && machine->discount > 0)
        weight = helmholtz_importance(
            tensor_reshape(tensor_add(tensor_detach(log_data),
                                      tensor_scale(log_odds, (real)(1 - machine->discount))),
                           2, (int[]){n, k}));
    losses.neg_bound = neg_bound(log_w);
    losses.wake = tensor_neg(weighted(weight, log_p, n));
    if (objective == REWEIGHTED_WAKE_SLEEP && machine->update != UPDATE_SLEEP)
        losses.wake_q = tensor_neg(weighted(weight, log_q, n));
    if (objective == REINFORCE)
        losses.wake_q = tensor_neg(weighted(reinforce_signal(machine, log_w, &losses), log_q, n));
    if (objective == VIMCO) { /* the samples' own dependence on q, and that of log w_k */
        Tensor *signal = tensor_sub(helmholtz_vimco_signal(log_w), weight);
        losses.wake_q = tensor_neg(weighted(signal, log_q, n));
    }

    /* Asleep: of a dream it is known what made it. */
    if (objective == WAKE_SLEEP ||
        (objective == REWEIGHTED_WAKE_SLEEP && machine->update != UPDATE_WAKE)) {
        States dream = helmholtz_dream(machine, x->tape, n, noise);
        Tensor *log_q_dream = helmholtz_log_recognition(machine, &dream);
        losses.sleep = tensor_neg(tensor_mean(log_q_dream));
    }
    return losses;
}
