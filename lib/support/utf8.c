#include "support/utf8.h"

#include <stdint.h>

/* Length of the sequence that a first byte begins and the range of its second byte; length 0: none.
 */
typedef struct Lead {
    size_t length;
    uint8_t least, most;
} Lead;

static Lead lead_of(uint8_t first)
{
    if (first >= 0xc2 && first <= 0xdf)
        return (Lead){2, 0x80, 0xbf};
    if (first == 0xe0)
        return (Lead){3, 0xa0, 0xbf};
    if (first == 0xed)
        return (Lead){3, 0x80, 0x9f};
    if (first >= 0xe1 && first <= 0xef)
        return (Lead){3, 0x80, 0xbf};
    if (first == 0xf0)
        return (Lead){4, 0x90, 0xbf};
    if (first >= 0xf1 && first <= 0xf3)
        return (Lead){4, 0x80, 0xbf};
    if (first == 0xf4)
        return (Lead){4, 0x80, 0x8f};
    return (Lead){0, 0, 0};
}

bool utf8_valid(const char *text, size_t bytes)
{
    const uint8_t *byte = (const uint8_t *)text;
    for (size_t i = 0; i < bytes;) {
        if (byte[i] < 0x80) {
            i++;
            continue;
        }
        Lead lead = lead_of(byte[i]);
        if (lead.length == 0 || lead.length > bytes - i)
            return false;
        if (byte[i + 1] < lead.least || byte[i + 1] > lead.most)
            return false;
        for (size_t k = 2; k < lead.length; k++)
            if (byte[i + k] < 0x80 || byte[i + k] > 0xbf)
                return false;
        i += lead.length;
    }
    return true;
}
