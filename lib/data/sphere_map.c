/* A coarse map of the Earth: outlines of its land, a few degrees exact, drawn for this laboratory
 * and not taken from any map file. Outlines do not overlap. */
#include "data/sphere.h"

#include <gsl/gsl_math.h>
#include <math.h>
#include <stddef.h>

typedef struct MapPoint {
    double longitude, latitude;
} MapPoint;

static const MapPoint north_america[] = {
    {-168, 66}, {-156, 71}, {-141, 70}, {-128, 70}, {-115, 68}, {-95, 68},  {-94, 59},  {-82, 55},
    {-79, 62},  {-65, 59},  {-56, 52},  {-66, 45},  {-71, 42},  {-76, 35},  {-81, 31},  {-80, 25},
    {-84, 30},  {-97, 27},  {-97, 20},  {-91, 18},  {-87, 21},  {-88, 16},  {-83, 14},  {-82, 9},
    {-78, 8},   {-85, 11},  {-94, 16},  {-105, 20}, {-112, 29}, {-115, 31}, {-110, 23}, {-117, 33},
    {-124, 40}, {-124, 48}, {-135, 58}, {-150, 60}, {-163, 55}, {-158, 58}};
static const MapPoint south_america[] = {
    {-77, 7},   {-72, 12},  {-62, 10},  {-51, 4},   {-50, 0},   {-35, -6},  {-39, -15}, {-48, -26},
    {-58, -36}, {-65, -42}, {-68, -54}, {-74, -51}, {-73, -38}, {-70, -19}, {-81, -6},  {-80, 1}};
static const MapPoint greenland[] = {{-73, 78}, {-60, 82}, {-30, 83}, {-18, 77},
                                     {-24, 70}, {-42, 60}, {-53, 67}};
static const MapPoint africa[] = {{-17, 15}, {-16, 22}, {-10, 31}, {-6, 36},  {10, 37},  {11, 33},
                                  {20, 31},  {32, 31},  {36, 22},  {43, 12},  {51, 11},  {40, -3},
                                  {40, -16}, {35, -20}, {32, -28}, {25, -34}, {18, -34}, {12, -17},
                                  {13, -6},  {9, 3},    {4, 6},    {-8, 4}};
static const MapPoint eurasia[] = {
    {-9, 37},  {-9, 43},  {-1, 44},  {-4, 48},  {4, 52},   {9, 55},   {11, 54},  {20, 55},
    {24, 59},  {30, 60},  {22, 61},  {25, 65},  {22, 66},  {17, 61},  {16, 57},  {12, 57},
    {6, 59},   {14, 67},  {27, 71},  {41, 67},  {34, 65},  {44, 66},  {60, 69},  {72, 71},
    {80, 73},  {104, 77}, {113, 74}, {140, 72}, {160, 70}, {179, 68}, {178, 64}, {163, 60},
    {157, 51}, {156, 60}, {137, 54}, {140, 48}, {128, 40}, {129, 36}, {126, 35}, {124, 40},
    {118, 38}, {122, 31}, {115, 23}, {108, 21}, {109, 12}, {105, 9},  {100, 13}, {104, 2},
    {98, 9},   {97, 17},  {91, 22},  {80, 15},  {77, 8},   {72, 20},  {66, 25},  {57, 27},
    {50, 30},  {48, 30},  {52, 24},  {57, 24},  {59, 21},  {45, 13},  {35, 28},  {36, 36},
    {27, 37},  {29, 41},  {41, 41},  {37, 46},  {31, 46},  {28, 43},  {23, 40},  {22, 37},
    {19, 42},  {13, 45},  {18, 40},  {16, 38},  {9, 44},   {3, 43},   {0, 39},   {-5, 36}};
static const MapPoint britain[] = {{-5, 50}, {1, 51}, {-2, 56}, {-4, 58}, {-6, 56}, {-3, 54}};
static const MapPoint japan[] = {{130, 31}, {136, 34}, {141, 36}, {145, 43}, {141, 45}, {139, 38}};
static const MapPoint madagascar[] = {{44, -24}, {47, -25}, {50, -15}, {44, -17}};
static const MapPoint borneo[] = {{109, 1}, {114, 4}, {117, 7}, {118, 1}, {114, -4}, {110, -2}};
static const MapPoint sumatra[] = {{95, 6}, {99, 3}, {106, -4}, {105, -6}, {100, -1}};
static const MapPoint new_guinea[] = {{131, -1}, {141, -3}, {150, -10}, {141, -9}, {133, -4}};
static const MapPoint australia[] = {{114, -22}, {122, -18}, {130, -12}, {136, -12}, {136, -15},
                                     {140, -18}, {142, -11}, {146, -19}, {153, -26}, {150, -37},
                                     {140, -38}, {131, -31}, {118, -35}, {115, -33}};
static const MapPoint new_zealand[] = {{167, -46}, {171, -44}, {177, -40},
                                       {178, -38}, {174, -36}, {173, -41}};
static const MapPoint antarctica[] = {
    {-180, -78}, {-150, -77}, {-100, -73}, {-75, -73}, {-58, -64}, {-62, -75}, {-30, -78}, {0, -70},
    {50, -67},   {90, -66},   {140, -67},  {170, -72}, {180, -78}, {180, -90}, {-180, -90}};

typedef struct Outline {
    const MapPoint *point;
    int n;
} Outline;

#define OUTLINE(p)                                                                                 \
    {                                                                                              \
        p, sizeof p / sizeof *(p)                                                                  \
    }
static const Outline outlines[] = {
    OUTLINE(north_america), OUTLINE(south_america), OUTLINE(greenland),  OUTLINE(africa),
    OUTLINE(eurasia),       OUTLINE(britain),       OUTLINE(japan),      OUTLINE(madagascar),
    OUTLINE(borneo),        OUTLINE(sumatra),       OUTLINE(new_guinea), OUTLINE(australia),
    OUTLINE(new_zealand),   OUTLINE(antarctica)};
enum { OUTLINES = sizeof outlines / sizeof *outlines };

/* Sides that a line to the east crosses: an odd number inside. */
static int inside(const Outline *o, double longitude, double latitude)
{
    int odd = 0;
    for (int i = 0; i < o->n; i++) {
        MapPoint a = o->point[i], b = o->point[(i + 1) % o->n];
        if ((a.latitude > latitude) == (b.latitude > latitude))
            continue;
        double at = a.longitude + (latitude - a.latitude) / (b.latitude - a.latitude) *
                                      (b.longitude - a.longitude);
        odd ^= longitude < at;
    }
    return odd;
}

int sphere_is_land(double longitude, double latitude)
{
    for (int i = 0; i < OUTLINES; i++)
        if (inside(&outlines[i], longitude, latitude))
            return 1;
    return 0;
}

/* The integral of sin(latitude) d longitude along a side. */
static double side(MapPoint a, MapPoint b)
{
    double l0 = a.longitude * M_PI / 180, l1 = b.longitude * M_PI / 180;
    double p0 = a.latitude * M_PI / 180, p1 = b.latitude * M_PI / 180;
    if (fabs(p1 - p0) < 1e-12)
        return sin(p0) * (l1 - l0);
    return (l1 - l0) / (p1 - p0) * (cos(p0) - cos(p1));
}

double sphere_land_area(void)
{
    double area = 0;
    for (int i = 0; i < OUTLINES; i++) {
        double around = 0;
        for (int k = 0; k < outlines[i].n; k++)
            around += side(outlines[i].point[k], outlines[i].point[(k + 1) % outlines[i].n]);
        area += fabs(around);
    }
    return area;
}
