/* Where the time of a step goes: seconds, calls and floating-point operations by operation and
 * direction. The clock runs on: the time between two switches belongs to what was switched to
 * first. */
#ifndef TENSOR_PROFILE_H
#define TENSOR_PROFILE_H

#include <stdio.h>

enum { PROFILE_MOST_ROWS = 128 };

typedef enum ProfilePhase { PROFILE_FORWARD, PROFILE_BACKWARD, PROFILE_REST } ProfilePhase;

typedef struct ProfileRow {
    const char *name;
    ProfilePhase phase;
    long calls;
    double seconds, flops;
} ProfileRow;

typedef struct Profile {
    ProfileRow row[PROFILE_MOST_ROWS];
    int rows;
    int current;  /* row that the clock runs for; -1: none */
    double since; /* seconds, monotonic                    */
} Profile;

/* A profile with nothing in it. */
Profile profile_start(void);

/* From now on the time belongs to that name and phase. profile may be NULL: nothing happens. */
void profile_switch(Profile *profile, const char *name, ProfilePhase phase);

/* Adds floating-point operations (a multiply-add counts 2) to what the clock runs for. */
void profile_count(Profile *profile, double flops);

/* Stops the clock and prints the rows, most time first, with share, ms a step and GFLOP/s. */
void profile_print(Profile *profile, long steps, FILE *out);

/* Monotonic wall-clock seconds. */
double profile_seconds(void);

#endif
