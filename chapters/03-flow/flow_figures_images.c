/* Pictures of a flow of images. */
#include "03-flow/flow_figures.h"

#include "prob/gaussian.h"
#include "support/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each column is one latent direction, drawn from nearer to 0 to farther. */
static void draw_temperatures(const FlowModel *m, const Task *task)
{
    enum { ROWS = 5, COLUMNS = 10 };
    static const double temperature[ROWS] = {0.4, 0.6, 0.8, 0.9, 1};
    static const char *const label[ROWS] = {"T = 0.4", "0.6", "0.8", "0.9", "1"};
    real *y = memory_new(ROWS * COLUMNS * (size_t)m->dims, sizeof *y);
    Rng noise = rng_at(task->noise, (uint64_t)1 << 42);
    flow_begin(m, task);
    Tensor *z = tensor_new_matrix(task->tape, ROWS * COLUMNS, m->dims);
    rng_normal(&noise, z->value, (size_t)COLUMNS * (size_t)m->dims);
    for (size_t i = z->size; i-- > 0;) {
        size_t row = i / ((size_t)COLUMNS * (size_t)m->dims);
        z->value[i] = (real)temperature[row] * z->value[i % ((size_t)COLUMNS * (size_t)m->dims)];
    }
    flow_latent_to_data(m, z, y);
    FigureText text = {.name = "temperature",
                       .title = "Samples by temperature: the latent's standard deviation"};
    flow_picture(task, &text, y, ROWS, COLUMNS, label, NULL);
    free(y);
}

/* From one test image to another through the latent, along the great circle that keeps the length
 * of orthogonal ends, which ends in many dimensions nearly are. */
static void draw_interpolation(const FlowModel *m, const Task *task)
{
    enum { PAIRS = 6, STEPS = 10 };
    size_t dims = (size_t)m->dims;
    real *y = memory_new(PAIRS * STEPS * dims, sizeof *y);
    flow_begin(m, task);
    Tensor *ends = flow_density(m, flow_examples(m, task, SPLIT_TEST, 2 * PAIRS, NULL)).latent;
    Tensor *z = tensor_new_matrix(task->tape, PAIRS * STEPS, m->dims);
    for (int p = 0; p < PAIRS; p++)
        for (int s = 0; s < STEPS; s++) {
            double angle = M_PI / 2 * s / (STEPS - 1);
            const real *a = ends->value + (size_t)(2 * p) * dims, *b = a + dims;
            for (size_t d = 0; d < dims; d++)
                z->value[(size_t)(p * STEPS + s) * dims + d] =
                    (real)(cos(angle) * (double)a[d] + sin(angle) * (double)b[d]);
        }
    flow_latent_to_data(m, z, y);
    FigureText text = {.name = "interpolation",
                       .title = "From one test image to another through the latent"};
    flow_picture(task, &text, y, PAIRS, STEPS, NULL, NULL);
    free(y);
}

void flow_draw_images(const FlowModel *m, const Task *task)
{
    draw_temperatures(m, task);
    draw_interpolation(m, task);
}
