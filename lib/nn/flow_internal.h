/* What the files of layers share. */
#ifndef NN_FLOW_INTERNAL_H
#define NN_FLOW_INTERNAL_H

#include "nn/flow.h"

/* y [n, d + 1] of a monotone map into its two parts: y, and the log-determinant [n, 1]. */
static inline FlowResult flow_split_result(Tensor *y)
{
    int d = y->shape[1] - 1;
    return (FlowResult){tensor_slice(y, 1, 0, d), tensor_slice(y, 1, d, d + 1)};
}

#endif
