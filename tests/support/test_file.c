#include "harness/suite.h"
#include "support/file.h"
#include "support/memory.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char *below(const char *folder, const char *name)
{
    return memory_format("%s/%s", folder, name);
}

/* Whether the file holds exactly that text. */
static bool holds(const char *path, const char *text)
{
    size_t bytes = 0;
    char *data = NULL;
    if (file_try_read(path, &data, &bytes) != NULL)
        return false;
    bool same = bytes == strlen(text) && memcmp(data, text, bytes) == 0;
    free(data);
    return same;
}

static void test_round_trip(void)
{
    char folder[256];
    folder_make(folder);
    char *path = below(folder, "data");
    static const size_t sizes[] = {0, 1, 2, 4095, 4096, 100001};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        unsigned char *data = memory_new(sizes[s], 1);
        for (size_t i = 0; i < sizes[s]; i++)
            data[i] = (unsigned char)(i * 31 + s);
        CU_ASSERT_PTR_NULL(file_write(path, data, sizes[s]));
        size_t bytes = 7;
        char *back = file_read(path, &bytes);
        CU_ASSERT_EQUAL(bytes, sizes[s]);
        CU_ASSERT(memcmp(back, data, sizes[s]) == 0);
        CU_ASSERT_EQUAL(back[bytes], '\0');
        free(back);
        free(data);
    }
    char *part = below(folder, "data.part");
    CU_ASSERT_FALSE(file_exists(part));
    free(part);
    free(path);
    folder_remove(folder);
}

/* A pipe states no size. */
static void test_read_pipe(void)
{
    char folder[256];
    folder_make(folder);
    char *path = below(folder, "pipe");
    CU_ASSERT_EQUAL_FATAL(mkfifo(path, 0600), 0);
    fflush(NULL);
    pid_t writer = fork();
    if (writer == 0) {
        FILE *out = fopen(path, "w");
        if (out == NULL)
            _exit(1);
        for (int i = 0; i < 50000; i++)
            fputc('a' + i % 26, out);
        fclose(out);
        _exit(0);
    }
    size_t bytes = 0;
    char *data = file_read(path, &bytes);
    waitpid(writer, NULL, 0);
    CU_ASSERT_EQUAL_FATAL(bytes, 50000);
    int wrong = 0;
    for (int i = 0; i < 50000; i++)
        wrong += data[i] != 'a' + i % 26;
    CU_ASSERT_EQUAL(wrong, 0);
    free(data);
    free(path);
    folder_remove(folder);
}

static void read_it(void *path)
{
    size_t bytes = 0;
    free(file_read(path, &bytes));
}

static void read_json(void *path)
{
    cJSON_Delete(file_read_json(path));
}

static void test_read_refused(void)
{
    char folder[256];
    folder_make(folder);
    char *path = below(folder, "absent");
    ChildResult result = child_run(read_it, path);
    CU_ASSERT(child_said(&result, 1, "absent: can't be read (not found); check the path"));
    result = child_run(read_it, folder);
    CU_ASSERT(child_said(&result, 1, "(it is a folder, not a file)"));
    free(path);
    folder_remove(folder);
}

typedef struct Kill {
    const char *path;
    int stage;
} Kill;

static void kill_at(int stage, void *context)
{
    const Kill *wanted = context;
    if (stage == wanted->stage)
        raise(SIGKILL);
}

static void write_and_die(void *context)
{
    Kill *wanted = context;
    file_write_staged(wanted->path, "new text", 8, kill_at, wanted);
}

/* A process that dies at any stage leaves the old file or the new one, and the next write goes
 * through. */
static void test_killed(void)
{
    char folder[256];
    folder_make(folder);
    char *path = below(folder, "kept");
    for (int stage = 0; stage <= 3; stage++) {
        CU_ASSERT_PTR_NULL(file_write(path, "old", 3));
        Kill wanted = {path, stage};
        ChildResult result = child_run(write_and_die, &wanted);
        CU_ASSERT_EQUAL(result.status, 128 + SIGKILL);
        CU_ASSERT(holds(path, stage < 3 ? "old" : "new text"));
        CU_ASSERT_PTR_NULL(file_write(path, "newer", 5));
        CU_ASSERT(holds(path, "newer"));
    }
    free(path);
    folder_remove(folder);
}

static void count_stage(int stage, void *context)
{
    int *seen = context;
    *seen = *seen * 10 + stage + 1;
}

static void test_stages(void)
{
    char folder[256];
    folder_make(folder);
    char *path = below(folder, "file");
    int seen = 0;
    CU_ASSERT_PTR_NULL(file_write_staged(path, "text", 4, count_stage, &seen));
    CU_ASSERT_EQUAL(seen, 1234);
    free(path);
    folder_remove(folder);
}

/* A limit on the size of files stands for the full disk. */
static void write_too_much(void *path)
{
    static const char zeros[10000];
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){4096, 4096});
    const char *reason = file_write(path, zeros, sizeof zeros);
    printf("reason: %s\n", reason != NULL ? reason : "none");
}

static void test_disk_full(void)
{
    char folder[256];
    folder_make(folder);
    char *path = below(folder, "kept");
    char *part = below(folder, "kept.part");
    CU_ASSERT_PTR_NULL(file_write(path, "old", 3));
    ChildResult result = child_run(write_too_much, path);
    CU_ASSERT(child_said(&result, 0, "reason: File too large"));
    CU_ASSERT(holds(path, "old"));
    CU_ASSERT_FALSE(file_exists(part));
    free(part);
    free(path);
    folder_remove(folder);
}

static void test_write_refused(void)
{
    char folder[256];
    folder_make(folder);
    char *path = below(folder, "no/such/folder");
    CU_ASSERT_STRING_EQUAL(file_write(path, "x", 1), "its folder is not there");
    free(path);
    /* The device that is always full: file_write would write beside it, so the link stands for the
     * part. */
    path = below(folder, "full");
    char *part = below(folder, "full.part");
    if (file_exists("/dev/full") && symlink("/dev/full", part) == 0)
        CU_ASSERT_STRING_EQUAL(file_write(path, "text", 4), "No space left on device");
    CU_ASSERT_FALSE(file_exists(path));
    free(part);
    free(path);
    /* A folder can't be replaced by a file; the part is gone afterwards. */
    path = below(folder, "folder");
    part = below(folder, "folder.part");
    file_make_folder(path);
    CU_ASSERT_PTR_NOT_NULL(file_write(path, "x", 1));
    CU_ASSERT(file_is_folder(path));
    CU_ASSERT_FALSE(file_exists(part));
    free(part);
    free(path);
    folder_remove(folder);
}

static void make_folder(void *path)
{
    file_make_folder(path);
}

static void test_folders(void)
{
    char folder[256];
    folder_make(folder);
    char *path = below(folder, "a//b/c/");
    file_make_folder(path);
    CU_ASSERT(file_is_folder(path));
    file_make_folder(path);
    file_make_folder("/");
    free(path);
    path = below(folder, "a/file");
    CU_ASSERT_PTR_NULL(file_write(path, "x", 1));
    CU_ASSERT(file_exists(path));
    CU_ASSERT_FALSE(file_is_folder(path));
    char *under = below(path, "deeper");
    ChildResult result = child_run(make_folder, under);
    CU_ASSERT(child_said(&result, 1, "a/file: a file of that name is in the way; move it"));
    free(under);
    free(path);
    folder_remove(folder);
}

static void test_json(void)
{
    char folder[256];
    folder_make(folder);
    char *path = below(folder, "config.json");
    cJSON *json = cJSON_Parse("{\"a\": [1, 2.5, null], \"b\": \"text\", \"c\": 2.5, \"d\": null}");
    CU_ASSERT_PTR_NULL(file_write_json(path, json));
    cJSON *back = file_read_json(path);
    CU_ASSERT(cJSON_Compare(json, back, true));
    CU_ASSERT(file_json_number(back, "c") == 2.5);
    CU_ASSERT(isnan(file_json_number(back, "b")) && isnan(file_json_number(back, "d")));
    CU_ASSERT(isnan(file_json_number(back, "e")));
    cJSON_Delete(back);
    cJSON_Delete(json);
    CU_ASSERT_PTR_NULL(file_write(path, "{\n  \"a\": 1,\n  \"b\": oops\n}\n", 26));
    ChildResult result = child_run(read_json, path);
    CU_ASSERT(child_said(&result, 1, "config.json: not JSON from line 3, column 8 on"));
    CU_ASSERT_PTR_NULL(file_write(path, "{} {}", 5));
    result = child_run(read_json, path);
    CU_ASSERT(child_said(&result, 1, "not JSON from line 1, column 4 on"));
    CU_ASSERT_PTR_NULL(file_write(path, "", 0));
    result = child_run(read_json, path);
    CU_ASSERT(child_said(&result, 1, "not JSON from line 1, column 1 on"));
    free(path);
    folder_remove(folder);
}

static void test_sum(void)
{
    char folder[256];
    char sum[65];
    folder_make(folder);
    char *path = below(folder, "abc");
    CU_ASSERT_PTR_NULL(file_write(path, "abc", 3));
    CU_ASSERT(file_sha256(path, sum));
    CU_ASSERT_STRING_EQUAL(sum, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    free(path);
    path = below(folder, "absent");
    CU_ASSERT_FALSE(file_sha256(path, sum));
    CU_ASSERT_FALSE(file_sha256(folder, sum));
    free(path);
    folder_remove(folder);
}

const Suite suite = {"support/file",
                     {{"written is read", test_round_trip},
                      {"a pipe is read to its end", test_read_pipe},
                      {"what can't be read is refused", test_read_refused},
                      {"killed at each stage", test_killed},
                      {"the stages are reached in order", test_stages},
                      {"a full disk", test_disk_full},
                      {"what can't be written says why", test_write_refused},
                      {"folders", test_folders},
                      {"JSON", test_json},
                      {"the sum of a file", test_sum},
                      {NULL, NULL}}};
