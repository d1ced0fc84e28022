#include "tensor/small_product.h"

#include "support/vecmath.h"

/* A tile of C that stays in registers: 12 of 8 numbers, or 6 of 16. The vectors are the compiler's
 * own type, since neither gcc nor clang keeps an array of sums in registers. */
#ifdef __AVX512F__
enum { VECTOR_BYTES = 64 };
#else
enum { VECTOR_BYTES = 32 };
#endif
enum {
    TILE_ROWS = 6,
    TILE_COLUMNS = 16,
    LANES = VECTOR_BYTES / sizeof(real),
    PARTS = TILE_COLUMNS / LANES
};

typedef real Lanes __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(real)), may_alias));

/* sum + a b. By value, and with loops that are unrolled: an array whose elements are reached
 * through pointers gcc keeps in memory. */
static inline __attribute__((always_inline)) Lanes add_product(real a, Lanes b, Lanes sum)
{
    for (int l = 0; l < LANES; l++)
        sum[l] = vec_fma(a, b[l], sum[l]);
    return sum;
}

/* Rows i .. of C and what they are made of: terms from .. to-1. */
typedef struct Band {
    int i, rows, from, to;
} Band;

/* rows is a constant where this is called, so that the loops over it are unrolled. */
static inline __attribute__((always_inline)) void full_tile(const SmallProduct *p, Band band, int j,
                                                            int rows)
{
    Lanes sum[TILE_ROWS][PARTS];
#pragma GCC unroll 6
    for (int r = 0; r < TILE_ROWS; r++)
#pragma GCC unroll 4
        for (int s = 0; s < PARTS; s++)
            sum[r][s] = (Lanes){0};
    const size_t a_row = p->a_row, a_column = p->a_column, b_row = p->b_row;
    const real *a = p->a + (size_t)band.i * a_row + (size_t)band.from * a_column;
    const real *b = p->b + (size_t)band.from * b_row + j;
    for (int q = band.from; q < band.to; q++, a += a_column, b += b_row) {
        Lanes row[PARTS];
        for (int s = 0; s < PARTS; s++)
            row[s] = *(const Lanes *)(b + s * LANES);
#pragma GCC unroll 6
        for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
            for (int s = 0; s < PARTS; s++)
                sum[r][s] = add_product(a[(size_t)r * a_row], row[s], sum[r][s]);
    }
    const size_t c_row = p->c_row;
    const bool add = p->add;
    real *c = p->c + (size_t)band.i * c_row + j;
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++, c += c_row)
#pragma GCC unroll 4
        for (int s = 0; s < PARTS; s++) {
            Lanes *to = (Lanes *)(c + s * LANES);
            if (add)
                sum[r][s] += *to;
            *to = sum[r][s];
        }
}

static void full_tile_any(const SmallProduct *p, Band band, int j)
{
    switch (band.rows) {
    case 1:
        full_tile(p, band, j, 1);
        break;
    case 2:
        full_tile(p, band, j, 2);
        break;
    case 3:
        full_tile(p, band, j, 3);
        break;
    case 4:
        full_tile(p, band, j, 4);
        break;
    case 5:
        full_tile(p, band, j, 5);
        break;
    default:
        full_tile(p, band, j, TILE_ROWS);
        break;
    }
}

/* What is left at the right edge. */
static void part_tile(const SmallProduct *p, Band band, int j, int columns)
{
    for (int r = band.i; r < band.i + band.rows; r++) {
        real sum[TILE_COLUMNS] = {0};
        for (int q = band.from; q < band.to; q++) {
            const real value = p->a[(size_t)r * p->a_row + (size_t)q * p->a_column];
            const real *restrict b = p->b + (size_t)q * p->b_row + j;
            for (int s = 0; s < columns; s++)
                sum[s] = vec_fma(value, b[s], sum[s]);
        }
        real *restrict c = p->c + (size_t)r * p->c_row + j;
        for (int s = 0; s < columns; s++)
            c[s] = (p->add ? c[s] : 0) + sum[s];
    }
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

void small_product(const SmallProduct *p)
{
    for (int i = 0; i < p->m; i += TILE_ROWS) {
        Band band = {i, least(TILE_ROWS, p->m - i), 0, p->k};
        int diagonal = i + band.rows, end = p->n;
        if (p->triangle == TRIANGLE_LOWER_RESULT)
            end = least(end, diagonal);
        if (p->triangle == TRIANGLE_LOWER_A)
            band.to = least(p->k, diagonal);
        if (p->triangle == TRIANGLE_UPPER_A)
            band.from = least(p->k, i);
        for (int j = 0; j < end; j += TILE_COLUMNS) {
            if (p->n - j >= TILE_COLUMNS)
                full_tile_any(p, band, j);
            else
                part_tile(p, band, j, p->n - j);
        }
    }
}
