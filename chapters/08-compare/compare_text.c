#include "08-compare/compare_format.h"

#include "support/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Pads a text of UTF-8 to so many letters; printf counts bytes. */
static void put(FILE *out, const char *text, int width)
{
    int letters = 0;
    for (const char *c = text; *c != '\0'; c++)
        letters += ((unsigned char)*c & 0xC0) != 0x80;
    if (width < 0)
        fprintf(out, "%s%*s", text, letters < -width ? -width - letters : 0, "");
    else
        fprintf(out, "%*s%s", letters < width ? width - letters : 0, "", text);
}

static int name_width(const Rows *rows)
{
    int width = (int)strlen("other real data");
    for (int r = 0; r < rows->count; r++)
        width = (int)strlen(rows->row[r].label) > width ? (int)strlen(rows->row[r].label) : width;
    return width;
}

/* The widths of the columns that differ from table to table. */
typedef struct Widths {
    int name, nats;
} Widths;

/* Spreads between seeds stand behind the nats where there are any. */
static Widths widths_of(const Rows *rows)
{
    Widths widths = {.name = name_width(rows), .nats = 20};
    for (int r = 0; r < rows->count; r++)
        for (int l = 0; l < rows->row[r].likelihoods; l++)
            if (isfinite(rows->row[r].likelihood[l].seed_sd))
                widths.nats = 30;
    return widths;
}

/* Value and standard error, and in brackets the spread between seeds. */
static char *cell_seeds(char cell[CELL], double value, double error, double sd, int decimals)
{
    char spread[CELL];
    cell_with_error(cell, value, error, decimals);
    if (isfinite(value) && isfinite(sd)) {
        snprintf(spread, sizeof spread, " (%.*f)", decimals, sd);
        strncat(cell, spread, CELL - strlen(cell) - 1);
    }
    return cell;
}

static void text_likelihood(const Rows *rows, const Row *row, int l, Widths widths, FILE *out)
{
    char c[CELL];
    bool head = l == row->headline;
    put(out, head || l < 0 ? row->label : "", -widths.name);
    if (l < 0) {
        fprintf(out, "  %-18s %-12s %*s %9s %18s %18s", "-", "none", widths.nats, "-", "-", "-",
                "-");
    } else {
        const RowLikelihood *here = &row->likelihood[l];
        fprintf(out, "  %-18s %-12s ", here->name, likelihood_kind_name(here->kind));
        put(out, cell_seeds(c, here->neg_log_prob, here->se, here->seed_sd, 4), widths.nats);
        put(out, cell_number(c, "%.4f", row_bits(rows, here)), 10);
        put(out, head ? cell_with_error(c, row->gap, row->gap_se, 4) : "", 19);
        put(out, head ? cell_with_error(c, row->behind, row->behind_se, 4) : "", 19);
    }
    if (head || l < 0) {
        put(out, cell_count(c, row->parameters), 9);
        put(out, cell_number(c, "%.1f", row->train_seconds), 8);
        put(out, cell_number(c, "%.0f", row->peak_mib), 7);
    }
    fputc('\n', out);
}

static void text_likelihoods(const Contest *contest, Widths widths, FILE *out)
{
    const Rows *rows = contest->rows;
    put(out, "family", -widths.name);
    fprintf(out, "  %-18s %-12s %*s %9s %18s %18s %8s %7s %6s\n", "likelihood", "kind", widths.nats,
            "-log p, nats", "bits/dim", "gap to the truth", "behind", "numbers", "train s", "MiB");
    for (int r = 0; r < rows->count; r++) {
        const Row *row = &rows->row[r];
        if (row->failure != NULL) {
            put(out, row->label, -widths.name);
            fprintf(out, "  failed: %s\n", row->failure);
            continue;
        }
        text_likelihood(rows, row, row->headline, widths, out);
        for (int l = 0; l < row->likelihoods; l++)
            if (l != row->headline)
                text_likelihood(rows, row, l, widths, out);
    }
}

static void text_samples(const Contest *contest, int width, FILE *out)
{
    const Rows *rows = contest->rows;
    const Yardstick *y = rows->yardstick;
    char c[CELL], d[CELL];
    put(out, "samples", -width);
    for (int m = 0; m < y->metrics; m++)
        put(out, y->metric[m].name, 20);
    if (y->kind != YARDSTICK_PATTERNS)
        put(out, "memorised", 22);
    fprintf(out, " %9s\n", "s / 1,000");
    put(out, "other real data", -width);
    for (int m = 0; m < y->metrics; m++)
        put(out, cell_with_error(c, y->floor[m], y->floor_sd[m], 3), 20);
    fputc('\n', out);
    for (int r = 0; r < rows->count; r++) {
        const Row *row = &rows->row[r];
        if (row->failure != NULL)
            continue;
        put(out, row->label, -width);
        for (int m = 0; m < y->metrics; m++) {
            bool several = isfinite(row->value_sd[m]);
            char *cell = memory_format(
                "%s%s%s%s", cell_metric(c, y, m, row->samples.value[m]), several ? " (" : "",
                several ? cell_number(d, "%.3f)", row->value_sd[m]) : "",
                yardstick_like_real(y, m, row->samples.value[m]) ? " *" : "");
            put(out, cell, 20);
            free(cell);
        }
        if (row->samples.can_memorise) {
            const Memorised *found = &row->samples.memorised;
            char *cell = memory_format("%s%s", cell_with_error(c, found->excess, found->se, 3),
                                       row_memorises(row) ? " copies!" : "");
            put(out, cell, 22);
            free(cell);
        }
        put(out, cell_number(c, "%.3g", row->sample_seconds_per_1000), 10);
        fputc('\n', out);
    }
}

void format_text(const Contest *contest, FILE *out)
{
    const Widths widths = widths_of(contest->rows);
    Notes notes = format_notes(contest);
    char *described = dataset_describe(contest->rows->data);
    fprintf(out, "track %s: %s\n%s\nbudget: %s, %d thread%s, %d seed%s\n\n", contest->track->name,
            contest->track->about, described, contest->budget, contest->threads,
            contest->threads == 1 ? "" : "s", contest->seeds, contest->seeds == 1 ? "" : "s");
    text_likelihoods(contest, widths, out);
    fputc('\n', out);
    text_samples(contest, widths.name, out);
    fputc('\n', out);
    for (int i = 0; i < notes.count; i++)
        fprintf(out, "  %s\n", notes.line[i]);
    notes_free(&notes);
    free(described);
}
