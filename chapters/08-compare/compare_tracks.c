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

const char track_names[] = "plane|bars|digits-binary|mnist-binary|mnist";

/* A new family gets one line in each track whose data it learns. */
static const Track tracks[] = {
    {.name = "plane",
     .data = "moons",
     .about = "points of the plane, whose true density is known",
     .yardstick = YARDSTICK_PLANE,
     .kind = DATA_POINTS,
     .entrant = {{&vae_family, NULL},
                 {&flow_family, NULL},
                 {&ddpm_family, NULL},
                 {&gan_family, NULL},
                 {&gpt_family, NULL},
                 {NULL, NULL}}},
    {.name = "bars",
     .data = "bars-3",
     .about = "bars and stripes: every probability can be written down",
     .yardstick = YARDSTICK_PATTERNS,
     .kind = DATA_BINARY,
     .states = true,
     .entrant = {{&boltzmann_family, NULL},
                 {&helmholtz_family, NULL},
                 {&vae_family, "--latent 2"},
                 {&flow_family, NULL},
                 {&ddpm_family, NULL},
                 {&gan_family, NULL},
                 {&gpt_family, NULL},
                 {NULL, NULL}}},
    {.name = "digits-binary",
     .data = "digits-binary",
     .about = "digits drawn by the program, as images of 0 and 1",
     .yardstick = YARDSTICK_IMAGES,
     .kind = DATA_BINARY,
     .entrant = {{&boltzmann_family, NULL},
                 {&helmholtz_family, NULL},
                 {&vae_family, NULL},
                 {&flow_family, NULL},
                 {&ddpm_family, NULL},
                 {&gan_family, NULL},
                 {&gpt_family, NULL},
                 {NULL, NULL}}},
    {.name = "mnist-binary",
     .data = "mnist-binary",
     .about = "MNIST, every image a fresh draw of 0 and 1",
     .yardstick = YARDSTICK_IMAGES,
     .kind = DATA_BINARY,
     .entrant = {{&boltzmann_family, NULL},
                 {&helmholtz_family, NULL},
                 {&vae_family, NULL},
                 {&flow_family, NULL},
                 {&ddpm_family, NULL},
                 {&gan_family, NULL},
                 {&gpt_family, NULL},
                 {NULL, NULL}}},
    {.name = "mnist",
     .data = "mnist",
     .about =
         "MNIST's grey levels; the transformer, the Boltzmann and the Helmholtz machine have no "
         "likelihood of them",
     .yardstick = YARDSTICK_IMAGES,
     .kind = DATA_GREY,
     .entrant = {{&vae_family, NULL},
                 {&flow_family, NULL},
                 {&ddpm_family, NULL},
                 {&gan_family, NULL},
                 {NULL, NULL}}},
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
