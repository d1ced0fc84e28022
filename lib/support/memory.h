/* Allocation that cannot fail quietly. Whoever asks, frees with free(). */
#ifndef SUPPORT_MEMORY_H
#define SUPPORT_MEMORY_H

#include <stddef.h>

/* Zeroed, aligned to 64 bytes (a cache line and an AVX-512 vector), the size rounded up to whole
 * vectors. Exits 1 with one line when the machine has no memory left. */
void *memory_new(size_t count, size_t size);

/* A copy of a text. */
char *memory_text(const char *text);

/* A text made as printf makes it. */
char *memory_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
