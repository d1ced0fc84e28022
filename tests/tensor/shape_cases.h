/* A mistake in a shape stops the program with one line: the operation, the operands' names, their
 * shapes and the rule. Each case of a table runs in a child process. */
#ifndef TENSOR_SHAPE_CASES_H
#define TENSOR_SHAPE_CASES_H

#include "harness/suite.h"
#include "tensor/tape.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { SHAPE_ABORTED = 128 + SIGABRT };

/* Operands named 'left' and 'right' of the case's shapes; right may be left out (rank 0). */
typedef struct ShapeCase {
    int left_rank, left[TENSOR_MOST_DIMS];
    int right_rank, right[TENSOR_MOST_DIMS];
    void (*run)(Tensor *left, Tensor *right);
    const char *line; /* all of it, after "error: " */
} ShapeCase;

static inline void shape_case_run(void *context)
{
    const ShapeCase *c = context;
    Tape *tape = tape_create(&kernels_portable);
    Tensor *left = tensor_name(tensor_fill(tape, c->left_rank, c->left, 1), "left"), *right = NULL;
    tensor_watch(left);
    if (c->right_rank > 0)
        right = tensor_name(tensor_fill(tape, c->right_rank, c->right, 1), "right");
    c->run(left, right);
    tape_free(tape);
}

static inline void shape_cases_check(const ShapeCase *c, size_t cases)
{
    for (size_t i = 0; i < cases; i++) {
        char whole[512];
        ShapeCase one = c[i];
        ChildResult result = child_run(shape_case_run, &one);
        snprintf(whole, sizeof whole, "error: %s\n", one.line);
        CU_ASSERT(child_said(&result, SHAPE_ABORTED, whole));
        CU_ASSERT_EQUAL(strlen(result.text), strlen(whole));
    }
}

#define SHAPE_CASES(table) (table), sizeof(table) / sizeof *(table)

#endif
