/* Data sets made to ask a model questions: the training data as they are, and in the place of the
 * test examples whatever its probability is wanted of. */
#ifndef COMPARE_COMPARE_PROBE_H
#define COMPARE_COMPARE_PROBE_H

#include "data/dataset.h"
#include "metric/cells.h"

/* All 2^dims states of a small binary set without grey levels behind it, in the order of the
 * numbers whose binary digits they are, lowest first. Free with dataset_free. */
Dataset *probe_states(const Dataset *like);

/* The middles of the cells of a box of the plane, in their order. */
Dataset *probe_plane(const Dataset *like, const Cells *cells);

#endif
