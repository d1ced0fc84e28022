#include "harness/suite.h"
#include "support/file.h"
#include "support/memory.h"
#include "support/npy.h"

#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Writes, reads back, and compares type, shape and numbers. */
static bool round_trip(NpyType type, size_t size, const void *data, int rank, const long *shape)
{
    char folder[256];
    folder_make(folder);
    char *path = memory_format("%s/x.npy", folder);
    bool same = npy_write(path, type, data, rank, shape) == NULL;
    size_t count = 1;
    for (int i = 0; i < rank; i++)
        count *= (size_t)shape[i];
    size_t bytes = 0;
    char *file = file_read(path, &bytes);
    same = same && (bytes - count * size) % 64 == 0;
    free(file);
    Npy *npy = npy_read(path);
    same = same && npy->type == type && npy->rank == rank && npy->count == count;
    for (int i = 0; i < rank; i++)
        same = same && npy->shape[i] == shape[i];
    same = same && memcmp(npy->data, data, count * size) == 0;
    npy_free(npy);
    free(path);
    folder_remove(folder);
    return same;
}

static void test_round_trip(void)
{
    const float f[6] = {0, -1.5f, 1e-38f, INFINITY, 3, 4};
    const double d[2] = {M_PI, -0.0};
    const int32_t i[3] = {INT32_MIN, 0, INT32_MAX};
    const int64_t l[2] = {INT64_MIN, INT64_MAX};
    const uint8_t u[4] = {0, 1, 254, 255};
    CU_ASSERT(round_trip(NPY_FLOAT32, 4, f, 2, (long[]){2, 3}));
    CU_ASSERT(round_trip(NPY_FLOAT32, 4, f, 5, (long[]){1, 2, 1, 3, 1}));
    CU_ASSERT(round_trip(NPY_FLOAT32, 4, f, 0, NULL));
    CU_ASSERT(round_trip(NPY_FLOAT32, 4, f, 2, (long[]){5, 0}));
    CU_ASSERT(round_trip(NPY_FLOAT64, 8, d, 1, (long[]){2}));
    CU_ASSERT(round_trip(NPY_INT32, 4, i, 1, (long[]){3}));
    CU_ASSERT(round_trip(NPY_INT64, 8, l, 2, (long[]){2, 1}));
    CU_ASSERT(round_trip(NPY_UINT8, 1, u, 8, (long[]){1, 2, 1, 1, 2, 1, 1, 1}));
}

/* The bytes that the manual prescribes. */
static void test_header(void)
{
    char folder[256];
    folder_make(folder);
    char *path = memory_format("%s/x.npy", folder);
    const float x[6] = {1};
    size_t bytes = 0;
    CU_ASSERT_PTR_NULL(npy_write(path, NPY_FLOAT32, x, 2, (long[]){2, 3}));
    char *file = file_read(path, &bytes);
    CU_ASSERT_EQUAL(bytes, 128 + 24);
    static const char text[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
    CU_ASSERT(memcmp(file, "\x93NUMPY\x01\x00\x76\x00", 10) == 0);
    CU_ASSERT(memcmp(file + 10, text, strlen(text)) == 0);
    CU_ASSERT_EQUAL(strspn(file + 10 + strlen(text), " "), 128 - 11 - strlen(text));
    CU_ASSERT_EQUAL(file[127], '\n');
    CU_ASSERT(memcmp(file + 128, x, 24) == 0);
    free(file);
    CU_ASSERT_PTR_NULL(npy_write(path, NPY_UINT8, "abc", 1, (long[]){3}));
    file = file_read(path, &bytes);
    CU_ASSERT_PTR_NOT_NULL(strstr(file + 10, "{'descr': '|u1', 'fortran_order': False, "
                                             "'shape': (3,), }"));
    free(file);
    CU_ASSERT_PTR_NULL(npy_write(path, NPY_UINT8, "a", 0, NULL));
    file = file_read(path, &bytes);
    CU_ASSERT_PTR_NOT_NULL(strstr(file + 10, "'shape': (), }"));
    free(file);
    free(path);
    folder_remove(folder);
}

/* A file of a given version and header, padded or not, with data bytes 1, 2, 3 ... behind it.
 * Exactly as large as it says, so that the sanitizer sees a read past its end. */
static char *file_make(int version, const char *header, size_t data_bytes, size_t *bytes)
{
    size_t length = strlen(header);
    size_t prefix = version == 1 ? 10 : 12;
    *bytes = prefix + length + data_bytes;
    char *file = malloc(*bytes);
    if (file == NULL)
        abort();
    memset(file, 0, prefix);
    memcpy(file, "\x93NUMPY", 6);
    file[6] = (char)version;
    file[8] = (char)length;
    file[9] = (char)(length >> 8);
    memcpy(file + prefix, header, length);
    for (size_t i = 0; i < data_bytes; i++)
        file[prefix + length + i] = (char)(i + 1);
    return file;
}

static Npy *decode(int version, const char *header, size_t data_bytes, const char **reason)
{
    size_t bytes = 0;
    char *file = file_make(version, header, data_bytes, &bytes);
    Npy *npy = npy_decode(file, bytes, reason);
    free(file);
    return npy;
}

static void test_other_writers(void)
{
    static const char *const headers[] = {
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }\n",
        "{\"shape\":(2,3),\"fortran_order\":False,\"descr\":\"|u1\"}\n",
        "{ 'shape' : ( 2 , 3 , ) , 'descr' : '|u1' , 'fortran_order' : False }   \n",
    };
    for (int version = 1; version <= 3; version++)
        for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
            const char *reason = NULL;
            Npy *npy = decode(version, headers[i], 6, &reason);
            CU_ASSERT_PTR_NOT_NULL_FATAL(npy);
            CU_ASSERT(npy->rank == 2 && npy->shape[0] == 2 && npy->shape[1] == 3);
            CU_ASSERT_EQUAL(npy_number(npy, 5), 6);
            npy_free(npy);
        }
}

#define GOOD_TYPE "{'descr': '|u1', 'fortran_order': False, "

static void test_damaged(void)
{
    static const struct {
        const char *header, *reason;
        size_t data_bytes;
    } cases[] = {
        {"{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }\n", "of no type", 4},
        {"{'descr': '<f2', 'fortran_order': False, 'shape': (1,), }\n", "of no type", 2},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }\n", "of no type", 4},
        {"{'descr': '|u1', 'fortran_order': True, 'shape': (1,), }\n", "column by column", 1},
        {"{'descr': '|u1', 'fortran_order': 0, 'shape': (1,), }\n", "neither True nor False", 1},
        {GOOD_TYPE "'shape': (1), }\n", "not a tuple", 1},
        {GOOD_TYPE "'shape': [1], }\n", "not a tuple", 1},
        {GOOD_TYPE "'shape': (-1,), }\n", "whole numbers", 1},
        {GOOD_TYPE "'shape': (1 1), }\n", "whole numbers", 1},
        {GOOD_TYPE "'shape': (1.0,), }\n", "whole numbers", 1},
        {GOOD_TYPE "'shape': (,), }\n", "whole numbers", 1},
        {GOOD_TYPE "'shape': (1, }\n", "whole numbers", 1},
        {GOOD_TYPE "'shape': (1000000000000000000,), }\n", "below 10^18", 1},
        {GOOD_TYPE "'shape': (999999999999,999999999999), }\n", "fit into an address", 1},
        {GOOD_TYPE "'shape': (1,1,1,1,1,1,1,1,1), }\n", "more than 8 dimensions", 1},
        {GOOD_TYPE "'shape': (2,), }\n", "ends before the last", 1},
        {GOOD_TYPE "'shape': (2,), }\n", "goes on after the last", 3},
        {GOOD_TYPE "'shape': (0,), }\n", "goes on after the last", 1},
        {GOOD_TYPE "'shape': (1,), }", "does not end with a newline", 1},
        {GOOD_TYPE "'shape': (1,), } x\n", "goes on after the dictionary", 1},
        {GOOD_TYPE "'shape': (1,), }\n\n", "goes on after the dictionary", 1},
        {GOOD_TYPE "'shape': (1,), 'more': 1}\n", "a key other than", 1},
        {GOOD_TYPE "'descr': '|u1', 'shape': (1,), }\n", "a key twice", 1},
        {GOOD_TYPE "}\n", "lacks", 1},
        {GOOD_TYPE "'shape' (1,), }\n", "not a dictionary", 1},
        {"{'descr': '|u1' 'fortran_order': False, 'shape': (1,)}\n", "not a dictionary", 1},
        {"('descr': '|u1')\n", "not a dictionary", 1},
        {"{'descr': '|u1", "of no type", 1},
        {"{", "not a dictionary", 1},
        {"", "not a dictionary", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *reason = NULL;
        Npy *npy = decode(1, cases[i].header, cases[i].data_bytes, &reason);
        bool right = npy == NULL && reason != NULL && strstr(reason, cases[i].reason) != NULL;
        if (!right)
            printf("\n    %s    gave '%s'\n", cases[i].header, reason != NULL ? reason : "nothing");
        CU_ASSERT(right);
        npy_free(npy);
    }
}

static void test_prefix(void)
{
    static const char header[] = GOOD_TYPE "'shape': (3,), }\n";
    const char *reason = NULL;
    size_t bytes = 0;
    char *file = file_make(1, header, 3, &bytes);
    /* Cut anywhere, and in memory of just that size, it is refused. */
    for (size_t kept = 0; kept < bytes; kept++) {
        char *cut = malloc(kept > 0 ? kept : 1);
        memcpy(cut, file, kept);
        CU_ASSERT_PTR_NULL(npy_decode(cut, kept, &reason));
        free(cut);
    }
    file[5] = 'y';
    CU_ASSERT_PTR_NULL(npy_decode(file, bytes, &reason));
    CU_ASSERT_PTR_NOT_NULL(strstr(reason, "magic"));
    file[5] = 'Y';
    file[6] = 4;
    CU_ASSERT_PTR_NULL(npy_decode(file, bytes, &reason));
    CU_ASSERT_PTR_NOT_NULL(strstr(reason, "version"));
    file[6] = 1;
    file[7] = 1;
    CU_ASSERT_PTR_NULL(npy_decode(file, bytes, &reason));
    file[7] = 0;
    file[20] = 0;
    CU_ASSERT_PTR_NULL(npy_decode(file, bytes, &reason));
    CU_ASSERT_PTR_NOT_NULL(strstr(reason, "zero byte"));
    free(file);
}

/* Versions 2.0 and 3.0 count the header with four bytes; here only the highest of them is not 0. */
static void test_long_header(void)
{
    static const char header[] = GOOD_TYPE "'shape': (3,), }";
    size_t length = (size_t)1 << 24;
    char *file = memory_new(12 + length + 3, 1);
    memset(file, ' ', 12 + length);
    memcpy(file, "\x93NUMPY\x02\0\0\0\0\x01", 12);
    memcpy(file + 12, header, strlen(header));
    file[12 + length - 1] = '\n';
    const char *reason = NULL;
    Npy *npy = npy_decode(file, 12 + length + 3, &reason);
    CU_ASSERT_PTR_NOT_NULL(npy);
    npy_free(npy);
    free(file);
}

static void read_it(void *path)
{
    npy_free(npy_read(path));
}

static void write_negative(void *path)
{
    npy_write(path, NPY_UINT8, "", 1, (long[]){-1});
}

static void ask_beyond(void *context)
{
    (void)context;
    const char *reason = NULL;
    npy_number(decode(1, GOOD_TYPE "'shape': (1,), }\n", 1, &reason), 1);
}

static void test_refused(void)
{
    char folder[256];
    folder_make(folder);
    char *path = memory_format("%s/x.npy", folder);
    CU_ASSERT_PTR_NULL(file_write(path, "text", 4));
    ChildResult result = child_run(read_it, path);
    CU_ASSERT(child_said(&result, 1,
                         "x.npy: not an array that can be read: it does not begin "
                         "with NumPy's magic bytes; save it again in Python with"));
    result = child_run(write_negative, path);
    CU_ASSERT(child_said(&result, 128 + 6, "size 0 is -1; sizes are 0 or more"));
    result = child_run(ask_beyond, NULL);
    CU_ASSERT(child_said(&result, 128 + 6, "npy_number: element 1 of 1"));
    CU_ASSERT_PTR_NOT_NULL(npy_write("/no/such/folder/x.npy", NPY_UINT8, "", 0, NULL));
    free(path);
    folder_remove(folder);
}

static void test_numbers(void)
{
    static const struct {
        const char *descr;
        size_t size;
        double wanted;
    } cases[] = {
        {"<i4", 4, 0x04030201},
        {"<i8", 8, (double)0x0807060504030201},
        {"|u1", 1, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *reason = NULL;
        char *header = memory_format("{'descr': '%s', 'fortran_order': False, 'shape': (), }\n",
                                     cases[i].descr);
        Npy *npy = decode(1, header, cases[i].size, &reason);
        CU_ASSERT_PTR_NOT_NULL_FATAL(npy);
        CU_ASSERT_EQUAL(npy_number(npy, 0), cases[i].wanted);
        npy_free(npy);
        free(header);
    }
    const float f = 0.1f;
    const double d = 0.1;
    Npy of_float = {.type = NPY_FLOAT32, .count = 1, .data = (float[]){f}};
    Npy of_double = {.type = NPY_FLOAT64, .count = 1, .data = (double[]){d}};
    CU_ASSERT_EQUAL(npy_number(&of_float, 0), f);
    CU_ASSERT_EQUAL(npy_number(&of_double, 0), d);
}

const Suite suite = {"support/npy",
                     {{"written is read", test_round_trip},
                      {"the header's bytes", test_header},
                      {"other writers", test_other_writers},
                      {"damaged headers", test_damaged},
                      {"prefix and cuts", test_prefix},
                      {"a long header", test_long_header},
                      {"refused", test_refused},
                      {"numbers", test_numbers},
                      {NULL, NULL}}};
