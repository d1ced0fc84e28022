/* The Dirac GAN: the smallest game there is. The data are the single point 0, the generator is a
 * single point theta, the discriminator D(x) = psi x. Its solution is theta = psi = 0, and whether
 * training gets there can be computed with a pencil.
 *
 * Near the solution gradient descent with small steps h on the minimax or non-saturating loss
 * follows
 *
 *     theta' = psi / 2       psi' = -theta / 2 - gamma psi
 *
 * whose eigenvalues are -gamma/2 +- sqrt(gamma^2/4 - 1/4): without penalty (gamma = 0) a circle,
 * with R1 a spiral that shrinks by e^(-gamma h / 2) a step while gamma < 1. Steps of finite h, both
 * sides at once, multiply the distance by |1 + h eigenvalue|. Far from the solution the minimax
 * game still runs in circles; the non-saturating one creeps inwards, ever more slowly. Source:
 * Mescheder, Geiger & Nowozin (2018), arXiv:1801.04406. */
#ifndef GAN_GAN_DIRAC_H
#define GAN_GAN_DIRAC_H

#include "05-gan/gan.h"

typedef struct DiracRule {
    GanLoss loss;
    GanPenalty penalty;
    double weight; /* of the penalty: gamma */
    double rate;   /* h                     */
} DiracRule;

/* theta and psi after 0 .. steps steps of gradient descent, both sides at once, with the chapter's
 * own losses and penalties: path [steps + 1, 2], from path[0], path[1]. Data at 0 in the middle of
 * the penalty "one" have no slope of their own: it is taken between 0 and theta. */
void dirac_follow(const DiracRule *rule, int steps, double *path);

/* |1 + h eigenvalue| of the slower eigenvalue: what a step does to the distance near the solution.
 */
double dirac_growth(double gamma, double rate);

/* bin/gan dirac */
int dirac_main(int argc, char **argv);

#endif
