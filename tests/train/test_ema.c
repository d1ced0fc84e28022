/* Moving averages: the closed form, and the exchange with the weights. */
#include "harness/suite.h"
#include "train/ema.h"

#include <math.h>
#include <signal.h>
#include <string.h>

enum { SIZE = (1 << 14) + 3 }; /* above the size from which threads share the work */

static Params *two(void)
{
    Params *params = params_create();
    params_weight(params, "a", 1, (int[]){SIZE});
    params_buffer(params, "b", 1, (int[]){3});
    for (size_t i = 0; i < SIZE; i++)
        params->tensor[0]->value[i] = (real)sin((double)i);
    for (size_t i = 0; i < 3; i++)
        params->tensor[1]->value[i] = (real)i;
    return params;
}

static double keep_at(double decay, int t)
{
    return fmin(decay, (1.0 + t) / (10.0 + t));
}

/* average_T = w_0 prod d_t + sum_s (1 - d_s) w_s prod_(t > s) d_t, with w_s = s at every place. */
static double closed_form(double decay, double first, int steps)
{
    double sum = 0, behind = 1;
    for (int s = steps; s >= 1; s--) {
        sum += (1 - keep_at(decay, s)) * s * behind;
        behind *= keep_at(decay, s);
    }
    return sum + first * behind;
}

/* In single precision 200 updates of numbers up to 200 are off by less than 1e-3. */
static void test_closed_form(void)
{
    const double decays[] = {0, 0.5, 0.99, 0.9999};
    for (int d = 0; d < 4; d++) {
        Params *params = two();
        Ema *ema = ema_create(params, decays[d]);
        CU_ASSERT_EQUAL(ema->average[0][5], params->tensor[0]->value[5]);
        double first = (double)params->tensor[0]->value[5];
        for (int t = 1; t <= 200; t++) {
            for (size_t i = 0; i < SIZE; i++)
                params->tensor[0]->value[i] = (real)t;
            ema_update(ema);
        }
        CU_ASSERT_EQUAL(ema->updates, 200);
        CU_ASSERT(fabs((double)ema->average[0][5] - closed_form(decays[d], first, 200)) < 1e-3);
        CU_ASSERT(fabs((double)ema->average[1][2] - 2) < 1e-5); /* a buffer that never changed */
        ema_free(ema);
        params_free(params);
    }
    ema_free(NULL);
}

/* With decay 0.99 the start is forgotten: after two updates at most 2/11 3/12 of it is left. */
static void test_start(void)
{
    Params *params = two();
    Ema *ema = ema_create(params, 0.99);
    for (size_t i = 0; i < SIZE; i++)
        params->tensor[0]->value[i] = 0;
    ema->average[0][0] = 1;
    ema_update(ema);
    CU_ASSERT(fabs((double)ema->average[0][0] - 2.0 / 11) < 1e-7);
    ema_update(ema);
    CU_ASSERT(fabs((double)ema->average[0][0] - 2.0 / 11 * 3 / 12) < 1e-7);
    ema_free(ema);
    params_free(params);
}

static void test_swap(void)
{
    Params *params = two(), *copy = two();
    Ema *ema = ema_create(params, 0.9);
    for (size_t i = 0; i < SIZE; i++)
        params->tensor[0]->value[i] = -params->tensor[0]->value[i];
    const size_t bytes = SIZE * sizeof(real);
    unsigned weight = params->tensor[0]->version, buffer = params->tensor[1]->version;
    ema_swap(ema);
    CU_ASSERT(memcmp(params->tensor[0]->value, copy->tensor[0]->value, bytes) == 0);
    CU_ASSERT_EQUAL(ema->average[0][1], -copy->tensor[0]->value[1]);
    CU_ASSERT_EQUAL(params->tensor[0]->version, weight + 1);
    CU_ASSERT_EQUAL(params->tensor[1]->version, buffer + 1);
    ema_swap(ema);
    CU_ASSERT(memcmp(ema->average[0], copy->tensor[0]->value, bytes) == 0);
    CU_ASSERT_EQUAL(params->tensor[0]->value[1], -copy->tensor[0]->value[1]);
    CU_ASSERT_EQUAL(params->tensor[0]->version, weight + 2);
    CU_ASSERT_EQUAL(params->tensor[1]->version, buffer + 2);
    ema_free(ema);
    params_free(params);
    params_free(copy);
}

static void create_bad(void *context)
{
    ema_create(params_create(), *(double *)context);
}

static void test_mistakes(void)
{
    double bad[] = {1, -0.1, NAN};
    for (int i = 0; i < 3; i++) {
        ChildResult result = child_run(create_bad, &bad[i]);
        CU_ASSERT(child_said(&result, 128 + SIGABRT, "it must be at least 0 and below 1\n"));
    }
}

const Suite suite = {"train/ema",
                     {{"closed form", test_closed_form},
                      {"a start that is forgotten", test_start},
                      {"swap twice restores", test_swap},
                      {"decays that fail", test_mistakes},
                      {NULL, NULL}}};
