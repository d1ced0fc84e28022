/* Generation: symbols a second of the benchmark transformer with a cache, beside PyTorch with one
 * and without. */
#ifndef BENCH_GENERATE_H
#define BENCH_GENERATE_H

#include <cjson/cJSON.h>
#include <stdbool.h>

/* Batches of 1 and 16: prints a line and adds a row for each. */
void bench_generate(bool with_peer, cJSON *rows);

#endif
