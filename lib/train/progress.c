#include "train/progress.h"

#include "tensor/profile.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

Progress progress_start(const char *what, const char *unit, long done, long total, bool quiet)
{
    Progress progress = {.what = what, .unit = unit, .done = done, .total = total, .shown = done};
    progress.started = progress.last_shown = profile_seconds();
    progress.started_at = done;
    progress.terminal = isatty(STDERR_FILENO);
    progress.quiet = quiet;
    return progress;
}

char *progress_duration(double seconds, char text[32])
{
    if (seconds < 60)
        snprintf(text, 32, "%.1f s", seconds);
    else if (seconds < 3600)
        snprintf(text, 32, "%.0f min %02.0f s", floor(seconds / 60), floor(fmod(seconds, 60)));
    else
        snprintf(text, 32, "%.0f h %02.0f min", floor(seconds / 3600),
                 floor(fmod(seconds, 3600) / 60));
    return text;
}

static void print_line(const Progress *progress, const char *note)
{
    char spent[32], left[32];
    double seconds = profile_seconds() - progress->started;
    double rate = (double)(progress->done - progress->started_at) / fmax(seconds, 1e-9);
    double share = (double)progress->done / (double)progress->total;
    if (progress->terminal) {
        char bar[21] = "....................";
        for (int i = 0; i < (int)(20 * share); i++)
            bar[i] = '#';
        fprintf(stderr, "\r%s [%s] ", progress->what, bar);
    } else {
        fprintf(stderr, "%s ", progress->what);
    }
    fprintf(stderr, "%ld/%ld %s  %.*f/s  %s", progress->done, progress->total, progress->unit,
            rate < 10, rate, progress_duration(seconds, spent));
    if (progress->done < progress->total && rate > 0)
        fprintf(stderr, ", %s left",
                progress_duration((double)(progress->total - progress->done) / rate, left));
    fprintf(stderr, "  %s%s", note, progress->terminal ? "\033[K" : "\n");
    fflush(stderr);
}

void progress_show(Progress *progress, long done, const char *note)
{
    progress->done = done;
    if (progress->quiet)
        return;
    double since = profile_seconds() - progress->last_shown;
    bool due = since >= 10 || (done - progress->shown) * 20 >= progress->total;
    if (progress->terminal ? since < 0.1 : !due)
        return;
    progress->last_shown = profile_seconds();
    progress->shown = done;
    print_line(progress, note);
}

void progress_end(Progress *progress, const char *note)
{
    if (progress->quiet)
        return;
    if (progress->terminal || progress->shown != progress->done)
        print_line(progress, note);
    if (progress->terminal)
        fputc('\n', stderr);
}
