/* Samplers on the exact denoiser: what is wrong here is the sampler's. */
#include "04-ddpm/ddpm_oracle.h"
#include "04-ddpm/ddpm_sample.h"
#include "harness/suite.h"
#include "support/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double CENTER[] = {0, 0}, SCALE[] = {2, 2};

typedef struct Bench {
    NoiseSchedule *schedule;
    Oracle oracle;
    Tape *tape;
    Sampler sampler;
} Bench;

/* Filled in place: the sampler points to the oracle. */
static void bench_start(Bench *bench, NoiseKind kind, int steps)
{
    bench->schedule = noise_schedule_create(kind, steps);
    bench->tape = tape_create(kernels_best());
    bench->oracle = oracle_eight_gaussians(CENTER, SCALE, noise_level(bench->schedule, 1),
                                           noise_level(bench->schedule, steps));
    bench->sampler = (Sampler){.kind = SAMPLER_DDIM,
                               .predictor = &bench->oracle.predictor,
                               .schedule = bench->schedule,
                               .steps = steps};
}

static void bench_end(Bench *bench)
{
    tape_free(bench->tape);
    noise_schedule_free(bench->schedule);
}

static void draw(Bench *bench, uint64_t seed, int n, real *x)
{
    Rng noise = rng_stream(seed, "sample");
    sampler_run(&bench->sampler, bench->tape, &noise, n, NULL, x);
}

/* Song et al. (2021), sec. 4.1: eta = 1 is DDPM with the small variance. */
static void test_ddim_is_ddpm(void)
{
    enum { N = 20 };
    Bench bench;
    real a[2 * N], b[2 * N];
    bench_start(&bench, NOISE_LINEAR, 60);
    for (int steps = 12; steps <= 60; steps += 48) {
        bench.sampler.steps = steps;
        bench.sampler.kind = SAMPLER_DDIM;
        bench.sampler.eta = 1;
        draw(&bench, 3, N, a);
        bench.sampler.kind = SAMPLER_DDPM;
        draw(&bench, 3, N, b);
        for (int i = 0; i < 2 * N; i++)
            CU_ASSERT(fabs((double)(a[i] - b[i])) < 1e-9);
    }
    bench.sampler.variance = VARIANCE_LARGE;
    draw(&bench, 3, N, b);
    CU_ASSERT(fabs((double)(a[0] - b[0])) > 1e-6);
    bench_end(&bench);
}

/* Mean distance between data and what comes back from their latents. */
static double inversion_error(Bench *bench, int steps)
{
    enum { N = 200 };
    real x[2 * N], back[2 * N];
    Rng rng = rng_stream(5, "data");
    for (int i = 0; i < N; i++) {
        double x0[2];
        oracle_sample(&bench->oracle, &rng, x0);
        x[2 * i] = (real)x0[0];
        x[2 * i + 1] = (real)x0[1];
    }
    memcpy(back, x, sizeof x);
    bench->sampler.steps = bench->sampler.from = steps;
    sampler_invert(&bench->sampler, bench->tape, N, NULL, back);
    sampler_run(&bench->sampler, bench->tape, &rng, N, NULL, back);
    double sum = 0;
    for (int i = 0; i < 2 * N; i++)
        sum += fabs((double)(x[i] - back[i])) / (2 * N);
    return sum;
}

static void test_inversion(void)
{
    Bench bench;
    bench_start(&bench, NOISE_COSINE, 1600);
    double before = inversion_error(&bench, 200);
    for (int steps = 400; steps <= 1600; steps *= 2) {
        double now = inversion_error(&bench, steps), ratio = before / now;
        CU_ASSERT(ratio > 1.7 && ratio < 2.4);
        if (!(ratio > 1.7 && ratio < 2.4))
            printf("%d steps: error %g, ratio %g\n", steps, now, ratio);
        before = now;
    }
    bench_end(&bench);
}

/* Of N(m, s^2) the probability flow is known: x0 = m + s (x_T - alpha m) / sqrt(alpha^2 s^2 +
 * sigma^2). Returns the largest distance from it. */
static double flow_error(SamplerKind kind, int steps)
{
    enum { N = 50 };
    const double mean = 0.5, sd = 0.3;
    Bench bench;
    real x[N], start[N];
    bench_start(&bench, NOISE_COSINE, 1000);
    bench.oracle = oracle_create(1, 1, -6, log(80));
    bench.oracle.mean[0][0] = mean;
    bench.oracle.sd[0][0] = sd;
    bench.sampler.kind = kind;
    bench.sampler.steps = steps;
    Rng noise = rng_stream(1, "sample");
    rng_normal(&noise, start, N);
    draw(&bench, 1, N, x);
    double alpha = level_alpha(log(80)), sigma = level_sigma(log(80)), worst = 0;
    for (int i = 0; i < N; i++) {
        double z = ((double)start[i] - alpha * mean) / hypot(alpha * sd, sigma);
        worst = fmax(worst, fabs((double)x[i] - (mean + sd * z)));
    }
    bench_end(&bench);
    return worst;
}

/* First order halves its error with the steps, second order quarters it. */
static void test_orders(void)
{
    double euler = flow_error(SAMPLER_FLOW_EULER, 80) / flow_error(SAMPLER_FLOW_EULER, 160);
    double heun = flow_error(SAMPLER_FLOW_HEUN, 80) / flow_error(SAMPLER_FLOW_HEUN, 160);
    double karras = flow_error(SAMPLER_HEUN, 40) / flow_error(SAMPLER_HEUN, 80);
    CU_ASSERT(euler > 1.7 && euler < 2.4);
    CU_ASSERT(heun > 3 && heun < 5);
    CU_ASSERT(karras > 3 && karras < 5);
    CU_ASSERT(flow_error(SAMPLER_HEUN, 80) < 4e-3);
}

/* Every sampler finds the eight modes, equally often, with their width: counts by chi^2 with 7
 * degrees of freedom below 29.9 (false alarm 1e-4), variance about the nearest centre within 10 per
 * cent (its standard error is 1.6). */
static void check_modes(Bench *bench)
{
    enum { N = 2000 };
    real *x = memory_new(2 * N, sizeof *x);
    int count[8] = {0};
    double square = 0, chi = 0, sd = bench->oracle.sd[0][0];
    draw(bench, 11, N, x);
    for (int i = 0; i < N; i++) {
        double nearest = INFINITY;
        int mode = 0;
        for (int k = 0; k < 8; k++) {
            const double *m = bench->oracle.mean[k];
            double d = hypot((double)x[2 * i] - m[0], (double)x[2 * i + 1] - m[1]);
            mode = d < nearest ? k : mode;
            nearest = fmin(nearest, d);
        }
        count[mode]++;
        square += nearest * nearest / (2 * N);
    }
    for (int k = 0; k < 8; k++)
        chi += pow(count[k] - N / 8.0, 2) / (N / 8.0);
    CU_ASSERT(chi < 29.9);
    CU_ASSERT(fabs(square / (sd * sd) - 1) < 0.1);
    if (!(chi < 29.9) || !(fabs(square / (sd * sd) - 1) < 0.1))
        printf("%s: chi^2 %g, variance %g of the data's\n", sampler_name(bench->sampler.kind), chi,
               square / (sd * sd));
    free(x);
}

static void test_modes(void)
{
    static const int STEPS[] = {200, 200, 25, 600, 100, 30};
    Bench bench;
    bench_start(&bench, NOISE_COSINE, 400);
    for (int kind = 0; kind < 6; kind++) {
        bench.sampler.kind = (SamplerKind)kind;
        bench.sampler.steps = STEPS[kind];
        check_modes(&bench);
    }
    bench_end(&bench);
}

/* ---------------------------------------------------------------- what uses need */

typedef struct Watcher {
    SamplerObserver observer;
    int seen;
    double level;
    bool in_order;
} Watcher;

static void watch(SamplerObserver *observer, const SamplerView *view)
{
    Watcher *watcher = (Watcher *)observer;
    watcher->in_order = watcher->in_order && view->step == watcher->seen &&
                        (view->x0 == NULL) == (view->step == 0) && view->level <= watcher->level;
    watcher->seen++;
    watcher->level = view->level;
}

/* The observer sees the start and every step; memory does not grow with the steps. */
static void test_observer(void)
{
    static const int STEPS[] = {30, 10, 12, 40, 9, 9}, SEEN[] = {31, 11, 13, 42, 10, 10};
    Bench bench;
    real x[20];
    bench_start(&bench, NOISE_LINEAR, 30);
    for (int kind = 0; kind < 6; kind++) {
        Watcher watcher = {{watch}, 0, INFINITY, true};
        bench.sampler.kind = (SamplerKind)kind;
        bench.sampler.observer = &watcher.observer;
        bench.sampler.steps = 2;
        draw(&bench, 1, 10, x);
        size_t bytes = tape_bytes(bench.tape);
        watcher = (Watcher){{watch}, 0, INFINITY, true};
        bench.sampler.steps = STEPS[kind];
        draw(&bench, 1, 10, x);
        CU_ASSERT_EQUAL(watcher.seen, SEEN[kind]);
        CU_ASSERT(watcher.in_order && isinf(watcher.level));
        CU_ASSERT_EQUAL(tape_bytes(bench.tape), bytes);
    }
    bench_end(&bench);
}

/* What is known stays; the rest fits it: of two far components at (-1, -1) and (1, 1) the one that
 * the first coordinate belongs to. */
static void test_inpainting(void)
{
    enum { N = 100 };
    Bench bench;
    real x[2 * N], known[2 * N] = {0}, mask[2 * N] = {0};
    bench_start(&bench, NOISE_COSINE, 100);
    bench.sampler.kind = SAMPLER_DDPM;
    bench.sampler.known = known;
    bench.sampler.mask = mask;
    bench.sampler.repeats = 5;
    bench.oracle = oracle_create(2, 2, -5, 9);
    for (int k = 0; k < 2; k++)
        for (int d = 0; d < 2; d++) {
            bench.oracle.mean[k][d] = 2 * k - 1;
            bench.oracle.sd[k][d] = 0.1;
        }
    for (int i = 0; i < N; i++) {
        known[2 * i] = (real)(i % 2 == 0 ? 1.05 : -1.05);
        mask[2 * i] = 1;
    }
    draw(&bench, 4, N, x);
    int inside = 0;
    for (int i = 0; i < N; i++) {
        CU_ASSERT_EQUAL(x[2 * i], known[2 * i]);
        inside += fabs((double)x[2 * i + 1] - (i % 2 == 0 ? 1 : -1)) < 0.6;
    }
    CU_ASSERT_EQUAL(inside, N);
    bench_end(&bench);
}

/* A little way back and forth stays near; all the way forgets. */
static void test_there_and_back(void)
{
    enum { N = 100 };
    Bench bench;
    double moved[2] = {0, 0};
    bench_start(&bench, NOISE_COSINE, 100);
    for (int far = 0; far < 2; far++) {
        real x[2 * N];
        Rng rng = rng_stream(8, "sample");
        for (int i = 0; i < N; i++) {
            x[2 * i] = (real)bench.oracle.mean[0][0];
            x[2 * i + 1] = 0;
        }
        bench.sampler.kind = SAMPLER_DDPM;
        bench.sampler.from = far ? 100 : 10;
        sampler_noise(&bench.sampler, bench.sampler.from, &rng, N, x);
        sampler_run(&bench.sampler, bench.tape, &rng, N, NULL, x);
        for (int i = 0; i < N; i++)
            moved[far] +=
                hypot((double)x[2 * i] - bench.oracle.mean[0][0], (double)x[2 * i + 1]) / N;
    }
    CU_ASSERT(moved[0] < 0.4);
    CU_ASSERT(moved[1] > 1);
    bench_end(&bench);
}

/* Equal lengths stay, the angle is shared out, the ends are the ends; on one line it is straight.
 */
static void test_between(void)
{
    const double angle = 1.1, length = 3;
    real a[3] = {3, 0, 0}, b[3] = {(real)(3 * cos(angle)), 0, (real)(3 * sin(angle))}, x[3];
    for (int i = 0; i <= 4; i++) {
        double share = i / 4.0;
        sampler_between(a, b, 3, share, x);
        CU_ASSERT_DOUBLE_EQUAL(x[0], length * cos(share * angle), 1e-12);
        CU_ASSERT_DOUBLE_EQUAL(x[1], 0, 1e-12);
        CU_ASSERT_DOUBLE_EQUAL(x[2], length * sin(share * angle), 1e-12);
    }
    real twice[3] = {6, 0, 0};
    sampler_between(a, twice, 3, 0.25, x);
    CU_ASSERT_DOUBLE_EQUAL(x[0], 3.75, 1e-12);
}

/* ---------------------------------------------------------------- bad numbers */

static Guess broken_guess(const Predictor *predictor, Tensor *x, const double *level,
                          const int *label)
{
    Guess guess = {tensor_scale(x, (real)(level[0] < 0 ? NAN : 1)), tensor_scale(x, 0)};
    (void)predictor;
    (void)label;
    return guess;
}

static void run_broken(void *context)
{
    Bench *bench = context;
    real x[2];
    draw(bench, 1, 1, x);
}

static void test_not_finite(void)
{
    for (int kind = SAMPLER_DDIM; kind < 6; kind++) {
        Bench bench;
        bench_start(&bench, NOISE_LINEAR, 30);
        Predictor broken = bench.oracle.predictor;
        broken.guess = broken_guess;
        bench.sampler.predictor = &broken;
        bench.sampler.kind = (SamplerKind)kind;
        ChildResult result = child_run(run_broken, &bench);
        CU_ASSERT(child_said(&result, 1, "x is not finite after step"));
        CU_ASSERT(child_said(&result, 1, sampler_name(bench.sampler.kind)));
        bench_end(&bench);
    }
}

const Suite suite = {"chapters/ddpm sample",
                     {{"ddim with eta 1 is ddpm", test_ddim_is_ddpm},
                      {"ddim's inversion is of first order", test_inversion},
                      {"orders of the ODE samplers", test_orders},
                      {"all samplers find the modes", test_modes},
                      {"observer and memory", test_observer},
                      {"inpainting", test_inpainting},
                      {"there and back", test_there_and_back},
                      {"between two latents", test_between},
                      {"a value that is not finite", test_not_finite},
                      {NULL, NULL}}};
