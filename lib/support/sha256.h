/* SHA-256, to tell whether a fetched or written file is the one that was meant.
 * Source: NIST FIPS 180-4 (2015), sections 4.1.2, 5.1.1, 5.3.3 and 6.2. */
#ifndef SUPPORT_SHA256_H
#define SUPPORT_SHA256_H

#include <stddef.h>
#include <stdint.h>

typedef struct Sha256 {
    uint32_t state[8];
    uint8_t block[64]; /* the bytes that do not fill a block yet */
    uint64_t bytes;    /* of the whole message so far            */
} Sha256;

/* An empty message. */
Sha256 sha256_begin(void);

/* Appends bytes to the message; in pieces of any size. */
void sha256_add(Sha256 *sha, const void *data, size_t bytes);

/* The sum as 64 lower-case hexadecimal digits and a zero byte. The message is finished by this. */
void sha256_end(Sha256 *sha, char sum[65]);

#endif
