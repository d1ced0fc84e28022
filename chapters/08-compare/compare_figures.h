/* The pictures of a comparison, into OUT/figures with their scripts and data:
 *
 *     samples      images: a row of samples a family, of one seed; or points as maps of how many
 *                  fall in each cell, all in one colour range
 *     density      on the plane: the densities that have one, beside the true one, one range
 *     curves       the held-out loss in nats against seconds of training
 *     quality      parallel coordinates: each metric from the worst of these rows to other real
 * data
 */
#ifndef COMPARE_COMPARE_FIGURES_H
#define COMPARE_COMPARE_FIGURES_H

#include "08-compare/compare_format.h"
#include "plot/figure.h"

/* A picture for the page: what it shows, in words. */
typedef struct Picture {
    const char *name; /* OUT/figures/NAME.png                        */
    char *caption;    /* also its alternative text; free with free() */
} Picture;

enum { PICTURES_MOST = 16 };

typedef struct Pictures {
    Picture picture[PICTURES_MOST];
    int count;
} Pictures;

Pictures compare_figures(const Contest *contest, Figures *figures);
void compare_pictures_free(Pictures *pictures);

#endif
