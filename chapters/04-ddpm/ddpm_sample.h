/* Samplers: several ways from noise to data with one predictor.
 *
 *     ddpm        ancestral: x_{t-1} ~ p(x_{t-1}|x_t)
 *                 Ho et al. (2020), arXiv:2006.11239, alg. 2
 *     ddim        eta 0: deterministic; eta 1: as ddpm with the small variance
 *                 Song et al. (2021), arXiv:2010.02502, eq. 12 and 16
 *     heun        the probability-flow ODE in second order
 *                 Karras et al. (2022), arXiv:2206.00364, alg. 1 without churn
 *     langevin    many noisy steps up the score at each level
 *                 Song & Ermon (2019), arXiv:1907.05600, alg. 1
 *     flow-euler  Euler steps of equal length along flow matching's path
 *                 Lipman et al. (2023), arXiv:2210.02747
 *     flow-heun   the same path with Heun's steps
 *
 * x is in network units on the scale alpha^2 + sigma^2 = 1. All memory is released at each step, so
 * a thousand steps need no more than one. */
#ifndef DDPM_SAMPLE_H
#define DDPM_SAMPLE_H

#include "04-ddpm/diffusion.h"
#include "04-ddpm/predictor.h"
#include "support/rng.h"
#include "tensor/tape.h"

typedef enum SamplerKind {
    SAMPLER_DDPM,
    SAMPLER_DDIM,
    SAMPLER_HEUN,
    SAMPLER_LANGEVIN,
    SAMPLER_FLOW_EULER,
    SAMPLER_FLOW_HEUN
} SamplerKind;

/* What one step shows to a figure. */
typedef struct SamplerView {
    int step, steps; /* 0: the start, before any step; then 1 .. steps                        */
    double level;    /* of x; minus infinity when x is data                                   */
    const real *x;   /* [n, dims], scale alpha^2 + sigma^2 = 1                                */
    const real *x0;  /* [n, dims]: the guess that led here; NULL at the start                 */
    int n, dims;
} SamplerView;

/* The beginning of an observer's struct, which its own function casts back. */
typedef struct SamplerObserver SamplerObserver;
struct SamplerObserver {
    void (*see)(SamplerObserver *observer, const SamplerView *view);
};

typedef struct Sampler {
    SamplerKind kind;
    const Predictor *predictor;
    const NoiseSchedule *schedule; /* the full one                                             */
    int steps;                     /* ddpm and ddim: 1 .. T; langevin: levels times inner steps */
    double eta;                    /* of ddim                                                  */
    FixedVariance variance;        /* of ddpm                                                  */
    double clip;                   /* x0 is kept in [-clip, clip]; 0: not                      */
    double pace;                   /* langevin: step / sigma^2, 1 where 0                    */
    int inner;                     /* langevin: steps a level, 10 where 0                      */

    /* Where ddpm and ddim start. 0: at pure noise, which is drawn. k: at x_k of the `steps` steps,
     * which x holds when sampler_run is called; sampler_noise makes it of an x0 (SDEdit, Meng et
     * al. 2022, arXiv:2108.01073). */
    int from;

    /* Inpainting, ddpm and ddim: where mask [n, dims] is 1 the result is `known` [n, dims]; each
     * step puts q(x_t | known) there, and is repeated so many times after noising anew (Lugmayr et
     * al. 2022, arXiv:2201.09865, alg. 1). NULL: none. */
    const real *known, *mask;
    int repeats; /* 0 or 1: no repetition */

    SamplerObserver *observer; /* NULL: nobody looks on */
} Sampler;

/* n samples into x [n, dims]. label[n] or NULL. The tape's memory is marked and released; history
 * is off while it runs. Stops with one line when a value is not finite, or steps are out of range.
 */
void sampler_run(const Sampler *sampler, Tape *tape, Rng *noise, int n, const int *label, real *x);

/* x_k of x0, k of the sampler's steps: alpha x0 + sigma eps, in place. */
void sampler_noise(const Sampler *sampler, int k, Rng *noise, int n, real *x);

/* ddim's way back: data to latents x_T, in place, with the sampler's steps. Run again with ddim,
 * eta 0 and from = steps it returns, up to an error that halves when the steps double. */
void sampler_invert(const Sampler *sampler, Tape *tape, int n, const int *label, real *x);

/* A latent between two, on the great circle through them (Shoemake 1985; Song et al. 2021,
 * arXiv:2010.02502, sec. 5.3): share 0 gives a, 1 gives b [dims]; its length stays that of noise.
 */
void sampler_between(const real *a, const real *b, int dims, double share, real *out);

/* The levels that heun goes through, falling, level[0 .. steps-1]; after the last comes the data:
 * sigma / alpha evenly spaced in its seventh root (Karras et al. 2022, eq. 5) between the
 * predictor's least and its most, but 80 at most. */
void sampler_heun_levels(const Predictor *predictor, int steps, double *level);

/* "ddpm" and so on. */
const char *sampler_name(SamplerKind kind);

#endif
