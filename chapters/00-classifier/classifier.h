/* A classifier of digits: no generative model, but the ruler that pictures of the others are
 * measured with. Its last hidden layer sees what makes a digit a digit, and little else.
 *
 * Sources: LeCun et al. (1998), "Gradient-based learning applied to document recognition"
 * (convolutions, then a layer that sees the whole image); Heusel et al. (2017), arXiv:1706.08500
 * (a classifier's features as the space to compare images in). */
#ifndef CLASSIFIER_CLASSIFIER_H
#define CLASSIFIER_CLASSIFIER_H

#include "metric/ruler.h"
#include "train/family.h"

typedef struct Classifier {
    Model model;
    Ruler ruler;
    int levels;
    int shift; /* training images are moved by up to so many pixels */
} Classifier;

extern const Family classifier_family;

/* -log p(label | x) -> [n, 1], nats; x [n, dims] in the data's units. */
Tensor *classifier_loss(const Classifier *classifier, Tensor *x, const int *label);

/* Moves each image of x [n, height * width] by its own random whole number of pixels in either
 * direction, up to `most`, in place; what comes in is black. */
void classifier_shift(Tensor *x, int height, int width, int most, Rng *rng);

/* In classifier_figures.c. */
void classifier_figures(Model *model, const Task *task);

#endif
