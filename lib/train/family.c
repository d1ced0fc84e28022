#include "train/family.h"

#include "support/fail.h"
#include "support/memory.h"

#include <string.h>

const OptionSpec family_optimizer_options[] = {
    {"optimizer", OPTION_CHOICE, "adam", "RULE", "update rule", 0, 0, "adam|adamw|sgd"},
    {"beta1", OPTION_REAL, "0.9", "X", "Adam's first decay, SGD's momentum", 0, 0.999999, NULL},
    {"beta2", OPTION_REAL, "0.999", "X", "Adam's second decay", 0, 0.999999, NULL},
    {"epsilon", OPTION_REAL, "1e-8", "X", "Adam's guard against division by zero", 1e-16, 1, NULL},
    {"weight-decay", OPTION_REAL, "0", "X", "AdamW's decay", 0, 10, NULL},
    {"clip", OPTION_REAL, "0", "NORM", "largest gradient norm; 0: no clipping", 0, 1e9, NULL},
    {"ema", OPTION_REAL, "0", "DECAY", "moving average of the weights for evaluation; 0: none", 0,
     0.999999, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

OptimizerRule family_optimizer_rule(const Options *options)
{
    OptimizerRule rule = optimizer_adam();
    const char *kind = options_text(options, "optimizer");
    if (strcmp(kind, "adamw") == 0)
        rule.kind = OPTIMIZER_ADAMW;
    if (strcmp(kind, "sgd") == 0)
        rule.kind = OPTIMIZER_SGD;
    rule.beta1 = options_real(options, "beta1");
    rule.beta2 = options_real(options, "beta2");
    rule.epsilon = options_real(options, "epsilon");
    rule.weight_decay = options_real(options, "weight-decay");
    rule.clip = options_real(options, "clip");
    return rule;
}

void model_add_part(Model *model, const char *name, Params *params, OptimizerRule rule,
                    double ema_decay)
{
    if (model->parts == MODEL_MOST_PARTS)
        fail("model: more than %d parts", MODEL_MOST_PARTS);
    Part *part = &model->part[model->parts++];
    part->name = name;
    part->params = params;
    part->optimizer = optimizer_create(params, rule);
    part->ema = ema_decay > 0 ? ema_create(params, ema_decay) : NULL;
}

void model_free_parts(Model *model)
{
    for (int i = 0; i < model->parts; i++) {
        ema_free(model->part[i].ema);
        optimizer_free(model->part[i].optimizer);
        params_free(model->part[i].params);
    }
    model->parts = 0;
}

void model_bind(Model *model, Tape *tape)
{
    for (int i = 0; i < model->parts; i++)
        params_bind(model->part[i].params, tape);
}

void model_update_ema(Model *model)
{
    for (int i = 0; i < model->parts; i++)
        if (model->part[i].ema != NULL)
            ema_update(model->part[i].ema);
}

void model_swap_ema(Model *model)
{
    for (int i = 0; i < model->parts; i++)
        if (model->part[i].ema != NULL)
            ema_swap(model->part[i].ema);
}

size_t model_numbers(const Model *model)
{
    size_t numbers = 0;
    for (int i = 0; i < model->parts; i++)
        numbers += params_numbers(model->part[i].params);
    return numbers;
}

void family_prepare(const Family *family, const Options *options, Dataset *data)
{
    if (family->prepare != NULL)
        family->prepare(options, data);
}

int *family_labels_in_turn(const Model *model, int classes, int n)
{
    if (model->family->conditional == NULL || !model->family->conditional(model))
        return NULL;
    int *label = memory_new((size_t)n, sizeof *label);
    for (int i = 0; i < n; i++)
        label[i] = (int)((classes > n ? 617L : 1L) * i % classes); /* 617 is prime: none twice */
    return label;
}

int family_columns(const Family *family)
{
    int columns = 0;
    while (family->columns[columns] != NULL)
        columns++;
    if (columns > FAMILY_MOST_COLUMNS)
        fail("family: '%s' logs %d columns; at most %d", family->name, columns,
             FAMILY_MOST_COLUMNS);
    return columns;
}

real *task_examples(const Task *task)
{
    real *x = memory_new((size_t)task->examples * (size_t)task->data->dims, sizeof *x);
    Rng rng = rng_stream(1, "evaluation examples");
    dataset_fetch(task->data, task->split, task->index, (size_t)task->examples, &rng, x, NULL,
                  NULL);
    return x;
}

double family_mean_in_parts(Model *model, Tensor *x, Rng noise,
                            double (*mean)(Model *model, Tensor *part, Rng *noise))
{
    enum { AT_ONCE = 250 };
    int n = tensor_rows(x);
    double sum = 0;
    for (int first = 0; first < n; first += AT_ONCE) {
        int end = first + AT_ONCE < n ? first + AT_ONCE : n;
        TapeMark mark = tape_mark(x->tape);
        sum += (end - first) * mean(model, tensor_slice(x, 0, first, end), &noise);
        tape_release(x->tape, mark);
    }
    return sum / n;
}
