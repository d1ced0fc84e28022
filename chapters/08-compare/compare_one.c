#include "08-compare/compare_one.h"

#include "08-compare/compare_probe.h"
#include "08-compare/compare_tracks.h"
#include "metric/cells.h"
#include "support/fail.h"
#include "support/file.h"
#include "support/memory.h"
#include "support/npy.h"
#include "train/loop.h"
#include "train/measure.h"
#include "train/pictures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const OptionSpec one_options[] = {
    {"family", OPTION_TEXT, NULL, "NAME", "vae, flow ...", 0, 1, NULL},
    {"out", OPTION_TEXT, NULL, "DIR", "folder of the run and of what is measured", 0, 1, NULL},
    {"run", OPTION_TEXT, NULL, "DIR", "measure this finished run instead of training one", 0, 1,
     NULL},
    {"training", OPTION_TEXT, "", "WORDS", "what bin/FAMILY train is given", 0, 1, NULL},
    {"budget", OPTION_TEXT, "", "WORDS", "and for how long", 0, 1, NULL},
    {"eval-examples", OPTION_INT, "2000", "N", "test examples whose likelihood is measured", 1, 1e9,
     NULL},
    {"samples", OPTION_INT, "2000", "N", "samples drawn", 1, 1e7, NULL},
    {"states", OPTION_FLAG, NULL, NULL, "measure all states too", 0, 1, NULL},
    {"map", OPTION_FLAG, NULL, NULL, "measure a map of the density too", 0, 1, NULL},
    {"quick", OPTION_FLAG, NULL, NULL, "the families' small evaluations", 0, 1, NULL},
    {"threads", OPTION_INT, NULL, "N", "threads (default: one a core)", 1, 1024, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

Words words_split(const char *text)
{
    Words words = {.text = memory_text(text)};
    words.word = memory_new(strlen(text) / 2 + 2, sizeof *words.word);
    char *rest = NULL;
    for (char *w = strtok_r(words.text, " ", &rest); w != NULL; w = strtok_r(NULL, " ", &rest))
        words.word[words.count++] = w;
    return words;
}

void words_free(Words *words)
{
    free(words->word);
    free(words->text);
}

/* ---------------------------------------------------------------- small files */

static void write_json(const char *dir, const char *name, cJSON *json)
{
    char *path = run_path(dir, name);
    const char *reason = file_write_json(path, json);
    cJSON_Delete(json);
    if (reason != NULL)
        refuse("%s: not written: %s", path, reason);
    free(path);
}

static void write_numbers(const char *dir, const char *name, NpyType type, const void *value,
                          int rank, const long *shape)
{
    char *path = run_path(dir, name);
    const char *reason = npy_write(path, type, value, rank, shape);
    if (reason != NULL)
        refuse("%s: not written: %s", path, reason);
    free(path);
}

static void write_log_prob(const char *dir, const char *name, const LikelihoodReport *report)
{
    size_t n = (size_t)report->examples, all = (size_t)report->likelihoods;
    double *value = memory_new(all * n + 1, sizeof *value);
    for (size_t l = 0; l < all; l++)
        memcpy(value + l * n, report->likelihood[l].log_prob, n * sizeof *value);
    write_numbers(dir, name, NPY_FLOAT64, value, 2, (long[]){(long)all, (long)n});
    free(value);
}

/* ---------------------------------------------------------------- training */

/* The most memory that this process ever held, MiB; NaN where the system does not say. (The
 * maximum that getrusage gives survives exec, so it could be the parent's.) */
static double peak_mib(void)
{
    double kib = NAN;
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (sscanf(line, "VmHWM: %lf", &kib) == 1)
            break;
    if (status != NULL)
        fclose(status);
    return kib / 1024;
}

/* Training goes on where an earlier call stopped; its seconds are added up in training.json. False
 * when it was interrupted. */
static bool train(const Family *family, const Options *one, const char *dir)
{
    const OptionSpec *tables[] = {loop_options, run_options, family->options,
                                  family_optimizer_options, NULL};
    char *config = run_path(dir, "config.json"), *weights = run_path(dir, "weights.safetensors");
    char *spent = run_path(dir, "training.json");
    char *all = memory_format("%s %s", options_text(one, "training"), options_text(one, "budget"));
    Words words = words_split(all);
    char **line = memory_new((size_t)words.count + 5, sizeof *line);
    char *program = memory_format("%s train", family->name);
    bool resume = file_exists(config), finished = file_exists(weights);
    int count = 0;
    line[count++] = program;
    for (int i = 0; !resume && i < words.count; i++)
        line[count++] = words.word[i];
    line[count++] = "--out";
    line[count++] = (char *)dir;
    if (resume)
        line[count++] = "--resume";
    if (!finished) {
        cJSON *before = file_exists(spent) ? file_read_json(spent) : cJSON_CreateObject();
        Options *options = options_parse(program, family->purpose, tables, count, line);
        LoopResult result = loop_train(family, options, NULL);
        double seconds = file_json_number(before, "seconds"),
               memory = file_json_number(before, "peak_mib");
        cJSON *after = cJSON_CreateObject();
        cJSON_AddNumberToObject(after, "seconds",
                                result.seconds + (isfinite(seconds) ? seconds : 0));
        cJSON_AddNumberToObject(after, "peak_mib", fmax(peak_mib(), memory));
        write_json(dir, "training.json", after);
        cJSON_Delete(before);
        options_free(options);
        finished = result.finished;
    }
    free(program);
    free(line);
    words_free(&words);
    free(all);
    free(spent);
    free(weights);
    free(config);
    return finished;
}

/* ---------------------------------------------------------------- measuring */

static void measure_states(Run *run, const Options *eval, const char *dir)
{
    Dataset *states = probe_states(run->data);
    LikelihoodReport report =
        measure_likelihoods(run, states, SPLIT_TEST, (int)states->count[SPLIT_TEST], eval, false);
    write_log_prob(dir, "states.npy", &report);
    likelihood_report_clear(&report);
    dataset_free(states);
}

/* The density on a map around the test points, by the family's small evaluation; of the likelihood
 * that eval.json has last, its tightest. */
static void measure_map(Run *run, const char *dir)
{
    enum { POINTS = 2000 };
    int n = run->data->count[SPLIT_TEST] < POINTS ? (int)run->data->count[SPLIT_TEST] : POINTS;
    real *x = memory_new(2 * (size_t)n, sizeof *x);
    dataset_fetch_range(run->data, SPLIT_TEST, 0, (size_t)n, NULL, x, NULL, NULL);
    Cells cells = cells_around(x, n, 2, ONE_MAP_CELLS);
    Dataset *map = probe_plane(run->data, &cells);
    Options *quick = measure_defaults(run->family, true);
    LikelihoodReport report =
        measure_likelihoods(run, map, SPLIT_TEST, ONE_MAP_CELLS * ONE_MAP_CELLS, quick, false);
    if (report.likelihoods > 0)
        write_numbers(dir, "map.npy", NPY_FLOAT64,
                      report.likelihood[report.likelihoods - 1].log_prob, 2,
                      (long[]){ONE_MAP_CELLS, ONE_MAP_CELLS});
    likelihood_report_clear(&report);
    options_free(quick);
    dataset_free(map);
    free(x);
}

/* Returns the seconds that drawing took. */
static double measure_samples(Run *run, int n, const char *dir)
{
    double start = profile_seconds();
    real *sample = pictures_samples(run, 1, &(SampleRequest){.n = n});
    double seconds = profile_seconds() - start;
    write_numbers(dir, "compare.npy", sizeof(real) == sizeof(float) ? NPY_FLOAT32 : NPY_FLOAT64,
                  sample, 2, (long[]){n, run->data->dims});
    free(sample);
    return seconds;
}

static void measure(const Family *family, const Options *one, const char *dir, const char *run_dir)
{
    bool quick = options_flag(one, "quick");
    Run *run = run_open(family, run_dir);
    Options *eval = measure_defaults(family, quick);
    int all = (int)run->data->count[SPLIT_TEST], n = (int)options_int(one, "eval-examples");
    int samples = (int)options_int(one, "samples");
    n = n < all ? n : all;
    LikelihoodReport report = measure_likelihoods(run, run->data, SPLIT_TEST, n, eval, false);
    run_write_eval(dir, family, run->data, SPLIT_TEST, eval, &report, NULL);
    write_log_prob(dir, "log_prob.npy", &report);
    bool likely = report.likelihoods > 0;
    likelihood_report_clear(&report);
    if (options_flag(one, "states") && likely)
        measure_states(run, eval, dir);
    if (options_flag(one, "map") && likely)
        measure_map(run, dir);
    double seconds = measure_samples(run, samples, dir);

    char *spent_path = run_path(run_dir, "training.json");
    cJSON *spent = file_exists(spent_path) ? file_read_json(spent_path) : cJSON_CreateObject();
    cJSON *row = cJSON_CreateObject();
    cJSON_AddStringToObject(row, "family", family->name);
    cJSON_AddStringToObject(row, "data", run->data->name);
    cJSON_AddStringToObject(row, "run", run_dir);
    cJSON_AddNumberToObject(row, "seed", (double)options_int(run->options, "seed"));
    cJSON_AddNumberToObject(row, "steps", (double)options_int(run->options, "steps"));
    cJSON_AddNumberToObject(row, "threads", (double)options_int(run->options, "threads"));
    cJSON_AddNumberToObject(row, "parameters", (double)model_numbers(run->model));
    cJSON_AddNumberToObject(row, "train_seconds", file_json_number(spent, "seconds"));
    cJSON_AddNumberToObject(row, "peak_mib", file_json_number(spent, "peak_mib"));
    cJSON_AddNumberToObject(row, "sample_seconds_per_1000", seconds * 1000 / samples);
    cJSON_AddNumberToObject(row, "samples", samples);
    cJSON_AddStringToObject(row, "training", options_text(one, "training"));
    cJSON_AddBoolToObject(row, "quick", quick);
    write_json(dir, "row.json", row);
    cJSON_Delete(spent);
    free(spent_path);
    options_free(eval);
    run_close(run);
}

int one_main(int argc, char **argv)
{
    const OptionSpec *tables[] = {one_options, NULL};
    Options *one = options_parse("compare one", "train and measure one model of a comparison",
                                 tables, argc, argv);
    const char *name = options_text(one, "family"), *dir = options_text(one, "out");
    if (name == NULL || dir == NULL)
        refuse_usage("compare one: --family and --out are needed; bin/compare gives them");
    const Family *family = track_family(name);
    if (family == NULL)
        refuse_usage("compare one: --family %s: none of the families that compare", name);
    file_make_folder(dir);
    if (options_set(one, "threads"))
        kernels_set_threads((int)options_int(one, "threads"));
    bool ready = options_set(one, "run") || train(family, one, dir);
    if (ready)
        measure(family, one, dir, options_set(one, "run") ? options_text(one, "run") : dir);
    options_free(one);
    return ready ? 0 : 130;
}
