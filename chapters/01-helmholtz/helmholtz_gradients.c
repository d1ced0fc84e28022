/* The ways to estimate the recognition weights' gradient, compared on one batch: how noisy each is,
 * and, of a small machine, where it points. */
#include "01-helmholtz/helmholtz_exact.h"
#include "01-helmholtz/helmholtz_figures.h"

#include "support/memory.h"

#include <gsl/gsl_math.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An estimator: what of a machine's settings makes it. */
typedef struct Estimator {
    const char *name;
    HelmholtzObjective objective;
    bool several; /* of k samples, else of one */
} Estimator;

static const Estimator ESTIMATORS[] = {{"sleep", WAKE_SLEEP, false},
                                       {"reweighted wake", REWEIGHTED_WAKE_SLEEP, true},
                                       {"REINFORCE", REINFORCE, false},
                                       {"REINFORCE, others", REINFORCE, true},
                                       {"VIMCO", VIMCO, true}};

enum { ESTIMATORS_ALL = sizeof ESTIMATORS / sizeof *ESTIMATORS, SETTLING = 100 };

/* What a mean over so many draws must show to be told from noise: |mean|^2 above its own error. */
static const double SEEN = 0.2;

/* The batch, and sums over the draws. */
typedef struct Comparison {
    const Task *task;
    const real *x;
    int n, repeats;
    size_t numbers;                          /* of the recognition weights           */
    double *gradient, *sum, *square, *truth; /* [numbers]; truth NULL: it is not known */
} Comparison;

typedef struct Verdict {
    double relative; /* variance / |mean|^2; where it is hidden, the least that it is */
    bool hidden;     /* the draws do not show the mean above the noise                */
    double angle;    /* of the mean to the ELBO's exact gradient, degrees             */
} Verdict;

/* One draw's gradient of the recognition weights, uphill. */
static void draw_gradient(const Helmholtz *machine, Comparison *c, Rng *noise)
{
    double *gradient = c->gradient;
    tape_reset(c->task->tape);
    params_bind(machine->model.part[PART_GENERATIVE].params, c->task->tape);
    params_bind(machine->model.part[PART_RECOGNITION].params, c->task->tape);
    Tensor *batch = tensor_from(c->task->tape, 2, (int[]){c->n, machine->dims}, c->x);
    HelmholtzLosses losses = helmholtz_losses(machine, batch, noise);
    tape_backward(losses.wake_q != NULL ? losses.wake_q : losses.sleep);
    for (int l = 0; l < machine->layers; l++) {
        const Tensor *part[2] = {machine->recognition[l].weight, machine->recognition[l].bias};
        for (int i = 0; i < 2; i++)
            for (size_t j = 0; j < part[i]->size; j++)
                *gradient++ = -(double)part[i]->grad[j];
    }
    if (machine->objective == REINFORCE)
        helmholtz_follow_signal(machine, &losses);
}

/* Both |mean|^2 and the mean's length in the angle are without the part that noise adds to them. */
static Verdict judge(const Comparison *c)
{
    Verdict verdict = {.angle = NAN};
    double variance = 0, square = 0, along = 0, truth = 0;
    for (size_t i = 0; i < c->numbers; i++) {
        double m = c->sum[i] / c->repeats;
        double v = fmax(c->square[i] / c->repeats - m * m, 0) * c->repeats / (c->repeats - 1);
        variance += v;
        square += m * m - v / c->repeats;
        along += c->truth != NULL ? m * c->truth[i] : 0;
        truth += c->truth != NULL ? c->truth[i] * c->truth[i] : 0;
    }
    double most = SEEN * c->repeats;
    verdict.hidden = !(square > 0) || variance / square > most;
    verdict.relative = verdict.hidden ? most : variance / square;
    if (!verdict.hidden && truth > 0)
        verdict.angle = acos(fmin(fmax(along / sqrt(truth * square), -1), 1)) * 180 / M_PI;
    return verdict;
}

/* The same weights, followed another way. REINFORCE's running baseline is its own and settles
 * first. */
static Verdict measure(const Helmholtz *machine, Comparison *c, const Estimator *estimator, int k)
{
    Helmholtz other = *machine;
    Tensor baseline = *machine->baseline;
    real settled[2] = {0, 1};
    Rng noise = c->task->noise;
    baseline.value = settled;
    other.baseline = &baseline;
    other.objective = estimator->objective;
    other.update = UPDATE_WAKE;
    other.k = estimator->several ? k : 1;
    memset(c->sum, 0, c->numbers * sizeof *c->sum);
    memset(c->square, 0, c->numbers * sizeof *c->square);
    for (int r = 0; estimator->objective == REINFORCE && r < SETTLING; r++)
        draw_gradient(&other, c, &noise);
    for (int r = 0; r < c->repeats; r++) {
        draw_gradient(&other, c, &noise);
        for (size_t i = 0; i < c->numbers; i++) {
            c->sum[i] += c->gradient[i];
            c->square[i] += c->gradient[i] * c->gradient[i];
        }
    }
    return judge(c);
}

static void print_verdict(const Estimator *estimator, int k, const Verdict *verdict, bool known)
{
    printf("%-22s %8d %11s %8.4g", estimator->name, estimator->several ? k : 1,
           verdict->hidden ? "more than" : "", verdict->relative);
    if (known && verdict->hidden)
        printf("   hidden by the noise");
    else if (known)
        printf("   %6.1f degrees", verdict->angle);
    printf("\n");
}

static void compare_all(const Helmholtz *machine, Comparison *c, int k)
{
    FigureBar bar[ESTIMATORS_ALL];
    char *label[ESTIMATORS_ALL];
    bool known = c->truth != NULL;
    printf("gradients of the recognition weights, %d examples, %d draws\n%-22s %8s %20s%s\n", c->n,
           c->repeats, "", "samples", "variance / |mean|^2",
           known ? "   angle of the mean to the ELBO's exact gradient" : "");
    for (int e = 0; e < ESTIMATORS_ALL; e++) {
        Verdict verdict = measure(machine, c, &ESTIMATORS[e], k);
        print_verdict(&ESTIMATORS[e], k, &verdict, known);
        label[e] = memory_format("%s%s", ESTIMATORS[e].name, verdict.hidden ? " (more)" : "");
        bar[e] = (FigureBar){.label = label[e], .value = log10(verdict.relative)};
    }
    FigureText text = {.name = "gradients",
                       .title = "How noisy a gradient of q is",
                       .y_label = "log10 of variance / |mean|^2"};
    figure_bars(c->task->figures, &text, &(FigureBars){.bar = bar, .bars = ESTIMATORS_ALL});
    for (int e = 0; e < ESTIMATORS_ALL; e++)
        free(label[e]);
}

void helmholtz_draw_gradients(const Helmholtz *machine, const Task *task, int n, int k, int repeats)
{
    size_t numbers = exact_recognition_numbers(machine);
    real *x = memory_new((size_t)n * (size_t)machine->dims, sizeof *x);
    Comparison c = {.task = task, .x = x, .n = n, .repeats = repeats, .numbers = numbers};
    Rng rng = task->noise;
    bool recording = tape_record(task->tape, true);
    c.gradient = memory_new(numbers, sizeof *c.gradient);
    c.sum = memory_new(numbers, sizeof *c.sum);
    c.square = memory_new(numbers, sizeof *c.square);
    dataset_fetch_range(task->data, SPLIT_TRAIN, 0, (size_t)n, &rng, x, NULL, NULL);
    if (exact_gradient_possible(machine)) {
        Exact *exact = exact_create(machine);
        c.truth = memory_new(numbers, sizeof *c.truth);
        exact_elbo_gradient(exact, x, n, c.truth);
        exact_free(exact);
    }
    compare_all(machine, &c, k);
    tape_record(task->tape, recording);
    free(c.gradient);
    free(c.sum);
    free(c.square);
    free(c.truth);
    free(x);
}
