/* The chapter's evaluation on a linear Gaussian model, where every number that it reports is known:
 * bounds and gaps, the KL in two parts (Hoffman & Johnson 2016), active units, the amortisation
 * gap. */
#include "chapters/linear_gaussian.h"
#include "harness/suite.h"
#include "support/memory.h"

#include <stdlib.h>

enum { EXAMPLES = 40, IMPORTANCE = 600 }; /* more than one block of draws */

typedef struct Bench {
    Vae vae;
    Dataset data;
    Options *options;
    Task task;
    LikelihoodReport report;
    uint32_t index[EXAMPLES];
    float point[EXAMPLES * LG_DIMS];
} Bench;

/* The density of the one-layer model, for the data set to know. */
static double log_density(const Dataset *data, const double *x)
{
    (void)data;
    const Vae vae = {.layers = 1};
    const real at[LG_DIMS] = {(real)x[0], (real)x[1], (real)x[2]};
    return lg_log_p(&vae, at);
}

static Bench *bench_begin(Vae vae, const char *amortisation)
{
    static const OptionSpec *const tables[] = {vae_eval_options, NULL};
    char program[] = "vae", *line[] = {program, NULL};
    Bench *b = memory_new(1, sizeof *b);
    Rng rng = rng_stream(2, "data");
    b->vae = vae;
    for (uint32_t i = 0; i < EXAMPLES; i++)
        b->index[i] = i;
    for (int i = 0; i < EXAMPLES * LG_DIMS; i++)
        b->point[i] = (float)rng_normal_one(&rng);
    b->data = (Dataset){.name = "points", .kind = DATA_POINTS, .dims = LG_DIMS, .point = b->point};
    b->data.count[SPLIT_TRAIN] = EXAMPLES;
    b->data.log_density = vae.layers == 1 ? log_density : NULL;
    b->options = options_parse("vae", "", tables, 1, line);
    options_put(b->options, "importance", "600", "the test");
    options_put(b->options, "amortisation", amortisation, "the test");
    b->task = (Task){.data = &b->data, .index = b->index, .examples = EXAMPLES, .quiet = true};
    b->task.tape = tape_create(kernels_best());
    b->task.noise = rng_stream(3, "eval");
    b->task.options = b->options;
    b->report = (LikelihoodReport){.examples = EXAMPLES, .dims = LG_DIMS};
    vae_evaluate(&b->vae.model, &b->task, &b->report);
    return b;
}

static void bench_end(Bench *b)
{
    likelihood_report_clear(&b->report);
    options_free(b->options);
    tape_free(b->task.tape);
    model_free_parts(&b->vae.model);
    free(b);
}

static Vae spoiled(int layers)
{
    Vae vae = lg_vae(layers);
    lg_spoil_encoder(&vae);
    lg_keep_variances_constant(&vae);
    return vae;
}

static const real *example(const Bench *b, int i, real x[LG_DIMS])
{
    for (int d = 0; d < LG_DIMS; d++)
        x[d] = (real)b->point[i * LG_DIMS + d];
    return x;
}

static const LikelihoodPart *part(const Bench *b, const char *name)
{
    for (int i = 0; i < b->report.parts; i++)
        if (strcmp(b->report.part[i].name, name) == 0)
            return &b->report.part[i];
    return NULL;
}

static double part_mean(const Bench *b, const char *name)
{
    const LikelihoodPart *found = part(b, name);
    return found != NULL ? found->mean : NAN;
}

static double mean_of(const double *value)
{
    return likelihood_mean(value, EXAMPLES);
}

/* ---------------------------------------------------------------- the bounds */

static void test_exact_posterior(void)
{
    for (int layers = 1; layers <= 2; layers++) {
        Bench *b = bench_begin(lg_vae(layers), "0");
        const Likelihood *elbo = &b->report.likelihood[0], *iwae = &b->report.likelihood[1];
        CU_ASSERT_STRING_EQUAL(elbo->name, "elbo");
        CU_ASSERT_STRING_EQUAL(iwae->name, "iwae-600");
        CU_ASSERT(elbo->kind == LIKELIHOOD_LOWER_BOUND && iwae->kind == LIKELIHOOD_LOWER_BOUND);
        for (int i = 0; i < EXAMPLES; i++) {
            real x[LG_DIMS];
            double want = lg_log_p(&b->vae, example(b, i, x));
            CU_ASSERT(fabs(elbo->log_prob[i] - want) < 1e-10);
            CU_ASSERT(fabs(iwae->log_prob[i] - want) < 1e-10);
        }
        /* rounding of a difference of squares */
        CU_ASSERT(elbo->se_estimator < 1e-6 && iwae->se_estimator < 1e-6);
        bench_end(b);
    }
}

/* ELBO + KL(q || posterior) = log p on average over the examples, within 4 of the estimator's own
 * standard errors (false alarm 6e-5 a case); ELBO = -reconstruction - KL to the last digits. */
static void test_wrong_posterior(void)
{
    for (int layers = 1; layers <= 2; layers++) {
        Bench *b = bench_begin(spoiled(layers), "0");
        const Likelihood *elbo = &b->report.likelihood[0], *iwae = &b->report.likelihood[1];
        double bound = mean_of(elbo->log_prob), better = mean_of(iwae->log_prob);
        double gap = 0, log_p = 0;
        for (int i = 0; i < EXAMPLES; i++) {
            real x[LG_DIMS];
            gap += lg_kl_to_posterior(&b->vae, example(b, i, x)) / EXAMPLES;
            log_p += lg_log_p(&b->vae, x) / EXAMPLES;
            CU_ASSERT(elbo->log_prob[i] <= iwae->log_prob[i]);
        }
        CU_ASSERT(elbo->se_estimator > 0 && elbo->se_estimator < 0.1);
        CU_ASSERT(fabs(bound + gap - log_p) < 4 * elbo->se_estimator);
        CU_ASSERT(gap > 8 * elbo->se_estimator); /* a missing gap would be seen */
        CU_ASSERT(better < log_p + 4 * iwae->se_estimator);
        CU_ASSERT(better - bound > 0.8 * gap); /* 600 draws of a q that is too narrow */
        double fit = -part_mean(b, "reconstruction"), kl = part_mean(b, "kl");
        CU_ASSERT(fabs(fit - kl - bound) < 1e-10);
        CU_ASSERT(fabs(fit + kl - bound) > 0.1); /* planted: the KL's sign */
        bench_end(b);
    }
}

static void test_true_density(void)
{
    Bench *b = bench_begin(lg_vae(1), "0");
    double want = 0;
    for (int i = 0; i < EXAMPLES; i++) {
        real x[LG_DIMS];
        want += lg_log_p(&b->vae, example(b, i, x)) / EXAMPLES;
    }
    CU_ASSERT(fabs(part_mean(b, "true log p") - want) < 1e-10);
    const LikelihoodPart *gap = part(b, "true log p - model's bound, paired");
    CU_ASSERT_FATAL(gap != NULL);
    CU_ASSERT(fabs(gap->mean) < 1e-10 && gap->se < 1e-10);
    bench_end(b);
}

/* ---------------------------------------------------------------- the KL in two */

/* I_q(x; z) + KL(q(z) || p(z)) is the mean of log q(z_i|x_i) - log p(z_i) over the draws that the
 * evaluation made, recomputed here with the same noise, and, within 4 standard errors, the closed
 * KL (false alarm 6e-5). */
static void test_split(void)
{
    Bench *b = bench_begin(spoiled(1), "0");
    double information = part_mean(b, "mutual information I_q(x;z)");
    double marginal = part_mean(b, "KL(q(z)||p(z))");
    double drawn[EXAMPLES], difference[EXAMPLES];
    Rng noise = rng_at(b->task.noise, (uint64_t)1 << 40);
    for (int i = 0; i < EXAMPLES; i++) {
        real x[LG_DIMS];
        small_begin(&b->vae, b->task.tape);
        Tensor *row = tensor_from(b->task.tape, 2, (int[]){1, LG_DIMS}, example(b, i, x));
        VaeDraw draw = vae_draw(&b->vae, row, 1, &noise);
        drawn[i] = (double)(tensor_item(vae_log_posterior(&draw)) -
                            tensor_item(vae_log_prior(&b->vae, draw.h)));
        difference[i] = drawn[i] - (double)tensor_item(gaussian_kl_to_standard(draw.q[0]));
    }
    CU_ASSERT(fabs(information + marginal - mean_of(drawn)) < 1e-10);
    double se = likelihood_se(difference, EXAMPLES);
    CU_ASSERT(fabs(mean_of(difference)) < 4 * se);
    /* planted: the second part with the wrong sign, or the sum of q(z|x_j) in place of its mean */
    CU_ASSERT(fabs(information - marginal - mean_of(drawn)) > 0.1);
    CU_ASSERT(fabs(information + marginal + log(EXAMPLES) - mean_of(drawn)) > 1);
    CU_ASSERT(information > 0 && information < log(EXAMPLES));
    CU_ASSERT(fabs(part_mean(b, "largest I_q for so many examples") - log(EXAMPLES)) < 1e-12);
    bench_end(b);
    b = bench_begin(spoiled(2), "0");
    CU_ASSERT_PTR_NULL(part(b, "KL(q(z)||p(z))")); /* p(h0) has no closed form there */
    bench_end(b);
}

/* A mixture of the posteriors by its definition, for one number: the mutual information. */
static void test_information(void)
{
    Bench *b = bench_begin(spoiled(1), "0");
    double mean[EXAMPLES][LG_WIDTH], var[LG_WIDTH], z[EXAMPLES][LG_WIDTH], sum = 0;
    Rng noise = rng_at(b->task.noise, (uint64_t)1 << 40);
    for (int i = 0; i < EXAMPLES; i++) {
        real x[LG_DIMS];
        small_begin(&b->vae, b->task.tape);
        Tensor *row = tensor_from(b->task.tape, 2, (int[]){1, LG_DIMS}, example(b, i, x));
        VaeDraw draw = vae_draw(&b->vae, row, 1, &noise);
        for (int j = 0; j < LG_WIDTH; j++) {
            mean[i][j] = (double)draw.q[0].mean->value[j];
            var[j] = exp((double)draw.q[0].logvar->value[j]);
            z[i][j] = (double)draw.h[0]->value[j];
        }
    }
    for (int i = 0; i < EXAMPLES; i++) {
        double own = 0, all = 0;
        for (int k = 0; k < EXAMPLES; k++) {
            double density = 1; /* the common factors cancel */
            for (int j = 0; j < LG_WIDTH; j++)
                density *= exp(-0.5 * pow(z[i][j] - mean[k][j], 2) / var[j]);
            all += density / EXAMPLES;
            own = k == i ? density : own;
        }
        sum += log(own / all);
    }
    CU_ASSERT(fabs(part_mean(b, "mutual information I_q(x;z)") - sum / EXAMPLES) < 1e-10);
    bench_end(b);
}

/* A latent whose mean does not move with the data is not active. */
static void test_active_units(void)
{
    Bench *b = bench_begin(lg_vae(1), "0");
    CU_ASSERT_EQUAL(part_mean(b, "active units"), 2);
    bench_end(b);
    Vae vae = lg_vae(1);
    for (int d = 0; d < LG_DIMS; d++)
        vae.encoder[0].mean.weight->value[d * LG_WIDTH + 1] = 0;
    b = bench_begin(vae, "0");
    CU_ASSERT_EQUAL(part_mean(b, "active units"), 1);
    bench_end(b);
}

/* ---------------------------------------------------------------- the amortisation gap */

/* The best Gaussian q of this model is the posterior: the gap is KL(q || posterior), nothing at the
 * posterior itself. 300 steps of Adam with 10 draws a step leave some hundredths of a nat. */
static void test_amortisation(void)
{
    enum { SOME = 12 };
    Bench *b = bench_begin(lg_vae(1), "12");
    CU_ASSERT(fabs(part_mean(b, "amortisation gap")) < 0.01);
    bench_end(b);
    b = bench_begin(spoiled(1), "12");
    double want = 0;
    for (int i = 0; i < SOME; i++) {
        real x[LG_DIMS];
        want += lg_kl_to_posterior(&b->vae, example(b, i, x)) / SOME;
    }
    CU_ASSERT(want > 0.2);
    CU_ASSERT(fabs(part_mean(b, "amortisation gap") - want) < 0.05);
    CU_ASSERT(!b->vae.model.part[0].params->frozen); /* the weights are free again */
    bench_end(b);
    b = bench_begin(lg_vae(1), "0");
    CU_ASSERT_PTR_NULL(part(b, "amortisation gap"));
    bench_end(b);
}

const Suite suite = {"chapters/vae evaluate",
                     {{"exact posterior", test_exact_posterior},
                      {"wrong posterior", test_wrong_posterior},
                      {"true density", test_true_density},
                      {"the KL in two", test_split},
                      {"mutual information", test_information},
                      {"active units", test_active_units},
                      {"amortisation gap", test_amortisation},
                      {NULL, NULL}}};
