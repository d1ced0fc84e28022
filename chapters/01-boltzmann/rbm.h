/* The restricted Boltzmann machine: visible units v and hidden units h, all 0 or 1, and
 *
 *     E(v, h) = -v'W h - b'v - c'h,    p(v, h) = exp(-E(v, h) / T) / Z.
 *
 * No unit is joined to another of its own layer, so that each layer is independent given the other:
 * p(h_j = 1|v) = sigmoid((c_j + sum_i v_i W_ij) / T) and its mirror image. T = 1 unless something
 * else is said.
 *
 * Sources: Smolensky (1986), "Information processing in dynamical systems: foundations of harmony
 * theory"; Hinton (2002), "Training products of experts by minimizing contrastive divergence" (CD);
 * Tieleman (2008), "Training restricted Boltzmann machines using approximations to the likelihood
 * gradient" (PCD); Melchior, Fischer & Wiskott (2016), arXiv:1311.1354 (the centred gradient);
 * Hinton (2010), "A practical guide to training restricted Boltzmann machines". */
#ifndef BOLTZMANN_RBM_H
#define BOLTZMANN_RBM_H

#include "train/family.h"

/* Where the chains of the negative phase begin: at the data, anew in each step, or where they
 * stopped in the step before. */
typedef enum RbmObjective { RBM_CD, RBM_PCD } RbmObjective;

typedef struct Rbm {
    Model model;
    int visible, hidden;
    Tensor *weight;       /* W [visible, hidden] */
    Tensor *visible_bias; /* b [visible]         */
    Tensor *hidden_bias;  /* c [hidden]          */

    /* Buffers of a second part, so that no moving average touches them. */
    Tensor *chain; /* [chains, visible]: samples of the model that the negative phase moves */
    Tensor *visible_center; /* mu [visible]: mean of the training data                            */
    Tensor *hidden_center; /* lambda [hidden]: running mean of p(h = 1|v) over the data           */

    RbmObjective objective;
    int k; /* Gibbs steps of the negative phase */
    bool centered;
} Rbm;

extern const Family boltzmann_family;

/* An RBM with these sizes, W from N(0, 0.01^2), b at the logits of mean [visible], c = 0, and
 * chains drawn from independent units with that mean. Its parts are registered without optimizer
 * options: rule and average as given. The caller owns *rbm; free with model_free_parts. */
void rbm_init(Rbm *rbm, int visible, int hidden, int chains, const double *mean, uint64_t seed,
              OptimizerRule rule, double ema_decay);

/* ---------------------------------------------------------------- energies */

/* F(v) = -log sum_h exp(-E(v, h)) = -b'v - sum_j softplus(c_j + (W'v)_j), nats: v [n, visible] ->
 * out [n], added up in double. log p(v) = -F(v) - log Z. */
void rbm_free_energy(const Rbm *rbm, Tensor *v, double *out);

/* The mirror image: -log sum_v exp(-E(v, h)), h [n, hidden] -> out [n]. */
void rbm_hidden_free_energy(const Rbm *rbm, Tensor *h, double *out);

/* E(v, h) of single states. */
double rbm_energy(const Rbm *rbm, const real *v, const real *h);

/* An estimate of -log of the pseudo-likelihood, -sum_i log p(v_i | all other v), nats, mean over
 * the rows of v [n, visible]: flips units an example, drawn at random, stand for all. It is no
 * likelihood, but falls while one is climbed, and costs no Z. Source: Besag (1975), "Statistical
 * analysis of non-lattice data". */
double rbm_neg_pseudo(const Rbm *rbm, Tensor *v, int flips, Rng *rng);

/* ---------------------------------------------------------------- sampling */

/* An RBM with weights beta W and these biases: the machine at a temperature, or on the way from
 * independent units to the machine. */
typedef struct Tempered {
    double beta;
    const real *visible_bias, *hidden_bias; /* [visible], [hidden] */
} Tempered;

/* The machine at temperature T: beta = 1 / T. The biases belong to the tape. */
Tempered rbm_at_temperature(const Rbm *rbm, Tape *tape, double temperature);

/* input [n, units] becomes 1 with probability sigmoid(beta input_j + bias_j), else 0; in place. */
void rbm_draw(Tensor *input, double beta, const real *bias, Rng *rng);

/* v -> h -> v so many times, in place: v [n, visible]. Each step leaves p(v) of the tempered
 * machine as it is. The tape must not record. */
void rbm_gibbs(const Rbm *rbm, Tensor *v, int steps, Tempered at, Rng *rng);

/* h drawn given v, then p(v = 1|h) [n, visible]: what the machine sees without the last draw. */
Tensor *rbm_visible_mean(const Rbm *rbm, Tensor *v, Tempered at, Rng *rng);

/* Independent units with the training data's mean: v [n, visible], new on the tape. */
Tensor *rbm_noise(const Rbm *rbm, Tape *tape, int n, Rng *rng);

/* ---------------------------------------------------------------- the gradient */

/* Adds to the weights' gradients sign times the means over the rows of v [n, visible] of v p(h|v)',
 * v and p(h|v). d(-log p)/dW is this over the data with sign -1 (positive phase) and over samples
 * of the model with sign +1 (negative phase). The tape must not record. */
void rbm_add_statistics(const Rbm *rbm, Tensor *v, double sign);

/* Turns the gradient into the centred one: the gradient of the same machine written with v - mu and
 * h - lambda, brought back to W, b, c. Source: Melchior et al. (2016), arXiv:1311.1354, the centred
 * RBM as an update rule of the normal one. */
void rbm_center_gradient(const Rbm *rbm);

/* ---------------------------------------------------------------- exact answers */

/* Enumerated without being asked: 2^20 states, a second or two; at most: 2^25, about a minute. */
enum { RBM_FEW_UNITS = 20, RBM_MOST_UNITS = 25 };

/* Whether the smaller layer has few units. */
bool rbm_is_small(const Rbm *rbm);

/* log Z by enumeration of one layer (hidden: of that one), nats. More than RBM_MOST_UNITS units in
 * it are refused. The tape is reset. */
double rbm_log_z(const Rbm *rbm, Tape *tape, bool hidden);

/* log Z by the smaller layer. */
double rbm_exact_log_z(const Rbm *rbm, Tape *tape);

/* n exact samples v [n, visible] on the reset tape, by the table of all hidden states; at most
 * RBM_FEW_UNITS hidden units. */
Tensor *rbm_exact_sample(const Rbm *rbm, Tape *tape, int n, Rng *rng);

/* In the other files of the chapter. */
void rbm_evaluate(Model *model, const Task *task, LikelihoodReport *report);
void rbm_figures(Model *model, const Task *task);
extern const FamilyCommand rbm_commands[];
extern const OptionSpec rbm_eval_options[];
extern const OptionValue rbm_quick_eval[];

#endif
