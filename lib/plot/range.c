#include "plot/range.h"

#include <math.h>

/* gnuplot gives up near 1e308; the sums and squares on the way there need room too. */
static const double LARGEST = 1e150;

FigureRange range_none(void)
{
    return (FigureRange){INFINITY, -INFINITY};
}

bool range_is_empty(FigureRange range)
{
    return !(range.low <= range.high);
}

bool range_can_hold(double value, bool log)
{
    return fabs(value) < LARGEST && (!log || value > 0);
}

void range_take(FigureRange *range, double value, bool log)
{
    if (!range_can_hold(value, log))
        return;
    range->low = fmin(range->low, value);
    range->high = fmax(range->high, value);
}

static FigureRange widen(FigureRange data, double margin)
{
    double width = data.high - data.low;
    double size = fmax(fabs(data.low), fabs(data.high));
    if (width > 1e-9 * size)
        return (FigureRange){data.low - margin * width, data.high + margin * width};
    double half = size > 0 ? 0.5 * size : 1;
    return (FigureRange){data.low - half, data.high + half};
}

FigureRange range_choose(FigureRange wish, FigureRange data, double margin, bool log)
{
    bool wished = range_can_hold(wish.low, log) && range_can_hold(wish.high, log);
    if (wished && wish.low < wish.high)
        return wish;
    if (range_is_empty(data))
        return log ? (FigureRange){1, 10} : (FigureRange){0, 1};
    if (!log)
        return widen(data, margin);
    if (data.high < data.low * (1 + 1e-9))
        return (FigureRange){data.low / 3, data.high * 3};
    double factor = pow(data.high / data.low, margin);
    return (FigureRange){data.low / factor, data.high * factor};
}
