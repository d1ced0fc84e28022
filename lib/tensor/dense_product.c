#include "tensor/dense_product.h"

#if defined(__AVX2__) && defined(__FMA__) && !defined(__AVX512F__) && !defined(REAL_IS_DOUBLE)

#include <immintrin.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

/* The way of Goto and van de Geijn (2008), "Anatomy of high-performance matrix multiplication": a
 * tile of C stays in registers while a panel of B, copied so that it is read from front to back,
 * stays in the first cache and a block of rows of A in the second. (panel_product and
 * small_product, made for a few rows and for the heads of attention, take 8 to 25 % longer here:
 * their sums by lane leave the registers when terms are unrolled.)
 *
 * Twelve of the sixteen registers hold a tile: two units with a latency of four cycles want eight
 * sums at least. Of A^T B the block of A is copied too, its rows a little further apart: a multiple
 * of 2 KiB apart they would fall on the same few lines of the caches. */
enum {
    TILE_ROWS = 6,
    LANES = 8,
    PANEL = 2 * LANES,
    ROWS = 96,            /* of a block of A */
    APART = ROWS + PANEL, /* from row to row of its copy */
    TERMS = 512,          /* of a block at most */
    TERMS_TURNED = 128,   /* the same of A^T B */
    ROOM = 256 * 1024     /* numbers of B in panels */
};

/* C [rows, PANEL] (+)= A B over the terms of a panel, the steps in A being a_row and a_term. rows
 * is a constant where this is called: only then do the sums stay in registers. */
static inline __attribute__((always_inline)) void tile(int rows, int terms, const float *a,
                                                       size_t a_row, size_t a_term,
                                                       const float *panel, float *c, size_t c_row,
                                                       bool add)
{
    __m256 left[TILE_ROWS], right[TILE_ROWS];
#pragma GCC unroll 6
    for (int r = 0; r < TILE_ROWS; r++)
        left[r] = right[r] = _mm256_setzero_ps();
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++)
        __builtin_prefetch(c + (size_t)r * c_row, 1);
#pragma GCC unroll 2
    for (int k = 0; k < terms; k++, a += a_term, panel += PANEL) {
        const __m256 b0 = _mm256_loadu_ps(panel), b1 = _mm256_loadu_ps(panel + LANES);
#pragma GCC unroll 6
        for (int r = 0; r < rows; r++) {
            const __m256 factor = _mm256_set1_ps(a[(size_t)r * a_row]);
            left[r] = _mm256_fmadd_ps(factor, b0, left[r]);
            right[r] = _mm256_fmadd_ps(factor, b1, right[r]);
        }
    }
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++, c += c_row) {
        if (add) {
            left[r] = _mm256_add_ps(left[r], _mm256_loadu_ps(c));
            right[r] = _mm256_add_ps(right[r], _mm256_loadu_ps(c + LANES));
        }
        _mm256_storeu_ps(c, left[r]);
        _mm256_storeu_ps(c + LANES, right[r]);
    }
}

/* Most tiles by far are one of these two. Arguments come in registers: a structure that is written
 * and read again for each tile takes a twentieth of the time. */
static __attribute__((noinline)) void tile_whole(int terms, const float *a, size_t a_row,
                                                 size_t a_term, const float *panel, float *c,
                                                 size_t c_row, bool add)
{
    tile(TILE_ROWS, terms, a, a_row, a_term, panel, c, c_row, add);
}

static __attribute__((noinline)) void tile_whole_terms_adjacent(int terms, const float *a,
                                                                size_t a_row, const float *panel,
                                                                float *c, size_t c_row, bool add)
{
    tile(TILE_ROWS, terms, a, a_row, 1, panel, c, c_row, add);
}

static __attribute__((noinline)) void tile_part(int rows, int terms, const float *a, size_t a_row,
                                                size_t a_term, const float *panel, float *c,
                                                size_t c_row, bool add)
{
    switch (rows) {
    case 1:
        tile(1, terms, a, a_row, a_term, panel, c, c_row, add);
        break;
    case 2:
        tile(2, terms, a, a_row, a_term, panel, c, c_row, add);
        break;
    case 3:
        tile(3, terms, a, a_row, a_term, panel, c, c_row, add);
        break;
    case 4:
        tile(4, terms, a, a_row, a_term, panel, c, c_row, add);
        break;
    default:
        tile(5, terms, a, a_row, a_term, panel, c, c_row, add);
        break;
    }
}

/* A block of rows of A and where its products go: C (+)= A B. */
typedef struct Block {
    int rows, terms;
    const float *a;
    size_t a_row, a_term;
    float *c;
    size_t c_row;
    bool add;
} Block;

/* One panel. */
static void block_panel(const Block *b, const float *panel, float *c, size_t c_row, bool add)
{
    const float *a = b->a;
    int rows = b->rows;
    for (; rows >= TILE_ROWS; rows -= TILE_ROWS) {
        if (b->a_term == 1)
            tile_whole_terms_adjacent(b->terms, a, b->a_row, panel, c, c_row, add);
        else
            tile_whole(b->terms, a, b->a_row, b->a_term, panel, c, c_row, add);
        a += TILE_ROWS * b->a_row;
        c += TILE_ROWS * c_row;
    }
    if (rows > 0)
        tile_part(rows, b->terms, a, b->a_row, b->a_term, panel, c, c_row, add);
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* All panels; the columns of the last may be fewer. */
static void block_product(const Block *b, int columns, const float *panel, size_t panel_size)
{
    int j = 0;
    for (; j + PANEL <= columns; j += PANEL, panel += panel_size)
        block_panel(b, panel, b->c + j, b->c_row, b->add);
    if (j < columns) {
        float y[ROWS * PANEL];
        block_panel(b, panel, y, PANEL, false);
        for (int r = 0; r < b->rows; r++)
            for (int l = 0; l < columns - j; l++) {
                float *to = b->c + (size_t)r * b->c_row + j + l;
                *to = (b->add ? *to : 0) + y[r * PANEL + l];
            }
    }
}

/* B [terms, columns], rows `row` apart, to panels [term][PANEL]; zeros fill up the last. */
static void pack(const float *b, size_t row, int terms, int columns, float *panel, size_t size)
{
    for (int k = 0; k < terms; k++, b += row, panel += PANEL) {
        float *to = panel;
        int j = 0;
        for (; j + PANEL <= columns; j += PANEL, to += size)
            memcpy(to, b + j, PANEL * sizeof *to);
        for (int l = 0; j < columns && l < PANEL; l++)
            to[l] = j + l < columns ? b[j + l] : 0;
    }
}

/* Eight columns of eight terms: `from` holds a column in each row. */
static void turn(const float *from, size_t row, float *to)
{
    __m256 a[LANES], b[LANES];
#pragma GCC unroll 8
    for (int i = 0; i < LANES; i++)
        a[i] = _mm256_loadu_ps(from + (size_t)i * row);
#pragma GCC unroll 4
    for (int i = 0; i < LANES; i += 2) {
        b[i] = _mm256_unpacklo_ps(a[i], a[i + 1]);
        b[i + 1] = _mm256_unpackhi_ps(a[i], a[i + 1]);
    }
#pragma GCC unroll 2
    for (int i = 0; i < LANES; i += 4) {
        a[i] = _mm256_shuffle_ps(b[i], b[i + 2], 0x44);
        a[i + 1] = _mm256_shuffle_ps(b[i], b[i + 2], 0xee);
        a[i + 2] = _mm256_shuffle_ps(b[i + 1], b[i + 3], 0x44);
        a[i + 3] = _mm256_shuffle_ps(b[i + 1], b[i + 3], 0xee);
    }
#pragma GCC unroll 4
    for (int i = 0; i < LANES / 2; i++) {
        _mm256_storeu_ps(to + i * PANEL, _mm256_permute2f128_ps(a[i], a[i + 4], 0x20));
        _mm256_storeu_ps(to + (i + 4) * PANEL, _mm256_permute2f128_ps(a[i], a[i + 4], 0x31));
    }
}

/* The same of B^T: B [columns, terms]. */
static void pack_turned(const float *b, size_t row, int terms, int columns, float *panel,
                        size_t size)
{
    for (; columns > 0; columns -= PANEL, b += PANEL * row, panel += size) {
        int k = 0;
        for (; columns >= PANEL && k + LANES <= terms; k += LANES)
            for (int j = 0; j < PANEL; j += LANES)
                turn(b + (size_t)j * row + k, row, panel + (size_t)k * PANEL + j);
        for (; k < terms; k++)
            for (int j = 0; j < PANEL; j++)
                panel[(size_t)k * PANEL + (size_t)j] =
                    j < columns ? b[(size_t)j * row + (size_t)k] : 0;
    }
}

/* Rows and columns of C from .. to-1. */
typedef struct Part {
    int row, row_to, column, column_to;
} Part;

/* All rows of a part: `terms` of them from k on, `columns` from j on. */
static void rows_of_part(const Gemm *g, const Part *part, int k, int terms, int j, int columns,
                         const float *panel, size_t panel_size)
{
    _Alignas(64) float copy[TERMS_TURNED * APART];
    for (int i = part->row; i < part->row_to; i += ROWS) {
        Block b = {.rows = least(ROWS, part->row_to - i),
                   .terms = terms,
                   .c = g->c + (size_t)i * (size_t)g->n + j,
                   .c_row = (size_t)g->n,
                   .add = g->add || k > 0};
        if (g->transpose_a) {
            const float *a = g->a + (size_t)k * (size_t)g->m + i;
            for (int q = 0; q < terms; q++, a += g->m)
                memcpy(copy + (size_t)q * APART, a, (size_t)b.rows * sizeof *copy);
            b.a = copy;
            b.a_row = 1;
            b.a_term = APART;
        } else {
            b.a = g->a + (size_t)i * (size_t)g->k + k;
            b.a_row = (size_t)g->k;
            b.a_term = 1;
        }
        block_product(&b, columns, panel, panel_size);
    }
}

static void product_of_part(const Gemm *g, Part part)
{
    _Alignas(64) float room[ROOM];
    const int most = g->transpose_a ? TERMS_TURNED : TERMS, blocks = (g->k + most - 1) / most;
    const int each = (g->k + blocks - 1) / blocks;
    /* A term more than a panel holds, so that panels don't fall on the same lines either. */
    const size_t size = (size_t)(each + 1) * PANEL;
    const int many = (int)(ROOM / size) * PANEL;
    for (int j = part.column; j < part.column_to; j += many)
        for (int k = 0; k < g->k; k += each) {
            const int columns = least(many, part.column_to - j), terms = least(each, g->k - k);
            if (g->transpose_b)
                pack_turned(g->b + (size_t)j * (size_t)g->k + k, (size_t)g->k, terms, columns, room,
                            size);
            else
                pack(g->b + (size_t)k * (size_t)g->n + j, (size_t)g->n, terms, columns, room, size);
            rows_of_part(g, &part, k, terms, j, columns, room, size);
        }
}

/* Where part `i` of `parts` of `size` begins, in whole units. */
static int begin_of(int i, int parts, int size, int unit)
{
    const int units = (size + unit - 1) / unit;
    return least(size, units * i / parts * unit);
}

/* The threads in a grid over C whose parts have the least sides: of two each takes half of the
 * longer side. All make the panels of their own columns, so that none waits for another. */
static Part part_of(const Gemm *g, int thread, int threads)
{
    int across = 1;
    for (int c = 2; c <= threads; c++)
        if (threads % c == 0 && (double)g->m * c + (double)g->n * (threads / c) <
                                    (double)g->m * across + (double)g->n * (threads / across))
            across = c;
    const int down = threads / across, row = thread / across, column = thread % across;
    return (Part){begin_of(row, down, g->m, TILE_ROWS), begin_of(row + 1, down, g->m, TILE_ROWS),
                  begin_of(column, across, g->n, PANEL), begin_of(column + 1, across, g->n, PANEL)};
}

/* Where this was measured to be faster than oneDNN: copies of B serve rows enough, and of A^T B the
 * rows of A or of B clash in the caches. */
bool dense_product_serves(const Gemm *g)
{
    if (g->m < 64 || g->n < 64 || g->k < 16)
        return false;
    return g->transpose_a ? g->m % 128 == 0 || g->n % 128 == 0 : g->m >= 192;
}

void dense_product(const Gemm *g)
{
#pragma omp parallel
    {
        int threads = 1, thread = 0;
#ifdef _OPENMP
        threads = omp_get_num_threads();
        thread = omp_get_thread_num();
#endif
        product_of_part(g, part_of(g, thread, threads));
    }
}

#else

bool dense_product_serves(const Gemm *g)
{
    (void)g;
    return false;
}

void dense_product(const Gemm *g)
{
    (void)g;
}

#endif
