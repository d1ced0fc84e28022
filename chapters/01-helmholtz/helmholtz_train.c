/* The family: options, creation, one training step, dreams as samples. */
#include "01-helmholtz/helmholtz.h"
#include "01-helmholtz/helmholtz_diary.h"

#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const OptionSpec options[] = {
    {"hidden", OPTION_INTS, NULL, "N,N...", "units of the hidden layers, from the data up", 1,
     65536, NULL},
    {"objective", OPTION_CHOICE, "wake-sleep", "NAME", "what is followed", 0, 0,
     "wake-sleep|rws|reinforce|vimco"},
    {"k", OPTION_INT, NULL, "K",
     "samples an example (default: 10 for rws and vimco, 1 for the others)", 1, 10000, NULL},
    {"q-update", OPTION_CHOICE, "both", "NAME", "of rws: the recognition weights' updates", 0, 0,
     "both|wake|sleep"},
    {"recognition", OPTION_CHOICE, "independent", "NAME",
     "of q: a layer's units drawn independently, or each after those before it", 0, 0,
     "independent|in-order"},
    {"recognition-features", OPTION_INT, "0", "N",
     "of q: deterministic units between the data and the first layer", 0, 65536, NULL},
    {"warmup", OPTION_INT, "0", "N",
     "of rws: steps over which p(h)/q(h|x) comes to count in the weights", 0, 1e9, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static bool is(const Options *o, const char *name, const char *value)
{
    return strcmp(options_text(o, name), value) == 0;
}

static void defaults(Options *o, const Dataset *data)
{
    const char *from = "the chapter's defaults";
    bool small = data->dims<100, many = data->count[SPLIT_TRAIN]> 50000;
    bool several = is(o, "objective", "rws") || is(o, "objective", "vimco");
    options_put(o, "hidden", data->dims < 12 ? "12,8" : small ? "14,10" : "200,200,200", from);
    options_put(o, "k", several ? "10" : "1", from);
    options_put(o, "batch", "100", from);
    options_put(o, "lr", small ? "3e-2" : several ? "3e-3" : "1e-3", from);
    const char *long_run = several && is(o, "recognition", "in-order") ? "95000" : "200000";
    options_put(o, "steps", small ? "30000" : many ? long_run : "20000", from);
}

static Linear layer_create(Params *params, const char *name, int l, int in, int out, Rng *rng)
{
    char *full = memory_format("%s.%d", name, l);
    Linear layer = linear_create(params, full, in, out, ACTIVATION_NONE, rng);
    free(full);
    return layer;
}

/* The data layer starts at the data's mean, so that the first steps are not spent on it. */
static void start_at_mean(Helmholtz *machine, const Dataset *data)
{
    enum { MOST = 10000 };
    size_t dims = (size_t)data->dims;
    double *mean = memory_new(dims, sizeof *mean);
    dataset_mean(data, MOST, rng_stream(1, "data mean"), mean);
    for (size_t j = 0; j < dims; j++) {
        double bounded = fmin(fmax(mean[j], 1e-3), 1 - 1e-3);
        machine->generative[0].bias->value[j] = (real)log(bounded / (1 - bounded));
    }
    free(mean);
}

static void create_networks(Helmholtz *machine, const Options *o, Params *p, Params *q, Rng *rng)
{
    int features = (int)options_int(o, "recognition-features");
    int top = machine->width[machine->layers - 1], below = machine->dims;
    machine->top = params_weight(p, "top", 2, (int[]){1, top});
    machine->baseline = params_buffer(q, "baseline", 1, (int[]){2});
    machine->baseline->value[1] = 1;
    for (int l = 0; l < machine->layers; l++) {
        int above = machine->width[l];
        machine->generative[l] = layer_create(p, "generative", l, above, below, rng);
        bool reads_features = l == 0 && features > 0;
        if (reads_features)
            machine->features = linear_create(q, "features", below, features, ACTIVATION_TANH, rng);
        machine->recognition[l] =
            layer_create(q, "recognition", l, reads_features ? features : below, above, rng);
        if (is(o, "recognition", "in-order")) {
            char *name = memory_format("lateral.%d", l);
            machine->lateral[l] = masked_lateral_create(q, name, above);
            free(name);
        }
        below = above;
    }
}

static Model *create(const Options *o, const Dataset *data, uint64_t seed)
{
    Helmholtz *machine = memory_new(1, sizeof *machine);
    Params *p = params_create(), *q = params_create();
    Rng rng = rng_stream(seed, "weights");
    int width[OPTIONS_MOST_INTS];
    machine->model.family = &helmholtz_family;
    machine->dims = data->dims;
    machine->layers = options_ints(o, "hidden", width);
    if (machine->layers > HELMHOLTZ_MOST_LAYERS)
        refuse_usage("--hidden: %d layers; at most %d", machine->layers, HELMHOLTZ_MOST_LAYERS);
    for (int l = 0; l < machine->layers; l++)
        machine->width[l] = width[l];
    machine->objective = (HelmholtzObjective)options_choice(o, "objective");
    machine->update = (RecognitionUpdate)options_choice(o, "q-update");
    machine->k = (int)options_int(o, "k");
    if (machine->objective == WAKE_SLEEP && machine->k > 1)
        refuse_usage("--k %d: wake-sleep has one sample an example; --objective rws takes several",
                     machine->k);
    if (machine->objective == VIMCO && machine->k < 2)
        refuse_usage("--k 1: vimco compares samples with each other; give --k 2 or more");
    if (options_typed(o, "q-update") && machine->objective != REWEIGHTED_WAKE_SLEEP)
        refuse_usage("--q-update belongs to --objective rws; add it or leave --q-update out");
    machine->warmup = options_int(o, "warmup");
    if (machine->warmup > 0 && machine->objective != REWEIGHTED_WAKE_SLEEP)
        refuse_usage("--warmup belongs to --objective rws; add it or leave --warmup out");
    create_networks(machine, o, p, q, &rng);
    start_at_mean(machine, data);
    machine->diary = diary_create(machine, data);
    model_add_part(&machine->model, "generative", p, family_optimizer_rule(o),
                   options_real(o, "ema"));
    model_add_part(&machine->model, "recognition", q, family_optimizer_rule(o),
                   options_real(o, "ema"));
    model_add_part(&machine->model, "diary", machine->diary->params, family_optimizer_rule(o), 0);
    return &machine->model;
}

static void destroy(Model *model)
{
    Helmholtz *machine = (Helmholtz *)model;
    diary_free(machine->diary);
    for (int l = 0; l < machine->layers; l++)
        masked_free(&machine->lateral[l]);
    model_free_parts(model);
    free(model);
}

/* Awake, the generative weights learn to make what was seen; asleep, the recognition weights learn
 * from dreams, whose causes are known. */
static void train_step(Model *model, Step *step, double *logged)
{
    Helmholtz *machine = (Helmholtz *)model;
    machine->discount =
        step->index < machine->warmup ? 1 - (double)step->index / (double)machine->warmup : 0;
    diary_keep(machine, step->tape, step->index, step->steps);
    HelmholtzLosses losses = helmholtz_losses(machine, step->x, &step->noise);

    /* wake */
    tape_backward(losses.wake);
    if (losses.wake_q != NULL)
        tape_backward(losses.wake_q);
    /* sleep */
    if (losses.sleep != NULL)
        tape_backward(losses.sleep);

    optimizer_update(model->part[PART_GENERATIVE].optimizer, step->learning_rate);
    optimizer_update(model->part[PART_RECOGNITION].optimizer, step->learning_rate);
    if (machine->objective == REINFORCE)
        helmholtz_follow_signal(machine, &losses);
    logged[0] = losses.neg_bound;
    logged[1] = (double)tensor_item(losses.wake);
    logged[2] = losses.sleep != NULL ? (double)tensor_item(losses.sleep) : NAN;
}

/* -ELBO: one sample an example, so that objectives can be compared. */
static double validate(Model *model, Tensor *x, Rng noise)
{
    const Helmholtz *machine = (const Helmholtz *)model;
    Tensor *log_q;
    States awake = helmholtz_infer(machine, x, 1, &noise, &log_q);
    Tensor *log_p = helmholtz_log_joint(machine, &awake);
    return -(double)tensor_item(tensor_mean(tensor_sub(log_p, log_q)));
}

/* A dream; its mean given h_1 where that is asked for. */
static void sample(Model *model, Tape *tape, Rng *noise, const SampleRequest *request, real *out)
{
    const Helmholtz *machine = (const Helmholtz *)model;
    States dream = helmholtz_dream(machine, tape, request->n, noise);
    Tensor *x = dream.layer[0];
    if (request->mean)
        x = tensor_sigmoid(helmholtz_generative_logits(machine, 0, dream.layer[1]));
    memcpy(out, x->value, x->size * sizeof *out);
}

static const char *const columns[] = {"neg_bound", "wake", "sleep", NULL};

static const OptionValue quick_eval[] = {{"importance", "200"}, {NULL, NULL}};

const Family helmholtz_family = {
    .name = "helmholtz",
    .purpose = "The Helmholtz machine: wake-sleep (Hinton et al. 1995), reweighted wake-sleep "
               "(Bornschein & Bengio 2015), REINFORCE, VIMCO.",
    .data_kinds = DATA_BINARY,
    .data = "digits-binary",
    .options = options,
    .eval_options = helmholtz_eval_options,
    .quick_eval = quick_eval,
    .validates_nats = true,
    .columns = columns,
    .commands = helmholtz_commands,
    .defaults = defaults,
    .create = create,
    .destroy = destroy,
    .train_step = train_step,
    .validate = validate,
    .evaluate = helmholtz_evaluate,
    .sample = sample,
    .figures = helmholtz_figures,
};
