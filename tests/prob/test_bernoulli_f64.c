/* Bernoulli variables in double: probabilities against GSL's, their sum over all patterns, extreme
 * logits, derivatives against finite differences with one and more rows of logits an example. */
#include "prob/bernoulli.h"
#include "tensor/gradient_check.h"

#include <gsl/gsl_randist.h>

static void test_probability(void)
{
    enum { ROWS = 3, TIMES = 4, DIM = 5 };
    Tape *tape = tape_create(kernels_best());
    Rng rng = rng_stream(31, "probability");
    Tensor *x = tensor_new_matrix(tape, ROWS, DIM);
    Tensor *logits = tensor_new_matrix(tape, ROWS * TIMES, DIM);
    rng_normal(&rng, logits->value, logits->size);
    for (size_t i = 0; i < x->size; i++)
        x->value[i] = (real)rng_below(&rng, 2);
    const Tensor *log_p = bernoulli_log_prob(x, logits);
    CU_ASSERT(log_p->rank == 2 && log_p->shape[0] == ROWS * TIMES && log_p->shape[1] == 1);
    for (int r = 0; r < ROWS * TIMES; r++) {
        double want = 0;
        for (int j = 0; j < DIM; j++) {
            double p = 1 / (1 + exp(-logits->value[r * DIM + j]));
            want += log(gsl_ran_bernoulli_pdf((unsigned)x->value[r / TIMES * DIM + j], p));
        }
        CU_ASSERT(fabs(log_p->value[r] - want) < 1e-12 * fmax(1, fabs(want)));
    }
    tape_free(tape);
}

/* All 2^DIM patterns under one row of logits: one example a pattern. */
static void test_sums_to_one(void)
{
    enum { DIM = 6, PATTERNS = 1 << DIM };
    const double logit[DIM] = {-3, -0.5, 0, 0.1, 2, 9};
    Tape *tape = tape_create(kernels_best());
    Tensor *x = tensor_new_matrix(tape, PATTERNS, DIM), *logits = tensor_like(x);
    for (int i = 0; i < PATTERNS; i++)
        for (int j = 0; j < DIM; j++) {
            x->value[i * DIM + j] = i >> j & 1;
            logits->value[i * DIM + j] = logit[j];
        }
    const Tensor *log_p = bernoulli_log_prob(x, logits);
    double sum = 0;
    for (int i = 0; i < PATTERNS; i++)
        sum += exp(log_p->value[i]);
    CU_ASSERT(fabs(sum - 1) < 1e-13);
    tape_free(tape);
}

static void test_extremes(void)
{
    Tape *tape = tape_create(kernels_best());
    const real logit[4] = {800, 800, -800, -800}, value[4] = {1, 0, 1, 0};
    Tensor *x = tensor_from(tape, 2, (int[]){4, 1}, value);
    Tensor *logits = tensor_watch(tensor_from(tape, 2, (int[]){4, 1}, logit));
    Tensor *log_p = bernoulli_log_prob(x, logits);
    const double want[4] = {0, -800, -800, 0}, slope[4] = {0, -1, 1, 0};
    tape_backward(tensor_sum(log_p));
    for (int i = 0; i < 4; i++) {
        CU_ASSERT(fabs(log_p->value[i] - want[i]) < 1e-12);
        CU_ASSERT(fabs(logits->grad[i] - slope[i]) < 1e-12);
    }
    tape_free(tape);
}

/* arg rows of logits for each example; the examples are an uneven pattern of bits. */
static Tensor *build(Tensor *const *in, int arg)
{
    int rows = tensor_rows(in[0]) / arg, dim = tensor_columns(in[0]);
    Tensor *x = tensor_new_matrix(in[0]->tape, rows, dim);
    for (size_t i = 0; i < x->size; i++)
        x->value[i] = (i * 5 + i / 3) % 4 < 2;
    return bernoulli_log_prob(x, in[0]);
}

static const CheckRow rows[] = {
    {"bernoulli_log_prob", "one row an example", build, 1, -3, 3, 1, {{2, {4, 5}}}},
    {"bernoulli_log_prob", "three rows an example", build, 3, -3, 3, 1, {{2, {6, 5}}}},
    {"bernoulli_log_prob", "all rows of one example", build, 4, -3, 3, 1, {{2, {4, 17}}}},
    {"bernoulli_log_prob", "threaded", build, 2, -3, 3, 1, {{2, {600, 33}}}},
};

static void test_reverse(void)
{
    check_table(CHECK_ROWS(rows), check_reverse);
    check_table(CHECK_ROWS(rows), check_shared);
    check_table(CHECK_ROWS(rows), check_alone);
}

static void test_forward(void)
{
    check_table(CHECK_ROWS(rows), check_forward);
    check_table(CHECK_ROWS(rows), check_second);
}

const Suite suite = {"prob/bernoulli",
                     {{"probability is GSL's", test_probability},
                      {"all patterns sum to 1", test_sums_to_one},
                      {"extreme logits", test_extremes},
                      {"reverse mode", test_reverse},
                      {"forward mode", test_forward},
                      {NULL, NULL}}};
