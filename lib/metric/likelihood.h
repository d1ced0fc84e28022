/* Likelihoods that can be compared: one sign, one unit, one closed list of names, and each figure
 * with its kind and its errors. A value is the log-likelihood of one example in nats; up is better.
 *
 *     kind         exact        the model's own log-probability or density
 *                  lower_bound  at most that (ELBO, IWAE-k, variational bound, dequantised density)
 *                  estimate     may err upward or either way (AIS, an ODE with a stochastic trace)
 *                  none         no likelihood at all (pseudo-likelihood)
 */
#ifndef METRIC_LIKELIHOOD_H
#define METRIC_LIKELIHOOD_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef enum LikelihoodKind {
    LIKELIHOOD_EXACT,
    LIKELIHOOD_LOWER_BOUND,
    LIKELIHOOD_ESTIMATE,
    LIKELIHOOD_NONE
} LikelihoodKind;

/* "exact", "lower_bound", "estimate", "none" */
const char *likelihood_kind_name(LikelihoodKind kind);

enum { LIKELIHOOD_MOST = 8, LIKELIHOOD_NAME = 32 };

typedef struct Likelihood {
    char name[LIKELIHOOD_NAME]; /* elbo, iwae-K, exact, dequantised, dequantised-tight,
                                   variational-bound, ode, ais, pseudo, canonical (of a text: of
                                   the one way in which it is written in tokens)             */
    LikelihoodKind kind;
    double *log_prob;    /* [examples], nats                                                   */
    double se_estimator; /* of the mean, from the estimator's own noise; NaN: none or unknown     */
} Likelihood;

/* A quantity beside the likelihoods: its mean and standard error. */
typedef struct LikelihoodPart {
    const char *name, *unit;
    double mean, se; /* se NaN where none applies */
} LikelihoodPart;

enum { LIKELIHOOD_MOST_PARTS = 40 };

/* What an evaluation found. */
typedef struct LikelihoodReport {
    int examples;
    int dims;      /* numbers an example                                   */
    bool discrete; /* bits per dimension make sense                        */
    Likelihood likelihood[LIKELIHOOD_MOST];
    int likelihoods;
    LikelihoodPart part[LIKELIHOOD_MOST_PARTS];
    int parts;
} LikelihoodReport;

/* Adds a likelihood and returns it; its log_prob [examples] is zeroed and freed by
 * likelihood_report_clear. A name that is not in the closed list is a programmer's mistake. */
Likelihood *likelihood_report_add(LikelihoodReport *report, const char *name, LikelihoodKind kind);

/* The mean of value [n] and its standard error; or a number as it is. */
void likelihood_report_part(LikelihoodReport *report, const char *name, const char *unit,
                            const double *value, size_t n);
void likelihood_report_number(LikelihoodReport *report, const char *name, const char *unit,
                              double value, double se);

void likelihood_report_clear(LikelihoodReport *report);

/* Mean, and its standard error: sample standard deviation / sqrt(n); 0 for n = 1. */
double likelihood_mean(const double *value, size_t n);
double likelihood_se(const double *value, size_t n);

/* -log_prob in bits per dimension. */
double likelihood_bits_per_dim(double log_prob, int dims);

/* The arrays "likelihood" and object "parts" of eval.json into an object. */
void likelihood_report_to_json(const LikelihoodReport *report, cJSON *object);

/* The same as a table for a person: -log p, so that down is better, and it says so. */
void likelihood_report_print(const LikelihoodReport *report, FILE *out);

/* A running log(mean(exp(a_i))), for importance weights that come in blocks. */
typedef struct LogMean {
    double largest, sum, square; /* sums of exp(a - largest) and of its square */
    long n;
} LogMean;

void log_mean_add(LogMean *mean, double a);

/* log of the mean so far; -inf when nothing was added. */
double log_mean_value(const LogMean *mean);

/* Standard error of that value by the delta method: sd(w) / (mean(w) sqrt(n)). */
double log_mean_se(const LogMean *mean);

#endif
