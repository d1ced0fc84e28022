/* What the benchmarks share: bursts in turn, their medians, and PyTorch's side (peers.py). */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <stdbool.h>

enum { BENCH_ROUNDS = 5, BENCH_THREAD_COUNTS = 2 };

#define BENCH_BURST 1.5 /* seconds */

/* Of n numbers, at most BENCH_ROUNDS. */
double bench_median(const double *value, int n);

/* Whether PyTorch is there; readies the environment that it will see. */
bool bench_peer_ready(void);

/* One burst of the peer of that name in a process of its own, steps a second; 0 when it fails. */
double bench_peer_rate(const char *name, int threads);

#endif
