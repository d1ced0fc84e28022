/* The figures that every family's run gets: loss over the steps, samples. */
#ifndef TRAIN_PICTURES_H
#define TRAIN_PICTURES_H

#include "train/run.h"

/* Draws the common figures and the family's own into DIR/figures and writes samples.npy. Returns
 * the figures, to list and close. */
Figures *pictures_draw(Run *run, bool quiet);

/* Prints the paths of all pictures made. */
void pictures_list(const Figures *figures, const char *dir);

/* Samples of the model [n, dims] from the stream "sample" of that seed; of a conditional model the
 * classes in turn where no label is given. Free with free(). */
real *pictures_samples(Run *run, uint64_t seed, const SampleRequest *request);

/* Texts of a model of texts, in one text; free with free(). */
char *pictures_texts(Run *run, uint64_t seed, const SampleRequest *request);

/* Samples as one figure of that name: a grid of images, or points over the data. */
void pictures_sample_figure(Run *run, Figures *figures, const char *name, const real *sample,
                            int n);

/* Weights between units and pixels as images, the strongest units first, at most 100: grey is 0,
 * white or black a unit's largest. The weight of unit j and pixel d is weight[j * unit_stride + d *
 * pixel_stride]. */
void pictures_weights(const Dataset *data, Figures *figures, const FigureText *text,
                      const real *weight, int units, size_t unit_stride, size_t pixel_stride);

/* Writes n samples [n, dims] as DIR/NAME in NumPy's format; images as [n, height, width, channels].
 */
void pictures_write_npy(const Run *run, const char *path, const real *sample, int n);

/* Image values in the data's units to 0 (black) .. 1 (white), in place. */
void pictures_to_unit(const Dataset *data, real *value, size_t n);

#endif
