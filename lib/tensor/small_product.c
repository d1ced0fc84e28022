#include "tensor/small_product.h"

/* A tile of C that stays in registers. */
enum { TILE_ROWS = 4, TILE_COLUMNS = 16 };

static void full_tile(const SmallProduct *p, int i, int j)
{
    real sum[TILE_ROWS][TILE_COLUMNS] = {{0}};
    const real *restrict a = p->a + (size_t)i * p->a_row;
    const size_t a_row = p->a_row, a_column = p->a_column;
    for (int q = 0; q < p->k; q++) {
        const real *restrict b = p->b + (size_t)q * p->b_row + j;
        const real *restrict column = a + (size_t)q * a_column;
        for (int r = 0; r < TILE_ROWS; r++) {
            const real value = column[(size_t)r * a_row];
            for (int s = 0; s < TILE_COLUMNS; s++)
                sum[r][s] += value * b[s];
        }
    }
    for (int r = 0; r < TILE_ROWS; r++) {
        real *restrict c = p->c + (size_t)(i + r) * p->c_row + j;
        for (int s = 0; s < TILE_COLUMNS; s++)
            c[s] = (p->add ? c[s] : 0) + sum[r][s];
    }
}

/* What is left at the lower and right edges. */
static void part_tile(const SmallProduct *p, int i, int j, int rows, int columns)
{
    for (int r = i; r < i + rows; r++) {
        real sum[TILE_COLUMNS] = {0};
        for (int q = 0; q < p->k; q++) {
            const real value = p->a[(size_t)r * p->a_row + (size_t)q * p->a_column];
            const real *restrict b = p->b + (size_t)q * p->b_row + j;
            for (int s = 0; s < columns; s++)
                sum[s] += value * b[s];
        }
        real *restrict c = p->c + (size_t)r * p->c_row + j;
        for (int s = 0; s < columns; s++)
            c[s] = (p->add ? c[s] : 0) + sum[s];
    }
}

void small_product(const SmallProduct *p)
{
    for (int i = 0; i < p->m; i += TILE_ROWS)
        for (int j = 0; j < p->n; j += TILE_COLUMNS) {
            int rows = p->m - i < TILE_ROWS ? p->m - i : TILE_ROWS;
            int columns = p->n - j < TILE_COLUMNS ? p->n - j : TILE_COLUMNS;
            if (rows == TILE_ROWS && columns == TILE_COLUMNS)
                full_tile(p, i, j);
            else
                part_tile(p, i, j, rows, columns);
        }
}
