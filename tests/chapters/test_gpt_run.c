/* Transformers in single precision as users run them: stopped runs, texts and their seeds, prompts,
 * commands, bad input. */
#include "chapters/option_lines.h"
#include "chapters/small_gpt.h"

#include "06-transformer/gpt_commands.h"
#include "06-transformer/gpt_generate.h"
#include "06-transformer/gpt_scaling.h"
#include "support/file.h"
#include "train/measure.h"
#include "train/pictures.h"

#include <math.h>

#define KOREAN "\xed\x95\x9c\xea\xb5\xad\xec\x96\xb4 "
#define TINY " --layers 2 --width 8 --heads 2 "

/* ---------------------------------------------------------------- bad input */

static const OptionLine lines[] = {
    {&gpt_family, "arithmetic", "--heads 3 --width 8", 2, "--heads 3: they must divide --width 8"},
    {&gpt_family, "arithmetic", "--heads 8 --width 8 --positions rotary", 2,
     "turns pairs of numbers"},
    {&gpt_family, "arithmetic", "--context 5", 1, "choose --context 10 or more"},
    {&gpt_family, "arithmetic", "--tokens letters", 2, "--tokens"},
    {&gpt_family, "arithmetic", "--vocabulary 100", 2, "--vocabulary"},
    {&gpt_family, "bars-3", "--objective masked", 2, "--objective masked: is for texts"},
    {&gpt_family, "arithmetic", "--objective mask", 2, "did you mean 'masked'"},
    {&gpt_family, "arithmetic", "--dropout 1", 2, "--dropout"},
    {&gpt_family, "moons", "--cells 1", 2, "--cells"},
    {&gpt_family, "moons", "--cells 1025", 2, "--cells"},
    {&gpt_family, "moons", "--cells many", 2, "--cells"},
    {&gpt_family, "moons", "--context 2", 2, "--context: is for texts, and moons is points"},
    {&gpt_family, "moons", "--tokens words", 2, "--tokens: is for texts"},
    {&gpt_family, "moons", "--vocabulary 300", 2, "--vocabulary: is for texts"},
    {&gpt_family, "moons", "--objective masked", 2, "--objective: is for texts"},
    {&gpt_family, "moons", "--tied", 2, "--tied: is for texts"},
    {&gpt_family, "moons", "--jitter -1", 2, "--jitter"},
    {&gpt_family, "moons", "--row-hidden 8", 2, "--row-hidden: is for images"},
    {&gpt_family, "bars-3", "--cells 8", 2, "--cells: is for points, and bars-3 is binary images"},
    {&gpt_family, "bars-3", "--jitter 1", 2, "--jitter: is for points"},
    {&gpt_family, "arithmetic", "--cells 8", 2, "--cells: is for points"},
    {&gpt_family, "sphere-earth", "", 1, "no density in space"},
    {&gpt_family, "moons", TINY, 0, ""},
    {&gpt_family, "arithmetic", TINY, 0, ""}};

static void test_options(void)
{
    option_lines_check(lines, sizeof lines / sizeof *lines);
}

/* A text of the user's own: what is in the file, and what is said. */
typedef struct Own {
    const char *text, *words;
    int status;
    const char *says;
    char path[300];
} Own;

static void read_own(void *context)
{
    const Own *own = context;
    SmallGpt g = small_gpt_of(dataset_load(own->path), own->words);
    small_gpt_free(&g);
}

static void test_own_text(void)
{
    Own own[] = {
        {"", TINY, 1, "empty", ""},
        {"too short for that", "--context 64" TINY, 1, "choose a smaller context", ""},
        {"caf\xe9 and so on, and on and on and on", "--context 4" TINY, 1, "byte 3 is not UTF-8",
         ""},
        {"caf\xe9 and so on, and on and on and on", "--context 4 --tokens bytes" TINY, 0, "", ""},
        {KOREAN KOREAN KOREAN KOREAN KOREAN KOREAN, "--context 4" TINY, 0, "", ""}};
    char folder[256];
    folder_make(folder);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        snprintf(own[i].path, sizeof own[i].path, "%s/own.txt", folder);
        CU_ASSERT_PTR_NULL(file_write(own[i].path, own[i].text, strlen(own[i].text)));
        ChildResult result = child_run(read_own, &own[i]);
        CU_ASSERT(child_said(&result, own[i].status, own[i].says));
    }
    folder_remove(folder);
}

/* ---------------------------------------------------------------- prompts */

static const char TEXT[] = "to be or not to be, that is the question\nwhether it is nobler\n";

typedef struct Prompt {
    const char *prompt, *words;
    int status;
    const char *says;
} Prompt;

static void read_prompt(void *context)
{
    const Prompt *p = context;
    SmallGpt g = small_gpt(TEXT, false, p->words);
    uint16_t token[64];
    gpt_prompt_tokens(g.gpt, p->prompt, "--prompt", token);
    small_gpt_free(&g);
}

static void test_prompts(void)
{
    static const Prompt prompts[] = {
        {"to be", "--context 8" TINY, 0, ""},
        {"to BE", "--context 8" TINY, 2, "'B' (byte 3) is not among the 17 characters"},
        {"q\xc3\xa9", "--context 8" TINY, 2, "'\xc3\xa9' (byte 1)"},
        {"q\xff", "--context 8" TINY, 2, "--prompt: byte 1 is not UTF-8"},
        {"question", "--context 8" TINY, 0, ""},
        {"questions", "--context 8" TINY, 2, "9 tokens, but the network sees 8 at once"},
        {"", "--context 8" TINY, 2, "--prompt: empty"},
        {"Any\xff", "--context 8 --tokens bytes" TINY, 0, ""}};
    for (size_t i = 0; i < sizeof prompts / sizeof *prompts; i++) {
        Prompt p = prompts[i];
        ChildResult result = child_run(read_prompt, &p);
        CU_ASSERT(child_said(&result, p.status, p.says));
    }
}

static void parse_sample(void *context)
{
    const OptionSpec *tables[] = {gpt_sample_options, NULL};
    char copy[100], *argv[RUN_MOST_WORDS] = {"sample"};
    snprintf(copy, sizeof copy, "%s", (const char *)context);
    Options *options = options_parse("sample", "", tables, run_words(copy, argv, 1), argv);
    gpt_wish_of(options);
    options_free(options);
}

static void test_sample_options(void)
{
    static const char *const bad[] = {"--temperature -1", "--top-k 0", "--top-p 0", "--top-p 1.5",
                                      "--length 0"};
    static const char *const files[] = {"--prompt-file /no/such/file",
                                        "--prompt a --prompt-file b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char name[20];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(bad[i], " "), bad[i]);
        ChildResult result = child_run(parse_sample, (void *)bad[i]);
        CU_ASSERT(child_said(&result, 2, name));
    }
    ChildResult file = child_run(parse_sample, (void *)files[0]);
    CU_ASSERT(child_said(&file, 1, "/no/such/file: can't be read"));
    file = child_run(parse_sample, (void *)files[1]);
    CU_ASSERT(child_said(&file, 2, "--prompt and --prompt-file: give one of them"));
    ChildResult fine = child_run(parse_sample, "--temperature 0 --top-k 1 --top-p 1");
    CU_ASSERT(child_said(&fine, 0, ""));
}

/* Points know no temperature, and no mean. */
static void sample_points(void *context)
{
    const OptionSpec *tables[] = {gpt_sample_options, NULL};
    char copy[100], *argv[RUN_MOST_WORDS] = {"sample"};
    snprintf(copy, sizeof copy, "%s", (const char *)context);
    Options *options = options_parse("sample", "", tables, run_words(copy, argv, 1), argv);
    SmallGpt g = small_gpt_of(dataset_load("moons"), "--cells 9" TINY);
    Rng noise = rng_stream(1, "sample");
    real x[20];
    bool mean = copy[0] == '\0';
    gpt_family.sample(&g.gpt->model, g.tape, &noise,
                      &(SampleRequest){.n = 10, .mean = mean, .options = options}, x);
}

static void test_sample_points(void)
{
    ChildResult text = child_run(sample_points, "--temperature 2");
    CU_ASSERT(child_said(&text, 2, "--temperature: is for texts, and this run learnt points"));
    ChildResult mean = child_run(sample_points, "");
    CU_ASSERT(child_said(&mean, 2, "--mean: this family draws points without a latent"));
}

/* ---------------------------------------------------------------- texts */

static char *write_with(SmallGpt *g, const char *words, uint64_t seed, int n)
{
    const OptionSpec *tables[] = {gpt_sample_options, NULL};
    char copy[200], *argv[RUN_MOST_WORDS] = {"sample"}, *text = NULL;
    size_t bytes;
    snprintf(copy, sizeof copy, "%s", words);
    Options *options = options_parse("sample", "", tables, run_words(copy, argv, 1), argv);
    FILE *out = open_memstream(&text, &bytes);
    Rng noise = rng_stream(seed, "sample");
    Tape *tape = tape_create(kernels_best());
    tape_record(tape, false);
    gpt_family.sample_text(&g->gpt->model, tape, &noise,
                           &(SampleRequest){.n = n, .options = options}, out);
    fclose(out);
    tape_free(tape);
    options_free(options);
    return text;
}

static bool same_text(SmallGpt *g, const char *words, uint64_t seed, const char *others,
                      uint64_t other_seed)
{
    char *a = write_with(g, words, seed, 3), *b = write_with(g, others, other_seed, 3);
    bool same = strcmp(a, b) == 0;
    free(a);
    free(b);
    return same;
}

/* With the cache and without, also when the context is full several times over. */
static void cache_changes_nothing(const char *words)
{
    SmallGpt g = small_gpt(TEXT, false, words);
    small_gpt_shake(&g, 0.3);
    CU_ASSERT(same_text(&g, "--length 60", 1, "--length 60 --no-cache", 1));
    CU_ASSERT(same_text(&g, "--length 40 --prompt t --top-k 5 --temperature 0.7", 2,
                        "--length 40 --prompt t --top-k 5 --temperature 0.7 --no-cache", 2));
    CU_ASSERT(!same_text(&g, "--length 60", 1, "--length 60", 2));
    CU_ASSERT(same_text(&g, "--temperature 0", 1, "--top-k 1", 2)); /* greedy draws nothing */
    small_gpt_free(&g);
}

static void test_cache(void)
{
    kernels_set_threads(1); /* children are forked later: no threads may be there then */
    cache_changes_nothing("--context 16" TINY);
    cache_changes_nothing("--context 16 --positions learned --tied" TINY);
    cache_changes_nothing("--context 1" TINY);
}

/* The scores themselves, position by position. */
static void test_scores(void)
{
    enum { SEQUENCES = 3, CONTEXT = 12, STEPS = 40 };
    kernels_set_threads(1);
    SmallGpt g = small_gpt(TEXT, false, "--context 12" TINY);
    small_gpt_shake(&g, 0.3);
    GptWriter *with = gpt_writer_create(g.gpt, SEQUENCES, true);
    GptWriter *without = gpt_writer_create(g.gpt, SEQUENCES, false);
    double worst = 0, largest = 0;
    for (int t = 0; t < STEPS; t++) {
        int token[SEQUENCES] = {t % 17, t * 7 % 17, t * t % 17};
        gpt_writer_add(with, token);
        gpt_writer_add(without, token);
        const real *a = gpt_writer_scores(with), *b = gpt_writer_scores(without);
        for (int i = 0; i < SEQUENCES * g.gpt->vocabulary; i++) {
            worst = fmax(worst, fabs((double)(a[i] - b[i])));
            largest = fmax(largest, fabs((double)a[i]));
        }
    }
    CU_ASSERT(worst < 1e-5 * largest);
    CU_ASSERT(gpt_writer_bytes(with) > 0 && gpt_writer_bytes(with) < gpt_writer_bytes(without));
    gpt_writer_free(with);
    gpt_writer_free(without);
    small_gpt_free(&g);
}

/* Lines end at their '\n' and begin with the prompt; an encoder fills places. */
static void test_lines(void)
{
    kernels_set_threads(1);
    SmallGpt g = small_gpt("ab\nabc\nca\n", true, TINY);
    char *text = write_with(&g, "--prompt ab --length 4", 1, 5);
    int ends = 0;
    for (const char *c = text; *c != '\0'; c++)
        ends += *c == '\n';
    CU_ASSERT_EQUAL(ends, 5);
    CU_ASSERT(strncmp(text, "ab", 2) == 0);
    free(text);
    small_gpt_free(&g);
    g = small_gpt(TEXT, false, "--context 8 --objective masked" TINY);
    text = write_with(&g, "", 1, 2);
    CU_ASSERT(strlen(text) >= 16 && strstr(text, "---") != NULL);
    free(text);
    small_gpt_free(&g);
}

static void sweep_decoder(void *context)
{
    (void)context;
    SmallGpt g = small_gpt(TEXT, false, "--context 8" TINY);
    write_with(&g, "--sweeps 2", 1, 1);
}

static void hide_from_decoder(void *context)
{
    (void)context;
    SmallGpt g = small_gpt(TEXT, false, "--context 8" TINY);
    const OptionSpec *tables[] = {gpt_eval_options, NULL};
    char *line[] = {"eval", "--hidden", "3"};
    Task task = {.data = g.data, .options = options_parse("eval", "", tables, 3, line)};
    gpt_family.evaluate(&g.gpt->model, &task, NULL);
}

static void test_encoders_options(void)
{
    ChildResult swept = child_run(sweep_decoder, NULL);
    ChildResult hidden = child_run(hide_from_decoder, NULL);
    CU_ASSERT(child_said(&swept, 2, "--sweeps: is for encoders"));
    CU_ASSERT(child_said(&hidden, 2, "--hidden: is for encoders"));
    SmallGpt next = small_gpt(TEXT, false, "--context 6" TINY);
    SmallGpt masked = small_gpt(TEXT, false, "--context 6 --objective masked" TINY);
    for (const FamilyCommand *own = gpt_commands; own->name != NULL; own++) {
        CU_ASSERT(gpt_offers(&next.gpt->model, own));
        CU_ASSERT_EQUAL(gpt_offers(&masked.gpt->model, own), strcmp(own->name, "scaling") == 0);
    }
    small_gpt_free(&next);
    small_gpt_free(&masked);
}

/* Lines of one place each, by many networks. A sweep hides the place before it is drawn, so what
 * the line began as is forgotten: the likeliest symbol is the same for all. Without a sweep they
 * are noise. */
static void test_sweeps(void)
{
    enum { NETWORKS = 10, LINES_DRAWN = 20, BYTES = 2 * LINES_DRAWN };
    SmallGpt g = small_gpt("a\nb\nc\na\nb\nc\n", true, "--objective masked" TINY);
    for (int network = 0; network < NETWORKS; network++) {
        small_gpt_shake(&g, 0.5); /* on from where the last one left */
        /* without them the answer hangs on the tokens alone */
        memset(g.gpt->out.bias->value, 0, g.gpt->out.bias->size * sizeof(real));
        memset(g.gpt->norm.bias->value, 0, g.gpt->norm.bias->size * sizeof(real));
        char *noise = write_with(&g, "--sweeps 0", 1, LINES_DRAWN);
        char *drawn = write_with(&g, "--sweeps 1 --temperature 0", 1, LINES_DRAWN);
        CU_ASSERT_EQUAL_FATAL(strlen(noise), BYTES);
        CU_ASSERT_EQUAL_FATAL(strlen(drawn), BYTES);
        CU_ASSERT(memcmp(noise, noise + 2, BYTES - 2) != 0);
        CU_ASSERT(memcmp(drawn, drawn + 2, BYTES - 2) == 0);
        free(noise);
        free(drawn);
    }
    small_gpt_free(&g);
}

/* ---------------------------------------------------------------- runs */

static void test_resume(void)
{
    run_stopped_equals_whole(&gpt_family,
                             "--data arithmetic --batch 8 --steps 20 --threads 1 --quick --quiet "
                             "--dropout 0.2" TINY,
                             "9");
    run_stopped_equals_whole(&gpt_family,
                             "--data bars-3 --batch 8 --steps 20 --threads 1 --quick --quiet "
                             "--dropout 0.2 --row-hidden 8" TINY,
                             "9");
    run_stopped_equals_whole(&gpt_family,
                             "--data moons --batch 8 --steps 20 --threads 1 --quick --quiet "
                             "--dropout 0.2 --cells 16" TINY,
                             "9");
}

/* The level in `induction`'s picture is that of the symbols that it draws: a newline is none. */
static bool has_level(const Gpt *gpt, const char *folder)
{
    const int drawn = gpt->vocabulary - (gpt->text->newline >= 0 ? 1 : 0);
    char *path = memory_format("%s/induction-loss.gp", folder);
    char *level = memory_format("%.10g with lines", log(drawn));
    size_t bytes;
    char *script = file_read(path, &bytes);
    bool holds = strstr(script, level) != NULL;
    free(path);
    free(level);
    free(script);
    return holds;
}

/* The commands that only read a run: whether each ends and leaves its pictures. Their words would
 * fill the child's buffer. */
static bool run_quick(Run *run)
{
    static const struct {
        const char *name, *figure;
    } quick[] = {{"look", "look-attention"},
                 {"look", "look-next"},
                 {"cache", "cache"},
                 {"cache", "cache-memory"},
                 {"induction", "induction-loss"},
                 {"temperature", "temperature"}};
    char *folder = run_path(run->dir, "quick");
    Figures *figures = figures_open(folder);
    bool all = freopen("/dev/null", "w", stdout) != NULL;
    for (size_t i = 0; i < sizeof quick / sizeof *quick; i++) {
        const FamilyCommand *own = gpt_commands;
        while (strcmp(own->name, quick[i].name) != 0)
            own++;
        char *line[] = {(char *)own->name, NULL};
        Options *options =
            options_parse(own->name, "", (const OptionSpec *[]){own->options, NULL}, 1, line);
        Task task = {.data = run->data, .split = SPLIT_TEST, .figures = figures, .dir = run->dir};
        task.options = options;
        task.tape = tape_create(kernels_best());
        task.noise = rng_stream(1, own->name);
        tape_record(task.tape, false);
        own->run(run->model, &task);
        char *script = memory_format("%s/%s.gp", folder, quick[i].figure);
        all = all && file_exists(script);
        free(script);
        tape_free(task.tape);
        options_free(options);
    }
    all = all && has_level((const Gpt *)run->model, folder);
    figures_close(figures);
    free(folder);
    return all;
}

/* Whether eval.json says how it was measured. */
static bool eval_says_hidden(const char *dir, long hidden)
{
    char *path = run_path(dir, "eval.json");
    cJSON *eval = file_read_json(path);
    const cJSON *options = cJSON_GetObjectItem(eval, "options");
    const cJSON *said = cJSON_GetObjectItem(options, "hidden");
    bool same =
        cJSON_IsNumber(said) && said->valueint == hidden && cJSON_GetArraySize(options) == 1;
    cJSON_Delete(eval);
    free(path);
    return same;
}

/* A run is evaluated and drawn, its answers judged; commands that only read it end well. */
static void run_all(void *context)
{
    const char *words = context;
    char root[256];
    folder_make(root);
    char *dir = memory_format("%s/run", root);
    RunCall call = {dir, words, &gpt_family, 0, 0, -1};
    ChildResult trained = child_run(run_train, &call);
    if (trained.status != 0)
        exit(trained.status);
    Run *run = run_open(&gpt_family, dir);
    uint32_t index[30];
    for (uint32_t i = 0; i < 30; i++)
        index[i] = i % (uint32_t)run->data->count[SPLIT_TEST];
    LikelihoodReport report = {.examples = 30, .dims = run->data->dims};
    Task task = {.data = run->data,
                 .split = SPLIT_TEST,
                 .index = index,
                 .examples = 30,
                 .options = measure_defaults(&gpt_family, true),
                 .dir = dir,
                 .quiet = true};
    task.tape = tape_create(kernels_best());
    task.noise = rng_stream(1, "evaluation");
    gpt_family.evaluate(run->model, &task, &report);
    likelihood_report_print(&report, stdout);
    run_write_eval(dir, &gpt_family, run->data, SPLIT_TEST, task.options, &report, NULL);
    if (!eval_says_hidden(dir, options_int(task.options, "hidden")))
        exit(4);
    likelihood_report_clear(&report);
    options_free((Options *)task.options);
    tape_free(task.tape);
    Figures *figures = pictures_draw(run, true);
    char *first = run_path(dir, "figures/attention.gp"), *loss = run_path(dir, "figures/loss.gp");
    printf("%s\n",
           file_exists(loss) && (run->data->text == NULL || file_exists(first)) ? "drawn" : "not");
    if (run->data->text != NULL && ((Gpt *)run->model)->objective == GPT_NEXT && !run_quick(run))
        exit(3);
    figures_close(figures);
    run_close(run);
    free(loss);
    free(first);
    free(dir);
    folder_remove(root);
}

/* ---------------------------------------------------------------- chat, scaling */

/* Two lines are typed: one that can be read, one with a symbol that was never seen. */
static void talk(void *context)
{
    SmallGpt g = small_gpt(TEXT, false, "--context 16" TINY);
    char *line[] = {"chat", "--length", "20", NULL};
    Options *options =
        options_parse("chat", "", (const OptionSpec *[]){gpt_chat_options, NULL}, 3, line);
    if (freopen(context, "r", stdin) == NULL)
        exit(3);
    gpt_chat_command(&g.gpt->model, &(Task){.data = g.data, .options = options});
    options_free(options);
    small_gpt_free(&g);
}

static void test_chat(void)
{
    static const char typed[] = "to be\nX\n\nwhether it is\n";
    char folder[256];
    folder_make(folder);
    char *path = memory_format("%s/typed", folder);
    CU_ASSERT_PTR_NULL(file_write(path, typed, strlen(typed)));
    ChildResult result = child_run(talk, path);
    CU_ASSERT(child_said(&result, 0, "'X' was never seen"));
    CU_ASSERT(strlen(result.text) >= 60); /* three replies of 20 tokens */
    free(path);
    folder_remove(folder);
}

/* Losses on a curve give the curve; rising ones give none. */
static void test_fit(void)
{
    GptSizes sizes = {.n = 6};
    double fit[3];
    for (int i = 0; i < sizes.n; i++) {
        sizes.weights[i] = 1000 * pow(3, i);
        sizes.loss[i] = 1.2 + pow(5000 / sizes.weights[i], 0.4);
    }
    CU_ASSERT(gpt_scaling_fit(&sizes, fit));
    CU_ASSERT(fabs(fit[0] - 1.2) < 1e-6 && fabs(fit[1] - log(5000)) < 1e-5 &&
              fabs(fit[2] - 0.4) < 1e-6);
    for (int i = 0; i < sizes.n; i++)
        sizes.loss[i] = 1 + 0.1 * i;
    CU_ASSERT(!gpt_scaling_fit(&sizes, fit));
}

/* A text without a line break is trained on, evaluated and drawn like others. */
static void test_one_line(void)
{
    char folder[256];
    folder_make(folder);
    char *path = memory_format("%s/own.txt", folder);
    char *words = memory_format("--data %s --context 8 --batch 8 --steps 5 --threads 1 --quick "
                                "--quiet" TINY,
                                path);
    static const char text[] = "one line and nothing else, over and over and over and over again";
    CU_ASSERT_PTR_NULL(file_write(path, text, strlen(text)));
    ChildResult result = child_run(run_all, words);
    CU_ASSERT(child_said(&result, 0, "drawn"));
    free(words);
    free(path);
    folder_remove(folder);
}

/* Points of the user's own: as many to a line as there are columns. */
static void test_own_points(void)
{
    char folder[256], text[4000] = "", *words, *path;
    folder_make(folder);
    path = memory_format("%s/own.csv", folder);
    for (int i = 0; i < 60; i++)
        sprintf(text + strlen(text), "%d,1,2,3,4,5,6,7,%d\n", i % 7, i);
    CU_ASSERT_PTR_NULL(file_write(path, text, strlen(text)));
    Own many = {"", TINY, 1, "own.csv: 9 numbers a point; the transformer takes at most 8", ""};
    snprintf(many.path, sizeof many.path, "%s", path);
    ChildResult result = child_run(read_own, &many);
    CU_ASSERT(child_said(&result, many.status, many.says));
    text[0] = '\0';
    for (int i = 0; i < 60; i++)
        sprintf(text + strlen(text), "%d\n", i * i);
    CU_ASSERT_PTR_NULL(file_write(path, text, strlen(text)));
    words = memory_format("--data %s --batch 8 --steps 5 --threads 1 --quick --quiet" TINY, path);
    result = child_run(run_all, words); /* of one number there is no map of the density */
    CU_ASSERT(child_said(&result, 0, "drawn"));
    free(words);
    free(path);
    folder_remove(folder);
}

static void test_evaluate(void)
{
    static const struct {
        const char *words, *says;
    } runs[] = {
        {"--data arithmetic", "right answers"},
        {"--data grammar", "above the true distribution"},
        {"--data repeats --tokens pairs --vocabulary 300", "canonical"},
        {"--data arithmetic --objective masked", "pseudo"},
        {"--data bars-3 --row-hidden 8", "exact"},
        {"--data moons --cells 16", "true log p - model's, paired"},
    };
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        char *words =
            memory_format("%s --batch 8 --steps 5 --threads 1 --quick --quiet" TINY, runs[i].words);
        ChildResult result = child_run(run_all, words);
        CU_ASSERT(child_said(&result, 0, runs[i].says));
        CU_ASSERT(child_said(&result, 0, "drawn"));
        free(words);
    }
}

const Suite suite = {"chapters/transformer runs",
                     {{"bad options", test_options},
                      {"a text of one's own", test_own_text},
                      {"prompts", test_prompts},
                      {"cuts that can't be", test_sample_options},
                      {"samples of points", test_sample_points},
                      {"the cache changes no text", test_cache},
                      {"the cache changes no score", test_scores},
                      {"lines, and an encoder's texts", test_lines},
                      {"an encoder's options", test_encoders_options},
                      {"an encoder's sweeps", test_sweeps},
                      {"stopped runs go on to the same bits", test_resume},
                      {"runs are evaluated and drawn", test_evaluate},
                      {"a text of one line", test_one_line},
                      {"points of one's own", test_own_points},
                      {"chat", test_chat},
                      {"a curve through losses", test_fit},
                      {NULL, NULL}}};
