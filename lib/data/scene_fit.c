/* Which figure of which colour is in a patch of a picture: least squares over shape, colour,
 * centre, radius and blur.
 *
 * A figure of cover a(p) and colour c on ground g leaves  sum |v - a (c - g)|^2,  v = pixel - g,
 * which is  sum |v|^2 - 2 (c - g) . sum a v + |c - g|^2 sum a^2:  one pass over the pixels gives
 * the sums, and with them what every colour leaves. */
#include "data/scene_internal.h"

#include <string.h>

enum { X, Y, R, BLUR, FREE }; /* what is searched for, of one shape */

/* blur: share of a pixel that goes to each neighbour in a row, then in a column, all of it twice.
 * 0.3 is a Gaussian of 1.1 pixels. */
static const float LEAST_R = 3.2f, MOST_R = 7, MOST_BLUR = 0.3f;

typedef struct Trial {
    float value[FREE];
    float left;  /* sum of squares that is left */
    float share; /* of the figure's own sum of squares */
    int colour;
} Trial;

typedef struct Search {
    const ScenePatch *patch;
    float contrast[SCENE_COLOURS][3]; /* palette - ground */
    float square[SCENE_COLOURS];      /* |contrast|^2 */
    float all, noise;                 /* sum |v|^2; what noise leaves */
} Search;

/* shape is a constant at each call, so that the loop is free of branches. */
static inline void cover_as(const ScenePatch *patch, int shape, const float value[FREE], float *a)
{
    float left = (float)patch->left + 0.5f - value[X], top = (float)patch->top + 0.5f - value[Y];
    for (int row = 0; row < patch->high; row++) {
        float y = top + (float)row, r = value[R];
        float *out = a + row * patch->wide;
#pragma omp simd
        for (int column = 0; column < patch->wide; column++)
            out[column] = scene_cover(shape, r, left + (float)column, y);
    }
}

static void cover(const ScenePatch *patch, int shape, const float value[FREE], float *a)
{
    if (shape == SCENE_CIRCLE)
        cover_as(patch, SCENE_CIRCLE, value, a);
    else if (shape == SCENE_BOX)
        cover_as(patch, SCENE_BOX, value, a);
    else if (shape == SCENE_WEDGE)
        cover_as(patch, SCENE_WEDGE, value, a);
    else
        cover_as(patch, SCENE_PLUS, value, a);
}

/* a and out: a patch with a row of zeros before and after. Ends of rows meet, but there is ground
 * there. */
static void blur_along(const float *restrict a, float *restrict out, int pixels, int stride,
                       float blur)
{
#pragma omp simd
    for (int p = 0; p < pixels; p++)
        out[p] = a[p] + blur * (a[p - stride] + a[p + stride] - 2 * a[p]);
}

/* Sum of a^2, and of a v in three colours. */
static void add_up(const ScenePatch *patch, const float *a, float sum[4])
{
    float square = 0, red = 0, green = 0, blue = 0;
#pragma omp simd reduction(+ : square, red, green, blue)
    for (int p = 0; p < patch->wide * patch->high; p++) {
        square += patch->used[p] * a[p] * a[p];
        red += a[p] * patch->red[p];
        green += a[p] * patch->green[p];
        blue += a[p] * patch->blue[p];
    }
    sum[0] = square;
    sum[1] = red;
    sum[2] = green;
    sum[3] = blue;
}

static void sums_of(const ScenePatch *patch, int shape, const float value[FREE], float sum[4])
{
    enum { MARGIN = SCENE_PATCH_SIDE };
    float first[SCENE_PATCH + 2 * MARGIN], second[SCENE_PATCH + 2 * MARGIN];
    float *a = first + MARGIN, *b = second + MARGIN;
    int pixels = patch->wide * patch->high, wide = patch->wide;
    memset(first, 0, MARGIN * sizeof *first);
    memset(second, 0, MARGIN * sizeof *second);
    memset(a + pixels, 0, MARGIN * sizeof *a);
    memset(b + pixels, 0, MARGIN * sizeof *b);
    cover(patch, shape, value, a);
    for (int twice = 0; twice < 2 && value[BLUR] > 0; twice++) {
        blur_along(a, b, pixels, 1, value[BLUR]);
        blur_along(b, a, pixels, wide, value[BLUR]);
    }
    add_up(patch, a, sum);
}

static void judge(const Search *search, int shape, Trial *trial)
{
    float sum[4];
    sums_of(search->patch, shape, trial->value, sum);
    trial->left = INFINITY;
    for (int c = 0; c < SCENE_COLOURS; c++) {
        const float *contrast = search->contrast[c];
        float along = contrast[0] * sum[1] + contrast[1] * sum[2] + contrast[2] * sum[3];
        float own = search->square[c] * sum[0], left = search->all - 2 * along + own;
        if (left >= trial->left)
            continue;
        trial->left = left;
        trial->colour = c;
        trial->share = fmaxf(left - search->noise, 0) / own;
    }
}

static bool in_range(const Trial *trial)
{
    return trial->value[R] >= LEAST_R && trial->value[R] <= MOST_R && trial->value[BLUR] >= 0 &&
           trial->value[BLUR] <= MOST_BLUR;
}

/* One step along each axis, forth or else back, where that leaves less; whether any did. */
static bool step(const Search *search, int shape, float size, Trial *best)
{
    static const float unit[FREE] = {1, 1, 1, 0.24f};
    bool moved = false;
    for (int axis = 0; axis < FREE; axis++)
        for (int sign = -1; sign <= 1; sign += 2) {
            Trial trial = *best;
            trial.value[axis] += (float)sign * size * unit[axis];
            if (!in_range(&trial))
                continue;
            judge(search, shape, &trial);
            if (trial.left >= best->left)
                continue;
            *best = trial;
            moved = true;
            break;
        }
    return moved;
}

/* A search by coordinates with steps of 1/2, 1/4, 1/8 of a pixel. */
static Trial descend(const Search *search, int shape, float x, float y, float area)
{
    enum { MOST_STEPS = 12 };
    /* area of each figure of radius 1 */
    static const float unit[SCENE_SHAPES] = {3.1416f, 4 * SCENE_SQUARE * SCENE_SQUARE,
                                             1.2990f * SCENE_TRIANGLE * SCENE_TRIANGLE,
                                             8 * SCENE_CROSS - 4 * SCENE_CROSS * SCENE_CROSS};
    float r = sqrtf(area / unit[shape]);
    r = r < LEAST_R ? LEAST_R : r > MOST_R ? MOST_R : r;
    Trial best = {.value = {x, y, r, 0}};
    judge(search, shape, &best);
    for (float size = 0.5f; size > 0.1f; size /= 2)
        for (int i = 0; i < MOST_STEPS && step(search, shape, size, &best); i++)
            continue;
    return best;
}

static void search_init(Search *search, const ScenePatch *patch, const float ground[3], float noise)
{
    *search = (Search){.patch = patch};
    for (int c = 0; c < SCENE_COLOURS; c++)
        for (int i = 0; i < 3; i++) {
            float contrast = (float)scene_colour[c][i] - ground[i];
            search->contrast[c][i] = contrast;
            search->square[c] += contrast * contrast;
        }
    float used = 0;
    for (int p = 0; p < patch->wide * patch->high; p++) {
        used += patch->used[p];
        search->all += patch->red[p] * patch->red[p] + patch->green[p] * patch->green[p] +
                       patch->blue[p] * patch->blue[p];
    }
    search->noise = noise * used;
}

SceneFit scene_fit(const ScenePatch *patch, const float ground[3], float noise, float x, float y,
                   float area)
{
    Search search;
    search_init(&search, patch, ground, noise);
    SceneFit fit = {0};
    float least = INFINITY;
    for (int shape = 0; shape < SCENE_SHAPES; shape++) {
        Trial trial = descend(&search, shape, x, y, area);
        if (trial.left >= least)
            continue;
        least = trial.left;
        fit = (SceneFit){shape,          trial.colour,      trial.value[X], trial.value[Y],
                         trial.value[R], trial.value[BLUR], trial.share};
    }
    return fit;
}
