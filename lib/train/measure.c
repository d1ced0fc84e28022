#include "train/measure.h"

#include "support/memory.h"

#include <stdlib.h>
#include <string.h>

const OptionSpec measure_options[] = {
    {"split", OPTION_CHOICE, "test", "NAME", "examples to judge on", 0, 1, "test|validation|train"},
    {"examples", OPTION_INT, NULL, "N", "how many (default: all of the split)", 1, 1e9, NULL},
    {"samples", OPTION_INT, "2000", "N", "samples to measure beside real examples; 0: none", 0,
     1000000, NULL},
    {"eval-seed", OPTION_INT, "1", "N", "of the evaluation's own draws", 0, 1e15, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

Options *measure_defaults(const Family *family, bool quick)
{
    const OptionSpec *tables[] = {measure_options, family->eval_options, NULL};
    char *line[] = {(char *)family->name, NULL};
    Options *options = options_parse(family->name, family->purpose, tables, 1, line);
    for (int i = 0; quick && family->quick_eval != NULL && family->quick_eval[i].name != NULL; i++)
        options_put(options, family->quick_eval[i].name, family->quick_eval[i].value,
                    "the small evaluation");
    return options;
}

Split measure_split(const Options *options)
{
    const char *name = options_text(options, "split");
    if (strcmp(name, "test") == 0)
        return SPLIT_TEST;
    return strcmp(name, "train") == 0 ? SPLIT_TRAIN : SPLIT_VALIDATION;
}

LikelihoodReport measure_likelihoods(Run *run, const Dataset *data, Split split, int n,
                                     const Options *options, bool quiet)
{
    LikelihoodReport report = {.examples = n, .dims = data->dims, .discrete = data->levels > 0};
    Task task = {.data = data,
                 .split = split,
                 .examples = n,
                 .options = options,
                 .dir = run->dir,
                 .quiet = quiet};
    uint32_t *index = memory_new((size_t)n, sizeof *index);
    dataset_spread(data, split, (size_t)n, index);
    task.index = index;
    task.tape = tape_create(kernels_best());
    task.noise = rng_stream((uint64_t)options_int(options, "eval-seed"), "evaluation");
    run->family->evaluate(run->model, &task, &report);
    tape_free(task.tape);
    free(index);
    return report;
}
