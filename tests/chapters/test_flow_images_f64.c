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

const Suite suite = {"chapters/flow images",
                     {{"equalised pixels", test_equalised},
                      {"units of images", test_units},
                      {"the tighter bound is tighter", test_bounds_in_order},
                      {"learned noise", test_learned_noise},
                      {NULL, NULL}}};
