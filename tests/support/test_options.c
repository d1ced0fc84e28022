#include "harness/suite.h"
#include "support/options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const OptionSpec COMMON[] = {
    {"steps", OPTION_INT, "1000", "N", "steps of training", 1, 1e9, NULL},
    {"lr", OPTION_REAL, "1e-3", NULL, "learning rate", 0, 1, NULL},
    {"offset", OPTION_REAL, "0", NULL, "any number", -INFINITY, INFINITY, NULL},
    {"quick", OPTION_FLAG, NULL, NULL, "a short run", 0, 0, NULL},
    {"out", OPTION_TEXT, NULL, "DIR", "where the run goes", 0, 0, NULL},
    {"seed", OPTION_INT, NULL, "N", "of the random numbers", 0, INFINITY, NULL},
    {0}};

static const OptionSpec MODEL[] = {
    {"latent", OPTION_INT, "50", "N", "size of z", 1, 1000, NULL},
    {"hidden", OPTION_INTS, "200,200", "N,...", "widths of the layers", 1, 4096, NULL},
    {"objective", OPTION_CHOICE, "elbo", NULL, NULL, 0, 0, "elbo|iwae"},
    {"schedule", OPTION_CHOICE, "cosine", NULL, "of the rate", 0, 0, "constant|cosine|linear"},
    {0}};

static const OptionSpec *const TABLES[] = {COMMON, MODEL, NULL};

enum { MOST_WORDS = 12 };

/* A command line as the shell would split it at blanks. */
typedef struct Line {
    char letters[400];
    char *word[MOST_WORDS + 1];
    int count;
} Line;

static void line_split(Line *line, const char *text)
{
    snprintf(line->letters, sizeof line->letters, "lab %s", text);
    line->count = 0;
    for (char *word = strtok(line->letters, " "); word != NULL && line->count < MOST_WORDS;
         word = strtok(NULL, " "))
        line->word[line->count++] = word;
    line->word[line->count] = NULL;
}

static Options *parse(const char *text)
{
    Line line;
    line_split(&line, text);
    return options_parse("lab", "Trains a model.", TABLES, line.count, line.word);
}

static void parse_text(void *text)
{
    options_free(parse(text));
}

/* Whether the line is refused with exit 2 and that error. */
static bool refused(const char *text, const char *error)
{
    char copy[300];
    snprintf(copy, sizeof copy, "%s", text);
    ChildResult result = child_run(parse_text, copy);
    return child_said(&result, 2, error);
}

static void test_defaults(void)
{
    int widths[OPTIONS_MOST_INTS];
    Options *options = parse("");
    CU_ASSERT_EQUAL(options_int(options, "steps"), 1000);
    CU_ASSERT_EQUAL(options_real(options, "lr"), 1e-3);
    CU_ASSERT_FALSE(options_flag(options, "quick"));
    CU_ASSERT_PTR_NULL(options_text(options, "out"));
    CU_ASSERT_STRING_EQUAL(options_text(options, "objective"), "elbo");
    CU_ASSERT_EQUAL(options_choice(options, "objective"), 0);
    CU_ASSERT_EQUAL(options_choice(options, "schedule"), 1);
    CU_ASSERT_EQUAL(options_ints(options, "hidden", widths), 2);
    CU_ASSERT(widths[0] == 200 && widths[1] == 200);
    CU_ASSERT(options_set(options, "steps"));
    CU_ASSERT_FALSE(options_set(options, "seed"));
    CU_ASSERT_FALSE(options_typed(options, "steps"));
    CU_ASSERT(options_known(options, "latent"));
    CU_ASSERT_FALSE(options_known(options, "help"));
    options_free(options);
}

static void test_typed(void)
{
    int widths[OPTIONS_MOST_INTS];
    Options *options =
        parse("--steps=7 --lr 0.5 --offset -2.5e1 --quick --out runs/x --hidden 3,2,1");
    CU_ASSERT_EQUAL(options_int(options, "steps"), 7);
    CU_ASSERT_EQUAL(options_real(options, "lr"), 0.5);
    CU_ASSERT_EQUAL(options_real(options, "offset"), -25);
    CU_ASSERT(options_flag(options, "quick"));
    CU_ASSERT_STRING_EQUAL(options_text(options, "out"), "runs/x");
    CU_ASSERT_EQUAL(options_ints(options, "hidden", widths), 3);
    CU_ASSERT(widths[0] == 3 && widths[1] == 2 && widths[2] == 1);
    CU_ASSERT(options_typed(options, "lr"));
    CU_ASSERT_FALSE(options_typed(options, "latent"));
    options_free(options);
    options = parse("--latent 3 --latent=4 --objective iwae --out=a=b --seed 999999999999999");
    CU_ASSERT_EQUAL(options_int(options, "latent"), 4);
    CU_ASSERT_STRING_EQUAL(options_text(options, "objective"), "iwae");
    CU_ASSERT_EQUAL(options_choice(options, "objective"), 1);
    CU_ASSERT_STRING_EQUAL(options_text(options, "out"), "a=b");
    CU_ASSERT_EQUAL(options_int(options, "seed"), 999999999999999);
    options_free(options);
}

static void test_range_ends(void)
{
    Options *options = parse("--latent 1000 --lr 0 --hidden 4096");
    CU_ASSERT_EQUAL(options_int(options, "latent"), 1000);
    CU_ASSERT_EQUAL(options_real(options, "lr"), 0);
    options_free(options);
    options = parse("--latent 1 --lr 1 --hidden 1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1");
    int widths[OPTIONS_MOST_INTS];
    CU_ASSERT_EQUAL(options_ints(options, "hidden", widths), OPTIONS_MOST_INTS);
    options_free(options);
}

static void test_refused_words(void)
{
    CU_ASSERT(refused("--latnet 5",
                      "error: unknown option '--latnet'; did you mean '--latent'? See --help\n"));
    CU_ASSERT(refused("--latnet=5", "unknown option '--latnet'; did you mean '--latent'?"));
    CU_ASSERT(refused("--lat 5", "unknown option '--lat'; did you mean '--latent'?"));
    CU_ASSERT(refused("--zzzzzz", "unknown option '--zzzzzz'; see --help"));
    CU_ASSERT(refused("-latent 5", "unknown option '-latent'; did you mean '--latent'?"));
    CU_ASSERT(refused("latent", "this is no option: 'latent'; did you mean '--latent'?"));
    CU_ASSERT(refused("--quick vae", "this is no option: 'vae'; see --help"));
    CU_ASSERT(refused("-- --quick", "unknown option '--'; see --help"));
    CU_ASSERT(refused("-q", "unknown option '-q'; did you mean '--quick'?"));
    CU_ASSERT(refused("--quick=1", "option '--quick' takes no value; write it alone"));
    CU_ASSERT(refused("--latent", "option '--latent' needs a value; write --latent=VALUE"));
    CU_ASSERT(refused("--out --quick", "option '--out' needs a value"));
}

static void test_refused_values(void)
{
    static const char *const cases[][2] = {
        {"--latent 0", "option '--latent': '0' is out of range; give one from 1 to 1000"},
        {"--latent 1001", "option '--latent': '1001' is out of range; give one from 1 to 1000"},
        {"--latent 1e3", "is not a whole number in plain digits (1000, not 1e3)"},
        {"--latent 5.0", "'5.0' is not a whole number"},
        {"--latent 5x", "'5x' is not a whole number"},
        {"--latent=", "'' is not a whole number"},
        {"--latent 0x10", "'0x10' is not a whole number"},
        {"--seed -1", "'-1' is out of range; give one of at least 0"},
        {"--seed 1000000000000000", "has more than 15 digits"},
        {"--seed 99999999999999999999", "has more than 15 digits"},
        {"--lr 1.5", "option '--lr': '1.5' is out of range; give one from 0 to 1"},
        {"--lr -0.1", "'-0.1' is out of range"},
        {"--lr 0.1x", "'0.1x' is not a finite number"},
        {"--lr=", "'' is not a finite number"},
        {"--lr nan", "'nan' is not a finite number"},
        {"--offset inf", "'inf' is not a finite number; give one of any size"},
        {"--offset 1e999", "'1e999' is not a finite number"},
        {"--offset 0x1p3", "'0x1p3' is not a finite number"},
        {"--offset 1,5", "'1,5' is not a finite number"},
        {"--hidden 200,,3", "'200,,3' is not a list of whole numbers in range; give them with "
                            "commas and no blanks (200,200), each from 1 to 4096"},
        {"--hidden 200,", "'200,' is not a list"},
        {"--hidden=", "'' is not a list"},
        {"--hidden 200,4097", "'200,4097' is not a list of whole numbers in range"},
        {"--hidden 1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1", "has more than 16 numbers"},
        {"--objective ewae", "'ewae' is not one of elbo, iwae; did you mean 'iwae'?"},
        {"--objective maximum-likelihood", "is not one of elbo, iwae; choose one of them"},
        {"--objective elb", "did you mean 'elbo'?"},
        {"--objective elbo|iwae", "is not one of elbo, iwae"},
        {"--out \xff", "option '--out': its value is not UTF-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CU_ASSERT(refused(cases[i][0], cases[i][1]));
}

static void test_help(void)
{
    char line[] = "--help";
    char short_line[] = "--quick -h";
    unsetenv("ARGP_HELP_FMT");
    ChildResult result = child_run(parse_text, line);
    CU_ASSERT(child_said(&result, 0, "Usage: lab [OPTION...]\nTrains a model.\n"));
    CU_ASSERT(child_said(&result, 0, "--objective=CHOICE     elbo or iwae [elbo]\n"));
    CU_ASSERT(child_said(&result, 0, "of the rate: constant, cosine or linear [cosine]\n"));
    CU_ASSERT(child_said(&result, 0, "--latent=N             size of z [50]\n"));
    CU_ASSERT(child_said(&result, 0, "--out=DIR              where the run goes\n"));
    CU_ASSERT(child_said(&result, 0, "--lr=X                 learning rate [1e-3]\n"));
    CU_ASSERT(child_said(&result, 0, "--quick                a short run\n"));
    CU_ASSERT(child_said(&result, 0, "-h, --help                 show this and exit\n"));
    /* The tables stand apart, in their order. */
    const char *steps = strstr(result.text, "--steps");
    const char *gap = steps != NULL ? strstr(steps, "\n\n") : NULL;
    const char *hidden = strstr(result.text, "--hidden");
    CU_ASSERT(gap != NULL && hidden != NULL && gap < hidden);
    result = child_run(parse_text, short_line);
    CU_ASSERT(child_said(&result, 0, "Usage: lab [OPTION...]"));
}

static void test_json(void)
{
    Options *options =
        parse("--lr 0.1234567890123456789 --quick --hidden 7 --out r\xc3\xa9sum\xc3\xa9");
    cJSON *json = options_to_json(options);
    char *text = cJSON_PrintUnformatted(json);
    CU_ASSERT_STRING_EQUAL(
        text, "{\"steps\":1000,\"lr\":0.123456789012346,\"offset\":0,\"quick\":true,"
              "\"out\":\"r\xc3\xa9sum\xc3\xa9\",\"seed\":null,\"latent\":50,\"hidden\":[7],"
              "\"objective\":\"elbo\",\"schedule\":\"cosine\"}");
    cJSON *some = options_some_to_json(options, MODEL);
    char *some_text = cJSON_PrintUnformatted(some);
    CU_ASSERT_STRING_EQUAL(some_text, "{\"latent\":50,\"hidden\":[7],\"objective\":\"elbo\","
                                      "\"schedule\":\"cosine\"}");
    free(some_text);
    cJSON_Delete(some);
    /* Printed, parsed and put into fresh options, every value is the same, to the bit. */
    cJSON *parsed = cJSON_Parse(text);
    Options *again = parse("");
    options_from_json(again, parsed, "config.json");
    CU_ASSERT_EQUAL(options_real(again, "lr"), options_real(options, "lr"));
    CU_ASSERT_FALSE(options_typed(again, "lr"));
    CU_ASSERT_FALSE(options_set(again, "seed"));
    cJSON *json_again = options_to_json(again);
    CU_ASSERT(cJSON_Compare(json, json_again, true));
    cJSON_Delete(json_again);
    options_free(again);
    /* What the user typed stays. */
    again = parse("--lr 0.5 --latent 9");
    options_from_json(again, parsed, "config.json");
    CU_ASSERT_EQUAL(options_real(again, "lr"), 0.5);
    CU_ASSERT_EQUAL(options_int(again, "latent"), 9);
    CU_ASSERT(options_flag(again, "quick"));
    options_free(again);
    cJSON_Delete(parsed);
    cJSON_free(text);
    cJSON_Delete(json);
    options_free(options);
}

static void test_json_numbers(void)
{
    cJSON *json = cJSON_Parse("{\"seed\": 999999999999999, \"steps\": 1e6, \"unknown\": [{}],"
                              " \"hidden\": [1, 2], \"latent\": null, \"quick\": false}");
    Options *options = parse("");
    int widths[OPTIONS_MOST_INTS];
    options_from_json(options, json, "config.json");
    CU_ASSERT_EQUAL(options_int(options, "seed"), 999999999999999);
    CU_ASSERT_EQUAL(options_int(options, "steps"), 1000000);
    CU_ASSERT_EQUAL(options_ints(options, "hidden", widths), 2);
    CU_ASSERT_EQUAL(widths[1], 2);
    CU_ASSERT_FALSE(options_set(options, "latent"));
    options_put(options, "latent", "12", "the data");
    CU_ASSERT_EQUAL(options_int(options, "latent"), 12);
    options_free(options);
    cJSON_Delete(json);
}

static void put_json(void *text)
{
    Options *options = parse("");
    cJSON *json = cJSON_Parse(text);
    options_from_json(options, json, "runs/a/config.json");
    cJSON_Delete(json);
    options_free(options);
}

static void test_json_refused(void)
{
    static const char *const cases[][2] = {
        {"{\"latent\": 5000}",
         "error: runs/a/config.json: option 'latent': '5000' is out of range; give one from 1"},
        {"{\"latent\": 2.5}", "'2.5' is not a whole number"},
        {"{\"latent\": {}}", "option 'latent' is an object; it must be a number"},
        {"{\"hidden\": [1, \"2\"]}", "option 'hidden': '1,?' is not a list"},
        {"{\"hidden\": [[1], 2]}", "option 'hidden': '?,2' is not a list"},
        {"{\"quick\": 1}", "option 'quick': '1' is neither true nor false"},
        {"[1]", "runs/a/config.json: its options are not a JSON object"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[100];
        snprintf(text, sizeof text, "%s", cases[i][0]);
        ChildResult result = child_run(put_json, text);
        CU_ASSERT(child_said(&result, 1, cases[i][1]));
    }
}

typedef struct Bad {
    OptionSpec spec[2];
} Bad;

static void parse_bad(void *context)
{
    const Bad *bad = context;
    const OptionSpec *tables[] = {COMMON, bad->spec, NULL};
    char *words[] = {"lab", NULL};
    options_free(options_parse("lab", "", tables, 1, words));
}

enum { ABORTED = 128 + 6 };

static void test_bad_tables(void)
{
    struct {
        OptionSpec spec;
        const char *error;
    } cases[] = {
        {{"lr", OPTION_REAL, NULL, NULL, "", 0, 1, NULL}, "option '--lr' is in the tables twice"},
        {{"help", OPTION_FLAG, NULL, NULL, "", 0, 0, NULL}, "'--help' is in the tables twice"},
        {{"a", OPTION_INT, NULL, NULL, "", 0, 0, NULL}, "'--a': its range is from 0 to 0"},
        {{"a", OPTION_INT, "9", NULL, "", 1, 5, NULL}, "'--a': its default '9' is out of range"},
        {{"a", OPTION_INTS, NULL, NULL, "", 0, 1e12, NULL}, "a list holds ints"},
        {{"a", OPTION_CHOICE, NULL, NULL, "", 0, 0, NULL}, "a CHOICE without choices"},
        {{"a", OPTION_FLAG, "true", NULL, "", 0, 0, NULL}, "a flag has no default"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Bad bad = {{cases[i].spec, {0}}};
        ChildResult result = child_run(parse_bad, &bad);
        CU_ASSERT(child_said(&result, ABORTED, cases[i].error));
    }
}

static void ask_unknown(void *context)
{
    (void)context;
    options_int(parse(""), "no-such");
}

static void ask_wrong_kind(void *context)
{
    (void)context;
    options_int(parse(""), "lr");
}

static void ask_unset(void *context)
{
    (void)context;
    options_int(parse(""), "seed");
}

static void test_bad_questions(void)
{
    ChildResult result = child_run(ask_unknown, NULL);
    CU_ASSERT(child_said(&result, ABORTED, "options: no table has '--no-such'"));
    result = child_run(ask_wrong_kind, NULL);
    CU_ASSERT(child_said(&result, ABORTED, "options: '--lr' is asked for as INT, but is REAL"));
    result = child_run(ask_unset, NULL);
    CU_ASSERT(child_said(&result, ABORTED, "options: '--seed' has no value"));
}

static bool nearest_is(const char *word, const char *wanted)
{
    static const char *const names[] = {"mnist", "mnist-binary", "digits", "faces", NULL};
    const char *nearest = options_nearest(word, names);
    return wanted == NULL ? nearest == NULL : nearest != NULL && strcmp(nearest, wanted) == 0;
}

static void test_nearest(void)
{
    CU_ASSERT(nearest_is("mnist", "mnist"));
    CU_ASSERT(nearest_is("minst", "mnist")); /* two changes of five */
    CU_ASSERT(nearest_is("mnits", "mnist"));
    CU_ASSERT(nearest_is("digit", "digits"));
    CU_ASSERT(nearest_is("mnist_binarised", "mnist-binary")); /* five of fifteen */
    CU_ASSERT(nearest_is("mnist_binarized2", NULL));          /* six of sixteen */
    CU_ASSERT(nearest_is("cifar", NULL));
    CU_ASSERT(nearest_is("", NULL));
    CU_ASSERT(nearest_is("xy", NULL));
}

const Suite suite = {"support/options",
                     {{"defaults", test_defaults},
                      {"typed values", test_typed},
                      {"the ends of a range are in it", test_range_ends},
                      {"words that are refused", test_refused_words},
                      {"values that are refused", test_refused_values},
                      {"--help", test_help},
                      {"to JSON and back", test_json},
                      {"numbers from JSON", test_json_numbers},
                      {"JSON that is refused", test_json_refused},
                      {"mistakes in tables", test_bad_tables},
                      {"mistakes in questions", test_bad_questions},
                      {"the nearest word", test_nearest},
                      {NULL, NULL}}};
