/* Damaged files: each is refused with the line that says why, and nothing is read past the end. */
#include "harness/suite.h"
#include "support/memory.h"
#include "support/rng.h"
#include "train/safetensors.h"
#include "train/safetensors_bytes.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    {"{\"a\":" TENSOR("U8", "[1]", "[0,1]") ",\"a\":" TENSOR("U8", "[1]", "[1,2]") "}", 2,
     "its header has the key 'a' twice"},
    {"{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
     "a tensor has the key 'dtype' twice"},
    {"{\"a\":{\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "tensor 'a' has no dtype"},
    {"{\"a\":" TENSOR("F4", "[1]", "[0,1]") "}", 1,
     "tensor 'a' has the dtype 'F4', which is not known"},
    {"{\"a\":" TENSOR("f32", "[1]", "[0,4]") "}", 4, "the dtype 'f32', which is not known"},
    {"{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,1]}}", 1, "tensor 'a' has no shape"},
    {"{\"a\":" TENSOR("U8", "[-1]", "[0,1]") "}", 1, "a size that is not a whole number from 0 on"},
    {"{\"a\":" TENSOR("U8", "[1.5]", "[0,1]") "}", 1,
     "a size that is not a whole number from 0 on"},
    {"{\"a\":" TENSOR("U8", "[\"1\"]", "[0,1]") "}", 1,
     "a size that is not a whole number from 0 on"},
    {"{\"a\":" TENSOR("U8", "[1e300]", "[0,1]") "}", 1,
     "a size that is not a whole number from 0 on"},
    {"{\"a\":" TENSOR("U8", "[1,1,1,1,1,1,1,1,1]", "[0,1]") "}", 1, "more than 8 dimensions"},
    {"{\"a\":" TENSOR("U8", "[4294967296,4294967296]", "[0,0]") "}", 0,
     "more than an address holds"},
    {"{\"a\":" TENSOR("F64", "[2305843009213693952]", "[0,0]") "}", 0, "not a whole number"},
    {"{\"a\":" TENSOR("F64", "[1125899906842624,2048]", "[0,0]") "}", 0,
     "more than an address holds"},
    {"{\"a\":" TENSOR("F32", "[2]", "[0,4]") "}", 4, "8 bytes by its shape and 4 by its offsets"},
    {"{\"a\":" TENSOR("F32", "[1]", "[0,5]") "}", 5, "4 bytes by its shape and 5 by its offsets"},
    {"{\"a\":" TENSOR("U8", "[1]", "[1]") "}", 1, "no data_offsets of two whole numbers"},
    {"{\"a\":" TENSOR("U8", "[1]", "[0,1,2]") "}", 1, "no data_offsets of two whole numbers"},
    {"{\"a\":" TENSOR("U8", "[1]", "[-1,0]") "}", 1, "no data_offsets of two whole numbers"},
    {"{\"a\":" TENSOR("U8", "[1]", "[1,0]") "}", 1, "ends at byte 0, before its begin at 1"},
    {"{\"a\":" TENSOR("U8", "[9]", "[0,9]") "}", 8, "ends at byte 9, but the data have only 8"},
    {"{\"a\":" TENSOR("U8", "[2]", "[0,2]") ",\"b\":" TENSOR("U8", "[2]", "[1,3]") "}", 3,
     "tensor 'b' begins at byte 1, within the one before it"},
    {"{\"a\":" TENSOR("U8", "[2]", "[0,2]") ",\"b\":" TENSOR("U8", "[2]", "[0,2]") "}", 2,
     "begins at byte 0, within the one before it"},
    {"{\"a\":" TENSOR("U8", "[2]", "[0,2]") ",\"b\":" TENSOR("U8", "[2]", "[3,5]") "}", 5,
     "1 bytes before tensor 'b' belong to none"},
    {"{\"a\":" TENSOR("U8", "[2]", "[1,3]") "}", 3, "1 bytes before tensor 'a' belong to none"},
    {"{\"a\":" TENSOR("U8", "[2]", "[0,2]") "}", 5,
     "3 bytes behind the last tensor belong to none"},
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

/* A whole file of a few tensors. Free with free(). */
static char *valid_make(size_t *bytes)
{
    static const float weight[6] = {0, -1, 2.5f, 1e-38f, 5, 6};
    static const double moment[2] = {0.25, -0.0};
    static const uint8_t state[3] = {1, 2, 255};
    static const int64_t step = -7;
    const SafetensorsEntry entry[] = {
        {"a \"quoted\\\" \n \xc3\xa9", SAFETENSORS_F32, 2, {2, 3}, weight},
        {"b.weight", SAFETENSORS_F32, 1, {6}, weight},
        {"empty", SAFETENSORS_F32, 3, {4, 0, 2}, NULL},
        {"opt.m", SAFETENSORS_F64, 1, {2}, moment},
        {"state", SAFETENSORS_U8, 1, {3}, state},
        {"step", SAFETENSORS_I64, 0, {0}, &step}};
    cJSON *metadata = cJSON_CreateObject();
    cJSON_AddStringToObject(metadata, "format", "lab 1");
    cJSON_AddStringToObject(metadata, "note", "two\nlines, \"quoted\"");
    char *file = safetensors_encode(entry, sizeof entry / sizeof entry[0], metadata, bytes);
    cJSON_Delete(metadata);
    return file;
}

/* The reason why these first bytes are no file. Free with
 * free(). */
static char *reason_of(const char *file, size_t bytes)
{
    char *reason = NULL;
    safetensors_free(safetensors_decode(bytes_exact(file, bytes), bytes, &reason));
    return reason;
}

static void test_lengths(void)
{
    size_t bytes = 0;
    char *file = valid_make(&bytes);
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
    size_t bytes = 0;
    char *file = valid_make(&bytes);
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
        char *reason = NULL;
        Safetensors *read = safetensors_decode(bytes_exact(changed, kept), kept, &reason);
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

const Suite suite = {"train/safetensors_damage",
                     {{"damaged headers", test_damaged},
                      {"cuts and false lengths", test_lengths},
                      {"random changes", test_fuzz},
                      {"refused lines", test_refused},
                      {"names in error lines", test_names_shown},
                      {NULL, NULL}}};
