/* Family.sample: the options of the sample command. */
#include "04-ddpm/ddpm.h"

#include "support/fail.h"
#include "support/memory.h"

#include <stdlib.h>

const OptionSpec ddpm_sample_options[] = {
    {"sampler", OPTION_CHOICE, NULL, "NAME",
     "way from noise to data (default: heun; on images ddim; of a flow run flow-heun)", 0, 0,
     "ddpm|ddim|heun|langevin|flow-euler|flow-heun"},
    {"steps", OPTION_INT, NULL, "N",
     "steps (default: ddpm all, langevin 1000, heun and flow-heun 25, others 50)", 1, 1000000,
     NULL},
    {"eta", OPTION_REAL, NULL, "X",
     "noise of ddim: 0 none, 1 as much as ddpm (default: 1 on images, else 0)", 0, 1, NULL},
    {"guidance", OPTION_REAL, "0", "W", "w in (1+w) eps(x, class) - w eps(x)", 0, 1000, NULL},
    {"label", OPTION_INT, NULL, "N", "class of the samples (default: all in turn)", 0, 1e6, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static SamplerKind kind_of(const Ddpm *ddpm, const Options *options)
{
    if (options == NULL || !options_set(options, "sampler"))
        return ddpm->prediction == PREDICT_FLOW ? SAMPLER_FLOW_HEUN
               : ddpm->kind == DATA_POINTS      ? SAMPLER_HEUN
                                                : SAMPLER_DDIM;
    return (SamplerKind)options_choice(options, "sampler");
}

static int usual_steps(SamplerKind kind, int all)
{
    switch (kind) {
    case SAMPLER_DDPM:
        return all;
    case SAMPLER_LANGEVIN:
        return 1000;
    case SAMPLER_HEUN:
    case SAMPLER_FLOW_HEUN:
        return 25;
    case SAMPLER_DDIM:
        return all < 50 ? all : 50;
    case SAMPLER_FLOW_EULER:
        return 50;
    }
    fail("sampler: kind %d is none of SamplerKind", (int)kind);
}

/* On images the noise of each step takes back a part of what the network guessed wrong in the steps
 * before; without it the errors add up, however many steps there are. */
static double usual_eta(const Ddpm *ddpm)
{
    return ddpm->kind == DATA_POINTS ? 0 : 1;
}

Sampler ddpm_sampler(const Ddpm *ddpm, const Predictor *predictor, const Options *options)
{
    int all = ddpm->schedule->steps;
    Sampler sampler = {.kind = kind_of(ddpm, options),
                       .predictor = predictor,
                       .schedule = ddpm->schedule,
                       .variance = ddpm->variance,
                       .clip = ddpm_clip(ddpm)};
    bool in_steps = sampler.kind == SAMPLER_DDPM || sampler.kind == SAMPLER_DDIM;
    bool typed = options != NULL && options_set(options, "steps");
    sampler.steps = typed ? (int)options_int(options, "steps") : usual_steps(sampler.kind, all);
    bool noisy = options != NULL && options_set(options, "eta");
    if (noisy)
        sampler.eta = options_real(options, "eta");
    else if (sampler.kind == SAMPLER_DDIM)
        sampler.eta = usual_eta(ddpm);
    if (in_steps && sampler.steps > all)
        refuse_usage("--steps %d: the run's schedule has %d; --sampler %s takes at most so many",
                     sampler.steps, all, sampler_name(sampler.kind));
    if (sampler.eta > 0 && sampler.kind != SAMPLER_DDIM)
        refuse_usage("--eta is for --sampler ddim; %s takes none", sampler_name(sampler.kind));
    return sampler;
}

double ddpm_guidance(const Ddpm *ddpm, const Options *options)
{
    double w = options != NULL ? options_real(options, "guidance") : 0;
    bool labelled =
        options != NULL && options_known(options, "label") && options_set(options, "label");
    if ((w > 0 || labelled) && ddpm->classes == 0)
        refuse_usage("--%s: the run was trained without labels; train one with --conditional yes",
                     labelled ? "label" : "guidance");
    return w;
}

void ddpm_sample(Model *model, Tape *tape, Rng *noise, const SampleRequest *request, real *out)
{
    const Ddpm *ddpm = (const Ddpm *)model;
    DdpmPredictor own = ddpm_predictor(ddpm, ddpm_guidance(ddpm, request->options));
    Sampler sampler = ddpm_sampler(ddpm, &own.predictor, request->options);
    sampler_run(&sampler, tape, noise, request->n, request->label, out);
    ddpm_to_data(ddpm, out, request->n, request->mean);
}
