/* The pieces of the game: penalties and their gradients, packing, who moves in which step, the
 * Dirac GAN. */
#include "chapters/small_gan.h"

#include "05-gan/gan_dirac.h"

#include <math.h>

/* ---------------------------------------------------------------- penalties */

typedef struct Case {
    const char *data, *words;
    int n;
} Case;

static const Case cases[] = {{"bars-3", "--hidden 6,5", 6},
                             {"moons", "--hidden 6,5", 6},
                             {"moons", "--hidden 6,5 --pack 2", 6},
                             {"moons", "--hidden 6,5 --spectral", 4},
                             {"moons", "--hidden 6 --conditional yes", 4},
                             {"digits", "--channels 8,8", 4},
                             {"digits", "--channels 8,8 --pack 2 --spectral", 4}};
enum { CASES = sizeof cases / sizeof *cases };

/* The penalty and its gradient through the surrogate; one: towards slope 1. */
static SlopePenalty penalty_of(SmallGan *g, const Case *c, bool one)
{
    int label[8];
    small_gan_begin(g);
    Tensor *x = gan_to_network(g->gan, small_gan_batch(g, c->n, g->data->classes ? label : NULL));
    x = tensor_watch(tensor_detach(x));
    Tensor *logit = discriminator_forward(&g->gan->discriminator, x, label);
    return one ? gan_penalty_one(logit, x, 0.7) : gan_penalty_zero(logit, x, 0.7);
}

/* Every so many-th weight of the discriminator against a central difference of the value. */
static void test_penalty_gradients(void)
{
    const double step = 1e-5;
    for (int i = 0; i < 2 * CASES; i++) {
        const Case *c = &cases[i / 2];
        SmallGan g = small_gan(c->data, c->words);
        Params *params = g.gan->model.part[1].params;
        double largest = 0;
        for (int k = 0; k < 200; k++) /* u and v are constants only at the singular vectors */
            discriminator_iterate(&g.gan->discriminator);
        SlopePenalty p = penalty_of(&g, c, i % 2 == 1);
        CU_ASSERT(p.value > 0 && p.slope > 0);
        tape_backward(p.surrogate);
        for (int t = 0; t < params->count; t++) {
            Tensor *w = params->tensor[t];
            if (!params->trained[t])
                continue;
            double gradient[3] = {0};
            size_t at[3] = {0, w->size / 2, w->size - 1};
            for (int k = 0; k < 3; k++)
                gradient[k] = w->has_grad ? w->grad[at[k]] : 0;
            for (int k = 0; k < 3; k++) {
                double side[2];
                real kept = w->value[at[k]];
                for (int s = 0; s < 2; s++) {
                    w->value[at[k]] = kept + (s == 0 ? step : -step);
                    params_touch(params);
                    for (int r = 0; g.gan->discriminator.spectrals > 0 && r < 100; r++)
                        discriminator_iterate(&g.gan->discriminator);
                    side[s] = penalty_of(&g, c, i % 2 == 1).value;
                }
                w->value[at[k]] = kept;
                params_touch(params);
                double slope = (side[0] - side[1]) / (2 * step);
                largest = fmax(largest, fabs(slope));
                CU_ASSERT(fabs(slope - gradient[k]) < 1e-6 * fmax(1, fabs(slope)));
            }
            small_gan_begin(&g); /* the sweep's gradients are gone from here on */
            for (int k = 0; k < 200 && g.gan->discriminator.spectrals > 0; k++)
                discriminator_iterate(&g.gan->discriminator);
            tape_backward(penalty_of(&g, c, i % 2 == 1).surrogate);
        }
        CU_ASSERT(largest > 1e-3);
        small_gan_free(&g);
    }
}

/* Of a linear discriminator D(x) = w'x the slope is |w| everywhere. */
static void test_penalty_values(void)
{
    Tape *tape = tape_create(kernels_best());
    const real w[3] = {3, 0, 4}, at[6] = {1, 2, 3, -1, 0, 5};
    Tensor *x = tensor_watch(tensor_from(tape, 2, (int[]){2, 3}, at));
    Tensor *weight = tensor_watch(tensor_from(tape, 2, (int[]){3, 1}, w));
    Tensor *logit = tensor_matmul(x, weight);
    SlopePenalty zero = gan_penalty_zero(logit, x, 2), one = gan_penalty_one(logit, x, 2);
    CU_ASSERT(fabs(zero.value - 25) < 1e-12 && fabs(zero.slope - 5) < 1e-12);
    CU_ASSERT(fabs(one.value - 2 * 16) < 1e-12);
    tape_backward(zero.surrogate); /* 2 w */
    CU_ASSERT(fabs(weight->grad[0] - 6) < 1e-12 && fabs(weight->grad[2] - 8) < 1e-12);
    weight->has_grad = false;
    tape_backward(one.surrogate); /* 4 (5 - 1) w / 5 */
    CU_ASSERT(fabs(weight->grad[0] - 9.6) < 1e-12 && fabs(weight->grad[2] - 12.8) < 1e-12);
    tape_free(tape);
}

/* ---------------------------------------------------------------- losses */

static void test_losses(void)
{
    Tape *tape = tape_create(kernels_best());
    const real r[2] = {0.5, -2}, f[2] = {-1, 3};
    Tensor *real_logit = tensor_from(tape, 2, (int[]){2, 1}, r);
    Tensor *fake_logit = tensor_from(tape, 2, (int[]){2, 1}, f);
    double d[5] = {0}, g[5] = {0};
    for (int i = 0; i < 2; i++) {
        double a = r[i], b = f[i], log_real = -log1p(exp(-a)), log_fake = -log1p(exp(b));
        d[GAN_MINIMAX] -= (log_real + log_fake) / 2; /* log sigmoid(D(x)), log(1 - sigmoid(D(G))) */
        g[GAN_MINIMAX] += log_fake / 2;
        g[GAN_NON_SATURATING] += log1p(exp(-b)) / 2;
        d[GAN_WASSERSTEIN] += (b - a) / 2;
        g[GAN_WASSERSTEIN] -= b / 2;
        d[GAN_HINGE] += (fmax(0, 1 - a) + fmax(0, 1 + b)) / 2;
        d[GAN_RELATIVISTIC] += log1p(exp(b - a)) / 2;
        g[GAN_RELATIVISTIC] += log1p(exp(a - b)) / 2;
    }
    d[GAN_NON_SATURATING] = d[GAN_MINIMAX];
    g[GAN_HINGE] = g[GAN_WASSERSTEIN];
    for (int loss = GAN_NON_SATURATING; loss <= GAN_RELATIVISTIC; loss++) {
        Tensor *of_d = gan_discriminator_loss((GanLoss)loss, real_logit, fake_logit);
        Tensor *of_g = gan_generator_loss((GanLoss)loss, real_logit, fake_logit);
        CU_ASSERT(fabs(tensor_item(of_d) - d[loss]) < 1e-12);
        CU_ASSERT(fabs(tensor_item(of_g) - g[loss]) < 1e-12);
    }
    tape_free(tape);
}

/* ---------------------------------------------------------------- packing */

/* A pack of one is no pack, bit for bit; a pack of two is the network on rows side by side. */
static void test_packing(void)
{
    SmallGan one = small_gan("moons", "--hidden 7,6"),
             two = small_gan("moons", "--hidden 7 --pack 2");
    const Discriminator *d = &one.gan->discriminator;
    Tensor *x = small_gan_batch(&one, 6, NULL);
    Tensor *logit = discriminator_forward(d, x, NULL);
    Tensor *plain = linear_forward(&d->out, mlp_forward(&d->hidden, x));
    CU_ASSERT(memcmp(logit->value, plain->value, 6 * sizeof(real)) == 0);
    x = small_gan_batch(&two, 6, NULL);
    d = &two.gan->discriminator;
    logit = discriminator_forward(d, x, NULL);
    Tensor *joined = tensor_new_matrix(two.tape, 3, 4);
    for (int i = 0; i < 12; i++)
        joined->value[i] = x->value[i];
    plain = linear_forward(&d->out, mlp_forward(&d->hidden, joined));
    CU_ASSERT(logit->size == 3 && memcmp(logit->value, plain->value, 3 * sizeof(real)) == 0);
    small_gan_free(&one);
    small_gan_free(&two);
}

/* The images of a pack become channels: swapping them and the kernel's halves changes nothing. */
static void test_packed_images(void)
{
    SmallGan g = small_gan("digits", "--channels 8 --pack 2");
    const Discriminator *d = &g.gan->discriminator;
    Tensor *x = small_gan_batch(&g, 2, NULL), *w = d->conv[0].weight;
    double before = discriminator_forward(d, x, NULL)->value[0];
    for (int i = 0; i < 784; i++) {
        real kept = x->value[i];
        x->value[i] = x->value[784 + i];
        x->value[784 + i] = kept;
    }
    CU_ASSERT(fabs(discriminator_forward(d, x, NULL)->value[0] - before) > 1e-3);
    for (int k = 0; k < 9; k++)
        for (int o = 0; o < 8; o++) {
            real kept = w->value[16 * k + o];
            w->value[16 * k + o] = w->value[16 * k + 8 + o];
            w->value[16 * k + 8 + o] = kept;
        }
    CU_ASSERT(fabs(discriminator_forward(d, x, NULL)->value[0] - before) < 1e-9 * fabs(before));
    small_gan_free(&g);
}

/* Between data and samples, in whole packs. */
static void test_between(void)
{
    Tape *tape = tape_create(kernels_best());
    Tensor *x = tensor_fill(tape, 2, (int[]){4, 3}, 0), *y = tensor_fill(tape, 2, (int[]){4, 3}, 1);
    Rng noise = rng_stream(1, "between");
    const Tensor *b = gan_between(x, y, 2, &noise);
    CU_ASSERT(b->needs_grad && b->value[0] > 0 && b->value[0] < 1);
    for (int i = 0; i < 12; i++)
        CU_ASSERT(b->value[i] == b->value[i / 6 * 6]);
    CU_ASSERT(b->value[0] != b->value[6]);
    tape_free(tape);
}

/* ---------------------------------------------------------------- bits */

/* The discriminator sees whole bits, or numbers between; the generator learns from both as if they
 * were numbers between. */
static void test_bits(void)
{
    enum { N = 8 };
    static const char *const words[2] = {"--hidden 6,5 --bits hard", "--hidden 6,5 --bits soft"};
    for (int k = 0; k < 2; k++) {
        SmallGan g = small_gan("bars-3", words[k]);
        Rng noise = rng_stream(2, "bits"), same = noise;
        Tensor *x = gan_generate(g.gan, g.tape, &noise, N, NULL), *uneven = tensor_like(x);
        int whole = 0;
        for (size_t i = 0; i < x->size; i++) {
            uneven->value[i] = sin(1.0 + (double)i);
            whole += fabs(fabs(x->value[i]) - 1) < 1e-12;
            CU_ASSERT(fabs(x->value[i]) < 1 + 1e-12);
        }
        CU_ASSERT(whole == (k == 0 ? (int)x->size : 0));
        tape_backward(tensor_sum(tensor_mul(x, uneven)));
        const Tensor *bias = g.gan->generator.out.bias;
        Tensor *z = gaussian_noise(g.tape, 2, (int[]){N, g.gan->generator.shape.latent}, &same);
        const Tensor *between = generator_forward(&g.gan->generator, z, NULL);
        for (int j = 0; j < g.gan->dims; j++) { /* of tanh(a + b), 1 - tanh^2 */
            double want = 0;
            for (int i = 0; i < N; i++) {
                double v = between->value[i * g.gan->dims + j];
                want += uneven->value[i * g.gan->dims + j] * (1 - v * v);
            }
            CU_ASSERT(fabs(bias->grad[j] - want) < 1e-9);
        }
        small_gan_free(&g);
    }
}

/* ---------------------------------------------------------------- who moves */

/* The generator's gradient in a step is that of its loss under the new discriminator, whose weights
 * take none of it. */
static void generator_gradient(const char *words)
{
    enum { N = 8 };
    const double difference = 1e-6;
    SmallGan g = small_gan("moons", words);
    double logged[FAMILY_MOST_COLUMNS];
    Step step = {.tape = g.tape,
                 .x = small_gan_batch(&g, N, NULL),
                 .steps = 10,
                 .learning_rate = 1e-12,
                 .noise = rng_stream(2, "step")};
    Rng noise = step.noise;
    g.gan->discriminator_rate = 1e9; /* the discriminator moves, the generator does not */
    Params *params = g.gan->model.part[0].params;
    real before = g.gan->discriminator.out.weight->value[0];
    gan_family.train_step(&g.gan->model, &step, logged);
    CU_ASSERT(fabs(g.gan->discriminator.out.weight->value[0] - before) > 1e-5);
    for (int t = 0; t < params->count; t++) {
        Tensor *w = params->tensor[t];
        if (!params->trained[t])
            continue;
        double gradient = w->grad[w->size / 2], side[2];
        real kept = w->value[w->size / 2];
        for (int s = 0; s < 2; s++) {
            Rng same = noise;
            small_gan_begin(&g);
            w->value[w->size / 2] = kept + (s == 0 ? difference : -difference);
            Tensor *x = gan_to_network(g.gan, small_gan_batch(&g, N, NULL));
            Tensor *y = gan_generate(g.gan, g.tape, &same, N, NULL);
            side[s] = tensor_item(gan_generator_loss(
                g.gan->loss, discriminator_forward(&g.gan->discriminator, x, NULL),
                discriminator_forward(&g.gan->discriminator, y, NULL)));
        }
        w->value[w->size / 2] = kept;
        CU_ASSERT(fabs((side[0] - side[1]) / (2 * difference) - gradient) < 1e-6);
    }
    small_gan_free(&g);
}

static void test_generator_step(void)
{
    generator_gradient("--hidden 6,5");
    generator_gradient("--hidden 6 --loss minimax --penalty none");
    generator_gradient("--hidden 6 --loss relativistic --penalty r1-r2 --pack 2");
    generator_gradient("--hidden 6 --loss wasserstein --penalty none");
}

/* A step of the discriminator goes down its loss and, where it is due, the penalty times the steps
 * between two. */
static void discriminator_gradient(const char *words, long index, bool due)
{
    enum { N = 8 };
    const double difference = 1e-6, rate = 1e-6;
    SmallGan g = small_gan("moons", words);
    Params *params = g.gan->model.part[1].params;
    double logged[FAMILY_MOST_COLUMNS], weight = g.gan->penalty_weight * g.gan->penalty_every;
    real before[256];
    size_t kept = 0, at = 0;
    Step step = {.tape = g.tape,
                 .x = small_gan_batch(&g, N, NULL),
                 .index = index,
                 .steps = 10,
                 .learning_rate = rate,
                 .noise = rng_stream(2, "step")};
    Rng noise = step.noise;
    real y[2 * N];
    Tensor *fake = gan_generate(g.gan, g.tape, &noise, N, NULL);
    memcpy(y, fake->value, sizeof y);
    for (int t = 0; t < params->count; t++)
        for (size_t i = 0; i < params->tensor[t]->size; i++)
            before[kept++] = params->tensor[t]->value[i];
    gan_family.train_step(&g.gan->model, &step, logged);
    double moved[256], largest = 0;
    for (int t = 0; t < params->count; t++)
        for (size_t i = 0; i < params->tensor[t]->size; i++, at++) {
            moved[at] = (before[at] - params->tensor[t]->value[i]) / rate;
            params->tensor[t]->value[i] = before[at];
        }
    at = 0;
    for (int t = 0; t < params->count; t++)
        for (size_t i = 0; i < params->tensor[t]->size; i++, at++) {
            double side[2];
            for (int s = 0; s < 2; s++) {
                params->tensor[t]->value[i] = before[at] + (s == 0 ? difference : -difference);
                small_gan_begin(&g);
                Tensor *x = gan_to_network(g.gan, small_gan_batch(&g, N, NULL));
                x = tensor_watch(tensor_detach(x));
                Tensor *logit = discriminator_forward(&g.gan->discriminator, x, NULL);
                Tensor *other = discriminator_forward(
                    &g.gan->discriminator, tensor_from(g.tape, 2, (int[]){N, 2}, y), NULL);
                side[s] = tensor_item(gan_discriminator_loss(g.gan->loss, logit, other));
                side[s] += due ? gan_penalty_zero(logit, x, weight).value : 0;
            }
            params->tensor[t]->value[i] = before[at];
            double slope = (side[0] - side[1]) / (2 * difference);
            largest = fmax(largest, fabs(slope));
            CU_ASSERT(fabs(slope - moved[at]) < 1e-5);
        }
    CU_ASSERT(kept == at && kept <= 256 && largest > 0.1);
    CU_ASSERT(due ? logged[2] > 0 && logged[3] > 0 : logged[2] == 0 && logged[3] == 0);
    small_gan_free(&g);
}

static void test_discriminator_step(void)
{
    static const char *const words =
        "--hidden 6,5 --optimizer sgd --beta1 0 --penalty-weight 0.5 --penalty-every 3";
    discriminator_gradient(words, 0, true);
    discriminator_gradient(words, 1, false);
    discriminator_gradient(words, 3, true);
}

/* The second of two discriminator steps sees the second half of the batch and fresh samples. */
static void test_shares(void)
{
    enum { N = 16 };
    SmallGan g = small_gan("moons", "--hidden 6 --d-steps 2 --penalty none");
    double logged[FAMILY_MOST_COLUMNS];
    Step step = {.tape = g.tape,
                 .x = small_gan_batch(&g, N, NULL),
                 .steps = 10,
                 .learning_rate = 0,
                 .noise = rng_stream(2, "step")};
    Rng noise = step.noise;
    gan_family.train_step(&g.gan->model, &step, logged);
    small_gan_begin(&g);
    Tensor *x = gan_to_network(g.gan, small_gan_batch(&g, N, NULL));
    gan_generate(g.gan, g.tape, &noise, N / 2, NULL);
    Tensor *y = gan_generate(g.gan, g.tape, &noise, N / 2, NULL);
    Tensor *logit =
        discriminator_forward(&g.gan->discriminator, tensor_slice(x, 0, N / 2, N), NULL);
    Tensor *loss = gan_discriminator_loss(g.gan->loss, logit,
                                          discriminator_forward(&g.gan->discriminator, y, NULL));
    CU_ASSERT(fabs(tensor_item(loss) - logged[0]) < 1e-12);
    small_gan_free(&g);
}

/* The discriminator moves several times in a step, the generator once. Wasserstein's critic is
 * never right or wrong. */
static void test_discriminator_steps(void)
{
    SmallGan g = small_gan("moons", "--hidden 6 --d-steps 4 --loss wasserstein --penalty one");
    double logged[FAMILY_MOST_COLUMNS];
    Step step = {.tape = g.tape,
                 .x = small_gan_batch(&g, 32, NULL),
                 .steps = 10,
                 .learning_rate = 1e-3,
                 .noise = rng_stream(2, "step")};
    gan_family.train_step(&g.gan->model, &step, logged);
    CU_ASSERT(g.gan->model.part[0].optimizer->updates == 1);
    CU_ASSERT(g.gan->model.part[1].optimizer->updates == 4);
    for (int c = 0; c < 4; c++)
        CU_ASSERT(isfinite(logged[c]));
    CU_ASSERT(isnan(logged[4]));
    small_gan_free(&g);
}

/* ---------------------------------------------------------------- the smallest game */

/* Minimax without a penalty runs in circles, but for the growth of finite steps; with R1 the
 * distance shrinks at the rate on paper. Over whole turns, since the spiral is an ellipse's. */
static void test_dirac(void)
{
    enum { STEPS = 12000 };
    const double rate = 0.01, gamma = 0.3;
    double *path = memory_new(2 * (STEPS + 1), sizeof *path);
    path[0] = 0.01;
    path[1] = 0;
    dirac_follow(&(DiracRule){GAN_MINIMAX, PENALTY_NONE, 0, rate}, STEPS, path);
    double growth = pow(hypot(path[2 * STEPS], path[2 * STEPS + 1]) / path[0], 1.0 / STEPS);
    CU_ASSERT(fabs(growth - dirac_growth(0, rate)) < 1e-8);
    CU_ASSERT(fabs(growth - sqrt(1 + rate * rate / 4)) < 1e-8);
    bool turned[4] = {false};
    for (int s = 0; s < STEPS; s++)
        turned[2 * (path[2 * s] > 0) + (path[2 * s + 1] > 0)] = true;
    CU_ASSERT(turned[0] && turned[1] && turned[2] && turned[3]);
    path[0] = 0.01;
    path[1] = 0;
    dirac_follow(&(DiracRule){GAN_MINIMAX, PENALTY_R1, gamma, rate}, STEPS, path);
    double turn = 2 * M_PI / atan2(rate * sqrt(1 - gamma * gamma) / 2, 1 - rate * gamma / 2);
    int first = 1000; /* far enough in for the straight lines of the theory */
    int last = first + (int)(8 * turn + 0.5);
    double measured =
        pow(hypot(path[2 * last], path[2 * last + 1]) / hypot(path[2 * first], path[2 * first + 1]),
            1.0 / (last - first));
    CU_ASSERT(last < STEPS && fabs(measured - dirac_growth(gamma, rate)) < 1e-6);
    CU_ASSERT(fabs(dirac_growth(gamma, rate) - exp(-gamma * rate / 2)) < 2e-5);
    CU_ASSERT(dirac_growth(2, rate) < 1 && dirac_growth(2, rate) > dirac_growth(1, rate));
    free(path);
}

const Suite suite = {"chapters/gan",
                     {{"penalties' gradients", test_penalty_gradients},
                      {"penalties of a line", test_penalty_values},
                      {"losses", test_losses},
                      {"packs", test_packing},
                      {"packs of images", test_packed_images},
                      {"between data and samples", test_between},
                      {"bits", test_bits},
                      {"the generator's step", test_generator_step},
                      {"the discriminator's step", test_discriminator_step},
                      {"shares of the batch", test_shares},
                      {"several discriminator steps", test_discriminator_steps},
                      {"the Dirac GAN", test_dirac},
                      {NULL, NULL}}};
