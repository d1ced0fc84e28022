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

static bool is_finished(const char *dir, const Family *family)
{
    return has(dir, family, "weights.safetensors");
}

/* Names the first stage that is not there: `last` or one that it rests on. */
static _Noreturn void refuse_missing(const char *dir, const Family *last)
{
    const Family *family = last;
    for (int s = STAGES - 1; s >= 0; s--)
        if (!is_finished(dir, STAGE[s]))
            family = STAGE[s];
    refuse("%s: the stage '%s' is missing or not finished. Train it with: bin/clip-ldm train "
           "--stage %s --out %s%s (or all that is missing: bin/clip-ldm train --out %s --resume)",
           dir, family->stage, family->stage, dir,
           has(dir, family, "config.json") ? " --resume" : "", dir);
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

/* One stage; returns whether it is finished. */
static bool train_stage(const Family *family, const char *dir, double minutes, bool resume,
                        int argc, char **argv)
{
    char *folder = stage_dir(dir, family), duration[32];
    Line line = line_of(argc, argv, folder, minutes, resume && has(dir, family, "config.json"));
    Options *options = parse(family, line.words, line.word);
    if (family == &latent_family) {
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

static char *folder_of(const Options *options)
{
    if (options_set(options, "out"))
        return memory_text(options_text(options, "out"));
    return memory_format("runs/clip-ldm-%s",
                         options_set(options, "data") ? options_text(options, "data") : "shapes");
}

/* A folder that holds a stage already is touched only when it is said how. */
static void check_folder(const char *dir, const Options *options)
{
    bool resume = options_flag(options, "resume"), force = options_flag(options, "force");
    for (int s = 0; s < STAGES; s++)
        if (has(dir, STAGE[s], "config.json") && !resume && !force)
            refuse(
                "%s: holds the stage '%s' already; go on with --resume, start anew with --force, "
                "or choose another folder with --out",
                dir, STAGE[s]->stage);
    for (int s = 0; s < STAGES && force;
         s++) { /* a later stage must not outlive what it rests on */
        char *folder = stage_dir(dir, STAGE[s]), *weights = run_path(folder, "weights.safetensors");
        remove(weights);
        free(weights);
        free(folder);
    }
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
    for (int s = 0; s < STAGES; s++) {
        if (resume && is_finished(dir, STAGE[s])) {
            printf("stage %s: finished already, skipped\n", STAGE[s]->stage);
            continue;
        }
        if (!train_stage(STAGE[s], dir, minutes * SHARE[s], resume, argc, argv)) {
            printf("go on with: bin/clip-ldm train --out %s --resume\n", dir);
            return 130;
        }
    }
    return 0;
}

int stages_train(int argc, char **argv, char **out)
{
    const Family *only = stage_typed(argc, argv);
    Options *options = parse(only, argc, argv);
    char *dir = folder_of(options);
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
