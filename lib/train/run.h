/* A run's folder, and a finished or interrupted run opened again.
 *
 *     DIR/config.json              every option with its value, seed, steps, versions, threads,
 * machine DIR/metrics.csv              one line every so many steps DIR/checkpoint.safetensors   to
 * go on from DIR/weights.safetensors      the weights alone (the moving average where there is one)
 *     DIR/eval.json, samples.npy, figures/ */
#ifndef TRAIN_RUN_H
#define TRAIN_RUN_H

#include "train/family.h"

/* Options that config.json keeps, beside the family's own: data, seed, steps, batch, learning rate
 * ... */
extern const OptionSpec run_options[];

/* DIR/NAME; free with free(). */
char *run_path(const char *dir, const char *name);

/* The command that trains the run in a folder: "bin/vae train --out DIR", or of a stage
 * "bin/clip-ldm train --stage clip --out DIR above it". Free with free(). */
char *run_train_command(const Family *family, const char *dir);

/* The options of a run with their defaults, as a NULL-terminated list of tables for options_parse.
 */
enum { RUN_MOST_TABLES = 8 };
typedef struct RunTables {
    const OptionSpec *table[RUN_MOST_TABLES];
} RunTables;
RunTables run_tables(const Family *family);

/* Writes config.json; how_long says where the number of steps comes from. */
void run_write_config(const char *dir, const Family *family, const Options *options,
                      const Model *model, const char *how_long);

/* The "options" object of DIR/config.json after checking that it belongs to this family and names a
 * data set; free with cJSON_Delete. */
cJSON *run_read_options(const char *dir, const Family *family);

/* Refuses options read from DIR/config.json that lack a value which every run on these data has. */
void run_check_options(const Family *family, const Options *options, const Dataset *data,
                       const char *dir);

typedef struct Run {
    const Family *family;
    char *dir;
    Options *options;
    Dataset *data;
    Model *model; /* with the weights of weights.safetensors */
} Run;

/* Opens a run for evaluation, sampling and pictures. A folder without one, of another family or
 * without weights is refused with the command that makes one. */
Run *run_open(const Family *family, const char *dir);
void run_close(Run *run);

/* eval.json: the report with family, data, split and number of examples, the family's options of
 * evaluation (NULL: it has none), and what was measured on samples (taken over; NULL: nothing). */
void run_write_eval(const char *dir, const Family *family, const Dataset *data, Split split,
                    const Options *options, const LikelihoodReport *report, cJSON *samples);

/* "train", "validation", "test" */
const char *run_split_name(Split split);

#endif
