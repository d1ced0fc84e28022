/* Two samplers that learn next to nothing, and on the plane a third: what every family is judged
 * beside. */
#ifndef COMPARE_COMPARE_BASELINES_H
#define COMPARE_COMPARE_BASELINES_H

#include "08-compare/compare_tracks.h"
#include "metric/likelihood.h"

typedef struct Baseline {
    const char *name;  /* "training data", "Gaussian", "kernel estimate"               */
    size_t parameters; /* numbers that it keeps                                         */
    double train_seconds, sample_seconds_per_1000;
    real *sample;            /* [n, dims] in the data's units                                 */
    LikelihoodReport report; /* of the test examples; likelihoods = 0: none                 */
    double *map;             /* [cells, cells] log density, on the plane; NULL: none          */
} Baseline;

/* Training examples in a random order, none twice where there are enough (twins would shrink the
 * balls of precision and recall): the best samples there can be, all of them copies. */
Baseline baseline_resampled(const Dataset *data, int samples);

/* A normal distribution with the mean and the full covariance of the first 20,000 training examples
 * at most. Of points its density is exact. Discrete x are taken for x + u, u uniform on [0, 1): the
 * mean of log N(x + u) is a lower bound on log P(x), and samples are rounded down into the range.
 * examples: how many test examples are asked, evenly spread. probe: its map's points, or NULL. */
Baseline baseline_gaussian(const Dataset *data, int samples, int examples, const Dataset *probe);

/* The kernel density estimate of 10,000 training points (metric/kde.h); points only. */
Baseline baseline_kernel(const Dataset *data, int samples, int examples, const Dataset *probe);

void baseline_free(Baseline *baseline);

#endif
