/* The model: what the network is shown, told and asked. */
#include "04-ddpm/ddpm.h"
#include "04-ddpm/ddpm_oracle.h"
#include "chapters/small_ddpm.h"
#include "harness/suite.h"
#include "support/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 64 };

static Tensor *points(Tape *tape, int n, int dims, uint64_t seed)
{
    Tensor *x = tensor_new_matrix(tape, n, dims);
    Rng rng = rng_stream(seed, "points");
    rng_normal(&rng, x->value, x->size);
    return x;
}

/* A network that said the target would give back the very x0 that was noised, at the level that it
 * was noised to: target, scale, time and conversion agree for every prediction. */
static void test_target_is_guess(void)
{
    Tape *tape = tape_create(kernels_best());
    for (int kind = 0; kind < 4; kind++) {
        Ddpm ddpm;
        small_ddpm(&ddpm, (SmallDdpm){.prediction = (PredictionKind)kind, .steps = 50}, 1);
        Tensor *x0 = points(tape, N, 2, 2);
        Rng noise = rng_stream(3, "noise");
        Noised noised = ddpm_noised(&ddpm, x0, &noise);
        double before = -1;
        for (int i = 0; i < N; i++) {
            double position = (double)noised.position->value[i];
            double t = position / 1000, alpha = 1 - t, sigma = t;
            if (kind != PREDICT_FLOW) {
                int step = (int)lround(t * 50);
                CU_ASSERT(fabs(position - 20.0 * step) < 1e-9 && step >= 1 && step <= 50);
                alpha = noise_alpha(ddpm.schedule, step);
                sigma = noise_sigma(ddpm.schedule, step);
            }
            CU_ASSERT(position >= before); /* stratified: rising over the batch */
            CU_ASSERT(fabs(position / 1000 - (i + 0.5) / N) < 0.5 / N + 0.02 + 1e-9);
            before = position;
            Conversion to = prediction_conversion((PredictionKind)kind, alpha, sigma);
            for (int d = 0; d < 2; d++) {
                double back = to.x0_x * (double)noised.x->value[2 * i + d] +
                              to.x0_f * (double)noised.target->value[2 * i + d];
                CU_ASSERT(fabs(back - (double)x0->value[2 * i + d]) < 1e-8);
            }
        }
        small_ddpm_free(&ddpm);
    }
    tape_free(tape);
}

/* The predictor's two forms fit x, one level for all rows is what each row by itself gets, and the
 * network's own answer is found in them. */
static void test_guess(void)
{
    Tape *tape = tape_create(kernels_best());
    tape_record(tape, false);
    for (int kind = 0; kind < 4; kind++) {
        Ddpm ddpm;
        double level[N];
        small_ddpm(&ddpm, (SmallDdpm){.prediction = (PredictionKind)kind, .steps = 50}, 1);
        small_shake(&ddpm, 0.3, 2);
        model_bind(&ddpm.model, tape);
        DdpmPredictor own = ddpm_predictor(&ddpm, 0);
        Tensor *x = points(tape, N, 2, 4);
        for (int i = 0; i < N; i++)
            level[i] = -0.4;
        Guess one = own.predictor.guess(&own.predictor, x, level, NULL);
        level[0] = 0.7;
        Guess each = own.predictor.guess(&own.predictor, x, level, NULL);
        CU_ASSERT(fabs((double)(one.noise->value[0] - each.noise->value[0])) > 1e-6);
        for (int i = 2; i < 2 * N; i++) {
            CU_ASSERT(fabs((double)(one.noise->value[i] - each.noise->value[i])) < 1e-10);
            CU_ASSERT(fabs(level_alpha(-0.4) * (double)one.x0->value[i] +
                           level_sigma(-0.4) * (double)one.noise->value[i] - (double)x->value[i]) <
                      1e-10);
        }
        Guess kept = predictor_guess(&own.predictor, x, level, NULL, 0.1);
        for (int i = 0; i < 2 * N; i++) {
            double at = i < 2 ? 0.7 : -0.4;
            CU_ASSERT(fabs((double)kept.x0->value[i]) <= 0.1 + 1e-12);
            CU_ASSERT(fabs(level_alpha(at) * (double)kept.x0->value[i] +
                           level_sigma(at) * (double)kept.noise->value[i] - (double)x->value[i]) <
                      1e-10);
        }
        small_ddpm_free(&ddpm);
    }
    tape_free(tape);
}

/* (1 + w) eps(x, class) - w eps(x), whatever is predicted; -1 is no class. */
static void test_guidance(void)
{
    Tape *tape = tape_create(kernels_best());
    tape_record(tape, false);
    for (int kind = 0; kind < 4; kind++) {
        Ddpm ddpm;
        double level[N];
        int label[N], none[N];
        SmallDdpm s = {.prediction = (PredictionKind)kind, .steps = 50, .classes = 3};
        small_ddpm(&ddpm, s, 1);
        small_shake(&ddpm, 0.3, 2);
        model_bind(&ddpm.model, tape);
        Tensor *x = points(tape, N, 2, 4);
        for (int i = 0; i < N; i++) {
            level[i] = -1 + 0.03 * i;
            label[i] = i % 3;
            none[i] = -1;
        }
        DdpmPredictor plain = ddpm_predictor(&ddpm, 0), strong = ddpm_predictor(&ddpm, 1.5);
        Guess with = plain.predictor.guess(&plain.predictor, x, level, label);
        Guess without = plain.predictor.guess(&plain.predictor, x, level, NULL);
        Guess minus = plain.predictor.guess(&plain.predictor, x, level, none);
        Guess guided = strong.predictor.guess(&strong.predictor, x, level, label);
        double differ = 0;
        for (int i = 0; i < 2 * N; i++) {
            double a = (double)with.noise->value[i], b = (double)without.noise->value[i];
            differ = fmax(differ, fabs(a - b));
            CU_ASSERT(fabs((double)guided.noise->value[i] - (2.5 * a - 1.5 * b)) < 1e-9);
            CU_ASSERT_EQUAL(minus.noise->value[i], without.noise->value[i]);
        }
        CU_ASSERT(differ > 0.01);
        small_ddpm_free(&ddpm);
    }
    tape_free(tape);
}

/* Rows of labels; the dropped share within five deviations, false alarm 6e-7. */
static void test_labels(void)
{
    enum { MANY = 5000 };
    Ddpm ddpm;
    int label[MANY], dropped = 0;
    Tape *tape = tape_create(kernels_best());
    Rng noise = rng_stream(1, "noise");
    small_ddpm(&ddpm, (SmallDdpm){.steps = 5, .classes = 4}, 1);
    ddpm.drop = 0.15;
    for (int i = 0; i < MANY; i++)
        label[i] = i % 4;
    Tensor *class = ddpm_classes(&ddpm, tape, label, MANY, &noise);
    for (int i = 0; i < MANY; i++) {
        const real *row = class->value + 5 * i;
        CU_ASSERT_EQUAL(row[0] + row[1] + row[2] + row[3] + row[4], 1);
        CU_ASSERT(row[4] == 1 || row[i % 4] == 1);
        dropped += row[4] == 1;
    }
    CU_ASSERT(fabs(dropped - 0.15 * MANY) < 5 * sqrt(0.15 * 0.85 * MANY));
    ddpm.classes = 0;
    CU_ASSERT_PTR_NULL(ddpm_classes(&ddpm, tape, label, MANY, &noise));
    ddpm.classes = 4;
    small_ddpm_free(&ddpm);
    tape_free(tape);
}

static void bad_label(void *context)
{
    Tape *tape = tape_create(kernels_best());
    int label = *(int *)context;
    class_rows(tape, &label, 1, 3);
}

static void test_bad_label(void)
{
    int bad[] = {3, -2, 7};
    for (int i = 0; i < 3; i++) {
        ChildResult result = child_run(bad_label, &bad[i]);
        CU_ASSERT(child_said(&result, 128 + 6, "the classes are 0 to 2"));
    }
}

/* Images go to [-1, 1] and back; with noise added they stay within their level's cell. */
static void test_units(void)
{
    enum { LEVELS = 7 };
    Ddpm ddpm;
    Tape *tape = tape_create(kernels_best());
    Rng noise = rng_stream(1, "noise");
    small_ddpm(&ddpm, (SmallDdpm){.steps = 5, .dims = LEVELS, .levels = LEVELS}, 1);
    model_bind(&ddpm.model, tape);
    for (int input = 0; input < 2; input++) {
        Tensor *x = tensor_new_matrix(tape, 1, LEVELS);
        ddpm.input = (DdpmInput)input;
        for (int d = 0; d < LEVELS; d++) {
            x->value[d] = (real)d;
            ddpm.center->value[d] = ddpm.scale->value[d] =
                (real)(0.5 * (LEVELS - (input == INPUT_GRID ? 1 : 0)));
        }
        Tensor *there = ddpm_to_network(&ddpm, x, &noise);
        for (int d = 0; d < LEVELS; d++) {
            double v = (double)there->value[d];
            if (input == INPUT_GRID)
                CU_ASSERT(fabs(v - (2.0 * d / (LEVELS - 1) - 1)) < 1e-12);
            CU_ASSERT(v >= 2.0 * d / LEVELS - 1 - 1e-12 || input == INPUT_GRID);
            CU_ASSERT(v <= 2.0 * (d + 1) / LEVELS - 1 + 1e-12 || input == INPUT_GRID);
        }
        ddpm_to_data(&ddpm, there->value, 1, false);
        for (int d = 0; d < LEVELS; d++)
            CU_ASSERT_EQUAL(there->value[d], d);
        CU_ASSERT(fabs(ddpm_log_volume(&ddpm) + LEVELS * log((double)ddpm.scale->value[0])) <
                  1e-12);
    }
    small_ddpm_free(&ddpm);
    tape_free(tape);
}

/* Gradients of the loss with respect to each kind of weight, by differences. */
static void test_gradients(void)
{
    Ddpm ddpm;
    Tape *tape = tape_create(kernels_best());
    small_ddpm(&ddpm, (SmallDdpm){.prediction = PREDICT_V, .steps = 20, .classes = 2, .blocks = 2},
               1);
    small_shake(&ddpm, 0.2, 2);
    Params *params = ddpm.model.part[0].params;
    int label[N];
    for (int i = 0; i < N; i++)
        label[i] = i % 3 - 1;
    for (int w = 0; w < params->count; w++) {
        Tensor *weight = params->tensor[w];
        if (!params->trained[w])
            continue;
        double loss[3], slope = 0, h = 1e-5;
        size_t at = weight->size / 3;
        real before = weight->value[at];
        for (int side = 0; side < 3; side++) {
            weight->value[at] = before + (real)(h * (side - 1));
            params_touch(params);
            tape_reset(tape);
            model_bind(&ddpm.model, tape);
            Rng noise = rng_stream(3, "noise");
            Noised noised = ddpm_noised(&ddpm, points(tape, N, 2, 2), &noise);
            Tensor *mean =
                tensor_mean(ddpm_loss(&ddpm, &noised, class_rows(tape, label, N, ddpm.classes)));
            loss[side] = (double)tensor_item(mean);
            if (side == 1) {
                tape_backward(mean);
                slope = (double)weight->grad[at];
            }
        }
        weight->value[at] = before;
        params_touch(params);
        CU_ASSERT(fabs(slope - (loss[2] - loss[0]) / (2 * h)) < 1e-7);
        CU_ASSERT(slope != 0);
    }
    small_ddpm_free(&ddpm);
    tape_free(tape);
}

/* Trained on N(m, s^2), the network comes near the perfect denoiser, which is linear in x. */
static void test_learns_gaussian(void)
{
    enum { BATCH = 128, UPDATES = 1500, ASKED = 200 };
    const double mean[2] = {0.6, -0.2}, sd[2] = {0.4, 0.8};
    Ddpm ddpm;
    Tape *tape = tape_create(kernels_best());
    SmallDdpm s = {.prediction = PREDICT_V, .noise = NOISE_COSINE, .steps = 100, .width = 32};
    small_ddpm(&ddpm, s, 1);
    DdpmPredictor own = ddpm_predictor(&ddpm, 0);
    Oracle oracle = oracle_create(1, 2, own.predictor.least, own.predictor.most);
    memcpy(oracle.mean[0], mean, sizeof mean);
    memcpy(oracle.sd[0], sd, sizeof sd);
    double error[2];
    for (int step = 0; step <= UPDATES; step++) {
        tape_reset(tape);
        model_bind(&ddpm.model, tape);
        Rng noise = rng_at(rng_stream(2, "noise"), (uint64_t)step);
        int n = step == 0 || step == UPDATES ? ASKED : BATCH;
        Tensor *x0 = tensor_new_matrix(tape, n, 2);
        for (int i = 0; i < 2 * n; i++)
            x0->value[i] = (real)(mean[i % 2] + sd[i % 2] * rng_normal_one(&noise));
        if (n == ASKED) {
            double level[ASKED], sum = 0;
            for (int i = 0; i < n; i++) {
                level[i] = -2 + 4.0 * i / n;
                for (int d = 0; d < 2; d++)
                    x0->value[2 * i + d] =
                        (real)(level_alpha(level[i]) * (double)x0->value[2 * i + d] +
                               level_sigma(level[i]) * rng_normal_one(&noise));
            }
            Guess network = own.predictor.guess(&own.predictor, x0, level, NULL);
            Guess perfect = oracle.predictor.guess(&oracle.predictor, x0, level, NULL);
            for (int i = 0; i < 2 * n; i++)
                sum +=
                    pow((double)(network.noise->value[i] - perfect.noise->value[i]), 2) / (2 * n);
            error[step > 0] = sum;
        }
        Noised noised = ddpm_noised(&ddpm, x0, &noise);
        tape_backward(tensor_mean(ddpm_loss(&ddpm, &noised, NULL)));
        optimizer_update(ddpm.model.part[0].optimizer, 3e-3 * (1 - (double)step / (UPDATES + 1)));
    }
    CU_ASSERT(error[0] > 0.02);
    CU_ASSERT(error[1] < 0.004);
    if (!(error[1] < 0.004) || !(error[0] > 0.02))
        printf("mean square distance from the perfect denoiser: %g, then %g\n", error[0], error[1]);
    small_ddpm_free(&ddpm);
    tape_free(tape);
}

const Suite suite = {"chapters/ddpm model",
                     {{"the target is the guess", test_target_is_guess},
                      {"two forms of a guess", test_guess},
                      {"guidance", test_guidance},
                      {"labels", test_labels},
                      {"a label outside the classes", test_bad_label},
                      {"units", test_units},
                      {"gradients", test_gradients},
                      {"learns a Gaussian", test_learns_gaussian},
                      {NULL, NULL}}};
