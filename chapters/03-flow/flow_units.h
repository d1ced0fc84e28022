/* The first step of every flow here: data in their own units to numbers of mean 0 and variance 1 or
 * so, with its log-determinant; it is fixed before training.
 *
 * Points are shifted and scaled, those of a sphere left alone. An image's level l becomes y = l +
 * u, u ~ U[0, 1) (uniform dequantisation), so that the integral of a density over the unit cell of
 * l is the probability of l, and E_u[log p(y)] a lower bound on its logarithm (Theis et al. 2016,
 * arXiv:1511.01844, sec. 3.1). Then y goes through one of two increasing maps:
 *
 *     logit       log(s / (1 - s)), s = a + (1 - 2 a) y / K   (Papamakarios et al. 2017, a = 1e-6)
 *     equalised   Phi^-1(F_j(y)): F_j is the distribution function of pixel j in the training
 *                 images, so that every pixel by itself is N(0, 1) and the layers behind it have
 *                 only the dependence between pixels to learn                                    */
#ifndef FLOW_UNITS_H
#define FLOW_UNITS_H

#include "data/dataset.h"
#include "nn/flow.h"

typedef enum FlowUnitsKind { UNITS_SCALED, UNITS_LOGIT, UNITS_EQUALISED, UNITS_NONE } FlowUnitsKind;

typedef struct FlowUnits {
    FlowUnitsKind kind;
    int dims, levels;
    Tensor *center, *scale; /* scaled: [1, dims], buffers                                       */
    Tensor *below; /* equalised: [dims, levels + 1], buffer: F_j at the levels' lower ends */
} FlowUnits;

/* Buffers in params, from at most 55,000 training examples. */
FlowUnits flow_units_create(FlowUnitsKind kind, Params *params, const Dataset *data);

/* x [n, dims]: points, or y of images in [0, levels] -> numbers for the layers. Derivatives by x.
 * Refuses images outside the levels and, without units, points off the unit sphere. */
FlowResult flow_units_forward(const FlowUnits *units, Tensor *x);

/* Binary images behind the units, where a level is a half-line: where the two meet, and the mean of
 * either under uniform dequantisation: [3, dims], a buffer in params. */
Tensor *flow_units_sides(const FlowUnits *units, Params *params);

/* And back, n rows in place; images stay y, not rounded. */
void flow_units_inverse(const FlowUnits *units, real *z, int n);

#endif
