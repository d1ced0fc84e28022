/* Independent Bernoulli variables given by logits, row by row. Log probabilities in nats. */
#ifndef PROB_BERNOULLI_H
#define PROB_BERNOULLI_H

#include "support/rng.h"
#include "tensor/tensor.h"

/* log P(x) = sum_j x_j l_j - log(1 + e^l_j), one fused operation.
 * x [n, dim] of 0 and 1, logits [n k, dim] -> [n k, 1]: row i of x belongs to rows i k .. i k + k-1
 * of the logits (k samples of a latent for each example). No gradient flows to x. Grey values
 * between 0 and 1 give no likelihood (Loaiza-Ganem & Cunningham 2019, arXiv:1907.06845). */
Tensor *bernoulli_log_prob(Tensor *x, Tensor *logits);

/* 0 or 1 with probability sigmoid(logits), without history; same shape. */
Tensor *bernoulli_sample(Tensor *logits, Rng *rng);

/* The same for units that depend on each other in their order, a fully visible sigmoid belief
 * network (Neal 1992): x_j is 1 with probability
 * sigmoid(logits_j + sum_{i<j} x_i lateral_ij). logits [n, dim]; lateral [dim, dim], of which only
 * what lies above the diagonal counts. Without history. */
Tensor *bernoulli_sample_in_order(Tensor *logits, const Tensor *lateral, Rng *rng);

#endif
