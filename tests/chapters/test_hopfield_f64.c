/* The Hopfield network: downhill at T = 0, memories that stay, the Boltzmann distribution at T > 0,
 * the capacity. */
#include "01-boltzmann/hopfield.h"
#include "harness/suite.h"
#include "prob/goodness.h"

#include <stdlib.h>
#include <string.h>

enum { UNITS = 120, MOST_PATTERNS = 40 };

static Hopfield random_net(int units, int patterns, int8_t *pattern, Rng *rng)
{
    Hopfield net = hopfield_create(units);
    hopfield_random(pattern, (size_t)units * (size_t)patterns, rng);
    for (int p = 0; p < patterns; p++)
        hopfield_store(&net, pattern + p * units);
    return net;
}

/* E = -1/2 sum_ij W_ij s_i s_j, as written. */
static double energy_as_written(const Hopfield *net, const int8_t *s)
{
    double energy = 0;
    for (int i = 0; i < net->units; i++)
        for (int j = 0; j < net->units; j++)
            energy -= 0.5 * net->weight[i * net->units + j] * s[i] * s[j];
    return energy;
}

static void test_weights(void)
{
    int8_t pattern[MOST_PATTERNS * UNITS];
    Rng rng = rng_stream(1, "hopfield");
    Hopfield net = random_net(UNITS, 10, pattern, &rng);
    int wrong = 0;
    for (int i = 0; i < UNITS; i++)
        for (int j = 0; j < UNITS; j++) {
            double hebb = 0;
            for (int p = 0; p < 10; p++)
                hebb += (double)(pattern[p * UNITS + i] * pattern[p * UNITS + j]) / UNITS;
            wrong += !(fabs(net.weight[i * UNITS + j] - (i == j ? 0 : hebb)) < 1e-12);
        }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT(fabs(hopfield_energy(&net, pattern) - energy_as_written(&net, pattern)) < 1e-10);
    hopfield_free(&net);
}

/* The largest rise of the energy in one update, over walks from noise of so many sweeps. */
static double largest_rise(const Hopfield *net, double temperature, Rng *rng, bool *tracked)
{
    int8_t s[UNITS];
    double path[UNITS], largest = -INFINITY;
    for (int walk = 0; walk < 20; walk++) {
        hopfield_random(s, UNITS, rng);
        double before = hopfield_energy(net, s);
        for (int sweep = 0; sweep < 5; sweep++) {
            hopfield_sweep(net, s, temperature, rng, path);
            for (int u = 0; u < UNITS; u++) {
                largest = fmax(largest, path[u] - before);
                before = path[u];
            }
        }
        *tracked = *tracked && fabs(before - energy_as_written(net, s)) < 1e-9;
    }
    return largest;
}

/* Downhill at T = 0, also far above the capacity; and the energy that is carried along is the
 * energy. At T > 0 it does rise. */
static void test_downhill(void)
{
    int8_t pattern[MOST_PATTERNS * UNITS];
    Rng rng = rng_stream(2, "hopfield");
    for (int patterns = 5; patterns <= MOST_PATTERNS; patterns += 35) {
        Hopfield net = random_net(UNITS, patterns, pattern, &rng);
        bool tracked = true, warm = true;
        CU_ASSERT(largest_rise(&net, 0, &rng, &tracked) <= 1e-12);
        CU_ASSERT(tracked);
        CU_ASSERT(largest_rise(&net, 1, &rng, &warm) > 0.1 && warm);
        hopfield_free(&net);
    }
    /* planted: weights that are not symmetric; then what is carried along is no energy */
    Hopfield net = random_net(UNITS, 5, pattern, &rng);
    bool tracked = true;
    for (int i = 0; i < UNITS; i++)
        for (int j = 0; j < i; j++)
            net.weight[i * UNITS + j] *= -1;
    largest_rise(&net, 0, &rng, &tracked);
    CU_ASSERT(!tracked);
    hopfield_free(&net);
}

/* At 4 % load patterns are fixed points, and come back from 15 % of damage. */
static void test_memories(void)
{
    int8_t pattern[MOST_PATTERNS * UNITS], s[UNITS];
    Rng rng = rng_stream(3, "hopfield");
    Hopfield net = random_net(UNITS, 5, pattern, &rng);
    for (int p = 0; p < 5; p++) {
        memcpy(s, pattern + p * UNITS, UNITS);
        CU_ASSERT_EQUAL(hopfield_sweep(&net, s, 0, &rng, NULL), 0);
        hopfield_damage(s, UNITS, 0.15, &rng);
        CU_ASSERT(fabs(hopfield_overlap(s, pattern + p * UNITS, UNITS) - 0.7) < 1e-12);
        hopfield_recall(&net, s, 50, &rng);
        CU_ASSERT(hopfield_overlap(s, pattern + p * UNITS, UNITS) == 1);
    }
    hopfield_free(&net);
}

/* Patterns that resemble each other (9 of 10 units equal): Hebb loses some, the projection none. */
static void test_projection(void)
{
    enum { PATTERNS = 12 };
    int8_t pattern[PATTERNS * UNITS], s[UNITS];
    Rng rng = rng_stream(4, "hopfield");
    Hopfield hebb = hopfield_create(UNITS), projection = hopfield_create(UNITS);
    hopfield_random(pattern, UNITS, &rng);
    for (int p = PATTERNS - 1; p >= 0; p--) {
        memcpy(pattern + p * UNITS, pattern, UNITS);
        hopfield_damage(pattern + p * UNITS, UNITS, 0.1, &rng);
        hopfield_store(&hebb, pattern + p * UNITS);
    }
    hopfield_project(&projection, pattern, PATTERNS);
    int kept[2] = {0};
    for (int p = 0; p < PATTERNS; p++)
        for (int rule = 0; rule < 2; rule++) {
            memcpy(s, pattern + p * UNITS, UNITS);
            hopfield_recall(rule == 0 ? &hebb : &projection, s, 50, &rng);
            kept[rule] += hopfield_overlap(s, pattern + p * UNITS, UNITS) == 1;
        }
    CU_ASSERT(kept[0] < PATTERNS / 2);
    CU_ASSERT_EQUAL(kept[1], PATTERNS);
    hopfield_project(&projection, pattern, 1);
    memcpy(pattern + UNITS, pattern, UNITS); /* the same twice: it lies in the span already */
    double before = hopfield_energy(&projection, pattern);
    hopfield_project(&projection, pattern, 2);
    CU_ASSERT(fabs(hopfield_energy(&projection, pattern) - before) < 1e-9);
    hopfield_free(&hebb);
    hopfield_free(&projection);
}

/* ---------------------------------------------------------------- temperature */

/* Glauber's dynamics samples exp(-E / T) / Z: all states of five units, from many walks; and the
 * fit with another temperature's distribution is refused. False alarm 1e-4; fixed seed. */
static void test_boltzmann(void)
{
    enum { FEW = 5, STATES = 1 << FEW, WALKS = 20000, SWEEPS = 20 };
    int8_t pattern[2 * FEW], s[FEW];
    long count[STATES] = {0};
    double p[2][STATES], sum[2] = {0};
    static const double temperature[2] = {0.8, 1};
    Rng rng = rng_stream(5, "hopfield");
    Hopfield net = random_net(FEW, 2, pattern, &rng);
    for (int t = 0; t < 2; t++)
        for (int a = 0; a < STATES; a++) {
            for (int i = 0; i < FEW; i++)
                s[i] = (a >> i & 1) != 0 ? 1 : -1;
            sum[t] += p[t][a] = exp(-hopfield_energy(&net, s) / temperature[t]);
        }
    for (int a = 0; a < STATES; a++) {
        p[0][a] /= sum[0];
        p[1][a] /= sum[1];
    }
    for (int w = 0; w < WALKS; w++) {
        int state = 0;
        hopfield_random(s, FEW, &rng);
        for (int t = 0; t < SWEEPS; t++)
            hopfield_sweep(&net, s, temperature[0], &rng, NULL);
        for (int i = 0; i < FEW; i++)
            state |= (s[i] > 0) << i;
        count[state]++;
    }
    CU_ASSERT(chi_square_tail(count, p[0], STATES, WALKS) > 1e-4);
    CU_ASSERT(chi_square_tail(count, p[1], STATES, WALKS) < 1e-8);
    hopfield_free(&net);
}

/* Great heat: half of the units are +1, within 4 standard errors. The overlap that warmth leaves
 * follows m = tanh(m / T). */
static void test_heat(void)
{
    enum { SWEEPS = 100 };
    int8_t pattern[5 * UNITS], s[UNITS];
    long on = 0;
    Rng rng = rng_stream(6, "hopfield");
    Hopfield net = random_net(UNITS, 5, pattern, &rng);
    memcpy(s, pattern, UNITS);
    for (int t = 0; t < SWEEPS; t++) {
        hopfield_sweep(&net, s, 1e6, &rng, NULL);
        for (int i = 0; i < UNITS; i++)
            on += s[i] > 0;
    }
    CU_ASSERT(fabs((double)on / (SWEEPS * UNITS) - 0.5) < 4 * 0.5 / sqrt(SWEEPS * UNITS));
    hopfield_free(&net);
    CU_ASSERT(fabs(hopfield_warm_overlap(1000, 1, 0.5, 30, &rng) - hopfield_mean_field(0.5)) <
              0.02);
    CU_ASSERT(fabs(hopfield_warm_overlap(1000, 1, 1.5, 30, &rng)) < 0.1);
    CU_ASSERT(fabs(hopfield_mean_field(0.5) - tanh(2 * hopfield_mean_field(0.5))) < 1e-12);
    CU_ASSERT(hopfield_mean_field(0) == 1 && hopfield_mean_field(1.1) == 0);
}

/* ---------------------------------------------------------------- capacity */

static void test_capacity(void)
{
    enum { LOADS = 4 };
    static const double load[LOADS] = {0.05, 0.1, 0.2, 0.3};
    double overlap[LOADS];
    Rng rng = rng_stream(7, "hopfield");
    hopfield_capacity(500, load, LOADS, 2, 10, &rng, overlap);
    CU_ASSERT(overlap[0] > 0.999 && overlap[1] > 0.98);
    CU_ASSERT(overlap[2] < 0.8 && overlap[3] < 0.5);
    double fall = hopfield_fall(load, overlap, LOADS, 0.7);
    CU_ASSERT(fall > 0.13 && fall < 0.25);
    CU_ASSERT(isnan(hopfield_fall(load, overlap, 2, 0.7)));
}

/* ---------------------------------------------------------------- the command line */

typedef struct Line {
    const char *word[3]; /* name and value of an option */
    int status;
    const char *says;
} Line;

static const Line LINES[] = {{{"--patterns", "0"}, 2, "--patterns"},
                             {{"--damage", "1.5"}, 2, "--damage"},
                             {{"--damage", "-0.1"}, 2, "--damage"},
                             {{"--temperature", "-1"}, 2, "--temperature"},
                             {{"--units", "5"}, 2, "--units"},
                             {{"--paterns", "3"}, 2, "did you mean '--patterns'"},
                             {{"--data", "digits"}, 1, "try --data digits-binary"},
                             {{"--data", "moons"}, 1, "try --data digits-binary"},
                             {{"--data", "digts-binary"}, 1, "did you mean 'digits-binary'"}};

static void run_line(void *context)
{
    const Line *line = context;
    char *word[4] = {(char *)"hopfield", (char *)line->word[0], (char *)line->word[1], NULL};
    hopfield_main(3, word);
}

static void test_bad_input(void)
{
    for (size_t i = 0; i < sizeof LINES / sizeof *LINES; i++) {
        Line line = LINES[i];
        ChildResult result = child_run(run_line, &line);
        CU_ASSERT(child_said(&result, line.status, line.says));
    }
}

const Suite suite = {"chapters/hopfield",
                     {{"weights", test_weights},
                      {"downhill", test_downhill},
                      {"memories", test_memories},
                      {"projection", test_projection},
                      {"the Boltzmann distribution", test_boltzmann},
                      {"heat", test_heat},
                      {"capacity", test_capacity},
                      {"bad input", test_bad_input},
                      {NULL, NULL}}};
