#include "support/rng.h"

#include "support/fail.h"
#include "support/vecmath.h"

#include <string.h>

/* Bulk draws work on chunks of 16 Philox blocks side by side: element e of a chunk is word e/16 of
 * block e%16. The layout is part of the generator: vector width and threads do not change it. */
enum { LANES = 16, CHUNK = 4 * LANES, PARALLEL_FROM = 1 << 15 };

static const double TWO_PI = 6.283185307179586476925;

/* One round and the key schedule: Salmon et al. (2011), sec. 3.3 and table 2. */
static inline void philox_round(uint32_t c[4], const uint32_t key[2])
{
    uint64_t a = (uint64_t)0xD2511F53u * c[0];
    uint64_t b = (uint64_t)0xCD9E8D57u * c[2];
    uint32_t c1 = c[1], c3 = c[3];
    c[0] = (uint32_t)(b >> 32) ^ c1 ^ key[0];
    c[1] = (uint32_t)b;
    c[2] = (uint32_t)(a >> 32) ^ c3 ^ key[1];
    c[3] = (uint32_t)a;
}

void rng_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t k[2] = {key[0], key[1]};
    memcpy(out, counter, 4 * sizeof *out);
    for (int round = 0; round < 10; round++) {
        philox_round(out, k);
        k[0] += 0x9E3779B9u;
        k[1] += 0xBB67AE85u;
    }
}

/* 16 blocks from block number first on; word[w][lane]. The lane loop is what the compiler
 * vectorises. */
static void philox_chunk(const Rng *rng, uint64_t first, uint32_t word[4][LANES])
{
    for (int lane = 0; lane < LANES; lane++) {
        uint64_t block = first + (uint64_t)lane;
        uint32_t c[4] = {(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)rng->step,
                         (uint32_t)(rng->step >> 32)};
        uint32_t k[2] = {rng->key[0], rng->key[1]};
        for (int round = 0; round < 10; round++) {
            philox_round(c, k);
            k[0] += 0x9E3779B9u;
            k[1] += 0xBB67AE85u;
        }
        for (int w = 0; w < 4; w++)
            word[w][lane] = c[w];
    }
}

Rng rng_stream(uint64_t seed, const char *stream)
{
    /* FNV-1a over the name, then one Philox call to spread seed and name over the key. */
    uint64_t hash = 0xcbf29ce484222325u;
    for (const char *c = stream; *c != '\0'; c++)
        hash = (hash ^ (unsigned char)*c) * 0x100000001b3u;
    uint32_t counter[4] = {(uint32_t)seed, (uint32_t)(seed >> 32), (uint32_t)hash,
                           (uint32_t)(hash >> 32)};
    uint32_t key[2] = {0x6c616262u, 0x656e6368u};
    uint32_t out[4];
    rng_philox(counter, key, out);
    Rng rng = {.key = {out[0], out[1]}};
    return rng;
}

Rng rng_at(Rng stream, uint64_t step)
{
    stream.step = step;
    stream.next = 0;
    return stream;
}

/* Open interval: the 23 (or 32) high bits and a half, so neither 0 nor 1 comes out. */
static inline real uniform_of(uint32_t word)
{
#ifdef REAL_IS_DOUBLE
    return ((double)word + 0.5) * 0x1p-32;
#else
    return ((float)(int32_t)(word >> 9) + 0.5f) * 0x1p-23f;
#endif
}

static void uniform_chunk(const Rng *rng, uint64_t first, real out[CHUNK])
{
    uint32_t word[4][LANES];
    philox_chunk(rng, first, word);
    for (int w = 0; w < 4; w++)
        for (int lane = 0; lane < LANES; lane++)
            out[w * LANES + lane] = uniform_of(word[w][lane]);
}

/* sin and cos of 2 pi u, u in (0, 1): quarter turns are split off exactly, the rest |r| <= pi/4 by
 * its Taylor series (dropped terms below 4e-9). */
static inline void sincos_turn(real u, real *sine, real *cosine)
{
#ifdef REAL_IS_DOUBLE
    *sine = sin(TWO_PI * u);
    *cosine = cos(TWO_PI * u);
#else
    int32_t quarter = (int32_t)(u * 4 + 0.5f);
    float r = (u - (float)quarter * 0.25f) * (float)TWO_PI;
    float q = r * r;
    float s =
        vec_fma(vec_fma(vec_fma(1.0f / 362880, q, -1.0f / 5040), q, 1.0f / 120), q, -1.0f / 6);
    s = vec_fma(s * q, r, r);
    float c = vec_fma(vec_fma(vec_fma(1.0f / 40320, q, -1.0f / 720), q, 1.0f / 24), q, -0.5f);
    c = vec_fma(c, q, 1.0f);
    float sine_part = (quarter & 1) != 0 ? c : s;
    float cosine_part = (quarter & 1) != 0 ? s : c;
    *sine = (quarter & 2) != 0 ? -sine_part : sine_part;
    *cosine = ((quarter + 1) & 2) != 0 ? -cosine_part : cosine_part;
#endif
}

/* Box and Muller (1958): two uniforms give two normals. Words 0 and 1 of a block pair up, and 2
 * and 3. */
static void normal_chunk(const Rng *rng, uint64_t first, real out[CHUNK])
{
    real u[CHUNK];
    uniform_chunk(rng, first, u);
    for (int pair = 0; pair < 2; pair++)
        for (int lane = 0; lane < LANES; lane++) {
            int at = 2 * pair * LANES + lane;
            real sine, cosine;
            real radius = (real)sqrt(-2 * vec_log(u[at]));
            sincos_turn(u[at + LANES], &sine, &cosine);
            out[at] = radius * cosine;
            out[at + LANES] = radius * sine;
        }
}

static void fill(Rng *rng, real *out, size_t n,
                 void (*chunk)(const Rng *rng, uint64_t first, real out[CHUNK]))
{
    const Rng start = *rng;
    long chunks = (long)((n + CHUNK - 1) / CHUNK);
#pragma omp parallel for schedule(static) if (n >= PARALLEL_FROM)
    for (long i = 0; i < chunks; i++) {
        real drawn[CHUNK];
        size_t at = (size_t)i * CHUNK;
        size_t left = n - at < CHUNK ? n - at : CHUNK;
        chunk(&start, start.next + (uint64_t)i * LANES, drawn);
        memcpy(out + at, drawn, left * sizeof *out);
    }
    rng->next += (uint64_t)chunks * LANES;
}

void rng_uniform(Rng *rng, real *out, size_t n)
{
    fill(rng, out, n, uniform_chunk);
}

void rng_normal(Rng *rng, real *out, size_t n)
{
    fill(rng, out, n, normal_chunk);
}

void rng_words(Rng *rng, uint32_t *out, size_t n)
{
    for (size_t at = 0; at < n; at += CHUNK) {
        uint32_t word[4][LANES];
        philox_chunk(rng, rng->next, word);
        memcpy(out + at, word, (n - at < CHUNK ? n - at : CHUNK) * sizeof *out);
        rng->next += LANES;
    }
}

static void one_block(Rng *rng, uint32_t out[4])
{
    uint32_t counter[4] = {(uint32_t)rng->next, (uint32_t)(rng->next >> 32), (uint32_t)rng->step,
                           (uint32_t)(rng->step >> 32)};
    rng_philox(counter, rng->key, out);
    rng->next++;
}

uint32_t rng_word(Rng *rng)
{
    uint32_t out[4];
    one_block(rng, out);
    return out[0];
}

double rng_uniform_one(Rng *rng)
{
    uint32_t out[4];
    one_block(rng, out);
    uint64_t bits = ((uint64_t)out[0] << 32 | out[1]) >> 12;
    return ((double)bits + 0.5) * 0x1p-52;
}

double rng_normal_one(Rng *rng)
{
    double radius = sqrt(-2 * log(rng_uniform_one(rng)));
    return radius * cos(TWO_PI * rng_uniform_one(rng));
}

uint64_t rng_below(Rng *rng, uint64_t n)
{
    if (n < 1 || n > (uint64_t)1 << 32)
        fail("rng_below: n is %llu; it must be from 1 to 2^32", (unsigned long long)n);
    /* Lemire (2019), arXiv:1805.10941: multiply, and reject the few words that would favour some.
     */
    uint64_t short_of = (((uint64_t)1 << 32) - n) % n;
    for (;;) {
        uint64_t product = (uint64_t)rng_word(rng) * n;
        if ((uint32_t)product >= short_of)
            return product >> 32;
    }
}

void rng_permutation(Rng *rng, uint32_t *order, size_t n)
{
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)rng_below(rng, i);
        uint32_t swap = order[i - 1];
        order[i - 1] = order[j];
        order[j] = swap;
    }
}

/* The gsl_rng keeps nothing but the address of the Rng. */
typedef struct GslState {
    Rng *rng;
} GslState;

static void gsl_set(void *state, unsigned long seed)
{
    (void)state;
    (void)seed; /* gsl_rng_alloc seeds; the stream is set by rng_gsl */
}

static unsigned long gsl_get(void *state)
{
    return rng_word(((GslState *)state)->rng);
}

static double gsl_get_double(void *state)
{
    return rng_uniform_one(((GslState *)state)->rng);
}

static const gsl_rng_type gsl_view = {"philox4x32-10", 0xffffffffUL,  0, sizeof(GslState), gsl_set,
                                      gsl_get,         gsl_get_double};

gsl_rng *rng_gsl(Rng *rng)
{
    gsl_rng *view = gsl_rng_alloc(&gsl_view);
    if (view == NULL)
        refuse("memory: no room for a random number generator");
    ((GslState *)view->state)->rng = rng;
    return view;
}
