/* How exactly a flow can be undone in single precision, by the number of its layers and the length
 * of its rows: fresh couplings whose networks' outputs are random, so that no training hides what a
 * bound on the scales does. */
#include "03-flow/flow_figures.h"

#include "support/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTHS = 6, LENGTHS = 4, ROWS = 64 };
static const int lengths[LENGTHS] = {2, 10, 100, 1000};

/* Last layers so that the raw parameters are about N(0, spread^2) for rows of N(0, 1), whatever
 * their length. The hidden units are ReLUs of Glorot weights times sqrt 2: their mean square is
 * 2 in / (in + width). */
static void disturb(Params *params, double spread, Rng *rng)
{
    for (int k = 0; k < params->count; k++) {
        Tensor *w = params->tensor[k];
        const char *end = strstr(w->name, ".out.weight");
        if (end == NULL)
            continue;
        char *first = memory_format("%.*s.0.weight", (int)(end - w->name), w->name);
        int in = params_find(params, first)->shape[0], width = w->shape[0];
        double square = 2.0 * in / (in + width);
        rng_normal(rng, w->value, w->size);
        for (size_t i = 0; i < w->size; i++)
            w->value[i] *= (real)(spread / sqrt(width * square));
        free(first);
    }
    params_touch(params);
}

static double error_of(Monotone map, int dims, int depth, double spread)
{
    const int hidden[1] = {64};
    Params *params = params_create();
    Tape *tape = tape_create(kernels_best());
    Rng rng = rng_stream(1, "stability");
    Flow flow = {.layers = 0};
    FlowLoss *loss = memory_new(FLOW_MOST_LAYERS, sizeof *loss), whole;
    for (int i = 0; i < depth; i++) {
        char *name = memory_format("layer%d", i), *norm = memory_format("norm%d", i);
        flow_add(&flow, flow_coupling(params, name, dims, i % 2 == 1, map, hidden, 1, &rng));
        flow_add(&flow, flow_actnorm(params, norm, dims, dims));
        free(name);
        free(norm);
    }
    disturb(params, spread, &rng);
    tape_record(tape, false);
    params_bind(params, tape);
    Tensor *x = tensor_new_matrix(tape, ROWS, dims);
    rng_normal(&rng, x->value, x->size);
    flow_start(&flow, x);
    params_touch(params);
    params_bind(params, tape);
    flow_round_trip(&flow, x, loss, &whole);
    free(loss);
    flow_free(&flow);
    params_free(params);
    tape_free(tape);
    return whole.finite ? whole.largest : NAN;
}

void flow_draw_stability(const Task *task, double spread)
{
    const Monotone map[3] = {
        {MONOTONE_SPLINE, 8, 5}, {MONOTONE_AFFINE, 0, 2}, {MONOTONE_AFFINE, 0, 100}};
    static const char *const map_name[3] = {"spline", "affine, scales in e^-2 .. e^2",
                                            "affine, scales in e^-100 .. e^100"};
    double depth[DEPTHS], error[3][LENGTHS][DEPTHS];
    FigureCurve curve[3];
    char *label[3];
    for (int k = 0; k < 3; k++) {
        printf("\n%s: largest error of a number there and back\n%8s", map_name[k], "layers");
        for (int l = 0; l < LENGTHS; l++)
            printf("  %6d numbers", lengths[l]);
        printf("\n");
        for (int d = 0; d < DEPTHS; d++) {
            depth[d] = 2 << d;
            printf("%8d", 2 << d);
            for (int l = 0; l < LENGTHS; l++) {
                error[k][l][d] = error_of(map[k], lengths[l], 2 << d, spread);
                printf("  %14.2g", error[k][l][d]);
            }
            printf("\n");
        }
        label[k] = memory_format("%s, %d numbers", map_name[k], lengths[LENGTHS - 1]);
        curve[k] = (FigureCurve){.label = label[k], .y = error[k][LENGTHS - 1]};
    }
    FigureText text = {.name = "stability",
                       .title = "What fresh flows lose there and back in single precision",
                       .x_label = "layers",
                       .y_label = "largest error of a number"};
    FigureLines lines = {
        .x = depth, .n = DEPTHS, .curve = curve, .curves = 3, .log_x = true, .log_y = true};
    figure_lines(task->figures, &text, &lines);
    for (int k = 0; k < 3; k++)
        free(label[k]);
}
