/* What a user may get wrong about a flow: one clear line each. */
#include "chapters/option_lines.h"
#include "chapters/small_flow.h"

static const OptionLine lines[] = {
    {&flow_family, "digits", "--network glow --scales 3", 2,
     "sides must be multiples of 8; digits has 28 x 28"},
    {&flow_family, "digits", "--network glow --scales 2 --depth 1 --channels 4", 0, ""},
    {&flow_family, "moons", "--network glow", 2, "--network glow is for images; moons are points"},
    {&flow_family, "moons", "--network sphere", 2,
     "the points of moons are not three numbers of length 1"},
    {&flow_family, "moons", "--units logit", 2,
     "--units logit: is for images, and moons are points"},
    {&flow_family, "digits", "--network coupling --units scaled", 2,
     "is for points, and digits are images"},
    {&flow_family, "moons", "--units none", 2, "none belongs to --network sphere"},
    {&flow_family, "sphere-earth", "--units scaled", 2, "none belongs to --network sphere"},
    {&flow_family, "sphere-earth", "--network coupling", 0, ""},
    {&flow_family, "moons", "--objective matching", 2,
     "--objective matching: is for --network continuous"},
    {&flow_family, "digits", "--objective reverse", 2,
     "--objective reverse: needs points whose true density"},
    {&flow_family, "sphere-mixture", "--objective reverse", 2, "--objective reverse: needs points"},
    {&flow_family, "digits", "--network sphere", 2,
     "the points of digits are not three numbers of length 1"},
    {&flow_family, "bars-3", "--network glow", 2, "sides must be multiples of 4; bars-3 has 3 x 3"},
    {&flow_family, "bars-3", "--dequantisation variational", 0, ""},
    {&flow_family, "bars-3", "--units scaled", 2, "is for points, and bars-3 are images"},
    {&flow_family, "bars", "--network continuous --objective matching", 2,
     "--objective matching: is not for binary images"},
    {&flow_family, "bars", "--objective reverse", 2, "--objective reverse: needs points"},
    {&flow_family, "bars", "--network coupling --sees levels", 2,
     "--sees: does nothing with --network coupling; it belongs to autoregressive"},
    {&flow_family, "digits", "--network autoregressive --sees levels", 2,
     "--sees levels: is for binary images, digits are grey images"},
    {&flow_family, "moons", "--dequantisation variational", 2,
     "--dequantisation: is for images, moons are points"},
    {&flow_family, "moons", "--network planar --map affine", 2,
     "--map: does nothing with --network planar"},
    {&flow_family, "moons", "--depth 3", 2,
     "--depth: does nothing with --network coupling; it belongs to glow"},
    {&flow_family, "moons", "--layers 60 --hidden 4", 0, ""},
    {&flow_family, "moons", "--bins 1", 2, "--bins"},
    {&flow_family, "moons", "--bound 0", 2, "--bound"},
    {&flow_family, "moons", "--map splines", 2, "did you mean 'spline'"}};

static void test_options(void)
{
    option_lines_check(lines, sizeof lines / sizeof *lines);
}

/* Rows that a trained flow cannot take: off the sphere, outside the levels, a singular layer. */
static void ask(void *context)
{
    const char *what = context;
    bool sphere = strcmp(what, "sphere") == 0, singular = strcmp(what, "singular") == 0;
    SmallFlow f = sphere     ? small_flow("sphere-mixture", "--layers 1 --hidden 4")
                  : singular ? small_flow("moons", "--layers 2 --hidden 4")
                             : small_flow("digits", "--network coupling --layers 1 --hidden 4");
    Tensor *x = tensor_fill(f.tape, 2, (int[]){1, f.model->dims}, singular ? 0 : 300);
    if (singular) {
        params_find(f.model->model.part[0].params, "linear1.log_size")->value[0] = -INFINITY;
        real out[2];
        flow_latent_to_data(f.model, x, out);
    }
    flow_density(f.model, x);
}

static void test_rows(void)
{
    static const char *const what[3] = {"sphere", "levels", "singular"};
    static const char *const says[3] = {"flow: point 0 has length", "flow: a pixel is 300",
                                        "flow: the linear layer of 2 channels is singular"};
    for (int i = 0; i < 3; i++) {
        ChildResult result = child_run(ask, (void *)what[i]);
        CU_ASSERT(child_said(&result, 1, says[i]));
    }
}

/* Stopped runs go on to the same bits. */
static void test_resume(void)
{
    run_stopped_equals_whole(&flow_family,
                             "--data moons --layers 2 --hidden 8 --batch 32 --steps 20 "
                             "--threads 1 --quick --quiet",
                             "9");
}

const Suite suite = {
    "chapters/flow_bad_input",
    {{"options", test_options}, {"rows", test_rows}, {"a stopped run", test_resume}, {NULL, NULL}}};
