/* What rows are told about each other: the headline, the gap to the truth, paired differences, the
 * order by kind; and the forms that show them. */
#include "08-compare/compare_format.h"
#include "harness/suite.h"
#include "support/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXAMPLES = 14, SAMPLES = 100 };

static Yardstick *bars(Dataset **data)
{
    *data = dataset_load("bars-3");
    return yardstick_create(YARDSTICK_PATTERNS, *data, SAMPLES);
}

/* A row whose likelihoods are the given ones, each shift[l] - wave[i]. */
static Baseline made(const Dataset *data, const char *name, int likelihoods,
                     const char *const *names, const LikelihoodKind *kind, const double *shift)
{
    Baseline b = baseline_resampled(data, SAMPLES);
    b.name = name;
    b.report = (LikelihoodReport){.examples = EXAMPLES, .dims = 9, .discrete = true};
    for (int l = 0; l < likelihoods; l++) {
        Likelihood *to = likelihood_report_add(&b.report, names[l], kind[l]);
        for (int i = 0; i < EXAMPLES; i++)
            to->log_prob[i] = shift[l] - 0.1 * (i % 3);
    }
    return b;
}

static Rows three_rows(const Dataset *data, const Yardstick *y)
{
    static const char *const names[] = {"elbo", "iwae-50", "exact", "ais"};
    static const LikelihoodKind kind[] = {LIKELIHOOD_LOWER_BOUND, LIKELIHOOD_LOWER_BOUND,
                                          LIKELIHOOD_EXACT, LIKELIHOOD_ESTIMATE};
    const double bounds[] = {-5, -4}, best[] = {-3, -2.8, -3.1, -1}, worse[] = {-3.5, -3.4, -3.3};
    Rows rows = {.data = data, .yardstick = y, .examples = EXAMPLES};
    Baseline none = baseline_resampled(data, SAMPLES);
    rows_add_baseline(&rows, &none);
    Baseline b = made(data, "bounded", 2, names, kind, bounds);
    rows_add_baseline(&rows, &b);
    b = made(data, "worse", 3, names, kind, worse);
    rows_add_baseline(&rows, &b);
    b = made(data, "best", 4, names, kind, best);
    rows_add_baseline(&rows, &b);
    rows_settle(&rows);
    return rows;
}

static void test_settle(void)
{
    Dataset *data;
    Yardstick *y = bars(&data);
    Rows rows = three_rows(data, y);
    const char *order[] = {"best", "worse", "bounded", "training data"};
    for (int r = 0; r < 4; r++)
        CU_ASSERT_STRING_EQUAL(rows.row[r].label, order[r]);
    CU_ASSERT_STRING_EQUAL(rows.row[0].likelihood[rows.row[0].headline].name, "exact");
    CU_ASSERT_STRING_EQUAL(rows.row[2].likelihood[rows.row[2].headline].name, "iwae-50");
    CU_ASSERT_EQUAL(rows.row[3].headline, -1);
    double wave = (0.1 * 5 + 0.2 * 4) / EXAMPLES; /* the mean of 0, .1, .2 in turn */
    CU_ASSERT(fabs(rows.row[0].gap - (3.1 + wave - log(14))) < 1e-9);
    CU_ASSERT(rows.row[0].behind == 0 && isnan(rows.row[0].behind_se));
    /* paired: both waver alike, so the difference has no error at all */
    CU_ASSERT(fabs(rows.row[1].behind - 0.2) < 1e-9 && rows.row[1].behind_se < 1e-9);
    CU_ASSERT(rows.row[2].behind == 0); /* of another kind: not ranked against the exact ones */
    CU_ASSERT(rows.row[1].likelihood[2].se > 0.01);
    rows_free(&rows);
    yardstick_free(y);
    dataset_free(data);
}

static char *form(const Contest *contest, void (*write)(const Contest *, FILE *))
{
    char *text;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    write(contest, out);
    fclose(out);
    return text;
}

static int lines_with(const char *text, const char *piece)
{
    int found = 0;
    while ((text = strstr(text, piece)) != NULL) {
        found++;
        text++;
    }
    return found;
}

static void test_forms(void)
{
    Dataset *data;
    Yardstick *y = bars(&data);
    Rows rows = three_rows(data, y);
    rows_add_failure(&rows, track_family("vae"), "the loss became nan, \"really\" & so on");
    Contest contest = {track_find("bars"), &rows, "a test", "bin/compare --track bars", 1, 1};
    char *text = form(&contest, format_text), *csv = form(&contest, format_csv);
    char *tex = form(&contest, format_latex);
    cJSON *json = format_json(&contest);
    CU_ASSERT(strstr(text, "vae has no numbers: the loss became nan") != NULL);
    CU_ASSERT(strstr(text, "TROUBLE: best: the bound elbo lies 0.1000 nats above") != NULL);
    CU_ASSERT(strstr(text, "worse: the bound elbo lies 0.2000 nats below") != NULL);
    CU_ASSERT_EQUAL(lines_with(csv, "\n"), 7);
    CU_ASSERT(strstr(csv, "\"the loss became nan, \"\"really\"\" & so on\"") != NULL);
    CU_ASSERT(strstr(tex, "\\& so on") != NULL && strstr(tex, "lower\\_bound") != NULL);
    CU_ASSERT_EQUAL(lines_with(tex, "\\\\\n"), 7); /* the head, the floor and five rows */
    const cJSON *list = cJSON_GetObjectItem(json, "rows");
    CU_ASSERT_EQUAL(cJSON_GetArraySize(list), 5);
    const cJSON *first = cJSON_GetArrayItem(list, 0);
    CU_ASSERT_STRING_EQUAL(cJSON_GetObjectItem(first, "family")->valuestring, "best");
    CU_ASSERT_EQUAL(cJSON_GetArraySize(cJSON_GetObjectItem(first, "likelihood")), 4);
    CU_ASSERT(cJSON_IsNull(cJSON_GetObjectItem(first, "memorised")));
    /* every line of the CSV has as many fields as its head */
    for (char *rest = NULL, *line = strtok_r(csv, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        int fields = 1;
        bool quoted = false;
        for (const char *c = line; *c != '\0'; c++) {
            quoted ^= *c == '"';
            fields += *c == ',' && !quoted;
        }
        CU_ASSERT_EQUAL(fields, 17 + 6 + 4);
    }
    cJSON_Delete(json);
    free(tex);
    free(csv);
    free(text);
    rows_free(&rows);
    yardstick_free(y);
    dataset_free(data);
}

const Suite suite = {"chapters/compare rows",
                     {{"gaps, differences, order", test_settle},
                      {"text, CSV, LaTeX, JSON", test_forms},
                      {NULL, NULL}}};
