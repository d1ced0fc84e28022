#include "data/sphere.h"

#include "data/sources.h"
#include "data/toys.h"
#include "support/memory.h"

#include <gsl/gsl_math.h>
#include <math.h>
#include <string.h>

enum { TRAIN = 100000, VALIDATION = 5000, TEST = 10000, COMPONENTS = 6 };

/* ---------------------------------------------------------------- von Mises-Fisher mixture */

typedef struct Cap {
    double longitude, latitude, concentration; /* degrees, degrees, kappa */
} Cap;

static const Cap caps[COMPONENTS] = {{0, 0, 30},   {70, 25, 60},    {150, -20, 15},
                                     {-60, 45, 8}, {-120, -50, 40}, {20, -75, 20}};

static void unit_vector(double longitude, double latitude, double x[3])
{
    double l = longitude * M_PI / 180, p = latitude * M_PI / 180;
    x[0] = cos(p) * cos(l);
    x[1] = cos(p) * sin(l);
    x[2] = sin(p);
}

/* Density kappa / (2 pi (1 - e^(-2 kappa))) e^(kappa (m.x - 1)): Mardia & Jupp (2000), sec. 9.3.2,
 * with sinh written out. */
static double mixture_log_density(const Dataset *dataset, const double *x)
{
    double term[COMPONENTS];
    (void)dataset;
    for (int k = 0; k < COMPONENTS; k++) {
        double m[3], kappa = caps[k].concentration;
        unit_vector(caps[k].longitude, caps[k].latitude, m);
        double along = m[0] * x[0] + m[1] * x[1] + m[2] * x[2];
        term[k] =
            log(kappa / (2 * M_PI * COMPONENTS * (1 - exp(-2 * kappa)))) + kappa * (along - 1);
    }
    return toys_log_sum(term, COMPONENTS);
}

/* The height along the mean has a truncated exponential distribution, whose inverse is closed; the
 * angle about it is uniform. */
static int mixture_draw(Rng *rng, double x[3])
{
    int k = (int)rng_below(rng, COMPONENTS);
    double m[3], kappa = caps[k].concentration, u = rng_uniform_one(rng);
    double h = 1 + log(u + (1 - u) * exp(-2 * kappa)) / kappa;
    double turn = 2 * M_PI * rng_uniform_one(rng), r = sqrt(fmax(1 - h * h, 0));
    double l = caps[k].longitude * M_PI / 180, p = caps[k].latitude * M_PI / 180;
    double east[3] = {-sin(l), cos(l), 0};
    double north[3] = {-sin(p) * cos(l), -sin(p) * sin(l), cos(p)};
    unit_vector(caps[k].longitude, caps[k].latitude, m);
    for (int i = 0; i < 3; i++)
        x[i] = h * m[i] + r * (cos(turn) * east[i] + sin(turn) * north[i]);
    return k;
}

static void mixture_draw_one(const Dataset *dataset, Rng *rng, double *x)
{
    (void)dataset;
    mixture_draw(rng, x);
}

/* ---------------------------------------------------------------- Earth */

static double earth_log_density(const Dataset *dataset, const double *x)
{
    (void)dataset;
    double longitude = atan2(x[1], x[0]) * 180 / M_PI;
    double latitude = asin(fmax(fmin(x[2], 1), -1)) * 180 / M_PI;
    return sphere_is_land(longitude, latitude) ? -log(sphere_land_area()) : -INFINITY;
}

static void earth_draw_one(const Dataset *dataset, Rng *rng, double *x)
{
    double longitude, height;
    (void)dataset;
    do {
        longitude = 360 * rng_uniform_one(rng) - 180;
        height = 2 * rng_uniform_one(rng) - 1;
    } while (!sphere_is_land(longitude, asin(height) * 180 / M_PI));
    unit_vector(longitude, asin(height) * 180 / M_PI, x);
}

/* ---------------------------------------------------------------- sets */

Dataset *sphere_load(const char *name)
{
    bool mixture = strcmp(name, "sphere-mixture") == 0, earth = strcmp(name, "sphere-earth") == 0;
    if (!mixture && !earth)
        return NULL;
    Dataset *dataset = dataset_new(name, DATA_POINTS, 1, 1, 3, 0);
    dataset->count[SPLIT_TRAIN] = TRAIN;
    dataset->count[SPLIT_VALIDATION] = VALIDATION;
    dataset->count[SPLIT_TEST] = TEST;
    dataset->log_density = mixture ? mixture_log_density : earth_log_density;
    dataset->draw = mixture ? mixture_draw_one : earth_draw_one;
    /* of the mixture by summing p log p on a fine grid */
    dataset->entropy = mixture ? 1.44032 : log(sphere_land_area());
    size_t n = dataset_total(dataset);
    dataset->point = memory_new(3 * n, sizeof *dataset->point);
    Rng stream = rng_stream(DATASET_SEED, name);
    if (mixture) {
        dataset->classes = COMPONENTS;
        dataset->label = memory_new(n, sizeof *dataset->label);
    }
    for (size_t i = 0; i < n; i++) {
        Rng rng = rng_at(stream, i);
        double x[3];
        if (mixture)
            dataset->label[i] = (uint16_t)mixture_draw(&rng, x);
        else
            earth_draw_one(dataset, &rng, x);
        for (size_t d = 0; d < 3; d++)
            dataset->point[3 * i + d] = (float)x[d];
    }
    return dataset;
}
