/* A run that is stopped, or killed anywhere, goes on to the same bits. */
#include "train/run_child.h"

#include "support/rng.h"

/* A folder of folders for one test. */
typedef struct Place {
    char root[256];
    char *whole, *parted;
} Place;

static Place place_make(void)
{
    Place place;
    folder_make(place.root);
    place.whole = run_path(place.root, "whole");
    place.parted = run_path(place.root, "parted");
    return place;
}

static void place_remove(Place *place)
{
    folder_remove(place->root);
    free(place->whole);
    free(place->parted);
}

/* Stopped at 10 and resumed equals uninterrupted. */
static void stopped_equals_whole(const char *words, const char *stop)
{
    Place place = place_make();
    char *first = memory_format("%s --stop-after %s", words, stop);
    CU_ASSERT_FATAL(run_ends(place.whole, words));
    CU_ASSERT_FATAL(run_ends(place.parted, first));
    CU_ASSERT(!run_same_file(place.whole, place.parted, "checkpoint.safetensors"));
    CU_ASSERT(run_ends(place.parted, "--resume --quiet"));
    CU_ASSERT(run_same(place.whole, place.parted));
    CU_ASSERT(run_same_metrics(place.whole, place.parted));
    free(first);
    place_remove(&place);
}

static void test_stopped(void)
{
    stopped_equals_whole(RUN_SMALL, "10");
}

static void test_stopped_dreg(void)
{
    stopped_equals_whole(RUN_SMALL " --objective iwae --dreg --k 3 --ema 0.99 --clip 1 "
                                   "--schedule cosine --lr-warmup 12",
                         "10");
}

static void test_stopped_others(void)
{
    stopped_equals_whole(RUN_SMALL " --optimizer sgd --schedule constant --kl-warmup 0.8", "7");
    stopped_equals_whole(RUN_SMALL " --optimizer adamw --weight-decay 0.1 --latent 3,2", "19");
}

const Suite suite = {"train/resume",
                     {{"stopped and resumed", test_stopped},
                      {"DReG, average, clipping, warm-up", test_stopped_dreg},
                      {"other rules", test_stopped_others},
                      {NULL, NULL}}};
