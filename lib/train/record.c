#include "train/record.h"

#include "support/fail.h"
#include "support/file.h"
#include "support/memory.h"
#include "train/run.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct Record {
    FILE *file;
    char *path;
    int columns;
    bool warned;
};

static void write_header(Record *record, const Family *family)
{
    fprintf(record->file, "step,epoch,seconds,learning_rate");
    for (int i = 0; i < record->columns; i++)
        fprintf(record->file, ",%s", family->columns[i]);
    fprintf(record->file, ",valid\n");
}

/* The bytes of the file up to and with the line of step last. */
static size_t kept_bytes(const char *text, long last)
{
    const char *line = strchr(text, '\n');
    if (line == NULL)
        return 0;
    line++;
    while (*line != '\0') {
        const char *end = strchr(line, '\n');
        if (end == NULL || strtol(line, NULL, 10) > last)
            break;
        line = end + 1;
    }
    return (size_t)(line - text);
}

Record *record_open(const char *dir, const Family *family, long last)
{
    Record *record = memory_new(1, sizeof *record);
    char *text = NULL;
    size_t bytes = 0, kept = 0;
    record->path = run_path(dir, "metrics.csv");
    record->columns = family_columns(family);
    if (last > 0 && file_exists(record->path)) {
        text = file_read(record->path, &bytes);
        kept = kept_bytes(text, last);
    }
    /* What is kept stays where it is: a crash or a full disk can't lose it. */
    bool cut = kept == 0 || truncate(record->path, (off_t)kept) == 0;
    record->file = cut ? fopen(record->path, kept > 0 ? "a" : "w") : NULL;
    if (record->file == NULL)
        refuse("%s: not written: %s; choose another folder with --out", record->path,
               strerror(errno));
    if (kept == 0)
        write_header(record, family);
    fflush(record->file);
    free(text);
    return record;
}

static void write_number(FILE *file, double value)
{
    if (isnan(value))
        fputc(',', file);
    else
        fprintf(file, ",%.9g", value);
}

void record_line(Record *record, long step, double epoch, double seconds, double learning_rate,
                 const double *columns, double valid)
{
    fprintf(record->file, "%ld,%.6g,%.3f,%.6g", step, epoch, seconds, learning_rate);
    for (int i = 0; i < record->columns; i++)
        write_number(record->file, columns[i]);
    write_number(record->file, valid);
    fputc('\n', record->file);
    if (fflush(record->file) != 0 && !record->warned) {
        warn("%s: a line was not written: %s; training goes on", record->path, strerror(errno));
        record->warned = true;
    }
}

void record_close(Record *record)
{
    fclose(record->file);
    free(record->path);
    free(record);
}

static size_t count_of(const char *text, char what)
{
    size_t n = 0;
    for (; *text != '\0'; text++)
        n += *text == what;
    return n;
}

static void read_names(RecordTable *table, char *line)
{
    for (int c = 0; c < table->columns; c++) {
        size_t length = strcspn(line, ",");
        table->name[c] = memory_new(length + 1, 1);
        memcpy(table->name[c], line, length);
        line += length + (line[length] == ',');
    }
}

RecordTable record_read(const char *dir)
{
    RecordTable table = {0};
    char *path = run_path(dir, "metrics.csv");
    size_t bytes;
    char *text = file_read(path, &bytes), *save = NULL;
    size_t lines = count_of(text, '\n');
    char *line = strtok_r(text, "\n", &save);
    if (line == NULL)
        refuse("%s: is empty; train again", path);
    table.columns = (int)count_of(line, ',') + 1;
    table.name = memory_new((size_t)table.columns, sizeof *table.name);
    table.value = memory_new((size_t)table.columns, sizeof *table.value);
    read_names(&table, line);
    for (int c = 0; c < table.columns; c++)
        table.value[c] = memory_new(lines + 1, sizeof **table.value);
    while ((line = strtok_r(NULL, "\n", &save)) != NULL && table.rows < lines) {
        for (int c = 0; c < table.columns; c++) {
            size_t length = strcspn(line, ",");
            table.value[c][table.rows] = length == 0 ? NAN : strtod(line, NULL);
            line += length + (line[length] == ',');
        }
        table.rows++;
    }
    free(text);
    free(path);
    return table;
}

void record_table_free(RecordTable *table)
{
    for (int c = 0; c < table->columns; c++) {
        free(table->name[c]);
        free(table->value[c]);
    }
    free(table->name);
    free(table->value);
}

const double *record_column(const RecordTable *table, const char *name)
{
    for (int c = 0; c < table->columns; c++)
        if (strcmp(table->name[c], name) == 0)
            return table->value[c];
    return NULL;
}
