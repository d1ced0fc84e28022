#include "08-compare/compare_tracks.h"

#include "01-boltzmann/rbm.h"
#include "01-helmholtz/helmholtz.h"
#include "02-vae/vae.h"
#include "03-flow/flow_model.h"
#include "04-ddpm/ddpm.h"
#include "05-gan/gan.h"
#include "06-transformer/gpt.h"
#include "support/fail.h"

#include <string.h>

/* A new family gets one line in each list whose data it learns. */
static const Entrant of_points[] = {{&vae_family, NULL}, {&flow_family, NULL}, {&ddpm_family, NULL},
                                    {&gan_family, NULL}, {&gpt_family, NULL},  {NULL, NULL}};
static const Entrant of_bits[] = {
    {&boltzmann_family, NULL}, {&helmholtz_family, NULL}, {&vae_family, NULL}, {&flow_family, NULL},
    {&ddpm_family, NULL},      {&gan_family, NULL},       {&gpt_family, NULL}, {NULL, NULL}};
/* with two latents the VAE's p(x) is an integral that can be taken */
static const Entrant of_few_bits[] = {{&boltzmann_family, NULL},   {&helmholtz_family, NULL},
                                      {&vae_family, "--latent 2"}, {&flow_family, NULL},
                                      {&ddpm_family, NULL},        {&gan_family, NULL},
                                      {&gpt_family, NULL},         {NULL, NULL}};
static const Entrant of_grey[] = {{&vae_family, NULL},
                                  {&flow_family, NULL},
                                  {&ddpm_family, NULL},
                                  {&gan_family, NULL},
                                  {NULL, NULL}};

static const Track tracks[] = {
    {"plane", "moons", "points of the plane, whose true density is known", YARDSTICK_PLANE, false,
     of_points},
    {"bars", "bars-3", "bars and stripes: every probability can be written down",
     YARDSTICK_PATTERNS, true, of_few_bits},
    {"digits-binary", "digits-binary", "digits drawn by the program, as images of 0 and 1",
     YARDSTICK_IMAGES, false, of_bits},
    {"mnist-binary", "mnist-binary", "MNIST, every image a fresh draw of 0 and 1", YARDSTICK_IMAGES,
     false, of_bits},
    {"mnist", "mnist",
     "MNIST's grey levels; the transformer, the Boltzmann and the Helmholtz machine have no "
     "likelihood of them",
     YARDSTICK_IMAGES, false, of_grey},
};

enum { TRACKS = sizeof tracks / sizeof tracks[0] };

const Track *track_find(const char *name)
{
    for (int i = 0; i < TRACKS; i++)
        if (strcmp(tracks[i].name, name) == 0)
            return &tracks[i];
    fail("compare: the track '%s' is not in the table", name);
}

const Family *track_family(const char *name)
{
    for (int i = 0; i < TRACKS; i++)
        for (const Entrant *e = tracks[i].entrant; e->family != NULL; e++)
            if (strcmp(e->family->name, name) == 0)
                return e->family;
    return NULL;
}

Dataset *track_load(const Track *track, const char *name)
{
    Dataset *data = dataset_load(name != NULL ? name : track->data);
    switch (track->yardstick) {
    case YARDSTICK_PLANE:
        if (data->kind != DATA_POINTS || data->dims != 2)
            refuse("--data %s: the track plane is about points of two numbers; try --data %s",
                   data->name, track->data);
        break;
    case YARDSTICK_PATTERNS:
        if (strncmp(data->name, "bars", 4) != 0 || data->dims > TRACK_MOST_STATES)
            refuse("--data %s: the track bars is about bars-2, bars-3 and bars-4, whose states can "
                   "be counted out",
                   data->name);
        break;
    case YARDSTICK_IMAGES:
        if (strcmp(data->name, track->data) != 0)
            refuse("--data %s: the track %s is about %s; leave --data out", data->name, track->name,
                   track->data);
        break;
    }
    return data;
}
