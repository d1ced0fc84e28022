/* The fetching script where it needs no network. Run from the root of the tree. */
#include "harness/suite.h"
#include "support/file.h"
#include "support/memory.h"

#include <stdio.h>
#include <stdlib.h>

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

const Suite suite = {
    "data/fetch",
    {{"unknown names", test_unknown_names}, {"wrong folders", test_wrong_folders}, {NULL, NULL}}};
