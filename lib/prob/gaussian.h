/* Diagonal Gaussians, row by row: mean and logvar [n, dim]. Log densities in nats. */
#ifndef PROB_GAUSSIAN_H
#define PROB_GAUSSIAN_H

#include "support/rng.h"
#include "tensor/tensor.h"

typedef struct Gaussian {
    Tensor *mean;   /* [n, dim]                           */
    Tensor *logvar; /* [n, dim]: log of the variance      */
} Gaussian;

/* z = mean + exp(logvar / 2) * epsilon, epsilon ~ N(0, I): the reparameterization trick, through
 * which gradients reach mean and logvar. -> [n, dim]. Source: Kingma & Welling (2014),
 * arXiv:1312.6114, sec. 2.4. */
Tensor *gaussian_sample(Gaussian q, Rng *rng);

/* The same with given noise [n, dim]. */
Tensor *gaussian_sample_with(Gaussian q, Tensor *epsilon);

/* A leaf of N(0, 1) draws with that shape. */
Tensor *gaussian_noise(Tape *tape, int rank, const int *shape, Rng *rng);

/* log N(x; mean, exp(logvar)) summed over dim -> [n, 1]. */
Tensor *gaussian_log_prob(Gaussian p, Tensor *x);

/* log N(x; 0, I) -> [n, 1]. */
Tensor *gaussian_log_prob_standard(Tensor *x);

/* KL(q || N(0, I)) -> [n, 1], nats, >= 0.
 * Source: Kingma & Welling (2014), arXiv:1312.6114, appendix B. */
Tensor *gaussian_kl_to_standard(Gaussian q);

/* KL(q || p) of two Gaussians of one shape -> [n, 1], nats, >= 0. */
Tensor *gaussian_kl(Gaussian q, Gaussian p);

/* Entropy -> [n, 1], nats: dim/2 log(2 pi e) + sum logvar / 2. */
Tensor *gaussian_entropy(Gaussian q);

/* Each row k times (tensor_repeat_rows); without history (tensor_detach). */
Gaussian gaussian_repeat(Gaussian q, int times);
Gaussian gaussian_detach(Gaussian q);

#endif
