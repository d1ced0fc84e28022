#include "07-clip-ldm/stages.h"

#include "07-clip-ldm/autoencoder.h"
#include "07-clip-ldm/clip.h"
#include "07-clip-ldm/latent.h"
#include "support/fail.h"
#include "support/file.h"
#include "support/memory.h"
#include "train/loop.h"
#include "train/pictures.h"
#include "train/progress.h"
#include "train/settle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STAGES = 3 };

static const Family *const STAGE[STAGES] = {&clip_family, &autoencoder_family, &latent_family};

/* How a budget of minutes is shared out. */
static const double SHARE[STAGES] = {0.2, 0.2, 0.6};

static const OptionSpec stage_options[] = {{"stage", OPTION_CHOICE, NULL, "NAME",
                                            "train this one alone (its own options are then known)",
                                            0, 0, "clip|autoencoder|diffusion"},
                                           {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

/* Where the last stage takes the first two from: an option of the program's own. */
static const OptionSpec from_options[] = {
    {"from", OPTION_TEXT, NULL, "DIR", "folder of the stages before; not to be typed", 0, 0, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static const OptionSpec no_options[] = {{NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

char *stage_dir(const char *dir, const Family *family)
{
    return run_path(dir, family->stage);
}

static bool has(const char *dir, const Family *family, const char *file)
{
    char *folder = stage_dir(dir, family), *path = run_path(folder, file);
    bool exists = file_exists(path);
    free(path);
    free(folder);
    return exists;
}

static void remove_file(const char *dir, const char *name)
{
    char *path = run_path(dir, name);
    remove(path);
    free(path);
}

static bool is_finished(const char *dir, const Family *family)
{
    return has(dir, family, "weights.safetensors");
}

/* Whether a stage was begun. */
static bool any_begun(const char *dir)
{
    for (int s = 0; s < STAGES; s++)
        if (has(dir, STAGE[s], "config.json"))
            return true;
    return false;
}

/* Names the first stage that is not there: `last` or one that it rests on. */
static _Noreturn void refuse_missing(const char *dir, const Family *last)
{
    const Family *family = last;
    for (int s = STAGES - 1; s >= 0; s--)
        if (!is_finished(dir, STAGE[s]))
            family = STAGE[s];
    refuse("%s: the stage '%s' is missing or not finished. Train it with: bin/clip-ldm train "
           "--stage %s --out %s%s (or all that is missing: bin/clip-ldm train --out %s%s)",
           dir, family->stage, family->stage, dir,
           has(dir, family, "config.json") ? " --resume" : "", dir,
           any_begun(dir) ? " --resume" : "");
}

Run *stage_open(const char *dir, const Family *family)
{
    if (!is_finished(dir, family))
        refuse_missing(dir, family);
    char *folder = stage_dir(dir, family);
    Run *run = run_open(family, folder);
    free(folder);
    return run;
}

/* ---------------------------------------------------------------- the command line */

/* The options of one stage: without `family` those that all share. */
static Options *parse(const Family *family, int argc, char **argv)
{
    bool last = family == &latent_family;
    const OptionSpec *tables[] = {loop_options,
                                  run_options,
                                  stage_options,
                                  family != NULL ? family->options : no_options,
                                  family_optimizer_options,
                                  last ? from_options : no_options,
                                  NULL};
    return options_parse("clip-ldm train",
                         "Trains CLIP, then the autoencoder, then the diffusion that both steer.",
                         tables, argc, argv);
}

/* "--stage NAME" or "--stage=NAME" of the line, NULL when it is not there. */
static const Family *stage_typed(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *name = strncmp(argv[i], "--stage=", 8) == 0              ? argv[i] + 8
                           : strcmp(argv[i], "--stage") == 0 && i + 1 < argc ? argv[i + 1]
                                                                             : NULL;
        for (int s = 0; name != NULL && s < STAGES; s++)
            if (strcmp(name, STAGE[s]->stage) == 0)
                return STAGE[s];
    }
    return NULL;
}

/* Lengths, batches and rates of all three at once make no sense. */
static void refuse_stage_options(const Options *options)
{
    static const char *const own[] = {"steps",    "epochs",    "batch",      "lr",
                                      "schedule", "lr-warmup", "stop-after", "save-every"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (options_typed(options, own[i]))
            refuse_usage("--%s belongs to one stage; add --stage clip, autoencoder or diffusion",
                         own[i]);
    for (const OptionSpec *spec = family_optimizer_options; spec->name != NULL; spec++)
        if (options_typed(options, spec->name))
            refuse_usage("--%s belongs to one stage; add --stage clip, autoencoder or diffusion",
                         spec->name);
}

/* The line without --out, --minutes, --resume and their values, with those of this stage. Free the
 * pointers of `made` and the array. */
typedef struct Line {
    char **word;
    int words;
    char *made[2];
} Line;

static Line line_of(int argc, char **argv, const char *out, double minutes, bool resume)
{
    Line line = {.word = memory_new((size_t)argc + 8, sizeof *line.word)};
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--out") == 0 || strcmp(argv[i], "--minutes") == 0) {
            i++;
            continue;
        }
        if (strncmp(argv[i], "--out=", 6) == 0 || strncmp(argv[i], "--minutes=", 10) == 0 ||
            strcmp(argv[i], "--resume") == 0)
            continue;
        line.word[line.words++] = argv[i];
    }
    line.made[0] = memory_format("--out=%s", out);
    line.word[line.words++] = line.made[0];
    if (minutes > 0) {
        line.made[1] = memory_format("--minutes=%.9g", minutes);
        line.word[line.words++] = line.made[1];
    }
    if (resume)
        line.word[line.words++] = "--resume";
    return line;
}

static void line_free(Line *line)
{
    free(line->made[0]);
    free(line->made[1]);
    free(line->word);
}

/* ---------------------------------------------------------------- training */

/* The loss and the stage's own figures into its folder. */
static void draw_stage(const Family *family, const char *folder, bool quiet)
{
    Run *run = run_open(family, folder);
    Figures *figures = pictures_draw(run, quiet);
    pictures_list(figures, folder);
    figures_close(figures);
    run_close(run);
}

/* A value of another stage's config.json for an option that was not typed. */
static void inherit(Options *options, const char *name, const cJSON *stored, const char *from)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(stored, name);
    char number[32];
    if (options_typed(options, name) || item == NULL)
        return;
    if (cJSON_IsNumber(item))
        snprintf(number, sizeof number, "%.0f", item->valuedouble);
    if (cJSON_IsNumber(item) || cJSON_IsString(item))
        options_put(options, name, cJSON_IsNumber(item) ? number : item->valuestring, from);
}

/* Data, seed and threads are those of the stages that are there already. */
static void take_over(Options *options, const char *dir, const Family *family)
{
    for (int s = 0; s < STAGES; s++) {
        if (STAGE[s] == family || !has(dir, STAGE[s], "config.json"))
            continue;
        char *folder = stage_dir(dir, STAGE[s]);
        cJSON *stored = run_read_options(folder, STAGE[s]);
        const char *data = cJSON_GetObjectItemCaseSensitive(stored, "data")->valuestring;
        if (options_typed(options, "data") && strcmp(options_text(options, "data"), data) != 0)
            refuse(
                "--data %s: the stage '%s' in %s was trained on %s; train all stages on the same "
                "data, or choose another folder with --out",
                options_text(options, "data"), STAGE[s]->stage, dir, data);
        inherit(options, "data", stored, folder);
        inherit(options, "seed", stored, folder);
        inherit(options, "threads", stored, folder);
        cJSON_Delete(stored);
        free(folder);
        return;
    }
}

/* What the last stage takes over from the others is not for typing. */
static void refuse_taken_over(const Options *options)
{
    static const char *const taken[] = {"embedding", "pixel-channels", "from"};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (options_typed(options, taken[i]))
            refuse_usage("--%s: stage diffusion takes it over from the stages before; leave it out",
                         taken[i]);
}

/* One stage; returns whether it is finished. */
static bool train_stage(const Family *family, const char *dir, double minutes, bool resume,
                        int argc, char **argv)
{
    char *folder = stage_dir(dir, family), duration[32];
    Line line = line_of(argc, argv, folder, minutes, resume);
    Options *options = parse(family, line.words, line.word);
    take_over(options, dir, family);
    if (family == &latent_family) {
        refuse_taken_over(options);
        for (int s = 0; s < STAGES - 1; s++)
            if (!is_finished(dir, STAGE[s]))
                refuse_missing(dir, STAGE[s]);
        options_put(options, "from", dir, "the folder of the run");
    }
    if (options_flag(options, "shapes")) {
        loop_shapes(family, options);
        options_free(options);
        line_free(&line);
        free(folder);
        return false;
    }
    printf("\n== stage %s ==\n", family->stage);
    LoopResult result = loop_train(family, options, NULL);
    if (result.finished) {
        printf("stage %s: %ld steps in %s\n", family->stage, result.steps,
               progress_duration(result.seconds, duration));
        remove_file(dir, "eval.json"); /* of the stages before they changed */
        draw_stage(family, folder, options_flag(options, "quiet"));
        if (family != &latent_family && is_finished(dir, &latent_family))
            warn("%s: the stage 'diffusion' rests on the '%s' that was here before, of which it "
                 "holds "
                 "a copy; train it again with: bin/clip-ldm train --stage diffusion --out %s "
                 "--force",
                 dir, family->stage, dir);
    }
    options_free(options);
    line_free(&line);
    free(folder);
    return result.finished;
}

/* A folder that holds a stage already is touched only when it is said how. */
static void check_folder(const char *dir, const Options *options)
{
    bool resume = options_flag(options, "resume"), force = options_flag(options, "force");
    if (resume && force)
        refuse_usage("--resume goes on and --force starts anew; give one of them");
    if (resume && !any_begun(dir))
        refuse("%s: holds no stage that was begun; leave --resume out, or check the folder's name",
               dir);
    for (int s = 0; s < STAGES; s++)
        if (has(dir, STAGE[s], "config.json") && !resume && !force)
            refuse(
                "%s: holds the stage '%s' already; go on with --resume, start anew with --force, "
                "or choose another folder with --out",
                dir, STAGE[s]->stage);
}

/* What an earlier run left would pass for this one's; nothing is removed before it is sure that
 * this one begins. */
static void clear_folder(const char *dir, const Options *options)
{
    static const char *const left[] = {"config.json", "checkpoint.safetensors",
                                       "weights.safetensors"};
    Dataset *data = dataset_load(options_set(options, "data") ? options_text(options, "data")
                                                              : clip_family.data);
    sentence_check_data(data);
    dataset_free(data);
    for (int s = 0; s < STAGES; s++) {
        char *folder = stage_dir(dir, STAGE[s]);
        for (size_t i = 0; i < sizeof left / sizeof *left; i++)
            remove_file(folder, left[i]);
        free(folder);
    }
    remove_file(dir, "eval.json");
}

static int train_all(const Options *options, const char *dir, int argc, char **argv)
{
    bool resume = options_flag(options, "resume");
    bool quick = options_flag(options, "quick");
    double minutes = options_typed(options, "minutes") ? options_real(options, "minutes")
                     : quick                           ? 0.1
                                                       : 0;
    if (options_flag(options, "shapes"))
        refuse_usage("--shapes belongs to one stage; add --stage clip, autoencoder or diffusion");
    refuse_stage_options(options);
    check_folder(dir, options);
    if (options_flag(options, "force"))
        clear_folder(dir, options);
    for (int s = 0; s < STAGES; s++) {
        if (resume && is_finished(dir, STAGE[s])) {
            printf("stage %s: finished already, skipped\n", STAGE[s]->stage);
            continue;
        }
        bool begun = has(dir, STAGE[s], "config.json");
        if (!train_stage(STAGE[s], dir, minutes * SHARE[s], resume && begun, argc, argv)) {
            printf("or with all that is left: bin/clip-ldm train --out %s --resume", dir);
            if (minutes > 0)
                printf(" --minutes %g", minutes);
            printf("\n");
            return 130;
        }
    }
    return 0;
}

int stages_train(int argc, char **argv, char **out)
{
    const Family *only = stage_typed(argc, argv);
    Options *options = parse(only, argc, argv);
    settle_out(&clip_family, options);
    char *dir = memory_text(options_text(options, "out"));
    int status = 0;
    *out = NULL;
    if (only == NULL) {
        status = train_all(options, dir, argc, argv);
    } else {
        double minutes = options_typed(options, "minutes") ? options_real(options, "minutes") : 0;
        bool resume = options_flag(options, "resume");
        if (!train_stage(only, dir, minutes, resume, argc, argv) &&
            !options_flag(options, "shapes"))
            status = 130;
    }
    options_free(options);
    if (status == 0 && only == NULL)
        *out = dir;
    else
        free(dir);
    return status;
}
