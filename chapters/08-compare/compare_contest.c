#include "08-compare/compare_contest.h"

#include "08-compare/compare_child.h"
#include "08-compare/compare_one.h"
#include "08-compare/compare_page.h"
#include "08-compare/compare_probe.h"
#include "support/fail.h"
#include "support/file.h"
#include "support/memory.h"
#include "tensor/kernels.h"
#include "tensor/profile.h"
#include "train/progress.h"
#include "train/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const OptionSpec contest_options[] = {
    {"track", OPTION_CHOICE, "plane", "NAME", "what is compared on what", 0, 1,
     "plane|bars|digits-binary|mnist-binary|mnist"},
    {"data", OPTION_TEXT, NULL, "NAME",
     "plane: any set of two numbers (moons); bars: bars-2, -3, -4 (bars-3)", 0, 1, NULL},
    {"minutes", OPTION_REAL, NULL, "N", "training of each family (default: 1)", 1e-3, 1e5, NULL},
    {"epochs", OPTION_REAL, NULL, "N", "instead: passes over the data, the same for all", 1e-6, 1e9,
     NULL},
    {"quick", OPTION_FLAG, NULL, NULL, "instead: two seconds each, and small evaluations", 0, 1,
     NULL},
    {"seeds", OPTION_INT, "1", "N", "runs of each family, with seeds 1 to N", 1, 32, NULL},
    {"families", OPTION_TEXT, NULL, "LIST", "only these, as in vae,flow", 0, 1, NULL},
    {"runs", OPTION_TEXT, NULL, "LIST",
     "finished runs to take, as in runs/a,runs/b; without a budget nothing else", 0, 1, NULL},
    {"with", OPTION_TEXT, NULL, "TEXT",
     "further options of a family: \"vae: --latent 5; flow: --layers 4\"", 0, 1, NULL},
    {"eval-examples", OPTION_INT, "2000", "N", "test examples whose likelihood is measured", 1, 1e9,
     NULL},
    {"samples", OPTION_INT, "2000", "N", "samples of each row that are measured", 20, 1e7, NULL},
    {"out", OPTION_TEXT, NULL, "DIR", "folder (default: runs/compare-TRACK-DATA)", 0, 1, NULL},
    {"force", OPTION_FLAG, NULL, NULL, "start anew in a folder that holds a comparison", 0, 1,
     NULL},
    {"threads", OPTION_INT, NULL, "N", "threads (default: one a core)", 1, 1024, NULL},
    {"quiet", OPTION_FLAG, NULL, NULL, "no progress", 0, 1, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

enum { MOST_SEEDS = 32 };

/* One family's part in the contest. */
typedef struct Place {
    const Entrant *entrant;
    char *run;             /* a finished run that is taken, or NULL */
    char *dir[MOST_SEEDS]; /* what is measured of each seed         */
    int seeds;
    char *failure;
} Place;

typedef struct Plan {
    const Options *options;
    const Track *track;
    Dataset *data;
    const char *out;
    char *budget; /* in words of bin/FAMILY train */
    char *said;   /* in words for people          */
    int seeds, threads, examples, samples;
    Place part[TRACK_MOST_FAMILIES];
    int parts;
    Place taken[TRACK_MOST_FAMILIES * 2];
    int takens;
} Plan;

/* ---------------------------------------------------------------- what takes part */

static const Entrant *find_entrant(const Track *track, const char *name)
{
    const char *known[TRACK_MOST_FAMILIES + 1] = {NULL};
    int count = 0;
    for (const Entrant *e = track->entrant; e->family != NULL; e++) {
        if (strcmp(e->family->name, name) == 0)
            return e;
        known[count++] = e->family->name;
    }
    const char *nearest = options_nearest(name, known);
    if (nearest != NULL)
        refuse_usage("'%s': no family of the track %s; did you mean '%s'?", name, track->name,
                     nearest);
    char *list = memory_text("");
    for (int i = 0; i < count; i++) {
        char *longer = memory_format("%s%s%s", list, i > 0 ? ", " : "", known[i]);
        free(list);
        list = longer;
    }
    refuse_usage("'%s': no family of the track %s, whose families are %s", name, track->name, list);
}

/* Words between commas. */
static Words list_of(const char *text)
{
    char *blanks = memory_text(text);
    for (char *c = blanks; *c != '\0'; c++)
        if (*c == ',')
            *c = ' ';
    Words words = words_split(blanks);
    free(blanks);
    return words;
}

/* A finished run on the track's data, or a refusal that says what is wrong with it. */
static const Entrant *check_run(const Plan *plan, const char *dir)
{
    char *config = run_path(dir, "config.json"), *weights = run_path(dir, "weights.safetensors");
    if (!file_exists(config))
        refuse("--runs: '%s' holds no run; give the folder that bin/FAMILY train --out made", dir);
    cJSON *json = file_read_json(config);
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "family"));
    const Entrant *entrant = find_entrant(plan->track, name != NULL ? name : "(unnamed)");
    cJSON *options = run_read_options(dir, entrant->family);
    const char *data = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(options, "data"));
    if (strcmp(data, plan->data->name) != 0)
        refuse("--runs: the run in %s was trained on %s, this comparison is about %s; leave it "
               "out, or compare on its data",
               dir, data, plan->data->name);
    if (!file_exists(weights)) {
        char *command = run_train_command(entrant->family, dir);
        refuse("--runs: the run in %s is not finished; go on with: %s --resume", dir, command);
    }
    cJSON_Delete(options);
    cJSON_Delete(json);
    free(config);
    free(weights);
    return entrant;
}

static void take_runs(Plan *plan)
{
    if (!options_set(plan->options, "runs"))
        return;
    Words words = list_of(options_text(plan->options, "runs"));
    if (words.count == 0 || words.count > TRACK_MOST_FAMILIES * 2)
        refuse_usage("--runs: %d folders; 1 to %d can be taken", words.count,
                     TRACK_MOST_FAMILIES * 2);
    for (int i = 0; i < words.count; i++) {
        Place *part = &plan->taken[plan->takens++];
        size_t length = strlen(words.word[i]);
        while (length > 1 && words.word[i][length - 1] == '/')
            words.word[i][--length] = '\0';
        part->entrant = check_run(plan, words.word[i]);
        part->run = memory_text(words.word[i]);
        part->seeds = 1;
        part->dir[0] =
            memory_format("%s/taken-%d-%s", plan->out, i + 1, part->entrant->family->name);
    }
    words_free(&words);
}

static bool is_taken(const Plan *plan, const Family *family)
{
    for (int i = 0; i < plan->takens; i++)
        if (plan->taken[i].entrant->family == family)
            return true;
    return false;
}

static void choose_families(Plan *plan)
{
    bool budget = options_typed(plan->options, "minutes") ||
                  options_typed(plan->options, "epochs") || options_flag(plan->options, "quick");
    if (options_set(plan->options, "families")) {
        Words words = list_of(options_text(plan->options, "families"));
        if (words.count == 0)
            refuse_usage("--families: names none; leave it out for all");
        for (int i = 0; i < words.count && i < TRACK_MOST_FAMILIES; i++)
            plan->part[plan->parts++].entrant = find_entrant(plan->track, words.word[i]);
        words_free(&words);
    } else if (budget || plan->takens == 0) {
        for (const Entrant *e = plan->track->entrant; e->family != NULL; e++)
            if (!is_taken(plan, e->family))
                plan->part[plan->parts++].entrant = e;
    }
    for (int p = 0; p < plan->parts; p++) {
        Place *part = &plan->part[p];
        part->seeds = plan->seeds;
        for (int s = 0; s < plan->seeds; s++)
            part->dir[s] = memory_format("%s/%s-%d", plan->out, part->entrant->family->name, s + 1);
    }
}

/* What --with has for a family: the words behind "NAME:" up to the next semicolon. */
static char *further_options(const Plan *plan, const Family *family)
{
    char *found = memory_text(""), *rest = NULL;
    if (!options_set(plan->options, "with"))
        return found;
    char *text = memory_text(options_text(plan->options, "with"));
    for (char *item = strtok_r(text, ";", &rest); item != NULL; item = strtok_r(NULL, ";", &rest)) {
        char *colon = strchr(item, ':');
        if (colon == NULL)
            refuse_usage("--with '%s': a family, a colon and its options are wanted, as in \"vae: "
                         "--latent 5\"",
                         item);
        *colon = '\0';
        Words name = words_split(item);
        if (name.count != 1)
            refuse_usage("--with '%s': one family before the colon", item);
        if (find_entrant(plan->track, name.word[0])->family == family) {
            free(found);
            found = memory_text(colon + 1);
        }
        words_free(&name);
    }
    free(text);
    return found;
}

/* ---------------------------------------------------------------- the folder */

/* What must be the same for a comparison to go on. */
static const char *const settings[] = {"track",   "minutes",       "epochs",  "quick", "with",
                                       "samples", "eval-examples", "threads", NULL};

static void settle_folder(const Plan *plan)
{
    char *path = run_path(plan->out, "settings.json");
    cJSON *all = options_to_json(plan->options), *mine = cJSON_CreateObject();
    for (const char *const *name = settings; *name != NULL; name++)
        cJSON_AddItemToObject(mine, *name, cJSON_DetachItemFromObjectCaseSensitive(all, *name));
    cJSON_AddStringToObject(mine, "data", plan->data->name);
    cJSON_ReplaceItemInObjectCaseSensitive(mine, "threads", cJSON_CreateNumber(plan->threads));
    file_make_folder(plan->out);
    if (file_exists(path) && !options_flag(plan->options, "force")) {
        cJSON *before = file_read_json(path);
        const cJSON *item;
        cJSON_ArrayForEach(item, mine)
        {
            const cJSON *other = cJSON_GetObjectItemCaseSensitive(before, item->string);
            if (other != NULL && !cJSON_Compare(item, other, true))
                refuse("%s holds a comparison with another --%s; start anew with --force, or "
                       "choose another folder with --out",
                       plan->out, item->string);
        }
        cJSON_Delete(before);
    }
    const char *reason = file_write_json(path, mine);
    if (reason != NULL)
        refuse("%s: not written: %s; choose another --out", path, reason);
    cJSON_Delete(mine);
    cJSON_Delete(all);
    free(path);
}

/* What --force does to the folders of all families, also of those that do not take part now: beside
 * other settings their rows would be wrong. */
static void forget(const Plan *plan)
{
    static const char *const left[] = {"row.json",    "config.json",  "weights.safetensors",
                                       "eval.json",   "states.npy",   "checkpoint.safetensors",
                                       "map.npy",     "log_prob.npy", "training.json",
                                       "metrics.csv", "compare.npy"};
    for (const Entrant *e = plan->track->entrant; e->family != NULL; e++)
        for (int k = 1; k <= MOST_SEEDS; k++)
            for (int taken = 0; taken < 2; taken++) {
                char *dir = taken ? memory_format("%s/taken-%d-%s", plan->out, k, e->family->name)
                                  : memory_format("%s/%s-%d", plan->out, e->family->name, k);
                for (size_t i = 0; i < sizeof left / sizeof left[0]; i++) {
                    char *path = run_path(dir, left[i]);
                    remove(path);
                    free(path);
                }
                free(dir);
            }
}

/* ---------------------------------------------------------------- training and measuring */

static char *training_of(const Plan *plan, const Place *part, int seed)
{
    char *further = further_options(plan, part->entrant->family);
    char *words = memory_format("--data %s --seed %d --threads %d%s%s%s%s", plan->data->name,
                                seed + 1, plan->threads, part->entrant->options != NULL ? " " : "",
                                part->entrant->options != NULL ? part->entrant->options : "",
                                *further != '\0' ? " " : "", further);
    free(further);
    return words;
}

/* Trains and measures one seed of a part in a process of its own. False when interrupted. */
static bool run_one(const Plan *plan, Place *part, int seed)
{
    const char *name = part->entrant->family->name, *dir = part->dir[seed];
    char *row = run_path(dir, "row.json"), *log = memory_format("%s.log", dir);
    char *words = training_of(plan, part, seed);
    char *training = memory_format("--training=%s", words);
    char *budget = memory_format("--budget=%s", plan->budget);
    char examples[24], samples[24], threads[24], duration[32];
    snprintf(examples, sizeof examples, "%d", plan->examples);
    snprintf(samples, sizeof samples, "%d", plan->samples);
    snprintf(threads, sizeof threads, "%d", plan->threads);
    char *argv[32] = {"compare", "one", "--family", (char *)name, "--out", (char *)dir};
    int n = 6;
    argv[n++] = "--eval-examples";
    argv[n++] = examples;
    argv[n++] = "--samples";
    argv[n++] = samples;
    argv[n++] = "--threads";
    argv[n++] = threads;
    if (part->run != NULL) {
        argv[n++] = "--run";
        argv[n++] = part->run;
    } else {
        argv[n++] = training;
        argv[n++] = budget;
    }
    if (plan->track->states)
        argv[n++] = "--states";
    if (plan->track->yardstick == YARDSTICK_PLANE)
        argv[n++] = "--map";
    if (options_flag(plan->options, "quick"))
        argv[n++] = "--quick";
    argv[n] = NULL;
    bool go_on = true;
    if (file_exists(row)) {
        printf("  %-12s there already, in %s\n", name, dir);
    } else {
        double start = profile_seconds();
        char *what = memory_format("%s: training and measuring", name);
        ChildEnd end = child_process(argv, log, what, options_flag(plan->options, "quiet"));
        progress_duration(profile_seconds() - start, duration);
        if (end.status == 0)
            printf("  %-12s trained and measured in %s\n", name, duration);
        else if (end.status == 2) /* the command line is wrong, which only --with can make it */
            refuse_usage("%s: %s", name, end.reason);
        else if (end.status != 130)
            printf("  %-12s failed after %s: %s\n", name, duration, end.reason);
        go_on = end.status != 130;
        if (end.reason != NULL && part->failure == NULL)
            part->failure = memory_text(end.reason);
        free(end.reason);
        free(what);
    }
    fflush(stdout);
    free(budget);
    free(training);
    free(words);
    free(log);
    free(row);
    return go_on;
}

static bool run_part(const Plan *plan, Place *part)
{
    bool go_on = true;
    for (int s = 0; s < part->seeds && go_on; s++)
        go_on = run_one(plan, part, s);
    return go_on;
}

/* ---------------------------------------------------------------- rows and files */

static void add_part(Rows *rows, const Place *part)
{
    if (part->failure != NULL)
        rows_add_failure(rows, part->entrant->family, part->failure);
    else
        rows_add_runs(rows, part->entrant->family, part->dir, part->seeds);
}

static void add_baselines(const Plan *plan, Rows *rows)
{
    const Yardstick *y = rows->yardstick;
    bool plane = plan->track->yardstick == YARDSTICK_PLANE;
    Cells cells = y->cells;
    cells.across = ONE_MAP_CELLS;
    Dataset *probe = plane ? probe_plane(plan->data, &cells) : NULL;
    Baseline b = baseline_resampled(plan->data, y->n);
    rows_add_baseline(rows, &b);
    b = baseline_gaussian(plan->data, y->n, rows->examples, probe);
    rows_add_baseline(rows, &b);
    if (plane) {
        b = baseline_kernel(plan->data, y->n, rows->examples, probe);
        rows_add_baseline(rows, &b);
    }
    dataset_free(probe);
}

typedef void (*Writer)(const Contest *contest, FILE *out);

static void write_text(const char *out, const char *name, const char *text, size_t bytes)
{
    char *path = run_path(out, name);
    const char *reason = file_write(path, text, bytes);
    if (reason != NULL)
        refuse("%s: not written: %s", path, reason);
    free(path);
}

static void write_form(const Plan *plan, const Contest *contest, const char *name, Writer writer)
{
    char *text;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    writer(contest, out);
    fclose(out);
    write_text(plan->out, name, text, bytes);
    free(text);
}

static void write_all(const Plan *plan, const Contest *contest)
{
    char *dir = run_path(plan->out, "figures"), *text;
    size_t bytes;
    write_form(plan, contest, "compare.txt", format_text);
    write_form(plan, contest, "compare.csv", format_csv);
    write_form(plan, contest, "compare.tex", format_latex);
    cJSON *json = format_json(contest);
    char *printed = cJSON_Print(json);
    write_text(plan->out, "compare.json", printed, strlen(printed));
    free(printed);
    cJSON_Delete(json);
    Figures *figures = figures_open(dir);
    Pictures pictures = compare_figures(contest, figures);
    figures_close(figures);
    FILE *out = open_memstream(&text, &bytes);
    page_write(contest, &pictures, dir, out);
    fclose(out);
    write_text(plan->out, "compare.html", text, bytes);
    free(text);
    compare_pictures_free(&pictures);
    free(dir);
}

/* ---------------------------------------------------------------- from start to end */

static char *said_budget(const Options *options, int parts)
{
    char duration[32];
    if (parts == 0)
        return memory_text("that of the finished runs");
    if (options_flag(options, "quick"))
        return memory_text("two seconds of training a family (--quick)");
    if (options_set(options, "epochs"))
        return memory_format("%g passes over the training data a family",
                             options_real(options, "epochs"));
    return memory_format("%s of training a family",
                         progress_duration(60 * options_real(options, "minutes"), duration));
}

static void make_plan(Plan *plan, Options *options)
{
    int budgets = options_typed(options, "minutes") + options_typed(options, "epochs") +
                  options_flag(options, "quick");
    plan->options = options;
    plan->track = track_find(options_text(options, "track"));
    if (budgets > 1)
        refuse_usage("--minutes, --epochs, --quick: give one of them");
    plan->data = track_load(plan->track, options_text(options, "data"));
    if (!options_set(options, "out")) {
        bool same = strcmp(plan->track->name, plan->data->name) == 0;
        char *out = memory_format("runs/compare-%s%s%s", plan->track->name, same ? "" : "-",
                                  same ? "" : plan->data->name);
        for (char *c = out + strlen("runs/"); *c != '\0'; c++)
            *c = *c == '/' ? '-' : *c; /* data of the user's are named by their path */
        options_put(options, "out", out, "the default");
        free(out);
    }
    plan->out = options_text(options, "out");
    plan->seeds = (int)options_int(options, "seeds");
    plan->threads =
        options_set(options, "threads") ? (int)options_int(options, "threads") : kernels_threads();
    plan->samples = (int)options_int(options, "samples");
    if (!options_typed(options, "samples") && options_flag(options, "quick"))
        plan->samples = 500;
    plan->examples = (int)options_int(options, "eval-examples");
    if (!options_typed(options, "eval-examples") && options_flag(options, "quick"))
        plan->examples = 200;
    int most = yardstick_most(plan->track->yardstick, plan->data, plan->samples);
    if (options_typed(options, "samples") && most < plan->samples)
        refuse_usage("--samples %d: %s has %d real examples to compare with", plan->samples,
                     plan->data->name, most);
    plan->samples = most;
    yardstick_check(plan->track->yardstick, plan->data, plan->samples);
    int tests = (int)plan->data->count[SPLIT_TEST];
    plan->examples = plan->examples < tests ? plan->examples : tests;
    take_runs(plan);
    choose_families(plan);
    if (budgets == 0 && plan->parts > 0)
        options_put(options, "minutes", "1", "the default");
    if (options_flag(options, "quick"))
        plan->budget = memory_text("--quick");
    else if (options_set(options, "epochs"))
        plan->budget = memory_format("--epochs %.10g", options_real(options, "epochs"));
    else if (options_set(options, "minutes"))
        plan->budget = memory_format("--minutes %.10g", options_real(options, "minutes"));
    else
        plan->budget = memory_text("");
    plan->said = said_budget(options, plan->parts);
    for (int p = 0; p < plan->parts; p++)
        free(further_options(plan, plan->part[p].entrant->family)); /* refuses now what is wrong */
}

static void say_plan(const Plan *plan)
{
    char *described = dataset_describe(plan->data);
    printf("%s\ntrack %s: %d families, %d finished runs; %s, %d seed%s, %d threads\n", described,
           plan->track->name, plan->parts, plan->takens, plan->said, plan->seeds,
           plan->seeds == 1 ? "" : "s", plan->threads);
    printf("evaluation, on its own budget: -log p of %d test examples, %d samples a family%s; it "
           "can take longer than training\n",
           plan->examples, plan->samples, plan->track->states ? ", and of every state" : "");
    fflush(stdout);
    free(described);
}

static void plan_free(Plan *plan)
{
    for (int p = 0; p < plan->parts + plan->takens; p++) {
        Place *part = p < plan->parts ? &plan->part[p] : &plan->taken[p - plan->parts];
        for (int s = 0; s < part->seeds; s++)
            free(part->dir[s]);
        free(part->run);
        free(part->failure);
    }
    free(plan->budget);
    free(plan->said);
    dataset_free(plan->data);
}

/* Whether anything was measured. */
static bool finish(const Plan *plan, const char *command)
{
    Yardstick *yardstick = yardstick_create(plan->track->yardstick, plan->data, plan->samples);
    Rows rows = {.data = plan->data, .yardstick = yardstick, .examples = plan->examples};
    bool any = false;
    for (int p = 0; p < plan->takens; p++)
        add_part(&rows, &plan->taken[p]);
    for (int p = 0; p < plan->parts; p++)
        add_part(&rows, &plan->part[p]);
    for (int r = 0; r < rows.count; r++)
        any = any || rows.row[r].failure == NULL;
    add_baselines(plan, &rows);
    rows_settle(&rows);
    Contest contest = {.track = plan->track,
                       .rows = &rows,
                       .budget = plan->said,
                       .command = command,
                       .seeds = plan->seeds,
                       .threads = plan->threads};
    write_all(plan, &contest);
    printf("\n");
    format_text(&contest, stdout);
    printf("\n%s/compare.html has the pictures too; compare.csv, .json, .tex and .txt beside it\n",
           plan->out);
    rows_free(&rows);
    yardstick_free(yardstick);
    return any;
}

int contest_run(Options *options, const char *command)
{
    Plan plan = {.options = options};
    make_plan(&plan, options);
    settle_folder(&plan);
    if (options_flag(options, "force"))
        forget(&plan);
    say_plan(&plan);
    bool go_on = true;
    for (int p = 0; p < plan.takens && go_on; p++)
        go_on = run_part(&plan, &plan.taken[p]);
    for (int p = 0; p < plan.parts && go_on; p++)
        go_on = run_part(&plan, &plan.part[p]);
    int status = 0;
    if (!go_on) {
        printf("stopped; go on with the same command: %s\n", command);
        status = 130;
    } else {
        kernels_set_threads(plan.threads);
        status = finish(&plan, command) ? 0 : 1;
    }
    plan_free(&plan);
    return status;
}
