/* Digits drawn by code, with the causes of each image known. */
#ifndef DATA_DIGITS_H
#define DATA_DIGITS_H

#include <stdint.h>

enum { DIGITS_SIDE = 28, DIGITS_MOST_POINTS = 160 };

typedef struct DigitPoint {
    float x, y;
} DigitPoint;

/* Pixel coordinates of a digit's strokes, cut into straight pieces. start[s] is the first point of
 * stroke s, start[strokes] one past the last. */
typedef struct DigitPath {
    int strokes;
    int start[3];
    DigitPoint point[DIGITS_MOST_POINTS];
} DigitPath;

/* How a digit is written: all independent and uniform on the ranges.
 * slant       rightward lean, pixels across a pixel of height    -0.35 .. 0.35
 * thickness   of the stroke, pixels                              1.4 .. 3.4
 * size        height of the digit, pixels                        14 .. 19
 * shift_x     of the centre to the right, pixels                 -2 .. 2
 * shift_y     of the centre downwards, pixels                    -2 .. 2 */
typedef struct DigitStyle {
    float slant, thickness, size, shift_x, shift_y;
} DigitStyle;

/* The path of a digit 0 .. 9 in that style. jitter: shifts of the control points, standard normal,
 * two a point, at least DIGITS_JITTERS of them; scaled to 4 % of half the height. */
enum { DIGITS_JITTERS = 32 };
void digits_path(int digit, DigitStyle style, const float *jitter, DigitPath *path);

/* Inks the path: level [DIGITS_SIDE, DIGITS_SIDE], 0 paper, 255 full ink; a pixel is inked by how
 * far its centre lies inside the stroke, over a width of one pixel. */
void digits_ink(const DigitPath *path, float thickness, uint8_t *level);

#endif
