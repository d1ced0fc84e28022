#include "train/app.h"

#include "data/text.h"
#include "support/fail.h"
#include "support/file.h"
#include "support/memory.h"
#include "train/loop.h"
#include "train/measure.h"
#include "train/pictures.h"
#include "train/progress.h"
#include "train/quality.h"
#include "train/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const OptionSpec common_options[] = {
    {"run", OPTION_TEXT, NULL, "DIR", "folder of the run", 0, 1, NULL},
    {"threads", OPTION_INT, NULL, "N", "threads (default: one a core)", 1, 1024, NULL},
    {"quiet", OPTION_FLAG, NULL, NULL, "no progress", 0, 1, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static const OptionSpec sample_options[] = {
    {"n", OPTION_INT, "100", "N",
     "how many samples (of texts: 1, or 20 lines, where it is not typed)", 1, 1000000, NULL},
    {"seed", OPTION_INT, "1", "N", "of the samples", 0, 1e15, NULL},
    {"mean", OPTION_FLAG, NULL, NULL, "the mean of p(x | latent) instead of a draw", 0, 1, NULL},
    {"out", OPTION_TEXT, NULL, "NAME",
     "write NAME.npy and NAME.png, or NAME.txt (default: DIR/sample-SEED)", 0, 1, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static const OptionSpec no_options[] = {{NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

/* What the four common commands and a family's own have in common. */
typedef struct Command {
    const char *name, *help;
} Command;

static const Command commands[] = {
    {"train", "train a model, evaluate it on a small sample, draw the run's figures"},
    {"eval", "measure likelihoods on the test set and write eval.json"},
    {"sample", "draw samples into an .npy file and a picture"},
    {"plot", "draw the run's figures again"},
    {NULL, NULL}};

static void print_help(const Family *family)
{
    printf("%s\n\nusage: bin/%s COMMAND [options]      bin/%s COMMAND --help\n\n", family->purpose,
           family->name, family->name);
    for (const Command *command = commands; command->name != NULL; command++)
        printf("  %-12s %s\n", command->name, command->help);
    for (const FamilyCommand *own = family->commands; own != NULL && own->name != NULL; own++)
        printf("  %-12s %s\n", own->name, own->help);
    printf("\nexample: bin/%s train --data %s --quick\n", family->name, family->data);
}

/* argv without the command's name, so that messages read "vae train". */
static Options *parse(const Family *family, const char *name, const char *help,
                      const OptionSpec *const *tables, int argc, char **argv)
{
    char *program = memory_format("%s %s", family->name, name);
    argv[1] = program;
    Options *options = options_parse(program, help, tables, argc - 1, argv + 1);
    free(program);
    return options;
}

static Run *open_run(const Family *family, const Options *options)
{
    if (!options_set(options, "run"))
        refuse_usage("--run is missing: the folder of a run, as in --run runs/%s-%s", family->name,
                     family->data);
    if (options_set(options, "threads"))
        kernels_set_threads((int)options_int(options, "threads"));
    return run_open(family, options_text(options, "run"));
}

/* ---------------------------------------------------------------- eval */

/* The class that --label asks for, once for each of n samples; NULL when it was not given. */
static int *wanted_labels(const Run *run, const Options *options, int n)
{
    if (!options_known(options, "label") || !options_set(options, "label"))
        return NULL;
    long wanted = options_int(options, "label");
    if (run->data->classes == 0)
        refuse_usage("--label %ld: %s has no classes; leave --label out", wanted, run->data->name);
    if (wanted < 0 || wanted >= run->data->classes)
        refuse_usage("--label %ld: the classes of %s are 0 to %d", wanted, run->data->name,
                     run->data->classes - 1);
    int *label = memory_new((size_t)n, sizeof *label);
    for (int i = 0; i < n; i++)
        label[i] = (int)wanted;
    return label;
}

/* Draws samples and measures them; NULL when none were asked for or they can't be. */
static cJSON *evaluate_samples(Run *run, const Options *options)
{
    int n = quality_samples(run->data, options);
    const char *reason = "";
    if (n == 0 || run->family->sample == NULL || run->data->kind == DATA_TOKENS)
        return NULL;
    if (!quality_possible(run->data, &reason)) {
        warn("samples are not measured: %s", reason);
        return NULL;
    }
    char duration[32];
    double start = profile_seconds();
    int *label = wanted_labels(run, options, n);
    if (label == NULL)
        label = family_labels_in_turn(run->model, run->data->classes, n);
    SampleRequest request = {.n = n, .label = label, .options = options};
    real *sample = pictures_samples(run, (uint64_t)options_int(options, "eval-seed"), &request);
    Quality quality = quality_measure(run->data, sample, n, label);
    printf("\n");
    quality_print(&quality, stdout);
    printf("drawn and measured in %s\n", progress_duration(profile_seconds() - start, duration));
    free(sample);
    free(label);
    return quality_to_json(&quality);
}

static void evaluate(Run *run, const Options *options, bool quiet, const char *how)
{
    Split split = measure_split(options);
    int all = (int)run->data->count[split];
    int n = options_set(options, "examples") ? (int)options_int(options, "examples") : all;
    char duration[32];
    if (n > all)
        refuse_usage("--examples %d: the %s split of %s has %d", n, run_split_name(split),
                     run->data->name, all);
    double start = profile_seconds();
    LikelihoodReport report = measure_likelihoods(run, run->data, split, n, options, quiet);
    printf("\n%s on %d of %d %s examples of %s%s, %s\n", run->family->name, n, all,
           run_split_name(split), run->data->name, how,
           progress_duration(profile_seconds() - start, duration));
    likelihood_report_print(&report, stdout);
    run_write_eval(run->dir, run->family, run->data, split, options, &report, NULL);
    cJSON *samples =
        evaluate_samples(run, options); /* may stop: the likelihoods are kept by then */
    if (samples != NULL)
        run_write_eval(run->dir, run->family, run->data, split, options, &report, samples);
    likelihood_report_clear(&report);
}

static int eval_command(const Family *family, int argc, char **argv)
{
    const OptionSpec *tables[] = {
        common_options, measure_options, family->eval_options,
        family->sample_options != NULL ? family->sample_options : no_options, NULL};
    Options *options = parse(family, "eval", commands[1].help, tables, argc, argv);
    Run *run = open_run(family, options);
    evaluate(run, options, options_flag(options, "quiet"), "");
    printf("written to %s/eval.json\n", run->dir);
    run_close(run);
    options_free(options);
    return 0;
}

/* ---------------------------------------------------------------- train */

/* A small evaluation, on at most so many examples and with the family's quick settings, so that a
 * run ends with numbers. */
static void evaluate_quickly(Run *run, size_t most)
{
    char examples[16];
    size_t all = run->data->count[SPLIT_TEST];
    Options *options = measure_defaults(run->family, true);
    snprintf(examples, sizeof examples, "%zu", all < most ? all : most);
    options_put(options, "examples", examples, "the small evaluation");
    options_put(options, "samples", "0", "the small evaluation");
    evaluate(run, options, true, " (a small sample)");
    options_free(options);
}

static int train_command(const Family *family, int argc, char **argv)
{
    const OptionSpec *tables[] = {loop_options, run_options, family->options,
                                  family_optimizer_options, NULL};
    Options *options = parse(family, "train", commands[0].help, tables, argc, argv);
    char duration[32];
    if (options_flag(options, "shapes")) {
        loop_shapes(family, options);
        options_free(options);
        return 0;
    }
    double start = profile_seconds();
    LoopResult result = loop_train(family, options, NULL);
    if (!result.finished) {
        options_free(options);
        return 130;
    }
    Run *run = run_open(family, options_text(options, "out"));
    evaluate_quickly(run, options_flag(options, "quick") ? 100 : 500);
    Figures *figures = pictures_draw(run, options_flag(options, "quiet"));
    printf("\ntrained in %s, everything in %s; the run is in %s\n",
           progress_duration(result.seconds, duration),
           progress_duration(profile_seconds() - start, (char[32]){0}), run->dir);
    pictures_list(figures, run->dir);
    printf("next:\n  bin/%s eval --run %s\n", family->name, run->dir);
    if (family->sample != NULL)
        printf("  bin/%s sample --run %s%s --seed 2\n", family->name, run->dir,
               run->data->kind == DATA_TOKENS ? "" : " --n 16");
    for (const FamilyCommand *own = family->commands; own != NULL && own->name != NULL; own++)
        if ((own->data_kinds & (unsigned)run->data->kind) != 0 &&
            (family->offers == NULL || family->offers(run->model, own)))
            printf("  bin/%s %s --run %s\n", family->name, own->name, run->dir);
    figures_close(figures);
    run_close(run);
    options_free(options);
    return 0;
}

/* ---------------------------------------------------------------- sample, plot, the family's own
 */

/* Texts go to the terminal and into NAME.txt: lines twenty at a time, of running text one, where
 * --n does not say. */
static void sample_texts(Run *run, const Options *options, const char *out)
{
    if (options_flag(options, "mean"))
        refuse_usage("--mean: a text has none; leave it out");
    char *path = memory_format("%s.txt", out);
    int usual = run->data->text->lines ? 20 : 1;
    SampleRequest request = {.n = options_typed(options, "n") ? (int)options_int(options, "n")
                                                              : usual,
                             .options = options};
    char *text = pictures_texts(run, (uint64_t)options_int(options, "seed"), &request);
    const char *reason = file_write(path, text, strlen(text));
    if (reason != NULL)
        refuse("%s: not written: %s", path, reason);
    fputs(text, stdout);
    fprintf(stderr, "written to %s\n", path);
    free(text);
    free(path);
}

static int sample_command(const Family *family, int argc, char **argv)
{
    const OptionSpec *tables[] = {
        common_options, sample_options,
        family->sample_options != NULL ? family->sample_options : no_options, NULL};
    Options *options = parse(family, "sample", commands[2].help, tables, argc, argv);
    if (family->sample == NULL)
        refuse("sample: bin/%s learns no distribution to sample from; see bin/%s --help",
               family->name, family->name);
    Run *run = open_run(family, options);
    long seed = options_int(options, "seed");
    int n = (int)options_int(options, "n");
    char *out = options_set(options, "out") ? memory_text(options_text(options, "out"))
                                            : memory_format("%s/sample-%ld", run->dir, seed);
    if (run->data->kind == DATA_TOKENS) {
        sample_texts(run, options, out);
        free(out);
        run_close(run);
        options_free(options);
        return 0;
    }
    char *npy = memory_format("%s.npy", out);
    char *slash = strrchr(out, '/'), *name = slash != NULL ? slash + 1 : out;
    char *folder =
        slash != NULL ? memory_format("%.*s", (int)(slash - out), out) : memory_text(".");
    int *label = wanted_labels(run, options, n);
    SampleRequest request = {
        .n = n, .mean = options_flag(options, "mean"), .label = label, .options = options};
    real *sample = pictures_samples(run, (uint64_t)seed, &request);
    Figures *figures = figures_open(folder);
    pictures_write_npy(run, npy, sample, n);
    pictures_sample_figure(run, figures, name, sample, n < 2000 ? n : 2000);
    printf("%d samples in %s\n", n, npy);
    pictures_list(figures, folder);
    figures_close(figures);
    free(sample);
    free(label);
    free(folder);
    free(npy);
    free(out);
    run_close(run);
    options_free(options);
    return 0;
}

static int plot_command(const Family *family, int argc, char **argv)
{
    const OptionSpec *tables[] = {common_options, NULL};
    Options *options = parse(family, "plot", commands[3].help, tables, argc, argv);
    Run *run = open_run(family, options);
    Figures *figures = pictures_draw(run, options_flag(options, "quiet"));
    pictures_list(figures, run->dir);
    figures_close(figures);
    run_close(run);
    options_free(options);
    return 0;
}

static int own_command(const Family *family, const FamilyCommand *own, int argc, char **argv)
{
    const OptionSpec *tables[] = {common_options, own->options != NULL ? own->options : no_options,
                                  NULL};
    Options *options = parse(family, own->name, own->help, tables, argc, argv);
    Run *run = open_run(family, options);
    if ((own->data_kinds & (unsigned)run->data->kind) == 0)
        refuse("%s: makes no sense for %s, which the run in %s was trained on", own->name,
               run->data->name, run->dir);
    char *folder = run_path(run->dir, "figures");
    Figures *figures = figures_open(folder);
    Task task = {.data = run->data,
                 .split = SPLIT_TEST,
                 .figures = figures,
                 .dir = run->dir,
                 .options = options,
                 .quiet = options_flag(options, "quiet")};
    task.tape = tape_create(kernels_best());
    tape_record(task.tape, false);
    task.noise = rng_stream((uint64_t)options_int(run->options, "seed"), own->name);
    own->run(run->model, &task);
    pictures_list(figures, run->dir);
    tape_free(task.tape);
    figures_close(figures);
    free(folder);
    run_close(run);
    options_free(options);
    return 0;
}

/* ---------------------------------------------------------------- the door */

static _Noreturn void unknown_command(const Family *family, const char *word)
{
    const char *names[16];
    int count = 0;
    for (const Command *command = commands; command->name != NULL; command++)
        names[count++] = command->name;
    for (const FamilyCommand *own = family->commands;
         own != NULL && own->name != NULL && count < 15; own++)
        names[count++] = own->name;
    names[count] = NULL;
    const char *nearest = options_nearest(word, names);
    if (nearest != NULL)
        refuse_usage("unknown command '%s'; did you mean '%s'? See bin/%s --help", word, nearest,
                     family->name);
    refuse_usage("unknown command '%s'; see bin/%s --help", word, family->name);
}

/* The variable is read before main, so the program starts itself once more with it. */
void app_spin_briefly(char **argv)
{
#ifdef _OPENMP
    if (getenv("GOMP_SPINCOUNT") != NULL || getenv("OMP_WAIT_POLICY") != NULL)
        return;
    setenv("GOMP_SPINCOUNT", "10000", 1);
    execv("/proc/self/exe", argv); /* where that does not exist, go on without */
#else
    (void)argv;
#endif
}

int app_main(const Family *family, int argc, char **argv)
{
    app_spin_briefly(argv);
    const char *word = argc > 1 ? argv[1] : "--help";
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        print_help(family);
        return argc > 1 ? 0 : 2;
    }
    if (strcmp(word, "train") == 0)
        return train_command(family, argc, argv);
    if (strcmp(word, "eval") == 0)
        return eval_command(family, argc, argv);
    if (strcmp(word, "sample") == 0)
        return sample_command(family, argc, argv);
    if (strcmp(word, "plot") == 0)
        return plot_command(family, argc, argv);
    for (const FamilyCommand *own = family->commands; own != NULL && own->name != NULL; own++)
        if (strcmp(word, own->name) == 0)
            return own_command(family, own, argc, argv);
    unknown_command(family, word);
}
