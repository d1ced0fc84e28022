/* What can be done with a trained diffusion model, as commands. */
#include "04-ddpm/ddpm_figures.h"

#include "support/fail.h"
#include "train/quality.h"

static const OptionSpec vary_options[] = {
    {"strength", OPTION_REAL, NULL, "X",
     "how much of the way to go back, above 0 to 1 (default: several)", 1e-3, 1, NULL},
    {"image", OPTION_TEXT, NULL, "FILE.png", "a picture of the run's size (default: test images)",
     0, 1, NULL},
    {"index", OPTION_INT, "0", "I", "first of the test images", 0, 1e9, NULL},
    {"label", OPTION_INT, NULL, "N", "class to turn it into (default: a test image's own)", 0, 1e6,
     NULL},
    {"guidance", OPTION_REAL, "0", "W", "w in (1+w) eps(x, class) - w eps(x)", 0, 1000, NULL},
    {"steps", OPTION_INT, "50", "N", "steps of the whole way", 1, 1000000, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static const OptionSpec inpaint_options[] = {
    {"hide", OPTION_CHOICE, "right", "PART", "what is filled in", 0, 0,
     "left|right|top|bottom|middle"},
    {"repeats", OPTION_INT, "5", "N", "times that each step is taken, noised anew in between", 1,
     1000, NULL},
    {"image", OPTION_TEXT, NULL, "FILE.png", "a picture of the run's size (default: test images)",
     0, 1, NULL},
    {"index", OPTION_INT, "0", "I", "first of the test images", 0, 1e9, NULL},
    {"label", OPTION_INT, NULL, "N", "class of the result (default: a test image's own)", 0, 1e6,
     NULL},
    {"guidance", OPTION_REAL, "0", "W", "w in (1+w) eps(x, class) - w eps(x)", 0, 1000, NULL},
    {"steps", OPTION_INT, "100", "N", "steps", 1, 1000000, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static const OptionSpec interpolate_options[] = {
    {"index", OPTION_INT, "0", "I", "first of the test images", 0, 1e9, NULL},
    {"steps", OPTION_INT, "100", "N", "steps to the latents, and back", 1, 1000000, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static const OptionSpec steps_options[] = {
    {"samples", OPTION_INT, "1000", "N", "samples for each measurement", 10, 1000000, NULL},
    {"most", OPTION_INT, "100", "N", "evaluations of the network a sample, at most", 5, 1000, NULL},
    {"guidance", OPTION_REAL, "0", "W", "w in (1+w) eps(x, class) - w eps(x)", 0, 1000, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static const OptionSpec guidance_options[] = {
    {"samples", OPTION_INT, "1000", "N", "samples for each measurement", 10, 1000000, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

Originals ddpm_originals(const Ddpm *ddpm, const Options *options)
{
    Originals from = {.label = -1};
    int all = ddpm->schedule->steps;
    from.first = (int)options_int(options, "index");
    from.steps = (int)options_int(options, "steps");
    if (from.steps > all && options_typed(options, "steps"))
        refuse_usage("--steps %d: the run's schedule has %d", from.steps, all);
    from.steps = from.steps < all ? from.steps : all;
    if (!options_known(options, "image"))
        return from;
    from.path = options_text(options, "image");
    if (from.path != NULL && options_typed(options, "index"))
        refuse_usage("--image and --index: start from a picture or from test images, not both");
    from.guidance = ddpm_guidance(ddpm, options);
    if (options_set(options, "label"))
        from.label = (int)options_int(options, "label");
    if (from.label >= ddpm->classes && from.label >= 0)
        refuse_usage("--label %d: the run's classes are 0 to %d", from.label, ddpm->classes - 1);
    if (from.guidance > 0 && from.path != NULL && from.label < 0)
        refuse_usage("--guidance: %s has no class of its own; say which with --label", from.path);
    return from;
}

static void vary_command(Model *model, const Task *task)
{
    const Ddpm *ddpm = (const Ddpm *)model;
    Originals from = ddpm_originals(ddpm, task->options);
    double strength =
        options_set(task->options, "strength") ? options_real(task->options, "strength") : 0;
    ddpm_draw_variations(ddpm, task, &from, strength);
}

static void inpaint_command(Model *model, const Task *task)
{
    const Ddpm *ddpm = (const Ddpm *)model;
    Originals from = ddpm_originals(ddpm, task->options);
    HiddenPart hidden = (HiddenPart)options_choice(task->options, "hide");
    ddpm_draw_inpainting(ddpm, task, &from, hidden, (int)options_int(task->options, "repeats"));
}

static void interpolate_command(Model *model, const Task *task)
{
    const Ddpm *ddpm = (const Ddpm *)model;
    Originals from = ddpm_originals(ddpm, task->options);
    ddpm_draw_interpolations(ddpm, task, &from);
}

/* How many samples are measured; refuses what the data cannot be compared with. */
static int samples_wanted(const Task *task)
{
    const char *reason = "";
    if (!quality_possible(task->data, &reason))
        refuse("samples of %s can't be measured: %s", task->data->name, reason);
    return quality_samples(task->data, task->options);
}

static void steps_command(Model *model, const Task *task)
{
    const Ddpm *ddpm = (const Ddpm *)model;
    double guidance = ddpm_guidance(ddpm, task->options);
    ddpm_draw_steps(ddpm, task, samples_wanted(task), (int)options_int(task->options, "most"),
                    guidance);
}

static void guidance_command(Model *model, const Task *task)
{
    const Ddpm *ddpm = (const Ddpm *)model;
    if (ddpm->classes == 0)
        refuse("guidance: the run was trained without labels; train one with --conditional yes");
    ddpm_draw_guidance_curve(ddpm, task, samples_wanted(task));
}

const FamilyCommand ddpm_commands[] = {
    {"vary", "noise images a part of the way and come back: variations", DATA_BINARY | DATA_GREY,
     vary_options, vary_command},
    {"inpaint", "fill in a hidden part of images, several times", DATA_BINARY | DATA_GREY,
     inpaint_options, inpaint_command},
    {"interpolate", "walk from one test image to another through their latents",
     DATA_BINARY | DATA_GREY, interpolate_options, interpolate_command},
    {"steps", "quality against the number of steps, for every sampler: minutes on images",
     DATA_POINTS | DATA_BINARY | DATA_GREY, steps_options, steps_command},
    {"guidance", "quality against the guidance: minutes", DATA_BINARY | DATA_GREY, guidance_options,
     guidance_command},
    {NULL, NULL, 0, NULL, NULL}};
