/* The ruler of the sample metrics: a small convolutional classifier whose last hidden layer gives
 * the features that FD-lab, KID, precision, recall, density and coverage are measured on.
 * chapters/00-classifier trains it. */
#ifndef METRIC_RULER_H
#define METRIC_RULER_H

#include "nn/conv.h"
#include "nn/mlp.h"

enum { RULER_FEATURES = 64, RULER_CONVS = 3 };

typedef struct Ruler {
    int height, width, classes;
    Conv2d conv[RULER_CONVS];
    Linear feature, out;
} Ruler;

/* For grey or binary images of even height and width. Weights conv0.weight ... out.bias. */
Ruler ruler_create(Params *params, int height, int width, int classes, Rng *rng);

/* x [n, height * width], 0 black .. 1 white -> [n, RULER_FEATURES], not negative. */
Tensor *ruler_features(const Ruler *ruler, Tensor *x);

/* features -> logits of the classes [n, classes]. */
Tensor *ruler_logits(const Ruler *ruler, Tensor *features);

/* The most probable of n classes by their logits; the first of equals. */
int ruler_class(const real *logit, int n);

/* Features and, where class is not NULL, the most probable class of n images (value 0 .. 1,
 * [n, height * width]) into feature [n, RULER_FEATURES] and class [n]. params: the ruler's own;
 * they are bound to a tape of this call's. */
void ruler_measure(const Ruler *ruler, Params *params, const real *image, int n, real *feature,
                   int *class);

#endif
