/* How good the samples of every family are, by one yardstick: the same test examples, the same
 * counts, the same metrics, and beside them what other real examples get.
 *
 *     plane      sliced Wasserstein distance, squared MMD, KL on a grid of cells; on the points
 *     patterns   share of valid patterns, share of the patterns that appear, KL from evenness
 *     images     FD-lab, KID, precision, recall, density, coverage; in chapter 0's features
 *
 * A Frechet distance on points of the plane would be blind: it sees two moments. The floor: what
 * sets of the same size, drawn without replacement from the validation and training splits, get
 * against the same test examples; its mean and its standard deviation between sets. So the test
 * examples are shared by all rows and differences between rows are free of their noise; the
 * standard deviation says what another draw of samples changes.
 *
 * The memorised share (metric/nearest.h) compares with all training and test examples in the same
 * space; of patterns it is not measured, since every pattern is in both. */
#ifndef COMPARE_COMPARE_YARDSTICK_H
#define COMPARE_COMPARE_YARDSTICK_H

#include "08-compare/compare_tracks.h"
#include "metric/cells.h"
#include "metric/nearest.h"

enum { YARDSTICK_MOST = 6, YARDSTICK_SETS = 8 };

typedef struct Metric {
    const char *name, *key; /* for people; for JSON and CSV                      */
    bool up;                /* whether more is better                            */
} Metric;

typedef struct Yardstick {
    YardstickKind kind;
    const Dataset *data;
    const Metric *metric;
    int metrics;
    int n;          /* test examples, and samples compared with them     */
    int dim;        /* of the space: coordinates, features or pixels     */
    real *test;     /* [n, dim]                                          */
    real *all_test; /* [all_tests, dim]                                  */
    real *train;    /* [trains, dim]                                     */
    int all_tests, trains;
    double bandwidth; /* of the plane's MMD */
    Cells cells;      /* of the plane's KL  */
    double floor[YARDSTICK_MOST], floor_sd[YARDSTICK_MOST];
} Yardstick;

/* Refuses n that is too small or more than there are, and images that no features are known of. */
void yardstick_check(YardstickKind kind, const Dataset *data, int n);

/* What n samples of a set are compared with, after the same check. data must outlive it. Free with
 * yardstick_free. */
Yardstick *yardstick_create(YardstickKind kind, const Dataset *data, int n);
void yardstick_free(Yardstick *yardstick);

/* The largest n for a set of at most `wanted`. */
int yardstick_most(YardstickKind kind, const Dataset *data, int wanted);

typedef struct Measurement {
    double value[YARDSTICK_MOST]; /* in the order of yardstick->metric */
    bool can_memorise;            /* false: memorised was not measured */
    Memorised memorised;
} Measurement;

/* sample [n, dims] in the data's units. */
Measurement yardstick_measure(const Yardstick *yardstick, const real *sample);

/* A value as a share between the worst (0) and the floor (1), on a linear scale for shares and a
 * logarithmic one for distances: for parallel coordinates. */
double yardstick_goodness(const Yardstick *yardstick, int metric, double value, double worst);

/* Whether a row's value can't be told from other real examples: within three standard deviations
 * between sets. A precision far above that of real examples is no praise: all samples lie in the
 * middle. */
bool yardstick_like_real(const Yardstick *yardstick, int metric, double value);

#endif
