/* What samplers, bound and ODE run on: anything that guesses the noise in x. The trained network is
 * one (ddpm.h), the exact answer for a mixture of Gaussians another (ddpm_oracle.h); running one
 * method on both tells the network's error from the method's. */
#ifndef DDPM_PREDICTOR_H
#define DDPM_PREDICTOR_H

#include "tensor/tensor.h"

#include <stdbool.h>

/* One guess in two forms, x = alpha x0 + sigma noise: [n, dims] each. */
typedef struct Guess {
    Tensor *noise, *x0;
} Guess;

typedef struct Predictor Predictor;

/* The beginning of a predictor's struct, which its own function casts back. */
struct Predictor {
    int dims;
    double least, most; /* levels that it was made for; it is never asked beyond them */

    /* E[noise | x] and E[x0 | x] for x [n, dims] = alpha x0 + sigma noise, alpha^2 + sigma^2 = 1,
     * at level[n] (diffusion.h), differentiable in x. label[n], -1: no class in particular; NULL:
     * all such. */
    Guess (*guess)(const Predictor *predictor, Tensor *x, const double *level, const int *label);
};

/* The same with x0 kept in [-clip, clip] and the noise made to agree; clip 0: as it is. */
Guess predictor_guess(const Predictor *predictor, Tensor *x, const double *level, const int *label,
                      double clip);

/* The score, the gradient of log q_t(x): -noise / sigma -> [n, dims] (Song et al. 2021,
 * arXiv:2011.13456, sec. 3; Vincent 2011). */
Tensor *predictor_score(const Predictor *predictor, Tensor *x, const double *level,
                        const int *label);

/* Whether all n levels are one. */
bool levels_equal(const double *level, int n);

/* from_x x + from_y y with a factor for each row, [n, 1], or one for all, [1, 1]. -> [n, dims] */
Tensor *rows_mixed(Tensor *from_x, Tensor *x, Tensor *from_y, Tensor *y);

#endif
