/* The benchmark models: the same widths, batches and losses as tests/bench/peers.py. */
#ifndef BENCH_MODELS_H
#define BENCH_MODELS_H

#include "nn/mlp.h"
#include "support/rng.h"
#include "train/optimizer.h"

enum { BENCH_BATCHES = 8 };

typedef struct BenchModel BenchModel;

struct BenchModel {
    const char *name;
    int batch, dims;
    void (*create)(BenchModel *model, Rng *rng);
    /* The loss of a batch x [batch, dims] of N(0, 1) numbers. */
    Tensor *(*loss)(BenchModel *model, Tensor *x, Rng *noise);
    Params *params;
    Optimizer *optimizer;
    double multiply_adds; /* of linear layers, one example, forward: set by create */
    union {
        struct {
            Mlp encoder, decoder;
            Linear mean, logvar, out;
        } vae;
        struct {
            Mlp hidden[8];
            Linear out[8];
        } flow;
    } net;
};

/* NULL-terminated. */
extern BenchModel *const bench_models[];

#endif
