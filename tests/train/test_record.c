/* metrics.csv: its columns, what a resumed run keeps, reading it again. */
#include "harness/suite.h"
#include "support/file.h"
#include "support/memory.h"
#include "train/record.h"
#include "train/run.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const char *const columns[] = {"loss", "fit", NULL};
static const Family family = {.name = "toy", .columns = columns};

#define HEADER "step,epoch,seconds,learning_rate,loss,fit,valid\n"

static char *content(const char *dir)
{
    char *path = run_path(dir, "metrics.csv");
    size_t bytes;
    char *text = file_read(path, &bytes);
    free(path);
    return text;
}

static bool holds(const char *dir, const char *text)
{
    char *have = content(dir);
    bool same = strcmp(have, text) == 0;
    if (!same)
        printf("\n    wanted '%s'\n    got '%s'\n", text, have);
    free(have);
    return same;
}

/* Lines first .. last of a run that logs every second step. */
static void lines(const char *dir, long from, long first, long last)
{
    Record *record = record_open(dir, &family, from);
    for (long step = first; step <= last; step += 2)
        record_line(record, step, 0.5, 1, 0.001, (double[]){(double)step, NAN}, NAN);
    record_close(record);
}

static void test_columns(void)
{
    char dir[256];
    folder_make(dir);
    Record *record = record_open(dir, &family, 0);
    CU_ASSERT(holds(dir, HEADER));
    record_line(record, 10, 0.25, 1.5, 0.001, (double[]){1.0 / 3, -2}, 7);
    CU_ASSERT(holds(dir, HEADER "10,0.25,1.500,0.001,0.333333333,-2,7\n")); /* at once */
    record_line(record, 20, 1e6, 0, 1e-7, (double[]){NAN, INFINITY}, NAN);
    record_close(record);
    CU_ASSERT(holds(dir, HEADER "10,0.25,1.500,0.001,0.333333333,-2,7\n"
                                "20,1e+06,0.000,1e-07,,inf,\n"));
    folder_remove(dir);
}

static void test_resumed(void)
{
    char dir[256];
    folder_make(dir);
    lines(dir, 0, 2, 10);
    lines(dir, 6, 8, 8);
    const char *wanted = HEADER "2,0.5,1.000,0.001,2,,\n4,0.5,1.000,0.001,4,,\n"
                                "6,0.5,1.000,0.001,6,,\n8,0.5,1.000,0.001,8,,\n";
    CU_ASSERT(holds(dir, wanted));
    lines(dir, 9, 12, 10); /* between two lines, and none is added */
    CU_ASSERT(holds(dir, wanted));
    lines(dir, 1, 2, 2); /* before the first line: the header stays alone */
    CU_ASSERT(holds(dir, HEADER "2,0.5,1.000,0.001,2,,\n"));
    lines(dir, 0, 4, 4); /* a new run */
    CU_ASSERT(holds(dir, HEADER "4,0.5,1.000,0.001,4,,\n"));
    folder_remove(dir);
}

/* Killed within a line, or within the header; or the file is gone. */
static void test_damaged(void)
{
    char dir[256];
    folder_make(dir);
    char *path = run_path(dir, "metrics.csv");
    static const char *const cut[] = {HEADER "2,0.5,1.000,0.001,2,,\n4,0.5,1.0",
                                      HEADER "2,0.5,1.000,0.001,2,,\n4",
                                      HEADER "2,0.5,1.000,0.001,2,,\n"};
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_PTR_NULL(file_write(path, cut[i], strlen(cut[i])));
        lines(dir, 4, 6, 6);
        CU_ASSERT(holds(dir, HEADER "2,0.5,1.000,0.001,2,,\n6,0.5,1.000,0.001,6,,\n"));
    }
    static const char *const gone[] = {"step,ep", ""};
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_PTR_NULL(file_write(path, gone[i], strlen(gone[i])));
        lines(dir, 4, 6, 6);
        CU_ASSERT(holds(dir, HEADER "6,0.5,1.000,0.001,6,,\n"));
    }
    remove(path);
    lines(dir, 4, 6, 6);
    CU_ASSERT(holds(dir, HEADER "6,0.5,1.000,0.001,6,,\n"));
    free(path);
    folder_remove(dir);
}

static void test_read(void)
{
    char dir[256];
    folder_make(dir);
    lines(dir, 0, 2, 6);
    RecordTable table = record_read(dir);
    CU_ASSERT(table.columns == 7 && table.rows == 3);
    CU_ASSERT_STRING_EQUAL(table.name[6], "valid");
    const double *step = record_column(&table, "step"), *loss = record_column(&table, "loss");
    const double *fit = record_column(&table, "fit"), *valid = record_column(&table, "valid");
    CU_ASSERT_FATAL(step != NULL && loss != NULL && fit != NULL && valid != NULL);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT(step[i] == 2 * (i + 1) && loss[i] == step[i]);
        CU_ASSERT(isnan(fit[i]) && isnan(valid[i]));
    }
    CU_ASSERT_EQUAL(record_column(&table, "learning_rate")[1], 0.001);
    CU_ASSERT_PTR_NULL(record_column(&table, "los"));
    record_table_free(&table);
    folder_remove(dir);
}

/* Fewer numbers on a line than columns: the rest is empty. */
static void test_read_short(void)
{
    char dir[256];
    folder_make(dir);
    char *path = run_path(dir, "metrics.csv");
    CU_ASSERT_PTR_NULL(file_write(path, "a,b,c\n1,,3\n4", 12));
    RecordTable table = record_read(dir);
    CU_ASSERT(table.columns == 3);
    CU_ASSERT(table.rows >= 1 && table.value[0][0] == 1 && isnan(table.value[1][0]));
    CU_ASSERT_EQUAL(table.value[2][0], 3);
    if (table.rows == 2)
        CU_ASSERT(table.value[0][1] == 4 && isnan(table.value[2][1]));
    record_table_free(&table);
    free(path);
    folder_remove(dir);
}

static void read_it(void *dir)
{
    RecordTable table = record_read(dir);
    record_table_free(&table);
}

static void test_read_refused(void)
{
    char dir[256];
    folder_make(dir);
    ChildResult none = child_run(read_it, dir);
    CU_ASSERT(child_said(&none, 1, "metrics.csv: can't be read (not found)"));
    char *path = run_path(dir, "metrics.csv");
    CU_ASSERT_PTR_NULL(file_write(path, "", 0));
    ChildResult empty = child_run(read_it, dir);
    CU_ASSERT(child_said(&empty, 1, "metrics.csv: is empty; train again\n"));
    free(path);
    folder_remove(dir);
}

/* Three lines that find no room: one warning, and the program goes on. */
static void write_on_full_disk(void *dir)
{
    const struct rlimit limit = {strlen(HEADER), strlen(HEADER)};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    lines(dir, 0, 2, 6);
}

static void test_full_disk(void)
{
    char dir[256];
    folder_make(dir);
    ChildResult result = child_run(write_on_full_disk, dir);
    CU_ASSERT(child_said(&result, 0, "a line was not written: File too large; training goes on\n"));
    const char *first = strstr(result.text, "warning: ");
    CU_ASSERT(first != NULL && strstr(first + 1, "warning: ") == NULL);
    folder_remove(dir);
}

static void resume_on_full_disk(void *dir)
{
    const struct rlimit limit = {strlen(HEADER), strlen(HEADER)};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    lines(dir, 4, 6, 5);
}

/* The lines that are kept are not written again, so they can't be lost. */
static void test_resumed_on_full_disk(void)
{
    char dir[256];
    folder_make(dir);
    lines(dir, 0, 2, 6);
    ChildResult result = child_run(resume_on_full_disk, dir);
    CU_ASSERT(child_said(&result, 0, ""));
    CU_ASSERT(holds(dir, HEADER "2,0.5,1.000,0.001,2,,\n4,0.5,1.000,0.001,4,,\n"));
    folder_remove(dir);
}

const Suite suite = {"train/record",
                     {{"columns", test_columns},
                      {"a resumed run", test_resumed},
                      {"damaged files", test_damaged},
                      {"reading", test_read},
                      {"reading a short line", test_read_short},
                      {"reading what is not there", test_read_refused},
                      {"a full disk", test_full_disk},
                      {"resumed on a full disk", test_resumed_on_full_disk},
                      {NULL, NULL}}};
