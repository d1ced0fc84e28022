/* Reading back what the plot library left, for its tests. */
#ifndef TESTS_PLOT_PICTURES_H
#define TESTS_PLOT_PICTURES_H

#include <png.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Picture {
    int width, height; /* 0 when it could not be read        */
    png_byte *rgb;     /* [height, width, 3]; free with free() */
} Picture;

static inline Picture picture_read(const char *dir, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    Picture picture = {0};
    png_image image;
    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    if (!png_image_begin_read_from_file(&image, path))
        return picture;
    image.format = PNG_FORMAT_RGB;
    picture.rgb = malloc(PNG_IMAGE_SIZE(image));
    const png_color white = {255, 255, 255};
    if (png_image_finish_read(&image, &white, picture.rgb, 0, NULL)) {
        picture.width = (int)image.width;
        picture.height = (int)image.height;
    }
    png_image_free(&image);
    return picture;
}

static inline bool picture_has_size(const char *dir, const char *name, int width, int height)
{
    Picture picture = picture_read(dir, name);
    free(picture.rgb);
    if (picture.width == width && picture.height == height)
        return true;
    printf("\n    %s is %d x %d, not %d x %d\n", name, picture.width, picture.height, width,
           height);
    return false;
}

/* How many pixels have nearly that colour, and their mean place. */
typedef struct Spot {
    int count;
    double x, y;
} Spot;

static inline Spot picture_spot(const Picture *picture, int red, int green, int blue)
{
    Spot spot = {0};
    for (int y = 0; y < picture->height; y++) {
        for (int x = 0; x < picture->width; x++) {
            const png_byte *pixel = picture->rgb + 3 * (y * picture->width + x);
            if (abs(pixel[0] - red) > 4 || abs(pixel[1] - green) > 4 || abs(pixel[2] - blue) > 4)
                continue;
            spot.count++;
            spot.x += x;
            spot.y += y;
        }
    }
    if (spot.count > 0) {
        spot.x /= spot.count;
        spot.y /= spot.count;
    }
    return spot;
}

/* A whole file with a zero byte behind it, or NULL. Free with free(). */
static inline char *text_read(const char *dir, const char *name, size_t *bytes)
{
    char path[512];
    snprintf(path, sizeof path, "%s%s%s", dir, *dir != '\0' ? "/" : "", name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *text = malloc(size + 1);
    size_t got = fread(text, 1, size, file);
    text[got] = '\0';
    fclose(file);
    if (bytes != NULL)
        *bytes = got;
    return text;
}

static inline bool text_holds(const char *dir, const char *name, const char *piece)
{
    char *text = text_read(dir, name, NULL);
    bool holds = text != NULL && strstr(text, piece) != NULL;
    if (!holds)
        printf("\n    %s does not hold '%s' but:\n%.600s\n", name, piece, text != NULL ? text : "");
    free(text);
    return holds;
}

static inline int times_in(const char *text, const char *piece)
{
    int times = 0;
    for (const char *at = text; (at = strstr(at, piece)) != NULL; at++)
        times++;
    return times;
}

static inline bool is_there(const char *dir, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return access(path, F_OK) == 0;
}

#endif
