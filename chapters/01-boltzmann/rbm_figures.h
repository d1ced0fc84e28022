/* The pictures of the chapter that commands draw with settings of their own. */
#ifndef BOLTZMANN_RBM_FIGURES_H
#define BOLTZMANN_RBM_FIGURES_H

#include "01-boltzmann/rbm_ais.h"

enum { AIS_MOST_POINTS = OPTIONS_MOST_INTS };

/* log Z from both sides against the number of temperatures, beside the exact one where it can be
 * had; and the same as a table on stdout unless the task is quiet. */
void rbm_draw_ais(const Rbm *rbm, const Task *task, int chains, int burn_in,
                  const int *temperatures, int points);

/* Rows: chains that begin at noise; columns: growing numbers of Gibbs steps, the last `steps`. */
void rbm_draw_gibbs(const Rbm *rbm, const Task *task, double temperature, int steps);

#endif
