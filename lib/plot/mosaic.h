/* Images in a grid as one picture of bytes, with white lines between them. Private to lib/plot. */
#ifndef PLOT_MOSAIC_H
#define PLOT_MOSAIC_H

#include "plot/figure.h"

#include <stdint.h>

typedef struct Mosaic {
    int width, height, channels; /* with the lines of one pixel between images */
    uint8_t *byte;               /* [height, width, channels]; free with free() */
} Mosaic;

/* Fails on a shape that makes no sense. */
void mosaic_check(const FigureText *text, const FigureImages *images);

/* Checks too; warns when values are not finite. */
Mosaic mosaic_new(const FigureText *text, const FigureImages *images);

/* How many screen pixels a pixel should get, so that the longer side is near 800. At least 1. */
int mosaic_zoom(const Mosaic *mosaic);

/* Writes it zoomed as a PNG. Returns NULL or the reason. */
const char *mosaic_write(const Mosaic *mosaic, int zoom, const char *path);

#endif
