/* A VAE whose posterior is a flow, in double: its weights average to the p(x) that an integral over
 * the latent gives; its bound; options that do not mix. */
#include "02-vae/vae.h"
#include "metric/likelihood.h"
#include "train/run_child.h"

#include <gsl/gsl_math.h>
#include <math.h>

typedef struct Fixture {
    Vae *vae;
    Dataset *data;
    Options *options;
    Tape *tape;
} Fixture;

static Fixture begin(const char *words, int steps)
{
    enum { BATCH = 32 };
    Fixture f = {.data = dataset_load("bars-2"), .tape = tape_create(kernels_best())};
    f.options = run_parse_of(&vae_family, "unused", words);
    vae_family.defaults(f.options, f.data);
    f.vae = (Vae *)vae_family.create(f.options, f.data, 1);
    for (int s = 0; s < steps; s++) {
        double logged[FAMILY_MOST_COLUMNS];
        tape_reset(f.tape);
        params_bind(f.vae->model.part[0].params, f.tape);
        Step step = {.tape = f.tape,
                     .x = tensor_new_matrix(f.tape, BATCH, f.data->dims),
                     .index = s,
                     .steps = steps,
                     .learning_rate = 2e-2,
                     .noise = rng_at(rng_stream(2, "vae flow"), (uint64_t)s)};
        dataset_fetch_range(f.data, SPLIT_TRAIN, 0, BATCH, NULL, step.x->value, NULL, NULL);
        vae_family.train_step(&f.vae->model, &step, logged);
    }
    tape_reset(f.tape);
    tape_record(f.tape, false);
    params_bind(f.vae->model.part[0].params, f.tape);
    return f;
}

static void end(Fixture *f)
{
    vae_family.destroy(&f->vae->model);
    options_free(f->options);
    dataset_free(f->data);
    tape_free(f->tape);
}

static Tensor *example(const Fixture *f)
{
    Tensor *x = tensor_new_matrix(f->tape, 1, f->data->dims);
    dataset_fetch_range(f->data, SPLIT_TEST, 0, 1, NULL, x->value, NULL, NULL);
    return x;
}

/* The integral of p(z) p(x|z) over a square of the latent plane, by midpoints. */
static double log_prob_by_grid(const Fixture *f, Tensor *x)
{
    enum { CELLS = 400 };
    const double reach = 7;
    Tensor *z = tensor_new_matrix(f->tape, CELLS * CELLS, 2);
    for (int i = 0; i < CELLS * CELLS; i++) {
        z->value[2 * i] = reach * ((2 * (i % CELLS) + 1.0) / CELLS - 1);
        z->value[2 * i + 1] = reach * ((2 * (i / CELLS) + 1.0) / CELLS - 1);
    }
    const Tensor *fit = vae_log_likelihood(f->vae, x, z);
    const Tensor *prior = gaussian_log_prob_standard(z);
    LogMean mean = {0};
    for (int i = 0; i < CELLS * CELLS; i++)
        log_mean_add(&mean, fit->value[i] + prior->value[i]);
    return log_mean_value(&mean) + log(4 * reach * reach);
}

static void test_weights(void)
{
    enum { K = 50000 };
    Fixture f =
        begin("--latent 2 --hidden 12 --posterior flow --flow-layers 3 --flow-hidden 6", 60);
    Tensor *x = example(&f);
    Rng noise = rng_stream(3, "weights");
    const Tensor *log_w = vae_log_weights(f.vae, x, K, &noise);
    LogMean mean = {0};
    double sum = 0;
    for (int i = 0; i < K; i++) {
        log_mean_add(&mean, log_w->value[i]);
        sum += log_w->value[i] / K;
    }
    double exact = log_prob_by_grid(&f, x);
    CU_ASSERT(fabs(log_mean_value(&mean) - exact) < 4 * log_mean_se(&mean));
    CU_ASSERT(log_mean_se(&mean) < 0.02);
    CU_ASSERT(sum < exact); /* the ELBO */
    end(&f);
}

/* fit - kl has the mean of log w: the same bound, in other words. The flow does something. */
static void test_bound(void)
{
    Fixture f =
        begin("--latent 2 --hidden 12 --posterior flow --flow-layers 3 --flow-hidden 6", 60);
    Tensor *x = example(&f);
    Rng one = rng_stream(4, "bound"), two = one;
    VaeBound b = vae_elbo(f.vae, x, 1, &one);
    const Tensor *log_w = vae_log_weights(f.vae, x, 1, &two);
    CU_ASSERT(fabs(tensor_item(b.bound) - log_w->value[0]) < 1e-10);
    one = rng_stream(4, "bound");
    VaeDraw draw = vae_draw(f.vae, x, 1, &one);
    CU_ASSERT(fabs(draw.log_det->value[0]) > 1e-3);
    const FlowResult back = flow_inverse_given(&f.vae->flow, draw.h[0], vae_flow_context(f.vae, x));
    for (int j = 0; j < 2; j++)
        CU_ASSERT(fabs(back.value->value[j] - draw.start->value[j]) < 1e-10);
    /* The flow itself depends on x: the same start goes elsewhere under another image's context. */
    Tensor *y = tensor_new_matrix(f.tape, 1, f.data->dims);
    dataset_fetch_range(f.data, SPLIT_TEST, 1, 1, NULL, y->value, NULL, NULL);
    const FlowResult other =
        flow_forward_given(&f.vae->flow, draw.start, vae_flow_context(f.vae, y));
    for (int j = 0; j < 2; j++)
        CU_ASSERT(fabs(other.value->value[j] - draw.h[0]->value[j]) > 1e-3);
    CU_ASSERT(fabs(other.log_det->value[0] - draw.log_det->value[0]) > 1e-4);
    end(&f);
}

static void make(void *context)
{
    Fixture f = begin(context, 0);
    end(&f);
}

static void test_bad_input(void)
{
    static const char *const wrong[4] = {
        "--latent 4,2 --posterior flow", "--latent 1 --posterior flow",
        "--latent 2 --posterior flow --objective iwae --dreg", "--latent 2 --flow-layers 3"};
    static const char *const says[4] = {
        "--posterior flow: is for one layer of at least two latents",
        "--posterior flow: is for one layer of at least two latents",
        "--dreg: its gradient is written for Gaussian posteriors",
        "--flow-layers, --flow-hidden: belong to --posterior flow"};
    for (int i = 0; i < 4; i++) {
        ChildResult result = child_run(make, (void *)wrong[i]);
        CU_ASSERT(child_said(&result, 2, says[i]));
    }
}

const Suite suite = {"chapters/vae_flow",
                     {{"options that do not mix", test_bad_input}, /* before there are threads */
                      {"weights average to p(x)", test_weights},
                      {"bound and flow", test_bound},
                      {NULL, NULL}}};
