#include "harness/suite.h"
#include "support/memory.h"
#include "train/safetensors.h"
#include "train/safetensors_bytes.h"

#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The example of the format's documentation: 60 bytes of header, four zeros of I32. */
static void test_documented(void)
{
    static const char text[] =
        "{\"test\":{\"dtype\":\"I32\",\"shape\":[2,2],\"data_offsets\":[0,16]}}";
    size_t bytes = 0;
    char *file = bytes_of_header(text, 16, &bytes);
    CU_ASSERT(memcmp(file, "\x3c\0\0\0\0\0\0\0{", 9) == 0);
    CU_ASSERT_EQUAL(bytes, 8 + 60 + 16);
    memset(file + 68, 0, 16);
    char *reason = NULL;
    Safetensors *read = safetensors_decode(file, bytes, &reason);
    CU_ASSERT_PTR_NOT_NULL_FATAL(read);
    CU_ASSERT_EQUAL(safetensors_count(read), 1);
    const SafetensorsEntry *entry = safetensors_find(read, "test");
    CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
    CU_ASSERT_EQUAL(entry->type, SAFETENSORS_I32);
    CU_ASSERT(entry->rank == 2 && entry->shape[0] == 2 && entry->shape[1] == 2);
    CU_ASSERT_EQUAL(safetensors_bytes(entry), 16);
    for (int i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(((const int32_t *)entry->data)[i], 0);
    CU_ASSERT_PTR_NULL(safetensors_find(read, "Test"));
    CU_ASSERT_PTR_NULL(safetensors_metadata(read, "any"));
    safetensors_free(read);
}

/* What Python's writer makes of one tensor: the header ends at a multiple of 8. */
static void test_written_bytes(void)
{
    const float x[6] = {0, 1, 2, 3, 4, 5};
    const SafetensorsEntry entry = {"attn0", SAFETENSORS_F32, 4, {1, 1, 2, 3}, x};
    static const char wanted[] =
        "\x48\0\0\0\0\0\0\0"
        "{\"attn0\":{\"dtype\":\"F32\",\"shape\":[1,1,2,3],\"data_offsets\":[0,24]}}       ";
    size_t bytes = 0;
    char *file = safetensors_encode(&entry, 1, NULL, &bytes);
    CU_ASSERT_EQUAL_FATAL(bytes, 8 + 72 + 24);
    CU_ASSERT(memcmp(file, wanted, 80) == 0);
    CU_ASSERT(memcmp(file + 80, x, 24) == 0);
    free(file);
    file = safetensors_encode(NULL, 0, NULL, &bytes);
    CU_ASSERT_EQUAL_FATAL(bytes, 16);
    CU_ASSERT(memcmp(file, "\x08\0\0\0\0\0\0\0{}      ", 16) == 0);
    free(file);
    cJSON *metadata = cJSON_CreateObject();
    cJSON_AddStringToObject(metadata, "framework", "pt");
    file = safetensors_encode(NULL, 0, metadata, &bytes);
    CU_ASSERT_EQUAL_FATAL(bytes, 48);
    CU_ASSERT(
        memcmp(file, "\x28\0\0\0\0\0\0\0{\"__metadata__\":{\"framework\":\"pt\"}}     ", 48) == 0);
    free(file);
    cJSON_Delete(metadata);
}

typedef struct Sample {
    float weight[6];
    double moment[2];
    int64_t step;
    uint8_t state[3];
    uint32_t word[4];
    SafetensorsEntry entry[7];
    cJSON *metadata;
} Sample;

enum { SAMPLE_ENTRIES = 7 };

static void sample_make(Sample *sample)
{
    *sample = (Sample){
        {0, -1, 2.5f, 1e-38f, INFINITY, 6}, {M_PI, -0.0}, -7, {1, 2, 255}, {9, 8}, {{0}}, NULL};
    const SafetensorsEntry entry[SAMPLE_ENTRIES] = {
        {"state", SAFETENSORS_U8, 1, {3}, sample->state},
        {"b.weight", SAFETENSORS_F32, 2, {2, 3}, sample->weight},
        {"a \"quoted\\\" \n \xc3\xa9", SAFETENSORS_F32, 1, {6}, sample->weight},
        {"opt.m", SAFETENSORS_F64, 1, {2}, sample->moment},
        {"step", SAFETENSORS_I64, 0, {0}, &sample->step},
        {"empty", SAFETENSORS_F32, 3, {4, 0, 2}, NULL},
        {"word", SAFETENSORS_U32, 2, {2, 2}, sample->word}};
    memcpy(sample->entry, entry, sizeof entry);
    sample->metadata = cJSON_CreateObject();
    cJSON_AddStringToObject(sample->metadata, "format", "lab 1");
    cJSON_AddStringToObject(sample->metadata, "note", "two\nlines, \"quoted\"");
}

static bool entry_same(const SafetensorsEntry *a, const SafetensorsEntry *b)
{
    if (b == NULL || strcmp(a->name, b->name) != 0 || a->type != b->type || a->rank != b->rank)
        return false;
    size_t bytes = safetensors_bytes(a);
    return memcmp(a->shape, b->shape, (size_t)a->rank * sizeof a->shape[0]) == 0 &&
           (bytes == 0 || memcmp(a->data, b->data, bytes) == 0);
}

static void test_round_trip(void)
{
    char folder[256];
    Sample sample;
    folder_make(folder);
    sample_make(&sample);
    char *path = memory_format("%s/x.safetensors", folder);
    CU_ASSERT_PTR_NULL(
        safetensors_write(path, sample.entry, SAMPLE_ENTRIES, sample.metadata, NULL, NULL));
    Safetensors *read = safetensors_read(path);
    CU_ASSERT_EQUAL(safetensors_count(read), SAMPLE_ENTRIES);
    for (int i = 0; i < SAMPLE_ENTRIES; i++) {
        const SafetensorsEntry *found = safetensors_find(read, sample.entry[i].name);
        CU_ASSERT(entry_same(&sample.entry[i], found));
        CU_ASSERT_EQUAL((uintptr_t)found->data % safetensors_type_size(found->type), 0);
    }
    for (int i = 1; i < SAMPLE_ENTRIES; i++)
        CU_ASSERT(strcmp(safetensors_entry(read, i - 1)->name, safetensors_entry(read, i)->name) <
                  0);
    CU_ASSERT_STRING_EQUAL(safetensors_metadata(read, "note"), "two\nlines, \"quoted\"");
    CU_ASSERT_PTR_NULL(safetensors_metadata(read, "absent"));
    safetensors_free(read);
    cJSON_Delete(sample.metadata);
    free(path);
    folder_remove(folder);
}

/* Whatever the order of the entries, the bytes are the same: widest type first, then by name. */
static void test_order(void)
{
    Sample sample;
    sample_make(&sample);
    size_t bytes = 0;
    size_t again_bytes = 0;
    char *file = safetensors_encode(sample.entry, SAMPLE_ENTRIES, NULL, &bytes);
    const SafetensorsEntry first = sample.entry[0];
    memmove(sample.entry, sample.entry + 1, (SAMPLE_ENTRIES - 1) * sizeof first);
    sample.entry[SAMPLE_ENTRIES - 1] = first;
    char *again = safetensors_encode(sample.entry, SAMPLE_ENTRIES, NULL, &again_bytes);
    CU_ASSERT_EQUAL_FATAL(bytes, again_bytes);
    CU_ASSERT(memcmp(file, again, bytes) == 0);
    static const char *const order[] = {"\"step\"",  "\"opt.m\"", "\"a \\\"quoted", "\"b.weight\"",
                                        "\"empty\"", "\"word\"",  "\"state\""};
    file[bytes - 1] =
        '\0'; /* ends the header's text for strstr, which meets zeros of data sooner */
    const char *last = file + 8;
    for (int i = 0; i < SAMPLE_ENTRIES; i++) {
        const char *place = strstr(file + 8, order[i]);
        CU_ASSERT(place != NULL && place > last - (i == 0));
        last = place != NULL ? place : last;
    }
    CU_ASSERT_EQUAL(file[0] % 8, 0);
    free(file);
    free(again);
    cJSON_Delete(sample.metadata);
}

/* A header of odd length, tensors in any order, unaligned: Python reads it, so must we. */
static void test_unaligned(void)
{
    char *reason = NULL;
    Safetensors *read = decode_header(
        "{\"z\":{\"data_offsets\":[3,11],\"shape\":[2],\"dtype\":\"F32\", \"more\": {}} , "
        "\"y\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]}}\n",
        11, &reason);
    CU_ASSERT_PTR_NOT_NULL_FATAL(read);
    const SafetensorsEntry *z = safetensors_find(read, "z");
    const SafetensorsEntry *y = safetensors_find(read, "y");
    CU_ASSERT_EQUAL((uintptr_t)z->data % 4, 0);
    CU_ASSERT(memcmp(z->data, "\3\4\5\6\7\10\11\12", 8) == 0);
    CU_ASSERT(memcmp(y->data, "\0\1\2", 3) == 0);
    safetensors_free(read);
}

/* A backslash that is itself escaped makes no zero of the letters behind it. */
static void test_backslash(void)
{
    char *reason = NULL;
    Safetensors *read =
        decode_header("{\"a\\\\u0000\":" TENSOR("U8", "[1]", "[0,1]") "}", 1, &reason);
    CU_ASSERT_PTR_NOT_NULL_FATAL(read);
    CU_ASSERT_PTR_NOT_NULL(safetensors_find(read, "a\\u0000"));
    safetensors_free(read);
}

static void kill_at_two(int stage, void *context)
{
    (void)context;
    if (stage == 2)
        raise(SIGKILL);
}

static void write_and_die(void *path)
{
    Sample sample;
    sample_make(&sample);
    safetensors_write(path, sample.entry, SAMPLE_ENTRIES, NULL, kill_at_two, NULL);
}

static void test_killed(void)
{
    char folder[256];
    folder_make(folder);
    char *path = memory_format("%s/x.safetensors", folder);
    CU_ASSERT_PTR_NULL(safetensors_write(path, NULL, 0, NULL, NULL, NULL));
    ChildResult result = child_run(write_and_die, path);
    CU_ASSERT_EQUAL(result.status, 128 + SIGKILL);
    Safetensors *read = safetensors_read(path);
    CU_ASSERT_EQUAL(safetensors_count(read), 0);
    safetensors_free(read);
    free(path);
    folder_remove(folder);
}

static void encode_it(void *context)
{
    const SafetensorsEntry *entry = context;
    size_t bytes = 0;
    free(safetensors_encode(entry, entry[1].name != NULL ? 2 : 1, NULL, &bytes));
}

static void encode_bad_metadata(void *context)
{
    (void)context;
    cJSON *metadata = cJSON_Parse("{\"k\": 1}");
    size_t bytes = 0;
    free(safetensors_encode(NULL, 0, metadata, &bytes));
    cJSON_Delete(metadata);
}

static void test_mistakes(void)
{
    static const struct {
        SafetensorsEntry entry[2];
        const char *error;
    } cases[] = {
        {{{"a", SAFETENSORS_U8, 1, {1}, ""}, {"a", SAFETENSORS_F64, 1, {0}, ""}},
         "two tensors are called 'a'"},
        {{{"__metadata__", SAFETENSORS_U8, 1, {1}, ""}}, "can't be called '__metadata__'"},
        {{{"\xff", SAFETENSORS_U8, 1, {1}, ""}}, "can't be called"},
        {{{"a", SAFETENSORS_TYPES, 1, {1}, ""}}, "'a' has type 15, which is none"},
        {{{"a", SAFETENSORS_U8, 9, {1}, ""}}, "'a' has rank 9, not 0 to 8"},
        {{{"a", SAFETENSORS_U8, 2, {1, -2}, ""}}, "'a': size 1 is -2"},
        {{{"a", SAFETENSORS_U8, 1, {1}, NULL}}, "'a' has no data"},
        {{{"a", SAFETENSORS_U8, 2, {LONG_MAX, 2}, ""}}, "more than an address holds"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        SafetensorsEntry entry[2] = {cases[i].entry[0], cases[i].entry[1]};
        ChildResult result = child_run(encode_it, entry);
        CU_ASSERT(child_said(&result, 128 + SIGABRT, cases[i].error));
    }
    ChildResult result = child_run(encode_bad_metadata, NULL);
    CU_ASSERT(child_said(&result, 128 + SIGABRT, "metadata 'k' is not a text"));
}

static void test_types(void)
{
    static const char *const wide[] = {"F64", "I64", "U64"};
    for (int type = 0; type < SAFETENSORS_TYPES; type++) {
        const char *name = safetensors_type_name((SafetensorsType)type);
        size_t size = safetensors_type_size((SafetensorsType)type);
        char *header = memory_format("{\"a\":" TENSOR("%s", "[]", "[0,%zu]") "}", name, size);
        char *reason = NULL;
        Safetensors *read = decode_header(header, size, &reason);
        CU_ASSERT_PTR_NOT_NULL_FATAL(read);
        CU_ASSERT_EQUAL(safetensors_find(read, "a")->type, (SafetensorsType)type);
        /* The digits of a name are its bits, 8 of them where it goes on with an underscore. */
        size_t bits = strtoul(name + strcspn(name, "0123456789"), NULL, 10);
        CU_ASSERT_EQUAL(size, bits != 0 ? bits / 8 : 1);
        safetensors_free(read);
        free(header);
    }
    for (int i = 0; i < 3; i++)
        CU_ASSERT_STRING_EQUAL(safetensors_type_name((SafetensorsType)(SAFETENSORS_F64 + i)),
                               wide[i]);
}

const Suite suite = {"train/safetensors",
                     {{"the documented example", test_documented},
                      {"the bytes that are written", test_written_bytes},
                      {"written is read", test_round_trip},
                      {"one order", test_order},
                      {"unaligned files of others", test_unaligned},
                      {"an escaped backslash", test_backslash},
                      {"killed while writing", test_killed},
                      {"mistakes of the caller", test_mistakes},
                      {"every type", test_types},
                      {NULL, NULL}}};
