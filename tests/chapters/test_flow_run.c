/* Flows in single precision, as users run them: the way back at 784 numbers, the commands. */
#include "chapters/small_flow.h"

#include <math.h>

static const char *const words[] = {
    "--network coupling --map affine --layers 4 --hidden 32",
    "--network coupling --map spline --layers 4 --hidden 32",
    "--network autoregressive --map affine --layers 1 --hidden 16",
    "--network glow --depth 2 --channels 8 --scales 2",
    "--network coupling --map affine --layers 4 --hidden 32 --units logit"};

/* inverse(forward(x)) = x to 1e-4 after some training. */
static void test_round_trip(void)
{
    for (int w = 0; w < 5; w++) {
        SmallFlow f = small_flow("digits", words[w]);
        FlowLoss loss[FLOW_MOST_LAYERS], whole;
        Rng rng = rng_stream(1, "round trip");
        small_flow_train(&f, 15, 1e-3);
        Tensor *x = tensor_new_matrix(f.tape, 4, f.model->dims);
        dataset_fetch_range(f.data, SPLIT_TEST, 0, 4, NULL, x->value, NULL, NULL);
        x = flow_dequantise(f.model, x, &rng, NULL);
        flow_round_trip(&f.model->flow, flow_units_forward(&f.model->units, x).value, loss, &whole);
        CU_ASSERT(whole.finite && whole.largest < 1e-4);
        CU_ASSERT(whole.log_det < 1e-2);
        small_flow_free(&f);
    }
}

/* On the sphere too; near a layer's pole the radius is what single precision leaves of 1 - h^2. */
static void test_sphere(void)
{
    enum { N = 500 };
    SmallFlow f = small_flow("sphere-mixture", "--layers 4 --hidden 16");
    FlowLoss loss[FLOW_MOST_LAYERS], whole;
    small_flow_train(&f, 30, 5e-3);
    Tensor *x = tensor_new_matrix(f.tape, N, 3);
    dataset_fetch_range(f.data, SPLIT_TEST, 0, N, NULL, x->value, NULL, NULL);
    flow_round_trip(&f.model->flow, x, loss, &whole);
    CU_ASSERT(whole.finite && whole.largest < 2e-3);
    small_flow_free(&f);
}

/* Samples are whole levels; the colder, the nearer to the middle of the latent, where a fresh flow
 * has each pixel's median. */
static void test_samples(void)
{
    SmallFlow f = small_flow("digits", words[0]);
    enum { N = 6 };
    real *x = memory_new((size_t)N * (size_t)f.model->dims, sizeof *x);
    Rng noise = rng_stream(2, "sample");
    double ink[2] = {0};
    for (int t = 0; t < 2; t++) {
        const OptionSpec *tables[] = {flow_family.sample_options, NULL};
        char *argv[] = {(char *)"sample", (char *)"--temperature", (char *)(t == 0 ? "1" : "0.1")};
        Options *options = options_parse("sample", "test", tables, 3, argv);
        SampleRequest request = {.n = N, .options = options};
        flow_family.sample(&f.model->model, f.tape, &noise, &request, x);
        for (int i = 0; i < N * f.model->dims; i++) {
            CU_ASSERT(x[i] >= 0 && x[i] <= 255 && x[i] == floorf((float)x[i]));
            ink[t] += x[i];
        }
        options_free(options);
    }
    CU_ASSERT(ink[1] < 0.5 * ink[0]); /* most pixels' median is paper */
    free(x);
    small_flow_free(&f);
}

/* Of binary images they are 0 and 1, and a sample goes through the network as a datum does. */
static void test_binary(void)
{
    enum { N = 20 };
    static const struct {
        const char *data, *words;
    } binary[] = {{"bars", ""},
                  {"bars-3", ""},
                  {"bars-3", "--network coupling --layers 3 --hidden 16"},
                  {"digits-binary", "--network glow --depth 2 --channels 8"},
                  {"digits-binary", "--network autoregressive --hidden 16 --bins 4"}};
    for (int b = 0; b < 5; b++) {
        SmallFlow f = small_flow(binary[b].data, binary[b].words);
        small_flow_train(&f, 10, 1e-3);
        real *x = memory_new((size_t)N * (size_t)f.model->dims, sizeof *x);
        Rng noise = rng_stream(2, "sample");
        int ink = 0;
        flow_family.sample(&f.model->model, f.tape, &noise, &(SampleRequest){.n = N}, x);
        for (int i = 0; i < N * f.model->dims; i++) {
            CU_ASSERT(x[i] == 0 || x[i] == 1);
            ink += x[i] == 1;
        }
        CU_ASSERT(ink > 0 && ink < N * f.model->dims);
        FlowDensity d;
        const Tensor *p =
            flow_bound(f.model, tensor_from(f.tape, 2, (int[]){N, f.model->dims}, x), &noise, &d);
        for (int i = 0; i < N; i++)
            CU_ASSERT(isfinite(p->value[i]) && p->value[i] < 10);
        free(x);
        small_flow_free(&f);
    }
}

/* A command of a family on a fresh flow, with its pictures in a folder of its own. */
typedef struct Call {
    int command;
    const char *data, *flow, *words;
    const char *picture; /* that must be there */
} Call;

enum { ANOMALIES, EDIT };

static void run_command(void *context)
{
    const Call *call = context;
    char root[256];
    folder_make(root);
    SmallFlow f = small_flow(call->data, call->flow);
    const FamilyCommand *command = &flow_commands[call->command];
    const OptionSpec *tables[] = {command->options, NULL};
    char *line = memory_format("flow %s", call->words), *argv[RUN_MOST_WORDS];
    int argc = run_words(line, argv, 0);
    Options *options = options_parse("flow", "test", tables, argc, argv);
    Figures *figures = figures_open(root);
    Task task = {.data = f.data,
                 .tape = f.tape,
                 .noise = rng_stream(1, "command"),
                 .options = options,
                 .figures = figures,
                 .dir = root,
                 .quiet = true};
    command->run(&f.model->model, &task);
    char *script = memory_format("%s/%s.gp", root, call->picture);
    bool drawn = access(script, F_OK) == 0;
    free(script);
    free(line);
    figures_close(figures);
    options_free(options);
    small_flow_free(&f);
    folder_remove(root);
    printf("%s", drawn ? "drawn" : "nothing was drawn");
}

static void test_commands(void)
{
    static const Call right[] = {
        {ANOMALIES, "digits-binary", "--network coupling --map affine --layers 1 --hidden 4",
         "--examples 30", "roc"},
        {EDIT, "digits-binary", "--network coupling --map affine --layers 1 --hidden 4",
         "--from 4 --to 9", "edit"},
        {ANOMALIES, "digits", "--network coupling --map affine --layers 1 --hidden 4",
         "--examples 30", "roc"},
        {EDIT, "digits", "--network coupling --map affine --layers 1 --hidden 4",
         "--attribute slant", "edit"},
        {EDIT, "digits", "--network coupling --map affine --layers 1 --hidden 4", "--from 4 --to 9",
         "edit"}};
    kernels_set_threads(1); /* a child of a process with threads waits for them */
    for (int i = 0; i < 5; i++) {
        Call call = right[i];
        ChildResult result = child_run(run_command, &call);
        CU_ASSERT(child_said(&result, 0, "drawn"));
        CU_ASSERT(call.command != ANOMALIES || child_said(&result, 0, "by |-log p - mean|"));
    }
}

static void test_wrong_commands(void)
{
    static const char *const flow = "--network coupling --map affine --layers 1 --hidden 4";
    const Call wrong[] = {{EDIT, "digits", flow, "", "edit"},
                          {EDIT, "digits", flow, "--from 4 --to 10", "edit"},
                          {EDIT, "digits", flow, "--attribute weight", "edit"},
                          {ANOMALIES, "digits", flow, "--examples 100000", "roc"}};
    static const char *const says[] = {"--from is missing", "--to 10: the classes of digits are 0",
                                       "--attribute weight: digits has slant",
                                       "--examples 100000: digits has 5000 test images"};
    for (int i = 0; i < 4; i++) {
        Call call = wrong[i];
        ChildResult result = child_run(run_command, &call);
        CU_ASSERT(child_said(&result, 2, says[i]));
    }
}

const Suite suite = {"chapters/flow_run",
                     {{"commands", test_commands}, /* children first: later there are threads */
                      {"commands that cannot be", test_wrong_commands},
                      {"the way back", test_round_trip},
                      {"the way back on the sphere", test_sphere},
                      {"samples", test_samples},
                      {"samples of binary images", test_binary},
                      {NULL, NULL}}};
