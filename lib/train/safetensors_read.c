/* The reader. Each check returns NULL or the reason as a text to free; nothing of the file is
 * believed before it was checked, for a checkpoint may be cut, damaged, or made by somebody else.
 */
#include "train/safetensors.h"

#include "support/fail.h"
#include "support/memory.h"
#include "support/utf8.h"
#include "train/safetensors_internal.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct Tensor {
    SafetensorsEntry entry; /* its name belongs to the header */
    size_t begin, end;      /* bytes, from the first one behind the header */
    void *copy;             /* of data that are not aligned in the file; else NULL */
} Tensor;

struct Safetensors {
    char *file;
    cJSON *header;
    Tensor *tensor; /* [count], in the order of their names */
    int count;
};

/* A name as an error line can show it: not long, without control characters. */
typedef struct Shown {
    char text[64];
} Shown;

static Shown shown(const char *name)
{
    Shown shown = {""};
    size_t length = strlen(name);
    size_t kept = length < sizeof shown.text ? length : sizeof shown.text - 4;
    while (kept < length && kept > 0 && ((unsigned char)name[kept] & 0xc0) == 0x80)
        kept--; /* whole characters of UTF-8 */
    for (size_t i = 0; i < kept; i++)
        shown.text[i] = (unsigned char)name[i] < ' ' || name[i] == 127 ? '?' : name[i];
    if (kept < length)
        memcpy(shown.text + kept, "...", 3);
    return shown;
}

static int compare_texts(const void *left, const void *right)
{
    const char *const *a = left;
    const char *const *b = right;
    return strcmp(*a, *b);
}

static char *check_no_key_twice(const cJSON *object, const char *where)
{
    int count = cJSON_GetArraySize(object);
    const char **key = memory_new((size_t)count, sizeof *key);
    int next = 0;
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, object)
    {
        key[next++] = item->string;
    }
    qsort(key, (size_t)count, sizeof *key, compare_texts);
    char *reason = NULL;
    for (int i = 1; i < count && reason == NULL; i++)
        if (strcmp(key[i - 1], key[i]) == 0)
            reason = memory_format("%s the key '%s' twice", where, shown(key[i]).text);
    free(key);
    return reason;
}

static char *check_metadata(const cJSON *metadata)
{
    if (!cJSON_IsObject(metadata))
        return memory_text("its metadata are not a JSON object");
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, metadata)
    {
        if (!cJSON_IsString(item))
            return memory_format("its metadata '%s' is not a text", shown(item->string).text);
    }
    return check_no_key_twice(metadata, "its metadata have");
}

/* 0 to 2^53, which JSON's numbers hold exactly. */
static bool whole_number(const cJSON *item, long *value)
{
    if (!cJSON_IsNumber(item))
        return false;
    double number = item->valuedouble;
    if (!(number >= 0 && number <= 9007199254740992.0) || floor(number) != number)
        return false;
    *value = (long)number;
    return true;
}

static char *read_type(Tensor *tensor, const cJSON *item)
{
    Shown name = shown(tensor->entry.name);
    if (!cJSON_IsString(item))
        return memory_format("tensor '%s' has no dtype", name.text);
    for (int type = 0; type < SAFETENSORS_TYPES; type++) {
        if (strcmp(item->valuestring, safetensors_type_name((SafetensorsType)type)) == 0) {
            tensor->entry.type = (SafetensorsType)type;
            return NULL;
        }
    }
    return memory_format("tensor '%s' has the dtype '%s', which is not known here", name.text,
                         shown(item->valuestring).text);
}

static char *read_shape(Tensor *tensor, const cJSON *item)
{
    Shown name = shown(tensor->entry.name);
    if (!cJSON_IsArray(item))
        return memory_format("tensor '%s' has no shape", name.text);
    const cJSON *size = NULL;
    cJSON_ArrayForEach(size, item)
    {
        if (tensor->entry.rank == SAFETENSORS_MOST_RANK)
            return memory_format("tensor '%s' has more than %d dimensions", name.text,
                                 SAFETENSORS_MOST_RANK);
        if (!whole_number(size, &tensor->entry.shape[tensor->entry.rank++]))
            return memory_format("tensor '%s' has a size that is not a whole number from 0 on",
                                 name.text);
    }
    return NULL;
}

static char *read_offsets(Tensor *tensor, const cJSON *item, size_t data_bytes)
{
    Shown name = shown(tensor->entry.name);
    long begin = 0;
    long end = 0;
    if (!cJSON_IsArray(item) || cJSON_GetArraySize(item) != 2 ||
        !whole_number(cJSON_GetArrayItem(item, 0), &begin) ||
        !whole_number(cJSON_GetArrayItem(item, 1), &end))
        return memory_format("tensor '%s' has no data_offsets of two whole numbers", name.text);
    if (begin > end)
        return memory_format("tensor '%s' ends at byte %ld, before its begin at %ld", name.text,
                             end, begin);
    if ((size_t)end > data_bytes)
        return memory_format("tensor '%s' ends at byte %ld, but the data have only %zu", name.text,
                             end, data_bytes);
    tensor->begin = (size_t)begin;
    tensor->end = (size_t)end;
    return NULL;
}

static char *read_tensor(Tensor *tensor, const cJSON *info, size_t data_bytes)
{
    tensor->entry.name = info->string;
    Shown name = shown(info->string);
    if (!cJSON_IsObject(info))
        return memory_format("tensor '%s' is not described by a JSON object", name.text);
    char *reason = check_no_key_twice(info, "a tensor has");
    if (reason == NULL)
        reason = read_type(tensor, cJSON_GetObjectItemCaseSensitive(info, "dtype"));
    if (reason == NULL)
        reason = read_shape(tensor, cJSON_GetObjectItemCaseSensitive(info, "shape"));
    if (reason == NULL)
        reason = read_offsets(tensor, cJSON_GetObjectItemCaseSensitive(info, "data_offsets"),
                              data_bytes);
    if (reason != NULL)
        return reason;
    size_t bytes = 0;
    if (!safetensors_bytes_fit(&tensor->entry, &bytes))
        return memory_format("tensor '%s' has sizes that multiply to more than an address holds",
                             name.text);
    if (bytes != tensor->end - tensor->begin)
        return memory_format("tensor '%s' has %zu bytes by its shape and %zu by its offsets",
                             name.text, bytes, tensor->end - tensor->begin);
    return NULL;
}

static int compare_offsets(const void *left, const void *right)
{
    const Tensor *a = left;
    const Tensor *b = right;
    if (a->begin != b->begin)
        return a->begin < b->begin ? -1 : 1;
    return (a->end > b->end) - (a->end < b->end);
}

static int compare_names(const void *left, const void *right)
{
    const Tensor *a = left;
    const Tensor *b = right;
    return strcmp(a->entry.name, b->entry.name);
}

/* The tensors must cover the data once, without a gap. */
static char *check_cover(Tensor *tensor, int count, size_t data_bytes)
{
    qsort(tensor, (size_t)count, sizeof *tensor, compare_offsets);
    size_t covered = 0;
    for (int i = 0; i < count; i++) {
        Shown name = shown(tensor[i].entry.name);
        if (tensor[i].begin < covered)
            return memory_format("tensor '%s' begins at byte %zu, within the one before it",
                                 name.text, tensor[i].begin);
        if (tensor[i].begin > covered)
            return memory_format("%zu bytes before tensor '%s' belong to none",
                                 tensor[i].begin - covered, name.text);
        covered = tensor[i].end;
    }
    if (covered != data_bytes)
        return memory_format("%zu bytes behind the last tensor belong to none",
                             data_bytes - covered);
    return NULL;
}

/* What cJSON would let pass: control characters, and an escaped zero that would cut a text short.
 */
static char *check_letters(const char *header, size_t length)
{
    if (!utf8_valid(header, length))
        return memory_text("its header is not UTF-8");
    for (size_t i = 0; i < length; i++) {
        unsigned char letter = (unsigned char)header[i];
        if (letter < ' ' && letter != '\t' && letter != '\n' && letter != '\r')
            return memory_text("its header holds control characters");
        if (letter != '\\')
            continue;
        if (length - i > 5 && memcmp(header + i, "\\u0000", 6) == 0)
            return memory_text("its header holds a zero character");
        i++; /* the letter behind a backslash begins no escape */
    }
    return NULL;
}

static char *parse_header(Safetensors *file, size_t length)
{
    const char *begin = file->file + SAFETENSORS_LENGTH_BYTES;
    char *reason = check_letters(begin, length);
    if (reason != NULL)
        return reason;
    if (length == 0 || begin[0] != '{')
        return memory_text("its header does not begin with '{'");
    /* A copy that ends with zeros: cJSON before 1.7.18 reads past the end of a buffer that stops
     * within a text (CVE-2023-53154). */
    char *text = memory_new(length + 8, 1);
    memcpy(text, begin, length);
    const char *end = NULL;
    file->header = cJSON_ParseWithLengthOpts(text, length + 1, &end, false);
    if (file->header == NULL)
        reason = memory_text("its header is not JSON");
    else if (end[strspn(end, " \t\r\n")] != '\0')
        reason = memory_text("its header goes on after the JSON object");
    free(text);
    return reason;
}

static char *read_tensors(Safetensors *file, size_t data_bytes)
{
    char *reason = check_no_key_twice(file->header, "its header has");
    if (reason != NULL)
        return reason;
    file->tensor = memory_new((size_t)cJSON_GetArraySize(file->header), sizeof *file->tensor);
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, file->header)
    {
        if (strcmp(item->string, SAFETENSORS_METADATA_KEY) == 0)
            reason = check_metadata(item);
        else
            reason = read_tensor(&file->tensor[file->count++], item, data_bytes);
        if (reason != NULL)
            return reason;
    }
    return check_cover(file->tensor, file->count, data_bytes);
}

/* Python's writer aligns every tensor, others need not. */
static void place_data(Tensor *tensor, const char *data)
{
    const char *begin = data + tensor->begin;
    size_t bytes = tensor->end - tensor->begin;
    if ((uintptr_t)begin % safetensors_type_size(tensor->entry.type) != 0) {
        tensor->copy = memory_new(bytes, 1);
        memcpy(tensor->copy, begin, bytes);
        begin = tensor->copy;
    }
    tensor->entry.data = begin;
}

static char *decode_into(Safetensors *file, size_t bytes)
{
    if (bytes < SAFETENSORS_LENGTH_BYTES)
        return memory_format("it has %zu bytes, not even the 8 of its header's length", bytes);
    uint64_t length = 0;
    memcpy(&length, file->file, SAFETENSORS_LENGTH_BYTES);
    if (length > SAFETENSORS_MOST_HEADER)
        return memory_format("its header claims to have %llu bytes, more than the format's %d",
                             (unsigned long long)length, SAFETENSORS_MOST_HEADER);
    if (length > bytes - SAFETENSORS_LENGTH_BYTES)
        return memory_format("its header claims to have %llu bytes, the whole file has %zu",
                             (unsigned long long)length, bytes);
    char *reason = parse_header(file, length);
    if (reason == NULL)
        reason = read_tensors(file, bytes - SAFETENSORS_LENGTH_BYTES - length);
    if (reason != NULL)
        return reason;
    qsort(file->tensor, (size_t)file->count, sizeof *file->tensor, compare_names);
    for (int i = 0; i < file->count; i++)
        place_data(&file->tensor[i], file->file + SAFETENSORS_LENGTH_BYTES + length);
    return NULL;
}

Safetensors *safetensors_decode(char *file, size_t bytes, char **reason)
{
    Safetensors *decoded = memory_new(1, sizeof *decoded);
    decoded->file = file;
    *reason = decode_into(decoded, bytes);
    if (*reason == NULL)
        return decoded;
    safetensors_free(decoded);
    return NULL;
}

Safetensors *safetensors_try_read(const char *path, char **reason)
{
    char *data = NULL;
    size_t bytes = 0;
    const char *unread = file_try_read(path, &data, &bytes);
    if (unread == NULL)
        return safetensors_decode(data, bytes, reason);
    *reason = memory_text(unread);
    return NULL;
}

Safetensors *safetensors_read(const char *path)
{
    size_t bytes = 0;
    char *data = file_read(path, &bytes);
    char *reason = NULL;
    Safetensors *file = safetensors_decode(data, bytes, &reason);
    if (file == NULL)
        refuse("%s: %s; the file is cut, damaged or of another kind: delete it and use an earlier "
               "checkpoint, or train again",
               path, reason);
    return file;
}

const SafetensorsEntry *safetensors_find(const Safetensors *file, const char *name)
{
    int low = 0;
    int high = file->count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        int order = strcmp(name, file->tensor[middle].entry.name);
        if (order == 0)
            return &file->tensor[middle].entry;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

int safetensors_count(const Safetensors *file)
{
    return file->count;
}

const SafetensorsEntry *safetensors_entry(const Safetensors *file, int i)
{
    if (i < 0 || i >= file->count)
        fail("safetensors_entry: entry %d of %d", i, file->count);
    return &file->tensor[i].entry;
}

const char *safetensors_metadata(const Safetensors *file, const char *key)
{
    const cJSON *metadata =
        cJSON_GetObjectItemCaseSensitive(file->header, SAFETENSORS_METADATA_KEY);
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(metadata, key));
}

void safetensors_free(Safetensors *file)
{
    if (file == NULL)
        return;
    for (int i = 0; i < file->count; i++)
        free(file->tensor[i].copy);
    free(file->tensor);
    cJSON_Delete(file->header);
    free(file->file);
    free(file);
}
