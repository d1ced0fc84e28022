#include "train/run.h"

#include "support/fail.h"
#include "support/file.h"
#include "support/memory.h"
#include "train/checkpoint.h"

#include <gsl/gsl_version.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

const OptionSpec run_options[] = {
    {"data", OPTION_TEXT, NULL, "NAME", "data set by name, or a .csv, .npy or folder of PNGs", 0, 1,
     NULL},
    {"seed", OPTION_INT, "1", "N", "of weights, order and noise", 0, 1e15, NULL},
    {"steps", OPTION_INT, NULL, "N", "how long: so many steps", 1, 1e12, NULL},
    {"epochs", OPTION_REAL, NULL, "N", "how long: so many passes over the training data", 1e-6, 1e9,
     NULL},
    {"minutes", OPTION_REAL, NULL, "N", "how long: about so many minutes on this machine", 1e-3,
     1e6, NULL},
    {"batch", OPTION_INT, NULL, "N", "examples a step", 1, 1000000, NULL},
    {"lr", OPTION_REAL, NULL, "RATE", "learning rate", 0, 1e6, NULL},
    {"schedule", OPTION_CHOICE, "cosine", "NAME", "learning rate over the run", 0, 1,
     "cosine|constant"},
    {"lr-warmup", OPTION_INT, "0", "N", "steps over which the learning rate rises", 0, 1e12, NULL},
    {"threads", OPTION_INT, NULL, "N", "threads (default: one a core)", 1, 1024, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

char *run_path(const char *dir, const char *name)
{
    return memory_format("%s/%s", dir, name);
}

char *run_train_command(const Family *family, const char *dir)
{
    if (family->stage == NULL)
        return memory_format("bin/%s train --out %s", family->name, dir);
    const char *slash = strrchr(dir, '/');
    int length = slash != NULL ? (int)(slash - dir) : 0;
    return memory_format("bin/%s train --stage %s --out %.*s", family->name, family->stage,
                         length > 0 ? length : 1, length > 0 ? dir : ".");
}

RunTables run_tables(const Family *family)
{
    RunTables tables = {{family->options, run_options, family_optimizer_options, NULL}};
    return tables;
}

const char *run_split_name(Split split)
{
    static const char *const name[] = {"train", "validation", "test"};
    return name[split];
}

static void write_json(const char *path, cJSON *json)
{
    const char *reason = file_write_json(path, json);
    cJSON_Delete(json);
    if (reason != NULL)
        refuse("%s: not written: %s", path, reason);
}

static cJSON *machine_of(void)
{
    cJSON *machine = cJSON_CreateObject();
    struct utsname system;
    char text[200];
    if (uname(&system) == 0) {
        cJSON_AddStringToObject(machine, "system", system.sysname);
        cJSON_AddStringToObject(machine, "release", system.release);
        cJSON_AddStringToObject(machine, "processor", system.machine);
    }
    cJSON_AddStringToObject(machine, "kernels", kernels_describe(text));
    cJSON_AddStringToObject(machine, "compiler", __VERSION__);
    cJSON_AddStringToObject(machine, "gsl", gsl_version);
    return machine;
}

/* The options that make the run what it is, without those of a single call (--out, --quiet). */
static cJSON *kept_options(const Family *family, const Options *options)
{
    RunTables tables = run_tables(family);
    cJSON *all = options_to_json(options), *kept = cJSON_CreateObject();
    for (int t = 0; tables.table[t] != NULL; t++)
        for (const OptionSpec *spec = tables.table[t]; spec->name != NULL; spec++)
            cJSON_AddItemToObject(kept, spec->name,
                                  cJSON_DetachItemFromObjectCaseSensitive(all, spec->name));
    cJSON_Delete(all);
    return kept;
}

void run_write_config(const char *dir, const Family *family, const Options *options,
                      const Model *model, const char *how_long)
{
    char *path = run_path(dir, "config.json");
    cJSON *config = cJSON_CreateObject();
    cJSON_AddStringToObject(config, "family", family->name);
    if (family->stage != NULL)
        cJSON_AddStringToObject(config, "stage", family->stage);
    cJSON_AddNumberToObject(config, "parameters", (double)model_numbers(model));
    cJSON_AddStringToObject(config, "steps_from", how_long);
    cJSON_AddItemToObject(config, "options", kept_options(family, options));
    cJSON_AddItemToObject(config, "machine", machine_of());
    write_json(path, config);
    free(path);
}

cJSON *run_read_options(const char *dir, const Family *family)
{
    char *path = run_path(dir, "config.json");
    if (!file_exists(path))
        refuse("%s: not found; '%s' holds no run. Make one with: %s", path, dir,
               run_train_command(family, dir));
    cJSON *config = file_read_json(path);
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(config, "family"));
    if (name == NULL || strcmp(name, family->name) != 0)
        refuse("%s: the run is of the family '%s', not '%s'; use bin/%s", path,
               name ? name : "(unnamed)", family->name, name ? name : family->name);
    const char *stage = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(config, "stage"));
    if (family->stage != NULL && (stage == NULL || strcmp(stage, family->stage) != 0))
        refuse("%s: holds the stage '%s', not '%s'; give the folder above it", path,
               stage ? stage : "(unnamed)", family->stage);
    cJSON *options = cJSON_DetachItemFromObjectCaseSensitive(config, "options");
    if (!cJSON_IsObject(options))
        refuse("%s: has no object \"options\"; the file is damaged, train again with --force",
               path);
    if (!cJSON_IsString(cJSON_GetObjectItemCaseSensitive(options, "data")))
        refuse("%s: names no data set; the file is damaged, train again with --force", path);
    cJSON_Delete(config);
    free(path);
    return options;
}

void run_check_options(const Family *family, const Options *options, const Dataset *data,
                       const char *dir)
{
    RunTables tables = run_tables(family);
    char *program = (char *)family->name;
    Options *usual = options_parse(family->name, family->purpose, tables.table, 1, &program);
    family->defaults(usual, data);
    for (int t = 0; tables.table[t] != NULL; t++)
        for (const OptionSpec *spec = tables.table[t]; spec->name != NULL; spec++)
            if (options_set(usual, spec->name) && !options_set(options, spec->name))
                refuse("%s/config.json: option '%s' has no value; the file is damaged, train again "
                       "with --force",
                       dir, spec->name);
    options_free(usual);
}

Run *run_open(const Family *family, const char *dir)
{
    Run *run = memory_new(1, sizeof *run);
    RunTables tables = run_tables(family);
    char *program = (char *)family->name, *config = run_path(dir, "config.json");
    char *weights = run_path(dir, "weights.safetensors");
    cJSON *stored = run_read_options(dir, family);
    run->family = family;
    run->dir = memory_text(dir);
    run->options = options_parse(family->name, family->purpose, tables.table, 1, &program);
    options_from_json(run->options, stored, config);
    if (!file_exists(weights))
        refuse("%s: not found; the run is not finished. Go on with: %s --resume", weights,
               run_train_command(family, dir));
    run->data = dataset_load(options_text(run->options, "data"));
    run_check_options(family, run->options, run->data, dir);
    family_prepare(family, run->options, run->data);
    run->model =
        family->create(run->options, run->data, (uint64_t)options_int(run->options, "seed"));
    checkpoint_load_weights(run->model, weights);
    cJSON_Delete(stored);
    free(config);
    free(weights);
    return run;
}

void run_close(Run *run)
{
    run->family->destroy(run->model);
    dataset_free(run->data);
    options_free(run->options);
    free(run->dir);
    free(run);
}

void run_write_eval(const char *dir, const Family *family, const Dataset *data, Split split,
                    const Options *options, const LikelihoodReport *report, cJSON *samples)
{
    char *path = run_path(dir, "eval.json");
    cJSON *eval = cJSON_CreateObject();
    cJSON_AddStringToObject(eval, "family", family->name);
    cJSON_AddStringToObject(eval, "data", data->name);
    cJSON_AddStringToObject(eval, "split", run_split_name(split));
    cJSON_AddNumberToObject(eval, "examples", report->examples);
    if (options != NULL)
        cJSON_AddItemToObject(eval, "options", options_some_to_json(options, family->eval_options));
    likelihood_report_to_json(report, eval);
    cJSON_AddItemToObject(eval, "samples", samples != NULL ? samples : cJSON_CreateObject());
    write_json(path, eval);
    free(path);
}
