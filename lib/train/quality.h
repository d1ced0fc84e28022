/* How good samples are, by the ruler's features (metric/ruler.h): beside each distance stands what
 * real images get at the same count, since distances between samples are never zero.
 *
 * Samples are compared with test images; the floor compares validation images with the same test
 * images. On points: the sliced Wasserstein distance alone. */
#ifndef TRAIN_QUALITY_H
#define TRAIN_QUALITY_H

#include "data/dataset.h"
#include "support/options.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>

typedef struct QualityValue {
    double samples, real; /* of the samples, and of as many real examples */
} QualityValue;

typedef struct Quality {
    int n;       /* samples, and real examples beside them       */
    bool images; /* false: only sliced_wasserstein was measured   */
    QualityValue frechet, kernel, sliced_wasserstein;
    QualityValue precision, recall, density, coverage;
    double kernel_se;
    bool labelled;       /* samples of wanted classes were given  */
    double agreement;    /* share that the classifier gives the wanted class    */
    double class_lowest; /* coverage within a class, the worst class, and the mean over classes */
    double class_mean;
    double class_real; /* that mean for real examples */
} Quality;

/* Whether the samples of this data set can be measured; if not, why (static text) into reason: no
 * ruler for such images, or its file is missing. */
bool quality_possible(const Dataset *data, const char **reason);

/* How many samples can be measured: at least as many images as density and coverage need
 * neighbours and one more, at most as many as validation and test splits have examples each. */
int quality_least(const Dataset *data);
int quality_most(const Dataset *data);

/* The count that the option "samples" asks for, cut to quality_most where it was not typed. A typed
 * count that can't be measured is refused. */
int quality_samples(const Dataset *data, const Options *options);

/* What the ruler's classifier reads in n one-channel images of 28 x 28, 0 black .. 1 white, by the
 * weights of quality_ruler_path: class [n] in 0 .. 9. Refuses where the file is missing. */
void quality_read_digits(const Dataset *data, const real *image, int n, int *class);

/* The ruler's features of n images [n, dims] in the data's units: [n, RULER_FEATURES]; free with
 * free(). Refuses where the file is missing; quality_possible says so beforehand. */
real *quality_features(const Dataset *data, const real *image, int n);

/* sample [n, dims] in the data's units, n at most quality_most; label [n]: the classes that were
 * wanted, or NULL. */
Quality quality_measure(const Dataset *data, const real *sample, int n, const int *label);

void quality_print(const Quality *quality, FILE *out);

/* The object "samples" of eval.json. */
cJSON *quality_to_json(const Quality *quality);

/* The ruler's file for a data set: DIR/mnist.safetensors for grey, DIR/mnist-binary.safetensors for
 * binary images, DIR from LAB_RULER or chapters/00-classifier/weights. Free with free(). */
char *quality_ruler_path(const Dataset *data);

#endif
