/* The bounds of log p(x). On a linear Gaussian model log p(x) and KL(q || posterior) are known, so
 * the bounds must differ from log p by exactly what theory says; a nonlinear decoder of a latent of
 * one number is integrated numerically. */
#include "chapters/linear_gaussian.h"
#include "harness/suite.h"

#include <gsl/gsl_integration.h>

enum { N = 6 };

/* What each test works on: exact posterior or not, one layer or two. */
typedef struct Bench {
    Vae vae;
    Tape *tape;
    Tensor *x;
} Bench;

static Bench bench_begin(int layers, bool spoil)
{
    Bench b = {.vae = lg_vae(layers), .tape = tape_create(kernels_best())};
    if (spoil) {
        lg_spoil_encoder(&b.vae);
        lg_keep_variances_constant(&b.vae);
    }
    small_begin(&b.vae, b.tape);
    b.x = small_data(&b.vae, b.tape, N, 2);
    return b;
}

static void bench_end(Bench *b)
{
    tape_free(b->tape);
    model_free_parts(&b->vae.model);
}

static double exact(const Bench *b, int i)
{
    return lg_log_p(&b->vae, b->x->value + i * LG_DIMS);
}

/* ---------------------------------------------------------------- the exact posterior */

/* Where q is the posterior every draw has the weight p(x), whatever k. */
static void test_exact_posterior(void)
{
    enum { K = 50 };
    for (int layers = 1; layers <= 2; layers++) {
        Bench b = bench_begin(layers, false);
        Rng noise = rng_stream(3, "noise");
        Tensor *log_w = vae_log_weights(&b.vae, b.x, K, &noise);
        const Tensor *iwae = vae_iwae(log_w), *sum = tensor_log_sum_exp(log_w);
        for (int i = 0; i < N; i++) {
            for (int k = 0; k < K; k++)
                CU_ASSERT(fabs(log_w->value[i * K + k] - exact(&b, i)) < 1e-10);
            CU_ASSERT(fabs(iwae->value[i] - exact(&b, i)) < 1e-10);
            /* planted: the sum of the weights in place of their mean */
            CU_ASSERT(fabs(sum->value[i] - exact(&b, i)) > 1);
            CU_ASSERT(fabs(lg_kl_to_posterior(&b.vae, b.x->value + i * LG_DIMS)) < 1e-12);
        }
        bench_end(&b);
    }
}

/* ---------------------------------------------------------------- ELBO + KL(q || p(h|x)) */

/* log w is quadratic in the noise of a linear Gaussian model, so its mean over the 2 m points
 * +- sqrt(m) e_i is its mean over N(0, I) in m dimensions. One point: */
static VaeDraw cubature_draw(const Bench *b, int point)
{
    int m = b->vae.layers == 1 ? LG_WIDTH : LG_WIDTH + 1;
    Tensor *low = tensor_fill(b->tape, 2, (int[]){N, LG_WIDTH}, 0);
    Tensor *top = tensor_fill(b->tape, 2, (int[]){N, 1}, 0);
    int axis = point / 2;
    real step = (real)(point % 2 == 0 ? sqrt(m) : -sqrt(m));
    for (int i = 0; i < N; i++) {
        if (axis < LG_WIDTH)
            low->value[i * LG_WIDTH + axis] = step;
        else
            top->value[i] = step;
    }
    VaeDraw draw = {0};
    draw.q[0] = vae_encode(&b->vae, b->x);
    draw.h[0] = gaussian_sample_with(draw.q[0], low);
    if (b->vae.layers == 2) {
        const GaussianNet *net = &b->vae.encoder[1];
        draw.q[1] = (Gaussian){linear_forward(&net->mean, draw.h[0]),
                               linear_forward(&net->logvar, draw.h[0])};
        draw.h[1] = gaussian_sample_with(draw.q[1], top);
    }
    return draw;
}

/* E_q[log p(x|h)] and E_q[log q(h|x) - log p(h)] of each example. */
static void expectations(const Bench *b, double fit[N], double kl[N])
{
    int points = 2 * (b->vae.layers == 1 ? LG_WIDTH : LG_WIDTH + 1);
    memset(fit, 0, N * sizeof *fit);
    memset(kl, 0, N * sizeof *kl);
    for (int point = 0; point < points; point++) {
        VaeDraw draw = cubature_draw(b, point);
        const Tensor *log_x = vae_log_likelihood(&b->vae, b->x, draw.h[0]);
        const Tensor *log_p = vae_log_prior(&b->vae, draw.h), *log_q = vae_log_posterior(&draw);
        for (int i = 0; i < N; i++) {
            fit[i] += log_x->value[i] / points;
            kl[i] += (log_q->value[i] - log_p->value[i]) / points;
        }
    }
}

static void test_elbo_and_gap(void)
{
    for (int layers = 1; layers <= 2; layers++) {
        Bench b = bench_begin(layers, true);
        double fit[N], kl[N];
        expectations(&b, fit, kl);
        for (int i = 0; i < N; i++) {
            double gap = lg_kl_to_posterior(&b.vae, b.x->value + i * LG_DIMS);
            CU_ASSERT(gap > 0.01); /* there is something to see */
            CU_ASSERT(fabs(fit[i] - kl[i] + gap - exact(&b, i)) < 1e-10);
            /* planted: the KL with the wrong sign, and left out */
            CU_ASSERT(fabs(fit[i] + kl[i] + gap - exact(&b, i)) > 0.1);
            CU_ASSERT(fabs(fit[i] + gap - exact(&b, i)) > 0.05);
        }
        bench_end(&b);
    }
}

/* The closed form of the KL is the mean of log q - log p; beta weighs it. */
static void test_closed_kl(void)
{
    Bench b = bench_begin(1, true);
    double fit[N], kl[N];
    Rng noise = rng_stream(3, "noise");
    expectations(&b, fit, kl);
    VaeBound bound = vae_elbo(&b.vae, b.x, 0.25, &noise);
    for (int i = 0; i < N; i++) {
        CU_ASSERT(fabs(bound.kl->value[i] - kl[i]) < 1e-12 * fmax(1, kl[i]));
        CU_ASSERT(bound.kl->value[i] > 0);
        double want = bound.fit->value[i] - 0.25 * bound.kl->value[i];
        CU_ASSERT(fabs(bound.bound->value[i] - want) < 1e-12);
    }
    bench_end(&b);
}

/* vae_elbo and the log weights estimate one number: each within 4 standard errors of it (false
 * alarm 6e-5 a comparison, 24 comparisons; the seed is fixed). */
static void test_elbo_and_log_weights_agree(void)
{
    enum { DRAWS = 4000 };
    for (int layers = 1; layers <= 2; layers++) {
        Bench b = bench_begin(layers, true);
        double fit[N], kl[N];
        expectations(&b, fit, kl);
        for (int i = 0; i < N; i++) {
            double sum[2] = {0}, square[2] = {0};
            Rng noise = rng_stream(4, "noise");
            Tensor *one = tensor_slice(b.x, 0, i, i + 1);
            Tensor *many = tensor_detach(tensor_repeat_rows(one, DRAWS));
            const Tensor *value[2] = {vae_elbo(&b.vae, many, 1, &noise).bound,
                                      vae_log_weights(&b.vae, one, DRAWS, &noise)};
            for (int v = 0; v < 2; v++) {
                for (int k = 0; k < DRAWS; k++) {
                    sum[v] += value[v]->value[k];
                    square[v] += value[v]->value[k] * value[v]->value[k];
                }
                double mean = sum[v] / DRAWS;
                double se = sqrt((square[v] / DRAWS - mean * mean) / DRAWS);
                CU_ASSERT(fabs(mean - (fit[i] - kl[i])) < 4 * se);
            }
        }
        bench_end(&b);
    }
}

/* ---------------------------------------------------------------- the ladder */

enum { RUNGS = 9, MOST = 1 << (RUNGS - 1), TIMES = 40 };

/* IWAE-k of the blocks of k draws: rung r has k = 2^r and 2^(RUNGS-1-r) blocks of each example. */
static const Tensor *rung(Tensor *log_w, int r)
{
    return vae_iwae(tensor_reshape(log_w, 2, (int[]){-1, 1 << r}));
}

/* On the same draws: the mean of two halves' bounds is at most the bound of both together. No
 * tolerance: with unequal weights Jensen's inequality is strict. */
static void check_blocks(const Tensor *half, const Tensor *whole)
{
    int broken = 0;
    for (size_t i = 0; i < whole->size; i++)
        broken += !((half->value[2 * i] + half->value[2 * i + 1]) / 2 <= whole->value[i]);
    CU_ASSERT_EQUAL(broken, 0);
}

static void check_mean(const Bench *b, const Tensor *bound, int blocks, double gap[N])
{
    for (int i = 0; i < N; i++) {
        double sum = 0, square = 0;
        for (int j = 0; j < blocks; j++) {
            double value = bound->value[i * blocks + j];
            sum += value / blocks;
            square += value * value / blocks;
        }
        double se = sqrt(fmax(square - sum * sum, 0) / (blocks - 1));
        gap[i] = exact(b, i) - sum;
        CU_ASSERT(gap[i] > -3 * se); /* false alarm below 2e-3 each, and only where the gap is 0 */
    }
}

static void test_ladder(void)
{
    for (int layers = 1; layers <= 2; layers++) {
        Bench b = bench_begin(layers, true);
        Rng noise = rng_stream(6, "ladder");
        tape_record(b.tape, false);
        Tensor *log_w = vae_log_weights(&b.vae, b.x, MOST * TIMES, &noise);
        const Tensor *below = log_w;
        double gap[RUNGS][N];
        check_mean(&b, log_w, MOST * TIMES, gap[0]);
        for (int r = 0; r < RUNGS; r++) {
            const Tensor *bound = rung(log_w, r);
            int blocks = TIMES << (RUNGS - 1 - r);
            if (r == 0) { /* k = 1 is the ELBO's own estimate */
                for (size_t i = 0; i < log_w->size; i++)
                    if (!(fabs(bound->value[i] - log_w->value[i]) < 1e-12))
                        CU_FAIL("IWAE-1 is not log w");
                continue;
            }
            check_blocks(below, bound);
            check_mean(&b, bound, blocks, gap[r]);
            for (int i = 0; i < N; i++)
                CU_ASSERT(gap[r][i] < gap[r - 1][i]);
            below = bound;
        }
        for (int i = 0; i < N; i++) {
            CU_ASSERT(gap[0][i] > 0.01);
            CU_ASSERT(gap[RUNGS - 1][i] < 0.25 * gap[0][i]);
        }
        bench_end(&b);
    }
}

/* ---------------------------------------------------------------- a nonlinear decoder */

enum { BITS = 4, PATTERNS = 1 << BITS };

typedef struct Integrand {
    Vae vae;
    Tape *tape;
    real x[BITS];
    double log_p;
    enum { JOINT, FIT, GAP } what;
} Integrand;

/* At z: p(x, z); q(z|x) log p(x|z); q(z|x) log (q(z|x) / p(z|x)). */
static double at_latent(double z, void *context)
{
    Integrand *in = context;
    small_begin(&in->vae, in->tape);
    Tensor *x = tensor_from(in->tape, 2, (int[]){1, BITS}, in->x);
    VaeDraw draw = {.h = {tensor_fill(in->tape, 2, (int[]){1, 1}, z)}};
    draw.q[0] = vae_encode(&in->vae, x);
    double fit = tensor_item(vae_log_likelihood(&in->vae, x, draw.h[0]));
    double log_joint = fit + tensor_item(vae_log_prior(&in->vae, draw.h));
    double log_q = tensor_item(vae_log_posterior(&draw));
    if (in->what == JOINT)
        return exp(log_joint);
    return exp(log_q) * (in->what == FIT ? fit : log_q - (log_joint - in->log_p));
}

static double integrate(Integrand *in, gsl_integration_workspace *space, int what)
{
    gsl_function f = {at_latent, in};
    double value = NAN, error;
    in->what = what;
    gsl_integration_qag(&f, -12, 12, 1e-11, 1e-11, 1000, GSL_INTEG_GAUSS61, space, &value, &error);
    return value;
}

/* The ELBO with its closed KL; and IWAE with many draws, within 4 standard errors by the delta
 * method (false alarm 6e-5 each, 16 of them; its bias of order 1/k is far smaller). */
static void check_pattern(Integrand *in, double fit, double gap)
{
    enum { K = 4000 };
    LogMean mean = {0};
    Rng noise = rng_stream(8, "noise");
    small_begin(&in->vae, in->tape);
    Tensor *x = tensor_from(in->tape, 2, (int[]){1, BITS}, in->x);
    double kl = tensor_item(gaussian_kl_to_standard(vae_encode(&in->vae, x)));
    CU_ASSERT(fabs(fit - kl + gap - in->log_p) < 1e-8);
    CU_ASSERT(fabs(fit + kl + gap - in->log_p) > 1e-3); /* planted: the KL's sign */
    CU_ASSERT(gap > 0 && fit - kl < in->log_p);
    const Tensor *log_w = vae_log_weights(&in->vae, x, K, &noise);
    for (int k = 0; k < K; k++)
        log_mean_add(&mean, log_w->value[k]);
    CU_ASSERT(fabs(log_mean_value(&mean) - in->log_p) < 4 * log_mean_se(&mean));
}

static void test_nonlinear(void)
{
    SmallVae s = {DATA_BINARY, BITS, 2, 1, {1}, 5};
    Integrand in = {.vae = small_vae(s, 7), .tape = tape_create(kernels_best())};
    gsl_integration_workspace *space = gsl_integration_workspace_alloc(1000);
    double all = 0;
    tape_record(in.tape, false);
    for (size_t i = 0; i < in.vae.out.weight->size; i++)
        in.vae.out.weight->value[i] *= 3; /* a posterior that is far from Gaussian */
    for (int pattern = 0; pattern < PATTERNS; pattern++) {
        for (int j = 0; j < BITS; j++)
            in.x[j] = pattern >> j & 1;
        in.log_p = log(integrate(&in, space, JOINT));
        all += exp(in.log_p);
        double fit = integrate(&in, space, FIT), gap = integrate(&in, space, GAP);
        check_pattern(&in, fit, gap);
    }
    CU_ASSERT(fabs(all - 1) < 1e-9);
    gsl_integration_workspace_free(space);
    tape_free(in.tape);
    model_free_parts(&in.vae.model);
}

const Suite suite = {"chapters/vae bounds",
                     {{"exact posterior: every weight is p(x)", test_exact_posterior},
                      {"ELBO + KL(q || posterior) = log p", test_elbo_and_gap},
                      {"closed KL", test_closed_kl},
                      {"ELBO and log weights agree", test_elbo_and_log_weights_agree},
                      {"the ladder of bounds", test_ladder},
                      {"nonlinear decoder by quadrature", test_nonlinear},
                      {NULL, NULL}}};
