#include "data/sources.h"
#include "data/user.h"
#include "support/fail.h"
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

/* Reads the header of image i. The caller finishes or frees the image. */
static png_image image_open(const Folder *folder, int i)
{
    char *path = memory_format("%s/%s", folder->path, folder->entry[i]->d_name);
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (png_image_begin_read_from_file(&image, path) == 0)
        refuse("%s: not a PNG that can be read: %s. Remove it or save it again", path,
               image.message);
    free(path);
    return image;
}

static void folder_survey(Folder *folder)
{
    for (int i = 0; i < folder->count; i++) {
        png_image image = image_open(folder, i);
        if (i == 0) {
            folder->width = image.width;
            folder->height = image.height;
        }
        if (image.width != folder->width || image.height != folder->height)
            refuse("%s/%s: %u x %u pixels, but %s has %u x %u; scale them all to one size",
                   folder->path, folder->entry[i]->d_name, image.width, image.height,
                   folder->entry[0]->d_name, folder->width, folder->height);
        folder->colour = folder->colour || (image.format & PNG_FORMAT_FLAG_COLOR) != 0;
        png_image_free(&image);
    }
}

static void image_read(const Folder *folder, int i, uint8_t *level)
{
    png_image image = image_open(folder, i);
    image.format = folder->colour ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
    png_color black = {0};
    if (png_image_finish_read(&image, &black, level, 0, NULL) == 0)
        refuse("%s/%s: damaged: %s. Remove it or save it again", folder->path,
               folder->entry[i]->d_name, image.message);
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
    for (int i = 0; i < folder->count; i++)
        image_read(folder, (int)order[i], dataset->level + (size_t)i * dims);
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
