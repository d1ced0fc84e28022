/* metrics.csv: fixed columns, one line every so many steps. On resuming, lines behind the
 * checkpoint are cut off, then the file grows again; a new run starts a new file. */
#ifndef TRAIN_RECORD_H
#define TRAIN_RECORD_H

#include "train/family.h"

#include <stdio.h>

typedef struct Record Record;

/* Opens DIR/metrics.csv. last: the step of the checkpoint that the run goes on from; 0: a new file.
 */
Record *record_open(const char *dir, const Family *family, long last);

/* One line: step, epoch, seconds, learning rate, the family's columns, the held-out loss. NaN is
 * left empty. A full disk is a warning, once. */
void record_line(Record *record, long step, double epoch, double seconds, double learning_rate,
                 const double *columns, double valid);
void record_close(Record *record);

/* The file as columns of doubles (NaN where empty), for figures. */
typedef struct RecordTable {
    int columns;
    size_t rows;
    char **name;    /* [columns] */
    double **value; /* [columns][rows] */
} RecordTable;

RecordTable record_read(const char *dir);
void record_table_free(RecordTable *table);

/* The column of that name, or NULL. */
const double *record_column(const RecordTable *table, const char *name);

#endif
