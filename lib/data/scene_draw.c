/* The renderer: figures as signed distances, edges one pixel wide. */
#include "data/scene_figure.h"

#include <math.h>

const double scene_radius[SCENE_SIZES][2] = {{2.8, 3.2}, {4.5, 4.8}};

enum { CIRCLE, SQUARE, TRIANGLE, CROSS };

/* In units of the radius. The square has nearly the circle's area; the triangle's corners stay in
 * its place. */
static const double SQUARE_HALF = 0.89, TRIANGLE_CORNER = 1.25, CROSS_ARM = 1.1, CROSS_HALF = 0.36;

static const double PI = 3.14159265358979323846;

double scene_place_x(int place)
{
    return 6 + 10 * (place % 3);
}

double scene_place_y(int place)
{
    return 6 + 10 * (place / 3);
}

/* Corners of the triangle at distance R from its centre of mass: the box reaches from -R to R / 2.
 */
double scene_mass_below(int shape, double radius)
{
    return shape == TRIANGLE ? 0.25 * TRIANGLE_CORNER * radius : 0;
}

double scene_area(int shape, double radius)
{
    double square = radius * radius;
    switch (shape) {
    case CIRCLE:
        return PI * square;
    case SQUARE:
        return 4 * SQUARE_HALF * SQUARE_HALF * square;
    case TRIANGLE:
        return 0.75 * sqrt(3) * TRIANGLE_CORNER * TRIANGLE_CORNER * square;
    default:
        return (8 * CROSS_ARM * CROSS_HALF - 4 * CROSS_HALF * CROSS_HALF) * square;
    }
}

double scene_reach(int shape, double radius)
{
    static const double reach[SCENE_SHAPES] = {1, 0.89, 1.25 * 0.8660254, 1.1};
    return reach[shape] * radius;
}

/* How far (x, y), from the middle of the box, is outside the figure; negative inside. */
static double outside(int shape, double radius, double x, double y)
{
    double ax = fabs(x), ay = fabs(y);
    switch (shape) {
    case CIRCLE:
        return sqrt(x * x + y * y) - radius;
    case SQUARE:
        return fmax(ax, ay) - SQUARE_HALF * radius;
    case TRIANGLE: {
        double corner = TRIANGLE_CORNER * radius, below = y - 0.25 * corner;
        return fmax(below, 0.5 * sqrt(3) * ax - 0.5 * below) - 0.5 * corner;
    }
    default:
        return fmin(fmax(ax - CROSS_ARM * radius, ay - CROSS_HALF * radius),
                    fmax(ax - CROSS_HALF * radius, ay - CROSS_ARM * radius));
    }
}

double scene_coverage(const Figure *figure, int row, int column)
{
    double inside = 0.5 - outside(figure->shape, figure->radius, column + 0.5 - figure->x,
                                  row + 0.5 - figure->y);
    return fmin(fmax(inside, 0), 1);
}

static void draw_figure(const Figure *figure, const uint8_t colour[3], uint8_t *level)
{
    double reach = scene_reach(figure->shape, figure->radius) + 1;
    int top = (int)fmax(figure->y - reach, 0), left = (int)fmax(figure->x - reach, 0);
    int bottom = (int)fmin(figure->y + reach, SCENE_SIDE - 1);
    int right = (int)fmin(figure->x + reach, SCENE_SIDE - 1);
    for (int row = top; row <= bottom; row++)
        for (int column = left; column <= right; column++) {
            double share = scene_coverage(figure, row, column);
            uint8_t *pixel = level + 3 * (row * SCENE_SIDE + column);
            for (int c = 0; c < 3; c++)
                pixel[c] = (uint8_t)lround(share * colour[c] + (1 - share) * pixel[c]);
        }
}

void scene_draw(const Scene *scene, Rng *rng, uint8_t *level)
{
    static const double jitter = 0.5; /* pixels */
    for (int i = 0; i < SCENE_LEVELS; i++)
        level[i] = scene_ground_colour[scene->ground][i % 3];
    for (int i = 0; i < scene->objects; i++) {
        const SceneObject *object = &scene->object[i];
        const double *radius = scene_radius[object->size];
        Figure figure = {.shape = object->shape};
        figure.x = scene_place_x(object->place) + jitter * (2 * rng_uniform_one(rng) - 1);
        figure.y = scene_place_y(object->place) + jitter * (2 * rng_uniform_one(rng) - 1);
        figure.radius = radius[0] + (radius[1] - radius[0]) * rng_uniform_one(rng);
        draw_figure(&figure, scene_colour[object->colour], level);
    }
}
