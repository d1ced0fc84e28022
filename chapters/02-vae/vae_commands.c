/* What can be done with a trained VAE, as commands. */
#include "02-vae/vae_figures.h"

#include "support/fail.h"
#include "train/traverse.h"

static const OptionSpec slider_options[] = {
    {"unit", OPTION_INT, NULL, "J", "latent to move, from 1 (default: the most active ones)", 1,
     4096, NULL},
    {"reach", OPTION_REAL, "3", "R", "from -R to R", 0.01, 100, NULL},
    {"image", OPTION_INT, "0", "I", "which of ten test images to start from", 0, 9, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static const OptionSpec denoise_options[] = {
    {"damage", OPTION_REAL, "0.1", "SHARE", "share of the pixels that are turned over", 0, 1, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static void slider_command(Model *model, const Task *task)
{
    const Vae *vae = (const Vae *)model;
    int unit = -1, width = vae_top_width(vae);
    if (options_set(task->options, "unit"))
        unit = (int)options_int(task->options, "unit") - 1;
    if (unit >= width)
        refuse_usage("--unit %d: this model's latent has %d units", unit + 1, width);
    vae_draw_sliders(vae, task, unit, (int)options_int(task->options, "image"),
                     options_real(task->options, "reach"));
}

static void denoise_command(Model *model, const Task *task)
{
    vae_draw_reconstructions((const Vae *)model, task, options_real(task->options, "damage"));
}

static void interpolate_command(Model *model, const Task *task)
{
    vae_draw_interpolations((const Vae *)model, task);
}

static void attribute_command(Model *model, const Task *task)
{
    if (!vae_draw_attributes((const Vae *)model, task))
        refuse("%s has neither two known factors nor nine classes to find a direction from",
               task->data->name);
}

static Tensor *decode(const Model *model, Tensor *z)
{
    const Vae *vae = (const Vae *)model;
    return vae_mean(vae, vae_descend(vae, z, NULL));
}

static void traverse_command(Model *model, const Task *task)
{
    traverse_show(&(LatentDecoder){model, vae_top_width((const Vae *)model), decode}, task);
}

const FamilyCommand vae_commands[] = {{"slider", "move one latent at a time and watch the image",
                                       DATA_BINARY | DATA_GREY, slider_options, slider_command},
                                      {"denoise", "rebuild test images and damaged ones",
                                       DATA_BINARY | DATA_GREY, denoise_options, denoise_command},
                                      {"interpolate", "walk from one test image to another",
                                       DATA_BINARY | DATA_GREY, NULL, interpolate_command},
                                      {"attribute", "add attribute directions to a latent",
                                       DATA_BINARY | DATA_GREY, NULL, attribute_command},
                                      {"traverse",
                                       "count the known causes that follow when a latent moves",
                                       DATA_BINARY | DATA_GREY, NULL, traverse_command},
                                      {NULL, NULL, 0, NULL, NULL}};
