/* A model of points beside the true density and beside what needs no learning. */
#ifndef TRAIN_TRUTH_H
#define TRAIN_TRUTH_H

#include "train/family.h"

/* Into the report, for the task's examples x [examples, dims]: log p of a kernel density estimate
 * from 10,000 training points; where the truth is known, its log p and what the estimate and the
 * model lose against it, paired on the same points, in nats. model [examples]: its log p, or NULL.
 */
void truth_compare(const Task *task, const real *x, const double *model, LikelihoodReport *report);

/* The centre of a cell of a square map of the plane, [-reach, reach]^2 in cells x cells, in the
 * order of figure_heatmaps: row 0 at the bottom. */
void truth_cell(int cell, int cells, double reach, double x[2]);

/* The figure "density": a model's density at those centres [cells^2], under its title, beside the
 * true one where that is known. */
void truth_draw_density(const Task *task, const char *title, const double *density, int cells,
                        double reach);

#endif
