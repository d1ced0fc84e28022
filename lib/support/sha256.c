#include "support/sha256.h"

#include <stdio.h>
#include <string.h>

/* First 32 bits of the fractional parts of the cube roots of the first 64 primes (sec. 4.2.2). */
static const uint32_t ROUND_CONSTANT[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate_right(uint32_t x, int bits)
{
    return x >> bits | x << (32 - bits);
}

/* The message schedule W of one block (sec. 6.2.2, step 1). */
static void schedule_fill(uint32_t w[64], const uint8_t block[64])
{
    for (int t = 0; t < 16; t++) {
        const uint8_t *b = block + 4 * t;
        w[t] = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | (uint32_t)b[3];
    }
    for (int t = 16; t < 64; t++) {
        uint32_t near = w[t - 2];
        uint32_t far = w[t - 15];
        uint32_t sigma1 = rotate_right(near, 17) ^ rotate_right(near, 19) ^ near >> 10;
        uint32_t sigma0 = rotate_right(far, 7) ^ rotate_right(far, 18) ^ far >> 3;
        w[t] = sigma1 + w[t - 7] + sigma0 + w[t - 16];
    }
}

/* One block into the state (sec. 6.2.2, steps 2 to 4). v holds the working variables a to h; each
 * round moves them one place down. */
static void block_absorb(uint32_t state[8], const uint8_t block[64])
{
    uint32_t w[64];
    uint32_t v[8];
    schedule_fill(w, block);
    memcpy(v, state, sizeof v);
    for (int t = 0; t < 64; t++) {
        uint32_t a = v[0];
        uint32_t e = v[4];
        uint32_t sum1 = rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25);
        uint32_t choose = (e & v[5]) ^ (~e & v[6]);
        uint32_t t1 = v[7] + sum1 + choose + ROUND_CONSTANT[t] + w[t];
        uint32_t sum0 = rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22);
        uint32_t majority = (a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]);
        memmove(v + 1, v, 7 * sizeof v[0]);
        v[4] += t1;
        v[0] = t1 + sum0 + majority;
    }
    for (int i = 0; i < 8; i++)
        state[i] += v[i];
}

Sha256 sha256_begin(void)
{
    /* Fractional parts of the square roots of the first eight primes (sec. 5.3.3). */
    return (Sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
                              0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

void sha256_add(Sha256 *sha, const void *data, size_t bytes)
{
    const uint8_t *next = data;
    while (bytes > 0) {
        size_t used = sha->bytes % 64;
        size_t take = bytes < 64 - used ? bytes : 64 - used;
        memcpy(sha->block + used, next, take);
        sha->bytes += take;
        next += take;
        bytes -= take;
        if (used + take == 64)
            block_absorb(sha->state, sha->block);
    }
}

void sha256_end(Sha256 *sha, char sum[65])
{
    /* Padding (sec. 5.1.1): a one bit, zeros up to 56 modulo 64, then the length in bits,
     * big-endian. */
    static const uint8_t padding[64] = {0x80};
    uint64_t bits = sha->bytes * 8;
    size_t used = sha->bytes % 64;
    sha256_add(sha, padding, used < 56 ? 56 - used : 120 - used);
    uint8_t length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (uint8_t)(bits >> (56 - 8 * i));
    sha256_add(sha, length, sizeof length);
    for (int i = 0; i < 8; i++)
        snprintf(sum + 8 * i, 9, "%08x", (unsigned)sha->state[i]);
}
