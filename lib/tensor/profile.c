#include "tensor/profile.h"

#include "support/fail.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

double profile_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

Profile profile_start(void)
{
    Profile profile = {.current = -1};
    return profile;
}

static int find_row(Profile *profile, const char *name, ProfilePhase phase)
{
    for (int i = 0; i < profile->rows; i++)
        if (profile->row[i].phase == phase && strcmp(profile->row[i].name, name) == 0)
            return i;
    if (profile->rows == PROFILE_MOST_ROWS)
        fail("profile: more than %d different rows; raise PROFILE_MOST_ROWS", PROFILE_MOST_ROWS);
    profile->row[profile->rows] = (ProfileRow){.name = name, .phase = phase};
    return profile->rows++;
}

void profile_switch(Profile *profile, const char *name, ProfilePhase phase)
{
    if (profile == NULL)
        return;
    double now = profile_seconds();
    if (profile->current >= 0)
        profile->row[profile->current].seconds += now - profile->since;
    profile->current = find_row(profile, name, phase);
    profile->row[profile->current].calls++;
    profile->since = now;
}

void profile_count(Profile *profile, double flops)
{
    if (profile != NULL && profile->current >= 0)
        profile->row[profile->current].flops += flops;
}

static int by_seconds(const void *a, const void *b)
{
    double x = ((const ProfileRow *)a)->seconds, y = ((const ProfileRow *)b)->seconds;
    return (x < y) - (x > y);
}

void profile_print(Profile *profile, long steps, FILE *out)
{
    static const char *const phase_name[] = {"forward", "backward", ""};
    if (profile->current >= 0)
        profile->row[profile->current].seconds += profile_seconds() - profile->since;
    profile->current = -1;
    qsort(profile->row, (size_t)profile->rows, sizeof *profile->row, by_seconds);
    double all = 0;
    for (int i = 0; i < profile->rows; i++)
        all += profile->row[i].seconds;
    fprintf(out, "%-24s %-9s %9s %7s %9s %9s\n", "operation", "pass", "calls/st", "share",
            "ms/step", "GFLOP/s");
    for (int i = 0; i < profile->rows; i++) {
        const ProfileRow *row = &profile->row[i];
        fprintf(out, "%-24s %-9s %9.1f %6.1f%% %9.4f ", row->name, phase_name[row->phase],
                (double)row->calls / (double)steps, 100 * row->seconds / all,
                1e3 * row->seconds / (double)steps);
        if (row->flops > 0)
            fprintf(out, "%9.1f\n", 1e-9 * row->flops / row->seconds);
        else
            fprintf(out, "%9s\n", "-");
    }
    fprintf(out, "%-24s %-9s %9s %7s %9.4f\n", "a step", "", "", "100%", 1e3 * all / (double)steps);
}
