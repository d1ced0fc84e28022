#include "metric/likelihood.h"

#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *likelihood_kind_name(LikelihoodKind kind)
{
    static const char *const name[] = {"exact", "lower_bound", "estimate", "none"};
    return name[kind];
}

static bool known_name(const char *name)
{
    static const char *const known[] = {"elbo",        "exact",
                                        "dequantised", "ode",
                                        "ais",         "dequantised-tight",
                                        "pseudo",      "variational-bound",
                                        "canonical"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(name, known[i]) == 0)
            return true;
    return strncmp(name, "iwae-", 5) == 0 && name[5] >= '1' && name[5] <= '9' &&
           name[5 + strspn(name + 5, "0123456789")] == '\0';
}

Likelihood *likelihood_report_add(LikelihoodReport *report, const char *name, LikelihoodKind kind)
{
    if (!known_name(name) || strlen(name) >= LIKELIHOOD_NAME)
        fail("likelihood: '%s' is not in the list of names (metric/likelihood.h)", name);
    if (report->likelihoods == LIKELIHOOD_MOST)
        fail("likelihood: more than %d in one report", LIKELIHOOD_MOST);
    Likelihood *likelihood = &report->likelihood[report->likelihoods++];
    strcpy(likelihood->name, name);
    likelihood->kind = kind;
    likelihood->log_prob = memory_new((size_t)report->examples, sizeof *likelihood->log_prob);
    likelihood->se_estimator = NAN;
    return likelihood;
}

void likelihood_report_number(LikelihoodReport *report, const char *name, const char *unit,
                              double value, double se)
{
    if (report->parts == LIKELIHOOD_MOST_PARTS)
        fail("likelihood: more than %d parts in one report", LIKELIHOOD_MOST_PARTS);
    report->part[report->parts++] = (LikelihoodPart){name, unit, value, se};
}

void likelihood_report_part(LikelihoodReport *report, const char *name, const char *unit,
                            const double *value, size_t n)
{
    likelihood_report_number(report, name, unit, likelihood_mean(value, n),
                             likelihood_se(value, n));
}

void likelihood_report_clear(LikelihoodReport *report)
{
    for (int i = 0; i < report->likelihoods; i++)
        free(report->likelihood[i].log_prob);
    memset(report, 0, sizeof *report);
}

double likelihood_mean(const double *value, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += value[i];
    return sum / (double)n;
}

double likelihood_se(const double *value, size_t n)
{
    double mean = likelihood_mean(value, n), squares = 0;
    if (n < 2)
        return 0;
    for (size_t i = 0; i < n; i++)
        squares += (value[i] - mean) * (value[i] - mean);
    return sqrt(squares / (double)(n - 1) / (double)n);
}

double likelihood_bits_per_dim(double log_prob, int dims)
{
    return -log_prob / (dims * log(2.0));
}

static void add_number(cJSON *object, const char *name, double value)
{
    if (isfinite(value))
        cJSON_AddNumberToObject(object, name, value);
    else
        cJSON_AddNullToObject(object, name);
}

void likelihood_report_to_json(const LikelihoodReport *report, cJSON *object)
{
    cJSON *list = cJSON_AddArrayToObject(object, "likelihood");
    for (int i = 0; i < report->likelihoods; i++) {
        const Likelihood *likelihood = &report->likelihood[i];
        double mean = likelihood_mean(likelihood->log_prob, (size_t)report->examples);
        cJSON *row = cJSON_CreateObject();
        cJSON_AddStringToObject(row, "name", likelihood->name);
        cJSON_AddStringToObject(row, "kind", likelihood_kind_name(likelihood->kind));
        add_number(row, "log_prob", mean);
        add_number(row, "se_examples",
                   likelihood_se(likelihood->log_prob, (size_t)report->examples));
        add_number(row, "se_estimator", likelihood->se_estimator);
        add_number(row, "bits_per_dim",
                   report->discrete ? likelihood_bits_per_dim(mean, report->dims) : NAN);
        cJSON_AddItemToArray(list, row);
    }
    cJSON *parts = cJSON_AddObjectToObject(object, "parts");
    for (int i = 0; i < report->parts; i++) {
        cJSON *part = cJSON_AddObjectToObject(parts, report->part[i].name);
        add_number(part, "mean", report->part[i].mean);
        add_number(part, "se", report->part[i].se);
        cJSON_AddStringToObject(part, "unit", report->part[i].unit);
    }
}

void likelihood_report_print(const LikelihoodReport *report, FILE *out)
{
    if (report->likelihoods > 0)
        fprintf(out, "%-20s %-12s %12s %10s %10s\n", "-log p (down is better)", "kind", "nats",
                "+- se", report->discrete ? "bits/dim" : "");
    for (int i = 0; i < report->likelihoods; i++) {
        const Likelihood *likelihood = &report->likelihood[i];
        double mean = likelihood_mean(likelihood->log_prob, (size_t)report->examples);
        fprintf(out, "%-23s %-12s %9.4f %10.4f", likelihood->name,
                likelihood_kind_name(likelihood->kind), -mean,
                likelihood_se(likelihood->log_prob, (size_t)report->examples));
        if (report->discrete)
            fprintf(out, " %10.4f", likelihood_bits_per_dim(mean, report->dims));
        if (isfinite(likelihood->se_estimator))
            fprintf(out, "   (estimator +- %.4f)", likelihood->se_estimator);
        fputc('\n', out);
    }
    for (int i = 0; i < report->parts; i++) {
        const LikelihoodPart *part = &report->part[i];
        fprintf(out, "%-36s %9.4f", part->name, part->mean);
        if (isfinite(part->se))
            fprintf(out, " %10.4f", part->se);
        fprintf(out, "  %s\n", part->unit);
    }
}

void log_mean_add(LogMean *mean, double a)
{
    if (mean->n == 0 || a > mean->largest) {
        double shrink = mean->n == 0 ? 0 : exp(mean->largest - a);
        mean->sum *= shrink;
        mean->square *= shrink * shrink;
        mean->largest = a;
    }
    double weight = mean->largest == -INFINITY ? 0 : exp(a - mean->largest);
    mean->sum += weight;
    mean->square += weight * weight;
    mean->n++;
}

double log_mean_value(const LogMean *mean)
{
    return mean->n == 0 ? -INFINITY : mean->largest + log(mean->sum / (double)mean->n);
}

double log_mean_se(const LogMean *mean)
{
    double n = (double)mean->n, average = mean->sum / n;
    if (mean->n < 2)
        return NAN;
    double variance = (mean->square / n - average * average) * n / (n - 1);
    return sqrt(fmax(variance, 0) / n) / average;
}
