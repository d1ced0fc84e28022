/* Pictures of the chapter on disk. Pictures are [n, 3072] in levels. */
#ifndef CLIP_LDM_GALLERY_H
#define CLIP_LDM_GALLERY_H

#include "plot/figure.h"
#include "support/real.h"

/* FILE.png (or a name without the ending): n pictures in a grid near a square, with the
 * script and data beside it. Prints the path. */
void gallery_grid(const char *file, const char *title, const real *picture, int n);

/* FILE-1.png ...: each picture alone, pixel by pixel. */
void gallery_each(const char *file, const real *picture, int n);

/* A figure of rows x columns pictures, with labels or NULL. */
void gallery_figure(Figures *figures, const FigureText *text, const real *picture, int rows,
                    int columns, const char *const *row_label, const char *const *column_label);

#endif
