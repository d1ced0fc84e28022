/* Stacks of blocks for the tests of the cache: gains and biases moved away from 1 and 0, so that
 * leaving one out shows, and an input. */
#ifndef CACHE_CASES_H
#define CACHE_CASES_H

#include "nn/transformer_cache.h"
#include "support/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BLOCKS = 4 };

typedef struct Shape {
    int blocks, batch, heads, width, length;
    bool rotary;
} Shape;

typedef struct Stack {
    Shape is;
    Params *params;
    Tape *tape;
    TransformerBlock block[MOST_BLOCKS];
    Tensor *x; /* [batch, length, width] */
} Stack;

static inline Stack stack_make(Shape shape, const char *stream)
{
    Stack s = {.is = shape, .params = params_create(), .tape = tape_create(kernels_best())};
    Rng rng = rng_stream(5, stream);
    for (int i = 0; i < shape.blocks; i++) {
        char name[16];
        snprintf(name, sizeof name, "block%d", i);
        s.block[i] = transformer_block_create(s.params, name, shape.width, shape.heads, &rng);
        s.block[i].rotary = shape.rotary;
    }
    for (int i = 0; i < s.params->count; i++) {
        Tensor *w = s.params->tensor[i];
        for (size_t j = 0; w->rank == 1 && j < w->size; j++)
            w->value[j] += (real)(0.3 * rng_normal_one(&rng));
    }
    params_bind(s.params, s.tape);
    s.x = tensor_new(s.tape, 3, (int[]){shape.batch, shape.length, shape.width});
    rng_normal(&rng, s.x->value, s.x->size);
    return s;
}

static inline void stack_free(Stack *s)
{
    tape_free(s->tape);
    params_free(s->params);
}

/* x [batch, length, width] through the blocks at once. */
static inline Tensor *stack_forward(const Stack *s, Tensor *x)
{
    for (int i = 0; i < s->is.blocks; i++)
        x = transformer_block_forward(&s->block[i], x, &(TransformerUse){.causal = true});
    return x;
}

static inline TransformerCache *stack_cache(const Stack *s)
{
    return transformer_cache_create(s->block, s->is.blocks, s->is.batch, s->is.length);
}

/* Positions from .. to-1 of x through the cache, step by step, into y; both [batch, length, width]
 * and of the cache's batch. */
static inline void cache_run(TransformerCache *cache, Shape is, const real *x, int from, int to,
                             real *y)
{
    const size_t width = (size_t)is.width, all = (size_t)is.length * width;
    real *row = memory_new((size_t)is.batch * width, sizeof *row);
    for (int t = from; t < to; t++) {
        for (int b = 0; b < is.batch; b++)
            memcpy(row + (size_t)b * width, x + (size_t)b * all + (size_t)t * width,
                   width * sizeof *row);
        transformer_cache_step(cache, row);
        for (int b = 0; b < is.batch; b++)
            memcpy(y + (size_t)b * all + (size_t)t * width, row + (size_t)b * width,
                   width * sizeof *row);
    }
    free(row);
}

/* The largest difference between positions from .. to-1 of a and b. */
static inline double stack_gap(Shape is, const real *a, const real *b, int from, int to)
{
    double worst = 0;
    for (int r = 0; r < is.batch; r++)
        for (int t = from; t < to; t++)
            for (int j = 0; j < is.width; j++) {
                size_t at = ((size_t)r * (size_t)is.length + (size_t)t) * (size_t)is.width;
                double gap = fabs((double)a[at + (size_t)j] - (double)b[at + (size_t)j]);
                worst = gap <= worst ? worst : gap; /* NaN counts as a difference */
            }
    return worst;
}

/* Whether each sequence, run in a cache of its own, has the numbers of y to the bit. */
static inline bool stack_alone_same(const Stack *s, const real *y)
{
    Stack one = *s;
    one.is.batch = 1;
    const size_t all = (size_t)s->is.length * (size_t)s->is.width;
    real *alone = memory_new(all, sizeof *alone);
    TransformerCache *cache = stack_cache(&one);
    bool same = true;
    for (int b = 0; b < s->is.batch; b++) {
        transformer_cache_reset(cache);
        cache_run(cache, one.is, s->x->value + (size_t)b * all, 0, one.is.length, alone);
        same = same && memcmp(alone, y + (size_t)b * all, all * sizeof *alone) == 0;
    }
    transformer_cache_free(cache);
    free(alone);
    return same;
}

#endif
