/* The discretised logistic in double: probabilities against differences of GSL's distribution
 * function, their sum over all levels, extreme scales, derivatives against finite differences.
 *
 * Below a bin of 1e-2 scales the library's 1 - e^-w is a series that is exact to float: its first
 * dropped term is w^3/24 = 4e-8 relative. Hence 1e-7 where such narrow bins occur. */
#include "prob/logistic.h"
#include "tensor/gradient_check.h"

#include <gsl/gsl_cdf.h>

static const double means[] = {-0.4, 0, 0.21, 0.5, 0.83, 1, 1.6};
static const double log_scales[] = {-7, -4.5, -3, -1.5, 0, 2};
static const int level_counts[] = {2, 3, 17, 256};
enum { MEANS = 7, SCALES = 6, COUNTS = 4 };

/* One row for each level, all under one mean and scale. */
static Logistic all_levels(Tape *tape, int levels, double mean, double log_scale, Tensor **x)
{
    *x = tensor_new_matrix(tape, levels, 1);
    for (int i = 0; i < levels; i++)
        (*x)->value[i] = i;
    return (Logistic){tensor_fill(tape, 2, (int[]){levels, 1}, mean),
                      tensor_fill(tape, 2, (int[]){levels, 1}, log_scale)};
}

static double tolerance(int levels, double log_scale)
{
    return exp(-log_scale) / (levels - 1) < 1e-2 ? 1e-7 : 1e-11;
}

static void each_case(void (*check)(Tape *tape, int levels, double mean, double log_scale))
{
    Tape *tape = tape_create(kernels_best());
    for (int c = 0; c < COUNTS; c++)
        for (int m = 0; m < MEANS; m++)
            for (int s = 0; s < SCALES; s++) {
                tape_reset(tape);
                check(tape, level_counts[c], means[m], log_scales[s]);
            }
    tape_free(tape);
}

static void check_sum(Tape *tape, int levels, double mean, double log_scale)
{
    Tensor *x;
    Logistic p = all_levels(tape, levels, mean, log_scale, &x);
    const Tensor *log_p = logistic_log_prob(p, x, levels);
    double sum = 0;
    for (int i = 0; i < levels; i++)
        sum += exp(log_p->value[i]);
    CU_ASSERT(fabs(sum - 1) < tolerance(levels, log_scale));
}

static void test_sums_to_one(void)
{
    each_case(check_sum);
}

/* F(upper) - F(lower), from the tail that keeps the digits. */
static double probability(int level, int levels, double mean, double log_scale)
{
    double scale = exp(log_scale), last = levels - 1;
    double upper = (level + 0.5) / last - mean, lower = (level - 0.5) / last - mean;
    if (level == 0)
        return gsl_cdf_logistic_P(upper, scale);
    if (level == levels - 1)
        return gsl_cdf_logistic_Q(lower, scale);
    if (lower > 0)
        return gsl_cdf_logistic_Q(lower, scale) - gsl_cdf_logistic_Q(upper, scale);
    return gsl_cdf_logistic_P(upper, scale) - gsl_cdf_logistic_P(lower, scale);
}

static void check_value_of_each(Tape *tape, int levels, double mean, double log_scale)
{
    Tensor *x;
    Logistic p = all_levels(tape, levels, mean, log_scale, &x);
    const Tensor *log_p = logistic_log_prob(p, x, levels);
    double worst = 0;
    for (int i = 0; i < levels; i++) {
        double want = probability(i, levels, mean, log_scale);
        if (want < 1e-290)
            continue; /* GSL's difference has no digits left there */
        worst = check_worse(worst, fabs(exp(log_p->value[i]) / want - 1));
    }
    CU_ASSERT(worst < 2 * tolerance(levels, log_scale));
}

static void test_values(void)
{
    each_case(check_value_of_each);
}

/* The first and the last level take the whole tail: far below the range, level 0 is certain. */
static void test_edges(void)
{
    Tape *tape = tape_create(kernels_best());
    Tensor *x;
    Logistic low = all_levels(tape, 5, -50, 0, &x), high = all_levels(tape, 5, 50, 0, &x);
    CU_ASSERT(fabs(logistic_log_prob(low, x, 5)->value[0]) < 1e-20);
    CU_ASSERT(fabs(logistic_log_prob(high, x, 5)->value[4]) < 1e-20);
    CU_ASSERT(logistic_log_prob(low, x, 5)->value[1] < -40);
    tape_free(tape);
}

/* Values and slopes stay finite, and no log probability is above 0. */
static void check_finite(Tape *tape, int levels, double mean, double log_scale)
{
    Tensor *x;
    Logistic p = all_levels(tape, levels, mean, log_scale, &x);
    tensor_watch(p.mean);
    tensor_watch(p.log_scale);
    Tensor *log_p = logistic_log_prob(p, x, levels);
    tape_backward(tensor_sum(log_p));
    for (int i = 0; i < levels; i++) {
        CU_ASSERT(isfinite(log_p->value[i]) && log_p->value[i] <= 0);
        CU_ASSERT(isfinite(p.mean->grad[i]));
        CU_ASSERT(isfinite(p.log_scale->grad[i]));
    }
}

static void test_extreme_scales(void)
{
    static const double extreme[] = {-60, -30, -15, 15, 30, 60};
    Tape *tape = tape_create(kernels_best());
    for (int s = 0; s < 6; s++)
        for (int m = 0; m < MEANS; m++) {
            tape_reset(tape);
            check_finite(tape, 17, means[m], extreme[s]);
        }
    tape_free(tape);
}

/* ---------------------------------------------------------------- derivatives */

enum { BUILD_LEVELS = 9 };

/* arg rows of mean and scale for each example, which holds first, last and inner levels. */
static Tensor *build(Tensor *const *in, int arg)
{
    int rows = tensor_rows(in[0]) / arg, dim = tensor_columns(in[0]);
    Tensor *x = tensor_new_matrix(in[0]->tape, rows, dim);
    for (size_t i = 0; i < x->size; i++)
        x->value[i] = (real)(i * 4 % BUILD_LEVELS);
    return logistic_log_prob((Logistic){in[0], in[1]}, x, BUILD_LEVELS);
}

static const CheckRow rows[] = {
    {"logistic_log_prob", "one row", build, 1, -1, 1, 2, {{2, {4, 5}}, {2, {4, 5}}}},
    {"logistic_log_prob", "three rows an example", build, 3, -1, 1, 2, {{2, {6, 5}}, {2, {6, 5}}}},
    {"logistic_log_prob", "sharp", build, 2, -2.2, -1, 2, {{2, {4, 9}}, {2, {4, 9}}}},
    {"logistic_log_prob", "threaded", build, 2, -1, 1, 2, {{2, {600, 33}}, {2, {600, 33}}}},
};

static void test_reverse(void)
{
    check_table(CHECK_ROWS(rows), check_reverse);
    check_table(CHECK_ROWS(rows), check_shared);
    check_table(CHECK_ROWS(rows), check_alone);
}

const Suite suite = {"prob/logistic",
                     {{"all levels sum to 1", test_sums_to_one},
                      {"probability is GSL's", test_values},
                      {"edges", test_edges},
                      {"extreme scales", test_extreme_scales},
                      {"reverse mode", test_reverse},
                      {NULL, NULL}}};
