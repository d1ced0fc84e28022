#include "data/user.h"

#include "data/sources.h"
#include "data/text.h"
#include "support/fail.h"
#include "support/file.h"
#include "support/memory.h"
#include "support/npy.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_EXAMPLES = 3 };

/* value [n, dims] becomes the data set, dealt into splits. */
static Dataset *points_make(const char *path, const float *value, size_t n, int dims)
{
    if (n < LEAST_EXAMPLES)
        refuse("%s: %zu points; at least %d are needed, one for each of train, validation and test",
               path, n, LEAST_EXAMPLES);
    if (n > UINT32_MAX)
        refuse("%s: %zu points; keep at most %u", path, n, UINT32_MAX);
    Dataset *dataset = dataset_new(path, DATA_POINTS, 1, 1, dims, 0);
    uint32_t *order = memory_new(n, sizeof *order);
    dataset_deal(dataset, order, n);
    dataset->point = memory_new(n * (size_t)dims, sizeof *dataset->point);
    for (size_t i = 0; i < n; i++)
        memcpy(dataset->point + i * (size_t)dims, value + order[i] * (size_t)dims,
               (size_t)dims * sizeof *value);
    free(order);
    return dataset;
}

/* What is read of a CSV so far. */
typedef struct Csv {
    const char *path;
    size_t line; /* the one that is read, from 1      */
    size_t rows;
    int columns; /* 0 before the first line of points */
    float *value;
} Csv;

/* Whether a field is one number and nothing else but blanks. */
static bool field_number(const char *field, double *number)
{
    char *end;
    *number = strtod(field, &end);
    return end != field && end[strspn(end, " \t")] == '\0';
}

/* Cuts a line at its commas; at most DATA_POINT_DIMS fields. */
static int csv_cut(const Csv *csv, char *text, char **field)
{
    int fields = 0;
    for (char *next = text; next != NULL;) {
        if (fields == DATA_POINT_DIMS)
            refuse("%s: line %zu has more than %d numbers; keep at most as many columns", csv->path,
                   csv->line, DATA_POINT_DIMS);
        field[fields++] = next;
        next = strchr(next, ',');
        if (next != NULL)
            *next++ = '\0';
    }
    return fields;
}

static void csv_row(Csv *csv, char *const *field, int fields)
{
    for (int c = 0; c < fields; c++) {
        double number;
        if (!field_number(field[c], &number))
            refuse("%s: line %zu, column %d: '%.40s' is not a number; give numbers separated by "
                   "commas",
                   csv->path, csv->line, c + 1, field[c]);
        if (!isfinite((float)number))
            refuse("%s: line %zu, column %d: '%.40s' is not a finite 32-bit number; mend or remove "
                   "the line",
                   csv->path, csv->line, c + 1, field[c]);
        csv->value[csv->rows * (size_t)fields + (size_t)c] = (float)number;
    }
    csv->rows++;
}

/* lines: how many the file has at most. */
static void csv_line(Csv *csv, char *text, size_t lines)
{
    if (text[strspn(text, " \t")] == '\0')
        return;
    char *field[DATA_POINT_DIMS];
    int fields = csv_cut(csv, text, field);
    bool header = csv->line == 1;
    for (int c = 0; c < fields; c++) {
        double number;
        header = header && !field_number(field[c], &number);
    }
    if (csv->columns == 0) {
        csv->columns = fields;
        csv->value = memory_new(lines * (size_t)fields, sizeof *csv->value);
    }
    if (fields != csv->columns)
        refuse("%s: line %zu has %d columns, the lines before it %d; every line needs the same",
               csv->path, csv->line, fields, csv->columns);
    if (!header)
        csv_row(csv, field, fields);
}

Dataset *user_csv(const char *path)
{
    size_t bytes = 0;
    char *text = file_read(path, &bytes);
    if (strlen(text) != bytes)
        refuse("%s: holds a zero byte, so it is no text; give numbers separated by commas", path);
    size_t lines = 1;
    for (size_t i = 0; i < bytes; i++)
        lines += text[i] == '\n';
    Csv csv = {.path = path};
    bool marked = strncmp(text, "\xef\xbb\xbf", 3) == 0; /* the byte order mark of spreadsheets */
    for (char *next = text + (marked ? 3 : 0); next != NULL;) {
        char *line = next;
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        size_t length = strlen(line);
        if (length > 0 && line[length - 1] == '\r')
            line[length - 1] = '\0';
        csv.line++;
        csv_line(&csv, line, lines);
    }
    Dataset *dataset = points_make(path, csv.value, csv.rows, csv.columns);
    free(csv.value);
    free(text);
    return dataset;
}

Dataset *user_npy(const char *path)
{
    Npy *npy = npy_read(path);
    if (npy->rank != 2)
        refuse("%s: an array of %d dimensions; points need 2: [points, numbers of each]", path,
               npy->rank);
    if (npy->shape[1] < 1 || npy->shape[1] > DATA_POINT_DIMS)
        refuse("%s: points of %ld numbers; from 1 to %d are read", path, npy->shape[1],
               DATA_POINT_DIMS);
    size_t dims = (size_t)npy->shape[1];
    float *value = memory_new(npy->count, sizeof *value);
    for (size_t i = 0; i < npy->count; i++) {
        value[i] = (float)npy_number(npy, i);
        if (!isfinite(value[i]))
            refuse("%s: row %zu, column %zu (from 0) is not a finite 32-bit number; remove the row",
                   path, i / dims, i % dims);
    }
    Dataset *dataset = points_make(path, value, (size_t)npy->shape[0], (int)dims);
    free(value);
    npy_free(npy);
    return dataset;
}

static bool ends_with(const char *path, const char *end)
{
    size_t length = strlen(path);
    return length > strlen(end) && strcmp(path + length - strlen(end), end) == 0;
}

Dataset *user_load(const char *path)
{
    if (file_is_folder(path))
        return user_images(path);
    if (file_exists(path) || strchr(path, '/') != NULL || ends_with(path, ".csv") ||
        ends_with(path, ".npy") || ends_with(path, ".txt")) {
        if (!file_exists(path))
            refuse("%s: not found. Give the path of a .csv, a .npy, a .txt or a folder of PNGs",
                   path);
        if (ends_with(path, ".csv"))
            return user_csv(path);
        if (ends_with(path, ".npy"))
            return user_npy(path);
        if (ends_with(path, ".txt"))
            return text_read(path);
        refuse("%s: neither a .csv nor a .npy nor a .txt nor a folder of PNGs", path);
    }
    return NULL;
}
