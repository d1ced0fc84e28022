#include "train/settle.h"

#include "support/fail.h"
#include "support/file.h"
#include "support/memory.h"
#include "train/run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void settle_out(const Family *family, Options *options)
{
    if (options_set(options, "out"))
        return;
    const char *data = options_set(options, "data") ? options_text(options, "data") : family->data;
    const char *last = strrchr(data, '/');
    char *out = memory_format("runs/%s-%s", family->name,
                              last != NULL && last[1] != '\0' ? last + 1 : data);
    options_put(options, "out", out, "the default folder");
    free(out);
}

/* What the user typed must be what the run was started with. */
static void check_same(const Options *typed, const cJSON *stored, const char *dir)
{
    cJSON *now = options_to_json(typed);
    const cJSON *item;
    cJSON_ArrayForEach(item, stored)
    {
        const cJSON *mine = cJSON_GetObjectItemCaseSensitive(now, item->string);
        if (mine != NULL && options_typed(typed, item->string) && !cJSON_Compare(mine, item, true))
            refuse("--%s: the run in %s was started with another value; resume without it, or "
                   "start anew "
                   "with --force",
                   item->string, dir);
    }
    cJSON_Delete(now);
}

bool settle_folder(const Family *family, Options *options)
{
    const char *dir = options_text(options, "out");
    char *config = run_path(dir, "config.json");
    bool resume = options_flag(options, "resume"), force = options_flag(options, "force");
    if (resume && force)
        refuse_usage("--resume goes on and --force starts anew; give one of them");
    if (file_exists(config) && !resume && !force)
        refuse("%s: holds a run already; go on with --resume, start anew with --force, or choose "
               "another "
               "folder with --out",
               dir);
    if (resume) {
        cJSON *stored = run_read_options(dir, family);
        check_same(options, stored, dir);
        options_from_json(options, stored, config);
        cJSON_Delete(stored);
    } else {
        file_make_folder(dir);
    }
    free(config);
    return resume;
}

/* Names the set of the same images that the family learns, binary or grey, where there is one. */
static _Noreturn void refuse_kind(const Family *family, const Dataset *data)
{
    static const char ending[] = "-binary";
    const char *instead = family->data;
    size_t length = strlen(data->name), cut = sizeof ending - 1;
    bool ends = length > cut && strcmp(data->name + length - cut, ending) == 0;
    char *other = ends ? memory_format("%.*s", (int)(length - cut), data->name)
                       : memory_format("%s%s", data->name, ending);
    bool wanted = (data->kind == DATA_GREY && (family->data_kinds & DATA_BINARY) != 0) ||
                  (data->kind == DATA_BINARY && (family->data_kinds & DATA_GREY) != 0);
    for (const char *const *name = dataset_names(); wanted && *name != NULL; name++)
        if (strcmp(*name, other) == 0)
            instead = *name;
    refuse("--data %s: %s does not learn %s; try --data %s", data->name, family->name,
           dataset_kind_name(data->kind), instead);
}

Dataset *settle_data(const Family *family, Options *options)
{
    if (!options_set(options, "data"))
        options_put(options, "data", family->data, "the chapter's defaults");
    Dataset *data = dataset_load(options_text(options, "data"));
    if ((family->data_kinds & (unsigned)data->kind) == 0)
        refuse_kind(family, data);
    char threads[16];
    snprintf(threads, sizeof threads, "%d", kernels_threads());
    if (!options_set(options, "threads"))
        options_put(options, "threads", threads, "the number of cores");
    kernels_set_threads((int)options_int(options, "threads"));
    if (options_flag(options, "quick") && !options_set(options, "epochs") &&
        !options_set(options, "minutes"))
        options_put(options, "minutes", "0.035", "--quick");
    return data;
}

/* Sets the option "steps" from --steps, --epochs, --minutes or the chapter's default, in that
 * order. */
const char *settle_steps(Options *options, double rate, uint64_t steps_per_epoch)
{
    char text[32];
    const char *from = "typed";
    long steps = 0;
    if (options_typed(options, "steps"))
        return from;
    if (options_set(options, "epochs")) {
        steps = (long)ceil(options_real(options, "epochs") * (double)steps_per_epoch);
        from = "epochs";
    } else if (options_set(options, "minutes")) {
        steps = (long)(options_real(options, "minutes") * 60 * rate);
        from = "minutes";
    } else {
        return "the chapter's default";
    }
    snprintf(text, sizeof text, "%ld", steps > 1 ? steps : 1);
    options_put(options, "steps", text, "the length of the run");
    return from;
}
