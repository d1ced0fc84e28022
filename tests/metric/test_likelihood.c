/* Likelihoods: the running log of a mean against its definition, standard errors, the closed list
 * of names, and the members that eval.json promises. */
#include "harness/suite.h"
#include "metric/likelihood.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- log of a mean */

static LogMean log_mean_of(const double *a, int n)
{
    LogMean mean = {0};
    for (int i = 0; i < n; i++)
        log_mean_add(&mean, a[i]);
    return mean;
}

enum { N = 12 };
static const double terms[N] = {-1.5, 0.3, -7, 2.25, 2.25, -0.1, 3.5, -30, 1, 0, -2, 3.4};

/* The definition, and the delta method for its error: sd(w) / (mean(w) sqrt(n)). */
static void test_log_mean(void)
{
    double sum = 0, squares = 0;
    for (int i = 0; i < N; i++)
        sum += exp(terms[i]);
    for (int i = 0; i < N; i++)
        squares += pow(exp(terms[i]) - sum / N, 2);
    LogMean mean = log_mean_of(terms, N);
    CU_ASSERT(fabs(log_mean_value(&mean) - log(sum / N)) < 1e-13);
    double se = sqrt(squares / (N - 1)) / (sum / N * sqrt(N));
    CU_ASSERT(fabs(log_mean_se(&mean) - se) < 1e-12);
    CU_ASSERT_EQUAL(mean.n, N);
}

/* Rising, falling and mixed orders take different paths through the largest term. */
static int rising(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void test_order(void)
{
    double up[N], down[N];
    memcpy(up, terms, sizeof up);
    qsort(up, N, sizeof *up, rising);
    for (int i = 0; i < N; i++)
        down[i] = up[N - 1 - i];
    LogMean mixed = log_mean_of(terms, N), rose = log_mean_of(up, N), fell = log_mean_of(down, N);
    CU_ASSERT(fabs(log_mean_value(&rose) - log_mean_value(&mixed)) < 1e-13);
    CU_ASSERT(fabs(log_mean_value(&fell) - log_mean_value(&mixed)) < 1e-13);
    CU_ASSERT(fabs(log_mean_se(&rose) - log_mean_se(&mixed)) < 1e-12);
    CU_ASSERT(fabs(log_mean_se(&fell) - log_mean_se(&mixed)) < 1e-12);
}

/* exp(-1e5) and exp(1e5) are no doubles; the log of their mean is. A shift is only a shift. */
static void test_shift(void)
{
    LogMean base = log_mean_of(terms, N);
    for (int sign = -1; sign <= 1; sign += 2) {
        double moved[N];
        for (int i = 0; i < N; i++)
            moved[i] = terms[i] + sign * 1e5;
        LogMean mean = log_mean_of(moved, N);
        CU_ASSERT(fabs(log_mean_value(&mean) - sign * 1e5 - log_mean_value(&base)) < 1e-9);
        CU_ASSERT(fabs(log_mean_se(&mean) - log_mean_se(&base)) < 1e-9);
    }
}

/* Blocks join by the mean of their means, weighted by their sizes. */
static void test_blocks(void)
{
    LogMean all = log_mean_of(terms, N), parts = {0};
    for (int i = 0; i < N; i += 3) {
        LogMean block = log_mean_of(terms + i, 3);
        log_mean_add(&parts, log_mean_value(&block));
    }
    CU_ASSERT(fabs(log_mean_value(&parts) - log_mean_value(&all)) < 1e-13);
}

static void test_weights_of_zero(void)
{
    LogMean none = {0}, zeros = {0}, some = {0}, late = {0};
    CU_ASSERT_EQUAL(log_mean_value(&none), -INFINITY);
    for (int i = 0; i < 3; i++)
        log_mean_add(&zeros, -INFINITY);
    CU_ASSERT_EQUAL(log_mean_value(&zeros), -INFINITY);
    log_mean_add(&some, 2);
    log_mean_add(&some, -INFINITY);
    log_mean_add(&late, -INFINITY);
    log_mean_add(&late, 2);
    CU_ASSERT(fabs(log_mean_value(&some) - (2 - log(2.0))) < 1e-14);
    CU_ASSERT_EQUAL(log_mean_value(&late), log_mean_value(&some));
    CU_ASSERT(fabs(log_mean_se(&late) - 1) < 1e-14); /* weights 0 and 1: sd sqrt(1/2), mean 1/2 */
}

static void test_error_of_few(void)
{
    LogMean one = {0}, equal = {0};
    log_mean_add(&one, -3);
    CU_ASSERT(isnan(log_mean_se(&one)));
    CU_ASSERT(fabs(log_mean_value(&one) + 3) < 1e-15);
    for (int i = 0; i < 5; i++)
        log_mean_add(&equal, -3);
    CU_ASSERT_EQUAL(log_mean_se(&equal), 0);
    log_mean_add(&equal, NAN); /* is not swallowed */
    CU_ASSERT(isnan(log_mean_value(&equal)));
}

/* ---------------------------------------------------------------- mean, error, bits */

static void test_mean_and_error(void)
{
    const double value[4] = {1, 2, 4, 9};
    CU_ASSERT(fabs(likelihood_mean(value, 4) - 4) < 1e-15);
    CU_ASSERT(fabs(likelihood_se(value, 4) - sqrt(38.0 / 3 / 4)) < 1e-15);
    CU_ASSERT_EQUAL(likelihood_se(value, 1), 0);
}

/* A uniform distribution over 256 levels costs 8 bits a dimension, a fair coin 1, certainty 0. */
static void test_bits_per_dim(void)
{
    CU_ASSERT(fabs(likelihood_bits_per_dim(-784 * log(256.0), 784) - 8) < 1e-13);
    CU_ASSERT(fabs(likelihood_bits_per_dim(-10 * log(2.0), 10) - 1) < 1e-14);
    CU_ASSERT(likelihood_bits_per_dim(0, 10) == 0);
    /* nats in place of bits, or a sum over dimensions, would be seen */
    CU_ASSERT(fabs(likelihood_bits_per_dim(-784 * log(256.0), 784) - log(256.0)) > 1);
}

/* ---------------------------------------------------------------- names */

static void add_named(void *name)
{
    LikelihoodReport report = {.examples = 1, .dims = 1};
    likelihood_report_add(&report, name, LIKELIHOOD_EXACT);
    likelihood_report_clear(&report);
}

enum { ABORTED = 128 + 6 };

static void test_known_names(void)
{
    static const char *const known[] = {"elbo",        "iwae-1",
                                        "iwae-5000",   "exact",
                                        "dequantised", "dequantised-tight",
                                        "ode",         "variational-bound",
                                        "ais",         "pseudo"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        ChildResult result = child_run(add_named, (void *)known[i]);
        CU_ASSERT(child_said(&result, 0, ""));
    }
}

static void test_unknown_names(void)
{
    static const char *const unknown[] = {"",        "ELBO",    "nll",     "iwae",
                                          "iwae-",   "iwae-0",  "iwae--5", "iwae-k",
                                          "iwae-5x", "iwae- 5", "iwae-+5", "elbo "};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        ChildResult result = child_run(add_named, (void *)unknown[i]);
        CU_ASSERT(child_said(&result, ABORTED, "is not in the list of names"));
    }
}

static void add_too_many(void *unused)
{
    (void)unused;
    LikelihoodReport report = {.examples = 1, .dims = 1};
    for (int i = 0; i <= LIKELIHOOD_MOST; i++)
        likelihood_report_add(&report, "elbo", LIKELIHOOD_LOWER_BOUND);
}

static void test_too_many(void)
{
    ChildResult result = child_run(add_too_many, NULL);
    CU_ASSERT(child_said(&result, ABORTED, "more than 8 in one report"));
}

/* ---------------------------------------------------------------- eval.json */

static LikelihoodReport example(bool discrete)
{
    LikelihoodReport report = {.examples = 3, .dims = 4, .discrete = discrete};
    const double value[3] = {-5, -6, -10}, part[2] = {1, 3};
    Likelihood *bound = likelihood_report_add(&report, "elbo", LIKELIHOOD_LOWER_BOUND);
    memcpy(bound->log_prob, value, sizeof value);
    bound->se_estimator = 0.25;
    Likelihood *exact = likelihood_report_add(&report, "exact", LIKELIHOOD_EXACT);
    exact->log_prob[0] = -INFINITY;
    likelihood_report_part(&report, "kl", "nats", part, 2);
    likelihood_report_number(&report, "active units", "of the latent", 7, NAN);
    return report;
}

static double number(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(item) ? item->valuedouble : NAN;
}

static bool is_null(const cJSON *object, const char *name)
{
    return cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(object, name));
}

static bool is_text(const cJSON *object, const char *name, const char *text)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsString(item) && strcmp(item->valuestring, text) == 0;
}

static void test_json(void)
{
    LikelihoodReport report = example(true);
    cJSON *object = cJSON_CreateObject();
    likelihood_report_to_json(&report, object);
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(object, "likelihood");
    CU_ASSERT_EQUAL_FATAL(cJSON_GetArraySize(list), 2);
    const cJSON *bound = cJSON_GetArrayItem(list, 0), *exact = cJSON_GetArrayItem(list, 1);
    CU_ASSERT_EQUAL(cJSON_GetArraySize(bound), 6);
    CU_ASSERT(is_text(bound, "name", "elbo") && is_text(bound, "kind", "lower_bound"));
    CU_ASSERT(fabs(number(bound, "log_prob") + 7) < 1e-14);
    CU_ASSERT(fabs(number(bound, "se_examples") - sqrt(14.0 / 2 / 3)) < 1e-14);
    CU_ASSERT(fabs(number(bound, "se_estimator") - 0.25) < 1e-14);
    CU_ASSERT(fabs(number(bound, "bits_per_dim") - 7 / (4 * log(2.0))) < 1e-14);
    CU_ASSERT(is_text(exact, "name", "exact") && is_text(exact, "kind", "exact"));
    CU_ASSERT(is_null(exact, "log_prob")); /* JSON has no infinity */
    CU_ASSERT(is_null(exact, "se_estimator"));
    CU_ASSERT(is_null(exact, "bits_per_dim"));
    const cJSON *parts = cJSON_GetObjectItemCaseSensitive(object, "parts");
    const cJSON *kl = cJSON_GetObjectItemCaseSensitive(parts, "kl");
    const cJSON *active = cJSON_GetObjectItemCaseSensitive(parts, "active units");
    CU_ASSERT(fabs(number(kl, "mean") - 2) < 1e-14 && fabs(number(kl, "se") - 1) < 1e-14);
    CU_ASSERT(is_text(kl, "unit", "nats"));
    CU_ASSERT(fabs(number(active, "mean") - 7) < 1e-14 && is_null(active, "se"));
    cJSON_Delete(object);
    likelihood_report_clear(&report);
    CU_ASSERT(report.likelihoods == 0 && report.likelihood[0].log_prob == NULL);
}

/* Points have no bits a dimension; a model without likelihoods has an empty list. */
static void test_json_of_points_and_of_none(void)
{
    LikelihoodReport report = example(false), none = {.examples = 3, .dims = 2};
    cJSON *object = cJSON_CreateObject(), *empty = cJSON_CreateObject();
    likelihood_report_to_json(&report, object);
    likelihood_report_to_json(&none, empty);
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(object, "likelihood");
    const cJSON *bound = cJSON_GetArrayItem(list, 0);
    CU_ASSERT(is_null(bound, "bits_per_dim"));
    CU_ASSERT(fabs(number(bound, "log_prob") + 7) < 1e-14);
    list = cJSON_GetObjectItemCaseSensitive(empty, "likelihood");
    CU_ASSERT(cJSON_IsArray(list) && cJSON_GetArraySize(list) == 0);
    cJSON_Delete(object);
    cJSON_Delete(empty);
    likelihood_report_clear(&report);
}

static void print_example(void *discrete)
{
    LikelihoodReport report = example(*(bool *)discrete);
    likelihood_report_print(&report, stdout);
    likelihood_report_clear(&report);
}

static void test_table(void)
{
    bool discrete = true;
    ChildResult result = child_run(print_example, &discrete);
    CU_ASSERT(child_said(&result, 0, "-log p (down is better)"));
    CU_ASSERT(child_said(&result, 0, " 7.0000")); /* minus the log probability */
    CU_ASSERT(child_said(&result, 0, "bits/dim"));
    CU_ASSERT(child_said(&result, 0, "(estimator +- 0.2500)"));
    discrete = false;
    result = child_run(print_example, &discrete);
    CU_ASSERT_PTR_NULL(strstr(result.text, "bits/dim"));
}

static void test_kind_names(void)
{
    CU_ASSERT_STRING_EQUAL(likelihood_kind_name(LIKELIHOOD_EXACT), "exact");
    CU_ASSERT_STRING_EQUAL(likelihood_kind_name(LIKELIHOOD_LOWER_BOUND), "lower_bound");
    CU_ASSERT_STRING_EQUAL(likelihood_kind_name(LIKELIHOOD_ESTIMATE), "estimate");
    CU_ASSERT_STRING_EQUAL(likelihood_kind_name(LIKELIHOOD_NONE), "none");
}

const Suite suite = {"metric/likelihood",
                     {{"log of a mean", test_log_mean},
                      {"order does not matter", test_order},
                      {"a shift is a shift", test_shift},
                      {"blocks", test_blocks},
                      {"weights of zero", test_weights_of_zero},
                      {"one weight, equal weights, NaN", test_error_of_few},
                      {"mean and standard error", test_mean_and_error},
                      {"bits per dimension", test_bits_per_dim},
                      {"known names", test_known_names},
                      {"unknown names", test_unknown_names},
                      {"too many", test_too_many},
                      {"eval.json", test_json},
                      {"eval.json of points and of none", test_json_of_points_and_of_none},
                      {"table", test_table},
                      {"names of kinds", test_kind_names},
                      {NULL, NULL}}};
