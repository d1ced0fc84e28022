/* How good samples are against what they cost, and against the guidance. */
#include "04-ddpm/ddpm_figures.h"

#include "support/memory.h"
#include "train/quality.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { AT_ONCE = 250 };

/* n samples of a sampler, the classes in turn, measured. */
static Quality measure(const Ddpm *ddpm, const Task *task, const Sampler *sampler, int n)
{
    size_t dims = (size_t)ddpm->dims;
    real *x = memory_new((size_t)n * dims, sizeof *x);
    int *label = family_labels_in_turn(&ddpm->model, ddpm->classes, n);
    Rng noise = task->noise; /* the same for every sampler */
    for (int first = 0; first < n; first += AT_ONCE) {
        int rows = n - first < AT_ONCE ? n - first : AT_ONCE;
        ddpm_begin(ddpm, task);
        sampler_run(sampler, task->tape, &noise, rows, label != NULL ? label + first : NULL,
                    x + (size_t)first * dims);
    }
    ddpm_to_data(ddpm, x, n, false);
    Quality quality = quality_measure(task->data, x, n, label);
    free(label);
    free(x);
    return quality;
}

/* The distance that the curves show: FD-lab of images, sliced Wasserstein of points. */
static QualityValue distance(const Quality *quality)
{
    return quality->images ? quality->frechet : quality->sliced_wasserstein;
}

static const char *distance_name(const Ddpm *ddpm)
{
    return ddpm->kind == DATA_POINTS ? "sliced Wasserstein" : "FD-lab";
}

/* ---------------------------------------------------------------- steps */

/* A curve: a sampler, and how noisy its steps are. */
typedef struct Way {
    const char *name;
    SamplerKind kind;
    double eta;
} Way;

/* Steps that need so many guesses of the network; 0: the sampler has no such number. Heun's method
 * asks twice a step but once in the last; Langevin's stays ten steps on a level and asks once more
 * at the end. */
static int steps_of(const Ddpm *ddpm, SamplerKind kind, int guesses)
{
    switch (kind) {
    case SAMPLER_DDPM:
    case SAMPLER_DDIM:
        return guesses <= ddpm->schedule->steps ? guesses : 0;
    case SAMPLER_HEUN:
    case SAMPLER_FLOW_HEUN:
        return (guesses + 1) / 2;
    case SAMPLER_LANGEVIN:
        return guesses >= 50 ? guesses : 0;
    case SAMPLER_FLOW_EULER:
        return guesses;
    }
    return 0;
}

enum { COSTS = 8 };

/* One sampler at every cost; NaN where it has none. Returns what real examples get. */
static double measure_way(const Ddpm *ddpm, const Task *task, const Way *way, double guidance,
                          int n, const double *cost, int costs, double *found)
{
    double floor_value = NAN;
    DdpmPredictor own = ddpm_predictor(ddpm, guidance);
    printf("\n%-12s", way->name);
    for (int c = 0; c < costs; c++) {
        Sampler sampler = ddpm_sampler(ddpm, &own.predictor, NULL);
        sampler.kind = way->kind;
        sampler.eta = way->eta;
        sampler.steps = steps_of(ddpm, sampler.kind, (int)cost[c]);
        found[c] = NAN;
        if (sampler.steps > 0) {
            Quality quality = measure(ddpm, task, &sampler, n);
            found[c] = distance(&quality).samples;
            floor_value = distance(&quality).real;
            printf(" %9.4g", found[c]);
        } else {
            printf(" %9s", "");
        }
        fflush(stdout);
    }
    return floor_value;
}

void ddpm_draw_steps(const Ddpm *ddpm, const Task *task, int n, int most, double guidance)
{
    enum { WAYS = 7 };
    static const Way way[WAYS] = {
        {"ddpm", SAMPLER_DDPM, 0},          {"ddim, eta 1", SAMPLER_DDIM, 1},
        {"ddim, eta 0", SAMPLER_DDIM, 0},   {"heun", SAMPLER_HEUN, 0},
        {"langevin", SAMPLER_LANGEVIN, 0},  {"flow-euler", SAMPLER_FLOW_EULER, 0},
        {"flow-heun", SAMPLER_FLOW_HEUN, 0}};
    static const double cost[COSTS] = {5, 10, 20, 50, 100, 200, 500, 1000};
    const char *counted = guidance > 0
                              ? "guesses for a sample (two evaluations of the network each)"
                              : "evaluations of the network for a sample";
    double y[WAYS][COSTS], floor_value = NAN;
    int costs = 0;
    FigureCurve curve[WAYS];
    while (costs < COSTS && cost[costs] <= most)
        costs++;
    printf("%s of %d samples; %s:\n%-12s", distance_name(ddpm), n, counted, "");
    for (int c = 0; c < costs; c++)
        printf(" %9.0f", cost[c]);
    for (int k = 0; k < WAYS; k++) {
        floor_value = measure_way(ddpm, task, &way[k], guidance, n, cost, costs, y[k]);
        curve[k] = (FigureCurve){.label = way[k].name, .y = y[k], .sparse = true};
    }
    printf("\nreal examples in their place: %.4g\n", floor_value);
    FigureLevel level = {floor_value, "real examples"};
    FigureText text = {.name = "steps",
                       .title = "What a sample costs, and how good it is",
                       .x_label = counted,
                       .y_label = distance_name(ddpm)};
    figure_lines(task->figures, &text,
                 &(FigureLines){.x = cost,
                                .n = (size_t)costs,
                                .curve = curve,
                                .curves = WAYS,
                                .level = &level,
                                .levels = 1,
                                .log_x = true,
                                .log_y = true});
}

/* ---------------------------------------------------------------- guidance */

enum { WEIGHTS = 7, SHARES = 4 };

/* What the guidance came to, on images. */
typedef struct GuidanceCurve {
    double frechet[WEIGHTS], floor_value, share[SHARES][WEIGHTS];
} GuidanceCurve;

static void measure_guidance(const Ddpm *ddpm, const Task *task, const double *weight, int n,
                             GuidanceCurve *found)
{
    printf("%d samples, classes in turn\n%4s %10s %10s %10s %14s %14s\n", n, "w", "FD-lab",
           "precision", "recall", "class coverage", "wanted class");
    for (int i = 0; i < WEIGHTS; i++) {
        DdpmPredictor own = ddpm_predictor(ddpm, weight[i]);
        Sampler sampler = ddpm_sampler(ddpm, &own.predictor, NULL);
        Quality quality = measure(ddpm, task, &sampler, n);
        found->frechet[i] = quality.frechet.samples;
        found->floor_value = quality.frechet.real;
        found->share[0][i] = quality.agreement;
        found->share[1][i] = quality.class_mean;
        found->share[2][i] = quality.precision.samples;
        found->share[3][i] = quality.recall.samples;
        printf("%4g %10.4g %10.3f %10.3f %14.3f %14.3f\n", weight[i], found->frechet[i],
               found->share[2][i], found->share[3][i], found->share[1][i], found->share[0][i]);
        fflush(stdout);
    }
    printf("real examples in their place: %.4g\n", found->floor_value);
}

void ddpm_draw_guidance_curve(const Ddpm *ddpm, const Task *task, int n)
{
    static const double weight[WEIGHTS] = {0, 0.5, 1, 2, 3, 5, 8};
    GuidanceCurve found;
    measure_guidance(ddpm, task, weight, n, &found);
    FigureCurve away = {.y = found.frechet};
    FigureLevel level = {found.floor_value, "real examples"};
    FigureLines lines = {
        .x = weight, .n = WEIGHTS, .curve = &away, .curves = 1, .level = &level, .levels = 1};
    FigureText text = {.name = "guidance-distance",
                       .title = "Guidance: some helps, more is too much",
                       .x_label = "guidance w",
                       .y_label = "FD-lab"};
    figure_lines(task->figures, &text, &lines);
    FigureCurve curve[SHARES] = {{.label = "read as the wanted class", .y = found.share[0]},
                                 {.label = "coverage within a class", .y = found.share[1]},
                                 {.label = "precision", .y = found.share[2]},
                                 {.label = "recall", .y = found.share[3]}};
    lines.curve = curve;
    lines.curves = SHARES;
    lines.levels = 0;
    lines.y_range = (FigureRange){0, 1.02};
    text = (FigureText){.name = "guidance-curve",
                        .title = "Guidance trades variety for likeness to the class",
                        .x_label = "guidance w",
                        .y_label = "share"};
    figure_lines(task->figures, &text, &lines);
}
