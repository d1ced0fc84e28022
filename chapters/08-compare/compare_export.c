#include "08-compare/compare_format.h"

#include <math.h>
#include <string.h>

/* ---------------------------------------------------------------- CSV */

static void csv_text(FILE *out, const char *text)
{
    fputc('"', out);
    for (; text != NULL && *text != '\0'; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void csv_number(FILE *out, double value)
{
    if (isfinite(value))
        fprintf(out, ",%.9g", value);
    else
        fputs(",", out);
}

void format_csv(const Contest *contest, FILE *out)
{
    const Rows *rows = contest->rows;
    const Yardstick *y = rows->yardstick;
    fputs("family,parameters,steps,seeds,train_seconds,peak_mib,likelihood,kind,neg_log_prob_nats,"
          "se_examples,sd_seeds,bits_per_dim,gap_nats,gap_se,behind_nats,behind_se,sum_over_states",
          out);
    for (int m = 0; m < y->metrics; m++)
        fprintf(out, ",%s,%s_sd_seeds", y->metric[m].key, y->metric[m].key);
    fputs(",memorised,memorised_se,sample_seconds_per_1000,failure\n\"other real data\"", out);
    for (int i = 0; i < 16; i++)
        fputc(',', out);
    for (int m = 0; m < y->metrics; m++) {
        csv_number(out, y->floor[m]);
        csv_number(out, y->floor_sd[m]);
    }
    fputs(",,,,\n", out);
    for (int r = 0; r < rows->count; r++) {
        const Row *row = &rows->row[r];
        const RowLikelihood none = {.neg_log_prob = NAN, .se = NAN, .seed_sd = NAN, .states = NAN};
        const RowLikelihood *l = row->headline >= 0 ? &row->likelihood[row->headline] : &none;
        csv_text(out, row->label);
        csv_number(out, row->parameters);
        csv_number(out, row->steps);
        csv_number(out, row->seeds);
        csv_number(out, row->train_seconds);
        csv_number(out, row->peak_mib);
        fprintf(out, ",%s,%s", l->name,
                row->headline >= 0 ? likelihood_kind_name(l->kind) : "none");
        csv_number(out, l->neg_log_prob);
        csv_number(out, l->se);
        csv_number(out, l->seed_sd);
        csv_number(out, row->headline >= 0 ? row_bits(rows, l) : NAN);
        csv_number(out, row->gap);
        csv_number(out, row->gap_se);
        csv_number(out, row->behind);
        csv_number(out, row->behind_se);
        csv_number(out, l->states);
        bool measured = row->failure == NULL;
        for (int m = 0; m < y->metrics; m++) {
            csv_number(out, measured ? row->samples.value[m] : NAN);
            csv_number(out, row->value_sd[m]);
        }
        csv_number(out,
                   measured && row->samples.can_memorise ? row->samples.memorised.excess : NAN);
        csv_number(out, measured && row->samples.can_memorise ? row->samples.memorised.se : NAN);
        csv_number(out, row->sample_seconds_per_1000);
        fputc(',', out);
        if (row->failure != NULL)
            csv_text(out, row->failure);
        fputc('\n', out);
    }
}

/* ---------------------------------------------------------------- JSON */

static void json_number(cJSON *object, const char *name, double value)
{
    if (isfinite(value))
        cJSON_AddNumberToObject(object, name, value);
    else
        cJSON_AddNullToObject(object, name);
}

static cJSON *json_likelihoods(const Rows *rows, const Row *row)
{
    cJSON *list = cJSON_CreateArray();
    for (int l = 0; l < row->likelihoods; l++) {
        const RowLikelihood *here = &row->likelihood[l];
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "name", here->name);
        cJSON_AddStringToObject(item, "kind", likelihood_kind_name(here->kind));
        json_number(item, "log_prob", -here->neg_log_prob);
        json_number(item, "se_examples", here->se);
        json_number(item, "sd_seeds", here->seed_sd);
        json_number(item, "bits_per_dim", row_bits(rows, here));
        json_number(item, "sum_over_states", here->states);
        cJSON_AddBoolToObject(item, "headline", l == row->headline);
        cJSON_AddItemToArray(list, item);
    }
    return list;
}

static cJSON *json_samples(const Yardstick *y, const double *value, const double *sd)
{
    cJSON *object = cJSON_CreateObject();
    for (int m = 0; m < y->metrics; m++) {
        cJSON *item = cJSON_AddObjectToObject(object, y->metric[m].key);
        json_number(item, "value", value[m]);
        json_number(item, "sd", sd[m]);
    }
    return object;
}

static cJSON *json_row(const Rows *rows, const Row *row)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "family", row->label);
    cJSON_AddBoolToObject(object, "baseline", row->family == NULL);
    if (row->failure != NULL) {
        cJSON_AddStringToObject(object, "failure", row->failure);
        return object;
    }
    json_number(object, "parameters", row->parameters);
    json_number(object, "steps", row->steps);
    json_number(object, "seeds", row->seeds);
    json_number(object, "train_seconds", row->train_seconds);
    json_number(object, "peak_mib", row->peak_mib);
    json_number(object, "sample_seconds_per_1000", row->sample_seconds_per_1000);
    cJSON_AddItemToObject(object, "likelihood", json_likelihoods(rows, row));
    json_number(object, "gap", row->gap);
    json_number(object, "gap_se", row->gap_se);
    json_number(object, "behind_best_of_kind", row->behind);
    json_number(object, "behind_se", row->behind_se);
    cJSON_AddItemToObject(object, "samples",
                          json_samples(rows->yardstick, row->samples.value, row->value_sd));
    const Memorised *m = &row->samples.memorised;
    bool can = row->samples.can_memorise;
    json_number(object, "memorised", can ? m->excess : NAN);
    json_number(object, "memorised_se", can ? m->se : NAN);
    json_number(object, "nearest_is_training", can ? m->share : NAN);
    json_number(object, "nearest_is_training_by_chance", can ? m->expected : NAN);
    if (row->dir != NULL) {
        cJSON_AddStringToObject(object, "run", row->dir);
        cJSON_AddStringToObject(object, "train", row->train_command);
        cJSON_AddStringToObject(object, "eval", row->eval_command);
    }
    return object;
}

cJSON *format_json(const Contest *contest)
{
    const Rows *rows = contest->rows;
    const Yardstick *y = rows->yardstick;
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "track", contest->track->name);
    cJSON_AddStringToObject(object, "data", rows->data->name);
    cJSON_AddStringToObject(object, "split", "test");
    cJSON_AddStringToObject(object, "budget", contest->budget);
    cJSON_AddStringToObject(object, "command", contest->command);
    cJSON_AddNumberToObject(object, "seeds", contest->seeds);
    cJSON_AddNumberToObject(object, "threads", contest->threads);
    cJSON_AddNumberToObject(object, "examples", rows->examples);
    cJSON_AddNumberToObject(object, "samples", y->n);
    json_number(object, "true_entropy", rows->data->entropy);
    cJSON_AddItemToObject(object, "other_real_data", json_samples(y, y->floor, y->floor_sd));
    cJSON *list = cJSON_AddArrayToObject(object, "rows");
    for (int r = 0; r < rows->count; r++)
        cJSON_AddItemToArray(list, json_row(rows, &rows->row[r]));
    Notes notes = format_notes(contest);
    cJSON *lines = cJSON_AddArrayToObject(object, "notes");
    for (int i = 0; i < notes.count; i++)
        cJSON_AddItemToArray(lines, cJSON_CreateString(notes.line[i]));
    notes_free(&notes);
    return object;
}

/* ---------------------------------------------------------------- LaTeX */

static void latex_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("&%$#_{}", *text) != NULL)
            fputc('\\', out);
        if (strncmp(text, "\u00b1", 2) == 0) {
            fputs("$\\pm$", out);
            text++;
        } else if (strncmp(text, "\u00b2", 2) == 0) {
            fputs("$^2$", out);
            text++;
        } else {
            fputc(*text, out);
        }
    }
}

static void latex_cell(FILE *out, const char *text)
{
    fputs(" & ", out);
    latex_text(out, strcmp(text, "-") == 0 ? "--" : text);
}

void format_latex(const Contest *contest, FILE *out)
{
    const Rows *rows = contest->rows;
    const Yardstick *y = rows->yardstick;
    char c[CELL];
    fputs("% needs \\usepackage{booktabs}; made by: ", out);
    fprintf(out, "%s\n\\begin{tabular}{llrrr", contest->command);
    for (int m = 0; m < y->metrics; m++)
        fputc('r', out);
    fputs("}\n\\toprule\nfamily & kind & $-\\log p$, nats & bits/dim & train s", out);
    for (int m = 0; m < y->metrics; m++)
        latex_cell(out, y->metric[m].name);
    fputs(" \\\\\n\\midrule\nother real data & & & &", out);
    for (int m = 0; m < y->metrics; m++)
        latex_cell(out, cell_with_error(c, y->floor[m], y->floor_sd[m], 3));
    fputs(" \\\\\n", out);
    for (int r = 0; r < rows->count; r++) {
        const Row *row = &rows->row[r];
        latex_text(out, row->label);
        if (row->failure != NULL) {
            fprintf(out, " & \\multicolumn{%d}{l}{failed: ", 4 + y->metrics);
            latex_text(out, row->failure);
            fputs("} \\\\\n", out);
            continue;
        }
        const RowLikelihood *l = row->headline >= 0 ? &row->likelihood[row->headline] : NULL;
        latex_cell(out, l != NULL ? likelihood_kind_name(l->kind) : "none");
        latex_cell(out, l != NULL ? cell_with_error(c, l->neg_log_prob, l->se, 3) : "-");
        latex_cell(out, l != NULL ? cell_number(c, "%.4f", row_bits(rows, l)) : "-");
        latex_cell(out, cell_number(c, "%.1f", row->train_seconds));
        for (int m = 0; m < y->metrics; m++)
            latex_cell(out, cell_metric(c, y, m, row->samples.value[m]));
        fputs(" \\\\\n", out);
    }
    fputs("\\bottomrule\n\\end{tabular}\n", out);
}
