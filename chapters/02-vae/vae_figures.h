/* The chapter's pictures, drawn after training and by the commands. Each goes to the task's
 * figures. */
#ifndef VAE_FIGURES_H
#define VAE_FIGURES_H

#include "02-vae/vae.h"

/* Width of the top latent layer. */
int vae_top_width(const Vae *vae);

/* Test images, rebuilt; the same with that share of the pixels turned over. */
void vae_draw_reconstructions(const Vae *vae, const Task *task, double damage);

/* Straight lines of the latent between pairs of test images. */
void vae_draw_interpolations(const Vae *vae, const Task *task);

/* One row a latent, moved from -reach to reach, the others as the encoder has them for one of ten
 * test images. unit: which latent, from 0; -1: the most active ones. */
void vae_draw_sliders(const Vae *vae, const Task *task, int unit, int image, double reach);

/* z + a z_first + b z_second: two known factors of the data, or two ways from class to class.
 * Returns false when the data have neither. */
bool vae_draw_attributes(const Vae *vae, const Task *task);

/* On the plane: the model's density beside the true one. */
void vae_draw_density(const Vae *vae, const Task *task);

#endif
