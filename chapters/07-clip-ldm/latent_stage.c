/* Stage 3 as a family: options, what is taken over from the other two, one training step. */
#include "07-clip-ldm/latent.h"

#include "04-ddpm/ddpm.h"
#include "support/fail.h"
#include "support/memory.h"
#include "train/run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const OptionSpec options[] = {
    {"channels", OPTION_INTS, "48,96", "N,N", "of the U-Net at 8 x 8 and at 4 x 4; multiples of 8",
     UNET_GROUPS, 1024, NULL},
    {"condition", OPTION_CHOICE, "pooled", "NAME",
     "pooled: CLIP's vector alone; tokens: cross-attention to the words as well", 0, 0,
     "pooled|tokens"},
    {"drop", OPTION_REAL, "0.1", "SHARE", "of the examples that are shown without a condition", 0,
     1, NULL},
    {"from-pictures", OPTION_REAL, "0.3", "SHARE",
     "of the others that are shown with the picture's own vector, not a sentence's", 0, 1, NULL},
    {"timesteps", OPTION_INT, "1000", "T", "steps of the forward process", 2, 100000, NULL},
    {"embedding", OPTION_INT, NULL, "N", "as stage clip has it; not to be typed", 2,
     CLIP_MOST_SHARED, NULL},
    {"pixel-channels", OPTION_INT, NULL, "N", "--channels of stage autoencoder; not to be typed", 4,
     1024, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

/* ---------------------------------------------------------------- the stages before */

/* The number that an earlier stage has for an option, as text. */
static void take_option(Options *o, const char *name, const Family *family, const char *option)
{
    char *dir = run_path(options_text(o, "from"), family->stage);
    cJSON *stored = run_read_options(dir, family);
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(stored, option);
    if (!cJSON_IsNumber(number))
        refuse("%s/config.json: has no number '%s'; the file is damaged, train again with --force",
               dir, option);
    char text[32];
    snprintf(text, sizeof text, "%d", number->valueint);
    options_put(o, name, text, dir);
    cJSON_Delete(stored);
    free(dir);
}

static void defaults(Options *o, const Dataset *data)
{
    const char *from = "the chapter's defaults";
    sentence_check_data(data);
    if (options_known(o, "from")) {
        take_option(o, "embedding", &clip_family, "embedding");
        take_option(o, "pixel-channels", &autoencoder_family, "channels");
    }
    options_put(o, "batch", "64", from);
    options_put(o, "lr", "1.5e-3", from);
    options_put(o, "steps", "5000", from);
    options_put(o, "lr-warmup", "100", from);
    options_put(o, "clip", "1", from);
    options_put(o, "ema", "0.999", from);
}

/* The weights of a stage before, which are not trained any further. */
static void take_weights(Params *params, const char *from, const Family *family,
                         const char *data_name)
{
    char *dir = run_path(from, family->stage);
    Run *run = run_open(family, dir);
    const Params *source = run->model->part[0].params;
    if (strcmp(run->data->name, data_name) != 0)
        refuse("%s: was trained on %s, not on %s; train all stages on the same --data", dir,
               run->data->name, data_name);
    for (int i = 0; i < params->count; i++) {
        Tensor *weight = params->tensor[i];
        const Tensor *from_there = params_find(source, weight->name);
        if (from_there == NULL || !tensor_same_shape(weight, from_there))
            refuse("%s: its '%s' has another shape than this run's; it was trained anew with other "
                   "options. Train stage diffusion anew: --force",
                   dir, weight->name);
        memcpy(weight->value, from_there->value, weight->size * sizeof(real));
    }
    params_touch(params);
    run_close(run);
    free(dir);
}

/* center and scale: mean and standard deviation of each channel of the latents of training
 * pictures.
 */
static void take_units(LatentDiffusion *m, Params *autoencoder, const Dataset *data)
{
    enum { PICTURES = 1000, PART = 100, POSITIONS = LATENT_SIDE * LATENT_SIDE };
    double sum[LATENT_CHANNELS] = {0}, square[LATENT_CHANNELS] = {0};
    Tape *tape = tape_create(kernels_best());
    for (int first = 0; first < PICTURES; first += PART) {
        tape_reset(tape);
        params_bind(autoencoder, tape);
        tape_record(tape, false);
        Tensor *x = tensor_new_matrix(tape, PART, data->dims);
        dataset_fetch_range(data, SPLIT_TRAIN, (size_t)first, PART, NULL, x->value, NULL, NULL);
        const Tensor *z = autoencoder_encode(&m->autoencoder, x).mean;
        for (size_t i = 0; i < z->size; i++) {
            double value = (double)z->value[i];
            sum[i % LATENT_CHANNELS] += value;
            square[i % LATENT_CHANNELS] += value * value;
        }
    }
    tape_free(tape);
    for (int i = 0; i < LATENT_DIMS; i++) {
        int c = i % LATENT_CHANNELS;
        double mean = sum[c] / (PICTURES * POSITIONS);
        double variance = square[c] / (PICTURES * POSITIONS) - mean * mean;
        m->center->value[i] = (real)mean;
        m->scale->value[i] = (real)sqrt(fmax(variance, 1e-12));
    }
}

/* ---------------------------------------------------------------- making */

static UNetShape unet_shape(const Options *o)
{
    UNetShape shape = {.fold = 1, .channels = LATENT_CHANNELS};
    int width[OPTIONS_MOST_INTS];
    shape.levels = options_ints(o, "channels", width);
    if (shape.levels > 3)
        refuse_usage("--channels: %d levels; latents of 8 x 8 have room for 3", shape.levels);
    for (int i = 0; i < shape.levels; i++) {
        shape.width[i] = width[i];
        if (width[i] % UNET_GROUPS != 0)
            refuse_usage("--channels: %d is not a multiple of %d", width[i], UNET_GROUPS);
    }
    shape.embedding = 4 * shape.width[0];
    shape.context = options_choice(o, "condition") == 1 ? CLIP_WIDTH : 0;
    return shape;
}

static void create_network(LatentDiffusion *m, Params *params, const Options *o, Rng *rng)
{
    UNetShape shape = unet_shape(o);
    int width = shape.embedding, shared = m->clip.shared;
    Activation none = ACTIVATION_NONE;
    m->center = params_buffer(params, "center", 2, (int[]){1, LATENT_DIMS});
    m->scale = params_buffer(params, "scale", 2, (int[]){1, LATENT_DIMS});
    m->time[0] = linear_create(params, "time.0", TIME_FEATURES, width, none, rng);
    m->time[1] = linear_create(params, "time.1", width, width, none, rng);
    m->given = linear_create(params, "given", shared, width, none, rng);
    m->nothing = params_weight(params, "nothing", 2, (int[]){1, shared});
    if (shape.context > 0) {
        m->pooled_word = linear_create(params, "pooled_word", shared, shape.context, none, rng);
        m->given_word = linear_create(params, "given_word", CLIP_WIDTH, shape.context, none, rng);
        for (int i = 0; i < LATENT_READERS; i++) {
            char *name = memory_format("reader.%d", i);
            m->reader[i] = transformer_block_create(params, name, shape.context, CLIP_HEADS, rng);
            free(name);
        }
    }
    m->unet = unet_create(params, "unet", shape, rng);
}

static Model *create(const Options *o, const Dataset *data, uint64_t seed)
{
    LatentDiffusion *m = memory_new(1, sizeof *m);
    Params *diffusion = params_create(), *clip = params_create(), *autoencoder = params_create();
    Rng rng = rng_stream(seed, "weights");
    OptimizerRule rule = family_optimizer_rule(o);
    m->model.family = &latent_family;
    m->world = data->world;
    m->drop = options_real(o, "drop");
    m->from_pictures = options_real(o, "from-pictures");
    m->clip = clip_towers_create(clip, sentence_words(data->world),
                                 (int)options_int(o, "embedding"), &rng);
    m->autoencoder =
        autoencoder_net_create(autoencoder, (int)options_int(o, "pixel-channels"), &rng);
    create_network(m, diffusion, o, &rng);
    m->schedule = noise_schedule_create(NOISE_COSINE, (int)options_int(o, "timesteps"));
    if (options_known(o, "from")) { /* before the averages of weights begin at them */
        const char *from = options_text(o, "from");
        take_weights(clip, from, &clip_family, data->name);
        take_weights(autoencoder, from, &autoencoder_family, data->name);
        take_units(m, autoencoder, data);
    }
    model_add_part(&m->model, "diffusion", diffusion, rule, options_real(o, "ema"));
    model_add_part(&m->model, "clip", clip, rule, 0);
    model_add_part(&m->model, "autoencoder", autoencoder, rule, 0);
    params_freeze(clip, true);
    params_freeze(autoencoder, true);
    return &m->model;
}

static void destroy(Model *model)
{
    noise_schedule_free(((LatentDiffusion *)model)->schedule);
    model_free_parts(model);
    free(model);
}

/* ---------------------------------------------------------------- training */

/* What each of n pictures is shown with: its sentence, its own vector, or nothing. */
static Condition mixed_condition(const LatentDiffusion *m, Tensor *x, Split split,
                                 const uint32_t *example, Rng *noise)
{
    Tape *tape = x->tape;
    int n = tensor_rows(x);
    Sentence *sentence = memory_new((size_t)n, sizeof *sentence);
    Tensor *of_text = tensor_fill(tape, 2, (int[]){n, 1}, 0);
    Tensor *of_picture = tensor_fill(tape, 2, (int[]){n, 1}, 0);
    Tensor *of_nothing = tensor_fill(tape, 2, (int[]){n, 1}, 0);
    for (int i = 0; i < n; i++) {
        char text[CAPTION_BYTES];
        Language language = (Language)rng_below(noise, LANGUAGES);
        m->world->caption(split, example[i], language, noise, text);
        sentence[i] = sentence_of(m->world, text);
        bool drop = rng_uniform_one(noise) < m->drop;
        bool picture = rng_uniform_one(noise) < m->from_pictures;
        Tensor *which = drop ? of_nothing : picture ? of_picture : of_text;
        which->value[i] = 1;
    }
    Condition text = condition_of_sentences(m, tape, sentence, n);
    for (int i = 0; text.words != NULL && i < n * CAPTION_WORDS; i++)
        text.key_mask[i] &= of_text->value[i / CAPTION_WORDS] > 0;
    Tensor *vector = tensor_mul(text.vector, of_text);
    vector = tensor_add(vector, tensor_mul(condition_of_pictures(m, x).vector, of_picture));
    vector = tensor_add(vector, tensor_mul(of_nothing, m->nothing));
    free(sentence);
    return (Condition){vector, text.words, text.key_mask};
}

/* |v - f|^2 / dims of each row -> [n, 1]. Times are stratified: row i's lies in the i-th of n equal
 * parts. */
static Tensor *loss_of(const LatentDiffusion *m, Tensor *x, Split split, const uint32_t *example,
                       Rng *noise)
{
    Noised noised = noised_batch(m->schedule, PREDICT_V, latent_of_pictures(m, x), noise);
    Condition condition = mixed_condition(m, x, split, example, noise);
    Tensor *f = latent_forward(m, noised.x, noised.position, &condition);
    return tensor_mean_axis(tensor_square(tensor_sub(noised.target, f)), 1);
}

static void train_step(Model *model, Step *step, double *logged)
{
    int n = tensor_rows(step->x);
    Tensor *loss =
        loss_of((const LatentDiffusion *)model, step->x, SPLIT_TRAIN, step->example, &step->noise);
    tape_backward(tensor_mean(loss));
    optimizer_update(model->part[0].optimizer, step->learning_rate);
    logged[0] = tensor_mean_value(loss);
    for (int third = 0; third < 3; third++)
        logged[1 + third] = tensor_mean_between(loss, third * n / 3, (third + 1) * n / 3);
}

/* On the first 250 pictures: more would cost much time. */
static double validate(Model *model, Tensor *x, Rng noise)
{
    enum { MOST = 250 };
    uint32_t example[MOST];
    int n = tensor_rows(x) < MOST ? tensor_rows(x) : MOST;
    for (int i = 0; i < n; i++)
        example[i] = (uint32_t)i;
    Tensor *part = tensor_slice(x, 0, 0, n);
    return tensor_mean_value(
        loss_of((const LatentDiffusion *)model, part, SPLIT_VALIDATION, example, &noise));
}

static const char *const columns[] = {"loss", "loss_little_noise", "loss_more", "loss_most", NULL};

const Family latent_family = {
    .name = "clip-ldm",
    .stage = "diffusion",
    .purpose = "Diffusion in latents, steered by a sentence (Rombach et al. 2022).",
    .data_kinds = DATA_COLOUR,
    .data = "shapes",
    .options = options,
    .columns = columns,
    .loss_unit = "mean square of v",
    .defaults = defaults,
    .create = create,
    .destroy = destroy,
    .train_step = train_step,
    .validate = validate,
};
