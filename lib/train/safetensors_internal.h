/* What the reader and the writer of safetensors share. */
#ifndef TRAIN_SAFETENSORS_INTERNAL_H
#define TRAIN_SAFETENSORS_INTERNAL_H

#include "train/safetensors.h"

#include <stdbool.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "safetensors copies numbers as they lie in memory and needs a little-endian machine"
#endif

#define SAFETENSORS_METADATA_KEY "__metadata__"

enum { SAFETENSORS_LENGTH_BYTES = 8, SAFETENSORS_MOST_HEADER = 100000000 };

/* The bytes of an entry's data, or false when they do not fit into an address. Sizes are 0 or more.
 */
bool safetensors_bytes_fit(const SafetensorsEntry *entry, size_t *bytes);

#endif
