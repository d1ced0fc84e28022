#include "data/toys.h"

#include "data/sources.h"
#include "support/memory.h"

#include <gsl/gsl_sf_bessel.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

enum { TRAIN = 100000, VALIDATION = 5000, TEST = 10000, MOST_COMPONENTS = 25 };

double toys_log_sum(const double *term, int n)
{
    double most = term[0];
    for (int i = 1; i < n; i++)
        most = fmax(most, term[i]);
    if (isinf(most))
        return most;
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += exp(term[i] - most);
    return most + log(sum);
}

/* Equal mixture of round Gaussians: centre k, common standard deviation. */
typedef struct Mixture {
    int count;
    double sd;
    void (*centre)(int k, double c[2]);
} Mixture;

/* FFJORD draws at radius 4 with sd 0.5 and divides by 1.414. Component k lies at 45 k degrees. */
static void eight_centre(int k, double c[2])
{
    c[0] = 4 / 1.414 * cos(k * M_PI / 4);
    c[1] = 4 / 1.414 * sin(k * M_PI / 4);
}

static void ring_centre(int k, double c[2])
{
    c[0] = cos(k * M_PI / 4);
    c[1] = sin(k * M_PI / 4);
}

static void grid_centre(int k, double c[2])
{
    c[0] = 2.0 * (k % 5) - 4;
    c[1] = 2.0 * (k / 5) - 4;
}

static const Mixture EIGHT = {8, 0.5 / 1.414, eight_centre};
static const Mixture RING = {8, 0.01, ring_centre};
static const Mixture GRID = {25, 0.05, grid_centre};

static int mixture_sample(const Mixture *mixture, Rng *rng, double x[2])
{
    int k = (int)rng_below(rng, (uint64_t)mixture->count);
    mixture->centre(k, x);
    x[0] += mixture->sd * rng_normal_one(rng);
    x[1] += mixture->sd * rng_normal_one(rng);
    return k;
}

static double mixture_log_density(const Mixture *mixture, const double *x)
{
    double term[MOST_COMPONENTS];
    for (int k = 0; k < mixture->count; k++) {
        double c[2];
        mixture->centre(k, c);
        double a = (x[0] - c[0]) / mixture->sd;
        double b = (x[1] - c[1]) / mixture->sd;
        term[k] = -(a * a + b * b) / 2;
    }
    return toys_log_sum(term, mixture->count) -
           log(mixture->count * 2 * M_PI * mixture->sd * mixture->sd);
}

static int eight_sample(Rng *rng, double x[2])
{
    return mixture_sample(&EIGHT, rng, x);
}

static double eight_log_density(const Dataset *dataset, const double *x)
{
    (void)dataset;
    return mixture_log_density(&EIGHT, x);
}

static int ring_sample(Rng *rng, double x[2])
{
    return mixture_sample(&RING, rng, x);
}

static double ring_log_density(const Dataset *dataset, const double *x)
{
    (void)dataset;
    return mixture_log_density(&RING, x);
}

static int grid_sample(Rng *rng, double x[2])
{
    return mixture_sample(&GRID, rng, x);
}

static double grid_log_density(const Dataset *dataset, const double *x)
{
    (void)dataset;
    return mixture_log_density(&GRID, x);
}

/* Eight squares of side 2, alternating, on [-4, 4]^2. */
static int checkerboard_sample(Rng *rng, double x[2])
{
    double u = 4 * rng_uniform_one(rng) - 2;
    double v = rng_uniform_one(rng) - 2 * (double)rng_below(rng, 2);
    bool odd = fmod(floor(u), 2) != 0;
    x[0] = 2 * u;
    x[1] = 2 * (v + odd);
    return 0;
}

static double checkerboard_log_density(const Dataset *dataset, const double *x)
{
    (void)dataset;
    bool inside = fabs(x[0]) <= 4 && fabs(x[1]) <= 4;
    bool dark = fmod(floor(x[0] / 2) + floor(x[1] / 2), 2) == 0;
    return inside && dark ? -log(32) : -INFINITY;
}

/* Points on circles around the origin, each circle as likely as another, with round Gaussian noise.
 */
typedef struct Circles {
    int count;
    double radius[4];
    double sd;
} Circles;

/* make_circles(factor 0.5, noise 0.08) times 3: the noise is scaled too. */
static const Circles TWO = {2, {3, 1.5}, 0.24};
/* Radii 1, 0.75, 0.5 and 0.25 times 3, noise added after scaling. */
static const Circles FOUR = {4, {3, 2.25, 1.5, 0.75}, 0.08};

static int circles_draw(const Circles *circles, Rng *rng, double x[2])
{
    int k = (int)rng_below(rng, (uint64_t)circles->count);
    double angle = 2 * M_PI * rng_uniform_one(rng);
    x[0] = circles->radius[k] * cos(angle) + circles->sd * rng_normal_one(rng);
    x[1] = circles->radius[k] * sin(angle) + circles->sd * rng_normal_one(rng);
    return k;
}

/* At distance r from the centre, with the angle t of the point on a circle of radius R integrated
 * out, p = 1/(2 pi s^2) exp(-(r^2 + R^2)/(2 s^2)) 1/(2 pi) int exp(r R cos t / s^2) dt, and the
 * integral is 2 pi I0(r R / s^2) (Abramowitz & Stegun 9.6.16). exp(-z) I0(z) keeps it finite. */
static double circles_density(const Circles *circles, const double *x)
{
    double term[4] = {0};
    double variance = circles->sd * circles->sd;
    double r = hypot(x[0], x[1]);
    for (int k = 0; k < circles->count; k++) {
        double radius = circles->radius[k];
        term[k] = -(r - radius) * (r - radius) / (2 * variance) +
                  log(gsl_sf_bessel_I0_scaled(r * radius / variance));
    }
    return toys_log_sum(term, circles->count) - log(circles->count * 2 * M_PI * variance);
}

static int circles_sample(Rng *rng, double x[2])
{
    return circles_draw(&TWO, rng, x);
}

static double circles_log_density(const Dataset *dataset, const double *x)
{
    (void)dataset;
    return circles_density(&TWO, x);
}

static int rings_sample(Rng *rng, double x[2])
{
    return circles_draw(&FOUR, rng, x);
}

static double rings_log_density(const Dataset *dataset, const double *x)
{
    (void)dataset;
    return circles_density(&FOUR, x);
}

typedef struct Toy {
    const char *name;
    int classes;
    int (*sample)(Rng *rng, double x[2]);
    double (*log_density)(const Dataset *dataset, const double *x);
    double entropy;         /* minus the integral of p log p, nats */
    const Mixture *mixture; /* NULL: none */
} Toy;

/* Entropies: ring8, grid25 and checkerboard in closed form (components of the first two are 40 and
 * more standard deviations apart); the others by summing p log p on a fine grid, to the digits
 * shown. */
static const Toy TOYS[] = {
    {"8gaussians", 8, eight_sample, eight_log_density, 2.83188, &EIGHT},
    {"moons", 2, moons_sample, moons_log_density, 2.39388, NULL},
    {"pinwheel", 5, pinwheel_sample, pinwheel_log_density, 2.31779, NULL},
    {"checkerboard", 0, checkerboard_sample, checkerboard_log_density, 3.46573590, NULL},
    {"2spirals", 2, spirals_sample, spirals_log_density, 2.64545, NULL},
    {"circles", 2, circles_sample, circles_log_density, 3.26814, NULL},
    {"rings", 4, rings_sample, rings_log_density, 2.62318, NULL},
    {"swissroll", 0, swissroll_sample, swissroll_log_density, 2.66965, NULL},
    {"ring8", 8, ring_sample, ring_log_density, -4.29302176, &RING},
    {"grid25", 25, grid_sample, grid_log_density, 0.06528840, &GRID},
};

static void toy_draw(const Toy *toy, Dataset *dataset)
{
    size_t n = dataset_total(dataset);
    dataset->point = memory_new(2 * n, sizeof *dataset->point);
    dataset->label = memory_new(n, sizeof *dataset->label);
    char stream[64] = "toy/";
    strcat(stream, toy->name);
    Rng toy_stream = rng_stream(DATASET_SEED, stream);
    for (size_t i = 0; i < n; i++) {
        Rng rng = rng_at(toy_stream, i);
        double x[2];
        dataset->label[i] = (uint16_t)toy->sample(&rng, x);
        dataset->point[2 * i] = (float)x[0];
        dataset->point[2 * i + 1] = (float)x[1];
    }
}

static void keep_modes(const Mixture *mixture, Dataset *dataset)
{
    dataset->modes = mixture->count;
    dataset->mode_sd = mixture->sd;
    dataset->mode = memory_new(2 * (size_t)mixture->count, sizeof *dataset->mode);
    for (int k = 0; k < mixture->count; k++)
        mixture->centre(k, dataset->mode + 2 * k);
}

static const Toy *toy_of(const char *name)
{
    for (size_t i = 0; i < sizeof TOYS / sizeof *TOYS; i++)
        if (strcmp(name, TOYS[i].name) == 0)
            return &TOYS[i];
    return NULL;
}

static void toy_draw_one(const Dataset *dataset, Rng *rng, double *x)
{
    toy_of(dataset->name)->sample(rng, x);
}

Dataset *toys_load(const char *name)
{
    const Toy *toy = toy_of(name);
    if (toy != NULL) {
        Dataset *dataset = dataset_new(name, DATA_POINTS, 1, 1, 2, 0);
        dataset->count[SPLIT_TRAIN] = TRAIN;
        dataset->count[SPLIT_VALIDATION] = VALIDATION;
        dataset->count[SPLIT_TEST] = TEST;
        dataset->classes = toy->classes;
        dataset->entropy = toy->entropy;
        dataset->log_density = toy->log_density;
        dataset->draw = toy_draw_one;
        if (toy->mixture != NULL)
            keep_modes(toy->mixture, dataset);
        toy_draw(toy, dataset);
        return dataset;
    }
    return NULL;
}
