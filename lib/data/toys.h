/* Two-dimensional toy sets: how each is drawn, and its density.
 *
 * Definitions: the first eight are those of FFJORD's lib/toy_data.py (Grathwohl et al. 2019,
 * arXiv:1810.01367), which takes moons, circles and swissroll from scikit-learn's make_moons,
 * make_circles and make_swiss_roll. There the angles of moons, circles and rings are evenly spaced
 * and the components have equal counts; here every point is drawn by itself, component and angle
 * uniform, so that the examples are independent and the density below is exactly theirs.
 *
 * A sampler draws x[2] and returns the component. A log density takes x[2] and gives nats. */
#ifndef DATA_TOYS_H
#define DATA_TOYS_H

#include "data/dataset.h"
#include "support/rng.h"

/* toys.c: mixtures, squares, circles. toys_curves.c: these four. */
int moons_sample(Rng *rng, double x[2]);
double moons_log_density(const Dataset *dataset, const double *x);

/* Beyond distance 12 from the centre, where the density is below e^-138, gives minus infinity. */
int pinwheel_sample(Rng *rng, double x[2]);
double pinwheel_log_density(const Dataset *dataset, const double *x);

int spirals_sample(Rng *rng, double x[2]);
double spirals_log_density(const Dataset *dataset, const double *x);

int swissroll_sample(Rng *rng, double x[2]);
double swissroll_log_density(const Dataset *dataset, const double *x);

/* log sum_i exp(term[i]), safe for terms of any size. n at least 1. */
double toys_log_sum(const double *term, int n);

#endif
