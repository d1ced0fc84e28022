/* Figures: every kind of picture that the laboratory draws.
 *
 * A figure NAME in folder DIR leaves
 *   DIR/NAME.gp    a gnuplot script that stands alone: change it, run `gnuplot NAME.gp` in DIR
 *   DIR/NAME.csv   its data, or DIR/NAME.bin (raw numbers of images and density maps)
 *   DIR/NAME.png   the picture (and DIR/NAME.gif, when it is an animation)
 *
 *     Figures *figures = figures_open("runs/vae/figures");
 *     figure_lines(figures, &(FigureText){.name = "loss", .title = "Training", .x_label = "step",
 *                                         .y_label = "loss (nats)"},
 *                  &(FigureLines){.x = step, .n = n, .curve = curve, .curves = 2, .log_x = true});
 *     figures_close(figures);
 *
 * Without gnuplot one notice is printed for all figures; scripts and data are written, and image
 * grids still get their PNG, without title. Whatever goes wrong with a figure (disk, gnuplot) is
 * one warning and never ends the run. Every figure function returns whether the PNG is there and
 * new; an older one of that name is removed when it is not. Data that is empty or has no finite
 * value gives an empty frame that says so, and a warning. Texts are shown as they are: nothing in
 * them is a command or markup. Nothing is kept after a call. */
#ifndef PLOT_FIGURE_H
#define PLOT_FIGURE_H

#include "support/real.h"

#include <stdbool.h>
#include <stddef.h>

/* ---- where figures go ---- */

typedef struct Figures Figures;

/* Makes the folder where it is missing, and looks for gnuplot. Free with figures_close. */
Figures *figures_open(const char *dir);
void figures_close(Figures *figures);

/* The pictures made so far, each once, in order: how many, and the path of number i. */
int figures_drawn(const Figures *figures);
const char *figures_path(const Figures *figures, int i);

bool figures_have_gnuplot(const Figures *figures);

/* How long gnuplot may take for a figure (20 s). After one that took longer, gnuplot is not tried
 * again. */
void figures_limit(Figures *figures, double seconds);

/* ---- what all kinds share ---- */

typedef struct FigureText {
    const char *name;  /* of the files; what is not a letter, digit or one of . _ - becomes - */
    const char *title; /* this and the axes' labels (with units) may be NULL                 */
    const char *x_label, *y_label;
    const char *z_label; /* of the colour scale */
} FigureText;

/* What an axis shows. low = high (as in {0}): chosen from the data. */
typedef struct FigureRange {
    double low, high;
} FigureRange;

/* ---- curves ---- */

typedef struct FigureCurve {
    const char *label;        /* in the legend; NULL: not there                                 */
    const double *y;          /* [n]; NaN leaves a gap                                          */
    const double *low, *high; /* [n]: a band around the curve; both NULL: none                  */
    bool sparse;              /* NaN means "not measured here": the others are joined and dotted */
} FigureCurve;

/* A horizontal line to compare with: an entropy, a bound. */
typedef struct FigureLevel {
    double y;
    const char *label;
} FigureLevel;

typedef struct FigureLines {
    const double *x; /* [n], shared by the curves; NULL: 0, 1, 2, ... */
    size_t n;
    const FigureCurve *curve;
    int curves;
    const FigureLevel *level;
    int levels;
    bool log_x, log_y; /* values <= 0 are left out */
    FigureRange x_range, y_range;
    const char *const *tick; /* [n]: names of the places 0, 1, 2 ... on x, whose values are marked
                                with points; NULL: numbers */
} FigureLines;

bool figure_lines(Figures *figures, const FigureText *text, const FigureLines *lines);

/* ---- points in the plane ---- */

typedef struct FigureScatter {
    const real *point; /* [n, 2]: x, y */
    size_t n;
    const int *group; /* [n], 0 .. groups-1: colour and legend; NULL: one colour              */
    int groups;
    const char *const *group_name; /* [groups]; NULL: the numbers                            */
    const double *value; /* [n]: colour from the palette, when group is NULL; NULL: none */
    bool equal_axes;     /* one unit is as long on either axis                     */
    FigureRange x_range, y_range, value_range;
} FigureScatter;

bool figure_scatter(Figures *figures, const FigureText *text, const FigureScatter *scatter);

/* Frames of points with the same axes, colours and legend: NAME.gif, and the last frame as
 * NAME.png. frame_label [frames] stands behind the title ("step 100"); NULL: none. seconds: how
 * long a frame stays. */
bool figure_scatter_gif(Figures *figures, const FigureText *text, const FigureScatter *frame,
                        int frames, const char *const *frame_label, double seconds);

/* A vector field: arrows from at[i] to at[i] + step[i], coloured by their length. Overlay points
 * optional. */
typedef struct FigureArrows {
    const real *at, *step; /* [n, 2] each */
    size_t n;
    const real *point; /* [points, 2]; NULL: none */
    size_t points;
    bool equal_axes;
    FigureRange x_range, y_range;
} FigureArrows;

bool figure_arrows(Figures *figures, const FigureText *text, const FigureArrows *arrows);

/* ---- images ---- */

typedef struct FigureImages {
    const real *pixel; /* [n, height, width, channels]: 0 black .. 1 white, clipped; NaN: black, a
                          warning */
    int n, height, width;
    int channels;      /* 1 or 3 */
    int rows, columns; /* of the grid, filled row by row; places without an image stay white */
    const char *const *row_label;    /* [rows], left of them; NULL: none     */
    const char *const *column_label; /* [columns], above them; NULL: none    */
} FigureImages;

/* x_label stands below the grid, y_label left of it. */
bool figure_images(Figures *figures, const FigureText *text, const FigureImages *images);

/* Frames of one shape: NAME.gif, and the last frame as NAME.png; as in figure_scatter_gif. */
bool figure_images_gif(Figures *figures, const FigureText *text, const FigureImages *frame,
                       int frames, const char *const *frame_label, double seconds);

/* ---- density maps ---- */

typedef struct FigurePanel {
    const char *title;
    const double *density; /* [ny, nx], row 0 at the bottom: values at the centres of equal cells */
    const real *point;     /* [points, 2], drawn over the map; NULL: none                    */
    const real *step;      /* [points, 2]: arrows from each point to point + step; NULL: none */
    size_t points;
} FigurePanel;

typedef struct FigureHeatmaps {
    const FigurePanel *panel; /* side by side, in one colour range; at most 6 */
    int panels;
    int nx, ny;          /* cells of every panel, at least 2                                      */
    FigureRange x, y;    /* the edges of the map, low < high                          */
    FigureRange density; /* what the colours span                                     */
} FigureHeatmaps;

bool figure_heatmaps(Figures *figures, const FigureText *text, const FigureHeatmaps *heatmaps);

/* ---- bars and histograms ---- */

typedef struct FigureBar {
    const char *label;
    double value; /* NaN: no bar */
    double error; /* drawn from value - error to value + error; 0 or NaN: not drawn */
} FigureBar;

typedef struct FigureBars {
    const FigureBar *bar;
    int bars;
    FigureRange y_range; /* by default from 0 */
} FigureBars;

bool figure_bars(Figures *figures, const FigureText *text, const FigureBars *bars);

typedef struct FigureSample {
    const char *label;
    const double *value; /* [n]; what is not finite or outside the range is not counted */
    size_t n;
} FigureSample;

/* Densities: a sample's bins together have the area (share of its finite values in the range). */
typedef struct FigureHistogram {
    const FigureSample *sample;
    int samples;
    int bins;            /* of equal width, the same for all samples; 0: 40 */
    FigureRange x_range; /* what the bins span                           */
} FigureHistogram;

bool figure_histogram(Figures *figures, const FigureText *text, const FigureHistogram *histogram);

#endif
