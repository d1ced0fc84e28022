/* Whether copies are found: by hand, what chance has, copies among honest samples, ties. */
#include "harness/suite.h"
#include "metric/features.h"
#include "metric/nearest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void test_by_hand(void)
{
    real train[] = {0, 10, 20}, test[] = {5}, sample[] = {1, 6, 11, 19};
    Memorised m = nearest_memorised(train, 3, test, 1, sample, 4, 1);
    CU_ASSERT(fabs(m.share - 0.75) < 1e-12 && fabs(m.expected - 0.75) < 1e-12);
    CU_ASSERT(fabs(m.excess) < 1e-12 && m.ties == 0);
    CU_ASSERT(fabs(m.se - sqrt(3.0 / 4)) < 1e-12); /* four neighbours, one sample each */
    real crowd[] = {1, 2, -1, 19};                 /* three of them at the same example */
    m = nearest_memorised(train, 3, test, 1, crowd, 4, 1);
    CU_ASSERT(m.share == 1 && fabs(m.se - sqrt(3.0 * 10 / 16)) < 1e-12);
}

enum { DIM = 5, TRAIN = 600, TEST = 300, SAMPLES = 400 };

/* A sampler that draws from the distribution itself: within 4 standard errors of chance; and one
 * whose samples are all off by the same amount is bad, but no copyist. */
static void test_honest(void)
{
    real *train = features_normal("train", 0, TRAIN, DIM, 1);
    real *test = features_normal("test", 0, TEST, DIM, 1);
    real *sample = features_normal("sample", 0, SAMPLES, DIM, 1);
    Memorised m = nearest_memorised(train, TRAIN, test, TEST, sample, SAMPLES, DIM);
    CU_ASSERT(fabs(m.expected - 2.0 / 3) < 1e-12);
    CU_ASSERT(fabs(m.excess) < 4 * m.se);
    double by[DIM] = {3, 3, 3, 3, 3};
    features_shift(sample, SAMPLES, DIM, by);
    m = nearest_memorised(train, TRAIN, test, TEST, sample, SAMPLES, DIM);
    CU_ASSERT(fabs(m.excess) < 3 * m.se && m.se > 0.5); /* a few neighbours for all of them */
    free(train);
    free(test);
    free(sample);
}

/* Half of the samples are training examples with a little noise: half is memorised. */
static void test_copies(void)
{
    real *train = features_normal("train", 1, TRAIN, DIM, 1);
    real *test = features_normal("test", 1, TEST, DIM, 1);
    real *sample = features_normal("sample", 1, SAMPLES, DIM, 1);
    real *noise = features_normal("noise", 1, SAMPLES, DIM, 0.01);
    for (int i = 0; i < SAMPLES / 2 * DIM; i++)
        sample[i] = train[i] + noise[i];
    Memorised m = nearest_memorised(train, TRAIN, test, TEST, sample, SAMPLES, DIM);
    CU_ASSERT(fabs(m.excess - 0.5) < 4 * m.se && m.excess > 5 * m.se);
    memcpy(sample, train, SAMPLES * DIM * sizeof *sample);
    m = nearest_memorised(train, TRAIN, test, TEST, sample, SAMPLES, DIM);
    CU_ASSERT(m.share == 1 && fabs(m.excess - 1) < 1e-12);
    free(train);
    free(test);
    free(sample);
    free(noise);
}

/* Where every example is in both sets nothing can be told. */
static void test_ties(void)
{
    real both[] = {0, 1, 2, 3}, sample[] = {0, 2, 2};
    Memorised m = nearest_memorised(both, 4, both, 4, sample, 3, 1);
    CU_ASSERT(m.ties == 1 && fabs(m.share - 0.5) < 1e-12 && fabs(m.excess) < 1e-12);
}

const Suite suite = {"metric/nearest",
                     {{"by hand", test_by_hand},
                      {"honest samples", test_honest},
                      {"copies", test_copies},
                      {"ties", test_ties},
                      {NULL, NULL}}};
