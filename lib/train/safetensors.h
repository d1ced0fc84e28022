/* Named tensors in one file, in the format that Python's safetensors reads and writes:
 *
 *     8 bytes    N, the length of the header, little-endian
 *     N bytes    JSON, filled up with blanks to a multiple of 8:
 *                {"__metadata__": {"key": "text"}, "name": {"dtype": "F32", "shape": [2, 3],
 * "data_offsets": [0, 24]}} the rest   the tensors' numbers, little-endian, row-major, without
 * gaps; offsets count from here
 *
 * Source: the README and safetensors/src/tensor.rs of huggingface/safetensors. */
#ifndef TRAIN_SAFETENSORS_H
#define TRAIN_SAFETENSORS_H

#include "support/file.h"

#include <cjson/cJSON.h>
#include <stddef.h>

/* In the order of the format's own list, by which its writer sorts. */
typedef enum SafetensorsType {
    SAFETENSORS_BOOL,
    SAFETENSORS_U8,
    SAFETENSORS_I8,
    SAFETENSORS_F8_E5M2,
    SAFETENSORS_F8_E4M3,
    SAFETENSORS_I16,
    SAFETENSORS_U16,
    SAFETENSORS_F16,
    SAFETENSORS_BF16,
    SAFETENSORS_I32,
    SAFETENSORS_U32,
    SAFETENSORS_F32,
    SAFETENSORS_F64,
    SAFETENSORS_I64,
    SAFETENSORS_U64,
    SAFETENSORS_TYPES
} SafetensorsType;

enum { SAFETENSORS_MOST_RANK = 8 };

typedef struct SafetensorsEntry {
    const char *name;
    SafetensorsType type;
    int rank; /* 0: a single number */
    long shape[SAFETENSORS_MOST_RANK];
    const void *data; /* [shape], row-major; NULL is allowed where a size is 0 */
} SafetensorsEntry;

typedef struct Safetensors Safetensors;

/* "F32", and bytes an element. */
const char *safetensors_type_name(SafetensorsType type);
size_t safetensors_type_size(SafetensorsType type);

/* The bytes of an entry's data. */
size_t safetensors_bytes(const SafetensorsEntry *entry);

/* The whole file in memory; free with free(). Sorted by type (widest first), then name, as Python's
 * writer does, so equal tensors give equal bytes. metadata: an object whose values are texts, or
 * NULL; stays the caller's. Programmer's mistakes: two entries of one name, the name
 * "__metadata__", a name or text that is not UTF-8, a rank above 8, a negative size, metadata that
 * are not texts. */
char *safetensors_encode(const SafetensorsEntry *entry, int count, const cJSON *metadata,
                         size_t *bytes);

/* The same into a file, as file_write_staged writes it. NULL, or the reason (static text). */
const char *safetensors_write(const char *path, const SafetensorsEntry *entry, int count,
                              const cJSON *metadata, FileStage at, void *context);

/* Reads a file and checks all of it before any use; one that is cut or damaged is refused. */
Safetensors *safetensors_read(const char *path);

/* For a caller who has another file to fall back on: NULL after setting *reason (free with free()).
 */
Safetensors *safetensors_try_read(const char *path, char **reason);

/* The same from memory. Takes over the buffer, which came from malloc or its kin, also when it
 * fails. */
Safetensors *safetensors_decode(char *file, size_t bytes, char **reason);

/* The entry of that name, or NULL. Its data are aligned for their type and live as long as the
 * file. */
const SafetensorsEntry *safetensors_find(const Safetensors *file, const char *name);

/* All entries, in the order of their names. */
int safetensors_count(const Safetensors *file);
const SafetensorsEntry *safetensors_entry(const Safetensors *file, int i);

/* The metadata's text under that key, or NULL. */
const char *safetensors_metadata(const Safetensors *file, const char *key);

void safetensors_free(Safetensors *file);

#endif
