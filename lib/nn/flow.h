/* Normalizing flows: invertible layers, composed.
 *
 *     log p(x) = log p_latent(f(x)) + log |det df/dx|
 *
 * A layer knows two directions. forward has derivatives; inverse has none. Which of them is called
 * data to latent is the model's affair: a density model trains forward as data to latent, a
 * sampler that is trained by its own samples (a VAE's posterior, reverse KL) as latent to data.
 *
 * Every layer maps rows x [n, dims] to rows of the same length. Images are rows of height * width *
 * channels numbers; a layer for images knows their shape. log_det [n, 1] is in nats.
 * Source: Papamakarios et al. (2021), arXiv:1912.02762, sec. 2. */
#ifndef NN_FLOW_H
#define NN_FLOW_H

#include "nn/params.h"
#include "prob/monotone.h"

typedef struct FlowResult {
    Tensor *value;   /* [n, dims] */
    Tensor *log_det; /* [n, 1]: log |det d value / d x| of the direction that was asked for */
} FlowResult;

typedef struct FlowLayer FlowLayer;

typedef struct FlowLayerKind {
    const char *name; /* "affine coupling" */
    FlowResult (*forward)(const FlowLayer *layer, Tensor *x);
    FlowResult (*inverse)(const FlowLayer *layer, Tensor *y); /* without history */
    /* The same of a layer whose map depends on a context [n, context] as well; NULL: it does not.
     */
    FlowResult (*forward_given)(const FlowLayer *layer, Tensor *x, Tensor *context);
    FlowResult (*inverse_given)(const FlowLayer *layer, Tensor *y, Tensor *context);
    /* First weights that depend on data x; NULL: they do not. */
    void (*start)(FlowLayer *layer, const Tensor *x);
    void (*destroy)(FlowLayer *layer);
    /* Where a layer's log-determinant is an estimate, what it draws from: returns true. NULL: it is
     * exact. */
    bool (*set_noise)(FlowLayer *layer, Rng noise);
} FlowLayerKind;

/* The beginning of every layer's struct. */
struct FlowLayer {
    const FlowLayerKind *kind;
    int dims;
};

enum { FLOW_MOST_LAYERS = 192 };

typedef struct Flow {
    FlowLayer *layer[FLOW_MOST_LAYERS];
    int layers, dims;
} Flow;

/* Takes the layer over; the first decides dims. */
void flow_add(Flow *flow, FlowLayer *layer);
void flow_free(Flow *flow);

FlowResult flow_forward(const Flow *flow, Tensor *x);
FlowResult flow_inverse(const Flow *flow, Tensor *y);

/* The same with a context [n, context] for the layers that want one: a map for each row. */
FlowResult flow_forward_given(const Flow *flow, Tensor *x, Tensor *context);
FlowResult flow_inverse_given(const Flow *flow, Tensor *y, Tensor *context);

/* Layers that start from data see x [n, dims] as it arrives at them. The tape does not record. */
void flow_start(Flow *flow, Tensor *x);

/* The stream from which estimated log-determinants draw in every call until the next one: the same
 * draws there and back. Returns whether any layer's is an estimate. */
bool flow_set_noise(Flow *flow, Rng noise);

/* What a layer loses: x goes through layers 0 .. i and back through layer i alone. */
typedef struct FlowLoss {
    double largest; /* |x - inverse(forward(x))| over all numbers; NaN if any is not finite  */
    double log_det; /* largest |log det there + log det back| of a row                       */
    bool finite;
} FlowLoss;

/* loss [layers] of each layer alone, whole: of all layers together. Returns the layer that loses
 * most, or the first whose result is not finite. */
int flow_round_trip(const Flow *flow, Tensor *x, FlowLoss *loss, FlowLoss *whole);

/* ---------------------------------------------------------------- layers for rows */

/* The first half of the numbers (dims / 2 of them; the second half where `turned`) stays, and an
 * MLP of it gives the parameters of the map of the others. At first the identity. dims >= 2.
 * Source: Dinh et al. (2017), arXiv:1605.08803, sec. 3.2; Durkan et al. (2019). */
FlowLayer *flow_coupling(Params *params, const char *name, int dims, bool turned, Monotone map,
                         const int *hidden, int layers, Rng *rng);

/* Number i's map depends on the numbers before it (after it, where `turned`), all by one masked
 * MLP. forward takes one pass, inverse one for every number. At first the identity.
 * Source: Germain et al. (2015), arXiv:1502.03509; Papamakarios et al. (2017), arXiv:1705.07057. */
FlowLayer *flow_autoregressive(Params *params, const char *name, int dims, bool turned,
                               Monotone map, const int *hidden, int layers, Rng *rng);

/* The same, where every number's map also depends on `context` numbers given with each row. */
FlowLayer *flow_conditional_autoregressive(Params *params, const char *name, int dims, int context,
                                           bool turned, Monotone map, const int *hidden, int layers,
                                           Rng *rng);

/* From now on the network of an autoregressive layer sees of a number only on which side of a
 * threshold it lies: for numbers that stand for bits, whose places within a half-line say nothing.
 * Still a triangular map. sides [3, dims]: the thresholds, what the network sees of a number below
 * its own, and what from there on; kept, not copied. */
void flow_autoregressive_see_sides(FlowLayer *layer, const Tensor *sides);

/* (x + shift) e^log_scale for each of `channels` that the rows repeat; starts so that the data have
 * mean 0 and variance 1 behind it. Source: Kingma & Dhariwal (2018), arXiv:1807.03039, sec. 3.1. */
FlowLayer *flow_actnorm(Params *params, const char *name, int dims, int channels);

/* x M at each position's channels, M = P L U, log |det| by U's diagonal; starts as a random
 * rotation. Source: Kingma & Dhariwal (2018), sec. 3.2, eqs. 10 and 11. */
FlowLayer *flow_linear(Params *params, const char *name, int dims, int channels, Rng *rng);

/* x + u tanh(w . x + b) with w . u > -1, inverted by bisection.
 * Source: Rezende & Mohamed (2015), arXiv:1505.05770, eqs. 10 to 12, appendix A.1. */
FlowLayer *flow_planar(Params *params, const char *name, int dims, Rng *rng);

/* From x(0) to x(1) along dx/dt = f(x, t), f an MLP, in `steps` steps of Runge and Kutta's rule,
 * and the trace of df/dx along the way: exact up to FLOW_ODE_EXACT_DIMS numbers, above them v .
 * df/dx v with one probe v of random signs a row and trajectory (Hutchinson; flow_set_noise).
 * inverse walks back with the same steps: it undoes forward up to the rule's error, which falls
 * with the fourth power of their number. Source: Chen et al. (2018), arXiv:1806.07366, eq. 8;
 * Grathwohl et al. (2019), arXiv:1810.01367, sec. 3.1. */
enum { FLOW_ODE_EXACT_DIMS = 8 };
FlowLayer *flow_ode(Params *params, const char *name, int dims, int steps, const int *hidden,
                    int layers, Rng *rng);

/* f(x, t): x [n, dims], time [n, 1] -> [n, dims]. */
Tensor *flow_ode_velocity(const FlowLayer *layer, Tensor *x, Tensor *time);

/* ---------------------------------------------------------------- layers for the sphere */

/* Rows are points of the unit sphere in three dimensions, before and after; log_det is with respect
 * to area, so a density over the sphere stays one. In coordinates that are turned at random, a
 * spline of the height, and of the angle one that the height decides. `bins` of each spline.
 * Source: Rezende et al. (2020), arXiv:2002.02428. */
FlowLayer *flow_sphere(Params *params, const char *name, int bins, const int *hidden, int layers,
                       Rng *rng);

/* ---------------------------------------------------------------- layers for images */

typedef struct FlowShape {
    int height, width, channels;
} FlowShape;

/* Each block of 2 x 2 pixels becomes one position of 4 times the channels; log det 0. Odd sides are
 * a programmer's mistake: check them before. */
FlowLayer *flow_squeeze(FlowShape shape);

/* A coupling of channels by a network of three convolutions (3 x 3, 1 x 1, 3 x 3) of that width. */
FlowLayer *flow_image_coupling(Params *params, const char *name, FlowShape shape, Monotone map,
                               int width, Rng *rng);

/* The inner flow acts on the first half of the channels, the others are done: the multi-scale
 * architecture of Dinh et al. (2017), sec. 3.6. inner->dims is dims / 2; it is taken over. */
FlowLayer *flow_first_half(FlowShape shape, Flow inner);

#endif
