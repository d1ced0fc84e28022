/* One test program per file: it defines `suite`, and harness/main.c runs it with CUnit.
 * A program per suite keeps a crash in one from ending the others.
 *
 *     static void test_sum(void) { CU_ASSERT_EQUAL(1 + 1, 2); }
 *     const Suite suite = {"support/example", {{"a sum", test_sum}, {NULL, NULL}}};
 *
 * Files whose name ends in _f64.c are linked with the double build of the library. */
#ifndef HARNESS_SUITE_H
#define HARNESS_SUITE_H

#include <CUnit/CUnit.h>
#include <stdbool.h>
#include <stddef.h>

enum { SUITE_MOST_TESTS = 64 };

typedef struct SuiteTest {
    const char *name;
    void (*run)(void);
} SuiteTest;

typedef struct Suite {
    const char *name;
    SuiteTest test[SUITE_MOST_TESTS]; /* ends with a NULL name */
} Suite;

extern const Suite suite;

/* What a child process did. status: its exit code, or 128 + signal. text: what it wrote to stdout
 * and stderr, cut to the buffer. */
typedef struct ChildResult {
    int status;
    char text[4096];
} ChildResult;

/* Runs a function in a forked child, for code that must exit or abort. The child exits 0 if run
 * returns. */
ChildResult child_run(void (*run)(void *context), void *context);

/* Whether the child ended with that status and its text holds that piece; prints both when not. */
bool child_said(const ChildResult *result, int status, const char *piece);

/* A new empty folder below $TMPDIR or /tmp; removed with all it holds by folder_remove. */
void folder_make(char path[256]);
void folder_remove(const char *path);

#endif
