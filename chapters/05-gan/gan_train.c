/* The family: options, creation, one training step with both updates, samples. */
#include "05-gan/gan_diary.h"

#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const OptionSpec options[] = {
    {"loss", OPTION_CHOICE, "non-saturating", "NAME", "the game", 0, 0,
     "non-saturating|minimax|wasserstein|hinge|relativistic"},
    {"penalty", OPTION_CHOICE, NULL, "NAME",
     "on the discriminator's slope: none; towards 0 at data (r1), also at samples (r1-r2); towards "
     "1 between them (one)",
     0, 0, "none|r1|r1-r2|one"},
    {"penalty-weight", OPTION_REAL, NULL, "X", "weight of the penalty", 0, 1e6, NULL},
    {"penalty-every", OPTION_INT, NULL, "N", "steps from one penalty to the next, N times as heavy",
     1, 1000, NULL},
    {"d-steps", OPTION_INT, "1", "N",
     "discriminator steps per generator step, each on its share of the batch", 1, 100, NULL},
    {"d-lr", OPTION_REAL, "1", "X", "discriminator's learning rate over the generator's", 1e-6, 1e6,
     NULL},
    {"pack", OPTION_INT, NULL, "N", "examples that the discriminator judges together", 1, 64, NULL},
    {"spectral", OPTION_FLAG, NULL, NULL, "spectral normalisation of the discriminator", 0, 0,
     NULL},
    {"conditional", OPTION_CHOICE, "no", "WHETHER", "learn with the labels", 0, 0, "yes|no"},
    {"latent", OPTION_INT, NULL, "N", "numbers of the noise z", 1, 65536, NULL},
    {"bits", OPTION_CHOICE, "soft", "NAME",
     "binary images: the discriminator sees the generator's numbers between 0 and 1 (soft), or "
     "rounded ones, whose gradient goes straight through (hard)",
     0, 0, "soft|hard"},
    {"hidden", OPTION_INTS, "128,128,128", "N,N...",
     "points, images too small for convolutions: hidden layers of both networks", 1, 65536, NULL},
    {"channels", OPTION_INTS, NULL, "N,N...",
     "images: channels from the image inwards, of both networks; multiples of 8", GAN_GROUPS, 4096,
     NULL},
    {"collapse", OPTION_FLAG, NULL, NULL,
     "a game that loses modes: minimax without penalty or average, a discriminator that learns "
     "fifty times slower, momentum, a rate that stays",
     0, 0, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

/* Binary images that are flattened: for them two halvings leave nothing. --channels asks for
 * convolutions all the same. */
static bool is_flat(const Options *o, const Dataset *data)
{
    bool small =
        data->height % 4 != 0 || data->width % 4 != 0 || data->height < 8 || data->width < 8;
    return data->kind == DATA_POINTS ||
           (data->kind == DATA_BINARY && small && !options_set(o, "channels"));
}

/* As many channels levels as halve the image's sides. */
static const char *usual_channels(const Dataset *data)
{
    if (data->height % 2 != 0 || data->width % 2 != 0)
        return "32";
    return data->height % 4 != 0 || data->width % 4 != 0 ? "32,64" : "32,64,128";
}

/* The game of a few bits. With that of bigger images, samples of bars end as rows alone or as
 * columns alone; Wasserstein's keeps both. */
static void put_flat_game(Options *o, const char *from)
{
    static const OptionValue game[] = {{"loss", "wasserstein"},  {"penalty", "one"},
                                       {"penalty-weight", "10"}, {"penalty-every", "1"},
                                       {"d-steps", "3"},         {"latent", "16"},
                                       {"beta1", "0"},           {"beta2", "0.9"},
                                       {"steps", "8000"},        {"bits", "hard"}};
    for (size_t i = 0; i < sizeof game / sizeof *game; i++)
        options_put(o, game[i].name, game[i].value, from);
}

/* The least number of examples from so many on that whole packs for each discriminator step make.
 */
static void put_batch(Options *o, long least, const char *from)
{
    char batch[24];
    long share = options_int(o, "d-steps") * options_int(o, "pack");
    snprintf(batch, sizeof batch, "%ld", (least + share - 1) / share * share);
    options_put(o, "batch", batch, from);
}

static void defaults(Options *o, const Dataset *data)
{
    const char *from = "the chapter's defaults";
    bool points = data->kind == DATA_POINTS, collapse = options_flag(o, "collapse");
    bool many = data->count[SPLIT_TRAIN] > 50000;
    options_put(o, "schedule", collapse ? "constant" : "cosine", from);
    if (collapse)
        options_put(o, "loss", "minimax", from);
    options_put(o, "penalty", collapse ? "none" : "r1", from);
    bool to_one = options_choice(o, "penalty") == (int)PENALTY_ONE;
    options_put(o, "penalty-weight",
                to_one   ? (points ? "0.1" : "10")
                : points ? "1e-3"
                         : "0.1",
                from);
    options_put(o, "penalty-every", points ? "1" : "4", from);
    options_put(o, "pack", "1", from);
    options_put(o, "latent", points ? "2" : "64", from);
    if (points || !is_flat(o, data))
        options_put(o, "channels", usual_channels(data), from);
    options_put(o, "lr", "1e-3", from);
    options_put(o, "beta1", collapse ? "0.9" : points ? "0" : "0.5", from);
    options_put(o, "d-lr", collapse ? "0.02" : "1", from);
    options_put(o, "beta2", points ? "0.99" : "0.999", from);
    options_put(o, "steps", points ? "20000" : many ? "10000" : "4000", from);
    options_put(o, "ema", collapse ? "0" : "0.999", from);
    if (!points && !collapse && is_flat(o, data))
        put_flat_game(o, from);
    put_batch(o, points ? 256 : is_flat(o, data) ? 192 : 64, from);
}

/* Images: -1 to 1, the range of the generator's tanh. */
static void set_units(Gan *gan, const Dataset *data)
{
    double half = 0.5 * (gan->levels - 1);
    dataset_units(data, half, gan->center->value, gan->scale->value);
}

static GanShape shape_of(const Options *o, const Dataset *data)
{
    GanShape shape = {.height = data->height, .width = data->width, .channels = data->channels};
    int width[OPTIONS_MOST_INTS], cell;
    shape.latent = (int)options_int(o, "latent");
    shape.classes = options_choice(o, "conditional") == 0 ? data->classes : 0;
    shape.pack = (int)options_int(o, "pack");
    shape.spectral = options_flag(o, "spectral");
    if (is_flat(o, data)) {
        shape.height = shape.width = 1;
        shape.channels = data->dims;
        shape.bounded = data->kind != DATA_POINTS;
        shape.layers = options_ints(o, "hidden", width);
        if (shape.layers > GAN_MOST_HIDDEN)
            refuse_usage("--hidden: %d layers; at most %d", shape.layers, GAN_MOST_HIDDEN);
        memcpy(shape.hidden, width, (size_t)shape.layers * sizeof *width);
        return shape;
    }
    shape.levels = options_ints(o, "channels", width);
    if (shape.levels > GAN_MOST_LEVELS)
        refuse_usage("--channels: %d levels; at most %d", shape.levels, GAN_MOST_LEVELS);
    for (int i = 0; i < shape.levels; i++) {
        shape.level[i] = width[i];
        if (width[i] % GAN_GROUPS != 0)
            refuse_usage("--channels: %d is not a multiple of %d", width[i], GAN_GROUPS);
    }
    cell = 1 << (shape.levels - 1);
    if (data->height % cell != 0 || data->width % cell != 0)
        refuse_usage("--channels: %d levels need images whose sides are multiples of %d; %s has "
                     "%d x %d. Give fewer",
                     shape.levels, cell, data->name, data->height, data->width);
    return shape;
}

static void check_bits(const Options *o, const Dataset *data)
{
    if (data->kind != DATA_BINARY && options_typed(o, "bits"))
        refuse_usage("--bits %s: is for binary images, %s are %s; leave it out",
                     options_text(o, "bits"), data->name, dataset_kind_name(data->kind));
}

static void check_batch(const Options *o, const Dataset *data)
{
    long batch = options_int(o, "batch"), steps = options_int(o, "d-steps");
    long pack = options_int(o, "pack");
    if (batch % steps != 0)
        refuse_usage("--d-steps %ld: does not share the batch of %ld examples out evenly; give "
                     "--batch a multiple of %ld",
                     steps, batch, steps * pack);
    if (batch % (steps * pack) != 0)
        refuse_usage("--pack %ld: does not divide the batch of %ld examples into whole packs for "
                     "%ld discriminator step%s; give --batch a multiple of %ld",
                     pack, batch, steps, steps == 1 ? "" : "s", steps * pack);
    if (options_choice(o, "conditional") != 0)
        return;
    if (data->classes == 0)
        refuse_usage("--conditional yes: %s has no labels; leave it out", data->name);
    if (pack > 1)
        refuse_usage("--conditional yes: the examples of a pack have no common label; give --pack "
                     "1");
}

static Model *create(const Options *o, const Dataset *data, uint64_t seed)
{
    check_batch(o, data);
    check_bits(o, data);
    Gan *gan = memory_new(1, sizeof *gan);
    Params *generator = params_create(), *discriminator = params_create();
    Rng rng = rng_stream(seed, "weights");
    OptimizerRule rule = family_optimizer_rule(o);
    GanShape shape = shape_of(o, data);
    gan->model.family = &gan_family;
    gan->kind = data->kind;
    gan->dims = data->dims;
    gan->levels = data->levels;
    gan->bits = (GanBits)options_choice(o, "bits");
    gan->loss = (GanLoss)options_choice(o, "loss");
    gan->penalty = (GanPenalty)options_choice(o, "penalty");
    gan->penalty_weight = options_real(o, "penalty-weight");
    gan->penalty_every = (int)options_int(o, "penalty-every");
    gan->discriminator_steps = (int)options_int(o, "d-steps");
    gan->discriminator_rate = options_real(o, "d-lr");
    gan->center = params_buffer(generator, "center", 2, (int[]){1, data->dims});
    gan->scale = params_buffer(generator, "scale", 2, (int[]){1, data->dims});
    set_units(gan, data);
    gan->generator = generator_create(generator, &shape, &rng);
    gan->discriminator = discriminator_create(discriminator, &shape, &rng);
    gan->diary = gan_diary_create(gan, data);
    model_add_part(&gan->model, "generator", generator, rule, options_real(o, "ema"));
    model_add_part(&gan->model, "discriminator", discriminator, rule, 0);
    model_add_part(&gan->model, "diary", gan->diary->params, rule, 0);
    return &gan->model;
}

static void destroy(Model *model)
{
    gan_diary_free(((Gan *)model)->diary);
    model_free_parts(model);
    free(model);
}

/* ---------------------------------------------------------------- one step */

enum { COLUMN_D, COLUMN_G, COLUMN_PENALTY, COLUMN_SLOPE, COLUMN_ACCURACY, COLUMNS };

/* A batch in network units, its labels, and what the generator made of noise with the same labels:
 * with history, for the generator's step. */
typedef struct Round {
    Tensor *real_x, *fake_x;
    const int *label;
} Round;

/* Share of the packs that the sign of the logit puts on the right side; of the relativistic game,
 * where only differences mean something, of the pairs in the right order. NaN for Wasserstein's,
 * whose critic has no zero and no pairs. */
static double accuracy(GanLoss loss, const Tensor *real_logit, const Tensor *fake_logit)
{
    size_t right = 0, n = real_logit->size;
    if (loss == GAN_WASSERSTEIN)
        return NAN;
    for (size_t i = 0; i < n && loss == GAN_RELATIVISTIC; i++)
        right += 2 * (size_t)(real_logit->value[i] > fake_logit->value[i]);
    if (loss == GAN_RELATIVISTIC)
        return (double)right / (double)(2 * n);
    for (size_t i = 0; i < n; i++)
        right += (size_t)(real_logit->value[i] > 0) + (size_t)(fake_logit->value[i] < 0);
    return (double)right / (double)(2 * n);
}

static void take(SlopePenalty *all, SlopePenalty more)
{
    all->value += more.value;
    all->slope = fmax(all->slope, more.slope); /* of data and samples the steeper */
    all->surrogate =
        all->surrogate == NULL ? more.surrogate : tensor_add(all->surrogate, more.surrogate);
}

/* The discriminator learns to tell data from samples; its own weights alone move. */
static void discriminator_step(Gan *gan, const Step *step, const Round *round, Rng *noise,
                               double *logged)
{
    const Part *part = &gan->model.part[1];
    const Discriminator *d = &gan->discriminator;
    bool due = gan->penalty != PENALTY_NONE && step->index % gan->penalty_every == 0;
    bool at_data = due && (gan->penalty == PENALTY_R1 || gan->penalty == PENALTY_R1_R2);
    double weight = gan->penalty_weight * gan->penalty_every;
    SlopePenalty penalty = {0};
    params_bind(part->params, step->tape);
    discriminator_iterate(d);
    Tensor *x = tensor_detach(round->real_x), *y = tensor_detach(round->fake_x);
    if (at_data)
        tensor_watch(x);
    if (at_data && gan->penalty == PENALTY_R1_R2)
        tensor_watch(y);
    Tensor *real_logit = discriminator_forward(d, x, round->label);
    Tensor *fake_logit = discriminator_forward(d, y, round->label);
    Tensor *loss = gan_discriminator_loss(gan->loss, real_logit, fake_logit);
    logged[COLUMN_D] = (double)tensor_item(loss);
    logged[COLUMN_ACCURACY] = accuracy(gan->loss, real_logit, fake_logit);
    if (at_data)
        take(&penalty, gan_penalty_zero(real_logit, x, weight));
    if (at_data && gan->penalty == PENALTY_R1_R2)
        take(&penalty, gan_penalty_zero(fake_logit, y, weight));
    if (due && gan->penalty == PENALTY_ONE) {
        Tensor *between = gan_between(x, y, d->shape.pack, noise);
        take(&penalty,
             gan_penalty_one(discriminator_forward(d, between, round->label), between, weight));
    }
    tape_backward(penalty.surrogate != NULL ? tensor_add(loss, penalty.surrogate) : loss);
    optimizer_update(part->optimizer, gan->discriminator_rate * step->learning_rate);
    if (gan->penalty != PENALTY_NONE) { /* the mean over the steps is that over those with one */
        logged[COLUMN_PENALTY] = penalty.value;
        logged[COLUMN_SLOPE] = penalty.slope * gan->penalty_every;
    }
}

/* The generator learns to be taken for data, through a discriminator that holds still. */
static void generator_step(Gan *gan, const Step *step, const Round *round, double *logged)
{
    const Part *part = &gan->model.part[0];
    Params *judge = gan->model.part[1].params;
    params_freeze(judge, true);
    Tensor *real_logit = NULL;
    if (gan->loss == GAN_RELATIVISTIC)
        real_logit = discriminator_forward(&gan->discriminator, round->real_x, round->label);
    Tensor *fake_logit = discriminator_forward(&gan->discriminator, round->fake_x, round->label);
    Tensor *loss = gan_generator_loss(gan->loss, real_logit, fake_logit);
    tape_backward(loss);
    params_freeze(judge, false);
    optimizer_update(part->optimizer, step->learning_rate);
    logged[COLUMN_G] = (double)tensor_item(loss);
}

static void train_step(Model *model, Step *step, double *logged)
{
    Gan *gan = (Gan *)model;
    int share = tensor_rows(step->x) / gan->discriminator_steps;
    Round round = {0};
    gan_diary_keep(gan, step->tape, step->index, step->steps);
    for (int k = 0; k < gan->discriminator_steps; k++) {
        int first = k * share;
        round.label = gan->generator.shape.classes > 0 ? step->label + first : NULL;
        round.real_x = gan_to_network(gan, tensor_slice(step->x, 0, first, first + share));
        round.fake_x = gan_generate(gan, step->tape, &step->noise, share, round.label);
        discriminator_step(gan, step, &round, &step->noise, logged);
    }
    generator_step(gan, step, &round, logged);
}

/* ---------------------------------------------------------------- samples */

static void sample(Model *model, Tape *tape, Rng *noise, const SampleRequest *request, real *out)
{
    enum { AT_ONCE = 500 };
    const Gan *gan = (const Gan *)model;
    for (int first = 0; first < request->n; first += AT_ONCE) {
        int n = request->n - first < AT_ONCE ? request->n - first : AT_ONCE;
        TapeMark mark = tape_mark(tape);
        const int *label = request->label != NULL ? request->label + first : NULL;
        gan_to_data(gan, gan_generate(gan, tape, noise, n, label),
                    out + (size_t)first * (size_t)gan->dims);
        tape_release(tape, mark);
    }
}

static bool is_conditional(const Model *model)
{
    return ((const Gan *)model)->generator.shape.classes > 0;
}

static const OptionSpec sample_options[] = {
    {"label", OPTION_INT, NULL, "N",
     "class of the samples, of a conditional run (default: all in turn)", 0, 1e6, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static const char *const columns[] = {"loss_d", "loss_g", "penalty", "slope_d", "accuracy", NULL};

static const OptionValue quick_eval[] = {{"mode-samples", "2500"}, {NULL, NULL}};

const Family gan_family = {
    .name = "gan",
    .purpose = "The generative adversarial network (Goodfellow et al. 2014): losses, penalties, "
               "packing, and the modes they keep or lose. bin/gan dirac plays the smallest game.",
    .data_kinds = DATA_POINTS | DATA_BINARY | DATA_GREY | DATA_COLOUR,
    .data = "ring8",
    .options = options,
    .eval_options = gan_eval_options,
    .quick_eval = quick_eval,
    .sample_options = sample_options,
    .loss_unit = "what the discriminator minimises",
    .columns = columns,
    .commands = gan_commands,
    .defaults = defaults,
    .create = create,
    .destroy = destroy,
    .train_step = train_step,
    .evaluate = gan_evaluate,
    .sample = sample,
    .conditional = is_conditional,
    .figures = gan_figures,
};
