/* The writer, and what is known about the types. */
#include "train/safetensors.h"

#include "support/fail.h"
#include "support/memory.h"
#include "support/utf8.h"
#include "train/safetensors_internal.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct TypeRow {
    const char *name;
    size_t size;
} TypeRow;

static const TypeRow TYPE[SAFETENSORS_TYPES] = {
    [SAFETENSORS_BOOL] = {"BOOL", 1},       [SAFETENSORS_U8] = {"U8", 1},
    [SAFETENSORS_I8] = {"I8", 1},           [SAFETENSORS_F8_E5M2] = {"F8_E5M2", 1},
    [SAFETENSORS_F8_E4M3] = {"F8_E4M3", 1}, [SAFETENSORS_I16] = {"I16", 2},
    [SAFETENSORS_U16] = {"U16", 2},         [SAFETENSORS_F16] = {"F16", 2},
    [SAFETENSORS_BF16] = {"BF16", 2},       [SAFETENSORS_I32] = {"I32", 4},
    [SAFETENSORS_U32] = {"U32", 4},         [SAFETENSORS_F32] = {"F32", 4},
    [SAFETENSORS_F64] = {"F64", 8},         [SAFETENSORS_I64] = {"I64", 8},
    [SAFETENSORS_U64] = {"U64", 8}};

const char *safetensors_type_name(SafetensorsType type)
{
    return TYPE[type].name;
}

size_t safetensors_type_size(SafetensorsType type)
{
    return TYPE[type].size;
}

bool safetensors_bytes_fit(const SafetensorsEntry *entry, size_t *bytes)
{
    *bytes = TYPE[entry->type].size;
    for (int i = 0; i < entry->rank; i++) {
        if (entry->shape[i] != 0 && *bytes > (size_t)PTRDIFF_MAX / (size_t)entry->shape[i])
            return false;
        *bytes *= (size_t)entry->shape[i];
    }
    return true;
}

size_t safetensors_bytes(const SafetensorsEntry *entry)
{
    size_t bytes = 0;
    if (!safetensors_bytes_fit(entry, &bytes))
        fail("safetensors: '%s': its sizes multiply to more than an address holds", entry->name);
    return bytes;
}

static void entry_check(const SafetensorsEntry *entry)
{
    const char *name = entry->name;
    if (strcmp(name, SAFETENSORS_METADATA_KEY) == 0 || !utf8_valid(name, strlen(name)))
        fail("safetensors: a tensor can't be called '%s'", name);
    if ((int)entry->type < 0 || entry->type >= SAFETENSORS_TYPES)
        fail("safetensors: '%s' has type %d, which is none", name, (int)entry->type);
    if (entry->rank < 0 || entry->rank > SAFETENSORS_MOST_RANK)
        fail("safetensors: '%s' has rank %d, not 0 to %d", name, entry->rank,
             SAFETENSORS_MOST_RANK);
    for (int i = 0; i < entry->rank; i++)
        if (entry->shape[i] < 0)
            fail("safetensors: '%s': size %d is %ld", name, i, entry->shape[i]);
    if (entry->data == NULL && safetensors_bytes(entry) > 0)
        fail("safetensors: '%s' has no data", name);
}

static void metadata_check(const cJSON *metadata)
{
    const cJSON *item = NULL;
    if (!cJSON_IsObject(metadata))
        fail("safetensors: the metadata are not an object");
    cJSON_ArrayForEach(item, metadata)
    {
        if (!cJSON_IsString(item))
            fail("safetensors: metadata '%s' is not a text", item->string);
        if (!utf8_valid(item->valuestring, strlen(item->valuestring)) ||
            !utf8_valid(item->string, strlen(item->string)))
            fail("safetensors: metadata '%s' is not UTF-8", item->string);
    }
}

static int compare_names(const void *left, const void *right)
{
    const SafetensorsEntry *a = left;
    const SafetensorsEntry *b = right;
    return strcmp(a->name, b->name);
}

static int compare_types_and_names(const void *left, const void *right)
{
    const SafetensorsEntry *a = left;
    const SafetensorsEntry *b = right;
    if (a->type != b->type)
        return a->type < b->type ? 1 : -1;
    return strcmp(a->name, b->name);
}

/* The checked entries in the order of the file; free with free(). */
static SafetensorsEntry *entries_sort(const SafetensorsEntry *entry, int count)
{
    SafetensorsEntry *sorted = memory_new((size_t)count, sizeof *sorted);
    for (int i = 0; i < count; i++) {
        entry_check(&entry[i]);
        sorted[i] = entry[i];
    }
    qsort(sorted, (size_t)count, sizeof *sorted, compare_names);
    for (int i = 1; i < count; i++)
        if (strcmp(sorted[i - 1].name, sorted[i].name) == 0)
            fail("safetensors: two tensors are called '%s'", sorted[i].name);
    qsort(sorted, (size_t)count, sizeof *sorted, compare_types_and_names);
    return sorted;
}

/* The header without the blanks behind it; free with cJSON_free. *data_bytes: of all tensors. */
static char *header_print(const SafetensorsEntry *sorted, int count, const cJSON *metadata,
                          size_t *data_bytes)
{
    cJSON *header = cJSON_CreateObject();
    if (metadata != NULL) {
        metadata_check(metadata);
        cJSON_AddItemToObject(header, SAFETENSORS_METADATA_KEY, cJSON_Duplicate(metadata, true));
    }
    *data_bytes = 0;
    for (int i = 0; i < count; i++) {
        const SafetensorsEntry *entry = &sorted[i];
        cJSON *info = cJSON_AddObjectToObject(header, entry->name);
        cJSON_AddStringToObject(info, "dtype", TYPE[entry->type].name);
        cJSON *shape = cJSON_AddArrayToObject(info, "shape");
        for (int d = 0; d < entry->rank; d++)
            cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)entry->shape[d]));
        cJSON *offsets = cJSON_AddArrayToObject(info, "data_offsets");
        cJSON_AddItemToArray(offsets, cJSON_CreateNumber((double)*data_bytes));
        *data_bytes += safetensors_bytes(entry);
        cJSON_AddItemToArray(offsets, cJSON_CreateNumber((double)*data_bytes));
    }
    char *text = cJSON_PrintUnformatted(header);
    cJSON_Delete(header);
    if (text == NULL)
        refuse("memory: no room for the header of %d tensors; free some memory", count);
    return text;
}

char *safetensors_encode(const SafetensorsEntry *entry, int count, const cJSON *metadata,
                         size_t *bytes)
{
    SafetensorsEntry *sorted = entries_sort(entry, count);
    size_t data_bytes = 0;
    char *header = header_print(sorted, count, metadata, &data_bytes);
    size_t length = strlen(header);
    uint64_t padded = (length + 7) / 8 * 8;
    if (padded > SAFETENSORS_MOST_HEADER)
        fail("safetensors: a header of %zu bytes; readers take at most %d", length,
             SAFETENSORS_MOST_HEADER);
    *bytes = SAFETENSORS_LENGTH_BYTES + padded + data_bytes;
    char *file = memory_new(*bytes, 1);
    char *next = file + SAFETENSORS_LENGTH_BYTES;
    memcpy(file, &padded, SAFETENSORS_LENGTH_BYTES);
    memset(next, ' ', padded);
    memcpy(next, header, length);
    next += padded;
    for (int i = 0; i < count; i++) {
        size_t size = safetensors_bytes(&sorted[i]);
        if (size > 0)
            memcpy(next, sorted[i].data, size);
        next += size;
    }
    cJSON_free(header);
    free(sorted);
    return file;
}

const char *safetensors_write(const char *path, const SafetensorsEntry *entry, int count,
                              const cJSON *metadata, FileStage at, void *context)
{
    size_t bytes = 0;
    char *file = safetensors_encode(entry, count, metadata, &bytes);
    const char *reason = file_write_staged(path, file, bytes, at, context);
    free(file);
    return reason;
}
