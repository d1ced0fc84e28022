/* What can be done with a trained machine, as commands. */
#include "01-boltzmann/rbm_figures.h"

static const OptionSpec ais_options[] = {
    {"temperatures", OPTION_INTS, "10,30,100,300,1000,3000,10000", "N,N...",
     "numbers of temperatures to compare", 1, 10000000, NULL},
    {"chains", OPTION_INT, "100", "N", "chains in either direction", 2, 100000, NULL},
    {"burn-in", OPTION_INT, "1000", "N", "Gibbs steps that prepare the reverse direction's samples",
     0, 1e8, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static const OptionSpec gibbs_options[] = {
    {"temperature", OPTION_REAL, "1", "T", "of the Boltzmann distribution", 0.01, 100, NULL},
    {"steps", OPTION_INT, "10000", "N", "Gibbs steps of the last column", 1, 1e8, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static void ais_command(Model *model, const Task *task)
{
    int temperatures[OPTIONS_MOST_INTS];
    int points = options_ints(task->options, "temperatures", temperatures);
    rbm_draw_ais((const Rbm *)model, task, (int)options_int(task->options, "chains"),
                 (int)options_int(task->options, "burn-in"), temperatures, points);
}

static void gibbs_command(Model *model, const Task *task)
{
    rbm_draw_gibbs((const Rbm *)model, task, options_real(task->options, "temperature"),
                   (int)options_int(task->options, "steps"));
}

const FamilyCommand rbm_commands[] = {
    {"ais", "log Z from both sides against the number of temperatures", DATA_BINARY, ais_options,
     ais_command},
    {"gibbs", "watch chains go from noise to the model", DATA_BINARY, gibbs_options, gibbs_command},
    {NULL, NULL, 0, NULL, NULL}};
