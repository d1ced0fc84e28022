/* The tape: everything computed in a step, and the sweeps over it.
 *
 * A tape owns the tensors made on it. tape_reset forgets them and keeps the memory, so that from
 * the second step on nothing is allocated. Creation order is a topological order, so the reverse
 * sweep is one loop.
 *
 *     tape_reset(tape);
 *     params_bind(params, tape);
 *     Tensor *loss = ...;
 *     tape_backward(loss);              weights' gradients are in weight->grad
 */
#ifndef TENSOR_TAPE_H
#define TENSOR_TAPE_H

#include "tensor/kernels.h"
#include "tensor/profile.h"
#include "tensor/tensor.h"

Tape *tape_create(const Kernels *kernels);
void tape_free(Tape *tape);

/* Forgets all tensors, keeps the memory. */
void tape_reset(Tape *tape);

/* Recording is on at first. While it is off, operations compute but keep no history, so no
 * gradients: for samplers and evaluation. Returns what it was. */
bool tape_record(Tape *tape, bool on);

bool tape_recording(const Tape *tape);

/* What is made between mark and release is forgotten at release, memory included: for loops whose
 * intermediate results are not needed. */
typedef struct TapeMark {
    int block;
    size_t used;
    int nodes;
} TapeMark;
TapeMark tape_mark(const Tape *tape);
void tape_release(Tape *tape, TapeMark mark);

/* Gradients of y (one number) with respect to every leaf that wants one and that y depends on. A
 * leaf's gradient is written by the first consumer and added to by later ones, also of a later
 * sweep in the same step. tape_backward_seeded starts from given d loss / d y instead of 1 [size of
 * y]. */
void tape_backward(Tensor *y);
void tape_backward_seeded(Tensor *y, const real *seed);

/* Gradients of y with respect to the n tensors wrt alone, as new tensors without history in
 * gradient[n]; nothing is added to the gradient of any other tensor. A tensor that y does not
 * depend on gets zeros. seed as above, or NULL for 1. */
void tape_gradient(Tensor *y, const real *seed, Tensor *const *wrt, int n, Tensor **gradient);

/* Forward mode: the Jacobian-vector product dy/dx . v, as tensors with history, so that a reverse
 * sweep over it gives second derivatives. x must need a gradient (tensor_watch, or a weight) and v
 * have its shape. The operations between x and y must have a tangent rule. Returns NULL when y does
 * not depend on x. */
Tensor *tape_tangent(Tensor *y, Tensor *x, Tensor *v);

/* The first tensor in creation order that holds a NaN or an infinity; NULL if there is none. */
const Tensor *tape_first_not_finite(const Tape *tape);

/* Bytes the tape holds from the system, and how often it asked: constant in a steady loop. */
size_t tape_bytes(const Tape *tape);
size_t tape_allocations(const Tape *tape);

/* Time by operation: NULL stops it. The profile must outlive the tape or be taken away. */
void tape_set_profile(Tape *tape, Profile *profile);
Profile *tape_profile(const Tape *tape);

const Kernels *tape_kernels(const Tape *tape);
Backend *tape_backend(const Tape *tape);

#endif
