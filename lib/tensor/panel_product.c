#include "tensor/panel_product.h"

#include "support/vecmath.h"

/* A tile of Y stays in registers: so many rows of a panel, or fewer rows of several panels, since
 * two units with a latency of four cycles want eight sums at least. */
enum { TILE_ROWS = 6, TILE_STRIPS = 6 };

typedef real Lanes
    __attribute__((vector_size(PANEL_VECTOR_BYTES), aligned(sizeof(real)), may_alias));

void panel_pack(const real *a, size_t a_row, size_t a_column, int terms, int columns, real *panel)
{
    for (int j = 0; j < panels_of(columns) * PANEL; j++)
        for (int k = 0; k < terms; k++) {
            size_t at = ((size_t)(j / PANEL) * (size_t)terms + (size_t)k) * PANEL + j % PANEL;
            panel[at] = j < columns ? a[(size_t)k * a_row + (size_t)j * a_column] : 0;
        }
}

/* What a tile has in one row and one panel. */
typedef struct Strip {
    Lanes left, right;
} __attribute__((may_alias)) Strip;

/* Up to TILE_STRIPS strips, panels first: strip i is of row i / panels and panel i % panels. */
typedef struct Tile {
    int strips, panels;
    const real *x, *a, *start;
    real *y;
    size_t x_row, panel_size, matrix_size, y_row;
    bool own, once, add;
} Tile;

/* sum += x a, number by number as vec_fma does it: of four lanes gcc unrolls the loop, and makes no
 * vector of it again. */
static inline __attribute__((always_inline)) void add_product(real x, const Lanes *a, Lanes *sum)
{
#ifdef __FMA__
    for (int l = 0; l < PANEL_LANES; l++)
        (*sum)[l] = vec_fma(x, (*a)[l], (*sum)[l]);
#else
    *sum += x * *a;
#endif
}

/* The functions on a strip do nothing where the tile has fewer. */
static inline __attribute__((always_inline)) Strip strip_start(const Tile *t, int i)
{
    if (i >= t->strips || t->start == NULL)
        return (Strip){{0}, {0}};
    const real *start = t->start + i % t->panels * PANEL;
    return (Strip){*(const Lanes *)start, *(const Lanes *)(start + PANEL_LANES)};
}

/* The next term of panel i; of strip i where rows have matrices of their own. Of four rows gcc
 * would read it anew for each, which takes a third longer, if it were not told to read once. */
static inline __attribute__((always_inline)) void strip_load(const Tile *t, int i, Strip *a)
{
    if (i >= (t->own ? t->strips : t->panels))
        return;
    const Lanes *from = (const Lanes *)(t->a + (size_t)(i / t->panels) * t->matrix_size +
                                        (size_t)(i % t->panels) * t->panel_size);
    if (t->once) {
        a->left = ((const volatile Lanes *)from)[0];
        a->right = ((const volatile Lanes *)from)[1];
        return;
    }
    a->left = from[0];
    a->right = from[1];
}

/* sum += x a */
static inline __attribute__((always_inline)) void strip_add(const Tile *t, int i, const Strip *a,
                                                            Strip *sum)
{
    if (i >= t->strips)
        return;
    const real x = t->x[(size_t)(i / t->panels) * t->x_row];
    const Strip *factor = &a[t->own ? i : i % t->panels];
    add_product(x, &factor->left, &sum->left);
    add_product(x, &factor->right, &sum->right);
}

static inline __attribute__((always_inline)) void strip_put(const Tile *t, int i, const Strip *sum)
{
    if (i >= t->strips)
        return;
    real *y = t->y + (size_t)(i / t->panels) * t->y_row + i % t->panels * PANEL;
    Lanes *left = (Lanes *)y, *right = (Lanes *)(y + PANEL_LANES);
    if (t->add) {
        *left += sum->left;
        *right += sum->right;
    } else {
        *left = sum->left;
        *right = sum->right;
    }
}

/* The next term of all strips, written one by one: clang keeps an array that a loop runs over in
 * memory. */
static inline __attribute__((always_inline)) void tile_term(Tile *t, Strip sum[TILE_STRIPS])
{
    Strip a[TILE_STRIPS];
    strip_load(t, 0, &a[0]);
    strip_load(t, 1, &a[1]);
    strip_load(t, 2, &a[2]);
    strip_load(t, 3, &a[3]);
    strip_load(t, 4, &a[4]);
    strip_load(t, 5, &a[5]);
    strip_add(t, 0, a, &sum[0]);
    strip_add(t, 1, a, &sum[1]);
    strip_add(t, 2, a, &sum[2]);
    strip_add(t, 3, a, &sum[3]);
    strip_add(t, 4, a, &sum[4]);
    strip_add(t, 5, a, &sum[5]);
    t->x++;
    t->a += PANEL;
}

/* Rows from `row` on, panels from `panel` on; the counts are constants where this is called. Two
 * terms a turn of the loop: half of its overhead, a tenth of the time where another program shares
 * the core; but where the sums are most, registers run short. */
static inline __attribute__((always_inline)) int tile(const PanelProduct *p, int row, int panel,
                                                      int rows, int panels, bool own)
{
    Tile t = {.strips = rows * panels,
              .panels = panels,
              .x = p->x + (size_t)row * p->x_row,
              .a = p->panel + (size_t)row * p->matrix_size + (size_t)panel * p->panel_size,
              .start = p->start == NULL ? NULL : p->start + panel * PANEL,
              .y = p->y + (size_t)row * p->y_row + panel * PANEL,
              .x_row = p->x_row,
              .panel_size = p->panel_size,
              .matrix_size = p->matrix_size,
              .y_row = p->y_row,
              .own = own,
              .once = rows == 4,
              .add = p->add};
    Strip sum[TILE_STRIPS];
    for (int i = 0; i < TILE_STRIPS; i++)
        sum[i] = strip_start(&t, i);
    if (t.strips < TILE_STRIPS) {
#pragma GCC unroll 2
        for (int k = 0; k < p->terms; k++)
            tile_term(&t, sum);
    } else {
        for (int k = 0; k < p->terms; k++)
            tile_term(&t, sum);
    }
    for (int i = 0; i < TILE_STRIPS; i++)
        strip_put(&t, i, &sum[i]);
    return panels;
}

/* Rows that the next tiles take of those left: of even parts the largest, but of seven five, since
 * three are slower than two. */
static int tile_rows(int left)
{
    const int parts = (left + TILE_ROWS - 1) / TILE_ROWS;
    return left == 7 ? 5 : (left + parts - 1) / parts;
}

/* So many rows of one panel, or of `many` when the rows are few; returns how many. */
static int tile_any(const PanelProduct *p, int row, int panel, int rows, int many)
{
    switch (rows) {
    case 1:
        if (many >= 3)
            return many >= 4 ? tile(p, row, panel, 1, 4, false) : tile(p, row, panel, 1, 3, false);
        return many >= 2 ? tile(p, row, panel, 1, 2, false) : tile(p, row, panel, 1, 1, false);
    case 2:
        return many >= 2 ? tile(p, row, panel, 2, 2, false) : tile(p, row, panel, 2, 1, false);
    case 3:
        return many >= 2 ? tile(p, row, panel, 3, 2, false) : tile(p, row, panel, 3, 1, false);
    case 4:
        return tile(p, row, panel, 4, 1, false);
    case 5:
        return tile(p, row, panel, 5, 1, false);
    default:
        return tile(p, row, panel, TILE_ROWS, 1, false);
    }
}

/* The same of two rows with matrices of their own. */
static int tile_own(const PanelProduct *p, int row, int panel, int many)
{
    if (many >= 3)
        return tile(p, row, panel, 2, 3, true);
    return many >= 2 ? tile(p, row, panel, 2, 2, true) : tile(p, row, panel, 2, 1, true);
}

/* Two rows at a time, so that there are sums enough. */
static void product_own(const PanelProduct *p)
{
    for (int row = 0; row < p->rows; row += 2)
        for (int panel = 0; panel < p->panels;)
            panel += row + 1 < p->rows ? tile_own(p, row, panel, p->panels - panel)
                                       : tile_any(p, row, panel, 1, p->panels - panel);
}

/* Panels a few at a time, each used by all rows while it is near. */
void panel_product(const PanelProduct *p)
{
    if (p->matrix_size != 0) {
        product_own(p);
        return;
    }
    const int most = p->rows == 1 ? 4 : 2;
    for (int from = 0; from < p->panels; from += most) {
        int to = from + most < p->panels ? from + most : p->panels;
        for (int row = 0, rows; row < p->rows; row += rows) {
            rows = tile_rows(p->rows - row);
            for (int panel = from; panel < to;)
                panel += tile_any(p, row, panel, rows, to - panel);
        }
    }
}
