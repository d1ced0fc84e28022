/* What can be done with a trained Helmholtz machine, as commands. */
#include "01-helmholtz/helmholtz_figures.h"

#include "support/fail.h"

static const OptionSpec gradients_options[] = {
    {"batch", OPTION_INT, "100", "N", "training examples", 1, 10000, NULL},
    {"k", OPTION_INT, "10", "K", "samples of those that take several", 2, 1000, NULL},
    {"repeats", OPTION_INT, "500", "N", "draws of each gradient", 2, 1000000, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static void gradients_command(Model *model, const Task *task)
{
    int n = (int)options_int(task->options, "batch");
    if ((size_t)n > task->data->count[SPLIT_TRAIN])
        refuse_usage("--batch %d: %s has %zu training examples", n, task->data->name,
                     task->data->count[SPLIT_TRAIN]);
    helmholtz_draw_gradients((const Helmholtz *)model, task, n,
                             (int)options_int(task->options, "k"),
                             (int)options_int(task->options, "repeats"));
}

const FamilyCommand helmholtz_commands[] = {
    {"gradients", "compare the ways to estimate the recognition weights' gradient", DATA_BINARY,
     gradients_options, gradients_command},
    {NULL, NULL, 0, NULL, NULL}};
