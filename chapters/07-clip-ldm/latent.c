/* The model of stage 3: conditions, latents, the network and its guesses. */
#include "07-clip-ldm/latent.h"

#include "04-ddpm/denoiser.h"
#include "tensor/tape.h"

#include <math.h>

/* The network counts time from 0 to this over the whole process. */
static const double POSITIONS = 1000;

/* ---------------------------------------------------------------- conditions */

/* Directions of the sphere as numbers of about 1. */
static Tensor *widened(const LatentDiffusion *m, Tensor *embedding)
{
    return tensor_detach(tensor_scale(embedding, (real)sqrt(m->clip.shared)));
}

Condition condition_of_sentences(const LatentDiffusion *m, Tape *tape, const Sentence *sentence,
                                 int n)
{
    bool recorded = tape_record(tape, false);
    ClipText text = clip_text(&m->clip, tape, sentence, n);
    Condition condition = {.vector = widened(m, text.embedding)};
    if (m->unet.shape.context > 0) {
        condition.words = text.words;
        condition.key_mask = text.key_mask;
    }
    tape_record(tape, recorded);
    return condition;
}

Condition condition_of_pictures(const LatentDiffusion *m, Tensor *x)
{
    bool recorded = tape_record(x->tape, false);
    Condition condition = {.vector = widened(m, clip_image(&m->clip, x))};
    tape_record(x->tape, recorded);
    return condition;
}

/* ---------------------------------------------------------------- latents */

Tensor *latent_of_pictures(const LatentDiffusion *m, Tensor *x)
{
    bool recorded = tape_record(x->tape, false);
    Tensor *mean = autoencoder_encode(&m->autoencoder, x).mean;
    Tensor *z0 = tensor_div(tensor_sub(mean, m->center), m->scale);
    tape_record(x->tape, recorded);
    return z0;
}

Tensor *latent_to_pictures(const LatentDiffusion *m, Tensor *z0)
{
    return autoencoder_decode(&m->autoencoder, tensor_add(tensor_mul(z0, m->scale), m->center));
}

/* ---------------------------------------------------------------- the network */

/* The cross-attention's tokens: the whole sentence's vector, then its words. */
static UNetContext context_of(const LatentDiffusion *m, Tensor *vector, const Condition *condition,
                              int n)
{
    Tape *tape = vector->tape;
    int width = m->unet.shape.context, tokens = 1 + CAPTION_WORDS;
    Tensor *mask = tensor_new(tape, 1, (int[]){n * tokens});
    int *key_mask = (int *)(void *)mask->value; /* an int is no longer than a real */
    for (int i = 0; i < n * tokens; i++) {
        int row = i / tokens, place = i % tokens - 1;
        bool word = place >= 0 && condition->words != NULL &&
                    condition->key_mask[row * CAPTION_WORDS + place] != 0;
        key_mask[i] = place < 0 || word;
    }
    vector = tensor_broadcast(vector, 2, (int[]){n, vector->shape[1]});
    Tensor *whole =
        tensor_reshape(linear_forward(&m->pooled_word, vector), 3, (int[]){n, 1, width});
    Tensor *words = condition->words != NULL
                        ? linear_forward(&m->given_word, condition->words)
                        : tensor_fill(tape, 3, (int[]){n, CAPTION_WORDS, width}, 0);
    Tensor *token = tensor_concat((Tensor *[]){whole, words}, 2, 1);
    for (int i = 0; i < LATENT_READERS; i++)
        token = transformer_block_forward(&m->reader[i], token,
                                          &(TransformerUse){.key_mask = key_mask});
    return (UNetContext){token, key_mask};
}

Tensor *latent_forward(const LatentDiffusion *m, Tensor *z, Tensor *position,
                       const Condition *condition)
{
    int n = tensor_rows(z);
    Tensor *vector = condition->vector != NULL ? condition->vector : m->nothing;
    Tensor *hidden = tensor_silu(linear_forward(&m->time[0], time_features(position)));
    Tensor *e = tensor_add(linear_forward(&m->time[1], hidden), linear_forward(&m->given, vector));
    e = tensor_silu(e);
    Tensor *image = tensor_reshape(z, 4, (int[]){n, LATENT_SIDE, LATENT_SIDE, LATENT_CHANNELS});
    Tensor *f;
    if (m->unet.shape.context > 0) {
        UNetContext context = context_of(m, vector, condition, n);
        f = unet_forward_given(&m->unet, image, e, &context);
    } else {
        f = unet_forward(&m->unet, image, e);
    }
    return tensor_reshape(f, 2, z->shape);
}

/* ---------------------------------------------------------------- guesses */

/* (1 + w) f(z, t, c) - w f(z, t, nothing). */
static Tensor *guided(const LatentPredictor *own, Tensor *z, Tensor *position)
{
    double w = own->guidance;
    Tensor *f = latent_forward(own->model, z, position, &own->condition);
    if (w == 0)
        return f;
    Tensor *free_of = latent_forward(own->model, z, position, &(Condition){0});
    return tensor_sub(tensor_scale(f, (real)(1 + w)), tensor_scale(free_of, (real)w));
}

/* All rows are at one level, as in every sampler. */
static Guess guess(const Predictor *predictor, Tensor *z, const double *level, const int *label)
{
    const LatentPredictor *own = (const LatentPredictor *)predictor;
    const NoiseSchedule *schedule = own->model->schedule;
    (void)label;
    Conversion to = prediction_conversion(PREDICT_V, level_alpha(level[0]), level_sigma(level[0]));
    double share = noise_time(schedule, level[0]) / schedule->steps;
    Tensor *f = guided(own, z, tensor_fill(z->tape, 2, (int[]){1, 1}, (real)(POSITIONS * share)));
    return (Guess){tensor_add(tensor_scale(z, (real)to.noise_x), tensor_scale(f, (real)to.noise_f)),
                   tensor_add(tensor_scale(z, (real)to.x0_x), tensor_scale(f, (real)to.x0_f))};
}

LatentPredictor latent_predictor(const LatentDiffusion *m, const Condition *condition,
                                 double guidance)
{
    const NoiseSchedule *schedule = m->schedule;
    return (LatentPredictor){.predictor = {.dims = LATENT_DIMS,
                                           .least = noise_level(schedule, 1),
                                           .most = noise_level(schedule, schedule->steps),
                                           .guess = guess},
                             .model = m,
                             .condition = *condition,
                             .guidance = guidance};
}
