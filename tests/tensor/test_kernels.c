/* The kernel tables: the portable one against three plain loops in double, the fast one against the
 * portable one, over every combination of transposes and of adding. The bound on an entry of a
 * product of float matrices is gamma_k sum |a||b| with gamma_k about k eps / 2, in any order of
 * adding. Source: Higham (2002), "Accuracy and Stability of Numerical Algorithms", sec. 3.5. */
#include "harness/suite.h"
#include "support/memory.h"
#include "support/rng.h"
#include "tensor/dense_product.h"
#include "tensor/kernels.h"
#include "tensor/tape.h"

#include <float.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ABORTED = 128 + SIGABRT };
enum { LARGEST = 70, ROOM = LARGEST * LARGEST + 1 };

static const real fence = (real)12345.5;

typedef struct Case {
    real a[ROOM], b[ROOM], start[ROOM], portable[ROOM], best[ROOM];
    double exact[ROOM], bound[ROOM];
} Case;

static double at(const real *matrix, bool transposed, int rows, int columns, int i, int j)
{
    return (double)(transposed ? matrix[j * rows + i] : matrix[i * columns + j]);
}

/* The oracle, and how far a float product may be from it. */
static void plain_loops(Case *c, Gemm g)
{
    for (int i = 0; i < g.m; i++)
        for (int j = 0; j < g.n; j++) {
            double start = g.add ? (double)c->start[i * g.n + j] : 0;
            double sum = start, magnitude = fabs(start);
            for (int k = 0; k < g.k; k++) {
                double term =
                    at(g.a, g.transpose_a, g.m, g.k, i, k) * at(g.b, g.transpose_b, g.k, g.n, k, j);
                sum += term;
                magnitude += fabs(term);
            }
            c->exact[i * g.n + j] = sum;
            c->bound[i * g.n + j] = (g.k + 2) * (double)FLT_EPSILON / 2 * magnitude;
        }
}

/* The product into c; what is not added to holds NaN before. False when it wrote behind the end. */
static bool product(const Kernels *kernels, const Case *from, Gemm g, real *c)
{
    int size = g.m * g.n;
    for (int i = 0; i < size; i++)
        c[i] = g.add ? from->start[i] : NAN;
    c[size] = fence;
    g.c = c;
    kernels->gemm(&g);
    return c[size] == fence;
}

/* Entries that are out of bounds, over the eight combinations for one size. */
static int wrong_entries(Case *c, int m, int n, int k)
{
    int wrong = 0;
    for (int kind = 0; kind < 8; kind++) {
        Gemm g = {m, n, k, c->a, c->b, NULL, kind & 1, kind & 2, kind & 4};
        plain_loops(c, g);
        wrong += !product(&kernels_portable, c, g, c->portable);
        wrong += !product(kernels_best(), c, g, c->best);
        for (int i = 0; i < m * n; i++) {
            wrong += !(fabs((double)c->portable[i] - c->exact[i]) <= c->bound[i]);
            wrong += !(fabs((double)c->best[i] - (double)c->portable[i]) <= 2 * c->bound[i]);
        }
    }
    if (wrong > 0)
        printf("\n    [%d, %d] x [%d, %d]: %d entries wrong\n", m, k, k, n, wrong);
    return wrong;
}

static void test_gemm(void)
{
    static const int size[] = {1, 2, 3, 7, 17, 31, 64, 67, 70};
    enum { SIZES = sizeof size / sizeof *size };
    Case c;
    Rng rng = rng_stream(1, "gemm");
    rng_normal(&rng, c.a, ROOM);
    rng_normal(&rng, c.b, ROOM);
    rng_normal(&rng, c.start, ROOM);
    int wrong = 0;
    for (int m = 0; m < SIZES; m++)
        for (int n = 0; n < SIZES; n++)
            for (int k = 0; k < SIZES; k++)
                wrong += wrong_entries(&c, size[m], size[n], size[k]);
    CU_ASSERT_EQUAL(wrong, 0);
}

/* A product by both tables, the fast one with one thread and with more. */
static int wrong_in_layer(Gemm g, const real *start, real *const c[4])
{
    static const int threads[4] = {1, 1, 2, 4};
    const size_t bytes = (size_t)g.m * (size_t)g.n * sizeof **c;
    int wrong = 0;
    for (int i = 0; i < 4; i++) {
        memcpy(c[i], start, bytes);
        c[i][g.m * g.n] = fence;
        kernels_set_threads(threads[i]);
        g.c = c[i];
        (i == 0 ? &kernels_portable : kernels_best())->gemm(&g);
        wrong += c[i][g.m * g.n] != fence;
    }
    /* two float products of normal numbers: 2 gamma_k sum |a||b|, which is about 0.64 k */
    const double bound = 2.0 * (g.k + 2) * (double)FLT_EPSILON / 2 * (0.64 * g.k + 40);
    for (int i = 0; i < g.m * g.n; i++)
        wrong += !(fabs((double)c[1][i] - (double)c[0][i]) <= bound);
    if (dense_product_serves(&g)) /* others may add in another order */
        wrong += memcmp(c[1], c[2], bytes) != 0 || memcmp(c[1], c[3], bytes) != 0;
    if (wrong > 0)
        printf("\n    [%d, %d] x [%d, %d], transposes %d %d, add %d: %d wrong\n", g.m, g.k, g.k,
               g.n, g.transpose_a, g.transpose_b, g.add, wrong);
    return wrong;
}

/* Sizes of layers, which have a kernel of their own in some builds: its smallest, rows and columns
 * that are not whole tiles and panels, terms that are several blocks, and columns that are more
 * than it copies at once. */
static void test_layers(void)
{
    static const int size[][3] = {{192, 64, 16},  {197, 77, 40},   {192, 520, 512}, {197, 66, 1030},
                                  {64, 128, 100}, {128, 150, 263}, {512, 70, 97},   {384, 130, 96}};
    enum { MOST = 520 * 512 };
    real *a = memory_new(MOST, sizeof *a), *b = memory_new(MOST, sizeof *b);
    real *start = memory_new(MOST, sizeof *start), *c[4];
    for (int i = 0; i < 4; i++)
        c[i] = memory_new(MOST + 1, sizeof **c);
    const int threads = kernels_threads();
    Rng rng = rng_stream(2, "gemm");
    rng_normal(&rng, a, MOST);
    rng_normal(&rng, b, MOST);
    rng_normal(&rng, start, MOST);
    int wrong = 0;
    for (size_t s = 0; s < sizeof size / sizeof *size; s++)
        for (int kind = 0; kind < 8; kind++) {
            const int m = size[s][0], n = size[s][1], k = size[s][2];
            wrong +=
                wrong_in_layer((Gemm){m, n, k, a, b, NULL, kind & 1, kind & 2, kind & 4}, start, c);
        }
    CU_ASSERT_EQUAL(wrong, 0);
    kernels_set_threads(threads);
    for (int i = 0; i < 4; i++)
        free(c[i]);
    free(a);
    free(b);
    free(start);
}

/* The oracle itself on a product that one can do in the head: [1 2; 3 4] [5 6; 7 8]. */
static void test_by_hand(void)
{
    const real a[4] = {1, 2, 3, 4}, b[4] = {5, 6, 7, 8};
    static const real want[4][4] = {
        {19, 22, 43, 50}, {26, 30, 38, 44}, {17, 23, 39, 53}, {23, 31, 34, 46}};
    const Kernels *table[2] = {&kernels_portable, kernels_best()};
    for (int t = 0; t < 2; t++)
        for (int kind = 0; kind < 8; kind++) {
            real c[4] = {1, 1, 1, 1};
            bool added = kind & 4;
            Gemm g = {2, 2, 2, a, b, c, kind & 1, kind & 2, added};
            table[t]->gemm(&g);
            for (int i = 0; i < 4; i++)
                CU_ASSERT_EQUAL(c[i], want[kind & 3][i] + (added ? 1 : 0));
        }
}

static void test_tables(void)
{
    const Kernels *best = kernels_best();
    if (best == &kernels_portable) {
        CU_PASS("this build has no oneDNN: the portable kernels are the best, and are compared "
                "with the plain loops alone");
    } else {
        CU_ASSERT(strcmp(best->name, kernels_portable.name) != 0);
    }
    Tape *tape = tape_create(best);
    CU_ASSERT(tape_kernels(tape) == best);
    tape_free(tape);
    char text[200];
    CU_ASSERT(strncmp(kernels_describe(text), best->name, strlen(best->name)) == 0);
}

static void no_threads(void *context)
{
    (void)context;
    kernels_set_threads(0);
}

static void test_threads(void)
{
    int threads = kernels_threads();
    CU_ASSERT(threads >= 1);
    kernels_set_threads(1);
    CU_ASSERT_EQUAL(kernels_threads(), 1);
    char text[200];
    CU_ASSERT(strstr(kernels_describe(text), "1 thread") != NULL);
    CU_ASSERT(strstr(text, "1 threads") == NULL);
    kernels_set_threads(threads);
    CU_ASSERT_EQUAL(kernels_threads(), threads);
    ChildResult result = child_run(no_threads, NULL);
    CU_ASSERT(child_said(&result, ABORTED, "error: kernels_set_threads: 0 threads; at least 1\n"));
}

const Suite suite = {"tensor/kernels",
                     {{"a product by hand", test_by_hand},
                      {"products of odd sizes", test_gemm},
                      {"products of layers", test_layers},
                      {"the tables", test_tables},
                      {"threads", test_threads},
                      {NULL, NULL}}};
