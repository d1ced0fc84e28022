#include "data/sources.h"
#include "data/user.h"
#include "support/fail.h"
#include "support/file.h"
#include "support/memory.h"

#include <dirent.h>
#include <errno.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LEAST_IMAGES = 3 };

static const size_t MOST_BYTES = (size_t)1 << 30;

/* The PNGs of a folder and what they have in common. */
typedef struct Folder {
    const char *path;
    struct dirent **entry; /* [count], by name */
    int count;
    unsigned width, height; /* pixels */
    bool colour;
} Folder;

static int is_png(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length > 4 && strcasecmp(entry->d_name + length - 4, ".png") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Reads the header of a file. libpng keeps the address of *image, which the caller finishes or
 * frees. */
static void png_open(const char *path, png_image *image)
{
    *image = (png_image){.version = PNG_IMAGE_VERSION};
    if (png_image_begin_read_from_file(image, path) == 0)
        refuse("%s: not a PNG that can be read: %s. Remove it or save it again", path,
               image->message);
}

/* The pixels of an opened file, grey or in colour. */
static void png_finish(const char *path, png_image *image, bool colour, uint8_t *level)
{
    png_color black = {0};
    image->format = colour ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
    if (png_image_finish_read(image, &black, level, 0, NULL) == 0)
        refuse("%s: damaged: %s. Remove it or save it again", path, image->message);
}

static char *image_path(const Folder *folder, int i)
{
    return memory_format("%s/%s", folder->path, folder->entry[i]->d_name);
}

static void folder_survey(Folder *folder)
{
    for (int i = 0; i < folder->count; i++) {
        png_image image;
        char *path = image_path(folder, i);
        png_open(path, &image);
        if (i == 0) {
            folder->width = image.width;
            folder->height = image.height;
        }
        if (image.width != folder->width || image.height != folder->height)
            refuse("%s: %u x %u pixels, but %s has %u x %u; scale them all to one size", path,
                   image.width, image.height, folder->entry[0]->d_name, folder->width,
                   folder->height);
        folder->colour = folder->colour || (image.format & PNG_FORMAT_FLAG_COLOR) != 0;
        png_image_free(&image);
        free(path);
    }
}

static Dataset *folder_read(const Folder *folder)
{
    int channels = folder->colour ? 3 : 1;
    size_t bytes = (size_t)folder->width * folder->height;
    size_t most = MOST_BYTES / (size_t)channels / (size_t)folder->count;
    if (bytes > most)
        refuse("%s: %d images of %u x %u pixels are more than 1 GiB; scale them down", folder->path,
               folder->count, folder->width, folder->height);
    Dataset *dataset = dataset_new(folder->path, folder->colour ? DATA_COLOUR : DATA_GREY,
                                   (int)folder->height, (int)folder->width, channels, 256);
    uint32_t *order = memory_new((size_t)folder->count, sizeof *order);
    dataset_deal(dataset, order, (size_t)folder->count);
    size_t dims = (size_t)dataset->dims;
    dataset->level = memory_new((size_t)folder->count * dims, 1);
    for (int i = 0; i < folder->count; i++) {
        png_image image;
        char *path = image_path(folder, (int)order[i]);
        png_open(path, &image);
        png_finish(path, &image, folder->colour, dataset->level + (size_t)i * dims);
        free(path);
    }
    free(order);
    return dataset;
}

Dataset *user_images(const char *path)
{
    Folder folder = {.path = path};
    folder.count = scandir(path, &folder.entry, is_png, by_name);
    if (folder.count < 0)
        refuse("%s: can't be read: %s", path, strerror(errno));
    if (folder.count < LEAST_IMAGES)
        refuse("%s: %d PNGs; at least %d are needed, one for each of train, validation and test",
               path, folder.count, LEAST_IMAGES);
    folder_survey(&folder);
    Dataset *dataset = folder_read(&folder);
    for (int i = 0; i < folder.count; i++)
        free(folder.entry[i]);
    free(folder.entry);
    return dataset;
}

void dataset_read_image(const Dataset *dataset, const char *path, real *x)
{
    png_image image;
    if (!file_exists(path))
        refuse("%s: not found; give the path of a PNG", path);
    uint8_t *level = memory_new((size_t)dataset->dims, 1);
    png_open(path, &image);
    if (image.width != (unsigned)dataset->width || image.height != (unsigned)dataset->height)
        refuse("%s: %u x %u pixels, but the images of %s have %d x %d; scale it to that size", path,
               image.width, image.height, dataset->name, dataset->width, dataset->height);
    png_finish(path, &image, dataset->channels == 3, level);
    for (int d = 0; d < dataset->dims; d++)
        x[d] = dataset->levels == 2 ? level[d] >= 128 : level[d];
    free(level);
}
