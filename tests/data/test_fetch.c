/* The fetching script where it needs no network. Run from the root of the tree. */
#include "harness/suite.h"
#include "support/file.h"
#include "support/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void run(void *command)
{
    int status = system(command);
    _Exit(status > 255 ? status / 256 : status);
}

/* Runs the script with its cache in a folder. */
static ChildResult fetch(const char *cache, const char *arguments)
{
    char *command = memory_format("LAB_DATA='%s/cache' sh datasets/fetch.sh %s", cache, arguments);
    ChildResult result = child_run(run, command);
    free(command);
    return result;
}

/* Whether the cache holds no file at all, not even a part of one. */
static bool nothing_left(const char *folder)
{
    char *command = memory_format("find '%s/cache' -type f 2>/dev/null | wc -l", folder);
    ChildResult result = child_run(run, command);
    free(command);
    return result.status == 0 && atoi(result.text) == 0;
}

static void test_unknown_names(void)
{
    char folder[256];
    folder_make(folder);
    ChildResult result = fetch(folder, "cifar");
    CU_ASSERT(child_said(&result, 2,
                         "error: data set 'cifar' is not one that is fetched. Choose "
                         "from: mnist"));
    result = fetch(folder, "");
    CU_ASSERT(child_said(&result, 2, "no data set named. Choose from: mnist"));
    folder_remove(folder);
}

static void test_wrong_folders(void)
{
    char folder[256];
    folder_make(folder);
    char *arguments = memory_format("mnist '%s/nowhere'", folder);
    ChildResult result = fetch(folder, arguments);
    CU_ASSERT(child_said(&result, 1, "nowhere: not a folder"));
    free(arguments);
    arguments = memory_format("mnist '%s'", folder);
    result = fetch(folder, arguments);
    CU_ASSERT(child_said(&result, 1, "train-images-idx3-ubyte is missing"));
    CU_ASSERT(nothing_left(folder));
    char *path = memory_format("%s/train-images-idx3-ubyte", folder);
    CU_ASSERT_PTR_NULL(file_write(path, "wrong", 5));
    result = fetch(folder, arguments);
    CU_ASSERT(child_said(&result, 1, "the SHA-256 of train-images-idx3-ubyte is not ba891046"));
    CU_ASSERT(nothing_left(folder));
    free(path);
    path = memory_format("%s/train-labels-idx1-ubyte.gz", folder);
    CU_ASSERT_PTR_NULL(file_write(path, "not gzip", 8));
    result = fetch(folder, arguments);
    CU_ASSERT(child_said(&result, 1, "its files can't be copied"));
    CU_ASSERT(nothing_left(folder));
    free(path);
    free(arguments);
    folder_remove(folder);
}

/* The script with another sum and another path in it, so that small made files are the right ones.
 */
static void write_script(const char *folder, const char *sum, const char *file)
{
    char found[65];
    CU_ASSERT_FATAL(file_sha256(file, found));
    char *command = memory_format("sed -e 's|%s|%s|' -e 's|/usr/lib/bible.data|%s/bible.data|' "
                                  "datasets/fetch.sh >'%s/fetch.sh'",
                                  sum, found, folder, folder);
    ChildResult result = child_run(run, command);
    CU_ASSERT_EQUAL(result.status, 0);
    free(command);
}

static ChildResult fetch_with_script(const char *folder, const char *arguments)
{
    char *command =
        memory_format("LAB_DATA='%s/cache' sh '%s/fetch.sh' %s", folder, folder, arguments);
    ChildResult result = child_run(run, command);
    free(command);
    return result;
}

static void check_file(const char *folder, const char *file, const char *text)
{
    char *path = memory_format("%s/cache/%s", folder, file), *found;
    size_t bytes;
    CU_ASSERT_PTR_NULL_FATAL(file_try_read(path, &found, &bytes));
    CU_ASSERT_STRING_EQUAL(found, text);
    free(found);
    free(path);
}

/* A text from a folder, plain and packed; once it is there nothing is done. */
static void test_text_from_a_folder(void)
{
    static const char sum[] = "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d";
    static const char text[] = "emma\nolivia\nava";
    char folder[256];
    folder_make(folder);
    char *path = memory_format("%s/names.txt", folder);
    char *arguments = memory_format("names '%s'", folder);
    char *others = memory_format("shakespeare '%s'", folder);
    char *pack = memory_format("rm -r '%s/cache' && gzip '%s'", folder, path);
    CU_ASSERT_PTR_NULL(file_write(path, text, strlen(text)));
    write_script(folder, sum, path);
    ChildResult result = fetch(folder, arguments);
    CU_ASSERT(child_said(&result, 1, "the SHA-256 of names.txt is not 0a30b555"));
    result = fetch(folder, others);
    CU_ASSERT(child_said(&result, 1, "tinyshakespeare.txt is missing"));
    CU_ASSERT(nothing_left(folder));
    result = fetch_with_script(folder, arguments);
    CU_ASSERT(child_said(&result, 0, "cache/names, sums right"));
    check_file(folder, "names/names.txt", text);
    result = fetch_with_script(folder, "names");
    CU_ASSERT(child_said(&result, 0, "names: already in"));
    result = child_run(run, pack);
    CU_ASSERT_EQUAL(result.status, 0);
    result = fetch_with_script(folder, arguments);
    CU_ASSERT(child_said(&result, 0, "cache/names, sums right"));
    check_file(folder, "names/names.txt", text);
    free(path);
    free(arguments);
    free(others);
    free(pack);
    folder_remove(folder);
}

/* A number of 4 bytes, the highest first. */
static void put_number(unsigned char *at, size_t number)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(number >> (24 - 8 * i));
}

/* Letters as codes of 9 bits, the lowest first, as compress(1) begins; how many bytes. */
static size_t put_codes(unsigned char *at, const char *text)
{
    size_t bit = 0;
    for (; *text != '\0'; text++)
        for (int b = 0; b < 9; b++, bit++)
            at[bit / 8] |= (unsigned char)(((unsigned char)*text >> b & 1) << bit % 8);
    return (bit + 7) / 8;
}

/* The Bible's blocks become one text without its title. */
static void test_bible(void)
{
    static const char sum[] = "cd45f0c9cedab8e4439bd6486c8952c77cc8b0ecc5d1f6ae3513f2039f47229d";
    static const char *const block[] = {"Holy\nGe1:1 In t", "he beginning\nGe1:2 And", " so on\n"};
    static const char text[] = "Ge1:1 In the beginning\nGe1:2 And so on\n";
    enum { BLOCKS = 3, TABLE = 88, FIRST = 111 };
    unsigned char data[512] = "EC02Compressed Data File";
    char folder[256];
    size_t end = FIRST;
    folder_make(folder);
    put_number(data + TABLE, BLOCKS);
    for (int i = 0; i < BLOCKS; i++) {
        put_number(data + TABLE + 4 + 4 * i, end);
        end += put_codes(data + end, block[i]);
    }
    put_number(data + TABLE + 4 + 4 * BLOCKS, end);
    char *path = memory_format("%s/bible.data", folder), *right = memory_format("%s/text", folder);
    CU_ASSERT_PTR_NULL(file_write(path, data, end));
    CU_ASSERT_PTR_NULL(file_write(right, text, strlen(text)));
    write_script(folder, sum, right);
    ChildResult result = fetch_with_script(folder, "bible");
    CU_ASSERT(child_said(&result, 0, "cache/bible, sums right"));
    check_file(folder, "bible/bible.txt", text);
    free(path);
    free(right);
    folder_remove(folder);
}

const Suite suite = {"data/fetch",
                     {{"unknown names", test_unknown_names},
                      {"wrong folders", test_wrong_folders},
                      {"a text from a folder", test_text_from_a_folder},
                      {"the Bible's blocks", test_bible},
                      {NULL, NULL}}};
