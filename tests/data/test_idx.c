/* IDX files, whole and broken in every way, and MNIST made of small files of our own. */
#include "data/idx.h"
#include "harness/suite.h"
#include "support/file.h"
#include "support/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static const char MEND[] = "Get it again with: make data DATA=test";

/* Two images of 2 x 3. */
static const uint8_t WHOLE[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2,  0,  0,
                                0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255};
enum { HEADER = 16 };

typedef struct Broken {
    const char *what, *says;
    size_t bytes; /* how many of WHOLE, plus zeros behind it      */
    size_t at;    /* byte that is changed; none when beyond bytes */
    uint8_t value;
} Broken;

static const Broken BROKEN[] = {
    {"empty", "cut short within its header", 0, 99, 0},
    {"cut in the magic", "cut short within its header", 3, 99, 0},
    {"cut in the sizes", "cut short within its header", 14, 99, 0},
    {"no values", "cut short: 0 bytes of the 12", HEADER, 99, 0},
    {"cut in the values", "cut short: 11 bytes of the 12", sizeof WHOLE - 1, 99, 0},
    {"a byte too many", "goes on after the 12 bytes", sizeof WHOLE + 1, 99, 0},
    {"not IDX", "begins with 50 00 08 03", sizeof WHOLE, 0, 'P'},
    {"floats", "begins with 00 00 0d 03", sizeof WHOLE, 2, 13},
    {"another rank",
     "begins with 00 00 08 01; an IDX file of bytes with 3 dimensions begins with "
     "00 00 08 03",
     sizeof WHOLE, 3, 1},
    {"no images", "its dimension 0 is 0", sizeof WHOLE, 7, 0},
    {"huge", "claims more than the 1 GiB that is read here (its dimension 1 is 4278190082)",
     sizeof WHOLE, 8, 255},
    {"huge product", "claims more than the 1 GiB that is read here (its dimension 1 is 2)",
     sizeof WHOLE, 4, 0x3f},
    {"large and false", "cut short: 12 bytes of the 100663308", sizeof WHOLE, 4, 1},
};

/* A file to read in a child. */
typedef struct Reading {
    char path[320];
    const char *name;
    const char *const *sums;
} Reading;

static void read_it(void *context)
{
    const Reading *reading = context;
    Idx idx = idx_read(reading->path, 3, MEND);
    idx_free(&idx);
}

static void write_gzip(const char *path, const void *data, size_t bytes)
{
    gzFile file = gzopen(path, "wb");
    CU_ASSERT_FATAL(file != NULL);
    CU_ASSERT_EQUAL(gzwrite(file, data, (unsigned)bytes), (int)bytes);
    CU_ASSERT_EQUAL(gzclose(file), Z_OK);
}

static void check_whole(const char *path)
{
    Idx idx = idx_read(path, 3, MEND);
    CU_ASSERT_EQUAL(idx.rank, 3);
    CU_ASSERT_EQUAL(idx.size[0], 2);
    CU_ASSERT_EQUAL(idx.size[1], 2);
    CU_ASSERT_EQUAL(idx.size[2], 3);
    CU_ASSERT_EQUAL(idx.count, 12);
    CU_ASSERT(memcmp(idx.value, WHOLE + HEADER, 12) == 0);
    idx_free(&idx);
}

static void test_whole_files(void)
{
    char folder[256], path[320];
    folder_make(folder);
    snprintf(path, sizeof path, "%s/plain", folder);
    CU_ASSERT_PTR_NULL(file_write(path, WHOLE, sizeof WHOLE));
    check_whole(path);
    snprintf(path, sizeof path, "%s/packed.gz", folder);
    write_gzip(path, WHOLE, sizeof WHOLE);
    check_whole(path);
    folder_remove(folder);
}

static void check_broken(const Reading *reading, const Broken *row)
{
    ChildResult result = child_run(read_it, (void *)reading);
    bool said = child_said(&result, 1, row->says) && child_said(&result, 1, MEND) &&
                strchr(result.text, '\n') == strrchr(result.text, '\n');
    if (!said)
        printf("    row '%s'\n", row->what);
    CU_ASSERT(said);
}

static void test_broken_files(void)
{
    char folder[256];
    folder_make(folder);
    Reading reading;
    for (size_t i = 0; i < sizeof BROKEN / sizeof *BROKEN; i++) {
        const Broken *row = &BROKEN[i];
        uint8_t bytes[sizeof WHOLE + 8] = {0};
        memcpy(bytes, WHOLE, sizeof WHOLE);
        if (row->at < row->bytes)
            bytes[row->at] = row->value;
        snprintf(reading.path, sizeof reading.path, "%s/plain", folder);
        CU_ASSERT_PTR_NULL(file_write(reading.path, bytes, row->bytes));
        check_broken(&reading, row);
        snprintf(reading.path, sizeof reading.path, "%s/packed.gz", folder);
        write_gzip(reading.path, bytes, row->bytes);
        check_broken(&reading, row);
    }
    folder_remove(folder);
}

/* A gzipped file that is itself cut or damaged. */
static void test_broken_gzip(void)
{
    char folder[256];
    folder_make(folder);
    Reading reading;
    snprintf(reading.path, sizeof reading.path, "%s/packed.gz", folder);
    write_gzip(reading.path, WHOLE, sizeof WHOLE);
    size_t bytes = 0;
    char *packed = file_read(reading.path, &bytes);
    CU_ASSERT_PTR_NULL(file_write(reading.path, packed, bytes - 12));
    ChildResult result = child_run(read_it, &reading);
    CU_ASSERT(child_said(&result, 1, MEND));
    packed[bytes - 6] ^= 1; /* its check sum */
    CU_ASSERT_PTR_NULL(file_write(reading.path, packed, bytes));
    result = child_run(read_it, &reading);
    CU_ASSERT(child_said(&result, 1, "can't be read: "));
    free(packed);
    folder_remove(folder);
}

static void test_missing_file(void)
{
    Reading reading = {.path = "no/such/file"};
    ChildResult result = child_run(read_it, &reading);
    CU_ASSERT(child_said(&result, 1, "error: no/such/file: not found. Get it again with: "));
}

enum { TRAIN = 5003, TEST = 4, SIDE = 28, PIXELS = SIDE * SIDE };

static void put_size(uint8_t *at, size_t size)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(size >> (24 - 8 * i));
}

/* n images, image i all of level i % 251 but for a white and a black pixel; label i % 10. */
static void write_half(const char *folder, const char *half, size_t n, size_t labels)
{
    uint8_t *image = memory_new(HEADER + n * PIXELS, 1);
    image[2] = 8;
    image[3] = 3;
    put_size(image + 4, n);
    put_size(image + 8, SIDE);
    put_size(image + 12, SIDE);
    for (size_t i = 0; i < n; i++) {
        uint8_t *pixel = image + HEADER + i * PIXELS;
        memset(pixel, (int)(i % 251), PIXELS);
        pixel[0] = 0;
        pixel[PIXELS - 1] = 255;
    }
    char path[320];
    snprintf(path, sizeof path, "%s/%s-images-idx3-ubyte", folder, half);
    CU_ASSERT_PTR_NULL(file_write(path, image, HEADER + n * PIXELS));
    free(image);
    uint8_t *label = memory_new(8 + labels, 1);
    label[2] = 8;
    label[3] = 1;
    put_size(label + 4, labels);
    for (size_t i = 0; i < labels; i++)
        label[8 + i] = (uint8_t)(i % 10);
    snprintf(path, sizeof path, "%s/%s-labels-idx1-ubyte", folder, half);
    CU_ASSERT_PTR_NULL(file_write(path, label, 8 + labels));
    free(label);
}

static void test_mnist_splits(void)
{
    char folder[256];
    folder_make(folder);
    write_half(folder, "train", TRAIN, TRAIN);
    write_half(folder, "t10k", TEST, TEST);
    Dataset *dataset = mnist_read(folder, "mnist", NULL);
    CU_ASSERT_EQUAL(dataset->kind, DATA_GREY);
    CU_ASSERT_EQUAL(dataset->count[SPLIT_TRAIN], 3);
    CU_ASSERT_EQUAL(dataset->count[SPLIT_VALIDATION], 5000);
    CU_ASSERT_EQUAL(dataset->count[SPLIT_TEST], TEST);
    const uint32_t index[1] = {2};
    static real x[PIXELS];
    int label;
    const int wanted[SPLITS] = {2, 5, 2}; /* example 2 of each split in its own file */
    for (int s = 0; s < SPLITS; s++) {
        dataset_fetch(dataset, (Split)s, index, 1, NULL, x, &label, NULL);
        CU_ASSERT(x[5] == (real)wanted[s]);
        CU_ASSERT_EQUAL(label, wanted[s]);
        CU_ASSERT(x[0] == 0 && x[PIXELS - 1] == 255);
    }
    dataset_free(dataset);
    folder_remove(folder);
}

/* One draw for validation and test, the same at every load, with about level / 255 of ones. */
static void test_mnist_binary(void)
{
    char folder[256];
    folder_make(folder);
    write_half(folder, "train", TRAIN, TRAIN);
    write_half(folder, "t10k", TEST, TEST);
    Dataset *one = mnist_read(folder, "mnist-binary", NULL);
    Dataset *two = mnist_read(folder, "mnist-binary", NULL);
    CU_ASSERT_EQUAL(one->kind, DATA_BINARY);
    CU_ASSERT_EQUAL(one->levels, 2);
    CU_ASSERT(memcmp(one->fixed, two->fixed, (size_t)(5000 + TEST) * PIXELS) == 0);
    size_t got = 0, grey = 0;
    for (size_t i = 0; i < 5000; i++) {
        CU_ASSERT(one->fixed[i * PIXELS] == 0 && one->fixed[i * PIXELS + PIXELS - 1] == 1);
        for (int p = 1; p < PIXELS - 1; p++) {
            got += one->fixed[i * PIXELS + (size_t)p];
            grey += (i + 3) % 251;
        }
    }
    double gap = (double)got - (double)grey / 255; /* sd below sqrt(n) / 2 = 990 */
    CU_ASSERT(gap < 5000 && gap > -5000);
    dataset_free(one);
    dataset_free(two);
    folder_remove(folder);
}

static void read_mnist(void *context)
{
    const Reading *reading = context;
    mnist_read(reading->path, "mnist", reading->sums);
}

static void load_mnist(void *name)
{
    dataset_load(name);
}

static void check_mnist(const Reading *reading, const char *says)
{
    ChildResult result = child_run(read_mnist, (void *)reading);
    CU_ASSERT(child_said(&result, 1, says));
    CU_ASSERT(child_said(&result, 1, "with: make data DATA=mnist"));
}

static void test_mnist_refused(void)
{
    char folder[256], path[320];
    folder_make(folder);
    Reading reading = {.sums = NULL};
    snprintf(reading.path, sizeof reading.path, "%s", folder);
    check_mnist(&reading, "train-images-idx3-ubyte: not found");
    write_half(folder, "train", TRAIN, TRAIN);
    check_mnist(&reading, "t10k-images-idx3-ubyte: not found");
    write_half(folder, "t10k", TEST, TEST + 1);
    check_mnist(&reading, "4 images, but t10k-labels-idx1-ubyte has 5 labels");
    write_half(folder, "t10k", TEST, TEST);
    write_half(folder, "train", 5000, 5000);
    check_mnist(&reading, "5000 images, not even 5001");
    write_half(folder, "train", TRAIN, TRAIN);
    snprintf(path, sizeof path, "%s/t10k-labels-idx1-ubyte", folder);
    const uint8_t bad_label[] = {0, 0, 8, 1, 0, 0, 0, TEST, 1, 2, 10, 3};
    CU_ASSERT_PTR_NULL(file_write(path, bad_label, sizeof bad_label));
    check_mnist(&reading, "label 2 is 10, not 0 to 9");
    folder_remove(folder);
}

/* Right sums pass, one wrong one is named; and the published sums refuse files of our own. */
static void test_mnist_sums(void)
{
    char folder[256], path[320], sum[4][65];
    folder_make(folder);
    write_half(folder, "train", TRAIN, TRAIN);
    write_half(folder, "t10k", TEST, TEST);
    const char *names[4] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                            "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};
    const char *sums[4];
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        CU_ASSERT_FATAL(file_sha256(path, sum[i]));
        sums[i] = sum[i];
    }
    Dataset *dataset = mnist_read(folder, "mnist", sums);
    CU_ASSERT_EQUAL(dataset->classes, 10);
    dataset_free(dataset);
    sum[3][10] = sum[3][10] == '0' ? '1' : '0';
    Reading reading = {.sums = sums};
    snprintf(reading.path, sizeof reading.path, "%s", folder);
    check_mnist(&reading, "t10k-labels-idx1-ubyte: not the published file");
    snprintf(path, sizeof path, "%s/mnist", folder);
    file_make_folder(path);
    setenv("LAB_DATA", folder, 1);
    char name[] = "mnist-binary";
    ChildResult result = child_run(load_mnist, name);
    CU_ASSERT(child_said(&result, 1,
                         "/mnist/train-images-idx3-ubyte: not found. Get it with: "
                         "make data DATA=mnist"));
    write_half(path, "train", TRAIN, TRAIN);
    result = child_run(load_mnist, name);
    CU_ASSERT(child_said(&result, 1, "train-images-idx3-ubyte: not the published file"));
    unsetenv("LAB_DATA");
    folder_remove(folder);
}

const Suite suite = {"data/idx",
                     {{"whole files", test_whole_files},
                      {"broken files", test_broken_files},
                      {"broken gzip", test_broken_gzip},
                      {"missing file", test_missing_file},
                      {"mnist: splits", test_mnist_splits},
                      {"mnist: binary", test_mnist_binary},
                      {"mnist: refused", test_mnist_refused},
                      {"mnist: sums", test_mnist_sums},
                      {NULL, NULL}}};
