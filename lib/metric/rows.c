#include "metric/rows.h"

#include "support/fail.h"
#include "support/memory.h"

double *rows_copy(const real *features, int n, int dim)
{
    if (n < 1 || dim < 1)
        fail("metric: features are [%d, %d]; at least one row and one column are needed", n, dim);
    double *copy = memory_new((size_t)n * (size_t)dim, sizeof *copy);
    for (size_t i = 0; i < (size_t)n * (size_t)dim; i++)
        copy[i] = features[i];
    return copy;
}
