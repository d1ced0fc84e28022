/* What can be done with a trained Helmholtz machine, as commands; and the gradients compared. */
#include "01-helmholtz/helmholtz_exact.h"
#include "01-helmholtz/helmholtz_figures.h"

#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- gradients of q, compared */

/* An estimator: what of a machine's settings makes it. */
typedef struct Estimator {
    const char *name;
    HelmholtzObjective objective;
    RecognitionUpdate update;
    bool several; /* of k samples, else of one */
} Estimator;

static const Estimator ESTIMATORS[] = {
    {"sleep", WAKE_SLEEP, UPDATE_SLEEP, false},
    {"reweighted wake", REWEIGHTED_WAKE_SLEEP, UPDATE_WAKE, true},
    {"REINFORCE", REINFORCE, UPDATE_WAKE, false},
    {"REINFORCE, others", REINFORCE, UPDATE_WAKE, true},
    {"VIMCO", VIMCO, UPDATE_WAKE, true}};

enum { ESTIMATORS_ALL = sizeof ESTIMATORS / sizeof *ESTIMATORS };

/* Mean over draws, and the sum of the variances of all numbers. */
typedef struct Spread {
    size_t numbers;
    double *sum, *square;
} Spread;

/* One draw's gradient of the recognition weights, uphill, into gradient. */
static void draw_gradient(const Helmholtz *machine, const Task *task, const real *x, int n,
                          Rng *noise, double *gradient)
{
    tape_reset(task->tape);
    params_bind(machine->model.part[PART_GENERATIVE].params, task->tape);
    params_bind(machine->model.part[PART_RECOGNITION].params, task->tape);
    Tensor *batch = tensor_from(task->tape, 2, (int[]){n, machine->dims}, x);
    HelmholtzLosses losses = helmholtz_losses(machine, batch, noise);
    tape_backward(losses.wake_q != NULL ? losses.wake_q : losses.sleep);
    for (int l = 0; l < machine->layers; l++) {
        const Tensor *part[2] = {machine->recognition[l].weight, machine->recognition[l].bias};
        for (int i = 0; i < 2; i++)
            for (size_t j = 0; j < part[i]->size; j++)
                *gradient++ = -(double)part[i]->grad[j];
    }
}

/* trace of the covariance / |mean|^2. A mean that so many draws do not show above the noise counts
 * as large as the noise would make it: then the ratio is the number of draws, and more in truth. */
static double relative_variance(const Spread *spread, int repeats)
{
    double variance = 0, square = 0;
    for (size_t i = 0; i < spread->numbers; i++) {
        double m = spread->sum[i] / repeats;
        double v = fmax(spread->square[i] / repeats - m * m, 0) * repeats / (repeats - 1);
        variance += v;
        square += m * m - v / repeats; /* of the true mean, unbiased */
    }
    return variance / fmax(square, variance / repeats);
}

static real *training_batch(const Task *task, int n)
{
    real *x = memory_new((size_t)n * (size_t)task->data->dims, sizeof *x);
    uint32_t *index = memory_new((size_t)n, sizeof *index);
    Rng rng = task->noise;
    for (int i = 0; i < n; i++)
        index[i] = (uint32_t)i;
    dataset_fetch(task->data, SPLIT_TRAIN, index, (size_t)n, &rng, x, NULL, NULL);
    free(index);
    return x;
}

void helmholtz_draw_gradients(const Helmholtz *machine, const Task *task, int n, int k, int repeats)
{
    size_t numbers = exact_recognition_numbers(machine);
    Spread spread = {numbers, memory_new(numbers, sizeof(double)),
                     memory_new(numbers, sizeof(double))};
    double *gradient = memory_new(numbers, sizeof *gradient);
    double *truth = memory_new(numbers, sizeof *truth);
    real *x = training_batch(task, n);
    bool recording = tape_record(task->tape, true), exact = exact_possible(machine);
    FigureBar bar[ESTIMATORS_ALL];
    if (exact) {
        Exact *all = exact_create(machine);
        exact_elbo_gradient(all, x, n, truth);
        exact_free(all);
    }
    printf("gradients of the recognition weights, %d examples, %d draws\n%-22s %10s %22s%s\n", n,
           repeats, "", "samples", "variance / |mean|^2",
           exact ? "   angle of the mean to the ELBO's gradient" : "");
    for (int e = 0; e < ESTIMATORS_ALL; e++) {
        Helmholtz other = *machine; /* the same weights, followed another way */
        Rng noise = task->noise;
        other.objective = ESTIMATORS[e].objective;
        other.update = ESTIMATORS[e].update;
        other.k = ESTIMATORS[e].several ? k : 1;
        memset(spread.sum, 0, numbers * sizeof(double));
        memset(spread.square, 0, numbers * sizeof(double));
        for (int r = 0; r < repeats; r++) {
            draw_gradient(&other, task, x, n, &noise, gradient);
            for (size_t i = 0; i < numbers; i++) {
                spread.sum[i] += gradient[i];
                spread.square[i] += gradient[i] * gradient[i];
            }
        }
        double relative = relative_variance(&spread, repeats);
        bool hidden = relative > 0.999 * repeats;
        bar[e] = (FigureBar){.label = ESTIMATORS[e].name, .value = log10(relative)};
        printf("%-22s %10d %13s %8.4g", ESTIMATORS[e].name, other.k, hidden ? "more than" : "",
               relative);
        if (exact)
            printf("   %6.1f degrees", exact_angle(truth, spread.sum, numbers));
        printf("\n");
    }
    FigureText text = {.name = "gradients",
                       .title = "How noisy a gradient of q is",
                       .y_label = "log10 of variance / |mean|^2"};
    figure_bars(task->figures, &text, &(FigureBars){.bar = bar, .bars = ESTIMATORS_ALL});
    tape_record(task->tape, recording);
    free(spread.sum);
    free(spread.square);
    free(gradient);
    free(truth);
    free(x);
}

/* ---------------------------------------------------------------- commands */

static const OptionSpec gradients_options[] = {
    {"batch", OPTION_INT, "100", "N", "training examples", 1, 10000, NULL},
    {"k", OPTION_INT, "10", "K", "samples of those that take several", 2, 1000, NULL},
    {"repeats", OPTION_INT, "200", "N", "draws of each gradient", 2, 1000000, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static void gradients_command(Model *model, const Task *task)
{
    int n = (int)options_int(task->options, "batch");
    if ((size_t)n > task->data->count[SPLIT_TRAIN])
        refuse_usage("--batch %d: %s has %zu training examples", n, task->data->name,
                     task->data->count[SPLIT_TRAIN]);
    helmholtz_draw_gradients((const Helmholtz *)model, task, n,
                             (int)options_int(task->options, "k"),
                             (int)options_int(task->options, "repeats"));
}

const FamilyCommand helmholtz_commands[] = {
    {"gradients", "compare the ways to estimate the recognition weights' gradient", DATA_BINARY,
     gradients_options, gradients_command},
    {NULL, NULL, 0, NULL, NULL}};
