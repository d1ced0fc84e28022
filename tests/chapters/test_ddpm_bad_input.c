/* What a user may get wrong about a diffusion run: one clear line each, exit 2. */
#include "04-ddpm/ddpm_figures.h"
#include "chapters/small_ddpm.h"
#include "harness/suite.h"

#include <stdio.h>

enum { MOST_WORDS = 8 };

/* A command line of sample, and whether the run has classes. */
typedef struct Line {
    const char *word[MOST_WORDS];
    int classes;
    const char *says; /* NULL: it is right */
} Line;

static const Line LINES[] = {
    {{"--steps", "0"}, 0, "--steps"},
    {{"--steps", "51", "--sampler", "ddpm"},
     0,
     "--steps 51: the run's schedule has 50; --sampler ddpm takes at most"},
    {{"--steps", "51", "--sampler", "ddim"}, 0, "--sampler ddim takes at most so many"},
    {{"--steps", "50"}, 0, NULL},
    {{"--steps", "51", "--sampler", "heun"}, 0, NULL},
    {{"--guidance", "1"}, 0, "--guidance: the run was trained without labels; train one with"},
    {{"--label", "1"}, 0, "--label: the run was trained without labels"},
    {{"--guidance", "1"}, 3, NULL},
    {{"--eta", "0.5"}, 0, "--eta is for --sampler ddim"},
    {{"--eta", "0.5", "--sampler", "ddim"}, 0, NULL},
    {{"--eta", "-1"}, 0, "--eta"},
    {{"--sampler", "ddmi"}, 0, "did you mean 'ddpm'"}};

static void read_line(void *context)
{
    const Line *line = context;
    const OptionSpec *tables[] = {ddpm_sample_options, NULL};
    char *word[MOST_WORDS + 2] = {(char *)"ddpm sample"};
    int words = 1;
    while (line->word[words - 1] != NULL) {
        word[words] = (char *)line->word[words - 1];
        words++;
    }
    Options *options = options_parse("ddpm sample", "", tables, words, word);
    Ddpm ddpm;
    small_ddpm(&ddpm, (SmallDdpm){.steps = 50, .classes = line->classes}, 1);
    DdpmPredictor own = ddpm_predictor(&ddpm, ddpm_guidance(&ddpm, options));
    Sampler sampler = ddpm_sampler(&ddpm, &own.predictor, options);
    CU_ASSERT(sampler.steps > 0);
    options_free(options);
    small_ddpm_free(&ddpm);
}

static void test_sample(void)
{
    for (size_t i = 0; i < sizeof LINES / sizeof *LINES; i++) {
        Line line = LINES[i];
        ChildResult result = child_run(read_line, &line);
        CU_ASSERT(
            child_said(&result, line.says != NULL ? 2 : 0, line.says != NULL ? line.says : ""));
    }
}

/* A command line of a use of images, by the number of its command. */
typedef struct UseLine {
    int command;
    Line line;
} UseLine;

enum { VARY, INPAINT, INTERPOLATE, STEPS };

static const UseLine USES[] = {
    {VARY, {{"--strength", "0.5", "--index", "3"}, 0, NULL}},
    {VARY, {{"--strength", "0"}, 0, "--strength"}},
    {VARY, {{"--strength", "1.5"}, 0, "--strength"}},
    {VARY, {{"--steps", "51"}, 0, "--steps 51: the run's schedule has 50"}},
    {VARY, {{"--steps", "0"}, 0, "--steps"}},
    {VARY, {{"--label", "3"}, 3, "--label 3: the run's classes are 0 to 2"}},
    {VARY, {{"--label", "2", "--guidance", "1"}, 3, NULL}},
    {VARY, {{"--label", "2"}, 0, "--label: the run was trained without labels"}},
    {VARY, {{"--guidance", "1"}, 0, "--guidance: the run was trained without labels"}},
    {VARY,
     {{"--image", "x.png", "--guidance", "1"},
      3,
      "--guidance: x.png has no class of its own; say which with --label"}},
    {VARY, {{"--image", "x.png", "--guidance", "1", "--label", "0"}, 3, NULL}},
    {VARY, {{"--image", "x.png", "--index", "2"}, 0, "--image and --index"}},
    {INPAINT, {{"--hide", "lef"}, 0, "did you mean 'left'"}},
    {INPAINT, {{"--repeats", "0"}, 0, "--repeats"}},
    {INPAINT, {{"--steps", "51"}, 0, "--steps 51: the run's schedule has 50"}},
    {INTERPOLATE, {{"--steps", "51"}, 0, "--steps 51: the run's schedule has 50"}},
    {INTERPOLATE, {{"--steps", "50"}, 0, NULL}}};

static void read_use(void *context)
{
    const UseLine *use = context;
    const OptionSpec *tables[] = {ddpm_commands[use->command].options, NULL};
    char *word[MOST_WORDS + 4] = {(char *)"ddpm use", (char *)"--steps", (char *)"50"};
    int words = 3;
    for (int i = 0; use->line.word[i] != NULL; i++)
        word[words++] = (char *)use->line.word[i];
    Options *options = options_parse("ddpm use", "", tables, words, word);
    Ddpm ddpm;
    small_ddpm(&ddpm, (SmallDdpm){.steps = 50, .classes = use->line.classes}, 1);
    Originals from = ddpm_originals(&ddpm, options);
    CU_ASSERT(from.steps == 50);
    options_free(options);
    small_ddpm_free(&ddpm);
}

static void test_uses(void)
{
    for (size_t i = 0; i < sizeof USES / sizeof *USES; i++) {
        UseLine use = USES[i];
        const char *says = use.line.says;
        ChildResult result = child_run(read_use, &use);
        CU_ASSERT(child_said(&result, says != NULL ? 2 : 0, says != NULL ? says : ""));
    }
}

/* A command without --label asks about guidance too. */
static void read_guidance(void *context)
{
    const Line *line = context;
    const OptionSpec *tables[] = {ddpm_commands[STEPS].options, NULL};
    char *word[MOST_WORDS + 2] = {(char *)"ddpm steps", (char *)"--guidance", (char *)"1"};
    Options *options = options_parse("ddpm steps", "", tables, 3, word);
    Ddpm ddpm;
    small_ddpm(&ddpm, (SmallDdpm){.steps = 50, .classes = line->classes}, 1);
    CU_ASSERT_EQUAL(ddpm_guidance(&ddpm, options), 1);
    options_free(options);
    small_ddpm_free(&ddpm);
}

static void test_guidance(void)
{
    Line with = {.classes = 3}, without = {.classes = 0};
    ChildResult result = child_run(read_guidance, &with);
    CU_ASSERT(child_said(&result, 0, ""));
    result = child_run(read_guidance, &without);
    CU_ASSERT(child_said(&result, 2, "--guidance: the run was trained without labels"));
}

/* Training with labels needs some. */
static void make_conditional(void *context)
{
    const OptionSpec *tables[] = {ddpm_family.options, family_optimizer_options, NULL};
    char *word[] = {(char *)"ddpm train", (char *)"--conditional", (char *)"yes"};
    Options *options = options_parse("ddpm train", "", tables, 3, word);
    Dataset *data = dataset_load(context);
    options_put(options, "objective", "v", "the test");
    options_put(options, "noise-schedule", "linear", "the test");
    options_put(options, "network", "mlp", "the test");
    options_put(options, "hidden", "8", "the test");
    options_put(options, "blocks", "1", "the test");
    Model *model = ddpm_family.create(options, data, 1);
    ddpm_family.destroy(model);
    dataset_free(data);
    options_free(options);
}

static void test_conditional(void)
{
    ChildResult without = child_run(make_conditional, (char *)"checkerboard");
    CU_ASSERT(child_said(&without, 2, "--conditional yes: checkerboard has no labels"));
    ChildResult with = child_run(make_conditional, (char *)"moons");
    CU_ASSERT(child_said(&with, 0, ""));
}

const Suite suite = {"chapters/ddpm bad input",
                     {{"sample", test_sample},
                      {"uses", test_uses},
                      {"guidance of a command", test_guidance},
                      {"conditional", test_conditional},
                      {NULL, NULL}}};
