/* For files that define operations: the table of an operation and the helpers that its rules use.
 *
 * An operation is one `static const Op` with its formula in a comment, its backward rule, its
 * tangent rule and its forward function, together in one file. CONTRIBUTING.md shows how to add
 * one. */
#ifndef TENSOR_OP_H
#define TENSOR_OP_H

#include "tensor/tape.h"
#include "tensor/tensor.h"

struct Op {
    const char *name;
    /* Adds y's share to the gradients of its parents; called once, when y->grad is complete. */
    void (*backward)(Tensor *y);
    /* The tangent of y given those of its parents (dx[i] is NULL where there is none, never all),
     * made of tensor operations. NULL: the operation has no rule, and forward mode through it is
     * refused. */
    Tensor *(*tangent)(Tensor *y, Tensor *const *dx);
};

/* A new tensor, result of op on the parents (NULLs among them are left out). Values are not set. */
Tensor *op_result(const Op *op, int rank, const int *shape, int parents, Tensor *const *parent);
Tensor *op_unary_result(const Op *op, Tensor *a);

/* A result that shares a's memory under another shape of the same size. */
Tensor *op_view_result(const Op *op, int rank, const int *shape, Tensor *a);

/* Memory from the tensor's tape, not set, aligned to 64 bytes. */
void *op_memory(const Tensor *a, size_t count, size_t size);

/* Where a parent's gradient goes: data is NULL when no gradient needs it; add says whether there is
 * something to add to. Opened right before the loop that writes it. */
typedef struct Grad {
    real *data;
    bool add;
} Grad;
Grad grad_open(Tensor *parent);

/* Where all that is left of a rule is to copy y's gradient, a parent that has none yet may take its
 * memory instead: true if it did. y has no gradient from then on. */
bool grad_take_over(Tensor *parent, Tensor *y);

/* The sum so far; a rule writes data[i] = grad_kept(data, add, i) + share. data and add are copied
 * into local variables first: gcc does not vectorise a threaded loop that reads them through the
 * struct. */
static inline real grad_kept(const real *data, bool add, size_t i)
{
    return add ? data[i] : 0;
}

/* The number of the thread that runs a parallel loop's body, 0 .. kernels_threads() - 1. */
int op_thread(void);

/* C = op(A) op(B) through the tape's kernels, counted in its profile. */
void op_gemm(const Tape *tape, Gemm gemm);

/* a + b where either may be NULL. */
Tensor *op_sum_of(Tensor *a, Tensor *b);

/* Elementwise loops are threaded from this many numbers on. The clause is written `if (parallel :
 * ...)`: without the modifier it would also decide about simd, and short loops would not be
 * vectorised at all. */
enum { OP_PARALLEL_FROM = 1 << 14 };

/* Stops with the operation's name and the operand's shape: "log: 'x' is [2]; <rule>". */
_Noreturn void op_fail(const char *op, const Tensor *a, const char *rule);
_Noreturn void op_fail2(const char *op, const Tensor *a, const Tensor *b, const char *rule);

#endif
