#include "08-compare/compare_format.h"

#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void note(Notes *notes, char *line)
{
    if (notes->count == 64)
        fail("compare: more than 64 notes");
    notes->line[notes->count++] = line;
}

void notes_free(Notes *notes)
{
    for (int i = 0; i < notes->count; i++)
        free(notes->line[i]);
}

static bool has_kind(const Rows *rows, LikelihoodKind kind)
{
    for (int r = 0; r < rows->count; r++)
        if (rows->row[r].headline >= 0 &&
            rows->row[r].likelihood[rows->row[r].headline].kind == kind)
            return true;
    return false;
}

/* A bound above an exact value of the same model can't be, but for the noise of its draws. */
static char *bound_line(const Row *row, const RowLikelihood *exact, const RowLikelihood *bound)
{
    double below = bound->neg_log_prob - exact->neg_log_prob;
    double noise = isfinite(bound->se_estimator) ? bound->se_estimator : 0;
    if (below >= 0)
        return memory_format("%s: the bound %s lies %.4f nats below the exact log p", row->label,
                             bound->name, below);
    return memory_format("%s%s: the bound %s lies %.4f nats above the exact log p; the standard "
                         "error of its draws is %.4f",
                         -below > 3 * noise ? "TROUBLE: " : "", row->label, bound->name, -below,
                         noise);
}

static void note_bounds(Notes *notes, const Rows *rows)
{
    for (int r = 0; r < rows->count; r++) {
        const Row *row = &rows->row[r];
        if (row->headline < 0 || row->likelihood[row->headline].kind != LIKELIHOOD_EXACT)
            continue;
        for (int l = 0; l < row->likelihoods; l++)
            if (row->likelihood[l].kind == LIKELIHOOD_LOWER_BOUND)
                note(notes, bound_line(row, &row->likelihood[row->headline], &row->likelihood[l]));
    }
}

static void note_states(Notes *notes, const Rows *rows)
{
    for (int r = 0; r < rows->count; r++)
        for (int l = 0; l < rows->row[r].likelihoods; l++) {
            const RowLikelihood *here = &rows->row[r].likelihood[l];
            if (isfinite(here->states))
                note(notes,
                     memory_format("%s, %s (%s): exp of it sums to %.6f over all %ld states",
                                   rows->row[r].label, here->name, likelihood_kind_name(here->kind),
                                   here->states, 1L << rows->data->dims));
        }
}

static void note_rows(Notes *notes, const Contest *contest)
{
    const Rows *rows = contest->rows;
    for (int r = 0; r < rows->count; r++) {
        const Row *row = &rows->row[r];
        if (row->failure != NULL)
            note(notes, memory_format("%s has no numbers: %s", row->label, row->failure));
        else if (row->headline < 0 && row->family != NULL)
            note(notes, memory_format("%s has no likelihood: it draws samples and can't say how "
                                      "probable a given x is",
                                      row->label));
        else if (row->headline < 0)
            note(notes, memory_format("%s: a list has no density; it learns nothing and takes no "
                                      "time to train",
                                      row->label));
        if (row->failure == NULL && row->family != NULL && !isfinite(row->train_seconds))
            note(notes, memory_format("%s: a finished run says nothing of its seconds and memory",
                                      row->label));
        if (row->failure == NULL && row_memorises(row))
            note(notes, memory_format("%s copies: the nearest real example is a training example "
                                      "for %.3f of its samples, %.3f would be chance",
                                      row->label, row->samples.memorised.share,
                                      row->samples.memorised.expected));
    }
}

Notes format_notes(const Contest *contest)
{
    const Rows *rows = contest->rows;
    const Yardstick *y = rows->yardstick;
    Notes notes = {.count = 0};
    note(&notes, memory_format("-log p: nats an example, down is better, mean and standard error "
                               "over the same %d test examples of %s",
                               rows->examples, rows->data->name));
    note(&notes, memory_text("kinds: exact; lower_bound: log p is at least that, so -log p is at "
                             "most the number; estimate: it may err either way, of annealed "
                             "importance sampling towards too good. Rows of different kinds are "
                             "not ranked against each other: the order is by kind first"));
    if (has_kind(rows, LIKELIHOOD_EXACT) + has_kind(rows, LIKELIHOOD_LOWER_BOUND) +
            has_kind(rows, LIKELIHOOD_ESTIMATE) >
        1)
        note(&notes, memory_text("behind: nats to the best of the same kind, paired on the test "
                                 "examples, with the standard error of that difference"));
    if (rows->data->log_density != NULL || isfinite(rows->data->entropy))
        note(&notes, memory_text("gap: -log p less that of the true distribution on the same "
                                 "examples, an estimate of KL(data || model) (of bounds at least "
                                 "that); paired"));
    if (y->kind == YARDSTICK_PLANE)
        note(&notes, memory_text("no bits/dim: a density of points has units"));
    note(&notes,
         memory_format("samples: %d a row against the same %d test examples; \"other real data\": "
                       "%d sets of the same size from the validation and training examples, mean "
                       "\u00b1 standard deviation between sets; * marks what can't be told from "
                       "them (3 standard deviations)",
                       y->n, y->n, YARDSTICK_SETS));
    if (y->kind == YARDSTICK_IMAGES)
        note(&notes,
             memory_text("recall: the share of test examples near some sample. A noisy sample "
                         "lies far from all others, so its neighbourhood is large and "
                         "recall rises though the samples are worse; coverage, which asks "
                         "near each test example, does not have that fault"));
    if (y->kind == YARDSTICK_PATTERNS)
        note(&notes, memory_text("memorised is not measured: every pattern is a training and a "
                                 "test example"));
    else
        note(&notes, memory_format("memorised: 0 when a sample's nearest real example is a "
                                   "training example as often as chance has it (%d training, %d "
                                   "test examples), 1 when always; copies! above 3 standard errors "
                                   "and 0.05",
                                   y->trains, y->all_tests));
    if (contest->seeds > 1)
        note(&notes, memory_format("of %d seeds: means; the spread between them is in brackets, "
                                   "apart from the standard error over examples",
                                   contest->seeds));
    note(&notes, memory_text("memory: the most that training ever held; of baselines it is not "
                             "measured, they live in the comparison's own process"));
    note_rows(&notes, contest);
    note_bounds(&notes, rows);
    if (contest->track->states)
        note(&notes, memory_text("sums over all states: exact probabilities sum to 1, the "
                                 "exponential of a bound to at most 1. That of iwae-K and of "
                                 "dequantised-tight is an estimate of p itself without bias, so "
                                 "its sum scatters about 1"));
    note_states(&notes, rows);
    return notes;
}
