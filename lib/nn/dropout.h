/* Dropout: each number is 0 with a given probability, and the others grow so that the mean stays.
 * Source: Srivastava et al. (2014), JMLR 15, sec. 4; scaled while training instead of afterwards.
 */
#ifndef NN_DROPOUT_H
#define NN_DROPOUT_H

#include "support/rng.h"
#include "tensor/tensor.h"

/* x where noise is NULL (evaluation) or rate is 0. rate in [0, 1). */
Tensor *dropout_forward(Tensor *x, real rate, Rng *noise);

#endif
