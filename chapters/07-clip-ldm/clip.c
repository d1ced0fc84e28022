/* The two towers and the loss. */
#include "07-clip-ldm/clip.h"

#include "support/fail.h"
#include "tensor/tape.h"

#include <gsl/gsl_randist.h>
#include <math.h>

/* The second one looks again at 16 x 16 pixels: small circles and squares differ by their corners
 * alone. */
static const int CHANNELS[CLIP_CONVS + 1] = {3, 32, 48, 96, 128};
static const int STRIDE[CLIP_CONVS] = {2, 1, 2, 2};
enum { SIDE = 32, LAST_SIDE = SIDE / 8 };

ClipTowers clip_towers_create(Params *params, int words, int shared, Rng *rng)
{
    ClipTowers t = {.shared = shared};
    for (int i = 0; i < CLIP_CONVS; i++) {
        char name[16] = {'i', 'm', 'a', 'g', 'e', '.', (char)('0' + i)};
        t.conv[i] = conv2d_create_part(params, name, "conv", 3, CHANNELS[i], CHANNELS[i + 1],
                                       STRIDE[i], rng);
        t.conv_norm[i] = group_norm_create_part(params, name, "norm", CHANNELS[i + 1], CLIP_GROUPS);
    }
    t.image_out = linear_create(params, "image.out", LAST_SIDE * LAST_SIDE * CHANNELS[CLIP_CONVS],
                                shared, ACTIVATION_NONE, rng);
    t.word = embedding_create(params, "text.word", words + 1, CLIP_WIDTH, rng);
    t.position = embedding_create(params, "text.position", CAPTION_WORDS, CLIP_WIDTH, rng);
    for (int i = 0; i < CLIP_BLOCKS; i++) {
        char name[16] = {'t', 'e', 'x', 't', '.', (char)('0' + i)};
        t.block[i] = transformer_block_create(params, name, CLIP_WIDTH, CLIP_HEADS, rng);
    }
    t.norm = layer_norm_create(params, "text.norm", CLIP_WIDTH);
    t.text_out = linear_create(params, "text.out", CLIP_WIDTH, shared, ACTIVATION_NONE, rng);
    t.scale = params_weight(params, "scale", 2, (int[]){1, 1});
    t.scale->value[0] = (real)log(1 / 0.07);
    return t;
}

/* x / |x|, row by row. */
static Tensor *to_sphere(Tensor *x)
{
    Tensor *square = tensor_sum_axis(tensor_square(x), 1);
    return tensor_div(x, tensor_sqrt(tensor_shift(square, (real)1e-12)));
}

Tensor *clip_image(const ClipTowers *t, Tensor *x)
{
    int n = tensor_rows(x);
    Tensor *h = tensor_shift(tensor_scale(x, (real)(2 / 255.0)), -1);
    h = tensor_reshape(h, 4, (int[]){n, SIDE, SIDE, 3});
    for (int i = 0; i < CLIP_CONVS; i++)
        h = group_norm_silu_forward(&t->conv_norm[i], conv2d_forward(&t->conv[i], h));
    return to_sphere(linear_forward(&t->image_out, tensor_reshape(h, 2, (int[]){n, -1})));
}

/* A number of each word as ints on the tape, so that nothing has to be freed. */
static int *ints_on(Tape *tape, int n)
{
    enum { INTS_A_REAL = sizeof(real) / sizeof(int) };
    Tensor *room = tensor_new(tape, 1, (int[]){(n + INTS_A_REAL - 1) / INTS_A_REAL});
    return (int *)(void *)room->value;
}

ClipText clip_text(const ClipTowers *t, Tape *tape, const Sentence *sentence, int n)
{
    int places = n * CAPTION_WORDS;
    int *word = ints_on(tape, places), *position = ints_on(tape, places);
    ClipText text = {.key_mask = ints_on(tape, places)};
    Tensor *share = tensor_new(tape, 3, (int[]){n, CAPTION_WORDS, 1}); /* 1 / words, or 0 */
    for (int i = 0; i < n; i++) {
        if (sentence[i].count < 1)
            fail("clip: sentence %d has no words", i);
        for (int j = 0; j < CAPTION_WORDS; j++) {
            int at = i * CAPTION_WORDS + j;
            bool there = j < sentence[i].count;
            word[at] = there ? sentence[i].word[j] : 0;
            position[at] = j;
            text.key_mask[at] = there;
            share->value[at] = there ? (real)1 / (real)sentence[i].count : 0;
        }
    }
    Tensor *h = tensor_add(embedding_forward(&t->word, word, places),
                           embedding_forward(&t->position, position, places));
    h = tensor_reshape(h, 3, (int[]){n, CAPTION_WORDS, CLIP_WIDTH});
    TransformerUse use = {.key_mask = text.key_mask};
    for (int i = 0; i < CLIP_BLOCKS; i++)
        h = transformer_block_forward(&t->block[i], h, &use);
    text.words = layer_norm_forward(&t->norm, h);
    Tensor *mean = tensor_sum_axis(tensor_mul(text.words, share), 1);
    mean = tensor_reshape(mean, 2, (int[]){n, CLIP_WIDTH});
    text.embedding = to_sphere(linear_forward(&t->text_out, mean));
    return text;
}

Tensor *clip_similarity(const ClipTowers *t, Tensor *image, Tensor *text)
{
    Tensor *scale = tensor_clamp(t->scale, -10, (real)log(100));
    return tensor_mul(tensor_matmul_transposed(image, text), tensor_exp(scale));
}

Tensor *clip_contrastive(Tensor *similarity)
{
    int n = similarity->shape[0];
    int *pair = ints_on(similarity->tape, n);
    if (similarity->shape[1] != n)
        fail("clip: %d pictures and %d sentences are no pairs", n, similarity->shape[1]);
    for (int i = 0; i < n; i++)
        pair[i] = i;
    Tensor *of_pictures = tensor_mean(tensor_cross_entropy(similarity, pair));
    Tensor *turned = tensor_permute(similarity, (int[]){1, 0});
    Tensor *of_sentences = tensor_mean(tensor_cross_entropy(turned, pair));
    return tensor_scale(tensor_add(of_pictures, of_sentences), (real)0.5);
}

double clip_contrastive_floor(int n, int captions)
{
    double floor = 0;
    for (int others = 0; others < n; others++)
        floor += gsl_ran_binomial_pdf((unsigned)others, 1.0 / captions, (unsigned)(n - 1)) *
                 log1p(others);
    return floor;
}
