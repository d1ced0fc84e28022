/* Normalizing flows: noise becomes data through layers that can be undone, so the density is exact.
 *
 *     log p(x) = log N(f(x); 0, I) + log |det df/dx|
 *
 * f is what the layers of nn/flow.h do one after the other, behind the data's units (flow_units.h).
 * Of images p is the density of y = x + u, and E_u[log p(y)] a lower bound on log P(x).
 *
 * Sources: Dinh et al. (2017), arXiv:1605.08803 (couplings); Kingma & Dhariwal (2018),
 * arXiv:1807.03039 (Glow); Papamakarios et al. (2017), arXiv:1705.07057 (MAF); Durkan et al.
 * (2019), arXiv:1906.04032 (splines); Rezende & Mohamed (2015), arXiv:1505.05770 (planar). */
#ifndef FLOW_FLOW_MODEL_H
#define FLOW_FLOW_MODEL_H

#include "03-flow/flow_units.h"
#include "nn/conv.h"
#include "nn/flow.h"
#include "nn/mlp.h"
#include "train/family.h"

/* What the latent is: N(0, I), or uniform on the unit sphere in three dimensions. */
typedef enum FlowLatent { LATENT_NORMAL, LATENT_SPHERE } FlowLatent;

/* What is learned from: the data's likelihood; a velocity field that carries noise to data (Lipman
 * et al. 2023, arXiv:2210.02747, eq. 23), for the continuous flow; or a density that is known up to
 * a factor, and no data at all (reverse KL: Rezende & Mohamed 2015, sec. 4). */
typedef enum FlowObjective {
    OBJECTIVE_LIKELIHOOD,
    OBJECTIVE_MATCHING,
    OBJECTIVE_REVERSE
} FlowObjective;

typedef struct FlowModel {
    Model model;
    DataKind kind;
    int dims, levels; /* levels: 0 of points */
    FlowLatent latent;
    FlowUnits units;
    FlowObjective objective;
    bool continuous;    /* an ODE: every density takes many passes of the network */
    bool learned_noise; /* variational dequantisation */
    FlowShape image;
    Conv2d noise[2];       /* its network, of pixels folded 2 x 2 into channels;                  */
    Linear dense_noise[2]; /* of odd sides: of all pixels                                         */
    const Dataset *target; /* of the reverse objective: whose density, the run's data set */
    Flow flow; /* forward, the direction with derivatives: data to latent; of the reverse objective
                  latent to data */
} FlowModel;

extern const Family flow_family;

/* The parts of log p of each row. */
typedef struct FlowDensity {
    Tensor *latent;     /* [n, dims]: z                                              */
    Tensor *log_latent; /* [n, 1]: log N(z; 0, I), or -log 4 pi                       */
    Tensor *log_det;    /* [n, 1]: of the layers and the units                       */
    Tensor *log_prob;   /* [n, 1]: their sum, nats; of images the density of y       */
} FlowDensity;

/* x [n, dims]: points, or y = level + u of images. */
FlowDensity flow_density(const FlowModel *model, Tensor *x);

/* y = x + u of images, points as they are. u is uniform on [0, 1), or drawn from a learned q(u|x):
 * u = sigmoid(e^s v + t), v logistic, s and t by a network of the image, which is uniform at first
 * (Ho et al. 2019, arXiv:1902.00275, sec. 3.1, with one affine map in the place of their flow).
 * log_q [n, 1]: log q(u|x), NULL where it is 0; may be left out (NULL). */
Tensor *flow_dequantise(const FlowModel *model, Tensor *x, Rng *noise, Tensor **log_q);

/* log p(x) of points; of images log p(x + u) - log q(u|x) for one u, whose mean is a lower bound on
 * log P(x) -> [n, 1], nats. density: its parts. */
Tensor *flow_bound(const FlowModel *model, Tensor *x, Rng *noise, FlowDensity *density);

/* Latents [n, dims], temperature times a standard normal; or uniform on the sphere. */
Tensor *flow_draw_latent(const FlowModel *model, Tape *tape, int n, double temperature, Rng *noise);

/* What the layers' forward takes: x [n, dims] dequantised and in the layers' units; of the reverse
 * objective as many latents instead. */
Tensor *flow_layer_input(const FlowModel *model, Tensor *x, Rng *noise);

/* Latents z [n, dims] to data, without history, in place of out [n, dims]: points, or y of images.
 */
void flow_latent_to_data(const FlowModel *model, Tensor *z, real *out);

/* ---------------------------------------------------------------- other objectives */

/* |f(x_t, t) - (noise - x)|^2 of each row, mean over its numbers -> [n, 1]; x_t = (1 - t) x + t
 * noise, t even over the batch. */
Tensor *flow_matching_loss(const FlowModel *model, Tensor *x, Rng *noise);

/* The target of the reverse objective is FLOW_TARGET_FACTOR times the data's true density, so that
 * log Z is known. */
#define FLOW_TARGET_FACTOR 7.0

/* Draws x from the flow, with what their weights are made of. */
typedef struct FlowDraws {
    Tensor *x;          /* [n, dims]                                                    */
    Tensor *log_q;      /* [n, 1]: the flow's density                                   */
    double *log_target; /* [n]: of FLOW_TARGET_FACTOR p(x), on the tape                  */
} FlowDraws;
FlowDraws flow_draws(const FlowModel *model, const Dataset *target, Tape *tape, int n, Rng *noise);

/* A number whose gradient is that of E_q[log q(x) - log target(x)] over the draws. The target's
 * slope is taken by central differences, so any density will do that is smooth where the draws
 * are. */
Tensor *flow_reverse_loss(const FlowDraws *draws, const Dataset *target);

/* ---------------------------------------------------------------- in the other files */
void flow_evaluate(Model *model, const Task *task, LikelihoodReport *report);
void flow_figures(Model *model, const Task *task);
extern const OptionSpec flow_eval_options[];
extern const FamilyCommand flow_commands[];

/* Adds the layers that the options ask for (flow_network.c), first weights from rng. Refuses what
 * the data can't have. */
void flow_network_create(FlowModel *model, Params *params, const Options *options,
                         const Dataset *data, Rng *rng);
void flow_network_defaults(Options *options, const Dataset *data);

/* Refuses a network that the data can't have, and typed options that it does not read. */
void flow_network_check(const Options *options, const Dataset *data);

/* Whether the first training points are three numbers of length 1. */
bool flow_on_sphere(const Dataset *data);

#endif
