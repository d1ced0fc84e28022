/* Pictures as PNG files, written by libpng: no gnuplot needed. */
#ifndef PLOT_PNG_H
#define PLOT_PNG_H

#include <stdint.h>

/* pixels [height, width], 0 black .. 255 white, row 0 on top. The file is complete or not there.
 * Returns NULL, or the reason why nothing was written (static text). */
const char *png_write_grey(const char *path, int width, int height, const uint8_t *pixels);

/* The same in colour: pixels [height, width, 3], red green blue. */
const char *png_write_rgb(const char *path, int width, int height, const uint8_t *pixels);

#endif
