/* What the files of figures and commands share. */
#ifndef FLOW_FLOW_FIGURES_H
#define FLOW_FLOW_FIGURES_H

#include "03-flow/flow_model.h"

/* The task's tape is reset and the weights join it. */
void flow_begin(const FlowModel *model, const Task *task);

/* Evenly spread examples of a split, on the tape: points, or dequantised images. label [n] may be
 * NULL. */
Tensor *flow_examples(const FlowModel *model, const Task *task, Split split, int n, int *label);

/* Images y [n, dims] as a grid; labels may be NULL. */
void flow_picture(const Task *task, const FigureText *text, const real *y, int rows, int columns,
                  const char *const *row_label, const char *const *column_label);

void flow_draw_plane(const FlowModel *model, const Task *task);  /* flow_figures_plane.c  */
void flow_draw_sphere(const FlowModel *model, const Task *task); /* flow_figures_sphere.c */
void flow_draw_images(const FlowModel *model, const Task *task); /* flow_figures_images.c */

/* Likelihood as a test for strange images (flow_anomalies.c): n of each kind, a table, pictures. */
void flow_anomalies(const FlowModel *model, const Task *task, int n);

/* A direction of the latent (flow_edit.c): a factor of the data, or -1 and from one class to
 * another. */
typedef struct FlowEdit {
    int factor, from, to;
} FlowEdit;
void flow_draw_edit(const FlowModel *model, const Task *task, const FlowEdit *edit);

/* Round trips of fresh flows by depth and length (flow_stability.c); spread of the raw parameters.
 */
void flow_draw_stability(const Task *task, double spread);

#endif
