/* A model of points beside the true density and beside what needs no learning. */
#ifndef TRAIN_TRUTH_H
#define TRAIN_TRUTH_H

#include "train/family.h"

/* Into the report, for the task's examples x [examples, dims]: log p of a kernel density estimate
 * from 10,000 training points; where the truth is known, its log p and what the estimate and the
 * model lose against it, paired on the same points, in nats. model [examples]: its log p, or NULL.
 */
void truth_compare(const Task *task, const real *x, const double *model, LikelihoodReport *report);

#endif
