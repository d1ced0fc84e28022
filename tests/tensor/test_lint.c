/* No operation without a row in the gradient tables: every `Tensor *tensor_...(` that tensor.h
 * declares is either named by a row of a test_gradients*_f64.c, or one of the makers listed here.
 * Runs from the root of the repository, as all tests do. */
#include "harness/suite.h"
#include "support/memory.h"

#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_NAMES = 200, LONGEST_NAME = 64 };

/* They make leaves, or cut the history: nothing to differentiate. */
static const char *const maker[] = {"tensor_new",  "tensor_new_matrix", "tensor_like",
                                    "tensor_fill", "tensor_from",       "tensor_watch",
                                    "tensor_name", "tensor_detach",     NULL};

typedef struct Names {
    char name[MOST_NAMES][LONGEST_NAME];
    int count;
} Names;

static bool names_hold(const Names *names, const char *name)
{
    for (int i = 0; i < names->count; i++)
        if (strcmp(names->name[i], name) == 0)
            return true;
    return false;
}

static bool is_maker(const char *name)
{
    for (int i = 0; maker[i] != NULL; i++)
        if (strcmp(maker[i], name) == 0)
            return true;
    return false;
}

/* Adds every word that stands in the text right behind before, if after follows it. */
static void names_find(Names *names, const char *text, const char *before, char after)
{
    for (const char *p = text; (p = strstr(p, before)) != NULL;) {
        p += strlen(before) - strlen("tensor_");
        size_t length = 0;
        while (isalnum((unsigned char)p[length]) || p[length] == '_')
            length++;
        bool fits = p[length] == after && length < LONGEST_NAME && names->count < MOST_NAMES;
        if (fits) {
            memcpy(names->name[names->count], p, length);
            names->name[names->count++][length] = '\0';
        }
        p += length;
    }
}

static void names_declared(Names *names, const char *text)
{
    names_find(names, text, "\nTensor *tensor_", '(');
}

static void names_in_rows(Names *names, const char *text)
{
    names_find(names, text, "{\"tensor_", '"');
}

/* Operations that are declared and have neither a row nor a place among the makers. */
static int without_row(const Names *declared, const Names *rows, bool say)
{
    int missing = 0;
    for (int i = 0; i < declared->count; i++) {
        const char *name = declared->name[i];
        if (is_maker(name) || names_hold(rows, name))
            continue;
        if (say)
            printf("\n    %s has no row in tests/tensor/test_gradients*_f64.c\n", name);
        missing++;
    }
    return missing;
}

/* The whole file; NULL when it can't be read. Free with free(). */
static char *text_of(const char *path)
{
    enum { MOST_BYTES = 1 << 20 };
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return NULL;
    char *text = memory_new(MOST_BYTES + 1, 1);
    size_t bytes = fread(text, 1, MOST_BYTES, file);
    fclose(file);
    text[bytes] = '\0';
    return text;
}

static void read_declarations(Names *names)
{
    char *text = text_of("lib/tensor/tensor.h");
    CU_ASSERT_FATAL(text != NULL);
    names_declared(names, text);
    free(text);
}

static void read_rows(Names *names)
{
    glob_t found;
    CU_ASSERT_EQUAL_FATAL(glob("tests/tensor/test_gradients*_f64.c", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char *text = text_of(found.gl_pathv[i]);
        CU_ASSERT_FATAL(text != NULL);
        names_in_rows(names, text);
        free(text);
    }
    globfree(&found);
}

static void test_every_operation_has_a_row(void)
{
    Names declared = {.count = 0}, rows = {.count = 0};
    read_declarations(&declared);
    read_rows(&rows);
    CU_ASSERT(declared.count >= 40 && declared.count < MOST_NAMES && rows.count < MOST_NAMES);
    CU_ASSERT_EQUAL(without_row(&declared, &rows, true), 0);
}

/* Neither list names what is gone. */
static void test_every_row_has_an_operation(void)
{
    Names declared = {.count = 0}, rows = {.count = 0};
    read_declarations(&declared);
    read_rows(&rows);
    CU_ASSERT(rows.count > 0);
    for (int i = 0; i < rows.count; i++)
        CU_ASSERT(names_hold(&declared, rows.name[i]) && !is_maker(rows.name[i]));
    for (int i = 0; maker[i] != NULL; i++)
        CU_ASSERT(names_hold(&declared, maker[i]));
}

/* The search itself, on texts where the answer is known. */
static void test_a_missing_row_is_found(void)
{
    Names declared = {.count = 0}, rows = {.count = 0};
    names_declared(&declared, "\nTensor *tensor_new(Tape *tape);\nTensor *tensor_add(Tensor *a);\n"
                              "\nTensor *tensor_cube(Tensor *a,\n    Tensor *b);\nint tensor_rows("
                              ");\n/* Tensor *tensor_not(x) */");
    CU_ASSERT_EQUAL(declared.count, 3);
    names_in_rows(&rows,
                  "  {\"tensor_add\", \"note\", build},\n \"tensor_cube\" {\"tensor_adder\"");
    CU_ASSERT_EQUAL(rows.count, 2);
    CU_ASSERT_EQUAL(without_row(&declared, &rows, false), 1);
    names_in_rows(&rows, "{\"tensor_cube\", ");
    CU_ASSERT_EQUAL(without_row(&declared, &rows, false), 0);
}

const Suite suite = {"tensor/lint",
                     {{"every operation has a row", test_every_operation_has_a_row},
                      {"every row has an operation", test_every_row_has_an_operation},
                      {"a missing row is found", test_a_missing_row_is_found},
                      {NULL, NULL}}};
