/* The rows of a comparison: what was measured of every family, whoever trained it. */
#ifndef COMPARE_COMPARE_ROWS_H
#define COMPARE_COMPARE_ROWS_H

#include "08-compare/compare_baselines.h"
#include "08-compare/compare_yardstick.h"

/* One likelihood of one row, its mean over the seeds. */
typedef struct RowLikelihood {
    char name[LIKELIHOOD_NAME];
    LikelihoodKind kind;
    double neg_log_prob; /* nats, down is better                                        */
    double se;           /* over the test examples                                      */
    double se_estimator; /* of the mean, from the draws of its estimator, first seed; or NaN */
    double seed_sd;      /* between seeds; NaN with one                                 */
    double *log_prob;    /* [examples]                                                  */
    double states;       /* sum of exp(log_prob) over all states, first seed; NaN: not asked */
} RowLikelihood;

typedef struct Row {
    char *label;          /* "vae", "training data"                                    */
    const Family *family; /* NULL of a baseline                                        */
    char *failure;        /* why there is nothing to show, or NULL                     */
    int seeds;
    double parameters, steps, train_seconds, sample_seconds_per_1000, peak_mib;
    RowLikelihood likelihood[LIKELIHOOD_MOST];
    int likelihoods;
    int headline;             /* which stands for the row: exact, else the highest lower bound, else
                                 an estimate; -1: there is none                          */
    double gap, gap_se;       /* headline against the true distribution, nats; NaN: not known */
    double behind, behind_se; /* what the headline loses against the best of its kind, paired on the
                                test examples, nats; 0 for that one                     */
    Measurement samples;      /* of the first seed, or the mean over the seeds           */
    double value_sd[YARDSTICK_MOST]; /* between seeds; NaN with one                     */
    real *sample;                    /* [n, dims] of the first seed                             */
    double *map;                     /* log density on the map, first seed; NULL: none          */
    char *dir;                       /* the first seed's folder; NULL of a baseline             */
    char *train_command, *eval_command; /* that make the first seed's run again         */
} Row;

enum { ROWS_MOST = TRACK_MOST_FAMILIES + 16 };

typedef struct Rows {
    const Dataset *data;
    const Yardstick *yardstick;
    int examples; /* test examples of the likelihoods */
    Row row[ROWS_MOST];
    int count;
} Rows;

/* A row of a baseline, which is emptied. */
void rows_add_baseline(Rows *rows, Baseline *baseline);

/* A row of a family that failed. reason is copied. */
void rows_add_failure(Rows *rows, const Family *family, const char *reason);

/* A row from the folders that `compare one` left, one a seed. */
void rows_add_runs(Rows *rows, const Family *family, char *const *dir, int seeds);

/* Gaps to the truth and to the best of each kind, after all rows are there; then the order: by
 * kind, exact first, inside a kind by nats, rows without a likelihood in their own order, failures
 * last.
 */
void rows_settle(Rows *rows);

void rows_free(Rows *rows);

#endif
