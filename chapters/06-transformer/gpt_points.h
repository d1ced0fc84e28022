/* Points x = (x1, ..., xD) as sequences: each coordinate is cut into cells, and the network says
 * the cell of each coordinate from those before it.
 *
 *     log p(x) = sum_j log P(c_j | c_1 ... c_j-1) + log p(x_j | c_j)        exact, nats
 *
 * Cell 0 is all below the coordinate's lower edge, cell `cells` + 1 all above its upper one, those
 * between are of equal width. Within a cell, p(x_j | c_j) is
 *     between the edges   uniform, 1 / width;
 *     beyond one          exponential, e^(-distance / mean) / mean,
 * so the density is positive everywhere and its integral is 1: that of each factor is.
 * Sources: van den Oord et al. (2016), "Pixel recurrent neural networks", arXiv:1601.06759, sec.
 * 2.2 (a softmax over the values of each number, given those before); Uria et al. (2016),
 * "Neural autoregressive distribution estimation", arXiv:1605.02226 (real-valued data). */
#ifndef GPT_POINTS_H
#define GPT_POINTS_H

#include "06-transformer/gpt.h"

enum { GPT_MOST_DIMS = 8, GPT_MOST_CELLS = 1024 };

/* Where one coordinate is cut, in the data's units. */
typedef struct GptAxis {
    double low, high;              /* the edges */
    double mean_below, mean_above; /* mean distance from the edge of what lies beyond it */
    int cells;                     /* between the edges */
} GptAxis;

GptAxis gpt_axis(const Gpt *gpt, int coordinate);

/* The cell of x, 0 .. cells + 1; log p(x | its cell), nats; a draw from a cell. */
int gpt_axis_cell(const GptAxis *axis, double x);
double gpt_axis_log_density(const GptAxis *axis, double x);
double gpt_axis_draw(const GptAxis *axis, int cell, Rng *noise);

/* What a network of points sees, [start, c_1, ..., c_D-1], and is to say, [c_1, ..., c_D]: of x [n,
 * D], for gpt_hidden and gpt_neg_log_prob. */
GptBatch gpt_points_batch(const Gpt *gpt, const Tensor *x);

/* log p of each coordinate given those before it: x [n, D] -> [n, D], nats; their sum over a row is
 * log p(x). noise: for dropout; NULL: none. */
Tensor *gpt_points_log_prob(const Gpt *gpt, Tensor *x, Rng *noise);

/* Training points x [n, D] are moved, in place, by normal noise of --jitter cells: most of so many
 * cells hold a point or none, and unmoved the network learns where these few fell. What is learnt
 * is the density smoothed by as much, which a density that is wider than the noise hardly shows.
 * Source: Bishop (1995), "Training with noise is equivalent to Tikhonov regularization". */
void gpt_points_move(const Gpt *gpt, Tensor *x, Rng *noise);

/* ---------------------------------------------------------------- parts of the family */

void gpt_points_defaults(Options *options);

/* Refuses what points are not: options of texts and images, too many coordinates; and of other data
 * the options of points. */
void gpt_points_check(const Options *options, const Dataset *data);

void gpt_points_create(Gpt *gpt, Params *params, const Options *options, const Dataset *data,
                       Rng *rng);
void gpt_points_evaluate(Gpt *gpt, const Task *task, LikelihoodReport *report);
void gpt_points_sample(Gpt *gpt, Rng *noise, const SampleRequest *request, real *out);
void gpt_points_figures(Gpt *gpt, const Task *task);

#endif
