/* bin/clip-ldm as users run it: three stages in order and out of it, stopped and resumed, skipped,
 * drawn from. */
#include "07-clip-ldm/commands.h"
#include "07-clip-ldm/stages.h"
#include "harness/suite.h"
#include "support/file.h"
#include "train/run_child.h"

#include <math.h>

/* Small networks, few steps. */
#define SMALL "--threads 1 --batch 4 --quick --quiet"

/* A call of train in a child: words with DIR in place of '@'. */
typedef struct TrainCall {
    const char *dir, *words;
} TrainCall;

static void train(void *context)
{
    on_exit(run_end, NULL);
    const TrainCall *call = context;
    char *line = memory_format("train %s --out %s", call->words, call->dir), *argv[RUN_MOST_WORDS];
    char *out = NULL;
    int argc = run_words(line, argv, 0);
    int status = stages_train(argc, argv, &out);
    fflush(NULL);
    _exit(status);
}

static bool says(const char *dir, const char *words, int status, const char *piece)
{
    TrainCall call = {dir, words};
    ChildResult result = child_run(train, &call);
    return child_said(&result, status, piece);
}

static bool stage(const char *dir, const char *words)
{
    return says(dir, words, 0, "");
}

/* All three stages, small. */
static void train_small(const char *dir)
{
    CU_ASSERT_FATAL(stage(dir, "--stage clip --embedding 8 --steps 2 " SMALL));
    CU_ASSERT_FATAL(stage(dir, "--stage autoencoder --channels 8 --steps 2 " SMALL));
    CU_ASSERT_FATAL(stage(dir, "--stage diffusion --channels 8,16 --steps 4 " SMALL));
}

static void test_order(void)
{
    char root[256];
    folder_make(root);
    CU_ASSERT(says(root, "--stage diffusion --quiet", 1,
                   "the stage 'clip' is missing or not finished. Train it with: bin/clip-ldm train "
                   "--stage clip"));
    CU_ASSERT_FATAL(stage(root, "--stage clip --embedding 8 --steps 2 " SMALL));
    CU_ASSERT(says(root, "--stage diffusion --quiet", 1, "the stage 'autoencoder' is missing"));
    CU_ASSERT(says(root, "--stage clip --steps 2 " SMALL, 1, "holds a run already"));
    CU_ASSERT(says(root, "--quick", 1, "holds the stage 'clip' already; go on with --resume"));
    folder_remove(root);
}

static void test_words(void)
{
    char root[256];
    folder_make(root);
    CU_ASSERT(says(root, "--steps 5", 2, "--steps belongs to one stage; add --stage"));
    CU_ASSERT(says(root, "--lr 1", 2, "--lr belongs to one stage"));
    CU_ASSERT(says(root, "--embedding 8", 2, "embedding"));
    CU_ASSERT(says(root, "--stage clap", 2, "clip"));
    CU_ASSERT(says(root, "--stage clip --data digits", 1, "does not learn grey images"));
    CU_ASSERT(says(root, "--stage clip --data bars", 1, "does not learn binary images"));
    folder_remove(root);
}

/* What the stages share is asked for once; what the last takes over is not for typing. */
static void test_shared(void)
{
    char root[256];
    folder_make(root);
    CU_ASSERT(says(root, "--resume", 1, "holds no stage that was begun; leave --resume out"));
    CU_ASSERT(says(root, "--stage clip --resume", 1, "holds no run"));
    CU_ASSERT(says(root, "--resume --force", 2, "--resume goes on and --force starts anew"));
    CU_ASSERT_FATAL(
        stage(root, "--stage clip --data faces --seed 5 --embedding 8 --steps 2 " SMALL));
    CU_ASSERT(says(root, "--stage autoencoder --data shapes", 1, "the stage 'clip' in"));
    CU_ASSERT(says(root, "--stage autoencoder --channels 8 --steps 2 " SMALL, 0, "faces: colour"));
    CU_ASSERT(
        says(root, "--stage diffusion --embedding 16", 2, "--embedding: stage diffusion takes"));
    CU_ASSERT(says(root, "--force --data shappes --quiet", 1, "did you mean 'shapes'"));
    char *clip = run_path(root, "clip"), *weights = run_path(clip, "weights.safetensors");
    CU_ASSERT(file_exists(weights)); /* nothing was lost by a word that was wrong */
    CU_ASSERT(says(root, "--stage autoencoder --channels 9 --force --quiet", 2,
                   "--channels 9: is not a multiple of 8"));
    free(weights);
    free(clip);
    folder_remove(root);
}

/* A CLIP trained anew with another width does not fit a half-trained diffusion. */
static void test_other_clip(void)
{
    char root[256];
    folder_make(root);
    CU_ASSERT_FATAL(stage(root, "--stage clip --embedding 8 --steps 2 " SMALL));
    CU_ASSERT_FATAL(stage(root, "--stage autoencoder --channels 8 --steps 2 " SMALL));
    CU_ASSERT(says(root, "--stage diffusion --channels 8,16 --steps 4 --stop-after 2 " SMALL, 130,
                   "stopped at step 2 of 4"));
    CU_ASSERT_FATAL(stage(root, "--stage clip --embedding 16 --steps 2 --force " SMALL));
    CU_ASSERT(says(root, "--stage diffusion --resume --quiet --threads 1", 1,
                   "has another shape than this run's"));
    CU_ASSERT(says(root, "--stage diffusion --channels 8,16 --steps 2 --force " SMALL, 0, ""));
    CU_ASSERT(says(root, "--stage clip --embedding 16 --steps 2 --force " SMALL, 0,
                   "the stage 'diffusion' rests on the 'clip' that was here before"));
    folder_remove(root);
}

/* The last stage stopped in the middle and resumed has the bits of one that never stopped; what is
 * finished is skipped. */
static void test_resume(void)
{
    char root[256];
    folder_make(root);
    char *a = run_path(root, "whole"), *b = run_path(root, "parted");
    train_small(a);
    CU_ASSERT_FATAL(stage(b, "--stage clip --embedding 8 --steps 2 " SMALL));
    CU_ASSERT_FATAL(stage(b, "--stage autoencoder --channels 8 --steps 2 " SMALL));
    CU_ASSERT(says(b, "--stage diffusion --channels 8,16 --steps 4 --stop-after 2 " SMALL, 130,
                   "go on with: bin/clip-ldm train --stage diffusion --out"));
    CU_ASSERT(says(b, "--resume --quiet --threads 1", 0, "stage clip: finished already, skipped"));
    char *whole = run_path(a, "diffusion"), *parted = run_path(b, "diffusion");
    CU_ASSERT(run_same(whole, parted));
    free(whole);
    free(parted);
    free(a);
    free(b);
    folder_remove(root);
}

/* ---------------------------------------------------------------- drawing */

typedef struct Drawing {
    const char *dir;
    uint64_t seed;
    real *picture; /* [3, 3072] */
} Drawing;

static void draw(const Drawing *d)
{
    Painter painter = painter_open(d->dir);
    Sentence sentence[3];
    for (int i = 0; i < 3; i++)
        sentence[i] = sentence_typed(painter.model->world, "a red circle");
    Rng noise = rng_stream(d->seed, "draw");
    painter_draw(&painter, &(Wish){.sentence = sentence}, 3, &(DrawHow){.guidance = 1, .steps = 4},
                 &noise, d->picture);
    painter_close(&painter);
}

/* Latents of training pictures have mean 0 and variance 1 in each channel: what the sampler begins
 * with is of their size. */
static void check_latents(const char *dir)
{
    enum { N = 100 };
    Painter painter = painter_open(dir);
    double sum[LATENT_CHANNELS] = {0}, square[LATENT_CHANNELS] = {0};
    int each = N * LATENT_SIDE * LATENT_SIDE;
    model_bind(painter.run->model, painter.tape);
    Tensor *x = tensor_new_matrix(painter.tape, N, WORLD_MOST_LEVELS);
    dataset_fetch_range(painter.run->data, SPLIT_TRAIN, 0, N, NULL, x->value, NULL, NULL);
    const Tensor *z = latent_of_pictures(painter.model, x);
    for (size_t i = 0; i < z->size; i++) {
        sum[i % LATENT_CHANNELS] += (double)z->value[i] / each;
        square[i % LATENT_CHANNELS] += (double)z->value[i] * (double)z->value[i] / each;
    }
    for (int c = 0; c < LATENT_CHANNELS; c++) { /* the units are those of 1,000 pictures */
        CU_ASSERT(fabs(sum[c]) < 0.15);
        CU_ASSERT(fabs(square[c] - sum[c] * sum[c] - 1) < 0.15);
    }
    painter_close(&painter);
}

static void open_only(void *dir)
{
    Painter painter = painter_open(dir);
    painter_close(&painter);
}

static void test_drawing(void)
{
    enum { NUMBERS = 3 * WORLD_MOST_LEVELS };
    char root[256];
    folder_make(root);
    ChildResult r = child_run(open_only, root);
    CU_ASSERT(child_said(&r, 1, "the stage 'clip' is missing"));
    CU_ASSERT(child_said(&r, 1, "or all that is missing: bin/clip-ldm train --out "));
    train_small(root);
    real *x = memory_new(3 * NUMBERS, sizeof *x);
    kernels_set_threads(1);
    check_latents(root);
    draw(&(Drawing){root, 7, x});
    draw(&(Drawing){root, 7, x + NUMBERS});
    draw(&(Drawing){root, 8, x + 2 * NUMBERS});
    CU_ASSERT(memcmp(x, x + NUMBERS, NUMBERS * sizeof *x) == 0);
    CU_ASSERT(memcmp(x, x + 2 * NUMBERS, NUMBERS * sizeof *x) != 0);
    for (int i = 0; i < NUMBERS; i++)
        CU_ASSERT(x[i] >= 0 && x[i] <= 255);
    free(x);
    folder_remove(root);
}

const Suite suite = {"chapters/clip-ldm run",
                     {{"stages in order", test_order},
                      {"words of the line", test_words},
                      {"what the stages share", test_shared},
                      {"another CLIP than before", test_other_clip},
                      {"stopped, resumed, skipped", test_resume},
                      {"drawing", test_drawing},
                      {NULL, NULL}}};
