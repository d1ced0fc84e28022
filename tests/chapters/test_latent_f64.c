/* Latent diffusion: what steers it and what does not, guidance, the U-Net that looks at words,
 * gradients, units. */
#include "07-clip-ldm/latent.h"
#include "harness/suite.h"
#include "support/memory.h"
#include "train/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 3 };

typedef struct Small {
    Options *options;
    Dataset *data;
    LatentDiffusion *m;
    Tape *tape;
} Small;

/* Weights that start at zero get some size too. */
static void stir(Params *params)
{
    Rng rng = rng_stream(2, "stir");
    for (int i = 0; i < params->count; i++)
        for (size_t j = 0; params->trained[i] && j < params->tensor[i]->size; j++)
            params->tensor[i]->value[j] += 0.05 * rng_normal_one(&rng);
    params_touch(params);
}

static Small small_new(const char *condition)
{
    RunTables tables = run_tables(&latent_family);
    char *argv[] = {"train", "--channels", "8,16", "--condition", (char *)condition};
    Small s = {.options = options_parse("train", "test", tables.table, 5, argv)};
    s.data = dataset_load("shapes");
    options_put(s.options, "embedding", "8", "test");
    options_put(s.options, "pixel-channels", "8", "test");
    latent_family.defaults(s.options, s.data);
    s.m = (LatentDiffusion *)latent_family.create(s.options, s.data, 1);
    for (int i = 0; i < LATENT_DIMS; i++)
        s.m->scale->value[i] = 1;
    stir(s.m->model.part[0].params);
    s.tape = tape_create(kernels_best());
    return s;
}

static void small_free(Small *s)
{
    tape_free(s->tape);
    latent_family.destroy(&s->m->model);
    dataset_free(s->data);
    options_free(s->options);
}

static Tensor *noise_on(Tape *tape, int rows, int columns, const char *name)
{
    Rng rng = rng_stream(3, name);
    Tensor *a = tensor_new_matrix(tape, rows, columns);
    rng_normal(&rng, a->value, a->size);
    return a;
}

static Sentence said(const Small *s, const char *text)
{
    return sentence_of(s->m->world, text);
}

static double largest_difference(const Tensor *a, const Tensor *b)
{
    double most = 0;
    for (size_t i = 0; i < a->size; i++)
        most = fmax(most, fabs(a->value[i] - b->value[i]));
    return most;
}

static void begin(Small *s)
{
    tape_reset(s->tape);
    model_bind(&s->m->model, s->tape);
}

/* With both conditions: the sentence matters; a row's sentence matters to its row alone. */
static void test_steered(void)
{
    static const char *const condition[] = {"pooled", "tokens"};
    for (int c = 0; c < 2; c++) {
        Small s = small_new(condition[c]);
        begin(&s);
        Sentence one[ROWS], other[ROWS];
        for (int i = 0; i < ROWS; i++)
            one[i] = other[i] = said(&s, "a red circle");
        other[1] = said(&s, "a big blue square at the bottom");
        Tensor *z = noise_on(s.tape, ROWS, LATENT_DIMS, "z");
        Tensor *at = tensor_fill(s.tape, 2, (int[]){1, 1}, 400);
        Condition a = condition_of_sentences(s.m, s.tape, one, ROWS);
        Condition b = condition_of_sentences(s.m, s.tape, other, ROWS);
        Tensor *f = latent_forward(s.m, z, at, &a), *g = latent_forward(s.m, z, at, &b);
        CU_ASSERT((c == 1) == (a.words != NULL));
        double rows[ROWS] = {0};
        for (size_t i = 0; i < f->size; i++)
            rows[i / LATENT_DIMS] += fabs(f->value[i] - g->value[i]);
        CU_ASSERT(rows[0] < 1e-9 && rows[2] < 1e-9 && rows[1] > 1e-3);
        small_free(&s);
    }
}

/* Guidance 0 is the conditional model; a guess is affine in w; without a condition w changes
 * nothing.
 */
static void test_guidance(void)
{
    Small s = small_new("tokens");
    begin(&s);
    tape_record(s.tape, false);
    Sentence one[ROWS];
    for (int i = 0; i < ROWS; i++)
        one[i] = said(&s, "작은 빨간 원");
    Condition c = condition_of_sentences(s.m, s.tape, one, ROWS);
    Tensor *z = noise_on(s.tape, ROWS, LATENT_DIMS, "z");
    double level = noise_level(s.m->schedule, 500);
    double levels[ROWS] = {level, level, level};
    const double alpha = level_alpha(level), sigma = level_sigma(level);
    Tensor *at = tensor_fill(s.tape, 2, (int[]){1, 1}, 500);
    Tensor *v = latent_forward(s.m, z, at, &c),
           *free_of = latent_forward(s.m, z, at, &(Condition){0});
    Guess guess[3];
    for (int w = 0; w < 3; w++) {
        LatentPredictor p = latent_predictor(s.m, &c, w);
        guess[w] = p.predictor.guess(&p.predictor, z, levels, NULL);
    }
    double conditional = 0, affine = 0, agree = 0;
    for (size_t i = 0; i < z->size; i++) {
        conditional = fmax(
            conditional, fabs(guess[0].x0->value[i] - (alpha * z->value[i] - sigma * v->value[i])));
        double one_step = guess[1].x0->value[i] - guess[0].x0->value[i];
        agree = fmax(agree, fabs(one_step + sigma * (v->value[i] - free_of->value[i])));
        affine = fmax(affine, fabs(guess[2].x0->value[i] - guess[1].x0->value[i] - one_step));
    }
    CU_ASSERT(conditional < 1e-9);
    CU_ASSERT(agree < 1e-9);
    CU_ASSERT(affine < 1e-9);
    CU_ASSERT(largest_difference(guess[1].x0, guess[0].x0) > 1e-4);
    LatentPredictor none = latent_predictor(s.m, &(Condition){0}, 0);
    LatentPredictor strong = latent_predictor(s.m, &(Condition){0}, 2);
    Guess a = none.predictor.guess(&none.predictor, z, levels, NULL);
    Guess b = strong.predictor.guess(&strong.predictor, z, levels, NULL);
    CU_ASSERT(largest_difference(a.x0, b.x0) < 1e-9);
    small_free(&s);
}

/* x = alpha x0 + sigma noise holds for every guess. */
static void test_guess(void)
{
    Small s = small_new("pooled");
    begin(&s);
    Tensor *z = noise_on(s.tape, ROWS, LATENT_DIMS, "z");
    for (int t = 1; t <= 1000; t += 333) {
        double level = noise_level(s.m->schedule, t), levels[ROWS] = {level, level, level};
        LatentPredictor p = latent_predictor(s.m, &(Condition){0}, 0);
        Guess g = p.predictor.guess(&p.predictor, z, levels, NULL);
        double worst = 0;
        for (size_t i = 0; i < z->size; i++)
            worst = fmax(worst, fabs(level_alpha(level) * g.x0->value[i] +
                                     level_sigma(level) * g.noise->value[i] - z->value[i]));
        CU_ASSERT(worst < 1e-9);
    }
    small_free(&s);
}

/* Latents are decoded in the units in which they were encoded. */
static void test_units(void)
{
    Small s = small_new("pooled");
    begin(&s);
    for (int i = 0; i < LATENT_DIMS; i++) {
        s.m->scale->value[i] = 0.3 + i % 4;
        s.m->center->value[i] = -0.2 * (i % 4);
    }
    Tensor *x = tensor_new_matrix(s.tape, 2, s.data->dims);
    dataset_fetch_range(s.data, SPLIT_TEST, 0, 2, NULL, x->value, NULL, NULL);
    Tensor *mean = autoencoder_encode(&s.m->autoencoder, x).mean;
    Tensor *z0 = latent_of_pictures(s.m, x);
    CU_ASSERT(largest_difference(z0, mean) > 1e-3);
    CU_ASSERT(largest_difference(latent_to_pictures(s.m, z0),
                                 autoencoder_decode(&s.m->autoencoder, mean)) < 1e-9);
    small_free(&s);
}

/* The parts that came before take no gradient and stay as they are; what reads the words learns. */
static void test_training(void)
{
    Small s = small_new("tokens");
    begin(&s);
    uint32_t example[ROWS] = {0, 1, 2};
    double logged[4];
    Step step = {.tape = s.tape, .example = example, .steps = 10, .learning_rate = 1e-3};
    step.noise = rng_stream(1, "noise");
    step.x = tensor_new_matrix(s.tape, ROWS, s.data->dims);
    dataset_fetch(s.data, SPLIT_TRAIN, example, ROWS, NULL, step.x->value, NULL, NULL);
    real decoder = s.m->autoencoder.out.weight->value[5];
    real before = s.m->clip.image_out.weight->value[5], own = s.m->given.weight->value[5];
    real reader = s.m->reader[0].qkv.weight->value[5];
    latent_family.train_step(&s.m->model, &step, logged);
    CU_ASSERT(isfinite(logged[0]) && logged[0] > 0);
    CU_ASSERT_EQUAL(s.m->clip.image_out.weight->value[5], before);
    CU_ASSERT_EQUAL(s.m->autoencoder.out.weight->value[5], decoder);
    CU_ASSERT(s.m->given.weight->value[5] != own);
    CU_ASSERT(s.m->reader[0].qkv.weight->value[5] != reader);
    CU_ASSERT(!s.m->clip.image_out.weight->has_grad);
    small_free(&s);
}

/* ---------------------------------------------------------------- the U-Net that looks at tokens
 */

enum { TOKENS = 4, CONTEXT = 6, EMBEDDING = 12, SIDE = 4 };

typedef struct Looking {
    Params *params;
    Tape *tape;
    UNet net;
    int mask[2 * TOKENS];
} Looking;

static Tensor *look(Looking *l, const char *token_name)
{
    tape_reset(l->tape);
    params_bind(l->params, l->tape);
    Tensor *x =
        tensor_reshape(noise_on(l->tape, 2, SIDE * SIDE, "x"), 4, (int[]){2, SIDE, SIDE, 1});
    Tensor *token = tensor_reshape(noise_on(l->tape, 2 * TOKENS, CONTEXT, token_name), 3,
                                   (int[]){2, TOKENS, CONTEXT});
    UNetContext context = {token, l->mask};
    return unet_forward_given(&l->net, x, noise_on(l->tape, 2, EMBEDDING, "e"), &context);
}

static Looking looking_new(void)
{
    Rng rng = rng_stream(1, "weights");
    Looking l = {.params = params_create(),
                 .tape = tape_create(kernels_best()),
                 .mask = {1, 1, 0, 1, 1, 0, 0, 0}};
    l.net = unet_create(l.params, "net",
                        (UNetShape){.fold = 1,
                                    .channels = 1,
                                    .levels = 2,
                                    .width = {8, 16},
                                    .embedding = EMBEDDING,
                                    .context = CONTEXT},
                        &rng);
    stir(l.params);
    return l;
}

static double uneven_sum(Looking *l, Tensor **loss)
{
    Tensor *y = look(l, "token");
    Tensor *uneven = tensor_reshape(noise_on(l->tape, 2, SIDE * SIDE, "uneven"), 4, y->shape);
    *loss = tensor_sum(tensor_mul(y, uneven));
    return tensor_item(*loss);
}

static void test_cross_gradients(void)
{
    Looking l = looking_new();
    double worst = 0;
    int cross = 0;
    for (int i = 0; i < l.params->count; i++) {
        Tensor *weight = l.params->tensor[i], *loss;
        size_t j = weight->size / 3;
        cross += strstr(weight->name, "cross") != NULL;
        uneven_sum(&l, &loss);
        tape_backward(loss);
        double gradient = weight->grad[j], kept = weight->value[j];
        weight->value[j] = kept + 1e-5;
        double up = uneven_sum(&l, &loss);
        weight->value[j] = kept - 1e-5;
        double down = uneven_sum(&l, &loss), slope = (up - down) / 2e-5;
        weight->value[j] = kept;
        worst = fmax(worst, fabs(slope - gradient) / fmax(1, fabs(slope)));
    }
    CU_ASSERT_EQUAL(cross, 3 * 10); /* bottom and two levels: a norm and four layers of two each */
    CU_ASSERT(worst < 1e-6);
    tape_free(l.tape);
    params_free(l.params);
}

/* Tokens that are masked do not matter; others do. */
static void test_cross_mask(void)
{
    Looking l = looking_new();
    enum { NUMBERS = 2 * SIDE * SIDE };
    double first[NUMBERS], second[NUMBERS];
    Tensor *y = look(&l, "token");
    memcpy(first, y->value, sizeof first);
    y = look(&l, "other token");
    memcpy(second, y->value, sizeof second);
    double moved = 0;
    for (int i = 0; i < NUMBERS; i++)
        moved = fmax(moved, fabs(first[i] - second[i]));
    CU_ASSERT(moved > 1e-4);
    l.mask[2] = 1;
    y = look(&l, "token");
    double here = 0, there = 0;
    for (int i = 0; i < NUMBERS; i++) {
        double change = fabs(first[i] - y->value[i]);
        here = i < NUMBERS / 2 ? fmax(here, change) : here;
        there = i >= NUMBERS / 2 ? fmax(there, change) : there;
    }
    CU_ASSERT(here > 1e-5 && there < 1e-12); /* the token now seen belongs to the first picture */
    tape_free(l.tape);
    params_free(l.params);
}

const Suite suite = {"chapters/latent",
                     {{"a sentence steers its own row", test_steered},
                      {"guidance", test_guidance},
                      {"guesses agree with what they are of", test_guess},
                      {"latents and pictures in one unit", test_units},
                      {"a step trains the U-Net alone", test_training},
                      {"cross-attention: gradients", test_cross_gradients},
                      {"cross-attention: masked tokens", test_cross_mask},
                      {NULL, NULL}}};
