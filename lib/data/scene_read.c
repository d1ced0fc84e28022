/* The reader: a rule that finds the attributes of a picture without having learnt anything.
 *
 *     ground     of the three colours the one that most pixels are near to
 *     objects    connected pixels that are not the ground
 *     colour     of the six the one that, mixed with the ground, leaves the least of the pixels
 *                unexplained; the mixture is the coverage
 *     shape      of the four the one that, at the best radius and place, fits the coverage best
 *     size       that radius;  place: the nearest cell of the grid
 */
#include "data/scene_figure.h"

#include <math.h>
#include <string.h>

/* Levels, square pixels, shares. Chosen so that pictures with noise of 8 levels and softened edges
 * are still read. */
static const double NEAR_GROUND = 60, NOT_GROUND = 50, LEAST_GROUND = 0.4;
static const double LEAST_AREA = 7, MOST_AREA = 110, WORST_COLOUR = 0.1, WORST_FIT = 0.25;
static const double BIG = 3.85; /* between the radii of small and big */

enum { MOST_PARTS = 64 };

static double square(double x)
{
    return x * x;
}

static double distance(const real *pixel, const uint8_t colour[3])
{
    double sum = 0;
    for (int c = 0; c < 3; c++)
        sum += square((double)pixel[c] - colour[c]);
    return sqrt(sum);
}

/* -1: no plain ground. */
static int read_ground(const real *level)
{
    int best = -1, most = (int)(LEAST_GROUND * SCENE_PIXELS);
    for (int g = 0; g < SCENE_GROUNDS; g++) {
        int near = 0;
        for (int i = 0; i < SCENE_PIXELS; i++)
            near += distance(level + 3 * i, scene_ground_colour[g]) < NEAR_GROUND;
        if (near > most) {
            most = near;
            best = g;
        }
    }
    return best;
}

/* ---------------------------------------------------------------- parts */

/* part[i]: 0 ground, else 1 + number of its connected part (edges, not corners). Returns how many
 * parts, at most MOST_PARTS. */
static int find_parts(const real *level, int ground, int *part)
{
    int waiting[SCENE_PIXELS], parts = 0;
    for (int i = 0; i < SCENE_PIXELS; i++)
        part[i] = distance(level + 3 * i, scene_ground_colour[ground]) > NOT_GROUND ? -1 : 0;
    for (int start = 0; start < SCENE_PIXELS && parts < MOST_PARTS; start++) {
        if (part[start] != -1)
            continue;
        int count = 0;
        part[start] = ++parts;
        waiting[count++] = start;
        while (count > 0) {
            int i = waiting[--count], row = i / SCENE_SIDE, column = i % SCENE_SIDE;
            const int next[4] = {row > 0 ? i - SCENE_SIDE : i,
                                 row < SCENE_SIDE - 1 ? i + SCENE_SIDE : i, column > 0 ? i - 1 : i,
                                 column < SCENE_SIDE - 1 ? i + 1 : i};
            for (int k = 0; k < 4; k++)
                if (part[next[k]] == -1) {
                    part[next[k]] = parts;
                    waiting[count++] = next[k];
                }
        }
    }
    return parts;
}

/* One part with its rim: the coverage of pixels, 0 elsewhere. */
typedef struct Patch {
    double coverage[SCENE_PIXELS];
    int top, bottom, left, right; /* with the rim */
    double area, x, y;            /* of the coverage: sum, centre of mass */
} Patch;

static void find_box(const int *part, int number, Patch *patch)
{
    patch->top = patch->left = SCENE_SIDE;
    patch->bottom = patch->right = -1;
    for (int i = 0; i < SCENE_PIXELS; i++) {
        if (part[i] != number)
            continue;
        int row = i / SCENE_SIDE, column = i % SCENE_SIDE;
        patch->top = row < patch->top ? row : patch->top;
        patch->bottom = row > patch->bottom ? row : patch->bottom;
        patch->left = column < patch->left ? column : patch->left;
        patch->right = column > patch->right ? column : patch->right;
    }
    patch->top -= patch->top > 0;
    patch->left -= patch->left > 0;
    patch->bottom += patch->bottom < SCENE_SIDE - 1;
    patch->right += patch->right < SCENE_SIDE - 1;
}

/* How much of a pixel is the colour, the rest being ground, and what that leaves unexplained. */
static double mixture(const real *pixel, const uint8_t ground[3], const uint8_t colour[3],
                      double *unexplained)
{
    double along = 0, length = 0, rest = 0;
    for (int c = 0; c < 3; c++) {
        along += ((double)pixel[c] - ground[c]) * (colour[c] - ground[c]);
        length += square(colour[c] - ground[c]);
    }
    double share = fmin(fmax(along / length, 0), 1);
    for (int c = 0; c < 3; c++)
        rest += square((double)pixel[c] - ground[c] - share * (colour[c] - ground[c]));
    *unexplained = rest;
    return share;
}

/* The colour that explains the part's own pixels best; -1 where none does. */
static int read_colour(const real *level, const int *part, int number, int ground)
{
    int best = -1;
    double least = INFINITY, all = 0;
    for (int i = 0; i < SCENE_PIXELS; i++)
        if (part[i] == number)
            all += square(distance(level + 3 * i, scene_ground_colour[ground]));
    for (int c = 0; c < SCENE_COLOURS; c++) {
        double sum = 0, rest;
        for (int i = 0; i < SCENE_PIXELS; i++)
            if (part[i] == number) {
                mixture(level + 3 * i, scene_ground_colour[ground], scene_colour[c], &rest);
                sum += rest;
            }
        if (sum < least) {
            least = sum;
            best = c;
        }
    }
    return least < WORST_COLOUR * all ? best : -1;
}

static void find_coverage(const real *level, const int *part, int number, int ground, int colour,
                          Patch *patch)
{
    double rest;
    patch->area = patch->x = patch->y = 0;
    for (int row = patch->top; row <= patch->bottom; row++)
        for (int column = patch->left; column <= patch->right; column++) {
            int i = row * SCENE_SIDE + column;
            double share = part[i] == number || part[i] == 0
                               ? mixture(level + 3 * i, scene_ground_colour[ground],
                                         scene_colour[colour], &rest)
                               : 0;
            share = part[i] == 0 && share < 0.1 ? 0 : share; /* noise of the ground */
            patch->coverage[i] = share;
            patch->area += share;
            patch->x += share * (column + 0.5);
            patch->y += share * (row + 0.5);
        }
    patch->x /= patch->area;
    patch->y /= patch->area;
}

/* ---------------------------------------------------------------- fitting */

static double misfit(const Patch *patch, const Figure *figure)
{
    double sum = 0;
    for (int row = patch->top; row <= patch->bottom; row++)
        for (int column = patch->left; column <= patch->right; column++)
            sum += square(scene_coverage(figure, row, column) -
                          patch->coverage[row * SCENE_SIDE + column]);
    return sum / patch->area;
}

/* The figure that fits best: each shape with the radius of the patch's area and some about it, and
 * its centre of mass where the patch's is or a little beside. Returns the misfit. */
static double fit(const Patch *patch, Figure *best)
{
    double least = INFINITY;
    for (int shape = 0; shape < SCENE_SHAPES; shape++) {
        double expected = sqrt(patch->area / scene_area(shape, 1));
        for (int r = -3; r <= 3; r++)
            for (int i = 0; i < 9; i++) {
                Figure figure = {.shape = shape, .radius = expected * (1 + 0.05 * r)};
                figure.x = patch->x + 0.3 * (i % 3 - 1);
                figure.y = patch->y - scene_mass_below(shape, figure.radius) + 0.3 * (i / 3 - 1);
                double wrong = misfit(patch, &figure);
                if (wrong < least) {
                    least = wrong;
                    *best = figure;
                }
            }
    }
    return least;
}

static int cell(double x)
{
    int at = (int)lround((x - 6) / 10);
    return at < 0 ? 0 : at > 2 ? 2 : at;
}

/* false: the part is no figure. *speck: too small to be one. */
static bool read_object(const real *level, const int *part, int number, int ground,
                        SceneObject *object, bool *speck)
{
    Patch patch;
    Figure figure = {0};
    int pixels = 0;
    for (int i = 0; i < SCENE_PIXELS; i++)
        pixels += part[i] == number;
    *speck = pixels < LEAST_AREA;
    if (*speck)
        return false;
    object->colour = read_colour(level, part, number, ground);
    if (object->colour < 0)
        return false;
    find_box(part, number, &patch);
    find_coverage(level, part, number, ground, object->colour, &patch);
    if (patch.area < LEAST_AREA || patch.area > MOST_AREA || fit(&patch, &figure) > WORST_FIT)
        return false;
    object->shape = figure.shape;
    object->size = figure.radius > BIG;
    object->place = 3 * cell(figure.y) + cell(figure.x);
    return true;
}

bool scene_read(const real *level, Scene *read)
{
    int part[SCENE_PIXELS];
    *read = (Scene){.ground = read_ground(level)};
    if (read->ground < 0)
        return false;
    int parts = find_parts(level, read->ground, part);
    for (int number = 1; number <= parts; number++) {
        SceneObject object;
        bool speck;
        if (read_object(level, part, number, read->ground, &object, &speck)) {
            if (read->objects == SCENE_MOST)
                return false;
            int at = read->objects++;
            for (; at > 0 && read->object[at - 1].place > object.place; at--)
                read->object[at] = read->object[at - 1];
            read->object[at] = object;
        } else if (!speck) {
            return false;
        }
    }
    return read->objects > 0 && parts < MOST_PARTS;
}

/* ---------------------------------------------------------------- what was said */

static bool fits(int read, int said)
{
    return said == SCENE_ANY || read == said;
}

static bool object_fits(const SceneObject *read, const SceneObject *said)
{
    return fits(read->shape, said->shape) && fits(read->colour, said->colour) &&
           fits(read->size, said->size) && fits(read->place, said->place);
}

/* Whether objects said[at ..] have partners among those not taken (bits). */
static bool assigned(const Scene *read, const Scene *said, int at, unsigned taken)
{
    if (at == said->objects)
        return true;
    for (int i = 0; i < read->objects; i++)
        if ((taken >> i & 1) == 0 && object_fits(&read->object[i], &said->object[at]) &&
            assigned(read, said, at + 1, taken | 1u << i))
            return true;
    return false;
}

bool scene_satisfies(const Scene *read, const Scene *said)
{
    return read->objects == said->objects && fits(read->ground, said->ground) &&
           assigned(read, said, 0, 0);
}

static int score_of(bool alone, int read, int said)
{
    return said == SCENE_ANY ? -1 : alone && read == said;
}

SceneScore scene_score(const Scene *read, const Scene *said)
{
    const SceneObject *r = &read->object[0], *s = &said->object[0];
    bool alone = read->objects == 1;
    return (SceneScore){.objects = alone,
                        .shape = score_of(alone, r->shape, s->shape),
                        .colour = score_of(alone, r->colour, s->colour),
                        .size = score_of(alone, r->size, s->size),
                        .place = score_of(alone, r->place, s->place),
                        .ground = score_of(alone, read->ground, said->ground)};
}
