#include "prob/monotone.h"

#include "prob/monotone_internal.h"
#include "support/fail.h"

int monotone_parameters(const Monotone *map)
{
    return map->kind == MONOTONE_AFFINE ? 2 : 3 * map->bins - 1;
}

static void check(const char *op, const Monotone *map, const Tensor *x, const Tensor *raw)
{
    if (!(map->bound > 0))
        fail("%s: the bound is %g; it must be positive", op, (double)map->bound);
    if (map->kind == MONOTONE_SPLINE && (map->bins < 2 || map->bins > MONOTONE_MOST_BINS))
        fail("%s: %d bins; 2 to %d", op, map->bins, MONOTONE_MOST_BINS);
    if (x->rank != 2 || raw->rank != 2 || x->shape[0] != raw->shape[0] ||
        raw->shape[1] != x->shape[1] * monotone_parameters(map))
        op_fail2(op, x, raw,
                 "both are matrices of equal rows; the second has the parameters of every number "
                 "(monotone_parameters) as columns");
}

Tensor *monotone_forward(const Monotone *map, Tensor *x, Tensor *raw)
{
    check("monotone_forward", map, x, raw);
    return map->kind == MONOTONE_AFFINE ? monotone_affine_forward(map, x, raw)
                                        : monotone_spline_forward(map, x, raw);
}

Tensor *monotone_inverse(const Monotone *map, const Tensor *y, const Tensor *raw)
{
    check("monotone_inverse", map, y, raw);
    Tensor *x = tensor_new_matrix(y->tape, y->shape[0], y->shape[1] + 1);
    if (map->kind == MONOTONE_AFFINE)
        monotone_affine_inverse(map, y, raw, x);
    else
        monotone_spline_inverse(map, y, raw, x);
    return x;
}
