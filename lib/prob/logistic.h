/* The discretised logistic distribution over levels 0 .. levels-1, for grey images: bins of one
 * level, the first reaching to minus and the last to plus infinity, so that the probabilities of
 * all levels add up to 1 and no correction is needed. Source: Kingma et al. (2016),
 * arXiv:1606.04934, eq. 16; Salimans et al. (2017), arXiv:1701.05517, eq. 2. */
#ifndef PROB_LOGISTIC_H
#define PROB_LOGISTIC_H

#include "support/rng.h"
#include "tensor/tensor.h"

/* Positions are level / (levels - 1), from 0 to 1. */
typedef struct Logistic {
    Tensor *mean;      /* [n, dim]                       */
    Tensor *log_scale; /* [n, dim]: log of the scale      */
} Logistic;

/* log P(x) summed over dim -> [n k, 1], nats: x [n, dim] holds whole levels, row i of x belongs to
 * rows i k .. i k + k-1 of p. No gradient flows to x. */
Tensor *logistic_log_prob(Logistic p, Tensor *x, int levels);

/* Levels drawn from p, without history; same shape as the mean. */
Tensor *logistic_sample(Logistic p, int levels, Rng *rng);

#endif
