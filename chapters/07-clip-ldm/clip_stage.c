/* Stage 1 as a family: options, one training step, held-out loss. */
#include "07-clip-ldm/clip.h"

#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>

static const OptionSpec options[] = {{"embedding", OPTION_INT, "64", "N",
                                      "numbers of the space that pictures and sentences share", 2,
                                      CLIP_MOST_SHARED, NULL},
                                     {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static void defaults(Options *o, const Dataset *data)
{
    const char *from = "the chapter's defaults";
    sentence_check_data(data);
    options_put(o, "batch", "128", from);
    options_put(o, "lr", "1e-3", from);
    options_put(o, "steps", "2000", from);
    options_put(o, "lr-warmup", "100", from);
    options_put(o, "optimizer", "adamw", from);
    options_put(o, "weight-decay", "0.2", from);
    options_put(o, "clip", "1", from);
}

static Model *create(const Options *o, const Dataset *data, uint64_t seed)
{
    Clip *clip = memory_new(1, sizeof *clip);
    Params *params = params_create();
    Rng rng = rng_stream(seed, "weights");
    clip->model.family = &clip_family;
    clip->world = data->world;
    clip->towers = clip_towers_create(params, sentence_words(data->world),
                                      (int)options_int(o, "embedding"), &rng);
    model_add_part(&clip->model, "clip", params, family_optimizer_rule(o), options_real(o, "ema"));
    return &clip->model;
}

static void destroy(Model *model)
{
    model_free_parts(model);
    free(model);
}

/* The loss of pictures x [n, dims] that are examples of a split, each with a caption in one of the
 * two languages. Accuracy: share of pictures that are most similar to their own sentence. */
static Tensor *loss_of(const Clip *clip, Tensor *x, Split split, const uint32_t *example,
                       Rng *noise, double *accuracy)
{
    int n = tensor_rows(x), right = 0;
    Sentence *sentence = memory_new((size_t)n, sizeof *sentence);
    for (int i = 0; i < n; i++) {
        char text[CAPTION_BYTES];
        Language language = (Language)rng_below(noise, LANGUAGES);
        clip->world->caption(split, example[i], language, noise, text);
        sentence[i] = sentence_of(clip->world, text);
    }
    ClipText text = clip_text(&clip->towers, x->tape, sentence, n);
    free(sentence);
    Tensor *similarity =
        clip_similarity(&clip->towers, clip_image(&clip->towers, x), text.embedding);
    for (int i = 0; i < n; i++) {
        const real *row = similarity->value + (size_t)i * (size_t)n;
        int best = 0;
        for (int j = 1; j < n; j++)
            best = row[j] > row[best] ? j : best;
        right += best == i;
    }
    *accuracy = (double)right / n;
    return clip_contrastive(similarity);
}

static void train_step(Model *model, Step *step, double *logged)
{
    const Clip *clip = (const Clip *)model;
    Tensor *loss = loss_of(clip, step->x, SPLIT_TRAIN, step->example, &step->noise, &logged[1]);
    tape_backward(loss);
    optimizer_update(model->part[0].optimizer, step->learning_rate);
    logged[0] = (double)tensor_item(loss);
    logged[2] = exp(fmin((double)clip->towers.scale->value[0], log(100)));
}

/* In batches of 125, since the loss grows with the number of pairs; two of them, since a thousand
 * pictures fifty times would take a fifth of the training. */
static double validate(Model *model, Tensor *x, Rng noise)
{
    enum { PAIRS = 125, PARTS = 2 };
    int rows = tensor_rows(x), parts = rows / PAIRS < PARTS ? rows / PAIRS : PARTS;
    double sum = 0, accuracy;
    for (int p = 0; p < parts; p++) {
        uint32_t example[PAIRS];
        TapeMark mark = tape_mark(x->tape);
        for (int i = 0; i < PAIRS; i++)
            example[i] = (uint32_t)(p * PAIRS + i);
        Tensor *part = tensor_slice(x, 0, p * PAIRS, (p + 1) * PAIRS);
        sum += (double)tensor_item(
            loss_of((const Clip *)model, part, SPLIT_VALIDATION, example, &noise, &accuracy));
        tape_release(x->tape, mark);
    }
    return parts > 0 ? sum / parts : NAN;
}

static const char *const columns[] = {"contrastive", "accuracy", "inverse_temperature", NULL};

const Family clip_family = {
    .name = "clip-ldm",
    .stage = "clip",
    .purpose = "Pictures and sentences in one space (Radford et al. 2021).",
    .data_kinds = DATA_COLOUR,
    .data = "shapes",
    .options = options,
    .columns = columns,
    .loss_unit = "nats a pair",
    .defaults = defaults,
    .create = create,
    .destroy = destroy,
    .train_step = train_step,
    .validate = validate,
};
