/* Flows of images in double: dequantisation, the units before the layers, the bounds. */
#include "chapters/small_flow.h"

#include <math.h>

/* A fresh flow of equalised images is the model in which pixels are independent: log p(l + u) is
 * the sum of the logarithms of the levels' shares, whatever u is. */
static void test_equalised(void)
{
    enum { N = 3 };
    SmallFlow f = small_flow("digits", "--network coupling --map affine --layers 1 --hidden 4");
    int dims = f.model->dims, levels = f.model->levels;
    Rng rng = rng_stream(1, "u");
    Tensor *x = tensor_new_matrix(f.tape, N, dims);
    dataset_fetch_range(f.data, SPLIT_TEST, 0, N, NULL, x->value, NULL, NULL);
    for (int draw = 0; draw < 2; draw++) {
        const Tensor *p = flow_density(f.model, flow_dequantise(f.model, x, &rng, NULL)).log_prob;
        for (int i = 0; i < N; i++) {
            double want = 0;
            for (int j = 0; j < dims; j++) {
                const real *below = f.model->units.below->value + j * (levels + 1);
                int l = (int)x->value[i * dims + j];
                want += log(below[l + 1] - below[l]);
            }
            CU_ASSERT(fabs(p->value[i] - want) < 1e-6);
        }
    }
    for (int j = 0; j < dims; j += 100) { /* every level is possible, and they add up to one */
        const real *below = f.model->units.below->value + j * (levels + 1);
        CU_ASSERT(below[0] == 0 && below[levels] == 1);
        for (int l = 0; l < levels; l++)
            CU_ASSERT(below[l + 1] > below[l]);
    }
    small_flow_free(&f);
}

/* Both maps of images: the log-determinant is that of the slopes, the way back is the way back, and
 * derivatives by y are right (variational dequantisation needs them). */
static void check_units(const char *words)
{
    enum { N = 2 };
    const double step = 1e-5;
    SmallFlow f = small_flow("digits", words);
    int dims = f.model->dims;
    Rng rng = rng_stream(1, "u");
    Tensor *level = tensor_new_matrix(f.tape, N, dims);
    dataset_fetch_range(f.data, SPLIT_TEST, 40, N, NULL, level->value, NULL, NULL);
    Tensor *y = flow_dequantise(f.model, level, &rng, NULL);
    for (size_t i = 0; i < y->size; i++) /* away from the levels' ends */
        y->value[i] = level->value[i] + 0.1 + 0.8 * (y->value[i] - level->value[i]);
    FlowResult z = flow_units_forward(&f.model->units, y);
    Tensor *up = flow_units_forward(&f.model->units, tensor_shift(y, step)).value;
    Tensor *down = flow_units_forward(&f.model->units, tensor_shift(y, -step)).value;
    for (int i = 0; i < N; i++) {
        double sum = 0;
        for (int j = 0; j < dims; j++)
            sum += log((up->value[i * dims + j] - down->value[i * dims + j]) / (2 * step));
        CU_ASSERT(fabs(sum - z.log_det->value[i]) < 1e-4);
    }
    real *back = memory_new(y->size, sizeof *back);
    memcpy(back, z.value->value, y->size * sizeof *back);
    flow_units_inverse(&f.model->units, back, N);
    for (size_t i = 0; i < y->size; i++)
        CU_ASSERT(fabs(back[i] - y->value[i]) < 1e-5);
    free(back);
    tape_record(f.tape, true);
    tensor_watch(y);
    z = flow_units_forward(&f.model->units, y);
    tape_backward(tensor_add(tensor_sum(tensor_square(z.value)), tensor_sum(z.log_det)));
    for (size_t i = 0; i < y->size; i += 97) {
        real kept = y->value[i];
        double side[2];
        for (int s = 0; s < 2; s++) {
            y->value[i] = kept + (s == 0 ? step : -step);
            FlowResult moved = flow_units_forward(&f.model->units, tensor_detach(y));
            side[s] = tensor_item(
                tensor_add(tensor_sum(tensor_square(moved.value)), tensor_sum(moved.log_det)));
        }
        y->value[i] = kept;
        double slope = (side[0] - side[1]) / (2 * step);
        CU_ASSERT(fabs(slope - y->grad[i]) < 1e-4 * fmax(1, fabs(slope)));
    }
    small_flow_free(&f);
}

static void test_units(void)
{
    check_units("--network coupling --map affine --layers 1 --hidden 4 --units logit");
    check_units("--network coupling --map affine --layers 1 --hidden 4 --units equalised");
}

/* The tighter bound is at least the bound on the same draws, image by image. */
static void test_bounds_in_order(void)
{
    enum { N = 12 };
    SmallFlow f = small_flow("digits", "--network coupling --map affine --layers 2 --hidden 8");
    small_flow_train(&f, 5, 1e-3);
    uint32_t index[N];
    for (uint32_t i = 0; i < N; i++)
        index[i] = i;
    const OptionSpec *tables[] = {flow_eval_options, NULL};
    char *argv[] = {(char *)"eval", (char *)"--draws", (char *)"6"};
    Options *options = options_parse("eval", "test", tables, 3, argv);
    Task task = {.data = f.data,
                 .split = SPLIT_TEST,
                 .index = index,
                 .examples = N,
                 .tape = f.tape,
                 .noise = rng_stream(1, "evaluation"),
                 .options = options,
                 .quiet = true};
    LikelihoodReport report = {.examples = N, .dims = f.data->dims, .discrete = true};
    flow_evaluate(&f.model->model, &task, &report);
    CU_ASSERT_EQUAL_FATAL(report.likelihoods, 2);
    double apart = 0;
    for (int i = 0; i < N; i++) {
        double gain = report.likelihood[1].log_prob[i] - report.likelihood[0].log_prob[i];
        CU_ASSERT(gain >= 0);
        apart = fmax(apart, gain);
    }
    CU_ASSERT(apart > 1e-3);
    likelihood_report_clear(&report);
    options_free(options);
    small_flow_free(&f);
}

/* Learned noise is uniform at first; when it has moved a little, 1 / q still averages to the volume
 * of the cell, 1, over its draws (4 s.e.), and y stays in the cell. */
static void test_learned_noise(void)
{
    enum { N = 400 };
    SmallFlow f = small_flow("digits", "--network coupling --map affine --layers 1 --hidden 4 "
                                       "--dequantisation variational");
    Rng rng = rng_stream(8, "noise");
    Tensor *x = tensor_new_matrix(f.tape, N, f.model->dims), *log_q;
    dataset_fetch_range(f.data, SPLIT_TEST, 0, N, NULL, x->value, NULL, NULL);
    flow_dequantise(f.model, x, &rng, &log_q);
    for (int i = 0; i < N; i++)
        CU_ASSERT(fabs(log_q->value[i] + 2 * f.model->dims * log1p(-2e-5)) < 1e-6);
    Tensor *last = params_find(f.model->model.part[0].params, "noise.1.bias");
    for (size_t i = 0; i < last->size; i++)
        last->value[i] = i % 2 == 0 ? 0.02 : -0.03;
    params_touch(f.model->model.part[0].params);
    const Tensor *y = flow_dequantise(f.model, x, &rng, &log_q);
    double sum = 0, square = 0;
    for (int i = 0; i < N; i++) {
        double volume = exp(-log_q->value[i]);
        sum += volume / N;
        square += volume * volume / N;
    }
    double se = sqrt((square - sum * sum) / N);
    CU_ASSERT(fabs(sum - 1) < 4 * se);
    CU_ASSERT(se > 1e-3 && se < 0.1);
    for (size_t i = 0; i < y->size; i++)
        CU_ASSERT(y->value[i] > x->value[i] && y->value[i] < x->value[i] + 1);
    small_flow_free(&f);
}

/* ---------------------------------------------------------------- binary images */

static const char *const binary_words[] = {
    "--network coupling --layers 2 --hidden 8 --dequantisation uniform",
    "--network coupling --layers 2 --hidden 8",
    "--network autoregressive --layers 1 --hidden 16 --dequantisation uniform",
    "--network autoregressive --layers 2 --hidden 16",
    "--network autoregressive --layers 1 --hidden 16 --units logit --sees numbers"};
enum { BINARY_WORDS = sizeof binary_words / sizeof *binary_words };

/* All images of so many pixels, one a row. */
static Tensor *all_images(Tape *tape, int dims)
{
    int n = 1 << dims;
    Tensor *x = tensor_new_matrix(tape, n, dims);
    for (int i = 0; i < n * dims; i++)
        x->value[i] = i / dims >> i % dims & 1;
    return x;
}

/* The density of y = x + u fills the cells of all images: the sum over x of E_u[p(x + u) / q(u|x)]
 * is 1 (4 s.e.). So the sum of exp E[log ...], the bound, is at most that, image by image and
 * together. */
static void check_sums(const char *words)
{
    enum { DRAWS = 80, STATES = 512 };
    SmallFlow f = small_flow("bars-3", words);
    small_flow_train(&f, 40, 3e-3);
    Rng noise = rng_stream(3, "sums");
    double bound[STATES] = {0}, share[STATES] = {0}, sum = 0, square = 0, loose = 0;
    for (int s = 0; s < DRAWS; s++) {
        FlowDensity d;
        double total = 0;
        tape_reset(f.tape);
        params_bind(f.model->model.part[0].params, f.tape);
        const Tensor *p = flow_bound(f.model, all_images(f.tape, 9), &noise, &d);
        for (int i = 0; i < STATES; i++) {
            bound[i] += p->value[i] / DRAWS;
            share[i] += exp(p->value[i]) / DRAWS;
            total += exp(p->value[i]);
        }
        sum += total / DRAWS;
        square += total * total / DRAWS;
    }
    double se = sqrt((square - sum * sum) / DRAWS);
    CU_ASSERT(fabs(sum - 1) < 4 * se);
    CU_ASSERT(se > 1e-6 && se < 0.05);
    for (int i = 0; i < STATES; i++) {
        loose += exp(bound[i]);
        CU_ASSERT(exp(bound[i]) <= share[i]);
    }
    CU_ASSERT(loose <= 1 && loose < sum);
    small_flow_free(&f);
}

static void test_sums(void)
{
    for (int w = 0; w < BINARY_WORDS; w++)
        check_sums(binary_words[w]);
}

/* A network that sees levels: where a pixel lies within its cell changes what becomes of that pixel
 * alone; one that sees numbers changes others too. */
static void check_seen(const char *words, bool levels)
{
    SmallFlow f = small_flow("bars-3", words);
    small_flow_train(&f, 40, 3e-3);
    int dims = f.model->dims, changed = 0, flipped = 0;
    Rng noise = rng_stream(3, "seen");
    Tensor *x = tensor_new_matrix(f.tape, 1, dims);
    dataset_fetch_range(f.data, SPLIT_TEST, 4, 1, NULL, x->value, NULL, NULL);
    Tensor *y = flow_dequantise(f.model, x, &noise, NULL);
    const Tensor *before = flow_density(f.model, y).latent;
    for (int j = 0; j < dims; j++) {
        Tensor *moved = tensor_from(f.tape, 2, y->shape, y->value);
        moved->value[j] = x->value[j] + (y->value[j] - x->value[j] < 0.5 ? 0.9 : 0.1);
        const Tensor *after = flow_density(f.model, moved).latent;
        for (int i = 0; i < dims; i++)
            changed += i != j && after->value[i] != before->value[i];
        CU_ASSERT(after->value[j] != before->value[j]);
        moved->value[j] = 1.5 - x->value[j]; /* in the other level's cell */
        after = flow_density(f.model, moved).latent;
        for (int i = j + 1; i < dims; i++)
            flipped += after->value[i] != before->value[i];
    }
    CU_ASSERT(flipped > dims);
    CU_ASSERT(levels ? changed == 0 : changed > dims);
    small_flow_free(&f);
}

static void test_seen(void)
{
    check_seen("--network autoregressive --layers 1 --hidden 16 --dequantisation uniform", true);
    check_seen("--network autoregressive --layers 1 --hidden 16 --dequantisation uniform "
               "--units logit",
               true);
    check_seen("--network autoregressive --layers 1 --hidden 16 --sees numbers", false);
}

/* What is seen of a level is the mean of its half-line: a pixel's mean is 0. */
static void test_sides(void)
{
    SmallFlow f =
        small_flow("digits-binary", "--network autoregressive --layers 1 --hidden 4 --bins 2");
    const Tensor *sides = params_find(f.model->model.part[0].params, "sides");
    int dims = f.model->dims;
    for (int j = 0; j < dims; j++) {
        double off = f.model->units.below->value[3 * j + 1], a = sides->value[j];
        double mean[2] = {sides->value[dims + j], sides->value[2 * dims + j]};
        CU_ASSERT(fabs(off * mean[0] + (1 - off) * mean[1]) < 1e-9);
        CU_ASSERT(mean[0] < a && a < mean[1]);
    }
    small_flow_free(&f);
}

/* On bars the truth is known, and eval says how far the bounds are from it and what they sum to. */
static void test_truth(void)
{
    enum { N = 14 };
    SmallFlow f = small_flow("bars-3", "--network coupling --layers 2 --hidden 8");
    small_flow_train(&f, 40, 3e-3);
    uint32_t index[N];
    for (uint32_t i = 0; i < N; i++)
        index[i] = i;
    const OptionSpec *tables[] = {flow_eval_options, NULL};
    char *argv[] = {(char *)"eval", (char *)"--draws", (char *)"50"};
    Options *options = options_parse("eval", "test", tables, 3, argv);
    Task task = {.data = f.data,
                 .split = SPLIT_TEST,
                 .index = index,
                 .examples = N,
                 .tape = f.tape,
                 .noise = rng_stream(1, "evaluation"),
                 .options = options,
                 .quiet = true};
    LikelihoodReport report = {.examples = N, .dims = f.data->dims, .discrete = true};
    flow_evaluate(&f.model->model, &task, &report);
    CU_ASSERT_FATAL(report.parts >= 4);
    for (int k = 0; k < 2; k++) {
        double mean = likelihood_mean(report.likelihood[k].log_prob, N);
        CU_ASSERT(fabs(report.part[k].mean - (-f.data->entropy - mean)) < 1e-9);
        CU_ASSERT(report.part[k].mean > 0);
    }
    CU_ASSERT(report.part[1].mean < report.part[0].mean);
    CU_ASSERT(report.part[2].mean < 1 && fabs(report.part[3].mean - 1) < 0.05);
    likelihood_report_clear(&report);
    options_free(options);
    small_flow_free(&f);
}

const Suite suite = {"chapters/flow images",
                     {{"equalised pixels", test_equalised},
                      {"units of images", test_units},
                      {"the tighter bound is tighter", test_bounds_in_order},
                      {"learned noise", test_learned_noise},
                      {"binary images: sums over all of them", test_sums},
                      {"networks that see levels", test_seen},
                      {"the sides of a threshold", test_sides},
                      {"binary images: beside the truth", test_truth},
                      {NULL, NULL}}};
