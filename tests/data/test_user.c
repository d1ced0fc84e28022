/* A user's own data: points in CSV and .npy, folders of PNGs, texts (more in test_text.c); whole,
 * and refused. */
#include "data/dataset.h"
#include "harness/suite.h"
#include "support/file.h"
#include "support/memory.h"
#include "support/npy.h"

#include <math.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void load(void *path)
{
    dataset_load(path);
}

static void check_refused(char *path, const char *what, const char *says)
{
    ChildResult result = child_run(load, path);
    bool said = child_said(&result, 1, says) && child_said(&result, 1, path) &&
                strchr(result.text, '\n') == strrchr(result.text, '\n');
    if (!said)
        printf("    row '%s'\n", what);
    CU_ASSERT(said);
}

/* Whether the set holds every point (i, i / 4) for i below n exactly once. */
static bool holds_numbers(const Dataset *dataset, int n)
{
    int *seen = memory_new((size_t)n, sizeof *seen);
    bool all = true;
    for (int i = 0; i < n; i++) {
        float x = dataset->point[2 * i];
        float y = dataset->point[2 * i + 1];
        all = all && x >= 0 && x < (float)n && y == x / 4 && seen[(int)x]++ == 0;
    }
    free(seen);
    return all;
}

static char *write_csv(const char *folder, const char *start, int n, const char *end_of_line)
{
    char *path = memory_format("%s/points.csv", folder);
    FILE *file = fopen(path, "w");
    CU_ASSERT_FATAL(file != NULL);
    fputs(start, file);
    for (int i = 0; i < n; i++)
        fprintf(file, "%d, %g%s", i, i / 4.0, end_of_line);
    fclose(file);
    return path;
}

static void test_csv(void)
{
    const char *const starts[] = {"", "x,y\n", "\xef\xbb\xbfx,y\r\n", "\n"};
    char folder[256];
    folder_make(folder);
    for (int s = 0; s < 4; s++) {
        char *path = write_csv(folder, starts[s], 101, s == 2 ? "\r\n" : "\n");
        Dataset *dataset = dataset_load(path);
        CU_ASSERT_EQUAL(dataset->kind, DATA_POINTS);
        CU_ASSERT_EQUAL(dataset->dims, 2);
        CU_ASSERT_EQUAL(dataset->count[SPLIT_TRAIN], 91);
        CU_ASSERT_EQUAL(dataset->count[SPLIT_VALIDATION], 5);
        CU_ASSERT_EQUAL(dataset->count[SPLIT_TEST], 5);
        CU_ASSERT_STRING_EQUAL(dataset->name, path);
        CU_ASSERT(isnan(dataset->entropy) && dataset->log_density == NULL);
        CU_ASSERT(holds_numbers(dataset, 101));
        Dataset *again = dataset_load(path);
        CU_ASSERT(memcmp(dataset->point, again->point, 101 * 2 * sizeof(float)) == 0);
        CU_ASSERT(dataset->point[2 * 100] != 100 || dataset->point[2 * 99] != 99);
        dataset_free(again);
        dataset_free(dataset);
        free(path);
    }
    char *path = write_csv(folder, "", 3, "\n");
    Dataset *dataset = dataset_load(path);
    for (int s = 0; s < SPLITS; s++)
        CU_ASSERT_EQUAL(dataset->count[s], 1);
    dataset_free(dataset);
    free(path);
    folder_remove(folder);
}

typedef struct Bad {
    const char *what, *text, *says;
} Bad;

static const Bad BAD_CSV[] = {
    {"ragged, short", "1,2\n3\n5,6\n", "line 2 has 1 columns, the lines before it 2"},
    {"ragged, long", "x,y\n1,2\n3,4,5\n", "line 3 has 3 columns, the lines before it 2"},
    {"ragged header", "x,y,z\n1,2\n3,4\n", "line 2 has 2 columns, the lines before it 3"},
    {"a word", "1,2\n3,four\n5,6\n", "line 2, column 2: 'four' is not a number"},
    {"half a header", "1,y\n3,4\n5,6\n", "line 1, column 2: 'y' is not a number"},
    {"nothing", "1,2\n,4\n5,6\n", "line 2, column 1: '' is not a number"},
    {"more behind", "1,2\n3,4x\n5,6\n", "line 2, column 2: '4x' is not a number"},
    {"semicolons", "1;2\n3;4\n5;6\n", "line 2, column 1: '3;4' is not a number"},
    {"NaN", "1,2\n3,4\nnan,6\n", "line 3, column 1: 'nan' is not a finite 32-bit number"},
    {"infinity", "1,2\n3,-inf\n5,6\n", "line 2, column 2: '-inf' is not a finite"},
    {"too large", "1,2\n3,1e39\n5,6\n", "line 2, column 2: '1e39' is not a finite"},
    {"empty", "", "0 points; at least 3 are needed"},
    {"header only", "x,y\n", "0 points; at least 3 are needed"},
    {"two points", "1,2\n3,4\n", "2 points; at least 3 are needed"},
};

static void test_bad_csv(void)
{
    char folder[256];
    folder_make(folder);
    char *path = memory_format("%s/bad.csv", folder);
    for (size_t i = 0; i < sizeof BAD_CSV / sizeof *BAD_CSV; i++) {
        CU_ASSERT_PTR_NULL(file_write(path, BAD_CSV[i].text, strlen(BAD_CSV[i].text)));
        check_refused(path, BAD_CSV[i].what, BAD_CSV[i].says);
    }
    CU_ASSERT_PTR_NULL(file_write(path, "1,2\n3\0,4\n5,6\n", 13));
    check_refused(path, "zero byte", "holds a zero byte");
    char wide[200];
    memset(wide, '1', sizeof wide);
    for (int i = 1; i < 129; i += 2)
        wide[i] = ',';
    wide[130] = '\n';
    CU_ASSERT_PTR_NULL(file_write(path, wide, 131));
    check_refused(path, "too wide", "line 1 has more than 64 numbers");
    free(path);
    folder_remove(folder);
}

static void test_npy(void)
{
    char folder[256];
    folder_make(folder);
    char *path = memory_format("%s/points.npy", folder);
    enum { N = 60 };
    float single[2 * N];
    double twice[2 * N];
    for (int i = 0; i < N; i++) {
        single[2 * i] = (float)i;
        single[2 * i + 1] = (float)i / 4;
        twice[2 * i] = i;
        twice[2 * i + 1] = i / 4.0;
    }
    const long shape[2] = {N, 2};
    for (int t = 0; t < 2; t++) {
        const void *data = t == 0 ? (const void *)single : (const void *)twice;
        CU_ASSERT_PTR_NULL(npy_write(path, t == 0 ? NPY_FLOAT32 : NPY_FLOAT64, data, 2, shape));
        Dataset *dataset = dataset_load(path);
        CU_ASSERT_EQUAL(dataset->dims, 2);
        CU_ASSERT_EQUAL(dataset->count[SPLIT_TRAIN], 54);
        CU_ASSERT_EQUAL(dataset->count[SPLIT_TEST], 3);
        CU_ASSERT(holds_numbers(dataset, N));
        dataset_free(dataset);
    }
    free(path);
    folder_remove(folder);
}

static void write_header(const char *path, const char *dictionary, size_t bytes)
{
    char file[512] = "\x93NUMPY\x01";
    size_t length = strlen(dictionary) + 1;
    file[8] = (char)length;
    memcpy(file + 10, dictionary, length - 1);
    file[10 + length - 1] = '\n';
    CU_ASSERT_PTR_NULL(file_write(path, file, 10 + length + bytes));
}

static void test_bad_npy(void)
{
    char folder[256];
    folder_make(folder);
    char *path = memory_format("%s/bad.npy", folder);
    write_header(path, "{'descr': '<f4', 'fortran_order': False, 'shape': (9, 2), }", 64);
    check_refused(path, "claims more than is there", "it ends before the last of its numbers");
    write_header(path, "{'descr': '<f4', 'fortran_order': False, 'shape': (7, 2), }", 64);
    check_refused(path, "claims less", "it goes on after the last of its numbers");
    write_header(
        path, "{'descr': '<f4', 'fortran_order': False, 'shape': (999999999999999999, 2), }", 64);
    check_refused(path, "huge", "not an array that can be read");
    write_header(path, "{'descr': '<f4', 'fortran_order': True, 'shape': (8, 2), }", 64);
    check_refused(path, "by columns", "fortran_order");
    write_header(path, "{'descr': '>f4', 'fortran_order': False, 'shape': (8, 2), }", 64);
    check_refused(path, "big-endian", "little-endian");
    write_header(path, "{'descr': '<f4', 'fortran_order': False, 'shape': (16,), }", 64);
    check_refused(path, "one dimension", "an array of 1 dimensions; points need 2");
    write_header(path, "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 2), }", 0);
    check_refused(path, "empty", "0 points; at least 3 are needed");
    write_header(path, "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 80), }", 320);
    check_refused(path, "too wide", "points of 80 numbers; from 1 to 64 are read");
    CU_ASSERT_PTR_NULL(file_write(path, "PK\3\4 not numpy", 14));
    check_refused(path, "not numpy", "magic bytes");
    const float bad[6] = {1, 2, 3, NAN, 5, 6};
    const long shape[2] = {3, 2};
    CU_ASSERT_PTR_NULL(npy_write(path, NPY_FLOAT32, bad, 2, shape));
    check_refused(path, "NaN", "row 1, column 1 (from 0) is not a finite");
    free(path);
    folder_remove(folder);
}

/* Image i of w x h; grey level 10 i + pixel, or that in red with 200 in blue. */
static void write_png(const char *folder, int i, int w, int h, bool colour)
{
    char *path = memory_format("%s/image-%02d.png", folder, i);
    uint8_t pixel[256];
    for (int p = 0; p < w * h; p++) {
        int at = colour ? 3 * p : p;
        pixel[at] = (uint8_t)(10 * i + p);
        if (colour) {
            pixel[at + 1] = 0;
            pixel[at + 2] = 200;
        }
    }
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)w,
                       .height = (png_uint_32)h,
                       .format = colour ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY};
    CU_ASSERT(png_image_write_to_file(&image, path, 0, pixel, 0, NULL) != 0);
    free(path);
}

static void test_png(void)
{
    enum { N = 7, W = 3, H = 2 };
    char folder[256];
    folder_make(folder);
    for (int i = 0; i < N; i++)
        write_png(folder, i, W, H, false);
    char *note = memory_format("%s/notes.txt", folder);
    CU_ASSERT_PTR_NULL(file_write(note, "hello", 5));
    free(note);
    Dataset *dataset = dataset_load(folder);
    CU_ASSERT_EQUAL(dataset->kind, DATA_GREY);
    CU_ASSERT_EQUAL(dataset->levels, 256);
    CU_ASSERT(dataset->height == H && dataset->width == W && dataset->channels == 1);
    CU_ASSERT(dataset->count[0] == 5 && dataset->count[1] == 1 && dataset->count[2] == 1);
    int seen[N] = {0};
    for (int i = 0; i < N; i++) {
        const uint8_t *level = dataset->level + i * W * H;
        CU_ASSERT_FATAL(level[0] / 10 < N);
        seen[level[0] / 10]++;
        for (int p = 0; p < W * H; p++)
            CU_ASSERT_EQUAL(level[p], level[0] + p);
    }
    for (int i = 0; i < N; i++)
        CU_ASSERT_EQUAL(seen[i], 1);
    dataset_free(dataset);
    write_png(folder, N, W, H, true); /* one in colour makes them all so */
    dataset = dataset_load(folder);
    CU_ASSERT_EQUAL(dataset->kind, DATA_COLOUR);
    CU_ASSERT_EQUAL(dataset->dims, 3 * W * H);
    int blue = 0;
    for (int i = 0; i < N + 1; i++) {
        const uint8_t *level = dataset->level + i * 3 * W * H;
        bool grey = level[3] == level[4] && level[4] == level[5];
        blue += level[3] == 71 && level[4] == 0 && level[5] == 200;
        CU_ASSERT(grey || level[5] == 200);
    }
    CU_ASSERT_EQUAL(blue, 1);
    dataset_free(dataset);
    folder_remove(folder);
}

static void test_bad_png(void)
{
    char folder[256];
    folder_make(folder);
    check_refused(folder, "empty folder", "0 PNGs; at least 3 are needed");
    for (int i = 0; i < 3; i++)
        write_png(folder, i, 3, 2, false);
    write_png(folder, 3, 2, 3, false);
    check_refused(folder, "two sizes",
                  "image-03.png: 2 x 3 pixels, but image-00.png has 3 x 2; scale them");
    char *path = memory_format("%s/image-03.png", folder);
    CU_ASSERT_PTR_NULL(file_write(path, "no picture", 10));
    check_refused(folder, "not a PNG", "image-03.png: not a PNG that can be read");
    char *good = memory_format("%s/image-02.png", folder);
    size_t bytes = 0;
    char *png = file_read(good, &bytes);
    CU_ASSERT_PTR_NULL(file_write(path, png, bytes - 20));
    check_refused(folder, "cut short", "image-03.png: damaged");
    free(png);
    free(good);
    free(path);
    folder_remove(folder);
}

typedef struct One {
    const Dataset *dataset;
    const char *path;
} One;

static void read_one(void *context)
{
    const One *one = context;
    real x[256];
    dataset_read_image(one->dataset, one->path, x);
}

/* One picture as an example of a set: its units, and what is refused. */
static void test_one_png(void)
{
    enum { W = 3, H = 2 };
    char folder[256];
    real x[W * H];
    Dataset grey = {.name = "small", .height = H, .width = W, .channels = 1, .dims = W * H};
    folder_make(folder);
    write_png(folder, 12, W, H, false); /* 120 .. 125 */
    write_png(folder, 13, H, W, false);
    char *path = memory_format("%s/image-12.png", folder);
    char *turned = memory_format("%s/image-13.png", folder);
    grey.levels = 256;
    dataset_read_image(&grey, path, x);
    for (int p = 0; p < W * H; p++)
        CU_ASSERT_EQUAL(x[p], 120 + p);
    write_png(folder, 12, W, H, true); /* red 120 .. 125 and blue 200, read as grey: below half */
    grey.levels = 2;
    dataset_read_image(&grey, path, x);
    for (int p = 0; p < W * H; p++)
        CU_ASSERT_EQUAL(x[p], 0);
    One other = {&grey, turned}, missing = {&grey, "/nowhere/x.png"};
    ChildResult size = child_run(read_one, &other);
    CU_ASSERT(child_said(&size, 1,
                         "image-13.png: 2 x 3 pixels, but the images of small have 3 x "
                         "2; scale it to that size"));
    ChildResult none = child_run(read_one, &missing);
    CU_ASSERT(child_said(&none, 1, "/nowhere/x.png: not found; give the path of a PNG"));
    free(path);
    free(turned);
    folder_remove(folder);
}

static void test_other_files(void)
{
    char folder[256];
    folder_make(folder);
    char *path = memory_format("%s/points.dat", folder);
    char *text = memory_format("%s/points.txt", folder);
    CU_ASSERT_PTR_NULL(file_write(path, "1 2", 3));
    check_refused(path, "another ending",
                  "neither a .csv nor a .npy nor a .txt nor a folder of PNGs");
    CU_ASSERT_PTR_NULL(file_write(text, "1 2", 3));
    Dataset *dataset = dataset_load(text);
    CU_ASSERT_EQUAL(dataset->kind, DATA_TOKENS);
    dataset_free(dataset);
    CU_ASSERT_PTR_NULL(file_write(text, "", 0));
    check_refused(text, "an empty text", "empty; give a text to learn from");
    free(text);
    free(path);
    folder_remove(folder);
}

const Suite suite = {"data/user",
                     {{"csv", test_csv},
                      {"bad csv", test_bad_csv},
                      {"npy", test_npy},
                      {"bad npy", test_bad_npy},
                      {"png", test_png},
                      {"bad png", test_bad_png},
                      {"one png", test_one_png},
                      {"other files", test_other_files},
                      {NULL, NULL}}};
