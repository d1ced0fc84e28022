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

static inline real vec_exp_falling(real x)
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

static inline real vec_normal_cdf(real x)
{
    return erfc(x * -0.70710678118654752440) / 2;
}

static inline real vec_gelu(real x, real *slope)
{
    real p = vec_normal_cdf(x);
    *slope = p + x * 0.39894228040143267794 * exp(-x * x / 2);
    return x * p;
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

/* exp and normal_cdf are inlined always: where a loop uses several of them, gcc would call them one
 * by one and vectorise nothing. */

/* Nowhere below may a number between 0 and the smallest normal one (1.2e-38) arise: a processor is
 * a hundred times slower on them. What would be that small becomes 0. */

/* 1 + r + ... + r^7 / 7!, for |r| <= ln 2 / 2 (dropped: r^8/8! = 5e-9). */
static inline __attribute__((always_inline)) float vec_exp_series(float r)
{
    float p = 1.0f / 5040;
    p = vec_fma(p, r, 1.0f / 720);
    p = vec_fma(p, r, 1.0f / 120);
    p = vec_fma(p, r, 1.0f / 24);
    p = vec_fma(p, r, 1.0f / 6);
    p = vec_fma(p, r, 0.5f);
    p = vec_fma(p, r, 1.0f);
    return vec_fma(p, r, 1.0f);
}

/* e^x, at most 2 ulp; 0 where it would be below the smallest normal number (x < -87.33).
 * x = n ln 2 + r; 2^n is applied in two halves, so that results below the smallest normal and above
 * the largest come out right. */
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
    float p = vec_exp_series(r);
    int32_t half = n >> 1;
    /* through unsigned: for NaN n is garbage, and a signed shift could overflow */
    float scale_a = vec_from_bits((int32_t)((uint32_t)(half + 127) << 23));
    float scale_b = vec_from_bits((int32_t)((uint32_t)(n - half + 127) << 23));
    return p * scale_a * scale_b * vanishing;
}

/* e^x for x <= 0 (or NaN), at most 2 ulp, with half the work: one bound, one scale. From -60 down
 * it stays at 8.8e-27: nothing beside e^0, and far enough from subnormal numbers to be multiplied.
 */
static inline __attribute__((always_inline)) float vec_exp_falling(float x)
{
    const float lowest = -60.0f;
    const float round_magic = 12582912.0f; /* as above */
    x = x < lowest ? lowest : x;
    float shifted = vec_fma(x, 1.44269504088896341f, round_magic);
    int32_t n = vec_to_bits(shifted) - vec_to_bits(round_magic);
    float whole = shifted - round_magic;
    float r = vec_fma(whole, -0.693359375f, x);
    r = vec_fma(whole, 2.12194440e-4f, r);
    float p = vec_exp_series(r);
    return p * vec_from_bits((int32_t)((uint32_t)(n + 127) << 23));
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

/* With a = |x| the smaller tail of N(0, 1) is e^-p(a), p the polynomial of degree 8 that lies
 * closest on [0, 8] (error of the tail: 2e-8, by least squares weighted until its extremes are
 * equal); from 8 on it stays at 2e-17. Returns p(a), and a p'(a) in *elasticity. */
static inline __attribute__((always_inline)) float vec_tail_exponent(float x, float *elasticity)
{
    const float coefficient[] = {-2.67708620e-5f, 1.26536368e-4f, 1.01101388e-4f, -4.90433443e-3f,
                                 3.63937095e-2f,  0.318296582f,   0.797885716f,   0.693147182f};
    float magnitude = fabsf(x);
    float capped = magnitude > 8.0f ? 8.0f : magnitude;
    float p = 1.92153607e-6f, derivative = 0;
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) {
        derivative = vec_fma(derivative, capped, p);
        p = vec_fma(p, capped, coefficient[i]);
    }
    *elasticity = capped * derivative;
    return p;
}

/* P(z < x) of z from N(0, 1), at most 9e-8 off. */
static inline __attribute__((always_inline)) float vec_normal_cdf(float x)
{
    float unused, tail = vec_exp_falling(-vec_tail_exponent(x, &unused));
    return x < 0 ? tail : 1 - tail;
}

/* x Phi(x), and its derivative Phi(x) + x phi(x) in *slope, at most 2e-7 off: the density phi(a) is
 * p'(a) times the tail e^-p(a). */
static inline __attribute__((always_inline)) float vec_gelu(float x, float *slope)
{
    float elasticity, tail = vec_exp_falling(-vec_tail_exponent(x, &elasticity));
    float below = tail * (1 - elasticity);
    *slope = x < 0 ? below : 1 - below;
    return x * (x < 0 ? tail : 1 - tail);
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
