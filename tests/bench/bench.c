/* make bench: training steps a second of this library beside the same models in PyTorch (peers.py).
 *
 * Ours and theirs take turns in short bursts, each with 1 and with 2 threads, and the median burst
 * of the better thread count of each side is compared: on a shared machine a burst alone says
 * little, a pair more. GFLOP/s counts the multiply-adds of linear and convolution layers, twice,
 * and three times over for forward and backward; its share is of a 2048 x 2048 x 2048 matrix
 * product in the same process with the same threads. Generation (bench_generate.c) counts symbols.
 */
#include "bench/bench_generate.h"
#include "bench/bench_models.h"
#include "bench/bench_peer.h"
#include "support/fail.h"
#include "support/file.h"
#include "support/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = BENCH_ROUNDS, THREAD_COUNTS = BENCH_THREAD_COUNTS, WARM_UP = 20 };

static void one_step(BenchModel *model, Tape *tape, const real *data, Rng *noise)
{
    tape_reset(tape);
    params_bind(model->params, tape);
    Tensor *x = tensor_from(tape, 2, (int[]){model->batch, model->dims}, data);
    if (model->gradient != NULL)
        model->gradient(model, x, noise);
    else
        tape_backward(model->loss(model, x, noise));
    optimizer_update(model->optimizer, 1e-3);
}

static double steps_per_second(BenchModel *model, Tape *tape, const real *data, Rng *noise,
                               double seconds)
{
    size_t size = (size_t)model->batch * (size_t)model->dims;
    double start = profile_seconds(), spent;
    long steps = 0;
    for (; (spent = profile_seconds() - start) < seconds; steps++)
        one_step(model, tape, data + (size_t)(steps % BENCH_BATCHES) * size, noise);
    return (double)steps / spent;
}

/* GFLOP/s of a large matrix product. */
static double sgemm_rate(void)
{
    enum { N = 2048, TIMES = 5 };
    real *a = memory_new((size_t)N * N, sizeof *a), *b = memory_new((size_t)N * N, sizeof *b);
    real *c = memory_new((size_t)N * N, sizeof *c);
    Rng rng = rng_stream(1, "sgemm");
    double rate[TIMES];
    rng_normal(&rng, a, (size_t)N * N);
    rng_normal(&rng, b, (size_t)N * N);
    for (int i = -1; i < TIMES; i++) { /* the first is a warm-up */
        double start = profile_seconds();
        kernels_best()->gemm(&(Gemm){.m = N, .n = N, .k = N, .a = a, .b = b, .c = c});
        if (i >= 0)
            rate[i] = 2e-9 * N * N * N / (profile_seconds() - start);
    }
    free(a);
    free(b);
    free(c);
    return bench_median(rate, TIMES);
}

typedef struct Result {
    double ours, peer, share;
    int our_threads, peer_threads;
} Result;

static Result measure(BenchModel *model, bool with_peer)
{
    double ours[THREAD_COUNTS][ROUNDS], peer[THREAD_COUNTS][ROUNDS], sgemm[THREAD_COUNTS][ROUNDS];
    size_t size = (size_t)model->batch * (size_t)model->dims;
    real *data = memory_new(BENCH_BATCHES * size, sizeof *data);
    Tape *tape = tape_create(kernels_best());
    Rng rng = rng_stream(0, "bench"), noise = rng_stream(0, "noise");
    Result result = {0};
    model->params = params_create();
    model->create(model, &rng);
    model->optimizer = optimizer_create(model->params, optimizer_adam());
    rng_normal(&rng, data, BENCH_BATCHES * size);
    for (int i = 0; i < WARM_UP; i++)
        one_step(model, tape, data, &noise);
    size_t allocations = tape_allocations(tape);
    for (int r = 0; r < ROUNDS; r++)
        for (int t = 0; t < THREAD_COUNTS; t++) {
            kernels_set_threads(t + 1);
            sgemm[t][r] = sgemm_rate();
            ours[t][r] = steps_per_second(model, tape, data, &noise, BENCH_BURST);
            peer[t][r] = with_peer ? bench_peer_rate(model->name, t + 1) : 0;
        }
    if (tape_allocations(tape) != allocations)
        warn("%s: %zu allocations after the first step", model->name,
             tape_allocations(tape) - allocations);
    for (int t = 0; t < THREAD_COUNTS; t++) {
        double gflop = 6e-9 * model->multiply_adds * model->batch;
        double mine = bench_median(ours[t], ROUNDS), theirs = bench_median(peer[t], ROUNDS);
        if (mine > result.ours) {
            result.ours = mine;
            result.our_threads = t + 1;
            result.share = gflop * mine / bench_median(sgemm[t], ROUNDS);
        }
        if (theirs > result.peer) {
            result.peer = theirs;
            result.peer_threads = t + 1;
        }
    }
    if (model->destroy != NULL)
        model->destroy(model);
    optimizer_free(model->optimizer);
    params_free(model->params);
    tape_free(tape);
    free(data);
    return result;
}

static void add_row(cJSON *rows, const BenchModel *model, const Result *result)
{
    cJSON *row = cJSON_CreateObject();
    cJSON_AddStringToObject(row, "model", model->name);
    cJSON_AddNumberToObject(row, "steps_per_s", result->ours);
    if (result->peer > 0) {
        cJSON_AddNumberToObject(row, "peer_steps_per_s", result->peer);
        cJSON_AddNumberToObject(row, "ratio", result->ours / result->peer);
    } else {
        cJSON_AddNullToObject(row, "peer_steps_per_s");
        cJSON_AddNullToObject(row, "ratio");
    }
    cJSON_AddNumberToObject(row, "sgemm_share", result->share);
    cJSON_AddNumberToObject(row, "threads", result->our_threads);
    cJSON_AddNumberToObject(row, "peer_threads", result->peer_threads);
    cJSON_AddItemToArray(rows, row);
}

static _Noreturn void refuse_unknown(const char *name)
{
    char all[256] = "";
    for (int i = 0; bench_models[i] != NULL; i++) {
        size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, "%s, ", bench_models[i]->name);
    }
    refuse_usage("no benchmark model '%s'; there are %sgenerate", name, all);
}

int main(int argc, char **argv)
{
    const char *only = argc > 1 && argv[1][0] != '\0' ? argv[1] : NULL;
    bool with_peer = bench_peer_ready();
    cJSON *rows = cJSON_CreateArray();
    char kernels[200];
    int measured = 0;
    printf("%s\n", kernels_describe(kernels));
    if (!with_peer)
        printf("PyTorch is not there, so there is no ratio; get it with: apt-get install "
               "python3-torch "
               "libopenblas0-pthread\n");
    for (int i = 0; bench_models[i] != NULL; i++) {
        BenchModel *model = bench_models[i];
        if (only != NULL && strcmp(only, model->name) != 0)
            continue;
        Result result = measure(model, with_peer);
        measured++;
        printf("%-12s %8.1f steps/s (%d threads)  PyTorch %8.1f (%d threads)  ratio %5.2f  %3.0f "
               "%% of sgemm\n",
               model->name, result.ours, result.our_threads, result.peer, result.peer_threads,
               result.peer > 0 ? result.ours / result.peer : 0, 100 * result.share);
        fflush(stdout);
        add_row(rows, model, &result);
    }
    if (only == NULL || strcmp(only, "generate") == 0) {
        bench_generate(with_peer, rows);
        measured++;
    }
    if (measured == 0)
        refuse_unknown(only);
    const char *reason = file_write_json("bench.json", rows);
    cJSON_Delete(rows);
    if (reason != NULL)
        refuse("bench.json: not written: %s", reason);
    return 0;
}
