#include "nn/flow.h"

#include "support/fail.h"
#include "support/memory.h"
#include "tensor/op.h"

#include <math.h>
#include <stdlib.h>

void flow_add(Flow *flow, FlowLayer *layer)
{
    if (flow->layers == FLOW_MOST_LAYERS)
        fail("flow: more than %d layers", FLOW_MOST_LAYERS);
    if (flow->layers > 0 && layer->dims != flow->dims)
        fail("flow: layer %d (%s) takes rows of %d numbers, the flow has %d", flow->layers,
             layer->kind->name, layer->dims, flow->dims);
    flow->dims = layer->dims;
    flow->layer[flow->layers++] = layer;
}

void flow_free(Flow *flow)
{
    for (int i = 0; i < flow->layers; i++)
        flow->layer[i]->kind->destroy(flow->layer[i]);
    flow->layers = 0;
}

static void check(const char *op, const Flow *flow, const Tensor *x)
{
    if (x->rank != 2 || x->shape[1] != flow->dims)
        op_fail(op, x, "rows as long as the flow's layers take");
}

FlowResult flow_forward_given(const Flow *flow, Tensor *x, Tensor *context)
{
    check("flow_forward", flow, x);
    FlowResult all = {x, NULL};
    for (int i = 0; i < flow->layers; i++) {
        const FlowLayer *layer = flow->layer[i];
        bool given = context != NULL && layer->kind->forward_given != NULL;
        FlowResult one = given ? layer->kind->forward_given(layer, all.value, context)
                               : layer->kind->forward(layer, all.value);
        all.value = one.value;
        all.log_det = op_sum_of(all.log_det, one.log_det);
    }
    if (all.log_det == NULL)
        all.log_det = tensor_fill(x->tape, 2, (int[]){x->shape[0], 1}, 0);
    return all;
}

FlowResult flow_forward(const Flow *flow, Tensor *x)
{
    return flow_forward_given(flow, x, NULL);
}

FlowResult flow_inverse_given(const Flow *flow, Tensor *y, Tensor *context)
{
    check("flow_inverse", flow, y);
    FlowResult all = {y, tensor_fill(y->tape, 2, (int[]){y->shape[0], 1}, 0)};
    bool was = tape_record(y->tape, false);
    for (int i = flow->layers - 1; i >= 0; i--) {
        const FlowLayer *layer = flow->layer[i];
        bool given = context != NULL && layer->kind->inverse_given != NULL;
        FlowResult one = given ? layer->kind->inverse_given(layer, all.value, context)
                               : layer->kind->inverse(layer, all.value);
        all.value = one.value;
        all.log_det = op_sum_of(all.log_det, one.log_det);
    }
    tape_record(y->tape, was);
    return all;
}

FlowResult flow_inverse(const Flow *flow, Tensor *y)
{
    return flow_inverse_given(flow, y, NULL);
}

void flow_start(Flow *flow, Tensor *x)
{
    check("flow_start", flow, x);
    for (int i = 0; i < flow->layers; i++) {
        if (flow->layer[i]->kind->start != NULL)
            flow->layer[i]->kind->start(flow->layer[i], x);
        x = flow->layer[i]->kind->forward(flow->layer[i], x).value;
    }
}

bool flow_set_noise(Flow *flow, Rng noise)
{
    bool any = false;
    for (int i = 0; i < flow->layers; i++)
        if (flow->layer[i]->kind->set_noise != NULL) {
            Rng own = noise;
            own.next += (uint64_t)i << 32; /* far behind what the layers before it draw */
            any = flow->layer[i]->kind->set_noise(flow->layer[i], own) || any;
        }
    return any;
}

static FlowLoss loss_of(const Tensor *x, FlowResult there, FlowResult back)
{
    FlowLoss loss = {.finite = true};
    for (size_t i = 0; i < x->size; i++) {
        double gap = fabs((double)x->value[i] - (double)back.value->value[i]);
        loss.finite = loss.finite && isfinite(gap) && isfinite(there.value->value[i]);
        loss.largest = fmax(loss.largest, gap);
    }
    for (size_t r = 0; r < there.log_det->size; r++) {
        double gap = fabs((double)there.log_det->value[r] + (double)back.log_det->value[r]);
        loss.finite = loss.finite && isfinite(gap);
        loss.log_det = fmax(loss.log_det, gap);
    }
    if (!loss.finite)
        loss.largest = loss.log_det = NAN;
    return loss;
}

int flow_round_trip(const Flow *flow, Tensor *x, FlowLoss *loss, FlowLoss *whole)
{
    int worst = 0;
    bool was = tape_record(x->tape, false), broken = false;
    FlowResult all = flow_forward(flow, x);
    *whole = loss_of(x, all, flow_inverse(flow, all.value));
    for (int i = 0; i < flow->layers; i++) {
        const FlowLayer *layer = flow->layer[i];
        FlowResult there = layer->kind->forward(layer, x);
        loss[i] = loss_of(x, there, layer->kind->inverse(layer, there.value));
        if (!broken && (!loss[i].finite || loss[i].largest > loss[worst].largest))
            worst = i;
        broken = broken || !loss[i].finite;
        x = there.value;
    }
    tape_record(x->tape, was);
    return worst;
}
