#include "bench/bench_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(const double *value, int n)
{
    double sorted[BENCH_ROUNDS];
    memcpy(sorted, value, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, ascending);
    return n % 2 != 0 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

/* What PyTorch's OpenBLAS is to take this processor for: Debian's may not know a new one, and then
 * runs SSE3 code. The environment's OPENBLAS_CORETYPE goes first; NULL leaves it alone. */
static const char *openblas_core(void)
{
    const char *chosen = getenv("OPENBLAS_CORETYPE");
    if (chosen != NULL)
        return chosen;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f"))
        return "SkylakeX";
    if (__builtin_cpu_supports("avx2"))
        return __builtin_cpu_is("amd") ? "Zen" : "Haswell";
#endif
    return NULL;
}

bool bench_peer_ready(void)
{
    if (openblas_core() !=
        NULL) /* for the peers, which inherit it; this process has read its own */
        setenv("OPENBLAS_CORETYPE", openblas_core(), 1);
    return system("/usr/bin/env PATH=/usr/bin:$PATH python3 -c 'import torch' 2>/dev/null") == 0;
}

double bench_peer_rate(const char *name, int threads)
{
    char command[256], line[256];
    double rate = 0;
    snprintf(command, sizeof command, "%s tests/bench/peers.py --threads %d --seconds %.1f %s",
             access("/usr/bin/python3", X_OK) == 0 ? "/usr/bin/python3" : "python3", threads,
             BENCH_BURST, name);
    FILE *peer = popen(command, "r");
    if (peer == NULL)
        return 0;
    while (fgets(line, sizeof line, peer) != NULL)
        if (strncmp(line, name, strlen(name)) == 0)
            rate = strtod(line + strlen(name), NULL);
    return pclose(peer) == 0 ? rate : 0;
}
