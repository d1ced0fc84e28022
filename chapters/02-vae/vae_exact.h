/* log p(x) of a VAE with one or two latents and few pixels, without encoder, bound or draws:
 *
 *     p(x) = integral N(z; 0, I) prod_d p(x_d|z) dz
 *
 * by the trapezoidal rule, which errs less than any power of the step on smooth functions that
 * vanish at both ends (Trefethen & Weideman 2014, "The exponentially convergent trapezoidal rule",
 * theorem 5.1). The weights sum to 1, so the probabilities of all x sum to 1 at any step. */
#ifndef VAE_VAE_EXACT_H
#define VAE_VAE_EXACT_H

#include "02-vae/vae.h"

/* Whether it can be done: binary images of at most 36 pixels, one layer of at most 2 latents. */
bool vae_exact_possible(const Vae *vae);

/* log p(x) of x [n, dims], 0 and 1, nats, by a grid of that step from -6 to 6 in each latent. */
void vae_exact(const Vae *vae, const real *x, int n, double step, double *log_prob);

#endif
