/* What the pictures of the uses hold: read back from the data that stand behind them. */
#include "04-ddpm/ddpm_figures.h"
#include "chapters/small_ddpm.h"
#include "harness/suite.h"
#include "plot/png.h"
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

/* How far column c is from column 0, in levels, all pixels together. */
static long distance(const Grid *grid, int c)
{
    long sum = 0;
    for (int row = 0; row < ROWS; row++)
        for (int y = 0; y < grid->height; y++)
            for (int x = 0; x < grid->width; x++)
                sum += abs(grid_at(grid, row, 0, y, x) - grid_at(grid, row, c, y, x));
    return sum;
}

/* Whether column c shows test image `number` of the data in a row, to a level. */
static bool shows(const Stage *stage, const Grid *grid, int row, int column, uint32_t number)
{
    int width = stage->data->width, dims = stage->data->dims, off = 0;
    real *x = memory_new((size_t)dims, sizeof *x);
    Rng rng = rng_stream(1, "not used");
    dataset_fetch(stage->data, SPLIT_TEST, &number, 1, &rng, x, NULL, NULL);
    for (int p = 0; p < dims; p++)
        off += abs(grid_at(grid, row, column, p / width, p % width) - (int)x[p]) > 1;
    free(x);
    return off == 0;
}

/* The first column is the test image; the known half is the same in every draw, the hidden half is
 * another one each time. */
static void test_inpainting(void)
{
    Stage stage;
    stage_start(&stage, 0);
    int width = stage.data->width;
    Originals from = {.first = 2, .label = -1, .steps = 10};
    ddpm_draw_inpainting(&stage.ddpm, &stage.task, &from, HIDE_RIGHT, 2);
    Grid grid = grid_read(&stage, "inpaint.bin", 10);
    for (int row = 0; row < ROWS; row++)
        CU_ASSERT(shows(&stage, &grid, row, 0, (uint32_t)(2 + row)));
    for (int draw = 2; draw < 10; draw++) {
        CU_ASSERT_EQUAL(differing(&grid, 0, draw, 0, width / 2), 0);
        CU_ASSERT(differing(&grid, 2, draw, width / 2, width) > 0 || draw == 2);
    }
    CU_ASSERT(differing(&grid, 0, 1, width / 2, width) > 0); /* it is hidden */
    free(grid.byte);
    stage_end(&stage);
}

/* Without one strength they go farther and farther from the image; with one they are different
 * draws. A network that guesses no noise gives back what the noise made of the image. */
static void test_variations(void)
{
    Stage stage;
    stage_start(&stage, 0);
    Originals from = {.label = -1, .steps = 20};
    int width = stage.data->width;
    stage.ddpm.prediction = PREDICT_NOISE;
    for (int i = 0; i < stage.ddpm.model.part[0].params->count; i++) {
        Tensor *weight = stage.ddpm.model.part[0].params->tensor[i];
        if (weight != stage.ddpm.center && weight != stage.ddpm.scale)
            memset(weight->value, 0, weight->size * sizeof *weight->value);
    }
    ddpm_draw_variations(&stage.ddpm, &stage.task, &from, 0);
    Grid grid = grid_read(&stage, "vary.bin", 9);
    CU_ASSERT(shows(&stage, &grid, 0, 0, 0) && shows(&stage, &grid, 5, 0, 5));
    for (int c = 1; c <= 3; c++)
        CU_ASSERT(distance(&grid, c + 1) > distance(&grid, c));
    CU_ASSERT(distance(&grid, 1) > 0);
    free(grid.byte);
    ddpm_draw_variations(&stage.ddpm, &stage.task, &from, 0.5);
    grid = grid_read(&stage, "vary.bin", 9);
    CU_ASSERT(differing(&grid, 1, 2, 0, width) > 0);
    free(grid.byte);
    stage_end(&stage);
}

/* A picture of the user's own stands in every row; a label changes what comes of it. */
static void test_own_picture(void)
{
    Stage stage;
    stage_start(&stage, 10);
    int width = stage.data->width, height = stage.data->height;
    unsigned char *level = memory_new((size_t)stage.data->dims, 1);
    char *path = memory_format("%s/own.png", stage.dir);
    for (int p = 0; p < stage.data->dims; p++)
        level[p] = (unsigned char)(p % 251);
    CU_ASSERT_PTR_NULL(png_write_grey(path, width, height, level));
    Originals from = {.path = path, .label = -1, .steps = 20};
    ddpm_draw_variations(&stage.ddpm, &stage.task, &from, 0.5);
    Grid plain = grid_read(&stage, "vary.bin", 9);
    for (int row = 0; row < ROWS; row++)
        for (int p = 0; p < stage.data->dims; p++)
            CU_ASSERT(abs(grid_at(&plain, row, 0, p / width, p % width) - level[p]) <= 1);
    from.label = 3;
    ddpm_draw_variations(&stage.ddpm, &stage.task, &from, 0.5);
    Grid three = grid_read(&stage, "vary.bin", 9);
    int changed = 0;
    for (int p = 0; p < stage.data->dims; p++)
        changed += grid_at(&plain, 0, 1, p / width, p % width) !=
                   grid_at(&three, 0, 1, p / width, p % width);
    CU_ASSERT(changed > 0);
    free(plain.byte);
    free(three.byte);
    free(path);
    free(level);
    stage_end(&stage);
}

/* The first two test images of a class. */
static void first_two(const Dataset *data, int class, uint32_t number[2])
{
    enum { SEARCHED = 300 };
    int label[SEARCHED], found = 0;
    real *x = memory_new((size_t)(SEARCHED * data->dims), sizeof *x);
    Rng rng = rng_stream(1, "not used");
    dataset_fetch_range(data, SPLIT_TEST, 0, SEARCHED, &rng, x, label, NULL);
    for (uint32_t i = 0; i < SEARCHED && found < 2; i++)
        if (label[i] == class)
            number[found++] = i;
    CU_ASSERT_EQUAL_FATAL(found, 2);
    free(x);
}

/* The columns at the ends are test images: of a class each in a run with classes, one after the
 * other without. */
static void test_interpolations(void)
{
    for (int classes = 0; classes <= 10; classes += 10) {
        Stage stage;
        stage_start(&stage, classes);
        Originals from = {.label = -1, .steps = 20};
        int width = stage.data->width;
        ddpm_draw_interpolations(&stage.ddpm, &stage.task, &from);
        Grid grid = grid_read(&stage, "interpolate.bin", 11);
        for (int row = 0; row < ROWS; row++) {
            uint32_t number[2] = {(uint32_t)(2 * row), (uint32_t)(2 * row + 1)};
            if (classes > 0)
                first_two(stage.data, row, number);
            CU_ASSERT(shows(&stage, &grid, row, 0, number[0]));
            CU_ASSERT(shows(&stage, &grid, row, 10, number[1]));
        }
        CU_ASSERT(differing(&grid, 1, 9, 0, width) > 0);
        free(grid.byte);
        stage_end(&stage);
    }
}

/* A set without labels has pairs too: nobody asks for what is not there. */
static void test_without_labels(void)
{
    Stage stage;
    stage_start(&stage, 0);
    Originals from = {.label = -1, .steps = 5};
    stage.data->classes = 0;
    ddpm_draw_interpolations(&stage.ddpm, &stage.task, &from);
    Grid grid = grid_read(&stage, "interpolate.bin", 11);
    CU_ASSERT(shows(&stage, &grid, 0, 0, 0) && shows(&stage, &grid, 0, 10, 1));
    free(grid.byte);
    stage_end(&stage);
}

/* A film begins with noise and ends with data, whatever the sampler's usual number of steps. */
static void test_film(void)
{
    static const PredictionKind kind[] = {PREDICT_X0, PREDICT_FLOW};
    for (int i = 0; i < 2; i++)
        for (int points = 0; points < 2; points++) {
            Stage stage;
            stage_start(&stage, 0);
            stage.ddpm.prediction = kind[i];
            stage.ddpm.kind = points ? DATA_POINTS : DATA_GREY;
            Film film = film_samples(&stage.ddpm, &stage.task, 2, NULL, 0);
            CU_ASSERT(film.frames >= 2 && film.frames <= FILM_MOST_FRAMES);
            CU_ASSERT(film.noise[0] > 1);
            CU_ASSERT_EQUAL(film.noise[film.frames - 1], 0);
            film_free(&film);
            stage_end(&stage);
        }
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
                      {"a picture of one's own", test_own_picture},
                      {"interpolations", test_interpolations},
                      {"interpolations without labels", test_without_labels},
                      {"a film", test_film},
                      {"an image that is not there", test_too_far},
                      {NULL, NULL}}};
