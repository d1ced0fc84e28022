/* The comparison in the forms that people and programs read: text, CSV, JSON, LaTeX. Every empty
 * place is a dash, and the notes say why. */
#ifndef COMPARE_COMPARE_FORMAT_H
#define COMPARE_COMPARE_FORMAT_H

#include "08-compare/compare_rows.h"

#include <stdio.h>

/* What the forms say of the comparison as a whole. */
typedef struct Contest {
    const Track *track;
    const Rows *rows;
    const char *budget;  /* "1 minute a family", in words      */
    const char *command; /* that makes the comparison again    */
    int seeds, threads;
} Contest;

void format_text(const Contest *contest, FILE *out);
void format_csv(const Contest *contest, FILE *out);
void format_latex(const Contest *contest, FILE *out);

/* Free with cJSON_Delete. */
cJSON *format_json(const Contest *contest);

/* What the table's columns mean and why places are empty, one line each, for text and page. Free
 * the lines and the list with notes_free. */
typedef struct Notes {
    char *line[64];
    int count;
} Notes;
Notes format_notes(const Contest *contest);
void notes_free(Notes *notes);

/* Cells of the tables as text, in `cell`, which is returned; "-" where there is nothing. */
enum { CELL = 64 };
char *cell_number(char cell[CELL], const char *format, double value);
char *cell_with_error(char cell[CELL], double value, double error, int decimals);
char *cell_count(char cell[CELL], double value); /* 1.2 k, 3.4 M */
char *cell_metric(char cell[CELL], const Yardstick *yardstick, int metric, double value);

/* The mean of -log p in bits per dimension, NaN of points. */
double row_bits(const Rows *rows, const RowLikelihood *likelihood);

/* Whether the memorised share is above 0 by more than 3 standard errors and 0.05. */
bool row_memorises(const Row *row);

#endif
