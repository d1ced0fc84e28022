#include "00-classifier/classifier.h"

#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const OptionSpec options[] = {{"shift", OPTION_INT, "2", "N",
                                      "training images are moved by up to so many pixels", 0, 8,
                                      NULL},
                                     {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static const OptionSpec eval_options[] = {{NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static void defaults(Options *o, const Dataset *data)
{
    const char *from = "the chapter's defaults";
    bool many = data->count[SPLIT_TRAIN] > 50000;
    options_put(o, "batch", "100", from);
    options_put(o, "lr", "2e-3", from);
    options_put(o, "steps", many ? "6000" : "2000", from);
    options_put(o, "ema", "0.999", from);
}

static Model *create(const Options *o, const Dataset *data, uint64_t seed)
{
    Classifier *classifier = memory_new(1, sizeof *classifier);
    Params *params = params_create();
    Rng rng = rng_stream(seed, "weights");
    if (data->classes < 2 || data->height % 2 != 0 || data->width % 2 != 0)
        refuse_usage("--data %s: the classifier needs labels and images whose sides are even",
                     data->name);
    classifier->model.family = &classifier_family;
    classifier->levels = data->levels;
    classifier->shift = (int)options_int(o, "shift");
    classifier->ruler = ruler_create(params, data->height, data->width, data->classes, &rng);
    model_add_part(&classifier->model, "classifier", params, family_optimizer_rule(o),
                   options_real(o, "ema"));
    return &classifier->model;
}

static void destroy(Model *model)
{
    model_free_parts(model);
    free(model);
}

void classifier_shift(Tensor *x, int height, int width, int most, Rng *rng)
{
    Tensor *before = tensor_from(x->tape, x->rank, x->shape, x->value);
    const real *kept = before->value;
    for (int i = 0; i < tensor_rows(x); i++) {
        int down = (int)rng_below(rng, (uint64_t)(2 * most + 1)) - most;
        int right = (int)rng_below(rng, (uint64_t)(2 * most + 1)) - most;
        for (int r = 0; r < height; r++)
            for (int c = 0; c < width; c++) {
                int row = r - down, column = c - right;
                bool inside = row >= 0 && row < height && column >= 0 && column < width;
                x->value[(i * height + r) * width + c] =
                    inside ? kept[(i * height + row) * width + column] : 0;
            }
    }
}

static Tensor *features_of(const Classifier *classifier, Tensor *x)
{
    return ruler_features(&classifier->ruler, tensor_scale(x, 1 / (real)(classifier->levels - 1)));
}

Tensor *classifier_loss(const Classifier *classifier, Tensor *x, const int *label)
{
    return tensor_cross_entropy(ruler_logits(&classifier->ruler, features_of(classifier, x)),
                                label);
}

static void train_step(Model *model, Step *step, double *logged)
{
    Classifier *classifier = (Classifier *)model;
    const Ruler *ruler = &classifier->ruler;
    classifier_shift(step->x, ruler->height, ruler->width, classifier->shift, &step->noise);
    Tensor *loss = classifier_loss(classifier, step->x, step->label);
    tape_backward(tensor_mean(loss));
    optimizer_update(model->part[0].optimizer, step->learning_rate);
    logged[0] = tensor_mean_value(loss);
}

/* Accuracy and cross-entropy of the task's examples: parts, since neither is a likelihood of x. */
static void evaluate(Model *model, const Task *task, LikelihoodReport *report)
{
    enum { AT_ONCE = 500 };
    const Classifier *classifier = (const Classifier *)model;
    size_t n = (size_t)task->examples;
    double *right = memory_new(n, sizeof *right), *loss = memory_new(n, sizeof *loss);
    int label[AT_ONCE];
    for (size_t first = 0; first < n; first += AT_ONCE) {
        size_t rows = n - first < AT_ONCE ? n - first : AT_ONCE;
        tape_reset(task->tape);
        model_bind(model, task->tape);
        Tensor *x = tensor_new_matrix(task->tape, (int)rows, task->data->dims);
        Rng rng = rng_stream(1, "evaluation examples");
        dataset_fetch(task->data, task->split, task->index + first, rows, &rng, x->value, label,
                      NULL);
        Tensor *logits = ruler_logits(&classifier->ruler, features_of(classifier, x));
        Tensor *each = tensor_cross_entropy(logits, label);
        int classes = classifier->ruler.classes;
        for (size_t i = 0; i < rows; i++) {
            const real *row = logits->value + i * (size_t)classes;
            bool best = true;
            for (int c = 0; c < classes; c++)
                best = best && row[c] <= row[label[i]];
            right[first + i] = best ? 100 : 0;
            loss[first + i] = (double)each->value[i];
        }
    }
    likelihood_report_part(report, "accuracy", "%", right, n);
    likelihood_report_part(report, "cross-entropy", "nats", loss, n);
    free(right);
    free(loss);
}

static const char *const columns[] = {"cross_entropy", NULL};

const Family classifier_family = {
    .name = "classifier",
    .purpose = "A small convolutional classifier of digits: the ruler of the sample metrics.",
    .data_kinds = DATA_BINARY | DATA_GREY,
    .data = "digits-binary",
    .options = options,
    .eval_options = eval_options,
    .columns = columns,
    .defaults = defaults,
    .create = create,
    .destroy = destroy,
    .train_step = train_step,
    .evaluate = evaluate,
    .figures = classifier_figures,
};
