#include "data/digits.h"

#include "support/fail.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { SPAN_PIECES = 5, MOST_CONTROLS = 14, PIXELS = DIGITS_SIDE * DIGITS_SIDE };

static const float CONTROL_JITTER = 0.04f;

/* A stroke through its control points: x from -1 to 1 rightwards, y from -1 (top) to 1 (bottom).
 * Curved: a Catmull-Rom spline; else straight lines. Closed: the last point joins the first
 * smoothly. */
typedef struct Stroke {
    bool curved, closed;
    int points;
    DigitPoint point[MOST_CONTROLS];
} Stroke;

typedef struct Glyph {
    int strokes;
    Stroke stroke[2];
} Glyph;

static const Glyph GLYPHS[10] = {
    {1,
     {{true,
       true,
       8,
       {{0, -1},
        {.42f, -.75f},
        {.6f, 0},
        {.42f, .75f},
        {0, 1},
        {-.42f, .75f},
        {-.6f, 0},
        {-.42f, -.75f}}}}},
    {1, {{false, false, 3, {{-.3f, -.65f}, {.08f, -1}, {.08f, 1}}}}},
    {2,
     {{true,
       false,
       7,
       {{-.55f, -.55f},
        {-.35f, -.9f},
        {.1f, -1},
        {.48f, -.72f},
        {.42f, -.2f},
        {-.05f, .4f},
        {-.6f, .97f}}},
      {false, false, 2, {{-.6f, .97f}, {.62f, .97f}}}}},
    {2,
     {{true,
       false,
       6,
       {{-.5f, -.78f}, {-.1f, -1}, {.38f, -.85f}, {.42f, -.38f}, {.15f, -.1f}, {-.15f, -.05f}}},
      {true,
       false,
       7,
       {{-.15f, -.05f},
        {.28f, .05f},
        {.54f, .42f},
        {.38f, .85f},
        {-.05f, 1},
        {-.4f, .9f},
        {-.58f, .68f}}}}},
    {2,
     {{false, false, 3, {{.2f, -1}, {-.62f, .32f}, {.65f, .32f}}},
      {false, false, 2, {{.28f, -.55f}, {.28f, 1}}}}},
    {2,
     {{false, false, 3, {{.52f, -.98f}, {-.38f, -.98f}, {-.45f, -.12f}}},
      {true,
       false,
       7,
       {{-.45f, -.12f},
        {0, -.28f},
        {.42f, -.08f},
        {.55f, .4f},
        {.32f, .85f},
        {-.15f, 1},
        {-.58f, .75f}}}}},
    {1,
     {{true,
       false,
       11,
       {{.38f, -.98f},
        {-.1f, -.72f},
        {-.45f, -.15f},
        {-.52f, .45f},
        {-.3f, .9f},
        {.08f, 1},
        {.45f, .78f},
        {.5f, .35f},
        {.22f, .02f},
        {-.18f, .05f},
        {-.48f, .38f}}}}},
    {1, {{false, false, 3, {{-.55f, -.97f}, {.58f, -.97f}, {-.12f, 1}}}}},
    {1,
     {{true,
       true,
       12,
       {{0, -.06f},
        {-.4f, -.35f},
        {-.4f, -.78f},
        {0, -1},
        {.4f, -.78f},
        {.4f, -.35f},
        {0, -.06f},
        {-.5f, .32f},
        {-.48f, .78f},
        {0, 1},
        {.48f, .78f},
        {.5f, .32f}}}}},
    {2,
     {{true,
       true,
       7,
       {{.45f, -.55f},
        {.25f, -.92f},
        {-.15f, -.98f},
        {-.48f, -.65f},
        {-.4f, -.2f},
        {0, -.05f},
        {.35f, -.22f}}},
      {true, false, 4, {{.45f, -.62f}, {.46f, -.1f}, {.38f, .5f}, {.15f, 1}}}}},
};

/* Catmull and Rom (1974): the cubic from b to c whose slopes there are (c - a) / 2 and (d - b) / 2.
 */
static float spline(float a, float b, float c, float d, float t)
{
    float linear = c - a;
    float square = 2 * a - 5 * b + 4 * c - d;
    float cube = 3 * (b - c) + d - a;
    return b + t * (linear + t * (square + t * cube)) / 2;
}

/* Control i of a stroke; beyond the ends the end itself, or round the corner of a closed stroke. */
static DigitPoint control(const Stroke *stroke, int i)
{
    int n = stroke->points;
    if (stroke->closed)
        return stroke->point[(i + n) % n];
    return stroke->point[i < 0 ? 0 : i >= n ? n - 1 : i];
}

static void path_add(DigitPath *path, int *used, DigitPoint point)
{
    if (*used == DIGITS_MOST_POINTS)
        fail("digits: a path has more than %d points", DIGITS_MOST_POINTS);
    path->point[(*used)++] = point;
}

static void path_stroke(DigitPath *path, int *used, const Stroke *stroke)
{
    int spans = stroke->closed ? stroke->points : stroke->points - 1;
    int pieces = stroke->curved ? SPAN_PIECES : 1;
    path_add(path, used, stroke->point[0]);
    for (int s = 0; s < spans; s++) {
        DigitPoint a = control(stroke, s - 1);
        DigitPoint b = control(stroke, s);
        DigitPoint c = control(stroke, s + 1);
        DigitPoint d = control(stroke, s + 2);
        for (int i = 1; i < pieces; i++) {
            float t = (float)i / (float)pieces;
            DigitPoint on = {spline(a.x, b.x, c.x, d.x, t), spline(a.y, b.y, c.y, d.y, t)};
            path_add(path, used, on);
        }
        path_add(path, used, c);
    }
}

void digits_path(int digit, DigitStyle style, const float *jitter, DigitPath *path)
{
    Glyph glyph = GLYPHS[digit];
    int drawn = 0;
    int used = 0;
    path->strokes = glyph.strokes;
    for (int s = 0; s < glyph.strokes; s++) {
        Stroke *stroke = &glyph.stroke[s];
        for (int i = 0; i < stroke->points; i++) {
            stroke->point[i].x += CONTROL_JITTER * jitter[drawn++];
            stroke->point[i].y += CONTROL_JITTER * jitter[drawn++];
        }
        path->start[s] = used;
        path_stroke(path, &used, stroke);
    }
    path->start[glyph.strokes] = used;
    float half = style.size / 2;
    float middle = (DIGITS_SIDE - 1) / 2.0f;
    for (int i = 0; i < used; i++) {
        DigitPoint *p = &path->point[i];
        p->x = middle + style.shift_x + half * (p->x - style.slant * p->y);
        p->y = middle + style.shift_y + half * p->y;
    }
}

static int clamp_pixel(float at)
{
    return at < 0 ? 0 : at > DIGITS_SIDE - 1 ? DIGITS_SIDE - 1 : (int)at;
}

/* Lowers square[pixel] to the squared distance from the piece a-b, in the box that its ink can
 * reach. */
static void ink_piece(DigitPoint a, DigitPoint b, float reach, float *square)
{
    float dx = b.x - a.x;
    float dy = b.y - a.y;
    float length = dx * dx + dy * dy;
    float scale = length > 0 ? 1 / length : 0;
    int left = clamp_pixel(ceilf(fminf(a.x, b.x) - reach));
    int right = clamp_pixel(fmaxf(a.x, b.x) + reach);
    int top = clamp_pixel(ceilf(fminf(a.y, b.y) - reach));
    int bottom = clamp_pixel(fmaxf(a.y, b.y) + reach);
    for (int y = top; y <= bottom; y++) {
        for (int x = left; x <= right; x++) {
            float px = (float)x - a.x;
            float py = (float)y - a.y;
            float along = fminf(fmaxf((px * dx + py * dy) * scale, 0), 1);
            float ex = px - along * dx;
            float ey = py - along * dy;
            float *least = &square[y * DIGITS_SIDE + x];
            *least = fminf(*least, ex * ex + ey * ey);
        }
    }
}

void digits_ink(const DigitPath *path, float thickness, uint8_t *level)
{
    float square[PIXELS];
    float reach = thickness / 2 + 0.5f;
    for (int i = 0; i < PIXELS; i++)
        square[i] = reach * reach;
    for (int s = 0; s < path->strokes; s++)
        for (int i = path->start[s]; i + 1 < path->start[s + 1]; i++)
            ink_piece(path->point[i], path->point[i + 1], reach, square);
    for (int i = 0; i < PIXELS; i++) {
        float ink = fminf(reach - sqrtf(square[i]), 1);
        level[i] = (uint8_t)lrintf(255 * fmaxf(ink, 0));
    }
}
