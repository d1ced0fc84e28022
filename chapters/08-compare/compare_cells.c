#include "08-compare/compare_format.h"

#include <math.h>
#include <string.h>

char *cell_number(char cell[CELL], const char *format, double value)
{
    if (!isfinite(value)) {
        snprintf(cell, CELL, "%s", isinf(value) ? (value > 0 ? "inf" : "-inf") : "-");
        return cell;
    }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(cell, CELL, format, value);
#pragma GCC diagnostic pop
    return cell;
}

char *cell_with_error(char cell[CELL], double value, double error, int decimals)
{
    if (!isfinite(value))
        return cell_number(cell, "%g", value);
    if (isfinite(error))
        snprintf(cell, CELL, "%.*f \u00b1 %.*f", decimals, value, decimals, error);
    else
        snprintf(cell, CELL, "%.*f", decimals, value);
    return cell;
}

char *cell_count(char cell[CELL], double value)
{
    if (value >= 1e6)
        return cell_number(cell, "%.2f M", value / 1e6);
    if (value >= 1e4)
        return cell_number(cell, "%.1f k", value / 1e3);
    return cell_number(cell, "%.0f", value);
}

char *cell_metric(char cell[CELL], const Yardstick *y, int m, double value)
{
    bool large = fabs(value) >= 100 || (!y->metric[m].up && fabs(y->floor[m]) >= 1);
    return cell_number(cell, large ? "%.2f" : "%.3f", value);
}

double row_bits(const Rows *rows, const RowLikelihood *likelihood)
{
    return rows->data->levels > 0
               ? likelihood_bits_per_dim(-likelihood->neg_log_prob, rows->data->dims)
               : NAN;
}

bool row_memorises(const Row *row)
{
    const Memorised *m = &row->samples.memorised;
    return row->samples.can_memorise && m->excess > 3 * m->se && m->excess > 0.05;
}
