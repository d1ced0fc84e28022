#include "07-clip-ldm/gallery.h"

#include "data/world.h"
#include "plot/png.h"
#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 32 };

/* Levels to 0 .. 1; free with free(). */
static real *to_unit(const real *picture, int n)
{
    size_t numbers = (size_t)n * WORLD_MOST_LEVELS;
    real *unit = memory_new(numbers, sizeof *unit);
    for (size_t i = 0; i < numbers; i++)
        unit[i] = picture[i] / 255;
    return unit;
}

static void draw_images(Figures *figures, const FigureText *text, const real *picture, int n,
                        int rows, int columns, const char *const *row_label,
                        const char *const *column_label)
{
    real *unit = to_unit(picture, n);
    figure_images(figures, text,
                  &(FigureImages){.pixel = unit,
                                  .n = n,
                                  .height = SIDE,
                                  .width = SIDE,
                                  .channels = 3,
                                  .rows = rows,
                                  .columns = columns,
                                  .row_label = row_label,
                                  .column_label = column_label});
    free(unit);
}

void gallery_figure(Figures *figures, const FigureText *text, const real *picture, int rows,
                    int columns, const char *const *row_label, const char *const *column_label)
{
    draw_images(figures, text, picture, rows * columns, rows, columns, row_label, column_label);
}

/* "a/b.png" without ".png". Free with free(). */
static char *stem_of(const char *file)
{
    size_t length = strlen(file);
    bool ends = length > 4 && strcmp(file + length - 4, ".png") == 0;
    return memory_format("%.*s", (int)(ends ? length - 4 : length), file);
}

void gallery_grid(const char *file, const char *title, const real *picture, int n)
{
    char *stem = stem_of(file), *slash = strrchr(stem, '/');
    char *folder =
        slash != NULL ? memory_format("%.*s", (int)(slash - stem), stem) : memory_text(".");
    int columns = (int)ceil(sqrt(n));
    Figures *figures = figures_open(*folder != '\0' ? folder : "/");
    FigureText text = {.name = slash != NULL ? slash + 1 : stem, .title = title};
    draw_images(figures, &text, picture, n, (n + columns - 1) / columns, columns, NULL, NULL);
    for (int i = 0; i < figures_drawn(figures); i++)
        printf("%s\n", figures_path(figures, i));
    figures_close(figures);
    free(folder);
    free(stem);
}

void gallery_each(const char *file, const real *picture, int n)
{
    char *stem = stem_of(file);
    uint8_t level[WORLD_MOST_LEVELS];
    for (int i = 0; i < n; i++) {
        char *path = memory_format("%s-%d.png", stem, i + 1);
        for (int d = 0; d < WORLD_MOST_LEVELS; d++)
            level[d] = (uint8_t)lround((double)picture[(size_t)i * WORLD_MOST_LEVELS + (size_t)d]);
        const char *reason = png_write_rgb(path, SIDE, SIDE, level);
        if (reason != NULL)
            refuse("%s: not written: %s", path, reason);
        free(path);
    }
    printf("%s-1.png ... %s-%d.png\n", stem, stem, n);
    free(stem);
}
