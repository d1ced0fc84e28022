/* The four figures as signed distances: what the renderer draws with and the reader fits. Private
 * to lib/data. */
#ifndef DATA_SCENE_FIGURE_H
#define DATA_SCENE_FIGURE_H

#include "data/scene.h"

/* Where a figure is: the middle of its bounding box in pixels from the top left corner, and the
 * radius that its size means. */
typedef struct Figure {
    int shape;
    double x, y, radius;
} Figure;

/* Share of the pixel (row, column) that the figure covers, 0 .. 1: a smooth edge one pixel wide. */
double scene_coverage(const Figure *figure, int row, int column);

/* From the middle of the box to the centre of mass, downwards: the triangle is heavy below. */
double scene_mass_below(int shape, double radius);

/* The covered area in square pixels. */
double scene_area(int shape, double radius);

/* Half of the bounding box's longer side. */
double scene_reach(int shape, double radius);

/* Middle of a place in pixels. */
double scene_place_x(int place);
double scene_place_y(int place);

/* Radii of small and big figures. */
extern const double scene_radius[SCENE_SIZES][2];

#endif
