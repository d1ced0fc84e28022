#include "train/loop.h"

#include "data/batches.h"
#include "plot/terminal.h"
#include "support/fail.h"
#include "support/memory.h"
#include "train/checkpoint.h"
#include "train/progress.h"
#include "train/record.h"
#include "train/run.h"
#include "train/schedule.h"
#include "train/settle.h"

#include <gsl/gsl_sort_double.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

const OptionSpec loop_options[] = {
    {"out", OPTION_TEXT, NULL, "DIR", "folder of the run (default: runs/FAMILY-DATA)", 0, 1, NULL},
    {"resume", OPTION_FLAG, NULL, NULL, "go on from the folder's checkpoint", 0, 1, NULL},
    {"force", OPTION_FLAG, NULL, NULL, "start anew in a folder that holds a run", 0, 1, NULL},
    {"quick", OPTION_FLAG, NULL, NULL, "a few seconds, to see that it works", 0, 1, NULL},
    {"stop-after", OPTION_INT, NULL, "N", "stop after step N as Ctrl-C does", 1, 1e12, NULL},
    {"save-every", OPTION_INT, NULL, "N",
     "steps between checkpoints (default: a twentieth of the run)", 1, 1e12, NULL},
    {"live", OPTION_FLAG, NULL, NULL, "draw loss and samples in the terminal while training", 0, 1,
     NULL},
    {"shapes", OPTION_FLAG, NULL, NULL, "print the layer table and end", 0, 1, NULL},
    {"profile", OPTION_FLAG, NULL, NULL, "print time and GFLOP/s by operation at the end", 0, 1,
     NULL},
    {"quiet", OPTION_FLAG, NULL, NULL, "no progress", 0, 1, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

enum {
    LOG_LINES = 500,
    VALIDATIONS = 50,
    VALIDATE_STEPS = 5, /* at least so many between two, or a short run would do little else */
    VALIDATION_EXAMPLES = 1000
};

/* Everything that a run in progress has. */
typedef struct Loop {
    const Family *family;
    const Options *options;
    const Dataset *data;
    Model *model;
    Batches *batches;
    Tape *tape;
    Profile *profile;
    Record *record;
    Schedule schedule;
    CheckpointState state;
    Rng noise;
    int batch, columns;
    int *label;
    const char *dir;
    char *checkpoint;
    const LoopHooks *hooks;
    long log_every, validate_every, save_every, stop_after;
    double started, last_live;
} Loop;

/* The one variable that a signal handler may write. */
static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
    interrupted = 1;
    signal(signal_number, SIG_DFL); /* a second Ctrl-C ends at once */
}

static void print_shapes(const Model *model)
{
    printf("%-32s %-20s %12s\n", "weight", "shape", "numbers");
    for (int p = 0; p < model->parts; p++)
        for (int i = 0; i < model->part[p].params->count; i++) {
            const Tensor *weight = model->part[p].params->tensor[i];
            char shape[TENSOR_SHAPE_TEXT];
            printf("%s/%-*s %-20s %12zu%s\n", model->part[p].name,
                   (int)(31 - strlen(model->part[p].name)), weight->name,
                   tensor_shape_text(weight, shape), weight->size,
                   model->part[p].params->trained[i] ? "" : "  (not trained)");
        }
    printf("%-32s %-20s %12zu\n", "all trained", "", model_numbers(model));
}

/* ---------------------------------------------------------------- a step */

/* One step at state.step; raises it. Returns what it logged. */
static void one_step(Loop *loop, double logged[FAMILY_MOST_COLUMNS])
{
    long index = loop->state.step;
    profile_switch(loop->profile, "data", PROFILE_REST);
    tape_reset(loop->tape);
    model_bind(loop->model, loop->tape);
    Step step = {.tape = loop->tape, .index = index, .steps = loop->schedule.steps};
    step.x = tensor_name(tensor_new_matrix(loop->tape, loop->batch, loop->data->dims), "x");
    step.label = loop->label;
    step.learning_rate = schedule_rate(&loop->schedule, index);
    step.noise = rng_at(loop->noise, (uint64_t)index);
    batches_get(loop->batches, (uint64_t)index, step.x->value, loop->label, NULL);
    step.example = batches_examples(loop->batches, (uint64_t)index);
    for (int c = 0; c < loop->columns; c++)
        logged[c] = NAN;
    loop->family->train_step(loop->model, &step, logged);
    model_update_ema(loop->model);
    loop->state.step++;
}

static const char *what_is_kept(const Loop *loop)
{
    return file_exists(loop->checkpoint) ? "the last checkpoint is kept"
                                         : "there is no checkpoint yet";
}

static _Noreturn void not_finite(const Loop *loop, double loss)
{
    const Tensor *first = tape_first_not_finite(loop->tape);
    const char *where = first != NULL ? first->name : checkpoint_not_finite(loop->model);
    refuse("the loss became %g at step %ld; first not finite: '%s'. Lower --lr or set --clip 1; "
           "%s in %s",
           loss, loop->state.step, where != NULL ? where : "the loss itself", what_is_kept(loop),
           loop->dir);
}

static double validation_loss(Loop *loop)
{
    const Dataset *data = loop->data;
    uint32_t index[VALIDATION_EXAMPLES];
    size_t n = data->count[SPLIT_VALIDATION];
    n = n < VALIDATION_EXAMPLES ? n : VALIDATION_EXAMPLES;
    for (size_t i = 0; i < n; i++)
        index[i] = (uint32_t)i;
    tape_reset(loop->tape);
    model_bind(loop->model, loop->tape);
    bool recording = tape_record(loop->tape, false);
    Rng noise = rng_stream(loop->state.seed, "validation");
    Tensor *x = tensor_new_matrix(loop->tape, (int)n, data->dims);
    dataset_fetch(data, SPLIT_VALIDATION, index, n, &noise, x->value, NULL, NULL);
    double loss =
        loop->family->validate(loop->model, x, rng_stream(loop->state.seed, "validation"));
    tape_record(loop->tape, recording);
    return loss;
}

/* Adds a step to the running sums, and writes a line when one is due. */
static void log_step(Loop *loop, const double *logged)
{
    double *sums = loop->state.sums;
    long step = loop->state.step;
    bool last = step == loop->schedule.steps;
    for (int c = 0; c < loop->columns; c++)
        sums[c] += logged[c];
    sums[FAMILY_MOST_COLUMNS]++;
    if (step % loop->log_every != 0 && !last)
        return;
    double mean[FAMILY_MOST_COLUMNS], valid = NAN;
    for (int c = 0; c < loop->columns; c++)
        mean[c] = sums[c] / sums[FAMILY_MOST_COLUMNS];
    memset(sums, 0, sizeof loop->state.sums);
    if (loop->family->validate != NULL && (step % loop->validate_every == 0 || last))
        valid = validation_loss(loop);
    record_line(loop->record, step, batches_epoch(loop->batches, (uint64_t)step),
                profile_seconds() - loop->started, schedule_rate(&loop->schedule, step - 1), mean,
                valid);
}

/* ---------------------------------------------------------------- saving */

static bool save(Loop *loop)
{
    const char *bad = checkpoint_not_finite(loop->model);
    if (bad != NULL)
        refuse("weight '%s' holds a value that is not finite after step %ld; lower --lr or set "
               "--clip 1; %s in %s",
               bad, loop->state.step, what_is_kept(loop), loop->dir);
    const char *reason = checkpoint_save(loop->model, &loop->state, loop->checkpoint,
                                         loop->hooks != NULL ? loop->hooks->at_save : NULL,
                                         loop->hooks != NULL ? loop->hooks->context : NULL);
    if (reason != NULL)
        warn("%s: not saved: %s; the previous checkpoint stays, training goes on", loop->checkpoint,
             reason);
    return reason == NULL;
}

/* ---------------------------------------------------------------- --live */

/* Characters in a line of the terminal; 80 where it does not say. */
static int terminal_width(void)
{
    struct winsize size;
    bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40;
    return known ? size.ws_col : 80;
}

static void draw_live(Loop *loop)
{
    if (profile_seconds() - loop->last_live < 2)
        return;
    int width = terminal_width();
    RecordTable table = record_read(loop->dir);
    const double *step = record_column(&table, "step");
    const double *loss = record_column(&table, loop->family->columns[0]);
    fputs("\033[H\033[2J", stderr);
    if (table.rows >= 2) {
        FigureCurve curve = {.label = loop->family->columns[0], .y = loss};
        FigureLines lines = {.x = step, .n = table.rows, .curve = &curve, .curves = 1};
        FigureText text = {.name = "live", .title = loop->family->columns[0], .x_label = "step"};
        plot_terminal_lines(stderr, &text, &lines, width - 2, 16);
    }
    if (loop->family->sample != NULL && loop->data->kind != DATA_POINTS && loop->data->height > 1) {
        enum { SHOWN = 5 };
        tape_reset(loop->tape);
        model_bind(loop->model, loop->tape);
        bool recording = tape_record(loop->tape, false);
        Rng noise = rng_stream(loop->state.seed, "live");
        real *pixel = memory_new((size_t)SHOWN * (size_t)loop->data->dims, sizeof *pixel);
        int *label = family_labels_in_turn(loop->model, loop->data->classes, SHOWN);
        SampleRequest request = {.n = SHOWN, .mean = true, .label = label};
        loop->family->sample(loop->model, loop->tape, &noise, &request, pixel);
        free(label);
        for (size_t i = 0; i < (size_t)SHOWN * (size_t)loop->data->dims; i++)
            pixel[i] /= (real)(loop->data->levels - 1);
        FigureImages images = {
            pixel, SHOWN, loop->data->height, loop->data->width, loop->data->channels, 1, SHOWN,
            NULL,  NULL};
        plot_terminal_images(stderr, &(FigureText){.name = "live", .title = "samples"}, &images,
                             width - 2);
        tape_record(loop->tape, recording);
        free(pixel);
    }
    record_table_free(&table);
    loop->last_live = profile_seconds();
}

/* ---------------------------------------------------------------- how long */

/* Steps a second of a model that is thrown away afterwards, by the median step: a diary that some
 * families keep of their first steps, or another program's turn, is not what a step takes. */
static double measured_rate(const Loop *like, double seconds)
{
    enum { MOST = 4096 };
    Loop trial = *like;
    double logged[FAMILY_MOST_COLUMNS], took[MOST];
    size_t steps = 0;
    trial.model = trial.family->create(trial.options, trial.data, trial.state.seed);
    trial.profile = NULL;
    trial.schedule.steps = 1000000;
    trial.schedule.peak = 0; /* the weights stay as they are: nothing can diverge */
    for (int i = 0; i < 3; i++)
        one_step(&trial, logged);
    double start = profile_seconds();
    for (double before = start; steps < MOST && (steps == 0 || before - start < seconds);) {
        one_step(&trial, logged);
        double now = profile_seconds();
        took[steps++] = now - before;
        before = now;
    }
    trial.family->destroy(trial.model);
    gsl_sort(took, 1, steps);
    return 1 / gsl_stats_median_from_sorted_data(took, 1, steps);
}

/* ---------------------------------------------------------------- resuming */

static void check_resumed(const Loop *loop, const CheckpointState *state)
{
    if (state->threads != kernels_threads())
        refuse("the run in %s was started with %d threads, this is %d: the bits would differ; "
               "add --threads %d",
               loop->dir, state->threads, kernels_threads(), state->threads);
    if (state->steps != loop->schedule.steps || state->step > state->steps)
        refuse(
            "%s: is at step %ld of %ld, but config.json says %ld steps; one of the files is from "
            "another run",
            loop->checkpoint, state->step, state->steps, loop->schedule.steps);
}

/* ---------------------------------------------------------------- the run */

static Loop loop_create(const Family *family, Options *options, const Dataset *data,
                        const LoopHooks *hooks)
{
    Loop loop = {.family = family, .options = options, .data = data, .hooks = hooks};
    loop.dir = options_text(options, "out");
    loop.checkpoint = run_path(loop.dir, "checkpoint.safetensors");
    loop.columns = family_columns(family);
    loop.batch = (int)options_int(options, "batch");
    loop.state.seed = (uint64_t)options_int(options, "seed");
    loop.state.threads = kernels_threads();
    loop.noise = rng_stream(loop.state.seed, "noise");
    loop.batches = batches_create(data, SPLIT_TRAIN, loop.batch, loop.state.seed);
    loop.tape = tape_create(kernels_best());
    loop.label = data->classes > 0 ? memory_new((size_t)loop.batch, sizeof *loop.label) : NULL;
    loop.schedule.peak = options_real(options, "lr");
    loop.schedule.cosine = strcmp(options_text(options, "schedule"), "cosine") == 0;
    loop.schedule.warmup = options_int(options, "lr-warmup");
    return loop;
}

static long at_least_one(long n)
{
    return n > 1 ? n : 1;
}

/* What an earlier run left would pass for this one's. Only now is it sure that this one begins. */
static void clear_folder(const Loop *loop)
{
    static const char *const left[] = {"checkpoint.safetensors", "weights.safetensors",
                                       "eval.json"};
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++) {
        char *path = run_path(loop->dir, left[i]);
        remove(path);
        free(path);
    }
}

/* Settles the length of the run, says how long it will take, makes or loads the model. */
static void prepare(Loop *loop, Options *options, bool resume)
{
    char duration[32], kernels[200];
    bool quick = options_flag(options, "quick");
    double rate = measured_rate(loop, quick ? 0.2 : 0.7);
    const char *from =
        resume ? "config.json" : settle_steps(options, rate, batches_per_epoch(loop->batches));
    long steps = options_int(options, "steps");
    loop->schedule.steps = loop->state.steps = steps;
    if (loop->schedule.warmup >= steps)
        loop->schedule.warmup = steps - 1;
    loop->log_every = at_least_one(steps / LOG_LINES);
    long apart = steps / VALIDATIONS > VALIDATE_STEPS ? steps / VALIDATIONS : VALIDATE_STEPS;
    loop->validate_every = at_least_one(apart / loop->log_every) * loop->log_every;
    loop->save_every = options_set(options, "save-every") ? options_int(options, "save-every")
                                                          : at_least_one(steps / 20);
    loop->stop_after =
        options_set(options, "stop-after") ? options_int(options, "stop-after") : steps;
    loop->model = loop->family->create(options, loop->data, loop->state.seed);
    if (resume &&
        file_exists(loop->checkpoint)) { /* none yet: killed early, begin again to the same bits */
        CheckpointState state = checkpoint_load(loop->model, loop->checkpoint);
        check_resumed(loop, &state);
        loop->state = state;
    } else if (!resume) {
        clear_folder(loop);
        run_write_config(loop->dir, loop->family, options, loop->model, from);
    }
    loop->record = record_open(loop->dir, loop->family, loop->state.step);
    double left = (double)(steps - loop->state.step) / rate;
    printf("%s: %zu weights, batch %d, %ld steps (%s)%s; %s\n", loop->family->name,
           model_numbers(loop->model), loop->batch, steps, from, resume ? ", resumed" : "",
           kernels_describe(kernels));
    printf("about %s to train at %.0f steps/s on this machine\n", progress_duration(left, duration),
           rate);
    fflush(stdout);
}

static void run_steps(Loop *loop)
{
    double logged[FAMILY_MOST_COLUMNS];
    char note[64] = ""; /* a finished run that is resumed takes no step */
    bool live = options_flag(loop->options, "live") && isatty(STDERR_FILENO);
    Progress progress = progress_start("train", "steps", loop->state.step, loop->schedule.steps,
                                       options_flag(loop->options, "quiet") || live);
    long saved = loop->state.step;
    while (loop->state.step < loop->schedule.steps && !interrupted &&
           loop->state.step < loop->stop_after) {
        one_step(loop, logged);
        if (!isfinite(logged[0]))
            not_finite(loop, logged[0]);
        log_step(loop, logged);
        if (loop->state.step % loop->save_every == 0 && save(loop))
            saved = loop->state.step;
        snprintf(note, sizeof note, "%s %.4g", loop->family->columns[0], logged[0]);
        progress_show(&progress, loop->state.step, note);
        if (live)
            draw_live(loop);
        if (loop->hooks != NULL && loop->hooks->after_step != NULL)
            loop->hooks->after_step(loop->state.step, loop->hooks->context);
    }
    progress_end(&progress, note);
    if (saved != loop->state.step && !save(loop))
        refuse(
            "the run's last steps could not be saved; free some disk space and type: %s --resume",
            run_train_command(loop->family, loop->dir));
}

static void say_stopped(const Loop *loop, const LoopResult *result)
{
    char *command = run_train_command(loop->family, loop->dir);
    printf("stopped at step %ld of %ld; go on with: %s --resume\n", result->step, result->steps,
           command);
    free(command);
}

static void finish(Loop *loop)
{
    char *weights = run_path(loop->dir, "weights.safetensors");
    const char *reason = checkpoint_save_weights(loop->model, weights);
    if (reason != NULL)
        refuse("%s: not written: %s; free some disk space and type: %s --resume", weights, reason,
               run_train_command(loop->family, loop->dir));
    free(weights);
}

static void loop_free(Loop *loop)
{
    record_close(loop->record);
    loop->family->destroy(loop->model);
    batches_free(loop->batches);
    tape_free(loop->tape);
    free(loop->label);
    free(loop->checkpoint);
}

void loop_shapes(const Family *family, Options *options)
{
    Dataset *data = settle_data(family, options);
    family->defaults(options, data);
    family_prepare(family, options, data);
    Model *model = family->create(options, data, (uint64_t)options_int(options, "seed"));
    print_shapes(model);
    family->destroy(model);
    dataset_free(data);
}

LoopResult loop_train(const Family *family, Options *options, const LoopHooks *hooks)
{
    Profile profile = profile_start();
    settle_out(family, options);
    bool resume = settle_folder(family, options);
    Dataset *data = settle_data(family, options);
    if (resume)
        run_check_options(family, options, data, options_text(options, "out"));
    else
        family->defaults(options, data);
    family_prepare(family, options, data);
    Loop loop = loop_create(family, options, data, hooks);
    char *described = dataset_describe(data);
    printf("%s\n", described);
    free(described);
    prepare(&loop, options, resume);
    if (options_flag(options, "profile")) {
        loop.profile = &profile;
        tape_set_profile(loop.tape, &profile);
    }
    interrupted = 0;
    void (*before)(int) = signal(SIGINT, on_interrupt);
    loop.started = profile_seconds();
    long first = loop.state.step;
    run_steps(&loop);
    signal(SIGINT, before);
    LoopResult result = {loop.state.step >= loop.schedule.steps, loop.state.step,
                         loop.schedule.steps, profile_seconds() - loop.started};
    if (result.finished)
        finish(&loop);
    else
        say_stopped(&loop, &result);
    if (loop.profile != NULL && result.step > first)
        profile_print(&profile, result.step - first, stdout);
    loop_free(&loop);
    dataset_free(data);
    return result;
}
