#include "train/schedule.h"

#include <math.h>

double schedule_rate(const Schedule *schedule, long step)
{
    static const double pi = 3.14159265358979323846;
    if (step < schedule->warmup)
        return schedule->peak * (double)(step + 1) / (double)schedule->warmup;
    if (!schedule->cosine)
        return schedule->peak;
    double done =
        (double)(step - schedule->warmup) / fmax(1, (double)(schedule->steps - schedule->warmup));
    return schedule->peak * 0.5 * (1 + cos(pi * fmin(done, 1)));
}
