/* Annealed importance sampling against the exact Z of an RBM with 20 hidden units. */
#include "01-boltzmann/rbm_ais.h"
#include "chapters/small_rbm.h"
#include "harness/suite.h"
#include "support/memory.h"

#include <stdlib.h>
#include <string.h>

enum { VISIBLE = 12, HIDDEN = 20, CHAINS = 200 };

typedef struct Bench {
    Rbm rbm;
    Tape *tape;
    double log_z;
    real start[CHAINS * VISIBLE];
} Bench;

static Bench *bench_begin(void)
{
    Bench *b = calloc(1, sizeof *b);
    CU_ASSERT_FATAL(b != NULL);
    Rng rng = rng_stream(1, "exact samples");
    small_rbm(&b->rbm, VISIBLE, HIDDEN, 1, 3);
    b->tape = tape_create(kernels_best());
    b->log_z = rbm_exact_log_z(&b->rbm, b->tape);
    CU_ASSERT_EQUAL(ais_start(&b->rbm, b->tape, CHAINS, 0, &rng, b->start), CHAINS);
    return b;
}

static void bench_end(Bench *b)
{
    tape_free(b->tape);
    model_free_parts(&b->rbm.model);
    free(b);
}

/* Within 0.1 nat and 3 of its own standard errors (false alarm 3e-3 each; fixed seeds). */
static void test_accurate(void)
{
    Bench *b = bench_begin();
    AisPlan plan = {.chains = CHAINS, .temperatures = 1000, .quiet = true};
    CU_ASSERT(fabs(b->log_z - rbm_log_z(&b->rbm, b->tape, true)) < 1e-10);
    for (uint64_t seed = 1; seed <= 3; seed++) {
        Rng rng = rng_stream(seed, "ais");
        AisResult below = ais_forward(&b->rbm, b->tape, plan, &rng);
        AisResult above = ais_reverse(&b->rbm, b->tape, plan, b->start, &rng);
        CU_ASSERT(fabs(below.log_z - b->log_z) < fmin(0.1, 3 * below.se));
        CU_ASSERT(fabs(above.log_z - b->log_z) < 0.15);
        CU_ASSERT(below.se > 0 && below.se < 0.1);
        CU_ASSERT(below.low < b->log_z && b->log_z < below.high);
        CU_ASSERT(below.effective > CHAINS / 4 && below.effective <= CHAINS);
    }
    bench_end(b);
}

/* With few temperatures and two chains a time the two directions lie on either side of the exact
 * log Z by more than 3 standard errors, and far apart. */
static void test_sandwich(void)
{
    enum { TIMES = CHAINS / 2 };
    Bench *b = bench_begin();
    AisPlan plan = {.chains = 2, .temperatures = 5, .quiet = true};
    double below[TIMES], above[TIMES];
    Rng rng = rng_stream(4, "sandwich");
    for (int t = 0; t < TIMES; t++) {
        below[t] = ais_forward(&b->rbm, b->tape, plan, &rng).log_z;
        above[t] = ais_reverse(&b->rbm, b->tape, plan, b->start + t * 2 * VISIBLE, &rng).log_z;
    }
    double low = likelihood_mean(below, TIMES), high = likelihood_mean(above, TIMES);
    CU_ASSERT(low < b->log_z - 3 * likelihood_se(below, TIMES));
    CU_ASSERT(high > b->log_z + 3 * likelihood_se(above, TIMES));
    CU_ASSERT(high - low > 0.5);
    bench_end(b);
}

/* Where the machine is the start, every weight is 1; log Z is exact and has no error. */
static void test_start(void)
{
    Rbm rbm;
    Tape *tape = tape_create(kernels_best());
    Rng rng = rng_stream(5, "start");
    small_rbm(&rbm, 8, 4, 0, 5);
    for (int i = 0; i < 8; i++) {
        double mean = rbm.visible_center->value[i];
        rbm.visible_bias->value[i] = log(mean / (1 - mean));
    }
    for (int j = 0; j < 4; j++)
        rbm.hidden_bias->value[j] = 0;
    AisResult result =
        ais_forward(&rbm, tape, (AisPlan){.chains = 10, .temperatures = 7, .quiet = true}, &rng);
    CU_ASSERT(fabs(result.log_z - rbm_exact_log_z(&rbm, tape)) < 1e-10);
    CU_ASSERT(fabs(result.log_z - ais_log_z_start(&rbm)) < 1e-10);
    CU_ASSERT(result.se < 1e-10 && fabs(result.effective - 10) < 1e-6);
    tape_free(tape);
    model_free_parts(&rbm.model);
}

/* Copies of a chain tell no more than the chain: without a move between weights (one temperature)
 * the error of ten copies each is that of the chains alone. */
static void test_copies(void)
{
    enum { ALONE = 12, COPIES = 10 };
    Bench *b = bench_begin();
    size_t visible = (size_t)b->rbm.visible;
    real *many = memory_new(ALONE * COPIES * visible, sizeof *many);
    for (size_t r = 0; r < ALONE * COPIES; r++)
        memcpy(many + r * visible, b->start + r % ALONE * visible, visible * sizeof *many);
    Rng rng = rng_stream(8, "copies");
    AisPlan plan = {.chains = ALONE, .temperatures = 1, .quiet = true};
    AisResult alone = ais_reverse(&b->rbm, b->tape, plan, b->start, &rng);
    plan.chains = ALONE * COPIES;
    plan.distinct = ALONE;
    AisResult copied = ais_reverse(&b->rbm, b->tape, plan, many, &rng);
    CU_ASSERT_DOUBLE_EQUAL(copied.log_z, alone.log_z, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(copied.se, alone.se, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(copied.effective, alone.effective, 1e-6);
    CU_ASSERT(copied.se > 0);
    free(many);
    bench_end(b);
}

/* The same seed, the same bits. beta rises from 0 to 1. */
static void test_repeats(void)
{
    Bench *b = bench_begin();
    AisPlan plan = {.chains = 10, .temperatures = 20, .quiet = true};
    Rng first = rng_stream(6, "again"), second = first;
    double one = ais_forward(&b->rbm, b->tape, plan, &first).log_z;
    double two = ais_forward(&b->rbm, b->tape, plan, &second).log_z;
    CU_ASSERT(one == two);
    for (int steps = 1; steps < 200; steps += 7) {
        CU_ASSERT(ais_beta(0, steps) == 0 && ais_beta(steps, steps) == 1);
        for (int k = 1; k <= steps; k++)
            CU_ASSERT(ais_beta(k, steps) > ais_beta(k - 1, steps));
    }
    bench_end(b);
}

const Suite suite = {"chapters/rbm ais",
                     {{"accurate", test_accurate},
                      {"sandwich", test_sandwich},
                      {"start", test_start},
                      {"copies", test_copies},
                      {"repeats", test_repeats},
                      {NULL, NULL}}};
