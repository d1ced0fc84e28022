/* What each objective follows, against enumeration: expected updates, weights, signals. */
#include "01-helmholtz/helmholtz_exact.h"
#include "chapters/small_helmholtz.h"
#include "harness/suite.h"
#include "support/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIMS = 3, LAYERS = 2, P_NUMBERS = 3 * 3 + 3 * 2 + 2, Q_NUMBERS = 4 * 2 + 3 * 2 };

static const int WIDTH[LAYERS] = {2, 2};

/* Mean of an estimator's updates (downhill) over many draws and their standard errors. */
typedef struct Updates {
    double p[P_NUMBERS], p_se[P_NUMBERS], q[Q_NUMBERS], q_se[Q_NUMBERS], neg_bound;
} Updates;

static void settle(double *sum, double *square, int n, int draws)
{
    for (int i = 0; i < n; i++) {
        sum[i] /= draws;
        square[i] = sqrt(fmax(square[i] / draws - sum[i] * sum[i], 0) / (draws - 1)) + 1e-12;
    }
}

static void add(double *sum, double *square, const double *value, int n)
{
    for (int i = 0; i < n; i++) {
        sum[i] += value[i];
        square[i] += value[i] * value[i];
    }
}

/* Of the generative layers, then of the top's own biases. */
static void p_gradient(const Helmholtz *machine, double p[P_NUMBERS])
{
    small_gradient(machine->generative, LAYERS, p);
    for (int j = 0; j < WIDTH[LAYERS - 1]; j++)
        p[P_NUMBERS - WIDTH[LAYERS - 1] + j] = (double)machine->top->grad[j];
}

/* One batch holds x `rows` times: a draw is the mean of so many. */
static Updates updates_of(const Helmholtz *machine, int x_number, int draws)
{
    enum { ROWS = 50 };
    Updates u = {0};
    Tape *tape = tape_create(kernels_best());
    Rng noise = rng_stream(11, "noise");
    for (int d = 0; d < draws; d++) {
        double p[P_NUMBERS], q[Q_NUMBERS];
        small_bind(machine, tape);
        Tensor *x = tensor_repeat_rows(small_x(machine, tape, x_number), ROWS);
        HelmholtzLosses losses = helmholtz_losses(machine, x, &noise);
        tape_backward(losses.wake);
        if (losses.wake_q != NULL)
            tape_backward(losses.wake_q);
        if (losses.sleep != NULL)
            tape_backward(losses.sleep);
        p_gradient(machine, p);
        small_gradient(machine->recognition, LAYERS, q);
        add(u.p, u.p_se, p, P_NUMBERS);
        add(u.q, u.q_se, q, Q_NUMBERS);
        u.neg_bound += losses.neg_bound / draws;
    }
    settle(u.p, u.p_se, P_NUMBERS, draws);
    settle(u.q, u.q_se, Q_NUMBERS, draws);
    tape_free(tape);
    return u;
}

/* The gradients of a number of the enumerated states, by the tape. */
typedef Tensor *(*Exactly)(Tensor *log_p, Tensor *log_q);

static void exactly(const Helmholtz *machine, int x_number, Exactly loss, double *p, double *q)
{
    Tape *tape = tape_create(kernels_best());
    small_bind(machine, tape);
    States all = small_all_hidden(machine, small_x(machine, tape, x_number));
    tape_backward(
        loss(helmholtz_log_joint(machine, &all), helmholtz_log_recognition(machine, &all)));
    p_gradient(machine, p);
    small_gradient(machine->recognition, LAYERS, q);
    tape_free(tape);
}

/* -E_q[log p(x, h)], q held still. */
static Tensor *expected_wake(Tensor *log_p, Tensor *log_q)
{
    Tensor *q = tensor_detach(tensor_exp(log_q));
    return tensor_neg(tensor_sum(tensor_mul(q, log_p)));
}

/* -ELBO. */
static Tensor *neg_elbo(Tensor *log_p, Tensor *log_q)
{
    return tensor_neg(tensor_sum(tensor_mul(tensor_exp(log_q), tensor_sub(log_p, log_q))));
}

/* -L_2 = -sum_{a, b} q_a q_b log (w_a + w_b) / 2. */
static Tensor *neg_bound_2(Tensor *log_p, Tensor *log_q)
{
    int n = (int)log_p->size;
    Tensor *w = tensor_exp(tensor_sub(log_p, log_q)), *q = tensor_exp(log_q);
    Tensor *row = tensor_reshape(w, 2, (int[]){1, n});
    Tensor *log_mean = tensor_log(tensor_scale(tensor_add(w, row), (real)0.5));
    Tensor *both = tensor_mul(q, tensor_reshape(q, 2, (int[]){1, n}));
    return tensor_neg(tensor_sum(tensor_mul(both, log_mean)));
}

/* Five standard errors: false alarm 6e-7 a number. */
static void check_near(const char *what, const double *found, const double *se,
                       const double *expected, int n)
{
    for (int i = 0; i < n; i++) {
        bool near = fabs(found[i] - expected[i]) < 5 * se[i];
        CU_ASSERT(near);
        if (!near)
            printf("%s, number %d: %g +- %g, expected %g\n", what, i, found[i], se[i], expected[i]);
    }
}

/* Wake follows grad E_q[log p(x, h)]; sleep follows what exact_sleep_gradient has (its own test is
 * against the KL). */
static void test_wake_sleep(void)
{
    Helmholtz machine = small_helmholtz(DIMS, LAYERS, WIDTH, 1);
    double p[P_NUMBERS], q[Q_NUMBERS], sleep[Q_NUMBERS];
    Exact *exact = exact_create(&machine);
    Updates u = updates_of(&machine, 5, 2000);
    exactly(&machine, 5, expected_wake, p, q);
    exact_sleep_gradient(exact, sleep);
    for (int i = 0; i < Q_NUMBERS; i++)
        sleep[i] = -sleep[i]; /* downhill */
    check_near("wake", u.p, u.p_se, p, P_NUMBERS);
    check_near("sleep", u.q, u.q_se, sleep, Q_NUMBERS);
    exact_free(exact);
    model_free_parts(&machine.model);
}

/* With one sample the reweighted wake update is wake-sleep's, number by number; with two, p follows
 * the gradient of L_2, and so do both of VIMCO's updates. */
static void test_reweighted(void)
{
    Helmholtz machine = small_helmholtz(DIMS, LAYERS, WIDTH, 2);
    double p[P_NUMBERS], q[Q_NUMBERS];
    Updates plain = updates_of(&machine, 3, 3);
    machine.objective = REWEIGHTED_WAKE_SLEEP;
    machine.update = UPDATE_SLEEP;
    Updates one = updates_of(&machine, 3, 3);
    for (int i = 0; i < P_NUMBERS; i++)
        CU_ASSERT_EQUAL(one.p[i], plain.p[i]);
    for (int i = 0; i < Q_NUMBERS; i++)
        CU_ASSERT_EQUAL(one.q[i], plain.q[i]);
    machine.k = 2;
    exactly(&machine, 3, neg_bound_2, p, q);
    Updates two = updates_of(&machine, 3, 2000);
    check_near("reweighted wake", two.p, two.p_se, p, P_NUMBERS);
    machine.objective = VIMCO;
    two = updates_of(&machine, 3, 4000);
    check_near("vimco, p", two.p, two.p_se, p, P_NUMBERS);
    check_near("vimco, q", two.q, two.q_se, q, Q_NUMBERS);
    model_free_parts(&machine.model);
}

/* During the warm-up two samples a, b share the update of p as w = p(x|h_1) (p(h)/q(h|x))^odds
 * says: by enumeration of all pairs, and apart from where the full weights would go. */
static void test_warmup(void)
{
    const double odds = 0.4;
    Helmholtz machine = small_helmholtz(DIMS, LAYERS, WIDTH, 2);
    double p[P_NUMBERS], q[Q_NUMBERS], full[P_NUMBERS], farthest = 0;
    machine.objective = REWEIGHTED_WAKE_SLEEP;
    machine.k = 2;
    machine.discount = 1 - odds;
    exactly(&machine, 3, neg_bound_2, full, q);
    Updates two = updates_of(&machine, 3, 2000);
    Tape *tape = tape_create(kernels_best());
    small_bind(&machine, tape);
    States all = small_all_hidden(&machine, small_x(&machine, tape, 3));
    const Tensor *prior = helmholtz_log_prior(&machine, &all);
    const Tensor *data = helmholtz_log_data(&machine, &all);
    const Tensor *log_q = helmholtz_log_recognition(&machine, &all);
    int n = (int)prior->size;
    Tensor *share = tensor_new_matrix(tape, n, 1);
    for (int a = 0; a < n; a++)
        for (int b = 0; b < n; b++) {
            double log_a =
                (double)data->value[a] + odds * (double)(prior->value[a] - log_q->value[a]);
            double log_b =
                (double)data->value[b] + odds * (double)(prior->value[b] - log_q->value[b]);
            double both = exp((double)(log_q->value[a] + log_q->value[b]));
            share->value[a] += (real)(2 * both / (1 + exp(log_b - log_a)));
        }
    tape_backward(tensor_neg(tensor_sum(tensor_mul(share, helmholtz_log_joint(&machine, &all)))));
    p_gradient(&machine, p);
    check_near("warm-up, p", two.p, two.p_se, p, P_NUMBERS);
    for (int i = 0; i < P_NUMBERS; i++)
        farthest = fmax(farthest, fabs(full[i] - p[i]) / two.p_se[i]);
    CU_ASSERT(farthest > 10);
    tape_free(tape);
    model_free_parts(&machine.model);
}

/* REINFORCE follows the ELBO's gradient, with a running baseline and with that of the others. */
static void test_reinforce(void)
{
    Helmholtz machine = small_helmholtz(DIMS, LAYERS, WIDTH, 4);
    double p[P_NUMBERS], q[Q_NUMBERS];
    machine.objective = REINFORCE;
    machine.baseline->value[0] = -4;
    exactly(&machine, 6, neg_elbo, p, q);
    for (int k = 1; k <= 3; k += 2) {
        machine.k = k;
        Updates u = updates_of(&machine, 6, 3000);
        check_near("reinforce, p", u.p, u.p_se, p, P_NUMBERS);
        check_near("reinforce, q", u.q, u.q_se, q, Q_NUMBERS);
    }
    model_free_parts(&machine.model);
}

/* The reweighted wake update of q goes to the posterior: its expectation for many samples is the
 * gradient of -KL(p(h|x) || q(h|x)). With 4,000 samples little is left of the bias. */
static Tensor *forward_kl(Tensor *log_p, Tensor *log_q)
{
    Tensor *posterior = tensor_detach(tensor_softmax(tensor_reshape(log_p, 2, (int[]){1, -1})));
    return tensor_neg(tensor_sum(tensor_mul(tensor_reshape(posterior, 2, (int[]){-1, 1}), log_q)));
}

static void test_reweighted_q(void)
{
    Helmholtz machine = small_helmholtz(DIMS, LAYERS, WIDTH, 6);
    double p[P_NUMBERS], q[Q_NUMBERS], worst = 0, size = 0;
    machine.objective = REWEIGHTED_WAKE_SLEEP;
    machine.update = UPDATE_WAKE;
    machine.k = 4000;
    exactly(&machine, 2, forward_kl, p, q);
    Updates u = updates_of(&machine, 2, 20);
    for (int i = 0; i < Q_NUMBERS; i++) {
        worst = fmax(worst, fabs(u.q[i] - q[i]));
        size = fmax(size, fabs(q[i]));
    }
    CU_ASSERT(worst < 0.03 * size);
    if (!(worst < 0.03 * size))
        printf("worst %g of %g\n", worst, size);
    model_free_parts(&machine.model);
}

/* More samples make a tighter bound, on nested blocks of the same draws: the mean of the bounds of
 * the halves is at most the bound of the whole, for every example and every draw; and the mean over
 * draws stays below log p(x). */
static void check_ladder(bool in_order)
{
    enum { K = 256, N = 200 };
    Helmholtz machine = small_helmholtz_of(DIMS, LAYERS, WIDTH, 8, in_order);
    Tape *tape = tape_create(kernels_best());
    Exact *exact = exact_create(&machine);
    Rng noise = rng_stream(3, "noise");
    small_bind(&machine, tape);
    Tensor *one = small_x(&machine, tape, 4), *x = tensor_repeat_rows(one, N);
    Tensor *log_q, *judged;
    States states = helmholtz_infer(&machine, x, K, &noise, &log_q);
    judged = helmholtz_log_recognition(&machine, &states);
    for (int i = 0; i < N * K; i++)
        CU_ASSERT_EQUAL(log_q->value[i], judged->value[i]);
    Tensor *log_w = tensor_sub(helmholtz_log_joint(&machine, &states), log_q);
    double before = -INFINITY, truth = exact_values(exact, one->value).log_prob;
    for (int k = 1; k <= K; k *= 2) {
        double sum = 0, square = 0;
        int blocks = N * K / k;
        for (int b = 0; b < blocks; b++) {
            LogMean mean = {0};
            for (int j = 0; j < k; j++)
                log_mean_add(&mean, (double)log_w->value[b * k + j]);
            sum += log_mean_value(&mean) / blocks;
            square += pow(log_mean_value(&mean), 2) / blocks;
        }
        CU_ASSERT(sum >= before);
        CU_ASSERT(sum < truth + 5 * sqrt((square - sum * sum) / (blocks - 1)));
        before = sum;
    }
    CU_ASSERT(truth - before < 0.3);
    exact_free(exact);
    tape_free(tape);
    small_free(&machine);
}

static void test_ladder(void)
{
    check_ladder(false);
    check_ladder(true);
}

/* Lateral weights get the slope of log q on a dream, and only those from units before their own. */
static void test_lateral_learns(void)
{
    Helmholtz machine = small_helmholtz_of(DIMS, LAYERS, WIDTH, 9, true);
    Tape *tape = tape_create(kernels_best());
    Rng noise = rng_stream(4, "noise");
    small_bind(&machine, tape);
    States dream = helmholtz_dream(&machine, tape, 3, &noise);
    tape_backward(tensor_neg(tensor_mean(helmholtz_log_recognition(&machine, &dream))));
    for (int l = 0; l < LAYERS; l++) {
        const Tensor *lateral = machine.lateral[l].linear.weight;
        const Linear *up = &machine.recognition[l];
        const Tensor *seen = dream.layer[l];
        if (l == 0)
            seen = linear_forward(&machine.features, dream.layer[0]);
        int width = machine.width[l], below = tensor_columns(seen);
        for (int i = 0; i < width; i++)
            for (int j = 0; j < width; j++) {
                double want = 0;
                for (int r = 0; r < 3 && i < j; r++) {
                    const real *h = dream.layer[l + 1]->value + r * width;
                    const real *x = seen->value + r * below;
                    double logit = (double)up->bias->value[j];
                    for (int d = 0; d < below; d++)
                        logit += (double)(x[d] * up->weight->value[d * width + j]);
                    for (int m = 0; m < j; m++)
                        logit += (double)(h[m] * lateral->value[m * width + j]);
                    want -= (double)h[i] * ((double)h[j] - 1 / (1 + exp(-logit))) / 3;
                }
                CU_ASSERT_DOUBLE_EQUAL(lateral->grad[i * width + j], want, 1e-14);
            }
    }
    tape_free(tape);
    small_free(&machine);
}

/* Importance weights sum to one; of equal weights VIMCO's signals are zero, and one large weight
 * among small ones is praised by log K. */
static void test_weights(void)
{
    enum { K = 4 };
    Tape *tape = tape_create(kernels_best());
    const real a[2 * K] = {-3, -3, -3, -3, 0, -800, -800, -800};
    Tensor *log_w = tensor_from(tape, 2, (int[]){2, K}, a);
    Tensor *weight = helmholtz_importance(log_w), *signal = helmholtz_vimco_signal(log_w);
    for (int i = 0; i < K; i++) {
        CU_ASSERT_DOUBLE_EQUAL(weight->value[i], 0.25, 1e-14);
        CU_ASSERT_DOUBLE_EQUAL(signal->value[i], 0, 1e-14);
    }
    CU_ASSERT_DOUBLE_EQUAL(weight->value[K], 1, 1e-14);
    CU_ASSERT_DOUBLE_EQUAL(signal->value[K], 800 - log(4), 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(signal->value[K + 1], -log1p(exp(-1600.0 / 3)), 1e-9);
    tape_free(tape);
}

/* Dreams have the machine's own distribution: chi^2 over all eight x, 7 degrees of freedom, below
 * 29.9 (false alarm 1e-4). */
static void test_dreams(void)
{
    enum { N = 20000 };
    Helmholtz machine = small_helmholtz(DIMS, LAYERS, WIDTH, 10);
    Tape *tape = tape_create(kernels_best());
    Exact *exact = exact_create(&machine);
    Rng noise = rng_stream(5, "noise");
    int count[8] = {0};
    double chi = 0;
    small_bind(&machine, tape);
    States dream = helmholtz_dream(&machine, tape, N, &noise);
    for (int i = 0; i < N; i++) {
        const real *x = dream.layer[0]->value + i * DIMS;
        count[(int)x[0] + 2 * (int)x[1] + 4 * (int)x[2]]++;
    }
    for (int s = 0; s < 8; s++) {
        double expected = N * exp(exact_values(exact, small_x(&machine, tape, s)->value).log_prob);
        chi += pow(count[s] - expected, 2) / expected;
    }
    CU_ASSERT(chi < 29.9);
    if (!(chi < 29.9))
        printf("chi^2 %g\n", chi);
    exact_free(exact);
    tape_free(tape);
    model_free_parts(&machine.model);
}

const Suite suite = {"chapters/helmholtz",
                     {{"wake and sleep", test_wake_sleep},
                      {"reweighted wake-sleep and VIMCO", test_reweighted},
                      {"warm-up of the weights", test_warmup},
                      {"REINFORCE", test_reinforce},
                      {"reweighted q", test_reweighted_q},
                      {"the ladder of bounds", test_ladder},
                      {"lateral weights learn", test_lateral_learns},
                      {"weights and signals", test_weights},
                      {"dreams", test_dreams},
                      {NULL, NULL}}};
