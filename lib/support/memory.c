#include "support/memory.h"

#include "support/fail.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ALIGNMENT = 64, HUGE_PAGE = 2 << 20 };

/* Large blocks ask for large pages: of small ones a training step touches ten thousand and more,
 * and looking up where they are takes 1 or 2 % of its time. It is a wish: no answer is needed. */
static void *aligned(size_t bytes)
{
#ifdef MADV_HUGEPAGE
    if (bytes >= HUGE_PAGE && bytes <= SIZE_MAX - HUGE_PAGE) {
        size_t whole = (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
        void *memory = aligned_alloc(HUGE_PAGE, whole);
        if (memory != NULL)
            madvise(memory, whole, MADV_HUGEPAGE);
        return memory;
    }
#endif
    return aligned_alloc(ALIGNMENT, bytes);
}

void *memory_new(size_t count, size_t size)
{
    if (size != 0 && count > (SIZE_MAX - ALIGNMENT) / size)
        refuse("memory: %zu elements of %zu bytes do not fit into an address; choose smaller sizes",
               count, size);
    size_t bytes = (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (bytes == 0)
        bytes = ALIGNMENT;
    void *memory = aligned(bytes);
    if (memory == NULL)
        refuse("memory: %.1f MiB are not to be had; choose a smaller batch or model",
               (double)bytes / 1048576);
    memset(memory, 0, bytes);
    return memory;
}

char *memory_text(const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = memory_new(bytes, 1);
    memcpy(copy, text, bytes);
    return copy;
}

char *memory_format(const char *format, ...)
{
    va_list arguments;
    if (format == NULL)
        fail("memory_format: the format is NULL");
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0)
        fail("memory_format: '%s' is not a format", format);
    char *text = memory_new((size_t)length + 1, 1);
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}
