/* Random numbers without hidden state: Philox 4x32-10, a counter-based generator.
 * Source: Salmon, Moraes, Dror, Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3", sec. 3.
 *
 * A number is a function of (seed, stream, step, position), nothing else. So a resumed run needs no
 * saved state, threads do not matter, and a figure that draws from its own stream never changes
 * training. A stream is named ("weights", "data", "noise", "sample"); rng_at jumps to a step of it.
 */
#ifndef SUPPORT_RNG_H
#define SUPPORT_RNG_H

#include "support/real.h"

#include <gsl/gsl_rng.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Rng {
    uint32_t key[2]; /* from the seed and the stream's name         */
    uint64_t step;   /* upper half of the counter                   */
    uint64_t next;   /* lower half: the next block of four words    */
} Rng;

/* The stream of that name under that seed, at step 0. */
Rng rng_stream(uint64_t seed, const char *stream);

/* The same stream at the start of a step. */
Rng rng_at(Rng stream, uint64_t step);

/* n draws, uniform on the open interval (0, 1). */
void rng_uniform(Rng *rng, real *out, size_t n);

/* n draws from N(0, 1), by Box and Muller. */
void rng_normal(Rng *rng, real *out, size_t n);

/* n words of 32 random bits. */
void rng_words(Rng *rng, uint32_t *out, size_t n);

/* One draw each; 53 and 32 random bits. */
double rng_uniform_one(Rng *rng);
double rng_normal_one(Rng *rng);
uint32_t rng_word(Rng *rng);

/* Uniform on {0, ..., n - 1}, without modulo bias. n from 1 to 2^32. */
uint64_t rng_below(Rng *rng, uint64_t n);

/* A uniformly random order of 0 .. n-1 (Fisher and Yates). n below 2^32. */
void rng_permutation(Rng *rng, uint32_t *order, size_t n);

/* The ten rounds themselves: out[4] from counter[4] and key[2]. */
void rng_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* A gsl_rng that draws from *rng, for GSL's distributions. Free with gsl_rng_free; *rng must
 * outlive it. */
gsl_rng *rng_gsl(Rng *rng);

#endif
