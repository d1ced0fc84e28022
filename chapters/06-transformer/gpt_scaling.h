/* Loss against size. */
#ifndef GPT_SCALING_H
#define GPT_SCALING_H

#include "support/options.h"

typedef struct GptSizes {
    double weights[OPTIONS_MOST_INTS], loss[OPTIONS_MOST_INTS]; /* ascending weights */
    int n;                                                      /* at least 3        */
} GptSizes;

/* fit: L_infinity, log N_c, alpha of L(N) = L_infinity + (N_c / N)^alpha by least squares; false
 * where none is found, or it falls by less than what it leaves (root of the mean square). Source:
 * Henighan et al. (2020), arXiv:2010.14701, eq. 1.1. */
bool gpt_scaling_fit(const GptSizes *sizes, double fit[3]);

#endif
