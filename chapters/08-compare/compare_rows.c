#include "08-compare/compare_rows.h"

#include "08-compare/compare_one.h"
#include "support/fail.h"
#include "support/file.h"
#include "support/memory.h"
#include "support/npy.h"
#include "train/run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Row *new_row(Rows *rows, const char *label, const Family *family)
{
    if (rows->count == ROWS_MOST)
        refuse("compare: more than %d rows; compare fewer runs at once", ROWS_MOST);
    Row *row = &rows->row[rows->count++];
    *row = (Row){.label = memory_text(label), .family = family, .seeds = 1, .headline = -1};
    row->parameters = row->steps = row->train_seconds = row->peak_mib = NAN;
    row->sample_seconds_per_1000 = row->gap = row->gap_se = row->behind = row->behind_se = NAN;
    for (int m = 0; m < YARDSTICK_MOST; m++)
        row->value_sd[m] = NAN;
    return row;
}

static void mean_of(RowLikelihood *likelihood, size_t examples)
{
    likelihood->neg_log_prob = -likelihood_mean(likelihood->log_prob, examples);
    likelihood->se = likelihood_se(likelihood->log_prob, examples);
}

/* ---------------------------------------------------------------- baselines and failures */

void rows_add_baseline(Rows *rows, Baseline *b)
{
    Row *row = new_row(rows, b->name, NULL);
    size_t n = (size_t)rows->examples;
    row->parameters = (double)b->parameters;
    row->train_seconds = b->train_seconds;
    row->sample_seconds_per_1000 = b->sample_seconds_per_1000;
    row->samples = yardstick_measure(rows->yardstick, b->sample);
    for (int l = 0; l < b->report.likelihoods; l++) {
        RowLikelihood *to = &row->likelihood[row->likelihoods++];
        *to = (RowLikelihood){.kind = b->report.likelihood[l].kind,
                              .se_estimator = NAN,
                              .seed_sd = NAN,
                              .states = NAN,
                              .log_prob = memory_new(n, sizeof(double))};
        memcpy(to->name, b->report.likelihood[l].name, sizeof to->name);
        memcpy(to->log_prob, b->report.likelihood[l].log_prob, n * sizeof(double));
        mean_of(to, n);
    }
    row->sample = b->sample;
    row->map = b->map;
    b->sample = NULL;
    b->map = NULL;
    baseline_free(b);
}

void rows_add_failure(Rows *rows, const Family *family, const char *reason)
{
    new_row(rows, family->name, family)->failure = memory_text(reason);
}

/* ---------------------------------------------------------------- runs */

static const char *text_of(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return text != NULL ? text : "";
}

static cJSON *json_of(const char *dir, const char *name)
{
    char *path = run_path(dir, name);
    cJSON *json = file_read_json(path);
    free(path);
    return json;
}

/* An array that must hold so many numbers. */
static Npy *numbers_of(const char *dir, const char *name, size_t count)
{
    char *path = run_path(dir, name);
    Npy *npy = npy_read(path);
    if (count != 0 && npy->count != count)
        refuse("%s: holds %zu numbers, %zu were expected; start anew with --force", path,
               npy->count, count);
    free(path);
    return npy;
}

static LikelihoodKind kind_of(const char *name)
{
    for (int kind = LIKELIHOOD_EXACT; kind <= LIKELIHOOD_NONE; kind++)
        if (strcmp(likelihood_kind_name((LikelihoodKind)kind), name) == 0)
            return (LikelihoodKind)kind;
    refuse("eval.json: '%s' is no kind of likelihood", name);
}

/* Adds a seed's likelihoods, as many as the row has by now or will have: mean over the seeds. */
static void add_likelihoods(Row *row, const char *dir, int seed, int seeds, size_t n)
{
    cJSON *eval = json_of(dir, "eval.json");
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(eval, "likelihood");
    int count = cJSON_GetArraySize(list);
    if (count > LIKELIHOOD_MOST || (seed > 0 && count != row->likelihoods))
        refuse("%s/eval.json: %d likelihoods; start anew with --force", dir, count);
    Npy *value = numbers_of(dir, "log_prob.npy", (size_t)count * n);
    for (int l = 0; l < count; l++) {
        RowLikelihood *to = &row->likelihood[l];
        const cJSON *item = cJSON_GetArrayItem(list, l);
        if (seed == 0) {
            *to = (RowLikelihood){.kind = kind_of(text_of(item, "kind")),
                                  .se_estimator = file_json_number(item, "se_estimator"),
                                  .seed_sd = NAN,
                                  .states = NAN,
                                  .log_prob = memory_new(n, sizeof(double))};
            snprintf(to->name, sizeof to->name, "%s", text_of(item, "name"));
        }
        for (size_t i = 0; i < n; i++)
            to->log_prob[i] += npy_number(value, (size_t)l * n + i) / seeds;
    }
    row->likelihoods = count;
    npy_free(value);
    cJSON_Delete(eval);
}

static void add_states(Row *row, const char *dir, const Dataset *data)
{
    char *path = run_path(dir, "states.npy");
    size_t states = (size_t)1 << data->dims;
    if (file_exists(path)) {
        Npy *value = numbers_of(dir, "states.npy", (size_t)row->likelihoods * states);
        for (int l = 0; l < row->likelihoods; l++) {
            double sum = 0;
            for (size_t s = 0; s < states; s++)
                sum += exp(npy_number(value, (size_t)l * states + s));
            row->likelihood[l].states = sum;
        }
        npy_free(value);
    }
    free(path);
}

static void add_map(Row *row, const char *dir)
{
    char *path = run_path(dir, "map.npy");
    size_t cells = ONE_MAP_CELLS * ONE_MAP_CELLS;
    if (file_exists(path)) {
        Npy *map = numbers_of(dir, "map.npy", cells);
        row->map = memory_new(cells, sizeof *row->map);
        for (size_t c = 0; c < cells; c++)
            row->map[c] = npy_number(map, c);
        npy_free(map);
    }
    free(path);
}

/* Mean and sample standard deviation of a number that every seed has. */
static double over_seeds(const double *value, int seeds, double *sd)
{
    double sum = 0, square = 0;
    for (int s = 0; s < seeds; s++)
        sum += value[s] / seeds;
    for (int s = 0; s < seeds; s++)
        square += (value[s] - sum) * (value[s] - sum);
    if (sd != NULL)
        *sd = seeds > 1 ? sqrt(square / (seeds - 1)) : NAN;
    return sum;
}

static real *samples_of(const Rows *rows, const char *dir)
{
    size_t numbers = (size_t)rows->yardstick->n * (size_t)rows->data->dims;
    Npy *npy = numbers_of(dir, "compare.npy", numbers);
    real *sample = memory_new(numbers, sizeof *sample);
    for (size_t i = 0; i < numbers; i++)
        sample[i] = (real)npy_number(npy, i);
    npy_free(npy);
    return sample;
}

/* The commands of the family's own program that make this run and its likelihoods again. */
static void add_commands(Row *row, const cJSON *json, const char *dir, int examples)
{
    const char *name = row->family->name, *run = text_of(json, "run");
    bool trained_here = strcmp(run, dir) == 0;
    if (trained_here)
        row->train_command =
            memory_format("bin/%s train %s --steps %.0f --threads %.0f --out again/%s", name,
                          text_of(json, "training"), file_json_number(json, "steps"),
                          file_json_number(json, "threads"), name);
    else
        row->train_command = memory_format("(the finished run %s)", run);
    row->eval_command = memory_format("bin/%s eval --run %s --examples %d", name, run, examples);
}

void rows_add_runs(Rows *rows, const Family *family, char *const *dir, int seeds)
{
    Row *row = new_row(rows, family->name, family);
    double seconds[64], sampling[64], nats[64], value[YARDSTICK_MOST][64], excess[64], share[64];
    row->seeds = seeds < 64 ? seeds : 64;
    row->dir = memory_text(dir[0]);
    row->peak_mib = 0;
    for (int s = 0; s < row->seeds; s++) {
        cJSON *json = json_of(dir[s], "row.json");
        add_likelihoods(row, dir[s], s, row->seeds, (size_t)rows->examples);
        real *sample = samples_of(rows, dir[s]);
        Measurement found = yardstick_measure(rows->yardstick, sample);
        seconds[s] = file_json_number(json, "train_seconds");
        sampling[s] = file_json_number(json, "sample_seconds_per_1000");
        row->peak_mib = fmax(row->peak_mib, file_json_number(json, "peak_mib"));
        for (int m = 0; m < rows->yardstick->metrics; m++)
            value[m][s] = found.value[m];
        excess[s] = found.memorised.excess;
        share[s] = found.memorised.share;
        if (s == 0) {
            row->samples = found;
            row->sample = sample;
            row->parameters = file_json_number(json, "parameters");
            row->steps = file_json_number(json, "steps");
            add_states(row, dir[s], rows->data);
            add_map(row, dir[s]);
            add_commands(row, json, dir[s], rows->examples);
        } else {
            free(sample);
        }
        cJSON_Delete(json);
    }
    if (!(row->peak_mib > 0))
        row->peak_mib = NAN;
    row->train_seconds = over_seeds(seconds, row->seeds, NULL);
    row->sample_seconds_per_1000 = over_seeds(sampling, row->seeds, NULL);
    row->samples.memorised.excess = over_seeds(excess, row->seeds, NULL);
    row->samples.memorised.share = over_seeds(share, row->seeds, NULL);
    for (int m = 0; m < rows->yardstick->metrics; m++)
        row->samples.value[m] = over_seeds(value[m], row->seeds, &row->value_sd[m]);
    for (int l = 0; l < row->likelihoods; l++) {
        mean_of(&row->likelihood[l], (size_t)rows->examples);
        for (int s = 0; s < row->seeds && row->seeds > 1; s++) {
            Npy *all = numbers_of(dir[s], "log_prob.npy", 0);
            nats[s] = 0;
            for (int i = 0; i < rows->examples; i++)
                nats[s] -= npy_number(all, (size_t)(l * rows->examples + i)) / rows->examples;
            npy_free(all);
        }
        if (row->seeds > 1)
            over_seeds(nats, row->seeds, &row->likelihood[l].seed_sd);
    }
}

/* ---------------------------------------------------------------- across rows */

static void choose_headline(Row *row)
{
    for (int l = 0; l < row->likelihoods; l++) {
        const RowLikelihood *here = &row->likelihood[l];
        const RowLikelihood *best = row->headline < 0 ? NULL : &row->likelihood[row->headline];
        if (here->kind == LIKELIHOOD_NONE)
            continue;
        if (best == NULL || here->kind < best->kind ||
            (here->kind == best->kind && here->kind == LIKELIHOOD_LOWER_BOUND &&
             here->neg_log_prob < best->neg_log_prob))
            row->headline = l;
    }
}

/* log p of the true distribution at each test example, or its mean everywhere where only the
 * entropy is known; NULL when nothing is. */
static double *true_log_prob(const Rows *rows)
{
    const Dataset *data = rows->data;
    int n = rows->examples;
    if (data->log_density == NULL && !isfinite(data->entropy))
        return NULL;
    double *truth = memory_new((size_t)n, sizeof *truth);
    if (data->log_density == NULL) {
        for (int i = 0; i < n; i++)
            truth[i] = -data->entropy;
        return truth;
    }
    real *x = memory_new((size_t)n * (size_t)data->dims, sizeof *x);
    dataset_fetch_spread(data, SPLIT_TEST, (size_t)n, NULL, x, NULL, NULL);
    dataset_log_densities(data, x, (size_t)n, truth);
    free(x);
    return truth;
}

static double paired(const double *a, const double *b, int n, double *se)
{
    double *difference = memory_new((size_t)n, sizeof *difference);
    for (int i = 0; i < n; i++)
        difference[i] = a[i] - b[i];
    double mean = likelihood_mean(difference, (size_t)n);
    *se = likelihood_se(difference, (size_t)n);
    free(difference);
    return mean;
}

static const Row *best_of_kind(const Rows *rows, LikelihoodKind kind)
{
    const Row *best = NULL;
    for (int r = 0; r < rows->count; r++) {
        const Row *row = &rows->row[r];
        if (row->headline >= 0 && row->likelihood[row->headline].kind == kind &&
            (best == NULL || row->likelihood[row->headline].neg_log_prob <
                                 best->likelihood[best->headline].neg_log_prob))
            best = row;
    }
    return best;
}

/* Smaller is further up. */
static double place(const Row *row, int position)
{
    if (row->failure != NULL)
        return 1e12 + position;
    if (row->headline < 0)
        return 1e11 + position;
    const RowLikelihood *l = &row->likelihood[row->headline];
    return 1e10 * (double)l->kind + fmin(fmax(l->neg_log_prob, -1e9), 1e9);
}

static void sort_rows(Rows *rows)
{
    double at[ROWS_MOST];
    for (int r = 0; r < rows->count; r++)
        at[r] = place(&rows->row[r], r);
    for (int r = 1; r < rows->count; r++)
        for (int k = r; k > 0 && at[k] < at[k - 1]; k--) {
            Row row = rows->row[k];
            double key = at[k];
            rows->row[k] = rows->row[k - 1];
            at[k] = at[k - 1];
            rows->row[k - 1] = row;
            at[k - 1] = key;
        }
}

void rows_settle(Rows *rows)
{
    double *truth = true_log_prob(rows);
    for (int r = 0; r < rows->count; r++)
        choose_headline(&rows->row[r]);
    for (int r = 0; r < rows->count; r++) {
        Row *row = &rows->row[r];
        if (row->headline < 0)
            continue;
        const RowLikelihood *mine = &row->likelihood[row->headline];
        const Row *best = best_of_kind(rows, mine->kind);
        row->behind = best == row ? 0
                                  : paired(best->likelihood[best->headline].log_prob,
                                           mine->log_prob, rows->examples, &row->behind_se);
        if (truth != NULL)
            row->gap = paired(truth, mine->log_prob, rows->examples, &row->gap_se);
    }
    free(truth);
    sort_rows(rows);
}

void rows_free(Rows *rows)
{
    for (int r = 0; r < rows->count; r++) {
        Row *row = &rows->row[r];
        for (int l = 0; l < row->likelihoods; l++)
            free(row->likelihood[l].log_prob);
        free(row->label);
        free(row->failure);
        free(row->sample);
        free(row->map);
        free(row->dir);
        free(row->train_command);
        free(row->eval_command);
    }
    rows->count = 0;
}
