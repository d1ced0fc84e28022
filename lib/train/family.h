/* What a chapter gives to the rest of the laboratory: one constant, in the way a driver exports its
 * operations. The loop over steps, logging, checkpoints, resuming, evaluation and the common
 * figures are written once in this room; a chapter's main is one line: return app_main(&vae_family,
 * argc, argv). */
#ifndef TRAIN_FAMILY_H
#define TRAIN_FAMILY_H

#include "data/dataset.h"
#include "metric/likelihood.h"
#include "nn/params.h"
#include "plot/figure.h"
#include "support/options.h"
#include "train/ema.h"
#include "train/optimizer.h"

#include <stdio.h>

typedef struct Family Family;
typedef struct Model Model;

/* Weights that are updated together, with what updates them: a GAN has two parts, a VAE one. */
typedef struct Part {
    const char *name;
    Params *params;
    Optimizer *optimizer;
    Ema *ema; /* NULL: none */
} Part;

enum { MODEL_MOST_PARTS = 4, FAMILY_MOST_COLUMNS = 12 };

/* The beginning of every model's struct, so that a Model * can be cast to its own kind by its
 * family. */
struct Model {
    const Family *family;
    Part part[MODEL_MOST_PARTS];
    int parts;
};

/* What a training step is given. */
typedef struct Step {
    Tape *tape;              /* just reset                                                      */
    Tensor *x;               /* [batch, dims] in the units of dataset_fetch, on the tape        */
    const int *label;        /* [batch], NULL when the data have none                           */
    const uint32_t *example; /* [batch]: which of the training split                         */
    long index, steps;       /* this step (from 0) of so many                                   */
    double learning_rate;    /* of this step                                                    */
    Rng noise;               /* at this step's place in the stream "noise"                      */
} Step;

/* What evaluation, figures and commands are given. */
typedef struct Task {
    const Dataset *data;
    Split split;
    const uint32_t *index; /* [examples] of the split */
    int examples;
    Tape *tape;
    Rng noise;              /* a stream of the task's own                     */
    const Options *options; /* the run's and the command's                    */
    Figures *figures;       /* NULL for evaluate                              */
    const char *dir;        /* the run's folder                               */
    bool quiet;
} Task;

/* The task's examples [examples, dims], of test and validation the same whoever asks; free with
 * free(). */
real *task_examples(const Task *task);

/* What samples are asked for. */
typedef struct SampleRequest {
    int n;
    bool mean;              /* the mean of p(x | latent) instead of a draw, where there is one  */
    const int *label;       /* [n] in 0 .. classes-1, or NULL: none in particular               */
    const Options *options; /* hold the family's sample_options; NULL: their defaults           */
} SampleRequest;

/* An option's value: NULL name ends a list. */
typedef struct OptionValue {
    const char *name, *value;
} OptionValue;

/* A command beside train, eval, sample and plot: "slider". */
typedef struct FamilyCommand {
    const char *name, *help;
    unsigned data_kinds; /* DataKind bits of the runs it makes sense for */
    const OptionSpec *options;
    void (*run)(Model *model, const Task *task);
} FamilyCommand;

struct Family {
    const char *name;
    const char *stage; /* of what is trained in several stages, each a family: which; else NULL  */
    const char *purpose;            /* one or two lines for --help                               */
    unsigned data_kinds;            /* DataKind bits that it can learn                           */
    const char *data;               /* the default data set                                      */
    const OptionSpec *options;      /* of the model and its training; stored in config.json      */
    const OptionSpec *eval_options; /* of evaluate; not stored                                   */
    const OptionValue *quick_eval;  /* what of them the evaluation at the end of train changes  */
    const OptionSpec *sample_options; /* of sample; not stored; may be NULL. One named "label" is
                                         checked and spread over SampleRequest.label            */
    const char *loss_unit; /* of the first column, for figures; NULL: "nats an example"     */
    bool validates_nats; /* whether validate gives -log p of an example, or a bound on it, in nats:
                            what can be drawn beside another family's                          */
    const char *const *columns;    /* what train_step logs, first the loss; NULL-terminated     */
    const FamilyCommand *commands; /* ends with a NULL name; may be NULL                        */

    /* Whether a command of the family's own makes sense for this model, so that train may name it
     * as what to try next; NULL: always. */
    bool (*offers)(const Model *model, const FamilyCommand *command);

    /* Sets options that were not typed and whose default depends on the data (options_put). */
    void (*defaults)(Options *options, const Dataset *data);

    /* What the family makes of the data before it sees them: a text becomes windows of tokens.
     * NULL: nothing. */
    void (*prepare)(const Options *options, Dataset *data);

    /* A new model with initial weights from the seed's stream "weights". Free with destroy. */
    Model *(*create)(const Options *options, const Dataset *data, uint64_t seed);
    void (*destroy)(Model *model);

    /* One step: forward, backward and the optimizers' updates. logged: one number a column. */
    void (*train_step)(Model *model, Step *step, double *logged);

    /* The loss on held-out examples x [n, dims], the first n of the validation split, without
     * gradients; NULL: none is logged. */
    double (*validate)(Model *model, Tensor *x, Rng noise);

    /* Likelihoods and parts of the task's examples into the report. */
    void (*evaluate)(Model *model, const Task *task, LikelihoodReport *report);

    /* Samples [n, dims] in the data's units. The tape is fresh, bound and does not record. NULL:
     * the family learns no distribution. */
    void (*sample)(Model *model, Tape *tape, Rng *noise, const SampleRequest *request, real *out);

    /* The same where the data are texts: request->n of them, written to out. */
    void (*sample_text)(Model *model, Tape *tape, Rng *noise, const SampleRequest *request,
                        FILE *out);

    /* Whether samples can be asked for by class; NULL: never. */
    bool (*conditional)(const Model *model);

    /* Figures that the family alone draws; NULL: none. */
    void (*figures)(Model *model, const Task *task);
};

/* The family's prepare, where it has one: after defaults and before the data's shape is asked for.
 */
void family_prepare(const Family *family, const Options *options, Dataset *data);

/* Registers a part with its optimizer. */
void model_add_part(Model *model, const char *name, Params *params, OptimizerRule rule,
                    double ema_decay);

/* Frees the parts; a family's destroy calls it and then frees the struct. */
void model_free_parts(Model *model);

/* All parts' weights join a step (params_bind). */
void model_bind(Model *model, Tape *tape);

/* Moving averages follow the weights; called by the loop after each step. */
void model_update_ema(Model *model);

/* Exchanges weights and their moving averages in all parts that have one. */
void model_swap_ema(Model *model);

/* Trained numbers of all parts. */
size_t model_numbers(const Model *model);

int family_columns(const Family *family);

/* The mean over all rows of x [n, dims] of a loss that is computed for 250 of them at a time, since
 * the activations of thousands of images would take gigabytes: for validate. mean: of one part,
 * with a stream that goes on from part to part. */
double family_mean_in_parts(Model *model, Tensor *x, Rng noise,
                            double (*mean)(Model *model, Tensor *part, Rng *noise));

/* The labels of n samples of a conditional model that nobody wants of one class: 0 .. classes-1 in
 * turn, or n of them from all over, where there are more. NULL for other models; free with free().
 */
int *family_labels_in_turn(const Model *model, int classes, int n);

/* Options that every family shares for its optimizers (--optimizer, --beta1 ...), and the rule they
 * give. */
extern const OptionSpec family_optimizer_options[];
OptimizerRule family_optimizer_rule(const Options *options);

#endif
