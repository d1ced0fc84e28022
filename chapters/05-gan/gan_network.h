/* The two networks. On points and the smallest images both are multilayer perceptrons; on other
 * images the generator is a linear
 * layer and convolutions between doublings of the image, the discriminator convolutions of stride
 * 2, both after DCGAN (Radford, Metz & Chintala 2016, arXiv:1511.06434), with group norm in the
 * generator in place of batch norm and none in the discriminator, whose penalty is about single
 * examples.
 *
 * Classes: the generator sees a learned vector beside z; the discriminator adds <h(x), v_class> to
 * its logit (the projection of Miyato & Koyama 2018, arXiv:1802.05637, eq. 3). */
#ifndef GAN_NETWORK_H
#define GAN_NETWORK_H

#include "nn/conv.h"
#include "nn/embedding.h"
#include "nn/mlp.h"
#include "nn/norm.h"
#include "nn/spectral.h"

enum { GAN_MOST_LEVELS = 4, GAN_MOST_HIDDEN = 8, GAN_GROUPS = 8 };

/* What both networks are made for. height 1 and width 1: points, or images flattened. */
typedef struct GanShape {
    int height, width, channels; /* of an example; a point has `channels` numbers          */
    int hidden[GAN_MOST_HIDDEN]; /* points: widths of the hidden layers                    */
    int layers;
    bool bounded; /* of images flattened: the generator ends in a tanh, as that of images does */
    int level[GAN_MOST_LEVELS]; /* images: channels of the discriminator, from the image down; the
                                   generator's are the same from the image up                     */
    int levels;
    int latent;  /* numbers of z                                                            */
    int classes; /* 0: without                                                              */
    int pack;    /* examples that the discriminator sees together                           */
    bool spectral;
} GanShape;

typedef struct Generator {
    GanShape shape;
    Embedding class;
    Mlp hidden; /* points */
    Linear in;  /* images: z -> the smallest map */
    GroupNorm norm[GAN_MOST_LEVELS];
    Conv2d conv[GAN_MOST_LEVELS];
    Linear out; /* points */
} Generator;

typedef struct Discriminator {
    GanShape shape;
    Embedding class;
    Mlp hidden;                   /* points */
    Conv2d conv[GAN_MOST_LEVELS]; /* images */
    Linear out;
    Spectral spectral[GAN_MOST_HIDDEN + 1]; /* one a layer, the output's last */
    int spectrals;
} Discriminator;

Generator generator_create(Params *params, const GanShape *shape, Rng *rng);

/* z [n, latent], label [n] or NULL -> examples in network units [n, dims]: images -1 .. 1. */
Tensor *generator_forward(const Generator *generator, Tensor *z, const int *label);

Discriminator discriminator_create(Params *params, const GanShape *shape, Rng *rng);

/* x [n, dims], label [n] or NULL -> logits [n / pack, 1]: rows i pack .. i pack + pack-1 are judged
 * together (Lin et al. 2018, arXiv:1712.04086, sec. 3.1). */
Tensor *discriminator_forward(const Discriminator *discriminator, Tensor *x, const int *label);

/* One power iteration of every layer's spectral norm (the classes' vectors have none); nothing
 * without --spectral. */
void discriminator_iterate(const Discriminator *discriminator);

#endif
