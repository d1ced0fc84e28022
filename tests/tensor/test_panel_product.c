/* Products with a matrix in panels: each element is a chain of multiply-adds in ascending order, to
 * the bit, for every way to cut rows and panels into tiles. */
#include "harness/suite.h"
#include "support/memory.h"
#include "support/rng.h"
#include "support/vecmath.h"
#include "tensor/panel_product.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_ROWS = 14, MOST_PANELS = 7, TERMS = 19, GAP = 3 };
enum { COLUMNS = MOST_PANELS * PANEL, X_ROW = TERMS + GAP, Y_ROW = COLUMNS + GAP };

typedef struct Case {
    real *a;     /* [MOST_ROWS][TERMS, COLUMNS]: the matrix of each row             */
    real *panel; /* the same in panels                                              */
    real *x, *start;
    real *y, *wanted; /* [MOST_ROWS, Y_ROW]                                         */
} Case;

static Case case_make(void)
{
    const size_t matrix = (size_t)TERMS * COLUMNS;
    Rng rng = rng_stream(1, "panels");
    Case c = {
        memory_new(MOST_ROWS * matrix, sizeof(real)), memory_new(MOST_ROWS * matrix, sizeof(real)),
        memory_new(MOST_ROWS * X_ROW, sizeof(real)),  memory_new(COLUMNS, sizeof(real)),
        memory_new(MOST_ROWS * Y_ROW, sizeof(real)),  memory_new(MOST_ROWS * Y_ROW, sizeof(real))};
    rng_normal(&rng, c.a, MOST_ROWS * matrix);
    rng_normal(&rng, c.x, MOST_ROWS * X_ROW);
    rng_normal(&rng, c.start, COLUMNS);
    for (int r = 0; r < MOST_ROWS; r++)
        panel_pack(c.a + (size_t)r * matrix, COLUMNS, 1, TERMS, COLUMNS,
                   c.panel + (size_t)r * matrix);
    return c;
}

static void case_free(Case *c)
{
    free(c->a);
    free(c->panel);
    free(c->x);
    free(c->start);
    free(c->y);
    free(c->wanted);
}

static void plain(const Case *c, const PanelProduct *p, const real *before)
{
    const size_t matrix = (size_t)TERMS * COLUMNS;
    memcpy(c->wanted, before, MOST_ROWS * Y_ROW * sizeof(real));
    for (int r = 0; r < p->rows; r++)
        for (int j = 0; j < p->panels * PANEL; j++) {
            const real *a = c->a + (p->matrix_size != 0 ? (size_t)r * matrix : 0) + j;
            real sum = p->start != NULL ? c->start[j] : 0, *y = c->wanted + r * Y_ROW + j;
            for (int k = 0; k < TERMS; k++)
                sum = vec_fma(c->x[r * X_ROW + k], a[(size_t)k * COLUMNS], sum);
            *y = p->add ? *y + sum : sum;
        }
}

/* Every number of rows and panels; with and without a start, adding or not, one matrix or many. */
static void test_tiles(void)
{
    Case c = case_make();
    real *before = memory_new(MOST_ROWS * Y_ROW, sizeof *before);
    Rng rng = rng_stream(2, "before");
    rng_normal(&rng, before, MOST_ROWS * Y_ROW);
    for (int rows = 1; rows <= MOST_ROWS; rows++)
        for (int panels = 0; panels <= MOST_PANELS; panels++)
            for (int way = 0; way < 8; way++) {
                PanelProduct p = {.rows = rows,
                                  .terms = TERMS,
                                  .panels = panels,
                                  .x = c.x,
                                  .x_row = X_ROW,
                                  .panel = c.panel,
                                  .panel_size = TERMS * PANEL,
                                  .matrix_size = way & 1 ? TERMS * COLUMNS : 0,
                                  .start = way & 2 ? c.start : NULL,
                                  .y = c.y,
                                  .y_row = Y_ROW,
                                  .add = way & 4};
                memcpy(c.y, before, MOST_ROWS * Y_ROW * sizeof(real));
                panel_product(&p);
                plain(&c, &p, before);
                if (memcmp(c.y, c.wanted, MOST_ROWS * Y_ROW * sizeof(real)) != 0)
                    CU_FAIL("a product in panels");
            }
    free(before);
    case_free(&c);
}

/* Columns that fill up the last panel are zeros; a transpose is packed by its strides. */
static void test_pack(void)
{
    enum { IN = 5, OUT = PANEL + 3 };
    real a[IN * OUT], turned[OUT * IN], panel[2 * IN * PANEL], other[2 * IN * PANEL];
    for (int k = 0; k < IN; k++)
        for (int j = 0; j < OUT; j++)
            a[k * OUT + j] = turned[j * IN + k] = (real)(100 * k + j + 1);
    memset(panel, 1, sizeof panel);
    panel_pack(a, OUT, 1, IN, OUT, panel);
    panel_pack(turned, 1, IN, IN, OUT, other);
    CU_ASSERT(memcmp(panel, other, sizeof panel) == 0);
    for (int k = 0; k < IN; k++)
        for (int j = 0; j < 2 * PANEL; j++) {
            real wanted = j < OUT ? (real)(100 * k + j + 1) : 0;
            CU_ASSERT(panel[(j / PANEL * IN + k) * PANEL + j % PANEL] == wanted);
        }
}

const Suite suite = {"tensor/panel_product",
                     {{"tiles of every shape", test_tiles}, {"packing", test_pack}, {NULL, NULL}}};
