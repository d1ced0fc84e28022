/* The density of a VAE on the plane. */
#include "02-vae/vae_figures.h"

#include "support/memory.h"
#include "train/truth.h"

#include <gsl/gsl_math.h>
#include <math.h>
#include <stdlib.h>

/* On the plane the model is a mixture of Gaussians, one for each latent: p(x) = E_p(z)[p(x|z)]. The
 * same latents serve all cells, so the picture is smooth where importance sampling would speckle.
 */
static void mixture_density(const Vae *vae, const Task *task, double reach, int cells,
                            double *density)
{
    enum { COMPONENTS = 4096 };
    const double log_two_pi = M_LN2 + M_LNPI;
    Rng noise = task->noise;
    tape_reset(task->tape);
    params_bind(vae->model.part[0].params, task->tape);
    Tensor *top = gaussian_noise(task->tape, 2, (int[]){COMPONENTS, vae_top_width(vae)}, &noise);
    Gaussian p = vae_decode_gaussian(vae, vae_descend(vae, top, &noise));
    for (int cell = 0; cell < cells * cells; cell++) {
        double x[2];
        truth_cell(cell, cells, reach, x);
        double sum = 0;
        for (int k = 0; k < COMPONENTS; k++) {
            double log_p = 0;
            for (int d = 0; d < 2; d++) {
                double logvar = (double)p.logvar->value[2 * k + d];
                double distance = x[d] - (double)p.mean->value[2 * k + d];
                log_p -= 0.5 * (distance * distance * exp(-logvar) + logvar + log_two_pi);
            }
            sum += exp(log_p);
        }
        density[cell] = sum / COMPONENTS;
    }
}

void vae_draw_density(const Vae *vae, const Task *task)
{
    enum { CELLS = 80 };
    const double reach = 4.5;
    double *model = memory_new(CELLS * CELLS, sizeof *model);
    mixture_density(vae, task, reach, CELLS, model);
    truth_draw_density(task, "model", model, CELLS, reach);
    free(model);
}
