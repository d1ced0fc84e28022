/* Flows made as the command line makes them, without a run's folder. */
#ifndef CHAPTERS_SMALL_FLOW_H
#define CHAPTERS_SMALL_FLOW_H

#include "03-flow/flow_model.h"
#include "train/run_child.h"

typedef struct SmallFlow {
    FlowModel *model;
    Dataset *data;
    Options *options;
    Tape *tape; /* does not record */
} SmallFlow;

static inline SmallFlow small_flow(const char *data, const char *words)
{
    SmallFlow f = {.data = dataset_load(data), .tape = tape_create(kernels_best())};
    f.options = run_parse_of(&flow_family, "unused", words);
    flow_family.defaults(f.options, f.data);
    f.model = (FlowModel *)flow_family.create(f.options, f.data, 1);
    tape_record(f.tape, false);
    params_bind(f.model->model.part[0].params, f.tape);
    return f;
}

static inline void small_flow_free(SmallFlow *f)
{
    flow_family.destroy(&f->model->model);
    options_free(f->options);
    tape_free(f->tape);
    dataset_free(f->data);
}

/* Steps of training at that rate: weights that have moved where they belong, masks kept. */
static inline void small_flow_train(SmallFlow *f, int steps, double rate)
{
    enum { BATCH = 64 };
    tape_record(f->tape, true);
    for (int s = 0; s < steps; s++) {
        double logged[FAMILY_MOST_COLUMNS];
        Rng rng = rng_at(rng_stream(9, "small flow"), (uint64_t)s);
        tape_reset(f->tape);
        params_bind(f->model->model.part[0].params, f->tape);
        Step step = {.tape = f->tape,
                     .x = tensor_new_matrix(f->tape, BATCH, f->data->dims),
                     .index = s,
                     .steps = steps,
                     .learning_rate = rate,
                     .noise = rng};
        dataset_fetch_range(f->data, SPLIT_TRAIN, (size_t)s * BATCH % 20000, BATCH, &rng,
                            step.x->value, NULL, NULL);
        flow_family.train_step(&f->model->model, &step, logged);
    }
    tape_record(f->tape, false);
    tape_reset(f->tape);
    params_bind(f->model->model.part[0].params, f->tape);
}

#endif
