#include "nn/packed_linear.h"

#include "support/fail.h"
#include "support/memory.h"
#include "tensor/kernels.h"
#include "tensor/panel_product.h"

#include <stdlib.h>
#include <string.h>

struct PackedLinear {
    const Tensor *weight, *bias; /* what was packed; bias NULL for a tied one */
    bool tied;
    int in, out;
    real *panel; /* [panels][in][PANEL] */
    real *start; /* [panels PANEL]: the bias */
};

/* Multiply-adds from which a product is threaded: a tenth of a millisecond. */
static const double THREADED_FROM = 1 << 22;

static PackedLinear *create(const Tensor *weight, const Tensor *bias, bool tied)
{
    PackedLinear *packed = memory_new(1, sizeof *packed);
    *packed = (PackedLinear){.weight = weight,
                             .bias = bias,
                             .tied = tied,
                             .in = weight->shape[tied ? 1 : 0],
                             .out = weight->shape[tied ? 0 : 1]};
    size_t columns = (size_t)panels_of(packed->out) * PANEL;
    packed->panel = memory_new(columns * (size_t)packed->in, sizeof(real));
    packed->start = memory_new(columns, sizeof(real));
    packed_linear_weights(packed);
    return packed;
}

PackedLinear *packed_linear_create(const Linear *linear)
{
    if (linear->activation != ACTIVATION_NONE)
        fail("packed linear: '%s' has an activation; one without is wanted", linear->weight->name);
    return create(linear->weight, linear->bias, false);
}

PackedLinear *packed_linear_create_tied(const Embedding *embedding)
{
    return create(embedding->table, NULL, true);
}

void packed_linear_free(PackedLinear *packed)
{
    if (packed == NULL)
        return;
    free(packed->panel);
    free(packed->start);
    free(packed);
}

void packed_linear_weights(PackedLinear *packed)
{
    const size_t stride = (size_t)packed->weight->shape[1];
    panel_pack(packed->weight->value, packed->tied ? 1 : stride, packed->tied ? stride : 1,
               packed->in, packed->out, packed->panel);
    if (packed->bias != NULL)
        memcpy(packed->start, packed->bias->value, (size_t)packed->out * sizeof(real));
}

/* Whole panels from .. to-1 go to y at once. */
static void whole_panels(const PackedLinear *packed, const real *x, int rows, real *y, int from,
                         int to)
{
    const size_t size = (size_t)packed->in * PANEL;
    panel_product(&(PanelProduct){.rows = rows,
                                  .terms = packed->in,
                                  .panels = to - from,
                                  .x = x,
                                  .x_row = (size_t)packed->in,
                                  .panel = packed->panel + (size_t)from * size,
                                  .panel_size = size,
                                  .start = packed->start + from * PANEL,
                                  .y = y + from * PANEL,
                                  .y_row = (size_t)packed->out});
}

/* The last panel when it is not full: through a place of its own. */
static void part_panel(const PackedLinear *packed, const real *x, int rows, real *y)
{
    enum { AT_ONCE = 6 };
    real place[AT_ONCE * PANEL];
    const int panel = packed->out / PANEL, columns = packed->out % PANEL;
    const size_t size = (size_t)packed->in * PANEL;
    for (int row = 0; columns > 0 && row < rows; row += AT_ONCE) {
        int some = rows - row < AT_ONCE ? rows - row : AT_ONCE;
        panel_product(&(PanelProduct){.rows = some,
                                      .terms = packed->in,
                                      .panels = 1,
                                      .x = x + (size_t)row * (size_t)packed->in,
                                      .x_row = (size_t)packed->in,
                                      .panel = packed->panel + (size_t)panel * size,
                                      .panel_size = size,
                                      .start = packed->start + panel * PANEL,
                                      .y = place,
                                      .y_row = PANEL});
        for (int r = 0; r < some; r++)
            memcpy(y + (size_t)(row + r) * (size_t)packed->out + panel * PANEL, place + r * PANEL,
                   (size_t)columns * sizeof(real));
    }
}

void packed_linear_forward(const PackedLinear *packed, const real *x, int rows, real *y)
{
    const int whole = packed->out / PANEL;
    const double work = (double)rows * packed->in * packed->out;
    const int parts = work >= THREADED_FROM ? kernels_threads() : 1;
#pragma omp parallel for schedule(static) num_threads(parts) if (parts > 1)
    for (int part = 0; part < parts; part++)
        whole_panels(packed, x, rows, y, whole * part / parts, whole * (part + 1) / parts);
    part_panel(packed, x, rows, y);
}
