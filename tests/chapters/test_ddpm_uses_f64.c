/* What the pictures of the uses hold: read back from the data that stand behind them. */
#include "04-ddpm/ddpm_figures.h"
#include "chapters/small_ddpm.h"
#include "harness/suite.h"
#include "support/file.h"
#include "support/memory.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS = 6 };

/* A small untrained run on drawn digits, and a folder for its pictures. */
typedef struct Stage {
    char dir[256];
    Dataset *data;
    Ddpm ddpm;
    Task task;
} Stage;

static void stage_start(Stage *stage, int classes)
{
    folder_make(stage->dir);
    stage->data = dataset_load("digits");
    small_ddpm(&stage->ddpm,
               (SmallDdpm){.prediction = PREDICT_X0,
                           .steps = 20,
                           .dims = stage->data->dims,
                           .levels = 256,
                           .classes = classes},
               1);
    small_shake(&stage->ddpm, 0.02, 2);
    stage->task = (Task){.data = stage->data,
                         .split = SPLIT_TEST,
                         .tape = tape_create(kernels_best()),
                         .noise = rng_stream(1, "uses"),
                         .figures = figures_open(stage->dir),
                         .dir = stage->dir};
}

static void stage_end(Stage *stage)
{
    figures_close(stage->task.figures);
    tape_free(stage->task.tape);
    small_ddpm_free(&stage->ddpm);
    dataset_free(stage->data);
    folder_remove(stage->dir);
}

/* A figure's bytes: images in a grid with lines of one pixel between them. */
typedef struct Grid {
    unsigned char *byte;
    int columns, height, width;
} Grid;

static Grid grid_read(const Stage *stage, const char *name, int columns)
{
    Grid grid = {.columns = columns, .height = stage->data->height, .width = stage->data->width};
    char *path = memory_format("%s/%s", stage->dir, name);
    size_t bytes = 0;
    grid.byte = (unsigned char *)file_read(path, &bytes);
    CU_ASSERT_EQUAL_FATAL(
        bytes, (size_t)((ROWS * (grid.height + 1) - 1) * (columns * (grid.width + 1) - 1)));
    free(path);
    return grid;
}

static int grid_at(const Grid *grid, int row, int column, int y, int x)
{
    int line = grid->columns * (grid->width + 1) - 1;
    return grid->byte[(row * (grid->height + 1) + y) * line + column * (grid->width + 1) + x];
}

/* How many pixels of columns a and b differ by more than one level, with x in first .. end-1. */
static int differing(const Grid *grid, int a, int b, int first, int end)
{
    int count = 0;
    for (int row = 0; row < ROWS; row++)
        for (int y = 0; y < grid->height; y++)
            for (int x = first; x < end; x++)
                count += abs(grid_at(grid, row, a, y, x) - grid_at(grid, row, b, y, x)) > 1;
    return count;
}

/* The first column is the test image; the known half is the same in every draw, the hidden half is
 * another one each time. */
static void test_inpainting(void)
{
    Stage stage;
    stage_start(&stage, 0);
    int width = stage.data->width, dims = stage.data->dims;
    Originals from = {.first = 2, .label = -1, .steps = 10};
    ddpm_draw_inpainting(&stage.ddpm, &stage.task, &from, HIDE_RIGHT, 2);
    Grid grid = grid_read(&stage, "inpaint.bin", 10);
    real *x = memory_new((size_t)dims, sizeof *x);
    Rng rng = rng_stream(1, "not used");
    dataset_fetch(stage.data, SPLIT_TEST, &(uint32_t){2}, 1, &rng, x, NULL, NULL);
    for (int p = 0; p < dims; p++)
        CU_ASSERT(abs(grid_at(&grid, 0, 0, p / width, p % width) - (int)x[p]) <= 1);
    for (int draw = 2; draw < 10; draw++) {
        CU_ASSERT_EQUAL(differing(&grid, 0, draw, 0, width / 2), 0);
        CU_ASSERT(differing(&grid, 2, draw, width / 2, width) > 0 || draw == 2);
    }
    CU_ASSERT(differing(&grid, 0, 1, width / 2, width) > 0); /* it is hidden */
    free(x);
    free(grid.byte);
    stage_end(&stage);
}

/* One strength gives different draws; without one they grow away from the image. */
static void test_variations(void)
{
    Stage stage;
    stage_start(&stage, 0);
    Originals from = {.label = -1, .steps = 20};
    int width = stage.data->width;
    ddpm_draw_variations(&stage.ddpm, &stage.task, &from, 0.5);
    Grid grid = grid_read(&stage, "vary.bin", 9);
    CU_ASSERT(differing(&grid, 1, 2, 0, width) > 0);
    free(grid.byte);
    ddpm_draw_variations(&stage.ddpm, &stage.task, &from, 0);
    grid = grid_read(&stage, "vary.bin", 9);
    CU_ASSERT(differing(&grid, 0, 8, 0, width) > 0);
    free(grid.byte);
    stage_end(&stage);
}

/* The columns at the ends are the test images themselves, two different ones of one class. */
static void test_interpolations(void)
{
    Stage stage;
    stage_start(&stage, 10);
    Originals from = {.label = -1, .steps = 20};
    int width = stage.data->width;
    ddpm_draw_interpolations(&stage.ddpm, &stage.task, &from);
    Grid grid = grid_read(&stage, "interpolate.bin", 11);
    CU_ASSERT(differing(&grid, 0, 10, 0, width) > 0);
    CU_ASSERT(differing(&grid, 1, 9, 0, width) > 0);
    free(grid.byte);
    stage_end(&stage);
}

static void ask_too_far(void *context)
{
    Stage *stage = context;
    Originals from = {.first = 1000000, .label = -1, .steps = 20};
    ddpm_draw_variations(&stage->ddpm, &stage->task, &from, 0.5);
}

static void test_too_far(void)
{
    Stage stage;
    stage_start(&stage, 0);
    ChildResult result = child_run(ask_too_far, &stage);
    CU_ASSERT(child_said(&result, 2, "--index 1000000: the test images of digits are 0 to"));
    stage_end(&stage);
}

const Suite suite = {"chapters/ddpm uses",
                     {{"inpainting", test_inpainting},
                      {"variations", test_variations},
                      {"interpolations", test_interpolations},
                      {"an image that is not there", test_too_far},
                      {NULL, NULL}}};
