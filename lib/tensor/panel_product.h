/* Products of a few rows with a matrix that is used again and again: the layers of a network that
 * writes one symbol at a time, the keys and the values so far.
 *
 * The matrix lies in panels of PANEL columns, [panel][term][PANEL], so that a product reads it from
 * front to back; columns that fill up the last panel are zeros. An element of the result is one
 * chain of multiply-adds over the terms in ascending order, whatever the rows beside it and the
 * thread that computes it. */
#ifndef TENSOR_PANEL_PRODUCT_H
#define TENSOR_PANEL_PRODUCT_H

#include "support/real.h"

#include <stdbool.h>
#include <stddef.h>

/* A panel is as wide as two vector registers. */
#if defined(__AVX512F__)
enum { PANEL_VECTOR_BYTES = 64 };
#elif defined(__AVX__)
enum { PANEL_VECTOR_BYTES = 32 };
#else
enum { PANEL_VECTOR_BYTES = 16 };
#endif
enum { PANEL_LANES = PANEL_VECTOR_BYTES / sizeof(real), PANEL = 2 * PANEL_LANES };

/* Panels that hold so many columns. */
static inline int panels_of(int columns)
{
    return (columns + PANEL - 1) / PANEL;
}

/* Columns of a matrix [terms, columns] to panels_of(columns) panels. Element (k, j) lies at
 * a[k a_row + j a_column], so that a transpose is a matter of strides. */
void panel_pack(const real *a, size_t a_row, size_t a_column, int terms, int columns, real *panel);

/* Y = X A + start, or Y += X A + start: X [rows, terms], rows x_row apart; A in panels, panel_size
 * numbers from one to the next (at least terms PANEL); start [panels PANEL] or NULL for zeros;
 * Y [rows, panels PANEL], rows y_row apart. Where every row has a matrix of its own, they lie
 * matrix_size numbers apart; else it is 0. */
typedef struct PanelProduct {
    int rows, terms, panels;
    const real *x;
    size_t x_row;
    const real *panel;
    size_t panel_size, matrix_size;
    const real *start;
    real *y;
    size_t y_row;
    bool add;
} PanelProduct;

void panel_product(const PanelProduct *p);

#endif
