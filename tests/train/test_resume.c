/* A run that is stopped, or killed anywhere, goes on to the same bits. */
#include "train/run_child.h"

#include "support/rng.h"

/* A folder of folders for one test. */
typedef struct Place {
    char root[256];
    char *whole, *parted, *kept;
} Place;

static Place place_make(void)
{
    Place place;
    folder_make(place.root);
    place.whole = run_path(place.root, "whole");
    place.parted = run_path(place.root, "parted");
    place.kept = run_path(place.root, "kept");
    return place;
}

static void place_remove(Place *place)
{
    folder_remove(place->root);
    free(place->whole);
    free(place->parted);
    free(place->kept);
}

static void test_stopped(void)
{
    run_stopped_equals_whole(&vae_family, RUN_SMALL, "10");
}

static void test_stopped_dreg(void)
{
    run_stopped_equals_whole(&vae_family,
                             RUN_SMALL " --objective iwae --dreg --k 3 --ema 0.99 --clip 1 "
                                       "--schedule cosine --lr-warmup 12",
                             "10");
}

static void test_stopped_others(void)
{
    run_stopped_equals_whole(&vae_family,
                             RUN_SMALL " --optimizer sgd --schedule constant --kl-warmup 0.8", "7");
    run_stopped_equals_whole(&vae_family,
                             RUN_SMALL " --optimizer adamw --weight-decay 0.1 --latent 3,2", "19");
}

/* A line of metrics.csv averages several steps: the sums since the last line are saved too. */
static void test_between_lines(void)
{
    Place place = place_make();
    CU_ASSERT_FATAL(run_ends(place.whole, RUN_SMALL " --steps 1500 --save-every 700"));
    CU_ASSERT_FATAL(
        run_ends(place.parted, RUN_SMALL " --steps 1500 --save-every 700 --stop-after 500"));
    CU_ASSERT(run_ends(place.parted, "--resume --quiet --save-every 700"));
    CU_ASSERT(run_same(place.whole, place.parted));
    CU_ASSERT(run_same_metrics(place.whole, place.parted));
    place_remove(&place);
}

/* A second stop, and a resume when nothing is left to do. */
static void test_again(void)
{
    Place place = place_make();
    CU_ASSERT_FATAL(run_ends(place.whole, RUN_SMALL));
    CU_ASSERT_FATAL(run_ends(place.parted, RUN_SMALL " --stop-after 3"));
    CU_ASSERT(run_ends(place.parted, "--resume --quiet --stop-after 3"));
    CU_ASSERT(run_ends(place.parted, "--resume --quiet --stop-after 9"));
    CU_ASSERT(run_ends(place.parted, "--resume --quiet"));
    CU_ASSERT(run_same(place.whole, place.parted));
    CU_ASSERT(run_ends(place.parted, "--resume"));
    CU_ASSERT(run_same(place.whole, place.parted));
    CU_ASSERT(run_same_metrics(place.whole, place.parted));
    place_remove(&place);
}

static void test_seeds(void)
{
    Place place = place_make();
    char *other = run_path(place.root, "other");
    CU_ASSERT_FATAL(run_ends(place.whole, RUN_SMALL " --seed 5"));
    CU_ASSERT_FATAL(run_ends(place.parted, RUN_SMALL " --seed 5"));
    CU_ASSERT_FATAL(run_ends(other, RUN_SMALL " --seed 6"));
    CU_ASSERT(run_same(place.whole, place.parted));
    CU_ASSERT(run_same_metrics(place.whole, place.parted));
    CU_ASSERT(!run_same_file(place.whole, other, "weights.safetensors"));
    free(other);
    place_remove(&place);
}

static void test_refused(void)
{
    Place place = place_make();
    CU_ASSERT_FATAL(run_ends(place.parted, RUN_SMALL " --stop-after 10"));
    CU_ASSERT_FATAL(run_ends(place.whole, RUN_SMALL));
    static const struct {
        const char *words, *line;
        int status;
    } cases[] = {
        {"--resume --lr 0.5", "error: --lr: the run in ", 1},
        {"--resume --threads 2", "error: --threads: the run in ", 1},
        {"--resume --steps 21", "error: --steps: the run in ", 1},
        {"--resume --hidden 17", "error: --hidden: the run in ", 1},
        {"--resume --data bars-3", "error: --data: the run in ", 1},
        {"--resume --force", "error: --resume goes on and --force starts anew; give one", 2},
        {RUN_SMALL, "holds a run already; go on with --resume, start anew with --force", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CU_ASSERT(run_refused(place.parted, cases[i].words, cases[i].status, cases[i].line));
    CU_ASSERT(run_ends(place.parted, "--resume --lr 1e-3 --threads 1 --hidden 16 --quiet"));
    CU_ASSERT(run_same(place.whole, place.parted));
    place_remove(&place);
}

/* --force starts anew, but only when what was typed is good: until then the old run stays. */
static void test_force(void)
{
    Place place = place_make();
    CU_ASSERT_FATAL(run_ends(place.whole, RUN_SMALL " --seed 2"));
    CU_ASSERT_FATAL(run_ends(place.parted, RUN_SMALL));
    CU_ASSERT_FATAL(run_ends(place.kept, RUN_SMALL));
    CU_ASSERT(run_refused(place.parted, "--force --data brs --quiet", 1, "'brs'"));
    CU_ASSERT(run_refused(place.parted, RUN_SMALL " --force --dreg", 2, "--dreg"));
    CU_ASSERT(run_refused(place.parted, RUN_SMALL " --force --batch 20000", 1, "20000"));
    CU_ASSERT(run_same(place.kept, place.parted));
    CU_ASSERT(run_ends(place.parted, RUN_SMALL " --seed 2 --force --stop-after 10"));
    char *weights = run_path(place.parted, "weights.safetensors");
    CU_ASSERT(!file_exists(weights)); /* those of the old run would pass for the new one's */
    CU_ASSERT(run_ends(place.parted, "--resume --quiet"));
    CU_ASSERT(run_same(place.whole, place.parted));
    CU_ASSERT(run_same_metrics(place.whole, place.parted));
    free(weights);
    place_remove(&place);
}

/* Files of two runs in one folder. */
static void test_mixed(void)
{
    Place place = place_make();
    CU_ASSERT_FATAL(run_ends(place.whole, RUN_SMALL));
    CU_ASSERT_FATAL(run_ends(place.parted, RUN_SMALL " --steps 30 --stop-after 25"));
    char *from = run_path(place.parted, "checkpoint.safetensors");
    char *to = run_path(place.whole, "checkpoint.safetensors");
    CU_ASSERT_EQUAL(rename(from, to), 0);
    CU_ASSERT(run_refused(place.whole, "--resume", 1, "one of the files is from another run"));
    free(from);
    free(to);
    place_remove(&place);
}

/* ---------------------------------------------------------------- killed */

#define KILLED RUN_SMALL " --save-every 4 --ema 0.9"
enum { SAVES = 5, STAGES = 4, STEPS = 20 };

/* Kills the first process as first says, the second, which resumes, as second says; then resumes to
 * the end. Either may be nowhere. */
static void killed_equals_whole(const Place *place, RunCall first, const RunCall *second)
{
    first.dir = place->parted;
    first.words = KILLED;
    ChildResult result = run_child(&first);
    CU_ASSERT(child_said(&result, RUN_KILLED, ""));
    if (second != NULL) {
        RunCall again = *second;
        again.dir = place->parted;
        again.words = "--resume --quiet --quick --save-every 4";
        result = run_child(&again);
        CU_ASSERT(child_said(&result, RUN_KILLED, ""));
    }
    CU_ASSERT(run_ends(place->parted, "--resume --quiet --quick --save-every 4"));
    CU_ASSERT(run_same(place->whole, place->parted));
    CU_ASSERT(run_same_metrics(place->whole, place->parted));
    folder_remove(place->parted);
}

/* Twelve points drawn between steps, eight within saving, each stage twice. */
static void test_killed(void)
{
    Place place = place_make();
    Rng rng = rng_stream(1, "kill");
    CU_ASSERT_FATAL(run_ends(place.whole, KILLED));
    for (int i = 0; i < 12; i++) {
        const RunCall call = {.kill_step = 1 + (long)rng_below(&rng, STEPS), .kill_stage = -1};
        killed_equals_whole(&place, call, NULL);
    }
    for (int i = 0; i < 2 * STAGES; i++) {
        const RunCall call = {.kill_save = 1 + (int)rng_below(&rng, SAVES),
                              .kill_stage = i % STAGES};
        killed_equals_whole(&place, call, NULL);
    }
    place_remove(&place);
}

/* The second process dies at its own first save, or two steps before the end. */
static void test_killed_twice(void)
{
    Place place = place_make();
    const RunCall between = {.kill_step = 6}, behind = {.kill_step = 18};
    CU_ASSERT_FATAL(run_ends(place.whole, KILLED));
    for (int stage = 0; stage < STAGES; stage++) {
        const RunCall saving = {.kill_save = 1, .kill_stage = stage};
        killed_equals_whole(&place, between, &saving);
    }
    killed_equals_whole(&place, (RunCall){.kill_save = 1, .kill_stage = 1}, &behind);
    killed_equals_whole(&place, (RunCall){.kill_save = 3, .kill_stage = 3}, &behind);
    place_remove(&place);
}

const Suite suite = {"train/resume",
                     {{"stopped and resumed", test_stopped},
                      {"DReG, average, clipping, warm-up", test_stopped_dreg},
                      {"other rules", test_stopped_others},
                      {"between two lines of metrics.csv", test_between_lines},
                      {"stopped twice, and nothing left to do", test_again},
                      {"seeds", test_seeds},
                      {"another value is refused", test_refused},
                      {"--force keeps the old run until the new one is sure", test_force},
                      {"files of two runs", test_mixed},
                      {"killed at twenty points", test_killed},
                      {"killed twice in a row", test_killed_twice},
                      {NULL, NULL}}};
