#include "plot/png.h"

#include "support/fail.h"
#include "support/file.h"
#include "support/memory.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

/* libpng's simplified interface: it reports by return value, so no longjmp crosses this code. */
static const char *write_png(const char *path, int width, int height, const uint8_t *pixels,
                             png_uint_32 format)
{
    if (width < 1 || height < 1)
        fail("png: '%s' would be %d x %d pixels; both must be at least 1", path, width, height);
    png_image image;
    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    image.width = (png_uint_32)width;
    image.height = (png_uint_32)height;
    image.format = format;
    png_alloc_size_t bytes = PNG_IMAGE_PNG_SIZE_MAX(image);
    void *memory = memory_new(bytes, 1);
    const char *reason = "libpng could not compress the picture";
    if (png_image_write_to_memory(&image, memory, &bytes, 0, pixels, 0, NULL))
        reason = file_write(path, memory, bytes);
    png_image_free(&image);
    free(memory);
    return reason;
}

const char *png_write_grey(const char *path, int width, int height, const uint8_t *pixels)
{
    return write_png(path, width, height, pixels, PNG_FORMAT_GRAY);
}

const char *png_write_rgb(const char *path, int width, int height, const uint8_t *pixels)
{
    return write_png(path, width, height, pixels, PNG_FORMAT_RGB);
}
