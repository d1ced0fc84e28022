#include "08-compare/compare_page.h"

#include "support/file.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Text of any kind as content or as the value of an attribute. */
static void escape(FILE *out, const char *text)
{
    for (; *text != '\0'; text++)
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc(*text, out);
        }
}

/* RFC 4648, section 4. */
static void base64(FILE *out, const unsigned char *byte, size_t n)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        unsigned long three = (unsigned long)byte[i] << 16;
        three |= i + 1 < n ? (unsigned long)byte[i + 1] << 8 : 0;
        three |= i + 2 < n ? byte[i + 2] : 0;
        fputc(digit[three >> 18 & 63], out);
        fputc(digit[three >> 12 & 63], out);
        fputc(i + 1 < n ? digit[three >> 6 & 63] : '=', out);
        fputc(i + 2 < n ? digit[three & 63] : '=', out);
    }
}

static void head(const Contest *contest, FILE *out)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
          out);
    fprintf(out, "Generative models on %s, compared", contest->rows->data->name);
    fputs(
        "</title>\n<style>\n"
        "body { font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff; margin: 0 "
        "auto; max-width: 72rem; padding: 1rem; overflow-wrap: anywhere; }\n"
        "h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2rem; }\n"
        ".wide { overflow-x: auto; }\n"
        "table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: "
        "0.9rem; overflow-wrap: normal; }\n"
        "th, td { padding: 0.25rem 0.45rem; border-bottom: 1px solid #ddd; text-align: right; "
        "white-space: nowrap; }\n"
        "th:first-child, td:first-child, .left { text-align: left; }\n"
        "th { border-bottom: 2px solid #888; vertical-align: bottom; white-space: normal; }\n"
        ".base td { background: #f6f6f6; } .more td { color: #666; border-bottom-style: dotted; }\n"
        ".like { font-weight: bold; } .bad { color: #a00; font-weight: bold; }\n"
        ".copies { white-space: pre; }\n"
        "figure { margin: 1.5rem 0; } img { max-width: 100%; height: auto; }\n"
        "figcaption { color: #444; font-size: 0.95rem; }\n"
        "pre { white-space: pre-wrap; background: #f6f6f6; padding: 0.6rem; font-size: 0.85rem; "
        "}\n</style>\n</head>\n<body>\n",
        out);
}

static void cell(FILE *out, const char *class, const char *text)
{
    if (class != NULL)
        fprintf(out, "<td class=\"%s\">", class);
    else
        fputs("<td>", out);
    escape(out, strcmp(text, "-") == 0 ? "\u2013" : text);
    fputs("</td>", out);
}

static void failed(FILE *out, const Row *row, int columns)
{
    fputs("<tr>", out);
    cell(out, NULL, row->label);
    fprintf(out, "<td class=\"left bad\" colspan=\"%d\">failed: ", columns - 1);
    escape(out, row->failure);
    fputs("</td></tr>\n", out);
}

/* ---------------------------------------------------------------- tables */

static void likelihood_cells(const Rows *rows, const Row *row, int l, bool head_line, FILE *out)
{
    char c[CELL], d[CELL];
    bool discrete = rows->data->levels > 0; /* a density of points has no bits/dim */
    if (l < 0) {
        cell(out, "left", "-");
        cell(out, "left", "none");
        for (int i = 0; i < 3 + discrete; i++)
            cell(out, NULL, "-");
        return;
    }
    const RowLikelihood *here = &row->likelihood[l];
    cell(out, "left", here->name);
    cell(out, "left", likelihood_kind_name(here->kind));
    cell_with_error(c, here->neg_log_prob, here->se, 3);
    if (isfinite(here->seed_sd)) {
        char *both = memory_format("%s (%s)", c, cell_number(d, "%.3f", here->seed_sd));
        cell(out, NULL, both);
        free(both);
    } else {
        cell(out, NULL, c);
    }
    if (discrete)
        cell(out, NULL, cell_number(c, "%.4f", row_bits(rows, here)));
    cell(out, NULL, head_line ? cell_with_error(c, row->gap, row->gap_se, 3) : "");
    cell(out, NULL, head_line ? cell_with_error(c, row->behind, row->behind_se, 3) : "");
}

static void likelihood_table(const Contest *contest, FILE *out)
{
    const Rows *rows = contest->rows;
    bool states = contest->track->states, discrete = rows->data->levels > 0;
    char c[CELL];
    fputs(
        "<h2>Likelihood</h2>\n<div class=\"wide\"><table>\n<thead><tr><th>family</th>"
        "<th class=\"left\">likelihood</th><th class=\"left\">kind</th><th>\u2212log p, nats</th>",
        out);
    fputs(discrete ? "<th>bits/dim</th>" : "", out);
    fputs("<th>gap to the truth</th><th>behind the best of its kind</th>", out);
    if (states)
        fputs("<th>sum over all states</th>", out);
    fputs("</tr></thead>\n<tbody>\n", out);
    for (int r = 0; r < rows->count; r++) {
        const Row *row = &rows->row[r];
        if (row->failure != NULL) {
            failed(out, row, 6 + states + discrete);
            continue;
        }
        for (int turn = -1; turn < row->likelihoods; turn++) {
            bool first = turn < 0;
            int l = first ? row->headline : turn;
            if (!first && l == row->headline)
                continue;
            fprintf(out, "<tr%s>",
                    !first ? " class=\"more\"" : (row->family == NULL ? " class=\"base\"" : ""));
            cell(out, NULL, first ? row->label : "");
            likelihood_cells(rows, row, l, first, out);
            if (states)
                cell(out, NULL, cell_number(c, "%.5f", l < 0 ? NAN : row->likelihood[l].states));
            fputs("</tr>\n", out);
        }
    }
    fputs("</tbody></table></div>\n", out);
}

static void sample_row(const Rows *rows, const Row *row, FILE *out)
{
    const Yardstick *y = rows->yardstick;
    char c[CELL], d[CELL];
    fprintf(out, "<tr%s>", row->family == NULL ? " class=\"base\"" : "");
    cell(out, NULL, row->label);
    for (int m = 0; m < y->metrics; m++) {
        bool several = isfinite(row->value_sd[m]);
        bool like = yardstick_like_real(y, m, row->samples.value[m]);
        char *value = memory_format(
            "%s%s%s%s", cell_metric(c, y, m, row->samples.value[m]), several ? " (" : "",
            several ? cell_number(d, "%.3f)", row->value_sd[m]) : "", like ? " *" : "");
        cell(out, like ? "like" : NULL, value);
        free(value);
    }
    if (row->samples.can_memorise) {
        const Memorised *found = &row->samples.memorised;
        bool bad = row_memorises(row);
        char *value = memory_format("%s%s", cell_with_error(c, found->excess, found->se, 3),
                                    bad ? "\ncopies!" : "");
        cell(out, bad ? "bad copies" : NULL, value);
        free(value);
    }
    fputs("</tr>\n", out);
}

static void sample_table(const Contest *contest, FILE *out)
{
    const Rows *rows = contest->rows;
    const Yardstick *y = rows->yardstick;
    bool memorised = y->kind != YARDSTICK_PATTERNS;
    char c[CELL];
    fputs("<h2>Samples</h2>\n<div class=\"wide\"><table>\n<thead><tr><th>family</th>", out);
    for (int m = 0; m < y->metrics; m++) {
        fputs("<th>", out);
        escape(out, y->metric[m].name);
        fprintf(out, "<br>%s</th>", y->metric[m].up ? "up is better" : "down is better");
    }
    if (memorised)
        fputs("<th>memorised<br>0 is right</th>", out);
    fputs("</tr></thead>\n<tbody>\n<tr class=\"base\"><td>other real data</td>", out);
    for (int m = 0; m < y->metrics; m++)
        cell(out, NULL, cell_with_error(c, y->floor[m], y->floor_sd[m], 3));
    if (memorised)
        cell(out, NULL, "-");
    fputs("</tr>\n", out);
    for (int r = 0; r < rows->count; r++)
        if (rows->row[r].failure != NULL)
            failed(out, &rows->row[r], y->metrics + 1 + memorised);
        else
            sample_row(rows, &rows->row[r], out);
    fputs("</tbody></table></div>\n", out);
}

static void cost_table(const Contest *contest, FILE *out)
{
    const Rows *rows = contest->rows;
    char c[CELL];
    fputs("<h2>Cost</h2>\n<div class=\"wide\"><table>\n<thead><tr><th>family</th>"
          "<th>numbers kept</th><th>steps</th><th>training, s</th><th>memory, MiB</th>"
          "<th>s for 1,000 samples</th></tr></thead>\n<tbody>\n",
          out);
    for (int r = 0; r < rows->count; r++) {
        const Row *row = &rows->row[r];
        if (row->failure != NULL) {
            failed(out, row, 6);
            continue;
        }
        fprintf(out, "<tr%s>", row->family == NULL ? " class=\"base\"" : "");
        cell(out, NULL, row->label);
        cell(out, NULL, cell_count(c, row->parameters));
        cell(out, NULL, cell_number(c, "%.0f", row->steps));
        cell(out, NULL, cell_number(c, "%.1f", row->train_seconds));
        cell(out, NULL, cell_number(c, "%.0f", row->peak_mib));
        cell(out, NULL, cell_number(c, "%.3g", row->sample_seconds_per_1000));
        fputs("</tr>\n", out);
    }
    fputs("</tbody></table></div>\n", out);
}

/* ---------------------------------------------------------------- pictures */

static void picture(const Picture *p, const char *figures_dir, FILE *out)
{
    char *path = memory_format("%s/%s.png", figures_dir, p->name), *data;
    size_t bytes;
    fputs("<figure>\n", out);
    if (file_try_read(path, &data, &bytes) == NULL) {
        fputs("<img alt=\"", out);
        escape(out, p->caption);
        fputs("\" src=\"data:image/png;base64,", out);
        base64(out, (const unsigned char *)data, bytes);
        fputs("\">\n", out);
        free(data);
    } else {
        fputs("<p>The picture could not be drawn: gnuplot is missing or failed. Its script and "
              "data are there.</p>\n",
              out);
    }
    fputs("<figcaption>", out);
    escape(out, p->caption);
    fprintf(out, " Redraw: <code>cd ");
    escape(out, figures_dir);
    fprintf(out, " &amp;&amp; gnuplot %s.gp</code></figcaption>\n</figure>\n", p->name);
    free(path);
}

static void reproduce(const Contest *contest, FILE *out)
{
    fputs("<h2>How to make it again</h2>\n<p>The whole page:</p>\n<pre>", out);
    escape(out, contest->command);
    fputs("</pre>\n<p>One row at a time, to the same bits on the same machine with the same "
          "threads; the second command writes the likelihoods of the table:</p>\n<pre>",
          out);
    for (int r = 0; r < contest->rows->count; r++) {
        const Row *row = &contest->rows->row[r];
        if (row->train_command == NULL)
            continue;
        escape(out, row->train_command);
        fputc('\n', out);
        escape(out, row->eval_command);
        fputc('\n', out);
    }
    fputs("</pre>\n", out);
}

void page_write(const Contest *contest, const Pictures *pictures, const char *figures_dir,
                FILE *out)
{
    char *described = dataset_describe(contest->rows->data);
    Notes notes = format_notes(contest);
    head(contest, out);
    fprintf(out, "<h1>Generative models on %s, compared</h1>\n<p>", contest->rows->data->name);
    escape(out, described);
    fputs(
        ".</p>\n<p>A generative model turns noise into structure. Every row had the same data, the "
        "same split and the same budget (",
        out);
    escape(out, contest->budget);
    fprintf(out,
            ", %d thread%s, %d seed%s) and is measured by the same code. Grey rows are no "
            "models of this laboratory but what they are judged beside: training data drawn "
            "again, and a Gaussian with all covariances.</p>\n",
            contest->threads, contest->threads == 1 ? "" : "s", contest->seeds,
            contest->seeds == 1 ? "" : "s");
    likelihood_table(contest, out);
    sample_table(contest, out);
    cost_table(contest, out);
    fputs("<h2>How to read it</h2>\n<ul>\n", out);
    for (int i = 0; i < notes.count; i++) {
        fputs("<li>", out);
        escape(out, notes.line[i]);
        fputs("</li>\n", out);
    }
    fputs("</ul>\n<h2>Pictures</h2>\n", out);
    for (int i = 0; i < pictures->count; i++)
        picture(&pictures->picture[i], figures_dir, out);
    reproduce(contest, out);
    fputs("</body>\n</html>\n", out);
    notes_free(&notes);
    free(described);
}
