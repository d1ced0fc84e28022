/* Toy sets around curves: two half circles, a pinwheel, two spirals, a rolled strip. Their
 * densities are integrals along the curve by Gauss and Legendre's rule, except the pinwheel's, a
 * change of variables. The nodes lie closer than half the noise's standard deviation, where the
 * rule's error is far below single precision. */
#include "data/toys.h"

#include <gsl/gsl_integration.h>
#include <gsl/gsl_sf_erf.h>
#include <math.h>
#include <stddef.h>

/* Sizes for which GSL keeps the nodes in tables. */
enum { MOON_NODES = 128, ROLL_NODES = 256, SPIRAL_NODES = 512, PIECES = 64 };

/* log density of a round Gaussian at (a, b) from its centre, less log_gaussian_scale. */
static double exponent(double a, double b, double sd)
{
    return -(a * a + b * b) / (2 * sd * sd);
}

static double log_gaussian_scale(double sd)
{
    return -log(2 * M_PI * sd * sd);
}

/* moons: make_moons(noise 0.1) times 2 plus (-1, -0.2). A half circle of radius 2 over (-1, -0.2)
 * and its mirror image below (1, 0.8), noise 0.2. */
static const double MOON_CENTRE[2][2] = {{-1, -0.2}, {1, 0.8}};
static const double MOON_RADIUS = 2;
static const double MOON_SD = 0.2;

int moons_sample(Rng *rng, double x[2])
{
    int k = (int)rng_below(rng, 2);
    double radius = k == 0 ? MOON_RADIUS : -MOON_RADIUS;
    double angle = M_PI * rng_uniform_one(rng);
    x[0] = MOON_CENTRE[k][0] + radius * cos(angle) + MOON_SD * rng_normal_one(rng);
    x[1] = MOON_CENTRE[k][1] + radius * sin(angle) + MOON_SD * rng_normal_one(rng);
    return k;
}

/* 1/2 sum_k 1/pi int_0^pi N(x; centre_k +- 2 (cos t, sin t), 0.2^2) dt */
double moons_log_density(const Dataset *dataset, const double *x)
{
    (void)dataset;
    double term[2 * MOON_NODES];
    gsl_integration_glfixed_table *rule = gsl_integration_glfixed_table_alloc(MOON_NODES);
    for (size_t i = 0; i < MOON_NODES; i++) {
        double angle, weight;
        gsl_integration_glfixed_point(0, M_PI, i, &angle, &weight, rule);
        double a = MOON_RADIUS * cos(angle);
        double b = MOON_RADIUS * sin(angle);
        double log_weight = log(weight / (2 * M_PI));
        for (int k = 0; k < 2; k++) {
            double sign = k == 0 ? 1 : -1;
            term[2 * i + (size_t)k] =
                log_weight + exponent(x[0] - MOON_CENTRE[k][0] - sign * a,
                                      x[1] - MOON_CENTRE[k][1] - sign * b, MOON_SD);
        }
    }
    gsl_integration_glfixed_table_free(rule);
    return toys_log_sum(term, 2 * MOON_NODES) + log_gaussian_scale(MOON_SD);
}

/* swissroll: make_swiss_roll(noise 1), its first and third coordinate, divided by 5: the point at
 * t (cos t, sin t) / 5, t uniform on [1.5 pi, 4.5 pi], noise 0.2. */
static const double ROLL_FROM = 1.5 * M_PI;
static const double ROLL_TO = 4.5 * M_PI;
static const double ROLL_SD = 0.2;

int swissroll_sample(Rng *rng, double x[2])
{
    double t = ROLL_FROM + (ROLL_TO - ROLL_FROM) * rng_uniform_one(rng);
    x[0] = t * cos(t) / 5 + ROLL_SD * rng_normal_one(rng);
    x[1] = t * sin(t) / 5 + ROLL_SD * rng_normal_one(rng);
    return 0;
}

double swissroll_log_density(const Dataset *dataset, const double *x)
{
    (void)dataset;
    double term[ROLL_NODES];
    gsl_integration_glfixed_table *rule = gsl_integration_glfixed_table_alloc(ROLL_NODES);
    for (size_t i = 0; i < ROLL_NODES; i++) {
        double t, weight;
        gsl_integration_glfixed_point(ROLL_FROM, ROLL_TO, i, &t, &weight, rule);
        term[i] = log(weight / (ROLL_TO - ROLL_FROM)) +
                  exponent(x[0] - t * cos(t) / 5, x[1] - t * sin(t) / 5, ROLL_SD);
    }
    gsl_integration_glfixed_table_free(rule);
    return toys_log_sum(term, ROLL_NODES) + log_gaussian_scale(ROLL_SD);
}

/* pinwheel: f = (1 + 0.3 n1, 0.1 n2) turned clockwise by 2 pi k / 5 + 0.25 exp(f1), times 2. */
static const double PIN_RADIAL = 0.3;
static const double PIN_TANGENTIAL = 0.1;
static const double PIN_RATE = 0.25;
static const double PIN_REACH = 6;
enum { PIN_ARMS = 5 };

int pinwheel_sample(Rng *rng, double x[2])
{
    int k = (int)rng_below(rng, PIN_ARMS);
    double radial = 1 + PIN_RADIAL * rng_normal_one(rng);
    double tangential = PIN_TANGENTIAL * rng_normal_one(rng);
    double turn = 2 * M_PI * k / PIN_ARMS + PIN_RATE * exp(radial);
    x[0] = 2 * (radial * cos(turn) + tangential * sin(turn));
    x[1] = 2 * (tangential * cos(turn) - radial * sin(turn));
    return k;
}

/* In polar form f = r (cos a, sin a), the point x lies at distance 2 r and angle a - turn: */
static double pin_angle(double r, double a)
{
    return a - PIN_RATE * exp(r * cos(a));
}

/* The a in [from, to] with pin_angle(r, a) = angle, which lies between the values at the ends. */
static double pin_solve(double r, double from, double to, double angle)
{
    bool rising = pin_angle(r, from) < pin_angle(r, to);
    for (int i = 0; i < 52; i++) {
        double middle = (from + to) / 2;
        bool below = pin_angle(r, middle) < angle;
        if (below == rising)
            from = middle;
        else
            to = middle;
    }
    return (from + to) / 2;
}

/* Density of f over the area that the map stretches: |det dx/df| = 4 |1 + 0.25 f2 exp(f1)|. */
static double pin_density(double r, double a)
{
    double radial = r * cos(a);
    double tangential = r * sin(a);
    double u = (radial - 1) / PIN_RADIAL;
    double v = tangential / PIN_TANGENTIAL;
    double p = exp(-(u * u + v * v) / 2) / (2 * M_PI * PIN_RADIAL * PIN_TANGENTIAL);
    return p / (4 * fabs(1 + PIN_RATE * tangential * exp(radial)));
}

/* The arms differ by turns of 2 pi / 5, so the f that lead to x are all a where pin_angle equals
 * x's angle up to a multiple of that. They are sought between neighbours among 64 angles: two
 * solutions within one piece are missed, but they exist only near the map's fold, f2 exp(f1) = -4,
 * which no draw reaches (more than 5 standard deviations away). */
double pinwheel_log_density(const Dataset *dataset, const double *x)
{
    (void)dataset;
    double r = hypot(x[0], x[1]) / 2;
    if (r > PIN_REACH)
        return -INFINITY;
    double angle = atan2(x[1], x[0]);
    double arm = 2 * M_PI / PIN_ARMS;
    double sum = 0;
    for (int i = 0; i < PIECES; i++) {
        double from = -M_PI + 2 * M_PI * i / PIECES;
        double to = -M_PI + 2 * M_PI * (i + 1) / PIECES;
        double start = (pin_angle(r, from) - angle) / arm;
        double end = (pin_angle(r, to) - angle) / arm;
        double most = fmax(start, end);
        for (double k = ceil(fmin(start, end)); k < most; k++)
            sum += pin_density(r, pin_solve(r, from, to, angle + k * arm));
    }
    return log(sum / PIN_ARMS);
}

/* 2spirals: n = 3 pi sqrt(u), c = (-n cos n, n sin n) + jitter uniform on [0, 1/2]^2; plus or minus
 * c / 3, noise 0.1. */
static const double SPIRAL_END = 3 * M_PI;
static const double SPIRAL_JITTER = 0.5 / 3;
static const double SPIRAL_SD = 0.1;

int spirals_sample(Rng *rng, double x[2])
{
    int k = (int)rng_below(rng, 2);
    double sign = k == 0 ? 1 : -1;
    double n = SPIRAL_END * sqrt(rng_uniform_one(rng));
    double a = -n * cos(n) / 3 + SPIRAL_JITTER * rng_uniform_one(rng);
    double b = n * sin(n) / 3 + SPIRAL_JITTER * rng_uniform_one(rng);
    x[0] = sign * a + SPIRAL_SD * rng_normal_one(rng);
    x[1] = sign * b + SPIRAL_SD * rng_normal_one(rng);
    return k;
}

/* log density at d of uniform jitter on [0, w] plus noise: log [Phi(d / s) - Phi((d - w) / s)] / w.
 * The difference is taken on the side of the small tail, in logarithms. */
static double jitter_log_density(double d)
{
    double far = fmax(d, SPIRAL_JITTER - d) / (SPIRAL_SD * M_SQRT2);
    double near = fmin(d, SPIRAL_JITTER - d) / (SPIRAL_SD * M_SQRT2);
    double scale = log(2 * SPIRAL_JITTER);
    if (near > -1)
        return log(erf(far) + erf(near)) - scale;
    double log_near = gsl_sf_log_erfc(-near);
    return log_near + log1p(-exp(gsl_sf_log_erfc(far) - log_near)) - scale;
}

static double outside(double d)
{
    return fmax(fmax(-d, d - SPIRAL_JITTER), 0);
}

/* 1/2 sum_{+-} int_0^{3 pi} 2 n / (3 pi)^2 J(+-x_1 + n cos n / 3) J(+-x_2 - n sin n / 3) dn, where
 * J is the density of jitter plus noise. Nodes that add less than e^-40 of the nearest are left
 * out. */
double spirals_log_density(const Dataset *dataset, const double *x)
{
    (void)dataset;
    double first[2 * SPIRAL_NODES], second[2 * SPIRAL_NODES], log_weight[2 * SPIRAL_NODES];
    double least = INFINITY;
    gsl_integration_glfixed_table *rule = gsl_integration_glfixed_table_alloc(SPIRAL_NODES);
    for (size_t i = 0; i < SPIRAL_NODES; i++) {
        double n, weight;
        gsl_integration_glfixed_point(0, SPIRAL_END, i, &n, &weight, rule);
        for (size_t k = 0; k < 2; k++) {
            double sign = k == 0 ? 1 : -1;
            first[2 * i + k] = sign * x[0] + n * cos(n) / 3;
            second[2 * i + k] = sign * x[1] - n * sin(n) / 3;
            log_weight[2 * i + k] = log(weight * n / (SPIRAL_END * SPIRAL_END));
            double distance = hypot(outside(first[2 * i + k]), outside(second[2 * i + k]));
            least = fmin(least, distance);
        }
    }
    gsl_integration_glfixed_table_free(rule);
    double reach = least * least + 80 * SPIRAL_SD * SPIRAL_SD;
    double term[2 * SPIRAL_NODES];
    int terms = 0;
    for (int i = 0; i < 2 * SPIRAL_NODES; i++) {
        double a = outside(first[i]);
        double b = outside(second[i]);
        if (a * a + b * b <= reach)
            term[terms++] =
                log_weight[i] + jitter_log_density(first[i]) + jitter_log_density(second[i]);
    }
    return toys_log_sum(term, terms);
}
