/* The Helmholtz machine: a sigmoid belief network p(x, h) that makes data from the top down, and a
 * recognition network q(h|x) of the same shape that guesses, from the bottom up, what made an x.
 * Every unit is 0 or 1, drawn with probability sigmoid of a sum.
 *
 *     p(x, h) = p(h_L) prod_l p(h_{l-1} | h_l)        q(h|x) = prod_l q(h_l | h_{l-1}),   h_0 = x
 *
 * The units of a layer are independent given the layer they are drawn from. Those of q may see the
 * units before them in their layer instead (lateral): causes that explain the same thing depend on
 * each other once it is seen, which independent units cannot say. Bornschein & Bengio find that q
 * pays for it, and use NADE; here it is done by weights among the units, as in DARN.
 *
 * Between x and q(h_1|x) a layer of deterministic units may stand (features): what made x is not a
 * weighted sum of its pixels.
 *
 * Sources: Dayan, Hinton, Neal & Zemel (1995), "The Helmholtz machine", Neural Computation 7;
 *          Hinton, Dayan, Frey & Neal (1995), "The wake-sleep algorithm for unsupervised neural
 *          networks", Science 268;
 *          Bornschein & Bengio (2015), arXiv:1406.2751 (reweighted wake-sleep);
 *          Gregor et al. (2014), arXiv:1310.8499 (DARN: layers of units in order);
 *          Mnih & Gregor (2014), arXiv:1402.0030 (REINFORCE with a baseline for such networks);
 *          Mnih & Rezende (2016), arXiv:1602.06725 (VIMCO). */
#ifndef HELMHOLTZ_HELMHOLTZ_H
#define HELMHOLTZ_HELMHOLTZ_H

#include "nn/masked.h"
#include "nn/mlp.h"
#include "train/family.h"

enum { HELMHOLTZ_MOST_LAYERS = 8 };

typedef enum HelmholtzObjective {
    WAKE_SLEEP,
    REWEIGHTED_WAKE_SLEEP,
    REINFORCE,
    VIMCO
} HelmholtzObjective;

/* Which updates q gets in reweighted wake-sleep. */
typedef enum RecognitionUpdate { UPDATE_BOTH, UPDATE_WAKE, UPDATE_SLEEP } RecognitionUpdate;

/* Parts of the model: two networks that are trained, and what is kept for the figures. */
enum { PART_GENERATIVE, PART_RECOGNITION, PART_DIARY };

typedef struct Helmholtz {
    Model model;
    int dims;                                  /* of x                                         */
    int layers, width[HELMHOLTZ_MOST_LAYERS];  /* hidden: width[0] next to the data            */
    Tensor *top;                               /* [1, width of the top]: logits of p(h_L)      */
    Linear generative[HELMHOLTZ_MOST_LAYERS];  /* [l]: logits of p(h_l | h_{l+1})              */
    Linear recognition[HELMHOLTZ_MOST_LAYERS]; /* [l]: logits of q(h_{l+1} | h_l)              */
    Masked lateral[HELMHOLTZ_MOST_LAYERS];     /* [l]: among the units of q(h_{l+1} | h_l);
                                                * weight NULL: they are independent            */
    Linear features;                           /* of x, that q(h_1 | x) reads; weight NULL: x  */
    HelmholtzObjective objective;
    RecognitionUpdate update;
    int k;            /* samples an example                                                   */
    long warmup;      /* steps over which the hidden layers' odds come to count; 0: at once   */
    double discount;  /* on them in this step, from 1 to 0                                    */
    Tensor *baseline; /* [2], buffer: running mean and variance of REINFORCE's signal          */
    struct Diary *diary;
} Helmholtz;

extern const Family helmholtz_family;

/* States of all layers: layer[0] is x [n, dims], layer[l] h_l [n k, width]. Leaves of a tape,
 * without history. */
typedef struct States {
    Tensor *layer[HELMHOLTZ_MOST_LAYERS + 1];
    int k; /* rows of the hidden layers for each row of x */
} States;

/* ---------------------------------------------------------------- the two networks */

/* h ~ q(h|x), k draws for each row of x [n, dims], and their log q(h|x) [n k, 1], nats, from the
 * same pass through the recognition network. */
States helmholtz_infer(const Helmholtz *machine, Tensor *x, int k, Rng *noise, Tensor **log_q);

/* x, h ~ p(x, h): n fantasies. */
States helmholtz_dream(const Helmholtz *machine, Tape *tape, int n, Rng *noise);

/* Draws h_{l-1} .. h_0 into states from its h_l; k is 1. */
void helmholtz_descend(const Helmholtz *machine, States *states, int l, Rng *noise);

/* Logits of p(h_l | h_{l+1}) from h_{l+1} [n, width]; of the top layer from nothing: [n, width]. */
Tensor *helmholtz_generative_logits(const Helmholtz *machine, int l, Tensor *above);
Tensor *helmholtz_top_logits(const Helmholtz *machine, int n);

/* Logits of q(h_{l+1} | h_l), without what lateral weights add. */
Tensor *helmholtz_recognition_logits(const Helmholtz *machine, int l, Tensor *below);

/* log p(h), log p(x | h_1), their sum log p(x, h) and log q(h|x) -> [n k, 1], nats. */
Tensor *helmholtz_log_prior(const Helmholtz *machine, const States *states);
Tensor *helmholtz_log_data(const Helmholtz *machine, const States *states);
Tensor *helmholtz_log_joint(const Helmholtz *machine, const States *states);
Tensor *helmholtz_log_recognition(const Helmholtz *machine, const States *states);

/* ---------------------------------------------------------------- learning */

/* The surrogate losses of a training step, each a number whose gradient is the update; NULL where
 * an objective has none. What each minimises is in helmholtz_objectives.c. */
typedef struct HelmholtzLosses {
    Tensor *wake;     /* -log p(x, h), for the generative weights                  */
    Tensor *wake_q;   /* of the recognition weights, from data                     */
    Tensor *sleep;    /* -log q(h|x) on dreams, for the recognition weights        */
    double neg_bound; /* -L_K of the batch, mean, nats                             */
    double signal;    /* REINFORCE: mean of log p - log q, for the baseline        */
    double signal_square;
} HelmholtzLosses;

HelmholtzLosses helmholtz_losses(const Helmholtz *machine, Tensor *x, Rng *noise);

/* The running mean and variance that REINFORCE's next signal is measured by take in this step's. */
void helmholtz_follow_signal(const Helmholtz *machine, const HelmholtzLosses *losses);

/* Self-normalised importance weights softmax_k(log_w) of log_w [n, k] -> [n k, 1], without history
 * (Bornschein & Bengio 2015). */
Tensor *helmholtz_importance(Tensor *log_w);

/* VIMCO's learning signals of log_w [n, k] -> [n k, 1]: L_K minus what it would be had sample j the
 * geometric mean of the others' weights (Mnih & Rezende 2016). k at least 2. */
Tensor *helmholtz_vimco_signal(Tensor *log_w);

/* ---------------------------------------------------------------- in the other files */
void helmholtz_evaluate(Model *model, const Task *task, LikelihoodReport *report);
void helmholtz_figures(Model *model, const Task *task);
extern const FamilyCommand helmholtz_commands[];
extern const OptionSpec helmholtz_eval_options[];

#endif
