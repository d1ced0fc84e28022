/* What can be done with a trained flow, as commands. */
#include "03-flow/flow_figures.h"

#include "support/fail.h"

#include <stdlib.h>
#include <string.h>

static const OptionSpec anomaly_options[] = {
    {"examples", OPTION_INT, "1000", "N", "of each kind", 1, 1e6, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static const OptionSpec edit_options[] = {
    {"attribute", OPTION_TEXT, NULL, "NAME", "a known cause of the images (digits: slant, ...)", 0,
     1, NULL},
    {"from", OPTION_INT, NULL, "C", "class whose mean latent is taken off", 0, 1e6, NULL},
    {"to", OPTION_INT, NULL, "C", "class whose mean latent is added", 0, 1e6, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static const OptionSpec stability_options[] = {{"spread", OPTION_REAL, "0.3", "X",
                                                "standard deviation of the networks' outputs", 0,
                                                100, NULL},
                                               {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

static void anomalies_command(Model *model, const Task *task)
{
    long n = options_int(task->options, "examples"), all = (long)task->data->count[SPLIT_TEST];
    if (n > all && options_typed(task->options, "examples"))
        refuse_usage("--examples %ld: %s has %ld test images", n, task->data->name, all);
    flow_anomalies((const FlowModel *)model, task, (int)(n < all ? n : all));
}

static int class_of(const Task *task, const char *name)
{
    if (!options_set(task->options, name))
        refuse_usage("--%s is missing: --from and --to are two classes of %s, or give --attribute",
                     name, task->data->name);
    int class = (int)options_int(task->options, name);
    if (class < 0 || class >= task->data->classes)
        refuse_usage("--%s %d: the classes of %s are 0 to %d", name, class, task->data->name,
                     task->data->classes - 1);
    return class;
}

static void edit_command(Model *model, const Task *task)
{
    const FlowModel *m = (const FlowModel *)model;
    const Dataset *data = task->data;
    FlowEdit edit = {.factor = -1};
    const char *attribute = options_text(task->options, "attribute");
    if (attribute != NULL &&
        (options_set(task->options, "from") || options_set(task->options, "to")))
        refuse_usage("--attribute and --from, --to: give one direction or the other");
    if (attribute != NULL) {
        for (int f = 0; f < data->factors; f++)
            if (strcmp(attribute, data->factor_name[f]) == 0)
                edit.factor = f;
        if (edit.factor < 0 && data->factors == 0)
            refuse_usage("--attribute: the causes of %s are not known; use --from and --to",
                         data->name);
        if (edit.factor < 0)
            refuse_usage("--attribute %s: %s has %s, %s, ...", attribute, data->name,
                         data->factor_name[0], data->factor_name[data->factors > 1]);
    } else {
        if (data->classes == 0)
            refuse("edit: %s has no classes", data->name);
        edit.from = class_of(task, "from");
        edit.to = class_of(task, "to");
        if (edit.from == edit.to)
            refuse_usage("--from %d --to %d: two different classes make a direction", edit.from,
                         edit.to);
    }
    flow_draw_edit(m, task, &edit);
}

static void stability_command(Model *model, const Task *task)
{
    (void)model;
    flow_draw_stability(task, options_real(task->options, "spread"));
}

const FamilyCommand flow_commands[] = {
    {"anomalies", "tell strange images from usual ones by likelihood, and where that fails",
     DATA_BINARY | DATA_GREY, anomaly_options, anomalies_command},
    {"edit", "move images along an attribute's direction in the latent", DATA_BINARY | DATA_GREY,
     edit_options, edit_command},
    {"stability", "what fresh flows of 2 to 1,000 numbers and up to 64 layers lose there and back",
     DATA_POINTS | DATA_BINARY | DATA_GREY, stability_options, stability_command},
    {NULL, NULL, 0, NULL, NULL}};
