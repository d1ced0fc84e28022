/* Evaluation: no likelihood; where the modes are known, how many are reached. */
#include "05-gan/gan.h"

#include "metric/modes.h"
#include "support/fail.h"
#include "support/file.h"
#include "support/memory.h"
#include "train/quality.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const OptionSpec gan_eval_options[] = {
    {"mode-samples", OPTION_INT, NULL, "N",
     "samples whose modes are counted (default: 2,500; of bars 10,000; of stacked images "
     "26,000)",
     10, 10000000, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

enum {
    POINTS_COUNTED = 2500,
    PATTERNS_COUNTED = 10000,
    STACKS_COUNTED = 26000,
    DIGITS = 10,
    CHANNELS = 3,
    STACKS = 1000
};

static int samples_wanted(const Task *task, int usual)
{
    return options_set(task->options, "mode-samples")
               ? (int)options_int(task->options, "mode-samples")
               : usual;
}

/* n samples in the data's units, of classes drawn by chance where there are any: classes in turn
 * would be counted as modes that the model never had to find. Free with free(). */
static real *samples_of(Model *model, const Task *task, int n)
{
    real *x = memory_new((size_t)n * (size_t)task->data->dims, sizeof *x);
    Rng noise = task->noise, choice = rng_stream(1, "classes of samples");
    int *label = family_labels_in_turn(model, task->data->classes, n);
    for (int i = 0; label != NULL && i < n; i++)
        label[i] = (int)rng_below(&choice, (uint64_t)task->data->classes);
    tape_reset(task->tape);
    model_bind(model, task->tape);
    bool recording = tape_record(task->tape, false);
    model->family->sample(model, task->tape, &noise, &(SampleRequest){.n = n, .label = label}, x);
    tape_record(task->tape, recording);
    free(label);
    return x;
}

static void count_modes_of_points(Model *model, const Task *task, LikelihoodReport *report)
{
    const Dataset *data = task->data;
    int n = samples_wanted(task, POINTS_COUNTED);
    real *x = samples_of(model, task, n);
    ModeCount found = modes_of_mixture(data->mode, data->modes, data->dims, data->mode_sd, x, n);
    likelihood_report_number(report, "modes covered", "", found.covered, NAN);
    likelihood_report_number(report, "modes there are", "", found.modes, NAN);
    likelihood_report_number(report, "samples within 3 sd of a mode", "%", 100 * found.high_quality,
                             NAN);
    likelihood_report_number(report, "reverse KL of the modes' shares", "nats", found.reverse_kl,
                             NAN);
    free(x);
}

/* ---------------------------------------------------------------- binary patterns */

/* Of a set that is uniform over so few images that the test split holds each once (bars): how many
 * samples are such images, how many of them come, and how evenly. */
static void count_patterns(Model *model, const Task *task, LikelihoodReport *report)
{
    const Dataset *data = task->data;
    int n = samples_wanted(task, PATTERNS_COUNTED), patterns = (int)data->count[SPLIT_TEST];
    real *x = samples_of(model, task, n);
    real *pattern = memory_new((size_t)patterns * (size_t)data->dims, sizeof *x);
    dataset_fetch_range(data, SPLIT_TEST, 0, (size_t)patterns, NULL, pattern, NULL, NULL);
    ModeCount found = modes_of_patterns(pattern, patterns, data->dims, x, n);
    likelihood_report_number(report, "patterns covered", "", found.covered, NAN);
    likelihood_report_number(report, "patterns there are", "", patterns, NAN);
    likelihood_report_number(report, "samples that are patterns", "%", 100 * found.high_quality,
                             NAN);
    likelihood_report_number(report, "reverse KL of the patterns' shares", "nats", found.reverse_kl,
                             NAN);
    free(pattern);
    free(x);
}

/* ---------------------------------------------------------------- three digits as colours */

/* Adds what the laboratory's classifier reads in stacks [n, dims] to counts by the three digits. */
static void count_some(const Dataset *data, const real *x, int n, int count[STACKS])
{
    size_t pixels = (size_t)data->dims / CHANNELS, all = (size_t)n * CHANNELS;
    real *image = memory_new(all * pixels, sizeof *image);
    int *digit = memory_new(all, sizeof *digit);
    for (size_t i = 0; i < (size_t)n; i++)
        for (size_t c = 0; c < CHANNELS; c++)
            for (size_t p = 0; p < pixels; p++)
                image[(i * CHANNELS + c) * pixels + p] =
                    x[(i * pixels + p) * CHANNELS + c] / (real)(data->levels - 1);
    quality_read_digits(data, image, (int)all, digit);
    for (size_t i = 0; i < (size_t)n; i++)
        count[(digit[3 * i] * DIGITS + digit[3 * i + 1]) * DIGITS + digit[3 * i + 2]]++;
    free(image);
    free(digit);
}

static void count_stacks(const Dataset *data, const real *x, int n, int count[STACKS])
{
    enum { AT_ONCE = 2000 };
    for (int k = 0; k < STACKS; k++)
        count[k] = 0;
    for (int first = 0; first < n; first += AT_ONCE)
        count_some(data, x + (size_t)first * (size_t)data->dims,
                   n - first < AT_ONCE ? n - first : AT_ONCE, count);
}

/* n real stacks whose first digit is below 5; fewer where the split has no more. */
static int half_the_modes(const Dataset *data, int n, real *x)
{
    int found = 0;
    size_t first = dataset_first(data, SPLIT_TEST);
    for (uint32_t i = 0; i < data->count[SPLIT_TEST] && found < n; i++) {
        if (data->label[first + i] >= STACKS / 2)
            continue;
        dataset_fetch(data, SPLIT_TEST, &i, 1, NULL, x + (size_t)found * (size_t)data->dims, NULL,
                      NULL);
        found++;
    }
    return found;
}

/* Misread digits revive modes: so the counter is shown what it makes of real stacks, of all modes
 * and of half of them. */
static void count_modes_of_stacks(Model *model, const Task *task, LikelihoodReport *report)
{
    const Dataset *data = task->data;
    int n = samples_wanted(task, STACKS_COUNTED), count[STACKS];
    if ((size_t)n > data->count[SPLIT_TEST])
        refuse_usage("--mode-samples %d: %s has %zu test stacks to compare with", n, data->name,
                     data->count[SPLIT_TEST]);
    real *x = samples_of(model, task, n);
    count_stacks(data, x, n, count);
    ModeCount found = modes_of_counts(count, STACKS);
    dataset_fetch_range(data, SPLIT_TEST, 0, (size_t)n, NULL, x, NULL, NULL);
    count_stacks(data, x, n, count);
    ModeCount all = modes_of_counts(count, STACKS);
    count_stacks(data, x, half_the_modes(data, n, x), count);
    ModeCount half = modes_of_counts(count, STACKS);
    free(x);
    likelihood_report_number(report, "modes covered, of 1000", "", found.covered, NAN);
    likelihood_report_number(report, "reverse KL of the modes' shares", "nats", found.reverse_kl,
                             NAN);
    likelihood_report_number(report, "real stacks: modes", "", all.covered, NAN);
    likelihood_report_number(report, "real stacks: reverse KL", "nats", all.reverse_kl, NAN);
    likelihood_report_number(report, "real stacks of 500 modes: modes", "", half.covered, NAN);
    likelihood_report_number(report, "real stacks of 500 modes: reverse KL", "nats",
                             half.reverse_kl, NAN);
}

void gan_evaluate(Model *model, const Task *task, LikelihoodReport *report)
{
    printf("likelihood: none; a GAN draws samples and gives no probability\n");
    if (task->data->modes > 0)
        count_modes_of_points(model, task, report);
    if (task->data->kind == DATA_BINARY && task->data->log_density != NULL)
        count_patterns(model, task, report);
    if (task->data->part == NULL)
        return;
    char *ruler = quality_ruler_path(task->data);
    if (file_exists(ruler))
        count_modes_of_stacks(model, task, report);
    else
        warn("modes are not counted: %s is not found; run from the root of the repository, or set "
             "LAB_RULER to the folder chapters/00-classifier/weights",
             ruler);
    free(ruler);
}
