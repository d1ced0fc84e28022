/* Whether each number of a code stands for one known cause of the data: two measures on examples
 * whose causes (factors) are known.
 *
 * MIG, the mutual information gap, mean over the factors v_k:
 *
 *     [ I(z_a; v_k) - I(z_b; v_k) ] / H(v_k)
 *
 * z_a the latent that tells most about the factor, z_b the second. 1: one latent tells all of it,
 * the others nothing. Latents are cut into 20 bins of equal width between their least and greatest
 * value; factors too, unless they have at most 20 distinct values.
 * Source: Chen, Li, Grosse, Duvenaud (2018), arXiv:1802.04942, eq. 6, who integrate over q(z|x);
 * the bins of means are those of Locatello et al. (2019), arXiv:1811.12359 (10,000 examples, 20
 * bins).
 *
 * DCI: a regression of each factor from the code gives R_ij, how much latent i counts for factor j.
 *
 *     disentanglement   sum_i r_i (1 - H(P_i) / ln factors),  P_ij = R_ij / sum_j R_ij,
 *                       r_i = sum_j R_ij / sum_ij R_ij        (does a latent serve one factor?)
 *     completeness      mean_j (1 - H(Q_j) / ln latents),     Q_ij = R_ij / sum_i R_ij
 *                                                             (is a factor served by one latent?)
 *     informativeness   mean_j of the held-out variance of factor j that is explained, 0 .. 1
 *
 * Source: Eastwood & Williams (2018), "A framework for the quantitative evaluation of disentangled
 * representations", ICLR, section 2, and their program qedr. The regression is the first of theirs,
 * the lasso on standardised latents, R_ij = |coefficient|. They report the informativeness as the
 * root of the share not explained.
 *
 * Traps: figures of DCI with another regression (boosted trees, random forests) do not compare, nor
 * do those where completeness is weighted by factor. The lasso is linear: a latent that bends back
 * counts for nothing, MIG does notice it. D and C say nothing where the informativeness is near 0:
 * one tiny coefficient that is alone in its row makes a 1. MIG is low for a turned code that
 * holds everything, that is its purpose; a latent with outliers has few bins in use; and from n
 * examples a mutual information of 20 by 20 bins is about 19^2 / 2n nats too high (0.02 for
 * 10,000). A latent that never varies tells nothing. A factor that never varies has no score and is
 * left out of the means. NaN: no factor varies, or a number is not finite. */
#ifndef METRIC_DISENTANGLE_H
#define METRIC_DISENTANGLE_H

#include "support/real.h"

enum { DISENTANGLE_BINS = 20 };

/* I(z_i; v_j) of the binned numbers, nats: code [n, latents], factor [n, factors] -> information
 * [latents, factors]; entropy [factors], H(v_j), may be NULL. All finite. */
void disentangle_information(const real *code, int n, int latents, const real *factor, int factors,
                             double *information, double *entropy);

/* 0 .. 1, from code [n, latents] and factor [n, factors]; n, latents, factors at least 1. */
double disentangle_mig(const real *code, int n, int latents, const real *factor, int factors);

typedef struct Dci {
    double disentanglement, completeness, informativeness;
} Dci;

/* The first 60 % of the n rows are fitted, the next 20 % choose the penalty of each factor, the
 * last 20 % measure what is explained: rows in random order, n at least 10. importance [latents,
 * factors], R, and explained [factors], NaN where a factor doesn't vary, may be NULL. */
Dci disentangle_dci(const real *code, int n, int latents, const real *factor, int factors,
                    double *importance, double *explained);

#endif
