/* Attributes as directions in the latent: z' = z + a (mean latent with - mean latent without), and
 * back (Kingma & Dhariwal 2018). */
#include "03-flow/flow_figures.h"

#include "support/fail.h"
#include "support/memory.h"

#include <gsl/gsl_sort.h>
#include <stdlib.h>
#include <string.h>

enum { EXAMPLES = 4000, SHOWN = 8, STEPS = 7 };

/* Latents of n training examples, with what the edit asks of each. */
typedef struct Latents {
    int n;
    real *z; /* [n, dims] */
    int *label;
    real *factor; /* [n, factors] */
} Latents;

static Latents latents_of(const FlowModel *m, const Task *task)
{
    enum { AT_ONCE = 250 };
    const Dataset *data = task->data;
    size_t dims = (size_t)m->dims, all = data->count[SPLIT_TRAIN];
    Latents l = {.n = all < EXAMPLES ? (int)all : EXAMPLES};
    Rng rng = rng_stream(1, "edit");
    l.z = memory_new((size_t)l.n * dims, sizeof *l.z);
    l.label = data->classes > 0 ? memory_new((size_t)l.n, sizeof *l.label) : NULL;
    l.factor = data->factors > 0 ? memory_new((size_t)l.n * (size_t)data->factors, sizeof *l.factor)
                                 : NULL;
    for (int at = 0; at < l.n; at += AT_ONCE) {
        int rows = l.n - at < AT_ONCE ? l.n - at : AT_ONCE;
        flow_begin(m, task);
        Tensor *x = tensor_new_matrix(task->tape, rows, m->dims);
        dataset_fetch_range(data, SPLIT_TRAIN, (size_t)at, (size_t)rows, &rng, x->value,
                            l.label != NULL ? l.label + at : NULL,
                            l.factor != NULL ? l.factor + (size_t)(at * data->factors) : NULL);
        const Tensor *z = flow_density(m, flow_dequantise(m, x, &rng, NULL)).latent;
        memcpy(l.z + (size_t)at * dims, z->value, z->size * sizeof *l.z);
    }
    return l;
}

/* The quarter of the examples with the largest and the quarter with the smallest value of a factor:
 * 1, -1, 0 for the others. */
static void sides_by_factor(const Latents *l, int factors, int factor, int *side)
{
    double *value = memory_new(2 * (size_t)l->n, sizeof *value), *order = value + l->n;
    for (int i = 0; i < l->n; i++)
        value[i] = order[i] = (double)l->factor[i * factors + factor];
    gsl_sort(order, 1, (size_t)l->n);
    double low = order[l->n / 4], high = order[l->n - 1 - l->n / 4];
    for (int i = 0; i < l->n; i++)
        side[i] = value[i] >= high ? 1 : value[i] <= low ? -1 : 0;
    free(value);
}

/* The difference of the two sides' mean latents; refuses an empty side. */
static void direction_of(const Latents *l, const int *side, size_t dims, double *direction)
{
    int with = 0, without = 0;
    for (int i = 0; i < l->n; i++) {
        with += side[i] > 0;
        without += side[i] < 0;
    }
    if (with == 0 || without == 0)
        refuse("edit: none of %d training images is on one of the two sides", l->n);
    for (int i = 0; i < l->n; i++)
        for (size_t d = 0; d < dims && side[i] != 0; d++)
            direction[d] += (double)l->z[(size_t)i * dims + d] / (side[i] > 0 ? with : -without);
}

/* Rows: images of the class that is left (of any, with a factor); columns: how far they go. */
static void draw(const FlowModel *m, const Task *task, const Latents *l, const int *side,
                 const double *direction, bool both_ways)
{
    static const char *const there[STEPS] = {"0", "0.25", "0.5", "0.75", "1", "1.25", "1.5"};
    static const char *const both[STEPS] = {"-1.5", "-1", "-0.5", "0", "0.5", "1", "1.5"};
    size_t dims = (size_t)m->dims;
    real *y = memory_new(SHOWN * STEPS * dims, sizeof *y);
    int rows = 0;
    flow_begin(m, task);
    Tensor *z = tensor_fill(task->tape, 2, (int[]){SHOWN * STEPS, m->dims}, 0);
    for (int i = 0; i < l->n && rows < SHOWN; i++) {
        if (!both_ways && side[i] >= 0)
            continue;
        for (int s = 0; s < STEPS; s++) {
            double a = both_ways ? 0.5 * s - 1.5 : 0.25 * s;
            for (size_t d = 0; d < dims; d++)
                z->value[((size_t)rows * STEPS + (size_t)s) * dims + d] =
                    (real)((double)l->z[(size_t)i * dims + d] + a * direction[d]);
        }
        rows++;
    }
    flow_latent_to_data(m, z, y);
    FigureText text = {.name = "edit",
                       .title = "Images moved along one direction of the latent",
                       .x_label = "how far: times the difference of the two sides' mean latents"};
    flow_picture(task, &text, y, rows, STEPS, NULL, both_ways ? both : there);
    free(y);
}

void flow_draw_edit(const FlowModel *m, const Task *task, const FlowEdit *edit)
{
    Latents l = latents_of(m, task);
    int *side = memory_new((size_t)l.n, sizeof *side);
    double *direction = memory_new((size_t)m->dims, sizeof *direction);
    if (edit->factor >= 0)
        sides_by_factor(&l, task->data->factors, edit->factor, side);
    else
        for (int i = 0; i < l.n; i++)
            side[i] = l.label[i] == edit->to ? 1 : l.label[i] == edit->from ? -1 : 0;
    direction_of(&l, side, (size_t)m->dims, direction);
    draw(m, task, &l, side, direction, edit->factor >= 0);
    free(direction);
    free(side);
    free(l.z);
    free(l.label);
    free(l.factor);
}
