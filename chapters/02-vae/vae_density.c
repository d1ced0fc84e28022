/* The density of a VAE on the plane. */
#include "02-vae/vae_figures.h"

#include "support/memory.h"

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
        double x[2] = {reach * ((2 * (cell % cells) + 1.0) / cells - 1),
                       reach * ((2 * (cell / cells) + 1.0) / cells - 1)};
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
    double *truth = memory_new(CELLS * CELLS, sizeof *truth);
    bool known = task->data->log_density != NULL;
    mixture_density(vae, task, reach, CELLS, model);
    for (int cell = 0; known && cell < CELLS * CELLS; cell++) {
        double x[2] = {reach * ((2 * (cell % CELLS) + 1.0) / CELLS - 1),
                       reach * ((2 * (cell / CELLS) + 1.0) / CELLS - 1)};
        truth[cell] = exp(task->data->log_density(task->data, x));
    }
    FigurePanel panel[2] = {{.title = "model", .density = model},
                            {.title = "true", .density = truth}};
    FigureHeatmaps maps = {.panel = panel,
                           .panels = known ? 2 : 1,
                           .nx = CELLS,
                           .ny = CELLS,
                           .x = {-reach, reach},
                           .y = {-reach, reach}};
    FigureText text = {
        .name = "density", .title = "Density", .x_label = "x1", .y_label = "x2", .z_label = "p(x)"};
    figure_heatmaps(task->figures, &text, &maps);
    free(model);
    free(truth);
}
