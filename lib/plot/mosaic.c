#include "plot/mosaic.h"

#include "plot/png.h"
#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WHITE = 255, LONGEST = 800, MOST_ZOOM = 20 };

void mosaic_check(const FigureText *text, const FigureImages *images)
{
    if (images->height < 1 || images->width < 1 || images->rows < 1 || images->columns < 1)
        fail("figure %s: %d x %d images of %d x %d pixels; each must be at least 1", text->name,
             images->rows, images->columns, images->height, images->width);
    if (images->channels != 1 && images->channels != 3)
        fail("figure %s: images have %d channels; 1 (grey) and 3 (red, green, blue) can be drawn",
             text->name, images->channels);
}

static uint8_t to_byte(real value)
{
    if (!(value > 0)) /* also what is not a number */
        return 0;
    return value < 1 ? (uint8_t)lround(255 * (double)value) : WHITE;
}

/* Image number i of the grid to its place. Returns how many of its values are not finite. */
static size_t place(Mosaic *mosaic, const FigureImages *images, int i)
{
    size_t line = (size_t)images->width * (size_t)images->channels;
    size_t top = (size_t)(i / images->columns) * (size_t)(images->height + 1);
    size_t left = (size_t)(i % images->columns) * (size_t)(images->width + 1);
    const real *pixel = images->pixel + (size_t)i * (size_t)images->height * line;
    size_t wrong = 0;
    for (size_t y = 0; y < (size_t)images->height; y++) {
        size_t start = (top + y) * (size_t)mosaic->width + left;
        uint8_t *to = mosaic->byte + start * (size_t)mosaic->channels;
        for (size_t x = 0; x < line; x++) {
            real value = pixel[y * line + x];
            wrong += !isfinite(value);
            to[x] = to_byte(value);
        }
    }
    return wrong;
}

Mosaic mosaic_new(const FigureText *text, const FigureImages *images)
{
    mosaic_check(text, images);
    Mosaic mosaic = {.width = images->columns * (images->width + 1) - 1,
                     .height = images->rows * (images->height + 1) - 1,
                     .channels = images->channels};
    size_t bytes = (size_t)mosaic.width * (size_t)mosaic.height * (size_t)mosaic.channels;
    mosaic.byte = memory_new(bytes, 1);
    memset(mosaic.byte, WHITE, bytes);
    size_t wrong = 0;
    int places = images->rows * images->columns;
    for (int i = 0; i < images->n && i < places; i++)
        wrong += place(&mosaic, images, i);
    if (wrong > 0)
        warn("figure %s: %zu values of the images are not finite", text->name, wrong);
    return mosaic;
}

int mosaic_zoom(const Mosaic *mosaic)
{
    int longest = mosaic->width > mosaic->height ? mosaic->width : mosaic->height;
    int zoom = (LONGEST + longest / 4) / longest;
    if (zoom > MOST_ZOOM)
        return MOST_ZOOM;
    return zoom > 1 ? zoom : 1;
}

const char *mosaic_write(const Mosaic *mosaic, int zoom, const char *path)
{
    size_t channels = (size_t)mosaic->channels;
    size_t width = (size_t)(mosaic->width * zoom);
    size_t height = (size_t)(mosaic->height * zoom);
    uint8_t *large = memory_new(width * height, channels);
    for (size_t y = 0; y < height; y++) {
        const uint8_t *from = mosaic->byte + y / (size_t)zoom * (size_t)mosaic->width * channels;
        uint8_t *to = large + y * width * channels;
        for (size_t x = 0; x < width; x++)
            memcpy(to + x * channels, from + x / (size_t)zoom * channels, channels);
    }
    const char *reason = channels == 1 ? png_write_grey(path, (int)width, (int)height, large)
                                       : png_write_rgb(path, (int)width, (int)height, large);
    free(large);
    return reason;
}
