/* What happens to a picture when one number of the latent moves: pictures of it, and, where the
 * data's causes are known, how many of them move.
 *
 * A reader is trained on the data to tell the causes from an image: a small network of the ruler's
 * shape, a squared error for each cause in units of its own spread, a cross-entropy for the class.
 * For draws of z ~ N(0, I) and each latent j the images at z_j = -2, -1, 0, 1, 2 are read. The
 * share of cause f in latent j is the variance of its readings over the five images, over its
 * variance in the data (of the class: the chance that two of the five differ, over that chance in
 * the data). The number of causes that latent j moves is the participation ratio of its shares s,
 *     (sum_f s_f)^2 / sum_f s_f^2
 * between 1 (it moves one thing) and the number of causes (it moves all alike); the mean over the
 * latents is weighted by sum_f s_f, so that latents that move nothing do not count. */
#ifndef TRAIN_TRAVERSE_H
#define TRAIN_TRAVERSE_H

#include "train/family.h"

/* From latents [n, width] to images [n, dims] in the data's units, without randomness. */
typedef struct LatentDecoder {
    const Model *model;
    int width; /* numbers of the latent, prior N(0, I) */
    Tensor *(*decode)(const Model *model, Tensor *z);
} LatentDecoder;

enum { TRAVERSE_MOST_CAUSES = DATA_FACTORS + 1 };

typedef struct Traverse {
    int width, causes; /* the data's factors and, last, the class; 0: not known                  */
    const char *cause[TRAVERSE_MOST_CAUSES];
    double reader[TRAVERSE_MOST_CAUSES]; /* of held-out data: share of a cause's variance that the
                                            reader explains; of the class: share read right      */
    double *share; /* [width, causes]                                                            */
    double *pixel; /* [width]: mean square of a pixel's change over its range, to rank latents by */
    double moved;  /* the mean number of causes; NaN where they are not known                    */
} Traverse;

/* Free with traverse_free. */
Traverse traverse_measure(const LatentDecoder *decoder, const Task *task);
void traverse_free(Traverse *traverse);

/* The participation ratio of share [n]; NaN where all are 0. */
double traverse_participation(const double *share, int n);

/* Measures, prints a table of the latents that move most, draws the figures "traverse" and
 * "effects". */
void traverse_show(const LatentDecoder *decoder, const Task *task);

#endif
