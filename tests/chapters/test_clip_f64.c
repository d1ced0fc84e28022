/* CLIP's loss by identities: log N where nothing is known, symmetric, its floor with equal
 * captions, gradients of temperature and towers against differences; and the words it reads. */
#include "07-clip-ldm/clip.h"
#include "harness/suite.h"
#include "support/memory.h"
#include "tensor/tape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 6 };

static Tensor *drawn(Tape *tape, int rows, int columns, const char *name)
{
    Rng rng = rng_stream(3, name);
    Tensor *a = tensor_new_matrix(tape, rows, columns);
    rng_normal(&rng, a->value, a->size);
    return a;
}

static void test_uniform(void)
{
    Tape *tape = tape_create(kernels_best());
    Tensor *alike = tensor_fill(tape, 2, (int[]){N, N}, 0.7);
    CU_ASSERT_DOUBLE_EQUAL(tensor_item(clip_contrastive(alike)), log(N), 1e-12);
    tape_free(tape);
}

/* Pictures and sentences may change places. */
static void test_symmetric(void)
{
    Tape *tape = tape_create(kernels_best());
    Tensor *s = drawn(tape, N, N, "similarity");
    double loss = tensor_item(clip_contrastive(s));
    double turned = tensor_item(clip_contrastive(tensor_permute(s, (int[]){1, 0})));
    CU_ASSERT_DOUBLE_EQUAL(loss, turned, 1e-12);
    double rows = tensor_item(tensor_mean(tensor_cross_entropy(s, (int[]){0, 1, 2, 3, 4, 5})));
    CU_ASSERT(fabs(loss - rows) > 1e-3); /* not the rows alone */
    tape_free(tape);
}

/* A perfect model of captions that are one of M: equal captions share a row's probability. The mean
 * over random batches of its loss is the floor. */
static void test_floor(void)
{
    enum { CAPTIONS = 4, PAIRS = 5, BATCHES = 4000 };
    Tape *tape = tape_create(kernels_best());
    Rng rng = rng_stream(5, "captions");
    double sum = 0, square = 0;
    for (int b = 0; b < BATCHES; b++) {
        tape_reset(tape);
        int caption[PAIRS];
        for (int i = 0; i < PAIRS; i++)
            caption[i] = (int)rng_below(&rng, CAPTIONS);
        Tensor *s = tensor_new_matrix(tape, PAIRS, PAIRS);
        for (int i = 0; i < PAIRS * PAIRS; i++)
            s->value[i] = caption[i / PAIRS] == caption[i % PAIRS] ? 100 : 0;
        double loss = tensor_item(clip_contrastive(s));
        sum += loss / BATCHES;
        square += loss * loss / BATCHES;
    }
    double error = sqrt((square - sum * sum) / BATCHES);
    CU_ASSERT(fabs(sum - clip_contrastive_floor(PAIRS, CAPTIONS)) < 4 * error);
    CU_ASSERT(error < 0.01);
    CU_ASSERT_DOUBLE_EQUAL(clip_contrastive_floor(7, 1), log(7), 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(clip_contrastive_floor(2, 4), log(2) / 4, 1e-12);
    tape_free(tape);
}

/* ---------------------------------------------------------------- the towers */

static const char *const WORDS[] = {"a", "red", "blue", "circle", "빨간", "원", NULL};
static const World world = {NULL, NULL, WORDS};

typedef struct Towers {
    Params *params;
    Tape *tape;
    ClipTowers net;
} Towers;

static Towers towers_new(void)
{
    Rng rng = rng_stream(1, "weights");
    Towers t = {.params = params_create(), .tape = tape_create(kernels_best())};
    t.net = clip_towers_create(t.params, sentence_words(&world), 8, &rng);
    return t;
}

static void towers_free(Towers *t)
{
    tape_free(t->tape);
    params_free(t->params);
}

static const char *const CAPTIONS[3] = {"a red circle", "blue circle", "빨간 원"};

/* The loss of three pictures of noise and their sentences. */
static Tensor *loss_of(Towers *t)
{
    Sentence sentence[3];
    tape_reset(t->tape);
    params_bind(t->params, t->tape);
    for (int i = 0; i < 3; i++)
        sentence[i] = sentence_of(&world, CAPTIONS[i]);
    Tensor *x = tensor_shift(tensor_scale(drawn(t->tape, 3, WORLD_MOST_LEVELS, "x"), 60), 128);
    Tensor *text = clip_text(&t->net, t->tape, sentence, 3).embedding;
    return clip_contrastive(clip_similarity(&t->net, clip_image(&t->net, x), text));
}

static double moved_loss(Towers *t, Tensor *weight, size_t j, double by)
{
    double kept = weight->value[j];
    weight->value[j] = kept + by;
    params_touch(t->params);
    double loss = tensor_item(loss_of(t));
    weight->value[j] = kept;
    params_touch(t->params);
    return loss;
}

/* Of every weight the entry with the largest gradient. Biases of keys have none, since a softmax
 * over the keys does not see what all have in common; attention.qkv.bias holds them beside others.
 */
static void test_gradients(void)
{
    Towers t = towers_new();
    double worst = 0;
    t.net.scale->value[0] = 0.4;
    for (int i = 0; i < t.params->count; i++) {
        Tensor *weight = t.params->tensor[i];
        size_t j = 0;
        tape_backward(loss_of(&t));
        for (size_t k = 1; k < weight->size; k++)
            j = fabs(weight->grad[k]) > fabs(weight->grad[j]) ? k : j;
        double gradient = weight->grad[j];
        double slope = (moved_loss(&t, weight, j, 1e-5) - moved_loss(&t, weight, j, -1e-5)) / 2e-5;
        CU_ASSERT(fabs(gradient) > 1e-6);
        worst = fmax(worst, fabs(slope - gradient) / (fabs(gradient) + 1e-6));
    }
    CU_ASSERT(worst < 1e-4);
    towers_free(&t);
}

/* Beyond log 100 the temperature has no effect. */
static void test_limit(void)
{
    Towers t = towers_new();
    t.net.scale->value[0] = log(100);
    double loss = tensor_item(loss_of(&t));
    t.net.scale->value[0] = 9;
    params_touch(t.params);
    CU_ASSERT_DOUBLE_EQUAL(tensor_item(loss_of(&t)), loss, 1e-9);
    towers_free(&t);
}

/* Vectors have length 1, and a sentence's does not depend on the sentences beside it. */
static void test_vectors(void)
{
    Towers t = towers_new();
    Sentence both[2] = {sentence_of(&world, CAPTIONS[1]), sentence_of(&world, "a a a red blue 원")};
    double alone[8];
    params_bind(t.params, t.tape);
    Tensor *u = clip_text(&t.net, t.tape, both, 1).embedding;
    memcpy(alone, u->value, sizeof alone);
    u = clip_text(&t.net, t.tape, both, 2).embedding;
    for (int i = 0; i < 2; i++) {
        double square = 0;
        for (int d = 0; d < 8; d++)
            square += u->value[8 * i + d] * u->value[8 * i + d];
        CU_ASSERT_DOUBLE_EQUAL(square, 1, 1e-9);
    }
    for (int d = 0; d < 8; d++)
        CU_ASSERT_DOUBLE_EQUAL(u->value[d], alone[d], 1e-12);
    towers_free(&t);
}

/* ---------------------------------------------------------------- what a user types */

static void test_typed(void)
{
    Sentence s = sentence_typed(&world, "  A RED, circle. ");
    CU_ASSERT_EQUAL(s.count, 3);
    CU_ASSERT(s.word[0] == 1 && s.word[1] == 2 && s.word[2] == 4);
    s = sentence_typed(&world, "\"빨간 원\"");
    CU_ASSERT(s.count == 2 && s.word[0] == 5 && s.word[1] == 6);
}

static void type(void *text)
{
    Sentence s = sentence_typed(&world, text);
    exit(s.count == 2 ? 0 : 3);
}

static void test_typed_badly(void)
{
    ChildResult r = child_run(type, "");
    CU_ASSERT(child_said(&r, 2, "the sentence is empty"));
    r = child_run(type, " ,. ");
    CU_ASSERT(child_said(&r, 2, "the sentence is empty"));
    r = child_run(type, "красный круг");
    CU_ASSERT(child_said(&r, 2, "no word of the sentence is known: 'красный'"));
    r = child_run(type, "red zebra circel");
    CU_ASSERT(child_said(&r, 3, "left out: 'zebra', 'circel' (near: 'circle')"));
    r = child_run(type, "red \xff circle");
    CU_ASSERT(child_said(&r, 2, "not valid UTF-8"));
    char many[400] = "";
    for (int i = 0; i < CAPTION_WORDS + 1; i++)
        strcat(many, "red ");
    r = child_run(type, many);
    CU_ASSERT(child_said(&r, 2, "more than 32 known words"));
}

const Suite suite = {"chapters/clip",
                     {{"log N where all are alike", test_uniform},
                      {"pictures and sentences may change places", test_symmetric},
                      {"the floor with equal captions", test_floor},
                      {"gradients of towers and temperature", test_gradients},
                      {"the temperature's limit", test_limit},
                      {"vectors of length 1, each for itself", test_vectors},
                      {"sentences as they are typed", test_typed},
                      {"sentences that are none", test_typed_badly},
                      {NULL, NULL}}};
