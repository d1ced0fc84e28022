/* exp, log, tanh and their kin as branch-free code that gcc and clang vectorise, so that a value
 * does not depend on its lane, its neighbours or the compiler.
 *
 * Each is a textbook range reduction and a truncated series whose first dropped term is below half
 * a unit in the last place; the largest error in ulp stands beside each and is tested against libm.
 * In the double build they are libm's own. Multiply-adds are fused where the processor fuses (one
 * rounding). */
#ifndef SUPPORT_VECMATH_H
#define SUPPORT_VECMATH_H

#include "support/real.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

/* a b + c with one rounding where the processor can, else with two. */
static inline real vec_fma(real a, real b, real c)
{
#if defined(__FMA__) && defined(REAL_IS_DOUBLE)
    return __builtin_fma(a, b, c);
#elif defined(__FMA__)
    return __builtin_fmaf(a, b, c);
#else
    return a * b + c;
#endif
}

#ifdef REAL_IS_DOUBLE

static inline real vec_exp(real x)
{
    return exp(x);
}

static inline real vec_log(real x)
{
    return log(x);
}

static inline real vec_log1p_unit(real x)
{
    return log1p(x);
}

static inline real vec_tanh(real x)
{
    return tanh(x);
}

static inline real vec_erf(real x)
{
    return erf(x);
}

#else

static inline float vec_from_bits(int32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline int32_t vec_to_bits(float value)
{
    int32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* exp and erf are inlined always: where a loop uses several of them, gcc would call them one by one
 * and vectorise nothing. */

/* Nowhere below may a number between 0 and the smallest normal one (1.2e-38) arise: a processor is
 * a hundred times slower on them. What would be that small becomes 0. */

/* e^x, at most 2 ulp; 0 where it would be below the smallest normal number (x < -87.33).
 * x = n ln 2 + r, |r| <= ln 2 / 2; e^r by its Taylor series to r^7 (dropped: r^8/8! = 5e-9). 2^n is
 * applied in two halves, so that results below the smallest normal and above the largest come out
 * right. */
static inline __attribute__((always_inline)) float vec_exp(float x)
{
    const float lowest = -87.33f;
    float vanishing = x < lowest ? 0.0f : 1.0f;
    x = x > 89.0f ? 89.0f : x;
    x = x < lowest ? lowest : x;
    const float round_magic = 12582912.0f; /* 1.5 * 2^23: adding it rounds to a whole number */
    float shifted = vec_fma(x, 1.44269504088896341f, round_magic);
    int32_t n = vec_to_bits(shifted) - vec_to_bits(round_magic);
    float whole = shifted - round_magic;
    float r = vec_fma(whole, -0.693359375f, x);
    r = vec_fma(whole, 2.12194440e-4f, r);
    float p = 1.0f / 5040;
    p = vec_fma(p, r, 1.0f / 720);
    p = vec_fma(p, r, 1.0f / 120);
    p = vec_fma(p, r, 1.0f / 24);
    p = vec_fma(p, r, 1.0f / 6);
    p = vec_fma(p, r, 0.5f);
    p = vec_fma(p, r, 1.0f);
    p = vec_fma(p, r, 1.0f);
    int32_t half = n >> 1;
    /* through unsigned: for NaN n is garbage, and a signed shift could overflow */
    float scale_a = vec_from_bits((int32_t)((uint32_t)(half + 127) << 23));
    float scale_b = vec_from_bits((int32_t)((uint32_t)(n - half + 127) << 23));
    return p * scale_a * scale_b * vanishing;
}

/* 2 artanh(s) = log((1+s)/(1-s)) = 2 (s + s^3/3 + ... + s^15/15), for |s| <= 1/3 (dropped: 2e-9 s).
 */
static inline float vec_two_artanh(float s)
{
    float square = s * s;
    float p = 2.0f / 15;
    p = vec_fma(p, square, 2.0f / 13);
    p = vec_fma(p, square, 2.0f / 11);
    p = vec_fma(p, square, 2.0f / 9);
    p = vec_fma(p, square, 2.0f / 7);
    p = vec_fma(p, square, 2.0f / 5);
    p = vec_fma(p, square, 2.0f / 3);
    return vec_fma(p * square, s, 2 * s);
}

/* log x, at most 3 ulp; log 0 = -inf, log of a negative number NaN.
 * x = 2^e m, m in [sqrt(1/2), sqrt(2)); log m = 2 artanh((m-1)/(m+1)). */
static inline float vec_log(float x)
{
    float lifted = x < FLT_MIN ? x * 8388608.0f : x; /* subnormals, by 2^23 */
    float lift = x < FLT_MIN ? -23.0f : 0.0f;
    int32_t bits = vec_to_bits(lifted);
    int32_t e = (bits - 0x3f3504f3) >> 23; /* 0x3f3504f3 = sqrt(1/2) */
    float m = vec_from_bits((int32_t)((uint32_t)bits - ((uint32_t)e << 23)));
    float log_m = vec_two_artanh((m - 1) / (m + 1));
    float exponent = (float)e + lift;
    float result = vec_fma(exponent, 0.693359375f, vec_fma(exponent, -2.12194440e-4f, log_m));
    result = x == 0 ? -INFINITY : result;
    result = x < 0 ? NAN : result;
    return x < INFINITY ? result : x; /* +inf and NaN give themselves */
}

/* log(1 + x) for 0 <= x <= 1, at most 3 ulp: 2 artanh(x / (2 + x)); x itself where its square would
 * vanish. */
static inline float vec_log1p_unit(float x)
{
    float safe = x < 1e-18f ? 0.0f : x;
    float result = vec_two_artanh(safe / (2 + safe));
    return x < 1e-18f ? x : result;
}

/* tanh x, at most 4 ulp. |x| < 1/4: odd series to x^9; else (1 - e) / (1 + e), e = exp(-2|x|). */
static inline float vec_tanh(float x)
{
    float magnitude = fabsf(x);
    float e = vec_exp(-2 * magnitude);
    float safe = magnitude < 1e-18f ? 0.0f : x;
    float far = copysignf((1 - e) / (1 + e), x);
    float square = safe * safe;
    float p = 62.0f / 2835;
    p = vec_fma(p, square, -17.0f / 315);
    p = vec_fma(p, square, 2.0f / 15);
    p = vec_fma(p, square, -1.0f / 3);
    float near = vec_fma(p * square, x, x);
    return magnitude < 0.25f ? near : far;
}

/* erf x, at most 3 ulp. |x| < 0.9: its Taylor series to x^17 (dropped: 2e-8 x); else
 * 1 - e^-p(|x|), p the polynomial of degree 6 that lies closest to -log erfc on [0.9, 4] (error of
 * the result: 1.3e-8, by weighted least squares); from 4 on it is 1. */
static inline __attribute__((always_inline)) float vec_erf(float x)
{
    float magnitude = fabsf(x);
    float safe = magnitude < 1e-18f ? 0.0f : x;
    float square = safe * safe;
    float q = 1.0f / 685440;
    q = vec_fma(q, square, -1.0f / 75600);
    q = vec_fma(q, square, 1.0f / 9360);
    q = vec_fma(q, square, -1.0f / 1320);
    q = vec_fma(q, square, 1.0f / 216);
    q = vec_fma(q, square, -1.0f / 42);
    q = vec_fma(q, square, 1.0f / 10);
    q = vec_fma(q, square, -1.0f / 3);
    const float two_over_root_pi = 1.12837916709551257f;
    float near = two_over_root_pi * vec_fma(q * square, x, x);
    float capped = magnitude > 4.0f ? 4.0f : magnitude;
    float p = -1.44015568e-4f;
    p = vec_fma(p, capped, 2.53746228e-3f);
    p = vec_fma(p, capped, -2.02498424e-2f);
    p = vec_fma(p, capped, 9.99493282e-2f);
    p = vec_fma(p, capped, 0.641552941f);
    p = vec_fma(p, capped, 1.12519119f);
    p = vec_fma(p, capped, 7.68408e-4f);
    float far = copysignf(1 - vec_exp(-p), x);
    return magnitude < 0.9f ? near : far;
}

#endif

/* 1 / (1 + e^-x), at most 4 ulp. */
static inline real vec_sigmoid(real x)
{
    real e = vec_exp(x < 0 ? x : -x);
    return (x < 0 ? e : 1) / (1 + e);
}

/* log(1 + e^x) = max(x, 0) + log(1 + e^-|x|), at most 4 ulp. */
static inline real vec_softplus(real x)
{
    return (x > 0 ? x : 0) + vec_log1p_unit(vec_exp(x < 0 ? x : -x));
}

#endif
