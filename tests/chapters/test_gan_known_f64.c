/* Discriminators trained to the end on distributions of the line, against what they must become.
 * Both distributions are given by their quantiles, so that no draw's noise is in the way. */
#include "05-gan/gan.h"
#include "harness/suite.h"
#include "support/memory.h"
#include "train/optimizer.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>

enum { N = 400, UNITS = 32 };

/* Data N(-1, 0.8^2), samples N(0.7, 0.5^2): they differ, and overlap. */
static const double MEAN[2] = {-1, 0.7}, SD[2] = {0.8, 0.5};

static double density(int which, double x)
{
    return gsl_ran_gaussian_pdf(x - MEAN[which], SD[which]);
}

static double quantile(int which, int i)
{
    return MEAN[which] + gsl_cdf_gaussian_Pinv((i + 0.5) / N, SD[which]);
}

typedef struct Line {
    Params *params;
    Discriminator d;
    Tape *tape;
} Line;

static Line line_create(void)
{
    Line l = {.params = params_create(), .tape = tape_create(kernels_best())};
    GanShape shape = {
        .height = 1, .width = 1, .channels = 1, .layers = 2, .pack = 1, .hidden = {UNITS, UNITS}};
    Rng rng = rng_stream(2, "line");
    l.d = discriminator_create(l.params, &shape, &rng);
    return l;
}

static void line_free(Line *l)
{
    tape_free(l->tape);
    params_free(l->params);
}

/* Full batches, the learning rate going down. Returns E D(x) - E D(y) at the end. */
static double line_train(Line *l, GanLoss loss, double penalty, int steps)
{
    Optimizer *adam = optimizer_create(l->params, optimizer_adam());
    Rng noise = rng_stream(3, "between");
    double gap = 0;
    for (int s = 0; s < steps; s++) {
        tape_reset(l->tape);
        params_bind(l->params, l->tape);
        Tensor *x = tensor_new_matrix(l->tape, N, 1), *y = tensor_new_matrix(l->tape, N, 1);
        for (int i = 0; i < N; i++) {
            x->value[i] = quantile(0, i);
            y->value[(i * 171 + s) % N] = quantile(1, i); /* 171 and 400 have no common divisor */
        }
        Tensor *real_logit = discriminator_forward(&l->d, x, NULL);
        Tensor *fake_logit = discriminator_forward(&l->d, y, NULL);
        Tensor *all = gan_discriminator_loss(loss, real_logit, fake_logit);
        if (penalty > 0) {
            Tensor *between = gan_between(x, y, 1, &noise);
            Tensor *logit = discriminator_forward(&l->d, between, NULL);
            all = tensor_add(all, gan_penalty_one(logit, between, penalty).surrogate);
        }
        tape_backward(all);
        optimizer_update(adam, 1e-2 * 0.5 * (1 + cos(M_PI * s / steps)));
        gap = tensor_mean_value(real_logit) - tensor_mean_value(fake_logit);
    }
    optimizer_free(adam);
    return gap;
}

/* -log of the mean: p log(2p/(p+q)) + q log(2q/(p+q)), twice the integrand of JSD. */
static double divergence(double x, void *unused)
{
    (void)unused;
    double p = density(0, x), q = density(1, x), sum = p + q;
    return (p > 0 ? p * log(2 * p / sum) : 0) + (q > 0 ? q * log(2 * q / sum) : 0);
}

/* D = p / (p + q), and -loss = 2 JSD - log 4 (Goodfellow et al. 2014, proposition 1, theorem 1). */
static void test_optimal_discriminator(void)
{
    enum { GRID = 81 };
    Line l = line_create();
    line_train(&l, GAN_NON_SATURATING, 0, 1500);
    tape_reset(l.tape);
    params_bind(l.params, l.tape);
    Tensor *at = tensor_new_matrix(l.tape, GRID, 1);
    for (int i = 0; i < GRID; i++)
        at->value[i] = -4 + 7.0 * i / (GRID - 1);
    const Tensor *d = tensor_sigmoid(discriminator_forward(&l.d, at, NULL));
    double apart = 0, value = 0, step = 7.0 / (GRID - 1);
    for (int i = 0; i < GRID; i++) {
        double p = density(0, at->value[i]), q = density(1, at->value[i]);
        apart += step * 0.5 * (p + q) * fabs(d->value[i] - p / (p + q));
        value += step * (p * log(d->value[i]) + q * log1p(-d->value[i]));
    }
    double jsd2, error;
    gsl_integration_workspace *work = gsl_integration_workspace_alloc(1000);
    gsl_integration_qag(&(gsl_function){divergence, NULL}, -8, 8, 1e-10, 1e-10, 1000,
                        GSL_INTEG_GAUSS31, work, &jsd2, &error);
    gsl_integration_workspace_free(work);
    CU_ASSERT(jsd2 > 0.5 && jsd2 < log(4)); /* they differ, and overlap */
    CU_ASSERT(apart < 0.01);
    CU_ASSERT(fabs(value - (jsd2 - log(4))) < 0.01);
    line_free(&l);
}

/* The gap of a critic whose slope is held at 1 is the Wasserstein distance, the mean distance of
 * sorted points. A finite weight lets slopes pass 1 a little, so the gap lies above, by a part that
 * falls with the weight: 50 leaves a few per cent. */
static void test_wasserstein(void)
{
    Line l = line_create();
    double exact = 0, gap;
    for (int i = 0; i < N; i++)
        exact += fabs(quantile(0, i) - quantile(1, i)) / N;
    gap = line_train(&l, GAN_WASSERSTEIN, 50, 1000);
    CU_ASSERT(exact > 1.6);
    CU_ASSERT(fabs(gap / exact - 1) < 0.03);
    line_free(&l);
}

const Suite suite = {"chapters/gan_known",
                     {{"the best discriminator", test_optimal_discriminator},
                      {"the Wasserstein distance", test_wasserstein},
                      {NULL, NULL}}};
