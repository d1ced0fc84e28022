/* Learning rate over the steps of a run. */
#ifndef TRAIN_SCHEDULE_H
#define TRAIN_SCHEDULE_H

#include <stdbool.h>

typedef struct Schedule {
    double peak;
    bool cosine; /* after the warm-up from peak to 0 along half a cosine (Loshchilov & Hutter 2017,
                    arXiv:1608.03983, eq. 5, one period); else constant */
    long warmup; /* steps that rise linearly from peak / warmup to peak */
    long steps; /* of the whole run                                                               */
} Schedule;

/* The rate of step 0 .. steps-1. */
double schedule_rate(const Schedule *schedule, long step);

#endif
