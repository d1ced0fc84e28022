/* The pictures of lib/data/faces.h. Shapes are signed distances in pixels, negative inside, and
 * cover a pixel by 0.5 - distance at its middle, kept within 0 .. 1: edges are smooth, so a slider
 * changes every picture a little. A face is symmetric: the right half is drawn, x counted from the
 * middle line, and mirrored. */
#include "data/faces.h"

#include <math.h>

enum { HALF = FACE_SIDE / 2 };

typedef struct Colour {
    float red, green, blue;
} Colour;

typedef struct Point {
    float x, y;
} Point;

/* Where the parts of a face are and what colours they have. */
typedef struct Plan {
    float age, beard, smile, hair, glasses, skin;
    float middle, wide, high; /* of the head, an ellipse: its middle's y and its radii */
    Point eye;
    float eye_radius, glass;        /* radius of a glass */
    float mouth, mouth_wide;        /* its y, half its width */
    Colour tone, line, lock, shade; /* skin, lines in it, hair, beard */
} Plan;

typedef struct Canvas {
    Colour pixel[FACE_SIDE][HALF];
} Canvas;

static const Colour GROUND = {176, 218, 236}, WHITE = {255, 255, 255}, BLACK = {24, 22, 28},
                    BLUSH = {238, 120, 110}, FRAME = {28, 40, 120};

static float mix(float from, float to, float share)
{
    return from + (to - from) * share;
}

static Colour mix_colour(Colour from, Colour to, float share)
{
    return (Colour){mix(from.red, to.red, share), mix(from.green, to.green, share),
                    mix(from.blue, to.blue, share)};
}

static float least(float a, float b)
{
    return a < b ? a : b;
}

static float most(float a, float b)
{
    return a > b ? a : b;
}

/* Kept within 0 .. 1, for colours leave their range beyond. */
static float slider(const Face *face, FaceFactor factor)
{
    return most(0, least(1, (float)face->value[factor]));
}

static Plan plan_of(const Face *face)
{
    Plan plan;
    plan.age = slider(face, FACE_AGE);
    plan.beard = slider(face, FACE_BEARD);
    plan.smile = slider(face, FACE_SMILE);
    plan.hair = slider(face, FACE_HAIR);
    plan.glasses = slider(face, FACE_GLASSES);
    plan.skin = slider(face, FACE_SKIN);
    float head = slider(face, FACE_HEAD);
    plan.middle = 14.5f;
    plan.wide = mix(7.4f, 11.4f, head);
    plan.high = mix(12.3f, 10.6f, head);
    plan.eye = (Point){0.45f * plan.wide, plan.middle - 1};
    plan.eye_radius = mix(1.1f, 2.8f, slider(face, FACE_EYES));
    plan.glass = mix(3, 3.9f, head);
    plan.mouth = plan.middle + 0.53f * plan.high;
    plan.mouth_wide = 0.42f * plan.wide;
    plan.tone = mix_colour((Colour){252, 222, 196}, (Colour){112, 70, 44}, plan.skin);
    plan.line = mix_colour(plan.tone, BLACK, 0.5f);
    plan.lock = mix_colour((Colour){58, 36, 22}, (Colour){214, 212, 214}, plan.age);
    plan.shade = mix_colour(plan.lock, BLACK, 0.2f);
    return plan;
}

/* ---------------------------------------------------------------- distances */

/* To an ellipse, to first order: exact on the edge, which is where coverage changes. */
static float to_ellipse(Point p, Point middle, float wide, float high)
{
    float x = (p.x - middle.x) / wide, y = (p.y - middle.y) / high;
    float radius = sqrtf(x * x + y * y);
    float slope = sqrtf(x * x / (wide * wide) + y * y / (high * high));
    return slope > 0 ? radius * (radius - 1) / slope : -least(wide, high);
}

static float to_segment(Point p, Point a, Point b)
{
    float along_x = b.x - a.x, along_y = b.y - a.y, x = p.x - a.x, y = p.y - a.y;
    float share = (x * along_x + y * along_y) / (along_x * along_x + along_y * along_y);
    share = most(0, least(1, share));
    float gap_x = x - share * along_x, gap_y = y - share * along_y;
    return sqrtf(gap_x * gap_x + gap_y * gap_y);
}

/* An arch: half an ellipse with straight sides below its middle, without an end. */
static float to_arch(Point p, float middle, float wide, float high)
{
    return p.y < middle ? to_ellipse(p, (Point){0, middle}, wide, high) : p.x - wide;
}

/* ---------------------------------------------------------------- painting */

static Point middle_of(int row, int column)
{
    return (Point){(float)column + 0.5f, (float)row + 0.5f};
}

static void paint(Canvas *canvas, int row, int column, float distance, Colour colour, float opacity)
{
    float cover = opacity * most(0, least(1, 0.5f - distance));
    Colour *pixel = &canvas->pixel[row][column];
    if (cover > 0)
        *pixel = mix_colour(*pixel, colour, cover);
}

/* Rows or columns that a shape from `from` to `to` may touch. */
typedef struct Span {
    int first, end;
} Span;

static Span span(float from, float to, int size)
{
    int first = (int)floorf(from - 1), end = (int)ceilf(to + 1);
    return (Span){first > 0 ? first : 0, end < size ? end : size};
}

static void ellipse(Canvas *canvas, Point middle, float wide, float high, Colour colour,
                    float opacity)
{
    Span rows = span(middle.y - high, middle.y + high, FACE_SIDE);
    Span columns = span(middle.x - wide, middle.x + wide, HALF);
    for (int r = rows.first; r < rows.end; r++)
        for (int c = columns.first; c < columns.end; c++)
            paint(canvas, r, c, to_ellipse(middle_of(r, c), middle, wide, high), colour, opacity);
}

static void stroke(Canvas *canvas, Point a, Point b, float thick, Colour colour, float opacity)
{
    Span rows = span(least(a.y, b.y) - thick, most(a.y, b.y) + thick, FACE_SIDE);
    Span columns = span(least(a.x, b.x) - thick, most(a.x, b.x) + thick, HALF);
    for (int r = rows.first; r < rows.end; r++)
        for (int c = columns.first; c < columns.end; c++)
            paint(canvas, r, c, to_segment(middle_of(r, c), a, b) - thick / 2, colour, opacity);
}

/* ---------------------------------------------------------------- parts of a face */

/* Hair grows outwards, and from the top of the head down to the shoulders. `open` leaves the face
 * free: hair before the head; else hair behind it. */
static void draw_hair(Canvas *canvas, const Plan *plan, bool open)
{
    float full = 1.2f * plan->hair / (plan->hair + 0.2f);
    float thick = 2.2f * full, wide = plan->wide + thick, high = plan->high + thick;
    float top = plan->middle - high, end = mix(top - 1, 30, plan->hair);
    float fringe = mix(-1, 0.36f * plan->high, full);
    Span rows = span(top, end, FACE_SIDE), columns = span(0, wide, HALF);
    for (int r = rows.first; r < rows.end; r++)
        for (int c = columns.first; c < columns.end; c++) {
            Point p = middle_of(r, c);
            float distance = most(to_arch(p, plan->middle, wide, high), p.y - end);
            if (open)
                distance = most(distance,
                                -to_arch(p, plan->middle, plan->wide - 0.2f, plan->high - fringe));
            paint(canvas, r, c, distance, plan->lock, 1);
        }
}

static void draw_head(Canvas *canvas, const Plan *plan)
{
    Point ear = {plan->wide, plan->middle + 0.5f}, cheek = {0.62f * plan->wide, plan->middle + 4};
    ellipse(canvas, ear, 1.6f, 2.2f, mix_colour(plan->tone, plan->line, 0.3f), 1);
    ellipse(canvas, (Point){0, plan->middle}, plan->wide, plan->high, plan->tone, 1);
    ellipse(canvas, cheek, 1.8f, 1.3f, BLUSH, 0.55f * (1 - plan->age));
}

/* The beard climbs from the chin to the nose and sinks below the chin; the mouth stays free. */
static void draw_beard(Canvas *canvas, const Plan *plan)
{
    float chin = plan->middle + plan->high, high = plan->high + 5.5f * plan->beard;
    float climbed = plan->beard * plan->beard * (3 - 2 * plan->beard);
    float start = mix(chin + 0.2f, plan->middle + 3.2f, climbed);
    Point middle = {0, plan->middle}, mouth = {0, plan->mouth};
    Span rows = span(start, plan->middle + high, FACE_SIDE), columns = span(0, plan->wide, HALF);
    for (int r = rows.first; r < rows.end; r++)
        for (int c = columns.first; c < columns.end; c++) {
            Point p = middle_of(r, c);
            float distance = most(to_ellipse(p, middle, plan->wide + 0.2f, high), start - p.y);
            float hole = to_ellipse(p, mouth, plan->mouth_wide + 1, 2.6f);
            paint(canvas, r, c, most(distance, -hole), plan->shade, least(1, 8 * plan->beard));
        }
}

static void draw_wrinkles(Canvas *canvas, const Plan *plan)
{
    float x = plan->eye.x, below = plan->eye.y + 3.6f, brow = plan->eye.y - 5;
    Point nose = {0.2f * plan->wide, plan->middle + 3};
    Point corner = {plan->mouth_wide + 1, plan->mouth - 0.5f};
    stroke(canvas, (Point){0, brow}, (Point){0.5f * plan->wide, brow}, 0.7f, plan->line, plan->age);
    stroke(canvas, (Point){x - 1.2f, below}, (Point){x + 1.6f, below - 0.5f}, 0.7f, plan->line,
           plan->age);
    stroke(canvas, nose, corner, 0.7f, plan->line, plan->age);
}

/* Brows of a sad face rise towards the middle. */
static void draw_eyes(Canvas *canvas, const Plan *plan)
{
    float radius = plan->eye_radius, brow = plan->eye.y - radius - 1.4f;
    float frown = 1 - plan->smile;
    Point inner = {plan->eye.x - 1.7f, brow + 0.4f - 1.2f * frown};
    Point outer = {plan->eye.x + 1.9f, brow + 1.2f * frown};
    stroke(canvas, inner, outer, 1, plan->lock, 1);
    ellipse(canvas, plan->eye, radius + 0.4f, radius + 0.4f, plan->line, 1);
    ellipse(canvas, plan->eye, radius, radius, WHITE, 1);
    ellipse(canvas, plan->eye, 0.55f * radius, 0.55f * radius, BLACK, 1);
}

static void draw_glasses(Canvas *canvas, const Plan *plan)
{
    float radius = plan->glass;
    Span rows = span(plan->eye.y - radius - 1, plan->eye.y + radius + 1, FACE_SIDE);
    Point inner = {0, plan->eye.y - 0.5f}, rim = {plan->eye.x - radius, plan->eye.y - 0.5f};
    Point outer = {plan->eye.x + radius, plan->eye.y - 0.5f}, ear = {plan->wide, plan->eye.y - 1};
    for (int r = rows.first; r < rows.end; r++)
        for (int c = 0; c < HALF; c++) {
            float distance = to_ellipse(middle_of(r, c), plan->eye, radius, radius);
            paint(canvas, r, c, distance, WHITE, 0.2f * plan->glasses);
            paint(canvas, r, c, fabsf(distance) - 0.55f, FRAME, plan->glasses);
        }
    stroke(canvas, inner, rim, 1.1f, FRAME, plan->glasses);
    stroke(canvas, outer, ear, 1.1f, FRAME, plan->glasses);
}

/* Between two parabolas that bend down (sad) or up; a smile opens and shows teeth. */
static void draw_mouth(Canvas *canvas, const Plan *plan)
{
    float bend = 2 * plan->smile - 1, wide = plan->mouth_wide * mix(0.75f, 1.3f, plan->smile);
    float open = plan->smile * plan->smile * 2.4f, thick = 0.65f;
    Colour lips = mix_colour((Colour){170, 40, 50}, (Colour){232, 104, 100}, plan->skin);
    Span rows = span(plan->mouth - 3, plan->mouth + 4, FACE_SIDE), columns = span(0, wide, HALF);
    for (int r = rows.first; r < rows.end; r++)
        for (int c = columns.first; c < columns.end; c++) {
            Point p = middle_of(r, c);
            float x = p.x / wide, arc = 1 - x * x;
            float upper = plan->mouth + 2.4f * bend * (arc - 0.6f), lower = upper + open * arc;
            float steep = 4.8f * bend * x / wide, across = sqrtf(1 + steep * steep);
            float distance = most(upper - p.y, p.y - lower) / across;
            paint(canvas, r, c, most(distance - thick, p.x - wide), lips, 1);
            paint(canvas, r, c, most(distance + 0.35f, p.x - wide), WHITE, 1);
        }
}

static void draw_nose(Canvas *canvas, const Plan *plan)
{
    Point middle = {0, plan->middle + 2.4f};
    ellipse(canvas, middle, 1.3f, 1, plan->line, 0.7f);
}

/* ---------------------------------------------------------------- the picture */

static void put(uint8_t *level, Colour colour)
{
    level[0] = (uint8_t)(colour.red + 0.5f);
    level[1] = (uint8_t)(colour.green + 0.5f);
    level[2] = (uint8_t)(colour.blue + 0.5f);
}

void face_draw(const Face *face, uint8_t *level)
{
    Canvas canvas;
    Plan plan = plan_of(face);
    for (int i = 0; i < FACE_SIDE * HALF; i++)
        canvas.pixel[i / HALF][i % HALF] = GROUND;
    draw_hair(&canvas, &plan, false);
    draw_head(&canvas, &plan);
    draw_hair(&canvas, &plan, true);
    draw_wrinkles(&canvas, &plan);
    draw_beard(&canvas, &plan);
    draw_nose(&canvas, &plan);
    draw_mouth(&canvas, &plan);
    draw_eyes(&canvas, &plan);
    draw_glasses(&canvas, &plan);
    for (int r = 0; r < FACE_SIDE; r++)
        for (int c = 0; c < HALF; c++) {
            uint8_t *row = level + 3 * r * FACE_SIDE;
            put(row + 3 * (HALF + c), canvas.pixel[r][c]);
            put(row + 3 * (HALF - 1 - c), canvas.pixel[r][c]);
        }
}
