/* UTF-8, which JSON and safetensors demand of every text. */
#ifndef SUPPORT_UTF8_H
#define SUPPORT_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the bytes are well-formed UTF-8: no overlong forms, no surrogates, nothing above
 * U+10FFFF. Source: RFC 3629, section 4. */
bool utf8_valid(const char *text, size_t bytes);

#endif
