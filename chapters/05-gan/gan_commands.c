/* What can be done with a trained GAN, as commands. */
#include "05-gan/gan.h"

#include "support/fail.h"
#include "train/traverse.h"

/* Without rounding to levels: the slope is part of the picture. */
static Tensor *decode(const Model *model, Tensor *z)
{
    const Gan *gan = (const Gan *)model;
    Tensor *x = generator_forward(&gan->generator, z, NULL);
    return tensor_add(tensor_mul(x, gan->scale), gan->center);
}

static void traverse(Model *model, const Task *task)
{
    const GanShape *shape = &((const Gan *)model)->generator.shape;
    if (shape->classes > 0)
        refuse("traverse: the run was trained with labels, so its latent is not all that decides; "
               "train one without --conditional");
    traverse_show(&(LatentDecoder){model, shape->latent, decode}, task);
}

const FamilyCommand gan_commands[] = {
    {"traverse", "move one latent at a time, and count the known causes that follow",
     DATA_BINARY | DATA_GREY | DATA_COLOUR, NULL, traverse},
    {NULL, NULL, 0, NULL, NULL}};
