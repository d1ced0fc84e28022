/* The Hopfield network: N units s_i of -1 and +1, joined to all others by symmetric weights without
 * a diagonal, and an energy that no update raises:
 *
 *     E(s) = -1/2 s'W s,    s_i <- sign(sum_j W_ij s_j), one unit at a time.
 *
 * Memories are valleys of E. At a temperature T > 0 a unit becomes +1 with probability
 * sigmoid(2 h_i / T), h = W s: the network then samples exp(-E(s) / T) / Z, and is a Boltzmann
 * machine without hidden units.
 *
 * Sources: Hopfield (1982), "Neural networks and physical systems with emergent collective
 * computational abilities"; Personnaz, Guyon & Dreyfus (1985), "Information storage and retrieval
 * in spin-glass like neural networks" (the projection rule); Glauber (1963) (the dynamics at T >
 * 0); Amit, Gutfreund & Sompolinsky (1985), "Storing infinite numbers of patterns in a spin-glass
 * model of neural networks" (the capacity, about 0.138 N patterns). */
#ifndef BOLTZMANN_HOPFIELD_H
#define BOLTZMANN_HOPFIELD_H

#include "support/rng.h"

#include <stdint.h>

typedef struct Hopfield {
    int units;
    double *weight; /* [units, units]; symmetric, 0 on the diagonal */
} Hopfield;

/* Without memories. Free with hopfield_free. */
Hopfield hopfield_create(int units);
void hopfield_free(Hopfield *net);

/* Hebb's rule: W += s s' / N, diagonal kept 0. pattern [units] of -1 and +1. */
void hopfield_store(Hopfield *net, const int8_t *pattern);

/* The projection rule: W becomes the projection onto the span of patterns [n, units], then its
 * diagonal 0. Every pattern is a fixed point however much the patterns resemble each other, as long
 * as their span is not everything. */
void hopfield_project(Hopfield *net, const int8_t *pattern, int n);

/* E(s). */
double hopfield_energy(const Hopfield *net, const int8_t *s);

/* All units once, one at a time in random order; s changes in place. temperature 0: the sign, and
 * what stands where the field is 0. energy [units]: E after each update; may be NULL. Returns how
 * many units changed. */
int hopfield_sweep(const Hopfield *net, int8_t *s, double temperature, Rng *rng, double *energy);

/* Sweeps at T = 0 until nothing changes, at most so many; returns the sweeps made. */
int hopfield_recall(const Hopfield *net, int8_t *s, int most, Rng *rng);

/* 1/N sum_i a_i b_i: 1 where equal, 0 for strangers. */
double hopfield_overlap(const int8_t *a, const int8_t *b, int units);

/* Units -1 or +1 with equal probability. */
void hopfield_random(int8_t *s, size_t n, Rng *rng);

/* Exactly round(share N) units turned over, drawn at random. */
void hopfield_damage(int8_t *s, int units, double share, Rng *rng);

/* ---------------------------------------------------------------- experiments */

/* The mean overlap after recall with the stored pattern that recall began at, over `networks`
 * networks of random patterns and at most `probes` patterns of each: out [loads] for patterns =
 * round(load N), load growing. */
void hopfield_capacity(int units, const double *load, int loads, int networks, int probes, Rng *rng,
                       double *out);

/* The load where the curve falls through this overlap, by interpolation; NaN if it does not. */
double hopfield_fall(const double *load, const double *overlap, int loads, double through);

/* The mean overlap with a stored random pattern under Glauber's dynamics that begins there: sweeps
 * after as many that are not counted. */
double hopfield_warm_overlap(int units, int patterns, double temperature, int sweeps, Rng *rng);

/* The solution m >= 0 of m = tanh(m / T): that overlap for few patterns and many units. */
double hopfield_mean_field(double temperature);

/* bin/boltzmann hopfield ...; argv[0] is the command's name. */
int hopfield_main(int argc, char **argv);

#endif
