/* Denoising diffusion: a network learns to say which noise was added to x0, at every strength;
 * walked from pure noise backwards, its guesses draw samples, bound and integrate the likelihood.
 *
 * One network, four objectives (diffusion.h: noise, x0, v, flow), one meaning: a guess of the noise
 * in x (predictor.h). A flow-matching network is asked at x_t = (1-t) x0 + t eps, which is alpha x0
 * + sigma eps of the same ratio on another scale; so every sampler and every likelihood of this
 * chapter runs on all four.
 *
 * Sources: Ho et al. (2020), arXiv:2006.11239; Ho & Salimans (2022), arXiv:2207.12598 (guidance
 * without a classifier); Lipman et al. (2023), arXiv:2210.02747. */
#ifndef DDPM_DDPM_H
#define DDPM_DDPM_H

#include "04-ddpm/ddpm_sample.h"
#include "04-ddpm/denoiser.h"
#include "04-ddpm/diffusion.h"
#include "04-ddpm/predictor.h"
#include "train/family.h"

/* What images the network was trained on: the grid values, for the variational bound, or those plus
 * uniform noise of a level's width, for the ODE's density. Points are what they are. */
typedef enum DdpmInput { INPUT_GRID, INPUT_DEQUANTISED } DdpmInput;

typedef struct Ddpm {
    Model model;
    DataKind kind;
    int dims, levels;
    int classes;    /* of a conditional run; 0: unconditional                                */
    double drop;    /* share of the labels that training leaves out                          */
    Tensor *center; /* [1, dims], buffer                                                     */
    Tensor *scale;  /* [1, dims], buffer: network units = (data - center) / scale            */
    DdpmInput input;
    PredictionKind prediction;
    FixedVariance variance;
    NoiseSchedule *schedule; /* T steps                                                      */
    Denoiser net;
} Ddpm;

extern const Family ddpm_family;

/* ---------------------------------------------------------------- units */

/* Data in their units [n, dims] to the network's: points to mean 0 and variance 1, images to [-1,
 * 1], after adding uniform noise where the run is dequantised (noise may be NULL otherwise).
 * Without history. */
Tensor *ddpm_to_network(const Ddpm *ddpm, Tensor *x, Rng *noise);

/* And back, n rows in place: images to the nearest whole level, or not rounded where `smooth`. */
void ddpm_to_data(const Ddpm *ddpm, real *x, int n, bool smooth);

/* log |d network / d data| summed over dims, nats: to be added to a log density in network units.
 */
double ddpm_log_volume(const Ddpm *ddpm);

/* The largest |x0| that makes sense: 1 on images, 0 (no limit) on points. */
double ddpm_clip(const Ddpm *ddpm);

/* ---------------------------------------------------------------- training */

/* A noised batch, without history. */
typedef struct Noised {
    Tensor *x;        /* [n, dims]: alpha x0 + sigma eps; flow: (1 - t) x0 + t eps     */
    Tensor *target;   /* [n, dims]: what the network should say                        */
    Tensor *position; /* [n, 1]: time as the network takes it, 0 .. 1000               */
} Noised;

/* x0 [n, dims] in network units. Times are uniform over 1 .. T (flow: over (0, 1)) and stratified
 * over the batch: row i's lies in the i-th of n equal parts. */
Noised ddpm_noised(const Ddpm *ddpm, Tensor *x0, Rng *noise);

/* The same of any model with that schedule and prediction. */
Noised noised_batch(const NoiseSchedule *schedule, PredictionKind prediction, Tensor *x0,
                    Rng *noise);

/* |target - f|^2 / dims -> [n, 1]: the simplified loss (Ho et al. 2020, eq. 14), or conditional
 * flow matching (Lipman et al. 2023, eq. 23). class [n, classes + 1] (class_rows), or NULL. */
Tensor *ddpm_loss(const Ddpm *ddpm, const Noised *noised, Tensor *class);

/* Labels for training, some of them left out with probability drop; NULL when unconditional. */
Tensor *ddpm_classes(const Ddpm *ddpm, Tape *tape, const int *label, int n, Rng *noise);

/* ---------------------------------------------------------------- guesses */

/* The network as a predictor. */
typedef struct DdpmPredictor {
    Predictor predictor;
    const Ddpm *ddpm;
    double guidance; /* w in (1+w) eps(x, class) - w eps(x); 0: none                  */
} DdpmPredictor;

/* guidance other than 0 needs labels when it is asked (Ho & Salimans 2022, eq. 6). */
DdpmPredictor ddpm_predictor(const Ddpm *ddpm, double guidance);

/* ---------------------------------------------------------------- in the other files */
void ddpm_evaluate(Model *model, const Task *task, LikelihoodReport *report);
void ddpm_figures(Model *model, const Task *task);
extern const FamilyCommand ddpm_commands[];
extern const OptionSpec ddpm_eval_options[];
extern const OptionSpec ddpm_sample_options[];

/* What the options of the sample command say (NULL: their defaults), for a predictor of this model.
 * Refuses more steps than the schedule has, and guidance or a label in an unconditional run. */
Sampler ddpm_sampler(const Ddpm *ddpm, const Predictor *predictor, const Options *options);
double ddpm_guidance(const Ddpm *ddpm, const Options *options);

/* Family.sample: reads ddpm_sample_options. */
void ddpm_sample(Model *model, Tape *tape, Rng *noise, const SampleRequest *request, real *out);

#endif
