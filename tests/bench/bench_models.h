/* The benchmark models: the same widths, batches and losses as tests/bench/peers.py. */
#ifndef BENCH_MODELS_H
#define BENCH_MODELS_H

#include "01-boltzmann/rbm.h"
#include "01-helmholtz/helmholtz.h"
#include "04-ddpm/denoiser.h"
#include "05-gan/gan.h"
#include "nn/conv.h"
#include "nn/embedding.h"
#include "nn/mlp.h"
#include "nn/transformer.h"
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
    void (*destroy)(BenchModel *model); /* of what create made beside params; NULL: nothing */
    /* Instead of a loss, where the gradient is written by hand or a second network is updated. */
    void (*gradient)(BenchModel *model, Tensor *x, Rng *noise);
    Params *params;
    Optimizer *optimizer;
    double
        multiply_adds; /* of linear and convolution layers, one example, forward: set by create */
    union {
        struct {
            Mlp encoder, decoder;
            Linear mean, logvar, out;
        } vae;
        struct {
            Mlp hidden[8];
            Linear out[8];
        } flow;
        struct {
            Embedding symbol, position;
            TransformerBlock block[4];
            LayerNorm norm;
            Linear out;
        } transformer;
        struct {
            Conv2d conv[3];
            Linear image_out;
            Embedding word, position;
            TransformerBlock block[2];
            LayerNorm norm;
            Linear text_out;
            Tensor *log_scale; /* [1, 1] */
        } clip;
        Denoiser denoiser;
        Helmholtz helmholtz;
        Rbm rbm;
        struct {
            Generator generator; /* in the model's params */
            Discriminator discriminator;
            Params *params;
            Optimizer *optimizer;
        } gan;
    } net;
};

extern BenchModel bench_vae, bench_flow, bench_flow_mnist; /* bench_dense.c */
extern BenchModel bench_ddpm, bench_ddpm28, bench_latent;  /* bench_unet.c */
extern BenchModel bench_transformer, bench_clip;           /* bench_transformer.c */
extern BenchModel bench_gan;                               /* bench_gan.c         */

extern BenchModel bench_wake_sleep, bench_rws, bench_rbm; /* bench_belief.c      */

/* NULL-terminated. */
extern BenchModel *const bench_models[];

#endif
