#include "bench/bench_models.h"

BenchModel *const bench_models[] = {&bench_vae, &bench_flow, &bench_transformer, &bench_clip, NULL};
