#include "tensor/tensor.h"

#include "support/fail.h"
#include "tensor/op.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

Tensor *tensor_new_matrix(Tape *tape, int rows, int columns)
{
    return tensor_new(tape, 2, (int[]){rows, columns});
}

Tensor *tensor_like(const Tensor *a)
{
    return tensor_new(a->tape, a->rank, a->shape);
}

Tensor *tensor_fill(Tape *tape, int rank, const int *shape, real value)
{
    Tensor *a = tensor_new(tape, rank, shape);
    for (size_t i = 0; i < a->size; i++)
        a->value[i] = value;
    return a;
}

Tensor *tensor_from(Tape *tape, int rank, const int *shape, const real *values)
{
    Tensor *a = tensor_new(tape, rank, shape);
    memcpy(a->value, values, a->size * sizeof *values);
    return a;
}

Tensor *tensor_watch(Tensor *leaf)
{
    if (leaf->op != NULL)
        op_fail("tensor_watch", leaf,
                "only a leaf can be watched; it is the result of an operation");
    leaf->needs_grad = true;
    if (leaf->grad == NULL &&
        leaf->tape != NULL) /* now: a sweep may run between mark and release */
        leaf->grad = op_memory(leaf, leaf->size, sizeof *leaf->grad);
    return leaf;
}

Tensor *tensor_name(Tensor *a, const char *name)
{
    a->name = name;
    return a;
}

int tensor_rows(const Tensor *a)
{
    return (int)(a->size / (size_t)tensor_columns(a));
}

int tensor_columns(const Tensor *a)
{
    return a->shape[a->rank - 1];
}

real tensor_item(const Tensor *a)
{
    if (a->size != 1)
        op_fail("tensor_item", a, "it must hold one number");
    return a->value[0];
}

double tensor_mean_value(const Tensor *a)
{
    double sum = 0;
    for (size_t i = 0; i < a->size; i++)
        sum += (double)a->value[i];
    return sum / (double)a->size;
}

double tensor_mean_between(const Tensor *a, int first, int last)
{
    double sum = 0;
    for (int i = first; i < last; i++)
        sum += (double)a->value[i];
    return last > first ? sum / (last - first) : NAN;
}

bool tensor_same_shape(const Tensor *a, const Tensor *b)
{
    return a->rank == b->rank &&
           memcmp(a->shape, b->shape, (size_t)a->rank * sizeof *a->shape) == 0;
}

char *tensor_shape_text(const Tensor *a, char text[TENSOR_SHAPE_TEXT])
{
    int used = snprintf(text, TENSOR_SHAPE_TEXT, "[%d", a->shape[0]);
    for (int i = 1; i < a->rank; i++)
        used += snprintf(text + used, (size_t)(TENSOR_SHAPE_TEXT - used), ", %d", a->shape[i]);
    snprintf(text + used, (size_t)(TENSOR_SHAPE_TEXT - used), "]");
    return text;
}

void op_fail(const char *op, const Tensor *a, const char *rule)
{
    char shape[TENSOR_SHAPE_TEXT];
    fail("%s: '%s' is %s; %s", op, a->name, tensor_shape_text(a, shape), rule);
}

void op_fail2(const char *op, const Tensor *a, const Tensor *b, const char *rule)
{
    char shape_a[TENSOR_SHAPE_TEXT], shape_b[TENSOR_SHAPE_TEXT];
    fail("%s: '%s' is %s and '%s' is %s; %s", op, a->name, tensor_shape_text(a, shape_a), b->name,
         tensor_shape_text(b, shape_b), rule);
}

Tensor *op_sum_of(Tensor *a, Tensor *b)
{
    if (a == NULL)
        return b;
    return b == NULL ? a : tensor_add(a, b);
}
