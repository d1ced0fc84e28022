/* One of n things, given by scores (logits): how sharp, cut to the likely ones, drawn.
 *
 * At temperature T the probability of i is e^(s_i / T) / Z: Boltzmann's distribution of a system
 * whose states have the energies -s_i. T = 1 is what a network was trained for, T -> 0 takes the
 * best, T -> infinity makes all equal. Entropies in nats. */
#ifndef PROB_CATEGORICAL_H
#define PROB_CATEGORICAL_H

#include "support/real.h"
#include "support/rng.h"

/* What is left of a distribution before a draw, in this order: temperature (0: the best alone, the
 * first of equals), the top_k likeliest (0: all), of these the fewest likeliest that hold at least
 * top_p of their sum (1: all). Of equally likely ones the first goes first. What is left is made
 * to add up to 1. Source of top_p: Holtzman et al. (2020), arXiv:1904.09751, eq. 2 and 3. */
typedef struct CategoricalCut {
    double temperature; /* >= 0 */
    int top_k;
    double top_p; /* in (0, 1] */
} CategoricalCut;

/* score [n] -> probability [n], adding up to 1. */
void categorical_cut(const real *score, int n, CategoricalCut cut, double *probability);

/* The first i whose cumulative probability is above u, a uniform number in (0, 1). */
int categorical_pick(const double *probability, int n, double u);

double categorical_entropy(const double *probability, int n);

/* The variance of the energies -score under the distribution; dH/dT = Var(E) / T^3. */
double categorical_energy_variance(const real *score, const double *probability, int n);

#endif
