/* The learning rate: end points, middle, warm-up. */
#include "harness/suite.h"
#include "train/schedule.h"

#include <math.h>

static void test_constant(void)
{
    const Schedule schedule = {.peak = 0.3, .steps = 100};
    for (long step = 0; step < 100; step++)
        CU_ASSERT_EQUAL(schedule_rate(&schedule, step), 0.3);
}

/* Eq. 5 with eta_min = 0: the peak at first, half of it in the middle, nothing at the end. */
static void test_cosine(void)
{
    const Schedule schedule = {.peak = 0.2, .cosine = true, .steps = 100};
    CU_ASSERT_EQUAL(schedule_rate(&schedule, 0), 0.2);
    CU_ASSERT(fabs(schedule_rate(&schedule, 50) - 0.1) < 1e-15);
    CU_ASSERT(fabs(schedule_rate(&schedule, 25) - 0.1 * (1 + sqrt(0.5))) < 1e-15);
    CU_ASSERT(fabs(schedule_rate(&schedule, 100)) < 1e-15);
    for (long step = 1; step < 100; step++)
        CU_ASSERT(schedule_rate(&schedule, step) < schedule_rate(&schedule, step - 1));
    for (long step = 0; step <= 100; step++) /* point symmetry about the middle */
        CU_ASSERT(fabs(schedule_rate(&schedule, step) + schedule_rate(&schedule, 100 - step) -
                       0.2) < 1e-15);
    CU_ASSERT(schedule_rate(&schedule, 99) > 0);
}

static void test_warmup(void)
{
    Schedule schedule = {.peak = 1, .cosine = true, .warmup = 10, .steps = 110};
    for (int cosine = 0; cosine < 2; cosine++) {
        schedule.cosine = cosine == 1;
        for (long step = 0; step < 10; step++)
            CU_ASSERT(fabs(schedule_rate(&schedule, step) - (double)(step + 1) / 10) < 1e-15);
        CU_ASSERT_EQUAL(schedule_rate(&schedule, 10), 1);
    }
    CU_ASSERT(fabs(schedule_rate(&schedule, 60) - 0.5) < 1e-15);
    CU_ASSERT(fabs(schedule_rate(&schedule, 110)) < 1e-15);
}

/* Nothing left to fall over, and a step behind the end: no division by zero, never negative. */
static void test_edges(void)
{
    const Schedule all_warmup = {.peak = 1, .cosine = true, .warmup = 5, .steps = 5};
    const Schedule one = {.peak = 1, .cosine = true, .steps = 1};
    CU_ASSERT_EQUAL(schedule_rate(&all_warmup, 4), 1);
    CU_ASSERT_EQUAL(schedule_rate(&all_warmup, 5), 1);
    CU_ASSERT_EQUAL(schedule_rate(&one, 0), 1);
    CU_ASSERT(fabs(schedule_rate(&one, 50)) < 1e-15);
}

const Suite suite = {"train/schedule",
                     {{"constant", test_constant},
                      {"cosine", test_cosine},
                      {"warm-up", test_warmup},
                      {"edges", test_edges},
                      {NULL, NULL}}};
