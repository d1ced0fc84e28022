/* The chapter's pictures, drawn after training and by the commands. */
#ifndef HELMHOLTZ_HELMHOLTZ_FIGURES_H
#define HELMHOLTZ_HELMHOLTZ_FIGURES_H

#include "01-helmholtz/helmholtz.h"

/* How noisy each way of estimating the recognition weights' gradient is, over `repeats` draws on
 * one batch of n training examples; of a small machine also where each points. Prints a table. */
void helmholtz_draw_gradients(const Helmholtz *machine, const Task *task, int n, int k,
                              int repeats);

#endif
