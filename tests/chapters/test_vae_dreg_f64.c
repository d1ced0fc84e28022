/* The doubly reparameterized gradient (Tucker et al. 2019, arXiv:1810.04152, eq. 8): no noise at
 * the exact posterior, the decoder's gradient that of IWAE, the encoder's that of IWAE in the mean,
 * and for every draw the one that eq. 8 says, computed in one sweep. */
#include "chapters/linear_gaussian.h"
#include "harness/suite.h"
#include "support/memory.h"

#include <stdlib.h>

enum { K = 4 };

/* All trained weights' gradients one after the other; those of the encoder come first. */
static size_t encoder_numbers(const Vae *vae)
{
    const Params *params = vae->model.part[0].params;
    size_t n = 0;
    for (int i = 0; i < params->count; i++)
        if (small_in_encoder(params->tensor[i]->name))
            n += params->tensor[i]->size;
    return n;
}

static void collect(const Vae *vae, double *gradient)
{
    const Params *params = vae->model.part[0].params;
    for (int encoder = 1; encoder >= 0; encoder--)
        for (int i = 0; i < params->count; i++) {
            const Tensor *weight = params->tensor[i];
            if (!params->trained[i] || small_in_encoder(weight->name) != (encoder == 1))
                continue;
            for (size_t j = 0; j < weight->size; j++)
                *gradient++ = weight->has_grad ? weight->grad[j] : 0;
        }
}

/* ---------------------------------------------------------------- three estimators */

typedef Tensor *Estimator(const Vae *vae, Tensor *x, Rng *noise);

static Tensor *dreg(const Vae *vae, Tensor *x, Rng *noise)
{
    return vae_dreg_backward(vae, x, K, noise);
}

static Tensor *iwae(const Vae *vae, Tensor *x, Rng *noise)
{
    Tensor *bound = vae_iwae(vae_log_weights(vae, x, K, noise));
    tape_backward(tensor_neg(tensor_mean(bound)));
    return bound;
}

/* log w_k where q's weights act through the samples alone: its own parameters are held still. */
static Tensor *log_weights_by_path(const Vae *vae, Tensor *x, Rng *noise)
{
    VaeDraw draw = vae_draw(vae, x, K, noise), still = {.h = {draw.h[0], draw.h[1]}};
    still.q[0] = gaussian_detach(draw.q[0]);
    if (vae->layers == 2) {
        const GaussianNet *top = &vae->encoder[1];
        Tensor *hidden = draw.h[0];
        for (int i = 0; i < top->hidden.layers; i++) {
            const Linear *layer = &top->hidden.layer[i];
            hidden = tensor_linear(hidden, tensor_detach(layer->weight), tensor_detach(layer->bias),
                                   layer->activation);
        }
        still.q[1].mean = tensor_linear(hidden, tensor_detach(top->mean.weight),
                                        tensor_detach(top->mean.bias), ACTIVATION_NONE);
        still.q[1].logvar = tensor_linear(hidden, tensor_detach(top->logvar.weight),
                                          tensor_detach(top->logvar.bias), ACTIVATION_NONE);
    }
    Tensor *log_joint =
        tensor_add(vae_log_likelihood(vae, x, draw.h[0]), vae_log_prior(vae, draw.h));
    Tensor *log_w = tensor_sub(log_joint, vae_log_posterior(&still));
    return tensor_reshape(log_w, 2, (int[]){tensor_rows(x), K});
}

static void by_path(Tensor *log_w, bool squared)
{
    const Tensor *w = tensor_softmax(tensor_detach(log_w));
    real *seed = memory_new(w->size, sizeof *seed);
    for (size_t i = 0; i < w->size; i++)
        seed[i] = -(squared ? w->value[i] * w->value[i] : w->value[i]) / tensor_rows(log_w);
    tape_backward_seeded(log_w, seed);
    free(seed);
}

/* Eq. 8 word by word; its decoder gradient is not the one wanted. */
static Tensor *equation_8(const Vae *vae, Tensor *x, Rng *noise)
{
    Tensor *log_w = log_weights_by_path(vae, x, noise);
    by_path(log_w, true);
    return vae_iwae(log_w);
}

/* Planted: the weights not squared. Right for k = 1 only. */
static Tensor *not_squared(const Vae *vae, Tensor *x, Rng *noise)
{
    Tensor *log_w = log_weights_by_path(vae, x, noise);
    by_path(log_w, false);
    return vae_iwae(log_w);
}

/* ---------------------------------------------------------------- for every draw */

typedef struct Case {
    Vae vae;
    Tape *tape;
    size_t encoder, all;
} Case;

static Case case_of(Vae vae)
{
    Case c = {.vae = vae, .tape = tape_create(kernels_best())};
    c.encoder = encoder_numbers(&vae);
    c.all = params_numbers(vae.model.part[0].params);
    return c;
}

static void case_end(Case *c)
{
    tape_free(c->tape);
    model_free_parts(&c->vae.model);
}

static void estimate(const Case *c, Estimator *estimator, int n, uint64_t draw, double *gradient)
{
    Rng noise = rng_at(rng_stream(21, "noise"), draw);
    small_begin(&c->vae, c->tape);
    estimator(&c->vae, small_data(&c->vae, c->tape, n, 2), &noise);
    collect(&c->vae, gradient);
}

static double largest(const double *a, const double *b, size_t from, size_t to)
{
    double gap = 0;
    for (size_t i = from; i < to; i++) {
        double here = fabs(a[i] - (b != NULL ? b[i] : 0));
        gap = isnan(gap) || here <= gap ? gap : here;
    }
    return gap;
}

static void test_exact_posterior(void)
{
    for (int layers = 1; layers <= 2; layers++) {
        Case c = case_of(lg_vae(layers));
        double *g = memory_new(c.all, sizeof *g);
        for (uint64_t draw = 0; draw < 50; draw++) {
            estimate(&c, dreg, 1, draw, g);
            CU_ASSERT(largest(g, NULL, 0, c.encoder) < 1e-10);
            CU_ASSERT(largest(g, NULL, c.encoder, c.all) > 1e-3); /* the decoder's is not zero */
            estimate(&c, iwae, 1, draw, g);
            CU_ASSERT(largest(g, NULL, 0, c.encoder) > 1e-3); /* planted: IWAE's own has noise */
        }
        free(g);
        case_end(&c);
    }
}

static const SmallVae models[] = {
    {DATA_BINARY, 5, 2, 1, {2}, 4}, {DATA_BINARY, 5, 2, 2, {3, 2}, 4},
    {DATA_GREY, 4, 8, 1, {2}, 4},   {DATA_GREY, 4, 8, 2, {3, 2}, 4},
    {DATA_POINTS, 3, 0, 1, {2}, 4}, {DATA_POINTS, 3, 0, 2, {3, 2}, 4}};
enum { MODELS = sizeof models / sizeof *models };

static void test_each_draw(void)
{
    for (int m = 0; m < MODELS; m++) {
        Case c = case_of(small_vae(models[m], 31));
        double *a = memory_new(c.all, sizeof *a), *b = memory_new(c.all, sizeof *b);
        for (uint64_t draw = 0; draw < 10; draw++) {
            estimate(&c, dreg, 3, draw, a);
            estimate(&c, iwae, 3, draw, b);
            CU_ASSERT(largest(a, b, c.encoder, c.all) < 1e-12);
            CU_ASSERT(largest(a, b, 0, c.encoder) > 1e-4);
            estimate(&c, equation_8, 3, draw, b);
            CU_ASSERT(largest(a, b, 0, c.encoder) < 1e-12);
            estimate(&c, not_squared, 3, draw, b);
            CU_ASSERT(largest(a, b, 0, c.encoder) > 1e-4);
        }
        free(a);
        free(b);
        case_end(&c);
    }
}

static void test_bounds_returned(void)
{
    for (int m = 0; m < MODELS; m++) {
        Case c = case_of(small_vae(models[m], 31));
        real bound[3];
        Rng noise = rng_stream(21, "noise");
        small_begin(&c.vae, c.tape);
        memcpy(bound, dreg(&c.vae, small_data(&c.vae, c.tape, 3, 2), &noise)->value, sizeof bound);
        noise = rng_stream(21, "noise");
        small_begin(&c.vae, c.tape);
        const Tensor *want = iwae(&c.vae, small_data(&c.vae, c.tape, 3, 2), &noise);
        for (int i = 0; i < 3; i++)
            CU_ASSERT(fabs(bound[i] - want->value[i]) < 1e-12);
        case_end(&c);
    }
}

/* ---------------------------------------------------------------- in the mean */

/* The largest |mean| / standard error over the encoder's weights of the difference between two
 * estimators on the same noise, over batches of copies of the data. */
static double largest_score(const Case *c, Estimator *first, Estimator *second)
{
    enum { BATCHES = 400, ROWS = 64 };
    double *a = memory_new(c->all, sizeof *a), *b = memory_new(c->all, sizeof *b);
    double *sum = memory_new(c->all, sizeof *sum), *square = memory_new(c->all, sizeof *square);
    double worst = 0;
    for (uint64_t batch = 0; batch < BATCHES; batch++) {
        estimate(c, first, ROWS, 1000 + batch, a);
        estimate(c, second, ROWS, 1000 + batch, b);
        for (size_t i = 0; i < c->encoder; i++) {
            sum[i] += a[i] - b[i];
            square[i] += (a[i] - b[i]) * (a[i] - b[i]);
        }
    }
    for (size_t i = 0; i < c->encoder; i++) {
        double mean = sum[i] / BATCHES;
        double se = sqrt((square[i] / BATCHES - mean * mean) / (BATCHES - 1));
        double score = fabs(mean) / se;
        worst = isnan(worst) || score <= worst ? worst : score;
    }
    free(a);
    free(b);
    free(sum);
    free(square);
    return worst;
}

/* 4 standard errors, 6e-5 a weight; at most 50 weights a case: false alarm 3e-3 a case, and the
 * seed is fixed. The wrong estimator shows at the same number of draws. */
static void check_mean(Vae vae)
{
    Case c = case_of(vae);
    CU_ASSERT(largest_score(&c, dreg, iwae) < 4);
    CU_ASSERT(largest_score(&c, not_squared, iwae) > 8);
    case_end(&c);
}

static void test_mean_of_linear(void)
{
    for (int layers = 1; layers <= 2; layers++) {
        Vae vae = lg_vae(layers);
        lg_spoil_encoder(&vae);
        check_mean(vae);
    }
}

static void test_mean_of_nonlinear(void)
{
    check_mean(small_vae(models[0], 31));
    check_mean(small_vae(models[1], 31));
}

const Suite suite = {"chapters/vae dreg",
                     {{"no noise at the exact posterior", test_exact_posterior},
                      {"each draw: decoder as IWAE, encoder as eq. 8", test_each_draw},
                      {"the bounds returned", test_bounds_returned},
                      {"mean: linear Gaussian", test_mean_of_linear},
                      {"mean: nonlinear, binary", test_mean_of_nonlinear},
                      {NULL, NULL}}};
