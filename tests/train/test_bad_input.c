/* What users get wrong, through the door that they come in by: one clear line, the right exit
 * status, and nothing lost. */
#include "train/run_child.h"

#include "train/app.h"

#include <sys/resource.h>

/* Options that fit behind every train here. */
#define SMALL RUN_SMALL " --save-every 4"

typedef struct App {
    char *words;              /* of the command line, cut up by the child           */
    const char *name, *value; /* an environment variable to set, or NULL            */
    rlim_t memory;            /* bytes of address space, or 0: as many as there are */
} App;

static void app_run(void *context)
{
    App *app = context;
    char *argv[RUN_MOST_WORDS] = {"vae"};
    on_exit(run_end, NULL);
    setenv("GOMP_SPINCOUNT", "100", 1); /* else the program starts itself anew */
    if (app->name != NULL)
        setenv(app->name, app->value, 1);
    if (app->memory > 0)
        setrlimit(RLIMIT_AS, &(struct rlimit){app->memory, app->memory});
    int argc = run_words(app->words, argv, 1);
    exit(app_main(&vae_family, argc, argv));
}

static ChildResult app_in(const char *words, const char *name, const char *value)
{
    App app = {.words = memory_text(words), .name = name, .value = value};
    ChildResult result = child_run(app_run, &app);
    free(app.words);
    return result;
}

/* The status, the piece, and that the last line alone is an error, without a crash behind it. */
static bool said_one_error(const ChildResult *result, int status, const char *piece)
{
    const char *error = strstr(result->text, "error: ");
    bool at_start = error != NULL && (error == result->text || error[-1] == '\n');
    const char *end = error != NULL ? strchr(error, '\n') : NULL;
    bool clean = at_start && end != NULL && end[1] == '\0';
    if (!clean)
        printf("\n    not one line of error at the end: '%s'\n", result->text);
    return child_said(result, status, piece) && clean;
}

static bool refused(const char *words, int status, const char *piece)
{
    ChildResult result = app_in(words, NULL, NULL);
    return said_one_error(&result, status, piece);
}

/* The same for a command on a folder: format has one %s. */
static bool refused_in(const char *command, const char *dir, const char *more, int status,
                       const char *piece)
{
    char *words = memory_format("%s %s %s", command, dir, more);
    bool good = refused(words, status, piece);
    if (!good)
        printf("    from: %s\n", words);
    free(words);
    return good;
}

/* A folder with a finished run in "run". */
typedef struct Place {
    char folder[256];
    char *run, *config, *weights;
} Place;

static Place place_make(void)
{
    Place place;
    folder_make(place.folder);
    place.run = run_path(place.folder, "run");
    place.config = run_path(place.run, "config.json");
    place.weights = run_path(place.run, "weights.safetensors");
    CU_ASSERT_FATAL(run_ends(place.run, SMALL));
    return place;
}

static void place_remove(Place *place)
{
    folder_remove(place->folder);
    free(place->run);
    free(place->config);
    free(place->weights);
}

/* ---------------------------------------------------------------- words */

static void test_words(void)
{
    CU_ASSERT(refused("trian", 2, "unknown command 'trian'; did you mean 'train'?"));
    CU_ASSERT(refused("frobnicate", 2, "unknown command 'frobnicate'; see bin/vae --help"));
    CU_ASSERT(refused("train --latnet 3", 2, "did you mean '--latent'?"));
    CU_ASSERT(refused("train --data", 2, "option '--data' needs a value"));
    CU_ASSERT(refused("train bars", 2, "bars"));
    CU_ASSERT(refused("eval --run x --importence 3", 2, "did you mean '--importance'?"));
    CU_ASSERT(refused("train --objective elbow", 2, "did you mean 'elbo'?"));
    CU_ASSERT(refused("eval", 2, "--run is missing"));
    CU_ASSERT(refused("sample", 2, "--run is missing"));
    CU_ASSERT(refused("plot", 2, "--run is missing"));
}

static void test_help(void)
{
    ChildResult none = app_in("", NULL, NULL), help = app_in("--help", NULL, NULL);
    ChildResult train = app_in("train --help", NULL, NULL);
    CU_ASSERT(child_said(&none, 2, "usage: bin/vae COMMAND"));
    CU_ASSERT(child_said(&help, 0, "usage: bin/vae COMMAND"));
    CU_ASSERT(child_said(&train, 0, "--latent"));
}

static void test_data(void)
{
    char folder[256];
    folder_make(folder);
    char *out = run_path(folder, "run");
    CU_ASSERT(refused_in("train --out", out, "--data brs", 1, "did you mean 'bars'?"));
    char *words = memory_format("train --data mnist --out %s", out);
    ChildResult result = app_in(words, "LAB_DATA", folder);
    CU_ASSERT(said_one_error(&result, 1, "train-images-idx3-ubyte"));
    CU_ASSERT(child_said(&result, 1, "make data"));
    CU_ASSERT(refused_in("train --out", out, "--data bars-9", 1, "must be from 2 to 6"));
    CU_ASSERT(refused_in("train --out", out, "--data nothing.csv", 1, "nothing.csv"));
    free(words);
    free(out);
    folder_remove(folder);
}

static void test_sizes(void)
{
    static const struct {
        const char *words, *piece;
        int status;
    } cases[] = {
        {"--batch 0", "option '--batch': '0' is out of range; give one from 1 to", 2},
        {"--batch -3", "option '--batch': '-3' is out of range", 2},
        {"--batch 1e3", "'1e3' is not a whole number", 2},
        {"--batch 20000", "20000", 1},
        {"--latent 0", "option '--latent': '0'", 2},
        {"--latent 1000000000", "each from 1 to 4096", 2},
        {"--latent 3,", "option '--latent': '3,'", 2},
        {"--latent 3,2,1", "--latent: 3 stochastic layers; this chapter has one or two", 2},
        {"--hidden 99999999999", "option '--hidden': '99999999999'", 2},
        {"--hidden 1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1", "has more than 16 numbers", 2},
        {"--steps 0", "option '--steps': '0' is out of range", 2},
        {"--steps 99999999999999999999", "has more than 15 digits", 2},
        {"--lr nan", "'nan' is not a finite number", 2},
        {"--lr 1e30", "option '--lr': '1e30' is out of range", 2},
        {"--lr -1", "option '--lr': '-1' is out of range", 2},
        {"--threads 0", "option '--threads': '0' is out of range", 2},
        {"--dreg", "--dreg belongs to --objective iwae", 2},
        {"--ema 1", "option '--ema': '1' is out of range", 2},
        {"--epochs 0", "option '--epochs': '0' is out of range", 2},
    };
    char folder[256];
    folder_make(folder);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *words =
            memory_format("train --data bars --out %s/%zu --quick %s", folder, i, cases[i].words);
        CU_ASSERT(refused(words, cases[i].status, cases[i].piece));
        free(words);
    }
    folder_remove(folder);
}

/* A model that does not fit: two gigabytes of address space, weights of 17. */
static void test_memory(void)
{
    char folder[256];
    if (RUN_SANITIZED)
        return;
    folder_make(folder);
    App app = {.memory = (rlim_t)2 << 30};
    app.words =
        memory_format("train --data bars --threads 1 --out %s/run --hidden 65536,65536", folder);
    ChildResult result = child_run(app_run, &app);
    CU_ASSERT(said_one_error(&result, 1, "memory"));
    free(app.words);
    folder_remove(folder);
}

static void test_out(void)
{
    Place place = place_make();
    char *below = run_path(place.config, "run");
    CU_ASSERT(refused_in("train --data bars --out", below, "", 1,
                         "a file of that name is in the way; move it, or choose another folder"));
    CU_ASSERT(refused("train --data bars --out /proc/run", 1, "/proc/run: can't make the folder"));
    CU_ASSERT(refused_in("sample --out /proc/run/x --run", place.run, "--n 2", 1, "/proc/run"));
    CU_ASSERT(refused_in("train --data bars --out", place.run, "", 1, "holds a run already"));
    free(below);
    place_remove(&place);
}

/* ---------------------------------------------------------------- a loss that is not finite */

static void test_diverged(void)
{
    char folder[256];
    folder_make(folder);
    char *run = run_path(folder, "run");
    char *words = memory_format("train --out %s " RUN_SMALL
                                " --save-every 1 --lr 1e6 --schedule constant --optimizer sgd",
                                run);
    ChildResult result = app_in(words, NULL, NULL);
    CU_ASSERT(said_one_error(&result, 1, "Lower --lr or set --clip 1"));
    CU_ASSERT(child_said(&result, 1, "first not finite: '"));
    CU_ASSERT(child_said(&result, 1, "the last checkpoint is kept in"));
    CU_ASSERT(strstr(result.text, "first not finite: 'the loss itself'") == NULL);
    /* What was saved is finite, and says so: with the same rate the run stops again, no sooner. */
    char *checkpoint = run_path(run, "checkpoint.safetensors");
    CU_ASSERT(file_exists(checkpoint));
    CU_ASSERT(run_refused(run, "--resume --quick --quiet", 1, "first not finite: '"));
    CU_ASSERT(run_refused(run, "--resume --quick --quiet", 1, "resumed"));
    free(checkpoint);
    free(words);
    free(run);
    folder_remove(folder);
}

/* Before the first checkpoint the line does not promise one. */
static void test_diverged_early(void)
{
    char folder[256];
    folder_make(folder);
    char *words = memory_format("train --out %s/run " RUN_SMALL
                                " --save-every 20 --lr 1e6 --schedule constant --optimizer sgd",
                                folder);
    ChildResult result = app_in(words, NULL, NULL);
    CU_ASSERT(said_one_error(&result, 1, "there is no checkpoint yet in"));
    free(words);
    folder_remove(folder);
}

/* ---------------------------------------------------------------- folders that hold no good run */

static const char *const readers[] = {"eval --importance 10 --amortisation 0 --run",
                                      "sample --n 2 --run", "plot --quiet --run"};
enum { READERS = 3 };

static bool all_refuse(const char *dir, const char *piece)
{
    bool good = true;
    for (int i = 0; i < READERS; i++)
        good = refused_in(readers[i], dir, "", 1, piece) && good;
    return good;
}

static void test_no_run(void)
{
    char folder[256];
    folder_make(folder);
    char *run = run_path(folder, "run");
    CU_ASSERT(all_refuse(run, "holds no run. Make one with: bin/vae train --out"));
    CU_ASSERT(all_refuse(folder, "holds no run. Make one with: bin/vae train --out"));
    CU_ASSERT(run_refused(run, "--resume", 1, "holds no run. Make one with"));
    CU_ASSERT_FATAL(run_ends(run, SMALL " --stop-after 5"));
    CU_ASSERT(all_refuse(run, "the run is not finished. Go on with: bin/vae train --out"));
    free(run);
    folder_remove(folder);
}

static void test_weights(void)
{
    Place place = place_make();
    size_t bytes;
    char *file = file_read(place.weights, &bytes);
    CU_ASSERT_PTR_NULL(file_write(place.weights, file, bytes / 2));
    CU_ASSERT(all_refuse(place.run, "the file is cut, damaged or of another kind"));
    CU_ASSERT_PTR_NULL(file_write(place.weights, "", 0));
    CU_ASSERT(all_refuse(place.run, "the file is cut, damaged or of another kind"));
    CU_ASSERT(run_ends(place.run, "--resume --quiet --quick")); /* which writes them again */
    size_t again_bytes;
    char *again = file_read(place.weights, &again_bytes);
    CU_ASSERT(again_bytes == bytes && memcmp(file, again, bytes) == 0);
    free(file);
    free(again);
    place_remove(&place);
}

static void test_config_text(void)
{
    static const struct {
        const char *text, *piece;
    } cases[] = {
        {"{\"family\": \"vae\"", "not JSON from line 1, column 17 on"},
        {"", "not JSON from line 1, column 1 on"},
        {"[]", "the run is of the family '(unnamed)', not 'vae'"},
        {"{\"family\": 3}", "the run is of the family '(unnamed)', not 'vae'"},
        {"{\"family\": \"gan\"}", "the run is of the family 'gan', not 'vae'; use bin/gan"},
        {"{\"family\": \"vae\"}", "has no object \"options\""},
        {"{\"family\": \"vae\", \"options\": [1]}", "has no object \"options\""},
        {"{\"family\": \"vae\", \"options\": {}}", "names no data set"},
        {"{\"family\": \"vae\", \"options\": {\"data\": \"bars\"}}",
         "option 'latent' has no value; the file is"},
    };
    Place place = place_make();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CU_ASSERT_PTR_NULL(file_write(place.config, cases[i].text, strlen(cases[i].text)));
        CU_ASSERT(all_refuse(place.run, cases[i].piece));
        CU_ASSERT(run_refused(place.run, "--resume --quick", 1, cases[i].piece));
    }
    place_remove(&place);
}

/* One option of a good config.json left out or changed. */
static void test_config_options(void)
{
    static const struct {
        const char *name, *json, *piece;
    } cases[] = {
        {"latent", NULL, "option 'latent'"},
        {"latent", "null", "option 'latent'"},
        {"latent", "\"two\"", "option 'latent': 'two'"},
        {"latent", "{}", "option 'latent' is an object"},
        {"latent", "[2, \"x\"]", "option 'latent'"},
        {"latent", "[]", "option 'latent'"},
        {"latent", "[3]", "it was made with other options"},
        {"hidden", "[16, 16]", "the model was made with other options"},
        {"hidden", "null", "option 'hidden'"},
        {"batch", "null", "option 'batch'"},
        {"lr", "null", "option 'lr'"},
        {"steps", "null", "option 'steps'"},
        {"seed", "-1", "option 'seed': '-1' is out of range"},
        {"seed", "null", "option 'seed'"},
        {"k", "null", "option 'k'"},
        {"objective", "null", "option 'objective'"},
        {"objective", "\"elbow\"", "did you mean 'elbo'?"},
        {"optimizer", "null", "option 'optimizer'"},
        {"ema", "null", "option 'ema'"},
        {"schedule", "null", "option 'schedule'"},
        {"data", "null", "names no data set"},
        {"data", "7", "names no data set"},
        {"data", "\"brs\"", "did you mean 'bars'?"},
        {"data", "\"moons\"", "'vae/"},
    };
    Place place = place_make();
    size_t bytes;
    char *good = file_read(place.config, &bytes);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cJSON *config = cJSON_Parse(good);
        cJSON *options = cJSON_GetObjectItemCaseSensitive(config, "options");
        cJSON_DeleteItemFromObjectCaseSensitive(options, cases[i].name);
        if (cases[i].json != NULL)
            cJSON_AddItemToObject(options, cases[i].name, cJSON_Parse(cases[i].json));
        CU_ASSERT_PTR_NULL(file_write_json(place.config, config));
        CU_ASSERT(refused_in(readers[0], place.run, "", 1, cases[i].piece));
        CU_ASSERT(run_refused(place.run, "--resume --quick", 1, cases[i].piece));
        cJSON_Delete(config);
    }
    CU_ASSERT_PTR_NULL(file_write(place.config, good, bytes));
    CU_ASSERT(run_ends(place.run, "--resume --quick --quiet"));
    free(good);
    place_remove(&place);
}

static void test_examples(void)
{
    Place place = place_make();
    CU_ASSERT(refused_in("eval --run", place.run, "--examples 31", 2,
                         "--examples 31: the test split of bars has 30"));
    CU_ASSERT(refused_in("eval --run", place.run, "--split train --examples 20000", 2,
                         "the train split of bars has 10020"));
    CU_ASSERT(refused_in("eval --run", place.run, "--examples 0", 2, "out of range"));
    char *words = memory_format(
        "eval --run %s --examples 30 --importance 10 --amortisation 0 --quiet", place.run);
    ChildResult result = app_in(words, NULL, NULL);
    CU_ASSERT(child_said(&result, 0, "vae on 30 of 30 test examples of bars"));
    free(words);
    place_remove(&place);
}

/* Without gnuplot the run ends well, says so once, and leaves the scripts. */
static void test_gnuplot(void)
{
    char folder[256];
    folder_make(folder);
    char *words = memory_format("train --out %s/run " SMALL, folder);
    ChildResult result = app_in(words, "PATH", "");
    const char *first = strstr(result.text, "warning: ");
    CU_ASSERT(child_said(&result, 0, "gnuplot"));
    CU_ASSERT(first != NULL && strstr(first + 1, "warning: ") == NULL);
    char *script = memory_format("%s/run/figures/loss.gp", folder);
    char *samples = memory_format("%s/run/samples.npy", folder);
    CU_ASSERT(file_exists(script));
    CU_ASSERT(file_exists(samples));
    free(words);
    free(script);
    free(samples);
    folder_remove(folder);
}

const Suite suite = {"train/bad input",
                     {{"words", test_words},
                      {"help", test_help},
                      {"data", test_data},
                      {"sizes", test_sizes},
                      {"memory", test_memory},
                      {"folders that can't be written", test_out},
                      {"a loss that is not finite", test_diverged},
                      {"the same before the first checkpoint", test_diverged_early},
                      {"folders without a run", test_no_run},
                      {"damaged weights", test_weights},
                      {"config.json that is no configuration", test_config_text},
                      {"options of config.json", test_config_options},
                      {"more examples than there are", test_examples},
                      {"no gnuplot", test_gnuplot},
                      {NULL, NULL}}};
