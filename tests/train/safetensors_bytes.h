/* Files of safetensors made by hand, for the tests. */
#ifndef TRAIN_SAFETENSORS_BYTES_H
#define TRAIN_SAFETENSORS_BYTES_H

#include "train/safetensors.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A tensor of a header, from texts. */
#define TENSOR(dtype, shape, offsets)                                                              \
    "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

/* A copy in memory of just that size, so that the sanitizer sees a read past its end. */
static inline char *bytes_exact(const char *from, size_t bytes)
{
    char *copy = malloc(bytes > 0 ? bytes : 1);
    if (copy == NULL)
        abort();
    memcpy(copy, from, bytes);
    return copy;
}

/* A file of that header, as it stands, and data bytes 0, 1, 2 ... */
static inline char *bytes_of_header(const char *header, size_t data_bytes, size_t *bytes)
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

static inline Safetensors *decode_header(const char *header, size_t data_bytes, char **reason)
{
    size_t bytes = 0;
    char *file = bytes_of_header(header, data_bytes, &bytes);
    return safetensors_decode(file, bytes, reason);
}

#endif
