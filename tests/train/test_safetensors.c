#include "harness/suite.h"
#include "support/memory.h"
#include "support/rng.h"
#include "train/safetensors.h"

#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file of that header, as it stands, and data bytes 0, 1, 2 ... It is exactly as large as it must
 * be, so that the sanitizer sees a read past its end. */
static char *file_make(const char *header, size_t data_bytes, size_t *bytes)
{
    uint64_t length = strlen(header);
    *bytes = 8 + length + data_bytes;
    char *file = malloc(*bytes);
    if (file == NULL)
        abort();
    memcpy(file, &length, 8);
    memcpy(file + 8, header, length);
    for (size_t i = 0; i < data_bytes; i++)
        file[8 + length + i] = (char)i;
    return file;
}

static Safetensors *decode_header(const char *header, size_t data_bytes, char **reason)
{
    size_t bytes = 0;
    char *file = file_make(header, data_bytes, &bytes);
    return safetensors_decode(file, bytes, reason);
}

/* The example of the format's documentation: 60 bytes of header, four zeros of I32. */
static void test_documented(void)
{
    static const char text[] =
        "{\"test\":{\"dtype\":\"I32\",\"shape\":[2,2],\"data_offsets\":[0,16]}}";
    size_t bytes = 0;
    char *file = file_make(text, 16, &bytes);
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

#define T(dtype, shape, offsets)                                                                   \
    "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

typedef struct Damage {
    const char *header;
    size_t data_bytes;
    const char *reason;
} Damage;

static const Damage DAMAGES[] = {
    {"", 0, "its header does not begin with '{'"},
    {" {}", 0, "its header does not begin with '{'"},
    {"[]", 0, "its header does not begin with '{'"},
    {"{\"a\":", 0, "its header is not JSON"},
    {"{\"1\":1,", 0, "its header is not JSON"},
    {"{\"a", 0, "its header is not JSON"},
    {"{} {}", 0, "its header goes on after the JSON object"},
    {"{\"a\x01\":1}", 0, "its header holds control characters"},
    {"{\"a\xff\":1}", 0, "its header is not UTF-8"},
    {"{\"a\\u0000b\":1}", 0, "its header holds a zero character"},
    {"{\"a\":1}", 0, "tensor 'a' is not described by a JSON object"},
    {"{\"a\":[]}", 0, "tensor 'a' is not described by a JSON object"},
    {"{\"a\":" T("U8", "[1]", "[0,1]") ",\"a\":" T("U8", "[1]", "[1,2]") "}", 2,
     "its header has the key 'a' twice"},
    {"{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
     "a tensor has the key 'dtype' twice"},
    {"{\"a\":{\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "tensor 'a' has no dtype"},
    {"{\"a\":" T("F4", "[1]", "[0,1]") "}", 1, "tensor 'a' has the dtype 'F4', which is not known"},
    {"{\"a\":" T("f32", "[1]", "[0,4]") "}", 4, "the dtype 'f32', which is not known"},
    {"{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,1]}}", 1, "tensor 'a' has no shape"},
    {"{\"a\":" T("U8", "[-1]", "[0,1]") "}", 1, "a size that is not a whole number from 0 on"},
    {"{\"a\":" T("U8", "[1.5]", "[0,1]") "}", 1, "a size that is not a whole number from 0 on"},
    {"{\"a\":" T("U8", "[\"1\"]", "[0,1]") "}", 1, "a size that is not a whole number from 0 on"},
    {"{\"a\":" T("U8", "[1e300]", "[0,1]") "}", 1, "a size that is not a whole number from 0 on"},
    {"{\"a\":" T("U8", "[1,1,1,1,1,1,1,1,1]", "[0,1]") "}", 1, "more than 8 dimensions"},
    {"{\"a\":" T("U8", "[4294967296,4294967296]", "[0,0]") "}", 0, "more than an address holds"},
    {"{\"a\":" T("F64", "[2305843009213693952]", "[0,0]") "}", 0, "not a whole number"},
    {"{\"a\":" T("F64", "[1125899906842624,2048]", "[0,0]") "}", 0, "more than an address holds"},
    {"{\"a\":" T("F32", "[2]", "[0,4]") "}", 4, "8 bytes by its shape and 4 by its offsets"},
    {"{\"a\":" T("F32", "[1]", "[0,5]") "}", 5, "4 bytes by its shape and 5 by its offsets"},
    {"{\"a\":" T("U8", "[1]", "[1]") "}", 1, "no data_offsets of two whole numbers"},
    {"{\"a\":" T("U8", "[1]", "[0,1,2]") "}", 1, "no data_offsets of two whole numbers"},
    {"{\"a\":" T("U8", "[1]", "[-1,0]") "}", 1, "no data_offsets of two whole numbers"},
    {"{\"a\":" T("U8", "[1]", "[1,0]") "}", 1, "ends at byte 0, before its begin at 1"},
    {"{\"a\":" T("U8", "[9]", "[0,9]") "}", 8, "ends at byte 9, but the data have only 8"},
    {"{\"a\":" T("U8", "[2]", "[0,2]") ",\"b\":" T("U8", "[2]", "[1,3]") "}", 3,
     "tensor 'b' begins at byte 1, within the one before it"},
    {"{\"a\":" T("U8", "[2]", "[0,2]") ",\"b\":" T("U8", "[2]", "[0,2]") "}", 2,
     "begins at byte 0, within the one before it"},
    {"{\"a\":" T("U8", "[2]", "[0,2]") ",\"b\":" T("U8", "[2]", "[3,5]") "}", 5,
     "1 bytes before tensor 'b' belong to none"},
    {"{\"a\":" T("U8", "[2]", "[1,3]") "}", 3, "1 bytes before tensor 'a' belong to none"},
    {"{\"a\":" T("U8", "[2]", "[0,2]") "}", 5, "3 bytes behind the last tensor belong to none"},
    {"{}", 1, "1 bytes behind the last tensor belong to none"},
    {"{\"__metadata__\":[]}", 0, "its metadata are not a JSON object"},
    {"{\"__metadata__\":{\"k\":1}}", 0, "its metadata 'k' is not a text"},
    {"{\"__metadata__\":{\"k\":\"\",\"k\":\"\"}}", 0, "its metadata have the key 'k' twice"},
    {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "has the key '__metadata__' twice"},
};

static void test_damaged(void)
{
    for (size_t i = 0; i < sizeof DAMAGES / sizeof DAMAGES[0]; i++) {
        char *reason = NULL;
        Safetensors *read = decode_header(DAMAGES[i].header, DAMAGES[i].data_bytes, &reason);
        bool right = read == NULL && reason != NULL && strstr(reason, DAMAGES[i].reason) != NULL;
        if (!right)
            printf("\n    %s    gave '%s'\n", DAMAGES[i].header,
                   reason != NULL ? reason : "nothing");
        CU_ASSERT(right);
        safetensors_free(read);
        free(reason);
    }
}

/* The reason why these first bytes, kept in memory of just that size, are no file. Free with
 * free(). */
static char *reason_of(const char *file, size_t bytes)
{
    char *reason = NULL;
    char *copy = malloc(bytes > 0 ? bytes : 1);
    memcpy(copy, file, bytes);
    safetensors_free(safetensors_decode(copy, bytes, &reason));
    return reason;
}

static void test_lengths(void)
{
    Sample sample;
    sample_make(&sample);
    size_t bytes = 0;
    char *file = safetensors_encode(sample.entry, SAMPLE_ENTRIES, sample.metadata, &bytes);
    /* Cut anywhere it is refused; whole it is read. */
    int accepted = 0;
    for (size_t kept = 0; kept <= bytes; kept++) {
        char *reason = reason_of(file, kept);
        accepted += reason == NULL;
        CU_ASSERT((reason == NULL) == (kept == bytes));
        free(reason);
    }
    CU_ASSERT_EQUAL(accepted, 1);
    char *reason = reason_of(file, 7);
    CU_ASSERT_STRING_EQUAL(reason, "it has 7 bytes, not even the 8 of its header's length");
    free(reason);
    static const struct {
        uint64_t length;
        const char *reason;
    } lies[] = {{100000001, "more than the format's 100000000"},
                {UINT64_MAX, "more than the format's 100000000"},
                {100000000, "claims to have 100000000 bytes, the whole file has"},
                {0, "does not begin with '{'"},
                {1, "is not JSON"}};
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        memcpy(file, &lies[i].length, 8);
        reason = reason_of(file, bytes);
        CU_ASSERT(reason != NULL && strstr(reason, lies[i].reason) != NULL);
        free(reason);
    }
    free(file);
    cJSON_Delete(sample.metadata);
}

/* Uses all that a reader handed out, so that the sanitizer sees what points astray. */
static unsigned use_all(const Safetensors *read)
{
    unsigned sum = 0;
    for (int i = 0; i < safetensors_count(read); i++) {
        const SafetensorsEntry *entry = safetensors_entry(read, i);
        const unsigned char *data = entry->data;
        for (size_t k = 0; k < safetensors_bytes(entry); k++)
            sum += data[k];
        sum += (unsigned)strlen(entry->name);
        if (safetensors_find(read, entry->name) != entry)
            return 0;
    }
    const char *note = safetensors_metadata(read, "note");
    return sum + 1 + (note != NULL ? (unsigned)strlen(note) : 0);
}

/* Changes one to three places: bits, letters that JSON cares about, lost or doubled pieces. */
static size_t mutate(char *file, size_t bytes, size_t room, Rng *rng)
{
    static const char letters[] = "{}[]\",:0123456789-e.\\u \xff";
    uint64_t changes = 1 + rng_below(rng, 3);
    for (uint64_t i = 0; i < changes && bytes > 0; i++) {
        size_t at = rng_below(rng, bytes);
        size_t length = 1 + rng_below(rng, 8);
        if (length > bytes - at)
            length = bytes - at;
        switch (rng_below(rng, 4)) {
        case 0:
            file[at] = (char)(file[at] ^ (1 << rng_below(rng, 8)));
            break;
        case 1:
            file[at] = letters[rng_below(rng, sizeof letters - 1)];
            break;
        case 2:
            memmove(file + at, file + at + length, bytes - at - length);
            bytes -= length;
            break;
        default:
            if (bytes + length > room)
                break;
            memmove(file + at + length, file + at, bytes - at);
            bytes += length;
        }
    }
    return bytes;
}

enum { FUZZ_ROUNDS = 10000, FUZZ_ROOM = 200 };

/* A changed file is read or refused with a line, and nothing else. Half of the changes keep the
 * header's length true, or most would be refused for that alone. */
static void test_fuzz(void)
{
    Sample sample;
    sample_make(&sample);
    size_t bytes = 0;
    char *file = safetensors_encode(sample.entry, SAMPLE_ENTRIES, sample.metadata, &bytes);
    size_t data_bytes = bytes - 8 - (size_t)(unsigned char)file[0] - 256u * (unsigned char)file[1];
    Rng rng = rng_stream(20, "fuzz");
    int read_count = 0;
    int wrong = 0;
    char *changed = memory_new(bytes + FUZZ_ROOM, 1);
    for (int round = 0; round < FUZZ_ROUNDS; round++) {
        memcpy(changed, file, bytes);
        size_t kept = mutate(changed, bytes, bytes + FUZZ_ROOM, &rng);
        uint64_t length = kept >= 8 + data_bytes ? kept - 8 - data_bytes : 0;
        if (round % 2 == 0 && kept >= 8)
            memcpy(changed, &length, 8);
        char *exact = malloc(kept > 0 ? kept : 1);
        memcpy(exact, changed, kept);
        char *reason = NULL;
        Safetensors *read = safetensors_decode(exact, kept, &reason);
        wrong += (read == NULL) != (reason != NULL);
        wrong += reason != NULL && (strchr(reason, '\n') != NULL || strlen(reason) > 300);
        wrong += read != NULL && use_all(read) == 0;
        read_count += read != NULL;
        safetensors_free(read);
        free(reason);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    /* Both ways out were taken often: a changed number in the data is no damage that can be seen.
     */
    CU_ASSERT(read_count > FUZZ_ROUNDS / 50);
    CU_ASSERT(read_count < FUZZ_ROUNDS / 2);
    free(changed);
    free(file);
    cJSON_Delete(sample.metadata);
}

static void read_it(void *path)
{
    safetensors_free(safetensors_read(path));
}

static void test_refused(void)
{
    char folder[256];
    folder_make(folder);
    char *path = memory_format("%s/x.safetensors", folder);
    ChildResult result = child_run(read_it, path);
    CU_ASSERT(child_said(&result, 1, "x.safetensors: can't be read (not found)"));
    char *reason = NULL;
    CU_ASSERT_PTR_NULL(safetensors_try_read(path, &reason));
    CU_ASSERT_STRING_EQUAL(reason, "not found");
    free(reason);
    CU_ASSERT_PTR_NULL(file_write(path, "\x02\0\0\0\0\0\0\0{}+", 11));
    result = child_run(read_it, path);
    CU_ASSERT(
        child_said(&result, 1,
                   "x.safetensors: 1 bytes behind the last tensor belong to none; the file is "
                   "cut, damaged or of another kind: delete it and use an earlier "
                   "checkpoint, or train again\n"));
    CU_ASSERT_PTR_NULL(safetensors_try_read(path, &reason));
    CU_ASSERT_STRING_EQUAL(reason, "1 bytes behind the last tensor belong to none");
    free(reason);
    free(path);
    folder_remove(folder);
}

/* A backslash that is itself escaped makes no zero of the letters behind it. */
static void test_backslash(void)
{
    char *reason = NULL;
    Safetensors *read = decode_header("{\"a\\\\u0000\":" T("U8", "[1]", "[0,1]") "}", 1, &reason);
    CU_ASSERT_PTR_NOT_NULL_FATAL(read);
    CU_ASSERT_PTR_NOT_NULL(safetensors_find(read, "a\\u0000"));
    safetensors_free(read);
}

/* Names in error lines stay short and on one line. */
static void test_names_shown(void)
{
    char *reason = NULL;
    CU_ASSERT_PTR_NULL(decode_header("{\"a\\nb\\u001b\":1}", 0, &reason));
    CU_ASSERT_STRING_EQUAL(reason, "tensor 'a?b?' is not described by a JSON object");
    free(reason);
    char header[200] = "{\"";
    for (int i = 0; i < 40; i++)
        memcpy(header + 2 + 2 * i, "\xc3\xa9", 3);
    strcat(header, "\":1}");
    CU_ASSERT_PTR_NULL(decode_header(header, 0, &reason));
    CU_ASSERT_PTR_NOT_NULL(strstr(reason, "\xc3\xa9...' is not described"));
    CU_ASSERT(strlen(reason) < 110);
    free(reason);
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
        char *header = memory_format("{\"a\":" T("%s", "[]", "[0,%zu]") "}", name, size);
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
                      {"damaged headers", test_damaged},
                      {"cuts and false lengths", test_lengths},
                      {"random changes", test_fuzz},
                      {"refused lines", test_refused},
                      {"an escaped backslash", test_backslash},
                      {"names in error lines", test_names_shown},
                      {"killed while writing", test_killed},
                      {"mistakes of the caller", test_mistakes},
                      {"every type", test_types},
                      {NULL, NULL}}};
