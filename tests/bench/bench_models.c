#include "bench/bench_models.h"

BenchModel *const bench_models[] = {&bench_vae,
                                    &bench_flow,
                                    &bench_flow_mnist,
                                    &bench_ddpm,
                                    &bench_ddpm28,
                                    &bench_latent,
                                    &bench_transformer,
                                    &bench_clip,
                                    &bench_wake_sleep,
                                    &bench_rws,
                                    &bench_rbm,
                                    &bench_gan,
                                    NULL};
