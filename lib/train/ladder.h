/* The ladder of bounds of a model with latents h, by draws h_k ~ q(h|x) and their weights
 *
 *     log w_k = log p(x, h_k) - log q(h_k|x)
 *
 * ELBO = E[log w], L_K = E[log 1/K sum_k w_k] <= log p(x), tighter with K. Source: Burda, Grosse &
 * Salakhutdinov (2016), arXiv:1509.00519, eq. 8. Written once for every family that has a q. */
#ifndef TRAIN_LADDER_H
#define TRAIN_LADDER_H

#include "train/family.h"

/* What one draw of `rows` latents for one example came to: log w = gain - (cost - credit), each
 * [rows, 1]; credit NULL: 0. */
typedef struct LadderDraw {
    const Tensor *gain, *cost, *credit;
} LadderDraw;

/* The beginning of a family's own struct, which its draw casts back. */
typedef struct Ladder Ladder;
struct Ladder {
    /* rows draws for x [1, dims]; the tape is fresh, the model bound. */
    LadderDraw (*draw)(const Ladder *ladder, Tensor *x, int rows, Rng *noise);
    const char *gain_name, *cost_name; /* of the ELBO's two parts in the report              */
    int gain_sign, cost_sign;          /* 1 or -1: how the mean gain and cost - credit are shown */
};

/* Puts "elbo" and "iwae-K" of the task's examples and the ELBO's parts into the report. */
void ladder_climb(const Ladder *ladder, Model *model, const Task *task, int k,
                  LikelihoodReport *report);

/* One example of the task as a matrix of one row, on the task's tape: the same whoever asks. */
Tensor *ladder_example(const Task *task, int i);

#endif
