/* How far a long task is: one line that renews itself on a terminal, plain lines every ten seconds
 * or twentieth part elsewhere. It writes to stderr, so that results on stdout stay clean. */
#ifndef TRAIN_PROGRESS_H
#define TRAIN_PROGRESS_H

#include <stdbool.h>

typedef struct Progress {
    const char *what; /* "train", "eval" */
    const char *unit; /* "steps", "images" */
    long done, total, shown;
    double started, last_shown;
    long started_at; /* done when the clock started (a resumed run) */
    bool terminal, quiet;
} Progress;

Progress progress_start(const char *what, const char *unit, long done, long total, bool quiet);

/* note: text behind the numbers ("-elbo 93.1"), or "". Cheap to call often. */
void progress_show(Progress *progress, long done, const char *note);

/* The last line, always shown unless quiet. */
void progress_end(Progress *progress, const char *note);

/* "1 h 05 min", "3 min 20 s", "8.4 s" into text. */
char *progress_duration(double seconds, char text[32]);

#endif
